"""What providers and LiteLLM's public price file list today, compared with what the catalogue says. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from imgforge_mcp.base.types import Json
from imgforge_mcp.catalog.model import ModelSpec, Price
from imgforge_mcp.providers.contract import Told
from imgforge_mcp.providers.reading.wire import amount

TOLERANCE = 0.01
"""Prices that are nearer to each other than this share are one."""
PREFIXES: Mapping[str, tuple[str, ...]] = {
    "openai": ("",),
    "gemini": ("gemini/",),
    "bfl": ("black_forest_labs/",),
    "fal": ("fal_ai/",),
    "recraft": ("recraft/",),
    "stability": ("stability/",),
    "together": ("together_ai/",),
    "openrouter": ("openrouter/",),
    "replicate": ("replicate/",),
}
"""How LiteLLM's file calls a provider's models."""


def differences(models: Iterable[ModelSpec], told: Mapping[str, Told], source: str) -> list[Json]:
    """Every model whose listed price, or its bound, is not what was told by its id, in US dollars."""
    found = []
    for model in models:
        listed = told.get(model.model_id)
        if listed is None:
            continue
        ours, bound = _in(model, model.price, listed.unit), _in(model, model.price_bound, listed.unit)
        is_other = ours is not None and abs(ours - listed.usd) > TOLERANCE * max(ours, listed.usd)
        if is_other or (ours is None and bound is not None and listed.usd > bound * (1 + TOLERANCE)):
            shown = {"catalogue_usd": bound if ours is None else ours, "listed_usd": listed.usd, "source": source}
            found.append({"model": model.slug, "unit": listed.unit, **shown})
    return found


def by_litellm(file: Any, models: Iterable[ModelSpec]) -> dict[str, Told]:
    """What LiteLLM's price file says of these models, by their ids: a picture, or a million tokens of one."""
    told: dict[str, Told] = {}
    for model in models:
        for prefix in PREFIXES.get(model.provider, ()):
            entry = file.get(f"{prefix}{model.model_id}") if isinstance(file, dict) else None
            if not isinstance(entry, dict):
                continue
            each, token = amount(entry.get("output_cost_per_image")), amount(entry.get("output_cost_per_image_token"))
            if token and _in_tokens(model) is not None:
                told[model.model_id] = Told(usd=round(token * 1e6, 6), unit="million tokens")
            elif each:
                told[model.model_id] = Told(usd=each, unit="image")
    return told


def _in_tokens(model: ModelSpec) -> float | None:
    tokens = model.options.get("tokens")
    return amount(tokens.get("out")) if isinstance(tokens, Mapping) else None


def _in(model: ModelSpec, price: Price, unit: str) -> float | None:
    """A price in a unit in which it can be said: a picture, the first megapixel of one at the usual steps, a million of
    its tokens."""
    match unit:
        case "million tokens":
            return _in_tokens(model)
        case "image" if not price.by_size and price.megapixel is None and price.first_megapixel is None:
            return price.image
        case "megapixel" if price.megapixel_step is not None:
            return round(price.megapixel_step * model.steps[2], 6)
        case "megapixel" if price.image is None:
            return price.first_megapixel if price.first_megapixel is not None else price.megapixel
    return None
