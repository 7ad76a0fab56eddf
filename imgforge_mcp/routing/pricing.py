"""What a request costs at a model: one figure for router, caps, reservation, call and books. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog.model import ModelSpec

UNPRICED = 0.5
"""US dollars: what a picture of a row without price and bound (only a user's own can be so) counts as in the ranking, 
more than any of the catalogue costs at its usual size. Never shown; under a spend cap such a row is not used."""
Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The price of a request in US dollars, references included: the listed one, or the most that it can be."""

    image_usd: float
    """One image from words."""
    input_usd: float = 0.0
    """What the references add to each image."""
    images: int = 1
    inputs: int = 0
    bound_reason: str = ""
    """Why this is an upper bound; empty for a listed price."""
    is_known: bool = True
    """False: neither price nor bound is known."""

    @property
    def each_usd(self) -> float:
        return round(self.image_usd + self.input_usd, 6)

    @property
    def usd(self) -> float:
        return round(self.each_usd * self.images, 6)

    @property
    def is_bound(self) -> bool:
        return bool(self.bound_reason)

    @property
    def arithmetic(self) -> str:
        """How the figure comes about, such as `2 images × $0.03 = $0.06`."""
        each = dollars(self.image_usd)
        if self.input_usd:
            single = dollars(self.input_usd / self.inputs)
            each += f" + {self.inputs} input image{'s' if self.inputs > 1 else ''} × {single}"
        if self.images > 1:
            text = f"{self.images} images × {f'({each})' if self.input_usd else each} = {dollars(self.usd)}"
        elif self.input_usd:
            text = f"{each} = {dollars(self.usd)}"
        else:
            text = f"1 image costs {each}"
        return f"{text} at most" if self.is_bound else text


def quoted(
    model: ModelSpec,
    *,
    width: int,
    height: int,
    steps: int | None = None,
    image_size: str | None = None,
    tier: QualityTier = QualityTier.STANDARD,
    images: int = 1,
    inputs: Sequence[Size] = (),
    is_transparent: bool = False,
    share: float = 1.0,
) -> Quote:
    """The price of `images` pictures of that size, each made with references of the sizes `inputs` as they are sent.

    However many upstream calls the pictures take, each picture is counted once. `share` is what of the price is paid.
    """
    price = model.price if model.price.is_known else model.price_bound
    image = price.of(
        width=width,
        height=height,
        steps=model.steps[2] if steps is None else steps,
        image_size=image_size,
        tier=tier,
        is_transparent=is_transparent,
    )
    return Quote(
        image_usd=UNPRICED if image is None else round(image * share, 6),
        input_usd=round(price.of_inputs(inputs) * share, 6),
        images=images,
        inputs=len(inputs),
        bound_reason="" if model.price.is_known else model.bound_reason,
        is_known=image is not None,
    )


def usual(model: ModelSpec, tier: QualityTier = QualityTier.STANDARD) -> Quote:
    """The price of one image of the model's usual size."""
    return quoted(model, width=model.sizing.default_width, height=model.sizing.default_height, tier=tier)


def dollars(amount: float) -> str:
    return f"${amount:.4g}"
