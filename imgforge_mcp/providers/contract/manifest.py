"""A provider, declared: how it is reached and what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How the key travels: always in a header, never in a URL."""

    header: str = "Authorization"
    prefix: str = "Bearer "


Charge = Literal["free", "told", "perhaps"]
"""Free or told in the answer itself (and booked so) by the provider's own documents; else booked as maybe billed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """What a provider charges for what brings no picture; `source` says where that stands. A request that is turned
    away with an error status costs nothing, unless an adapter says otherwise."""

    withheld: Charge = "perhaps"
    """What its safety system withholds after the work, or in a 200."""
    empty: Charge = "perhaps"
    """A 200 without a picture."""
    called_off: Charge = "free"
    """Work that it confirms to have stopped."""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A provider, declared.

    `key_variables`: the environment variables its key is read from, first match wins. `settings`: further variables it
    needs, by the name its adapter uses. `key_hosts`: hosts, beside the base URL's own, that may see the key; a leading
    dot means any host below.
    """

    name: str
    title: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    auth: Auth = Auth()
    key_hosts: tuple[str, ...] = ()
    needs_key: bool = True
    is_local: bool = False
    """Whether it works inside this program: nothing leaves, and a call that was lost has cost nothing."""
    is_free: bool = False
    """Whether nobody is ever billed for it."""
    aliases: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    poll_seconds: float = 1.0
    mask: Literal["white", "black", "alpha"] = "white"
    """What marks the place to change in a mask as this provider reads it; alpha: transparency."""
    concurrency: int = 64
    """Calls at once by all doors of a worker, where neither the provider documents a limit nor the user sets one."""
    billing: Billing = Billing()
    reports_cost: bool = False
    """Whether its answers tell what they cost: in dollars, in units, or by tokens that the catalogue prices."""
    address_setting: str = ""
    """What a person sets where its address is wrong; empty: the variable of its base URL."""
    source: str = ""
    key_page: str = ""
    listing: str | None = None
    """The path that lists the models this key may use (GET, free); `{name}` stands for one of the settings."""
    key_check: str | None = None
    """Where there is no such list, or it is open to all: a free path that only a good key may ask (GET)."""

    @property
    def address_hint(self) -> str:
        """Which settings to look at when nothing answers at its address, as a sentence."""
        named = [*self.settings.values(), self.address_setting or self.base_url_variable]
        return f"Check {' and '.join(named)}."

    @property
    def base_url_variable(self) -> str:
        return f"IMGFORGE_{self.name.upper()}_BASE_URL"
