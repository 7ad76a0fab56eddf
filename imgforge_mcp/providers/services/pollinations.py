"""Pollinations: its gateway's OpenAI-shaped routes; the prompt travels in the body and the key in a header, never in
a URL."""

from typing import Any

from imgforge_mcp.base.errors import BadReply, ForgeError, ModelGone, RateLimited
from imgforge_mcp.providers.contract import Call, Images, Manifest, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import error_text, failure_by_status, listed, quoted
from imgforge_mcp.providers.services._body import amount, effort, fixed, given, picture

RANDOM = -1
"""Without a seed the gateway takes 0: every picture of one prompt would be the same."""


class Pollinations(Provider):
    manifest = Manifest(
        name="pollinations",
        title="Pollinations",
        base_url="https://gen.pollinations.ai",
        key_variables=("POLLINATIONS_API_KEY",),
        aliases=("pollinations_ai", "pollinations.ai"),
        listing="/v1/models",
        source="gen.pollinations.ai docs and source, 2026-08",
        key_page="https://enter.pollinations.ai",
    )

    def submit(self, call: Call) -> Request:
        is_sized = call.is_size_asked or not call.inputs
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "model": call.model.model_id,
            "size": f"{call.width}x{call.height}" if is_sized else None,
            "quality": effort(call),
            "seed": RANDOM if call.seed is None and "seed" in call.model.accepts else call.seed,
            **fixed(call),
        }
        if call.inputs:
            images = [{"image_url": image.data_url} for image in call.inputs]
            return Request(target="/v1/images/edits", json=given({**fields, "image": images}))
        return Request(target="/v1/images/generations", json=given({**fields, "response_format": "b64_json"}))

    def parse(self, reply: Reply, call: Call) -> Images:
        if reply.content_type.startswith("image/") and reply.body:
            return Images(pictures=(Picture(data=reply.body),))
        pictures = [found for item in listed(reply.json().get("data")) if (found := picture(item))]
        if not pictures:
            raise BadReply("Pollinations answered without an image.")
        return Images(pictures=tuple(pictures))

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """A 402 in the shape of x402 means a full queue, one in the gateway's own shape an empty purse."""
        body = reply.error_json()
        error = body.get("error")
        said = error_text(body)
        details = {"provider_status": reply.status, **quoted(said)}
        if isinstance(error, dict) and error.get("type") == "safety_error":
            return self.refusal(said)
        if reply.status == 402 and "x402Version" in body:
            return RateLimited("The provider's queue for this address is full.", **details)
        if reply.status == 403:
            return ModelGone("The provider key may not use this model.", **details)
        return failure_by_status(reply, said, retry_after=amount(body.get("retryAfterSeconds")))


PROVIDER = Pollinations()
