"""Who could make a picture: a configured provider as the router sees it, and one of its models that fits."""

from dataclasses import dataclass

from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.routing.health import Vitals
from imgforge_mcp.routing.pricing import Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A configured provider, as the router sees it. `settings_hash` changes with its configuration."""

    name: str
    aliases: tuple[str, ...] = ()
    settings_hash: str = ""
    models: tuple[ModelSpec, ...] = ()
    is_local: bool = False
    """Whether it works inside this program."""

    @property
    def route(self) -> str:
        """The provider, with the mark of its configuration."""
        return route(self.name, self.settings_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A provider's model that fits, with the index it was ranked by (US dollars per success) and the reason in
    words."""

    model: ModelSpec
    provider: str
    settings_hash: str
    rank: int
    index: float
    reason: str
    vitals: Vitals
    quote: Quote
    """The price of the whole request; each call that is made for it has its share of this."""
    warnings: tuple[str, ...] = ()
    is_local: bool = False
    is_batch: bool = False
    """Whether it is to wait its turn, up to a day, for a lower price."""
    tiers_below: int = 0
    """By how many tiers it is below the one that was asked for; 0 also for one that is above it or in none."""
    is_classed: bool = True
    """Whether a tier names it, or it is the user's own: what belongs to no tier fills no tier's place."""

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model.slug}{' (batch)' if self.is_batch else ''}"

    @property
    def price_usd(self) -> float | None:
        """US dollars: the listed price, or the most that it can be; None where neither is known."""
        return self.quote.usd if self.quote.is_known else None

    @property
    def route(self) -> str:
        """As its provider's."""
        return route(self.provider, self.settings_hash)


def route(provider: str, settings_hash: str) -> str:
    return f"{provider}:{settings_hash}"
