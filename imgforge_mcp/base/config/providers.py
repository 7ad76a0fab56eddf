"""What the configuration says of a provider: its key, its address, its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from imgforge_mcp.base.config.values import BaseUrl, Secret, Switch, whole, zone

ADAPTERS = "imgforge_mcp.providers.services"
MOST_CALLS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the user allows a provider: calls per minute and day (counted from midnight in `reset_timezone`), calls in
    flight."""

    per_minute: int | None = None
    per_day: int | None = None
    reset_timezone: str = "UTC"
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What the user configured for one provider. The key is never part of a repr, nor is the URL, whose query may hold
    one."""

    name: str
    base_url: str = field(repr=False)
    is_override: bool = False
    key: str | None = field(default=None, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Path | None = None
    """A service account's file, by which tokens are signed in place of a key."""
    limits: Limits = Limits()


Calls = Annotated[int, BeforeValidator(whole(1, MOST_CALLS, "calls"))]


class ProviderTable(BaseModel):
    """A table `[providers.NAME]` of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Secret | None = Field(default=None, repr=False)
    account_id: Secret | None = Field(default=None, repr=False)
    base_url: BaseUrl | None = Field(default=None, repr=False)
    enabled: Switch | None = None
    per_minute: Calls | None = None
    per_day: Calls | None = None
    reset_timezone: Annotated[str, BeforeValidator(zone)] = "UTC"
    concurrency: Calls | None = None

    @property
    def limits(self) -> Limits:
        return Limits(
            per_minute=self.per_minute,
            per_day=self.per_day,
            reset_timezone=self.reset_timezone,
            concurrency=self.concurrency,
        )


@cache
def adapter_names() -> tuple[str, ...]:
    """The providers of this package: each plain module beside the adapters is one. Only names are looked at: the
    adapters themselves load when a provider is used."""
    spec = find_spec(ADAPTERS)
    places = (spec.submodule_search_locations if spec is not None else None) or ()
    return tuple(sorted(module.name for module in iter_modules(places) if not module.name.startswith("_")))


def base_url_variable(name: str) -> str:
    return f"IMGFORGE_{name.upper()}_BASE_URL"
