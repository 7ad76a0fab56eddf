"""AUTOMATIC1111, Forge and what else speaks /sdapi/v1: a server on the user's own machine."""

import json
from dataclasses import replace
from typing import Any

from imgforge_mcp.providers.contract import Call, DirectProvider, Images, Manifest, Reply, Request
from imgforge_mcp.providers.reading.wire import decoded_or_none, whole
from imgforge_mcp.providers.services._body import fixed, given

LOADED = "loaded"
"""The model id that stands for whatever checkpoint the server has loaded."""


class A1111(DirectProvider):
    manifest = Manifest(
        name="a1111",
        title="AUTOMATIC1111",
        base_url="http://127.0.0.1:7860",
        needs_key=False,
        aliases=("automatic1111", "forge", "sdwebui", "sd-webui"),
        concurrency=1,
        source="Forge's API source, 2025-06-26",
    )

    def submit(self, call: Call) -> Request:
        checkpoint = call.model.model_id
        body: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "width": call.width,
            "height": call.height,
            "steps": call.steps if call.steps is not None else call.model.steps[2],
            "seed": call.seed,
            "batch_size": call.n,
            "override_settings": {"sd_model_checkpoint": checkpoint} if checkpoint != LOADED else None,
            **fixed(call),
        }
        if call.inputs:
            body["init_images"] = [call.inputs[0].base64]
            body["mask"] = call.mask.base64 if call.mask else None
            body["denoising_strength"] = call.strength
        return Request(target=f"/sdapi/v1/{'img2img' if call.inputs else 'txt2img'}", json=given(body))

    def parse(self, reply: Reply, call: Call) -> Images:
        """A grid may follow the pictures; the seeds stand in JSON within the JSON."""
        images = self.images(reply, call, most=call.n)
        body = decoded_or_none(reply.body)
        seeds = _seeds(body.get("info")) if isinstance(body, dict) else []
        known = zip(images.pictures, [*seeds, *[None] * len(images.pictures)], strict=False)
        return replace(images, pictures=tuple(replace(picture, seed=seed) for picture, seed in known))


def _seeds(info: object) -> list[int | None]:
    try:
        decoded = json.loads(info) if isinstance(info, str) else None
    except (ValueError, RecursionError):
        return []
    seeds = decoded.get("all_seeds") if isinstance(decoded, dict) else None
    return [whole(seed) for seed in seeds] if isinstance(seeds, list) else []


PROVIDER = A1111()
