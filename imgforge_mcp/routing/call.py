"""A request fitted to one model: what an adapter turns into its provider's own request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imgforge_mcp.base.types import KeptHandle, QualityTier, Transform
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.media import InputImage
from imgforge_mcp.routing.pricing import Quote, Size, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request fitted to one model: every value is one that the model takes, or None for the model's own default."""

    model: ModelSpec
    prompt: str
    tier: QualityTier = QualityTier.STANDARD
    n: int = 1
    width: int = 1024
    height: int = 1024
    aspect_ratio: str = "1:1"
    """The nearest that the model lists, or the reduced fraction of width and height."""
    image_size: str | None = None
    is_size_asked: bool = False
    """Whether the caller said anything about size or shape."""
    seed: int | None = None
    negative_prompt: str | None = None
    steps: int | None = None
    style: str | None = None
    output_format: str | None = None
    background: Literal["transparent", "opaque"] | None = None
    """What the model is asked for; None also where it cannot be asked: then it is seen to afterwards, on this
    machine."""
    inputs: tuple[InputImage, ...] = ()
    kept: KeptHandle | None = None
    """What the provider has made of the kept references that the inputs are, or is to make; None where they are not
    kept ones, or nothing of the kind is made of them."""
    mask: InputImage | None = None
    strength: float | None = None
    transform: Transform | None = None
    """What is to be done to the first input, in place of drawing."""
    is_batch: bool = False
    """Whether it waits its turn, up to a day, for a lower price."""
    reference: str | None = None
    """Names this call and no other: for a provider that takes an idempotency key."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The provider's further settings by name, such as an account id."""
    warnings: tuple[str, ...] = ()

    input_sizes: tuple[Size, ...] = ()
    """Of the reference images as they are sent, in pixels; they can be priced before they are read."""

    @property
    def share(self) -> float:
        """What of the usual price is paid."""
        return (self.model.batch_share or 1.0) if self.is_batch else 1.0

    @property
    def quote(self) -> Quote:
        """The price of the whole call, references included."""
        return quoted(
            self.model,
            width=self.width,
            height=self.height,
            steps=self.steps,
            image_size=self.image_size,
            tier=self.tier,
            images=self.n,
            inputs=self.input_sizes,
            is_transparent=self.background == "transparent",
            share=self.share,
        )

    def listed_cost(self) -> float | None:
        """The price of the whole call in US dollars: listed, or an upper bound; None where neither is known."""
        return self.quote.usd if self.quote.is_known else None
