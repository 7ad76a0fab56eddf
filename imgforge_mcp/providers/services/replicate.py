"""Replicate: a prediction is created, asked about until it ends, and can be cancelled. `Prefer: wait` is not used: it
would hide the prediction's id, and with it the paid work, for as long as it waits."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import BadReply, ForgeError, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Call, Images, Manifest, Operation, Provider, Reply, Request
from imgforge_mcp.providers.reading import error_text, failure_by_status, quoted
from imgforge_mcp.providers.services._body import at, fixed, given, line

REFUSED = ("nsfw", "flagged as sensitive", "safety", "e005")
RESETS = re.compile(r"resets in ~?(\d{1,6})s")


class Replicate(Provider):
    manifest = Manifest(
        name="replicate",
        title="Replicate",
        base_url="https://api.replicate.com",
        key_variables=("REPLICATE_API_TOKEN",),
        key_hosts=("api.replicate.com",),
        key_check="/v1/account",
        source="replicate.com/docs and replicate 1.0.7",
        key_page="https://replicate.com/account/api-tokens",
    )

    def submit(self, call: Call) -> Request:
        model, options = call.model, call.model.options
        is_sized = call.is_size_asked or not call.inputs
        formats = options.get("formats", {})
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "aspect_ratio": call.aspect_ratio if is_sized else "match_input_image",
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
        body = reply.json()
        operation = reply.operation or _created(body)
        match body.get("status"):
            case "succeeded":
                return _made(body.get("output"))
            case "failed":
                said = str(body.get("error") or "")
                if any(word in said.lower() for word in REFUSED):
                    raise self.refusal(said)
                raise Unavailable("The provider reports that the job failed.", **quoted(said))
            case "canceled" | "aborted" as status:
                raise Unavailable(f"The provider reports that the job was {status}.")
            case status:
                return replace(operation, message=line(status, 40) or operation.message)

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        said = error_text(reply.error_json())
        resets = RESETS.search(said)
        return failure_by_status(reply, said, retry_after=float(resets[1]) if resets else None)


def _created(body: Json) -> Operation:
    number = line(body.get("id"), 200)
    if number is None:
        raise BadReply("Replicate accepted the request without naming the prediction.")
    urls = body.get("urls")
    handed_out = urls if isinstance(urls, dict) else {}
    base = f"/v1/predictions/{quote(number, safe='')}"
    return Operation(
        operation_id=number,
        url=line(handed_out.get("get")) or base,
        cancel_url=line(handed_out.get("cancel")) or f"{base}/cancel",
    )


def _made(output: object) -> Images:
    urls = output if isinstance(output, list) else [output]
    pictures = tuple(at(url) for url in urls if isinstance(url, str) and url)
    if not pictures:
        raise BadReply("Replicate says the job is done and names no picture.")
    return Images(pictures=pictures)


PROVIDER = Replicate()
