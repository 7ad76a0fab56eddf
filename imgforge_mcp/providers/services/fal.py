"""fal.ai: a queue that is asked for the state, and separately for the result, where refusals show."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import BadReply, ForgeError, QuotaExceeded, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Auth, Call, Images, Manifest, Operation, Provider, Reply, Request
from imgforge_mcp.providers.reading import error_text, failure_by_status, listed, quoted
from imgforge_mcp.providers.services._body import at, effort, fixed, given, line, whole


class Fal(Provider):
    manifest = Manifest(
        name="fal",
        title="fal",
        base_url="https://queue.fal.run",
        key_variables=("FAL_KEY",),
        auth=Auth(prefix="Key "),
        key_hosts=("queue.fal.run",),
        aliases=("fal_ai", "fal-ai", "fal.ai"),
        source="docs.fal.ai and @fal-ai/client 1.10.1",
        key_page="https://fal.ai/dashboard/keys",
    )

    def submit(self, call: Call) -> Request:
        options = call.model.options
        endpoint = options.get("edit", call.model.model_id) if call.inputs else call.model.model_id
        is_sized = call.is_size_asked or not call.inputs
        by_ratio = call.model.sizing.kind == "ratio"
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "image_size": {"width": call.width, "height": call.height} if is_sized and not by_ratio else None,
            "aspect_ratio": call.aspect_ratio if is_sized and by_ratio else None,
            "num_images": call.n if call.model.max_n > 1 else None,
            "num_inference_steps": call.steps,
            "seed": call.seed,
            "style": _style(call),
            "rendering_speed": effort(call),
            "output_format": call.output_format,
            "strength": call.strength,
            "mask_url": call.mask.data_url if call.mask else None,
            **fixed(call),
        }
        urls = [image.data_url for image in call.inputs]
        if urls:
            fields = {name: value for name, value in fields.items() if name not in options.get("edit_drops", ())}
            fields |= {"image_url": urls[0]} if options.get("inputs") == "image_url" else {"image_urls": urls}
        return Request(target=f"/{endpoint}", json=given(fields))

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        body, operation = reply.json(), reply.operation
        if operation is None:
            return _queued(body, call)
        result_url = _result_url(operation)
        if operation.url == result_url:
            return self._result(body)
        match body:
            case {"status": "COMPLETED"}:
                return replace(operation, url=result_url, wait=0.0, message="fetching the result")
            case {"status": "IN_QUEUE", "queue_position": int(position)} if whole(position) is not None:
                return replace(operation, message=f"queue position {position}")
            case {"status": str(status)} if line(status, 40):
                return replace(operation, message=status.replace("_", " ").lower())
        return operation

    def _result(self, body: Json) -> Images:
        images = listed(body.get("images")) or listed([body.get("image")])
        flags = body.get("has_nsfw_concepts")
        refused = [flag is True for flag in flags] if isinstance(flags, list) else []
        refused += [False] * (len(images) - len(refused))
        seed = whole(body.get("seed"))
        pictures = tuple(
            at(image["url"], seed=seed)
            for image, is_refused in zip(images, refused, strict=False)
            if not is_refused and isinstance(image.get("url"), str) and image["url"]
        )
        if not pictures and any(refused):
            raise self.refusal()
        if not pictures:
            raise BadReply("fal says the job is done and names no picture.")
        lost = sum(refused[: len(images)])
        warnings = (f"{lost} of {len(images)} images were refused by the safety system.",) if lost else ()
        return Images(pictures=pictures, warnings=warnings)

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        body = reply.error_json()
        said = error_text(body)
        kinds = [detail.get("type") for detail in listed(body.get("detail"))]
        if "content_policy_violation" in kinds:
            return self.refusal(said)
        if "no_media_generated" in kinds:
            is_refusal = any(word in said.lower() for word in ("safe", "policy"))
            return self.refusal(said) if is_refusal else BadReply("The model behind fal drew nothing.", **quoted(said))
        if reply.status == 403 and "balance" in said.lower():
            return QuotaExceeded("The provider account is out of credit.", provider_status=403, **quoted(said))
        if reply.status >= 500 and reply.operation and reply.operation.url == _result_url(reply.operation):
            return Unavailable(
                "The job failed at the provider; it is not billed.", provider_status=reply.status, **quoted(said)
            )
        return failure_by_status(reply, said)


def _result_url(operation: Operation) -> str:
    return str(operation.data.get("response_url") or operation.url.removesuffix("/status"))


def _queued(body: Json, call: Call) -> Operation:
    """The URLs that fal hands out; where one is missing, as documented: below the app's first two path segments."""
    number = line(body.get("request_id"), 200)
    if number is None:
        raise BadReply("fal accepted the request without naming the job.")
    app = "/".join(call.model.model_id.split("/")[:2])
    base = f"/{app}/requests/{quote(number, safe='')}"
    position = body.get("queue_position")
    return Operation(
        operation_id=number,
        url=line(body.get("status_url")) or f"{base}/status",
        cancel_url=line(body.get("cancel_url")) or f"{base}/cancel",
        cancel_method="PUT",
        message=f"queue position {position}" if whole(position) is not None else None,
        data={"response_url": line(body.get("response_url")) or base},
    )


def _style(call: Call) -> str | None:
    return call.style.upper() if call.style and call.model.options.get("style_case") == "upper" else call.style


PROVIDER = Fal()
