"""AUTOMATIC1111, Forge and what else speaks /sdapi/v1: a server on the user's own machine."""

import json
from typing import Any

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.providers.contract import Call, Images, Manifest, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import decode_base64
from imgforge_mcp.providers.services._body import fixed, given, whole

LOADED = "loaded"
"""The model id that stands for whatever checkpoint the server has loaded."""


class A1111(Provider):
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
        body = reply.json()
        encoded = body.get("images")
        images = [image for image in encoded if isinstance(image, str) and image] if isinstance(encoded, list) else []
        if not images:
            raise BadReply("The server answered without an image.")
        seeds = _seeds(body.get("info"))
        pictures = [
            Picture(data=decode_base64(image.rpartition(",")[2]), seed=seeds[place] if place < len(seeds) else None)
            for place, image in enumerate(images[: call.n])
        ]
        return Images(pictures=tuple(pictures))


def _seeds(info: object) -> list[int | None]:
    try:
        decoded = json.loads(info) if isinstance(info, str) else None
    except (ValueError, RecursionError):
        return []
    seeds = decoded.get("all_seeds") if isinstance(decoded, dict) else None
    return [whole(seed) for seed in seeds] if isinstance(seeds, list) else []


PROVIDER = A1111()
