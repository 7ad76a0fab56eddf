"""Together AI: one JSON request, one JSON reply with the pictures in base64."""

from collections.abc import Sequence
from typing import Any

from imgforge_mcp.providers.contract import Call, DirectProvider, Manifest, ModelSpec, Reply, Request, Told
from imgforge_mcp.providers.reading.wire import amount, decoded, listed
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
        source="docs.together.ai on images and serverless models 2026-10, OpenAPI 2026-04-28",
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

    def price_questions(self, models: Sequence[ModelSpec]) -> tuple[str, ...]:
        return ("/v1/models",)

    def told_prices(self, reply: Reply) -> dict[str, Told]:
        """By the megapixel at the usual steps. What it passes on to a maker has no price, but where one begins."""
        told = {}
        for model in listed(decoded(reply.body)):
            match model:
                case {"id": str(name), "pricing": {"image_pixel": {"price_per_megapixel": price}}}:
                    if (usd := amount(price)) is not None:
                        told[name] = Told(usd=usd, unit="megapixel")
        return told


PROVIDER = Together()
