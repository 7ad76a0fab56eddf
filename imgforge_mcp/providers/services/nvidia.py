"""NVIDIA NIM: the hosted catalogue, and with a row's `path` set to /v1/infer a container of the user's own."""

from typing import Any

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.providers.contract import Call, Images, Manifest, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import decode_base64, listed
from imgforge_mcp.providers.services._body import fixed, given, whole

LAST_SEED = 2**31 - 1
"""Stands in for 0, which means random there."""


class Nvidia(Provider):
    manifest = Manifest(
        name="nvidia",
        title="NVIDIA NIM",
        base_url="https://ai.api.nvidia.com",
        key_variables=("NVIDIA_API_KEY",),
        aliases=("nvidia_nim", "nim"),
        headers={"Accept": "application/json"},
        source="docs.api.nvidia.com",
        key_page="https://build.nvidia.com",
    )

    def submit(self, call: Call) -> Request:
        kind = call.model.sizing.kind
        body: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "width": call.width if kind == "pixels" else None,
            "height": call.height if kind == "pixels" else None,
            "aspect_ratio": call.aspect_ratio if kind == "ratio" else None,
            "steps": call.steps,
            "seed": LAST_SEED if call.seed == 0 else call.seed,
            **fixed(call),
        }
        path = call.model.options.get("path", f"/v1/genai/{call.model.model_id}")
        return Request(target=str(path), json=given(body))

    def parse(self, reply: Reply, call: Call) -> Images:
        """A refusal is a 200 whose artifact holds no bytes; the older pages answer with a single bare artifact."""
        body = reply.json()
        pictures, refused = [], 0
        for item in listed(body.get("artifacts")) or [body]:
            reason = item.get("finishReason", item.get("finish_reason"))
            encoded = item.get("base64", item.get("image"))
            if reason == "CONTENT_FILTERED":
                refused += 1
            elif encoded:
                pictures.append(Picture(data=decode_base64(encoded), seed=whole(item.get("seed"))))
        if refused and not pictures:
            raise self.refusal()
        if not pictures:
            raise BadReply("NVIDIA answered without an image.")
        return Images(pictures=tuple(pictures))


PROVIDER = Nvidia()
