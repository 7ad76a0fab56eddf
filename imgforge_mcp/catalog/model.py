"""A model as the catalogue lists it: its sizes, its price, what it takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

MEGAPIXEL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A listed price in US dollars; the parts that are given add up.

    `image` per image; `first_megapixel` then `megapixel` for each further one (rounded up) or `megapixel` alone
    pro rata; `megapixel_step` per megapixel and inference step; `tile` per 512x512 tile; `step` per inference step,
    `tile_step` per tile and step; `input_image` per reference image; `by_size` per resolution class, in place of
    `image`. `by_tier` multiplies the whole, where the model's effort follows the quality tier (the prices themselves
    are
    then those of a factor of 1). All None: the price is not known.
    """

    image: float | None = None
    first_megapixel: float | None = None
    megapixel: float | None = None
    tile: float | None = None
    step: float | None = None
    tile_step: float | None = None
    input_image: float | None = None
    megapixel_step: float | None = None
    by_size: Mapping[str, float] = field(default_factory=dict)
    by_tier: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        parts = (
            *(self.image, self.first_megapixel, self.megapixel, self.megapixel_step),
            *(self.tile, self.step, self.tile_step),
        )
        return bool(self.by_size) or any(part is not None for part in parts)

    def of(
        self,
        *,
        width: int,
        height: int,
        steps: int,
        inputs: int = 0,
        image_size: str | None = None,
        tier: str | None = None,
    ) -> float | None:
        """The price of one image, or None where it is not known."""
        if not self.is_known:
            return None
        pixels = width * height
        tiles = math.ceil(width / 512) * math.ceil(height / 512)
        cost = (self.image or 0.0) + (self.tile or 0.0) * tiles + (self.step or 0.0) * steps
        cost += (self.tile_step or 0.0) * tiles * steps + (self.input_image or 0.0) * inputs
        if self.by_size:
            cost += self.by_size.get(image_size or "1K", max(self.by_size.values()))
        if self.first_megapixel is not None:
            further = max(0, math.ceil(pixels / MEGAPIXEL - 0.05) - 1)
            cost += self.first_megapixel + (self.megapixel or 0.0) * further
        elif self.megapixel is not None:
            cost += self.megapixel * pixels / MEGAPIXEL
        cost += (self.megapixel_step or 0.0) * steps * pixels / MEGAPIXEL
        return round(cost * self.by_tier.get(tier or "", 1.0), 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How a model takes its size, and within which limits. Pixels throughout.

    kind `pixels`: free width and height between `minimum` and `maximum`, multiples of `multiple`, at most
    `max_pixels` in all. kind `list`: one of `sizes` ("1024x1024"). kind `ratio`: one of `ratios` ("16:9"), with
    `image_sizes` where the model has resolution classes. kind `fixed`: the model decides (`default_width`,
    `default_height`).
    """

    kind: Literal["pixels", "list", "ratio", "fixed"]
    default_width: int = 1024
    default_height: int = 1024
    minimum: int = 64
    maximum: int = 8192
    multiple: int = 1
    max_pixels: int | None = None
    min_pixels: int | None = None
    max_ratio: float | None = None
    """The longer side over the shorter one, at most."""
    sizes: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    image_sizes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model at one provider, as the catalogue lists it. `latency` is the usual time of one image in seconds."""

    slug: str
    provider: str
    model_id: str
    name: str
    description: str
    sizing: Sizing
    accepts: frozenset[str] = frozenset()
    """Tuning settings it takes: seed, negative_prompt, steps, style, output_format; and strength, of its edits."""
    capabilities: frozenset[str] = frozenset({"text_to_image"})
    """text_to_image, edit, inpaint, references, transparent, vector, text_rendering."""
    max_seed: int = 2**31 - 1
    max_n: int = 1
    """Images one upstream call can make."""
    max_inputs: int = 0
    """Input images it takes."""
    steps: tuple[int, int, int] = (1, 50, 20)
    """Fewest, most and default inference steps."""
    formats: tuple[str, ...] = ()
    max_prompt: int = 8000
    """Characters."""
    price: Price = field(default_factory=Price)
    latency: float = 10.0
    retired: date | None = None
    successor: str | None = None
    checked: date | None = None
    source: str = ""
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """What only this provider's adapter understands: its endpoint, its encoding."""

    @property
    def name_in_full(self) -> str:
        return f"{self.provider}/{self.slug}"

    def is_retired(self, today: date) -> bool:
        return self.retired is not None and self.retired <= today
