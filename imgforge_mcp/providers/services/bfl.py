"""Black Forest Labs: submit, then ask the URL that was handed out until the picture is ready."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import BadReply, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Auth, Billing, Call, Images, Manifest, Operation, Provider, Reply, Request
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.wire import amount, decoded_or_none, line, quoted, state_word
from imgforge_mcp.providers.services._body import fixed, given, margins

CREDIT = 0.01
"""US dollars."""


class BlackForestLabs(Provider):
    manifest = Manifest(
        name="bfl",
        title="Black Forest Labs",
        base_url="https://api.bfl.ai",
        key_variables=("BFL_API_KEY",),
        auth=Auth(header="x-key", prefix=""),
        key_hosts=(".bfl.ai",),
        aliases=("black_forest_labs", "black-forest-labs"),
        poll_seconds=1.0,
        concurrency=24,
        billing=Billing(withheld="free", source="help.bfl.ai, 2026-06-12: only what is ready costs credits"),
        key_check="/v1/credits",
        reports_cost=True,
        source="api.bfl.ai OpenAPI 2026-04-23",
        key_page="https://dashboard.bfl.ai",
    )

    def submit(self, call: Call) -> Request:
        if call.transform is not None:
            picture = {"image": call.inputs[0].base64, **margins(call.transform), **fixed(call)}
            return Request(target=f"/v1/{call.model.model_id}", json=picture)
        kind = call.model.sizing.kind
        is_sized = call.is_size_asked or not call.inputs
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "width": call.width if kind == "pixels" and is_sized else None,
            "height": call.height if kind == "pixels" and is_sized else None,
            "aspect_ratio": call.aspect_ratio if kind == "ratio" and is_sized else None,
            "seed": call.seed,
            "steps": call.steps,
            "output_format": call.output_format,
            **fixed(call),
        }
        if call.model.sizing.image_sizes:
            fields["resolution"] = (call.image_size or "1K").lower()
        first = str(call.model.options.get("inputs", "input_image"))
        if first == "images":
            fields["images"] = [image.base64 for image in call.inputs] or None
        else:
            for place, image in enumerate(call.inputs, 1):
                fields[first if place == 1 else f"{first}_{place}"] = image.base64
        fields["mask"] = call.mask.base64 if call.mask else None
        return Request(target=f"/v1/{call.model.model_id}", json=given(fields))

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        if reply.operation is not None:
            return self._asked(reply.json(), reply, call, reply.operation)
        body = decoded_or_none(reply.body)
        is_accepted = isinstance(body, dict) and line(body.get("id"), 200)
        return _accepted(body) if is_accepted else self.images(reply, call, body)

    def _asked(self, body: Json, reply: Reply, call: Call, operation: Operation) -> Images | Operation:
        """Only these words end a job; any other, new ones included, means that it is still running."""
        match body.get("status"):
            case "Ready":
                return replace(self.images(reply, call, body.get("result")), cost_usd=operation.data.get("cost_usd"))
            case "Request Moderated" | "Content Moderated" as status:
                raise self.refusal(_reasons(body.get("details")) or status)
            case "Task not found":
                raise BadReply("Black Forest Labs does not know the accepted job any more.")
            case "Error" | "Failed":
                said = _reasons(body.get("details")) or cause_of(reply).sentence
                raise Unavailable("The provider reports that the job failed.", **quoted(said))
            case status:
                progress = amount(body.get("progress"))
                return replace(
                    operation,
                    fraction=progress if progress is not None and progress <= 1 else operation.fraction,
                    message=state_word(status) or operation.message,
                )


def _accepted(body: Json) -> Operation:
    number, cost = str(body["id"]), amount(body.get("cost"))
    return Operation(
        operation_id=number,
        url=line(body.get("polling_url")) or f"/v1/get_result?id={quote(number, safe='')}",
        data={} if cost is None else {"cost_usd": round(cost * CREDIT, 6)},
    )


def _reasons(details: object) -> str:
    reasons = details.get("Moderation Reasons") if isinstance(details, dict) else None
    return ", ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""


PROVIDER = BlackForestLabs()
