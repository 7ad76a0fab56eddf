"""Replicate: a prediction is created, asked about until it ends, and can be cancelled. `Prefer: wait` is not used: it
would hide the prediction's id, and with it the paid work, for as long as it waits."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import BadReply, Unavailable
from imgforge_mcp.providers.contract import Billing, Call, Images, Manifest, Operation, Provider, Reply, Request
from imgforge_mcp.providers.reading.refusals import is_refusal_text
from imgforge_mcp.providers.reading.wire import decoded_or_none, line, quoted, state_word
from imgforge_mcp.providers.services._body import fixed, given


class Replicate(Provider):
    manifest = Manifest(
        name="replicate",
        title="Replicate",
        base_url="https://api.replicate.com",
        key_variables=("REPLICATE_API_TOKEN",),
        key_hosts=("api.replicate.com",),
        key_check="/v1/account",
        billing=Billing(
            called_off="perhaps",
            source="replicate.com/docs, 2025-10: canceled runs are billed for their time, aborted ones are not",
        ),
        source="replicate.com/docs and replicate 1.0.7",
        key_page="https://replicate.com/account/api-tokens",
    )

    def submit(self, call: Call) -> Request:
        model, options = call.model, call.model.options
        if call.transform is not None:
            picture = {"image": call.inputs[0].data_url, **fixed(call)}
            return Request(target=f"/v1/models/{model.model_id}/predictions", json={"input": picture})
        is_sized = call.is_size_asked or not call.inputs
        formats = options.get("formats", {})
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "aspect_ratio": call.aspect_ratio if is_sized else options.get("matches_inputs", "match_input_image"),
            "resolution": (call.image_size or "1K").lower() if model.sizing.image_sizes else None,
            "num_outputs": call.n if model.max_n > 1 else None,
            "num_inference_steps": call.steps,
            "seed": call.seed,
            "style": call.style,
            "output_format": formats.get(call.output_format, call.output_format),
            **fixed(call),
        }
        urls = [image.data_url for image in call.inputs]
        if urls:
            name = str(options.get("inputs", "input_images"))
            fields[name] = urls if name.endswith("s") else urls[0]
        if ":" in model.model_id:
            return Request(target="/v1/predictions", json={"version": model.model_id, "input": given(fields)})
        return Request(target=f"/v1/models/{model.model_id}/predictions", json={"input": given(fields)})

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        body = reply.json() if reply.operation else decoded_or_none(reply.body)
        operation = reply.operation or _created(body)
        if operation is None:
            return self.images(reply, call, body)
        match body.get("status"):
            case "succeeded":
                return self.images(reply, call, body.get("output") or {})
            case "failed":
                said = str(body.get("error") or "")
                if is_refusal_text(said, call.prompt, call.negative_prompt):
                    raise self.refusal(said, maybe_billed=True)
                raise Unavailable("The provider reports that the job failed.", **quoted(said))
            case "canceled":
                raise BadReply("The provider reports that the job was canceled.")
            case "aborted":
                raise Unavailable("The provider reports that the job was aborted before it began.")
            case status:
                return replace(operation, message=state_word(status) or operation.message)


def _created(body: Any) -> Operation | None:
    number = line(body.get("id"), 200) if isinstance(body, dict) else None
    if number is None:
        return None
    urls = body.get("urls")
    handed_out = urls if isinstance(urls, dict) else {}
    base = f"/v1/predictions/{quote(number, safe='')}"
    return Operation(
        operation_id=number,
        url=line(handed_out.get("get")) or base,
        cancel_url=line(handed_out.get("cancel")) or f"{base}/cancel",
    )


PROVIDER = Replicate()
