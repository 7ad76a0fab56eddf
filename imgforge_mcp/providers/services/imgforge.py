"""img-forge as an upstream: its tiers are its models; a job is queued and asked for, its picture fetched by digest."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import BadReply, ForgeError, QuotaExceeded, RateLimited, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Call, Images, Manifest, Operation, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import error_text, failure_by_status, quoted
from imgforge_mcp.providers.services._body import fixed, given, line, whole


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
            if not reply.body:
                raise BadReply("img-forge sent an empty picture.")
            return Images(pictures=(Picture(data=reply.body, seed=operation.data.get("seed")),))
        body = reply.json()
        operation = operation or _accepted(body)
        match body:
            case {"state": "completed", "asset_url": str(url)} if line(url):
                return _finished(url, body.get("seed_used"), operation)
            case {"state": "completed"}:
                raise BadReply("img-forge says the job is done and names no picture.")
            case {"state": "failed" | "failed_encoding"}:
                said = body.get("error")
                raise Unavailable(
                    "The provider reports that the job failed.", **quoted(said if isinstance(said, str) else "")
                )
            case {"state": str(state)} if line(state, 40):
                return replace(operation, message=state)
        return operation

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        body = reply.error_json()
        said, code = error_text(body), body.get("code")
        if code in ("QUOTA_EXCEEDED", "QUOTA_EXHAUSTED"):
            return QuotaExceeded(
                "The provider account's quota is used up.", provider_status=reply.status, **quoted(said)
            )
        if code == "RATE_LIMITED":
            return RateLimited("The provider asked to slow down.", provider_status=reply.status, **quoted(said))
        return failure_by_status(reply, said)


def _accepted(body: Json) -> Operation:
    number = line(body.get("job_id"), 200)
    if number is None:
        raise BadReply("img-forge accepted the request without naming the job.")
    return Operation(operation_id=number, url=f"/v2/jobs/{quote(number, safe='')}")


def _finished(url: str, seed: object, operation: Operation) -> Images | Operation:
    """An asset's path below the base URL is asked for like the job; a whole URL is left to be downloaded."""
    number = whole(seed)
    if not url.startswith("/"):
        return Images(pictures=(Picture(url=url, seed=number),))
    return replace(operation, url=url, wait=0.0, data={"is_file": True, "seed": number})


PROVIDER = ImgForge()
