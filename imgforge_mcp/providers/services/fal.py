"""fal.ai: a queue that is asked for the state, and separately for the result, where refusals show."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import BadReply, ForgeError, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import (
    Auth,
    Billing,
    Call,
    Images,
    Manifest,
    ModelSpec,
    Operation,
    Provider,
    Reply,
    Request,
    Told,
)
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.wire import amount, decoded_or_none, line, listed, quoted, state_word, whole
from imgforge_mcp.providers.services._body import effort, fixed, given

PRICES = "https://api.fal.ai/v1/models/pricing?endpoint_id="
"""fal's own interface for accounts; as third parties call it, 2026."""
AT_ONCE = 50
"""Endpoints in one question; more are refused."""


class Fal(Provider):
    manifest = Manifest(
        name="fal",
        title="fal",
        base_url="https://queue.fal.run",
        key_variables=("FAL_KEY",),
        auth=Auth(prefix="Key "),
        key_hosts=("queue.fal.run", "api.fal.ai"),
        aliases=("fal_ai", "fal-ai", "fal.ai"),
        billing=Billing(
            source="fal.ai/docs on errors, 2026-08: what fails with 5xx is free, a 422 of a runner may not be"
        ),
        source="docs.fal.ai and @fal-ai/client 1.10.1",
        key_page="https://fal.ai/dashboard/keys",
    )

    def submit(self, call: Call) -> Request:
        options = call.model.options
        if call.transform is not None:
            factor = call.transform.scale if call.transform.operation == "upscale" else None
            picture = {"image_url": call.inputs[0].data_url, "upscale_factor": factor, **fixed(call)}
            return Request(target=f"/{call.model.model_id}", json=given(picture))
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
        operation = reply.operation
        if operation is None:
            return self._submitted(reply, call)
        result_url = _result_url(operation)
        if operation.url == result_url:
            return self.images(reply, call)
        match reply.json():
            case {"status": "COMPLETED"}:
                return replace(operation, url=result_url, wait=0.0, message="fetching the result")
            case {"status": "IN_QUEUE", "queue_position": int(position)} if whole(position) is not None:
                return replace(operation, message=f"queue position {position}")
            case {"status": status}:
                return replace(operation, message=state_word(status) or operation.message)
        return operation

    def _submitted(self, reply: Reply, call: Call) -> Images | Operation:
        """The queue names the job; the synchronous host, as base URL, answers with the pictures at once."""
        body = decoded_or_none(reply.body)
        if isinstance(body, dict) and line(body.get("request_id"), 200):
            return _queued(body, call)
        return self.images(reply, call)

    def price_questions(self, models: Sequence[ModelSpec]) -> tuple[str, ...]:
        ids = sorted({model.model_id for model in models})
        parts = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
        return tuple(PRICES + ",".join(quote(each, safe="") for each in part) for part in parts)

    def told_prices(self, reply: Reply) -> dict[str, Told]:
        """By the picture or the megapixel; seconds and other units say nothing of a picture."""
        told = {}
        for row in listed(reply.json().get("prices")):
            usd = amount(row.get("unit_price"))
            match row:
                case {"endpoint_id": str(name), "unit": "image" | "images", "currency": "USD"} if usd:
                    told[name] = Told(usd=usd, unit="image")
                case {"endpoint_id": str(name), "unit": "megapixel" | "megapixels", "currency": "USD"} if usd:
                    told[name] = Told(usd=usd, unit="megapixel")
        return told

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """What a runner refuses with 422 when it is asked for the result may be billed, and what fails with 5xx is not
        (fal's own words)."""
        cause = cause_of(reply)
        has_run = reply.operation is not None and reply.operation.url == _result_url(reply.operation)
        if has_run and reply.status >= 500:
            return Unavailable(
                "The job failed at the provider; it is not billed.",
                provider_status=reply.status,
                **quoted(cause.sentence),
            )
        if cause.has("no_media_generated") and not re.search(r"(?i)\bunsafe|\bsafety|polic", cause.sentence):
            error: ForgeError = BadReply("The model behind fal drew nothing.", **quoted(cause.sentence))
        elif cause.has("no_media_generated"):
            error = self.refusal(cause.sentence)
        else:
            error = self.failed(cause, reply, call)
        error.maybe_billed = error.maybe_billed or (has_run and reply.status == 422)
        return error


def _result_url(operation: Operation) -> str:
    return str(operation.data.get("response_url") or operation.url.removesuffix("/status"))


def _queued(body: Json, call: Call) -> Operation:
    """The URLs that fal hands out; where one is missing, as documented: below the app's first two path segments."""
    number = str(body["request_id"])
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
