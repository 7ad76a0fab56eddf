"""OpenRouter: many makers' models behind one shape of request, and what each picture cost in the answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from imgforge_mcp.providers.contract import Call, DirectProvider, Images, Manifest, ModelSpec, Reply, Request, Told
from imgforge_mcp.providers.reading.costs import cost_of
from imgforge_mcp.providers.reading.wire import amount, decoded_or_none, listed
from imgforge_mcp.providers.services._body import effort, fixed, given

UNITS: tuple[Literal["image", "megapixel"], ...] = ("image", "megapixel")


class OpenRouter(DirectProvider):
    """A field that a model does not list is refused there, so only those that its row names are sent."""

    manifest = Manifest(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai",
        key_variables=("OPENROUTER_API_KEY",),
        aliases=("open_router", "open-router"),
        listing="/api/v1/images/models",
        key_check="/api/v1/key",
        reports_cost=True,
        source="openrouter.ai image pages and openrouter 1.3.84",
        key_page="https://openrouter.ai/settings/keys",
    )

    def submit(self, call: Call) -> Request:
        sizes = call.model.sizing.image_sizes
        references = [{"type": "image_url", "image_url": {"url": image.data_url}} for image in call.inputs]
        fields = {
            "model": call.model.model_id,
            "prompt": call.prompt,
            "n": call.n if call.n > 1 else None,
            "aspect_ratio": call.aspect_ratio if call.is_size_asked else None,
            "resolution": call.image_size if call.image_size in sizes else None,
            "quality": effort(call),
            "output_format": call.output_format,
            "background": call.background,
            "seed": call.seed,
            "input_references": references or None,
            **fixed(call),
        }
        return Request(target="/api/v1/images", json=given(fields))

    def parse(self, reply: Reply, call: Call) -> Images:
        body = decoded_or_none(reply.body)
        return replace(self.images(reply, call, body), cost_usd=cost_of(body, None))

    def price_questions(self, models: Sequence[ModelSpec]) -> tuple[str, ...]:
        return tuple(f"/api/v1/images/models/{model.model_id}/endpoints" for model in models)

    def told_prices(self, reply: Reply) -> dict[str, Told]:
        """The lowest of those who serve the model; a price a token says nothing of a picture."""
        body = reply.json()
        lines = [line for endpoint in listed(body.get("endpoints")) for line in listed(endpoint.get("pricing"))]
        told = [
            Told(usd=cost, unit=unit)
            for line in lines
            for unit in UNITS
            if line.get("billable") == "output_image"
            and line.get("unit") == unit
            and (cost := amount(line.get("cost_usd"))) is not None
        ]
        return {str(body.get("id")): min(told, key=lambda each: each.usd)} if told else {}


PROVIDER = OpenRouter()
