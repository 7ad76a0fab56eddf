"""Pollinations: its gateway's OpenAI-shaped routes; the prompt travels in the body and the key in a header, never in
a URL."""

from typing import Any, ClassVar

from imgforge_mcp.base.errors import ForgeError, RateLimited
from imgforge_mcp.providers.contract import Call, DirectProvider, Manifest, Reply, Request
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.meaning import Meaning, Meanings
from imgforge_mcp.providers.reading.wire import quoted
from imgforge_mcp.providers.services._body import effort, fixed, given

RANDOM = -1
"""Without a seed the gateway takes 0: every picture of one prompt would be the same."""


class Pollinations(DirectProvider):
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

    meanings: ClassVar[Meanings] = {"FORBIDDEN": Meaning.NO_ACCESS}

    def submit(self, call: Call) -> Request:
        is_sized = call.is_size_asked or not call.inputs
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "model": call.model.model_id,
            "size": f"{call.width}x{call.height}" if is_sized else None,
            "quality": effort(call),
            "transparent": True if call.background == "transparent" else None,
            "seed": RANDOM if call.seed is None and "seed" in call.model.accepts else call.seed,
            **fixed(call),
        }
        if call.inputs:
            images = [{"image_url": image.data_url} for image in call.inputs]
            return Request(target="/v1/images/edits", json=given({**fields, "image": images}))
        return Request(target="/v1/images/generations", json=given({**fields, "response_format": "b64_json"}))

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """A 402 in the shape of x402 means a full queue, one in the gateway's own shape an empty purse."""
        if reply.status == 402 and b'"x402Version"' in reply.body:
            cause = cause_of(reply)
            return RateLimited(
                "The provider's queue for this address is full.", provider_status=402, **quoted(cause.sentence)
            )
        return super().failure(reply, call)


PROVIDER = Pollinations()
