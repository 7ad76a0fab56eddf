"""img-forge as an upstream: its tiers are its models; a job is queued and asked for, its picture fetched by digest."""

from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from imgforge_mcp.base.errors import Unavailable
from imgforge_mcp.providers.contract import Call, Images, Manifest, Operation, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.meaning import Meaning, Meanings
from imgforge_mcp.providers.reading.refusals import is_refusal_text
from imgforge_mcp.providers.reading.wire import decoded_or_none, line, quoted, state_word, whole
from imgforge_mcp.providers.services._body import fixed, given


class ImgForge(Provider):
    manifest = Manifest(
        name="imgforge",
        title="img-forge",
        base_url="https://imgforge.stackbilt.dev",
        key_variables=("IMGFORGE_API_KEY",),
        aliases=("img-forge", "img_forge", "stackbilt"),
        poll_seconds=2.0,
        source="img-forge's own API page, 2026-03",
        key_page="https://imgforge.stackbilt.dev",
    )

    meanings: ClassVar[Meanings] = {
        **dict.fromkeys(("QUOTA_EXCEEDED", "QUOTA_EXHAUSTED"), Meaning.QUOTA),
        "RATE_LIMITED": Meaning.RATE,
        "TENANT_NOT_FOUND": Meaning.KEY,
    }

    def submit(self, call: Call) -> Request:
        """Asked for asynchronously: so the job's id is known before the wait."""
        body: dict[str, Any] = {
            "prompt": call.prompt,
            "quality_tier": call.model.options.get("tier", "standard"),
            "aspect_ratio": call.aspect_ratio,
            "image_size": call.image_size,
            "negative_prompt": call.negative_prompt,
            "seed": call.seed,
            "output_format": call.output_format,
            "sync": False,
            "idempotency_key": call.reference,
            **fixed(call),
        }
        return Request(target="/v2/generate", json=given(body))

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        operation = reply.operation
        if operation is not None and operation.data.get("is_file"):
            images = self.images(reply, call)
            seed = operation.data.get("seed")
            return replace(images, pictures=tuple(replace(picture, seed=seed) for picture in images.pictures))
        body = reply.json() if operation else decoded_or_none(reply.body)
        operation = operation or _accepted(body)
        if operation is None:
            return self.images(reply, call, body)
        match body:
            case {"state": "completed", "asset_url": str(url)} if line(url):
                return _finished(url, body.get("seed_used"), operation)
            case {"state": "completed"}:
                return self.images(reply, call, body)
            case {"state": "failed" | "failed_encoding"}:
                cause = cause_of(reply)
                if is_refusal_text(cause.sentence, call.prompt, call.negative_prompt):
                    raise self.refusal(cause.sentence, maybe_billed=True)
                raise Unavailable("The provider reports that the job failed.", **quoted(cause.sentence))
            case {"state": state}:
                return replace(operation, message=state_word(state) or operation.message)
        return operation


def _accepted(body: Any) -> Operation | None:
    number = line(body.get("job_id"), 200) if isinstance(body, dict) else None
    return Operation(operation_id=number, url=f"/v2/jobs/{quote(number, safe='')}") if number else None


def _finished(url: str, seed: object, operation: Operation) -> Images | Operation:
    """An asset's path below the base URL is asked for like the job; a whole URL is left to be downloaded."""
    number = whole(seed)
    if not url.startswith("/"):
        return Images(pictures=(Picture(url=url, seed=number),))
    return replace(operation, url=url, wait=0.0, data={"is_file": True, "seed": number})


PROVIDER = ImgForge()
