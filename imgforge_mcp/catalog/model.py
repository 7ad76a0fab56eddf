"""A model as the catalogue lists it: its sizes, its price, what it takes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Counting = Literal["decimal", "decimal-started", "binary", "binary-started"]
MEGAPIXEL: Mapping[str, int] = {"decimal": 1_000_000, "binary": 1_048_576}
FORGIVEN = 0.05
"""Of a decimal megapixel: a square of 1024 pixels is 1.05 of them and is charged as one (bfl: `output_mp`, `cost`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A listed price in US dollars; the parts that are given add up.

    `image` per image; `first_megapixel` then `megapixel` for each further one, or `megapixel` alone; `megapixel_step`
    per megapixel and inference step, fewer than `least_steps` counting as so many; `tile` per 512x512 tile; `step` per
    inference step, `tile_step` per tile and step;
    `by_size` per resolution class, in place of `image`. `by_tier` multiplies all of these, where the model's effort
    follows the quality tier (the prices themselves are then those of a factor of 1), and `adds_by_tier` adds to it.
    Reference images are added to
    that: `input_image` for each, `input_megapixel` for each of its megapixels as sent, and `transparent` where no
    background was asked for. `counting` says how the provider
    counts megapixels: of 10^6 or of 2^20 pixels, pro rata or started ones whole. All None: the price is not known.
    """

    image: float | None = None
    first_megapixel: float | None = None
    megapixel: float | None = None
    tile: float | None = None
    step: float | None = None
    tile_step: float | None = None
    input_image: float | None = None
    input_megapixel: float | None = None
    megapixel_step: float | None = None
    least_steps: int = 0
    transparent: float | None = None
    counting: Counting = "decimal"
    by_size: Mapping[str, float] = field(default_factory=dict)
    by_tier: Mapping[str, float] = field(default_factory=dict)
    adds_by_tier: Mapping[str, float] = field(default_factory=dict)

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
        image_size: str | None = None,
        tier: str | None = None,
        is_transparent: bool = False,
    ) -> float | None:
        """The price of one image made from words, or None where it is not known."""
        if not self.is_known:
            return None
        pixels = width * height
        tiles = math.ceil(width / 512) * math.ceil(height / 512)
        cost = (self.image or 0.0) + (self.tile or 0.0) * tiles + (self.step or 0.0) * steps
        cost += (self.tile_step or 0.0) * tiles * steps
        if self.by_size:
            cost += self.by_size.get(image_size or "1K", max(self.by_size.values()))
        if self.first_megapixel is not None:
            cost += self.first_megapixel + (self.megapixel or 0.0) * (self._megapixels(pixels) - 1)
        elif self.megapixel is not None:
            cost += self.megapixel * self._megapixels(pixels)
        cost += (self.megapixel_step or 0.0) * max(steps, self.least_steps) * self._megapixels(pixels)
        cost = cost * self.by_tier.get(tier or "", 1.0) + self.adds_by_tier.get(tier or "", 0.0)
        return round(cost + (self.transparent or 0.0 if is_transparent else 0.0), 6)

    def of_inputs(self, sizes: Sequence[tuple[int, int]]) -> float:
        """What reference images of these sizes, as they are sent, add to the price of one image."""
        cost = (self.input_image or 0.0) * len(sizes)
        cost += (self.input_megapixel or 0.0) * sum(self._megapixels(width * height) for width, height in sizes)
        return round(cost, 6)

    def _megapixels(self, pixels: int) -> float:
        unit, _, started = self.counting.partition("-")
        exact = pixels / MEGAPIXEL[unit]
        return max(1.0, math.ceil(exact - (FORGIVEN if unit == "decimal" else 0.0))) if started else exact


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
    price_bound: Price = field(default_factory=Price)
    """The most that it can cost, where the list price is not known."""
    bound_reason: str = ""
    """Where that bound comes from, in words."""
    unverified: bool = False
    """Whether no primary source shows that this route is served: comes last in its class."""
    latency: float = 10.0
    retired: date | None = None
    successor: str | None = None
    checked: date | None = None
    source: str = ""
    aliases: tuple[str, ...] = ()
    is_composed: bool = False
    """Whether its pictures are put together by rules, not drawn by a model: they take no boosters, and say so."""
    lane: str = ""
    """A queue of its own, of one place, where it does not stand in that of its provider."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What only this provider's adapter understands: its endpoint, its encoding."""

    @property
    def name_in_full(self) -> str:
        return f"{self.provider}/{self.slug}"

    @property
    def batch_share(self) -> float | None:
        """What of its price is paid for what waits up to a day, where it can."""
        share = self.options.get("batch")
        return float(share) if isinstance(share, int | float) else None

    def is_retired(self, today: date) -> bool:
        return self.retired is not None and self.retired <= today
