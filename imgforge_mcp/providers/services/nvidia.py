"""NVIDIA NIM: the hosted catalogue, and with a row's `path` set to /v1/infer a container of the user's own."""

from typing import Any

from imgforge_mcp.providers.contract import Call, DirectProvider, Manifest, Request
from imgforge_mcp.providers.services._body import fixed, given

LAST_SEED = 2**31 - 1
"""Stands in for 0, which means random there."""


class Nvidia(DirectProvider):
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


PROVIDER = Nvidia()
