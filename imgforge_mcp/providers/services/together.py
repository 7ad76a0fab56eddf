"""Together AI: one JSON request, one JSON reply with the pictures in base64."""

from typing import Any

from imgforge_mcp.providers.contract import Call, DirectProvider, Manifest, Request
from imgforge_mcp.providers.services._body import fixed, given


class Together(DirectProvider):
    manifest = Manifest(
        name="together",
        title="Together",
        base_url="https://api.together.ai",
        key_variables=("TOGETHER_API_KEY",),
        key_hosts=("api.together.ai", "api.together.xyz"),
        aliases=("together_flux", "togetherai", "together_ai"),
        listing="/v1/models",
        source="docs.together.ai images overview and OpenAPI 2026-04-28",
        key_page="https://api.together.ai/settings/api-keys",
    )

    def submit(self, call: Call) -> Request:
        by_ratio = call.model.sizing.kind == "ratio"
        is_sized = call.is_size_asked or not call.inputs
        size = {"aspect_ratio": call.aspect_ratio} if by_ratio else {"width": call.width, "height": call.height}
        body: dict[str, Any] = {
            "model": call.model.model_id,
            "prompt": call.prompt,
            **(size if is_sized else {}),
            "n": call.n,
            "steps": call.steps,
            "seed": call.seed,
            "negative_prompt": call.negative_prompt,
            "output_format": call.output_format,
            "response_format": "base64",
        }
        urls = [image.data_url for image in call.inputs]
        if urls and call.model.options.get("inputs") == "image_url":
            body["image_url"] = urls[0]
        elif urls:
            body["reference_images"] = urls
        return Request(target="/v1/images/generations", json=given(body) | fixed(call))


PROVIDER = Together()
