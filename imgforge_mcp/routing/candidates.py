"""Who could make a picture: a configured provider as the router sees it, and one of its models that fits."""

from dataclasses import dataclass

from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.routing.health import Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A configured provider, as the router sees it. `settings_hash` changes with its configuration."""

    name: str
    aliases: tuple[str, ...] = ()
    settings_hash: str = ""
    models: tuple[ModelSpec, ...] = ()
    is_local: bool = False
    """Whether it works inside this program."""


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
    price_usd: float | None
    warnings: tuple[str, ...] = ()
    is_local: bool = False

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model.slug}"
