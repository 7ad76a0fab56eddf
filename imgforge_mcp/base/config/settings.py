"""Every setting there is, with its kind and its default: what a variable says, and what only the file can say."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from imgforge_mcp.base.config import keys, values
from imgforge_mcp.base.config.providers import ProviderTable
from imgforge_mcp.base.config.servers import Server
from imgforge_mcp.base.config.templates import Template
from imgforge_mcp.base.config.values import (
    DAY,
    AbsolutePath,
    AbsolutePaths,
    BaseUrl,
    Money,
    MoneyOrOff,
    Secret,
    Switch,
    Text,
    between,
    one_of,
    or_off,
    whole,
)
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.types import Json

GIB = 1024**3
SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "PGPASSWORD", "_OTLP_HEADERS", "_TRACES_HEADERS")
"""How the names of variables end that hold what must never be shown, whoever they belong to."""
WORKERS = ("inline", "detached")
Choice = Annotated[Literal["auto", "on", "off"], BeforeValidator(values.choice)]


class Settings(BaseModel):
    """What a variable can say: `IMGFORGE_` and the field's name in capitals; the file has the same in small letters.
    Times are seconds, sizes bytes, money US dollars; None means no limit, or off. A field without a repr is never
    shown."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True, protected_namespaces=()
    )

    home: AbsolutePath = Field(default_factory=lambda: Path(platformdirs.user_data_dir("imgforge", appauthor=False)))
    sync_wait: Annotated[float, BeforeValidator(between(0, 3600, "seconds", above=True))] = 40.0
    job_deadline: Annotated[float, BeforeValidator(between(0, 7 * DAY, "seconds", above=True))] = 600.0
    preview: Choice = "auto"
    preview_max_px: Annotated[int, BeforeValidator(whole(16, 8192, "pixels"))] = 768
    resource_links: Choice = "auto"
    structured: Choice = "auto"
    tools: Annotated[tuple[str, ...], BeforeValidator(values.tools)] = ()
    """Which are offered; none named means all."""
    local_fallback: Switch = False
    local_idle_seconds: Annotated[float, BeforeValidator(between(0, DAY, "seconds"))] = 300.0
    cache_max_bytes: Annotated[int, BeforeValidator(whole(0, 2**60, "bytes"))] = 5 * GIB
    keep_days: Annotated[float | None, BeforeValidator(or_off(between(0, 36_500, "days", above=True)))] = None
    output_dirs: AbsolutePaths = Field(
        default_factory=lambda: (Path(platformdirs.user_pictures_dir()) / "imgforge",), validate_default=False
    )
    join_repeats: Switch = True
    confirm_above_usd: MoneyOrOff = None
    max_cost_usd: MoneyOrOff = None
    daily_budget_usd: MoneyOrOff = None
    monthly_budget_usd: MoneyOrOff = None
    wait_value: Money = 0.0005
    """What a second of waiting is worth, in US dollars."""
    worker: Annotated[
        Literal["inline", "detached"] | None, BeforeValidator(lambda v: one_of(v, WORKERS, "inline or detached"))
    ] = None
    """None: detached on stdio, else inline."""
    database_url: Annotated[str, BeforeValidator(values.database)] | None = Field(default=None, repr=False)
    store_url: Annotated[str, BeforeValidator(values.bucket)] | None = None
    store_redirect: Switch = False
    """Whether assets are answered by a redirect to the store, where that is a bucket."""
    proxy: Annotated[str, BeforeValidator(values.proxy)] | None = Field(default=None, repr=False)
    """None: what HTTPS_PROXY and NO_PROXY say; "": none."""
    private_hosts: Annotated[tuple[str, ...], BeforeValidator(values.hosts)] = ()
    allow_local_paths: Switch = False
    """Whether HTTP clients may name paths on this machine."""
    assets_require_key: Switch = False
    require_project: Switch = False
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(values.origins)] = ()
    client_address_header: Text | None = None
    """The header in which a trusted proxy in front names the client's address."""
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(values.networks)] = ("127.0.0.1/32", "::1/128")
    """Whose `client_address_header` is believed."""
    cors_strict: Switch = False
    """Whether ImageAPI's routes are open to `cors_origins` only."""
    hosted_images: Switch = True
    """Whether ImageAPI answers with an address of ours; off: with the picture itself, as a data URL."""
    anonymous_per_month: Annotated[int, BeforeValidator(whole(0, 2**40, "images"))] = 100
    """Images for each address, with --anonymous."""
    jwt_issuer: BaseUrl | None = None
    jwt_audience: Text | None = None
    jwt_jwks_url: BaseUrl | None = None
    jwt_tenant_claim: Text = "sub"
    enhance_url: BaseUrl | None = None
    """An OpenAI-compatible server whose chat model enriches prompts, such as http://127.0.0.1:11434/v1."""
    enhance_model: Text | None = None
    enhance_api_key: Secret | None = Field(default=None, repr=False)
    litellm_prices: AbsolutePath | None = None
    """LiteLLM's public price file, for `models --refresh` to compare with; None: that of an installed litellm."""
    log_level: Annotated[str, BeforeValidator(values.level)] = "warning"

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The field of each variable."""
        return {f"IMGFORGE_{name.upper()}": name for name in Settings.model_fields}


class Config(Settings):
    """Every setting, checked."""

    provider_order: Annotated[tuple[str, ...], BeforeValidator(values.name_list)] = ()
    servers: tuple[Server, ...] = ()
    templates: Mapping[str, Template] = Field(default_factory=dict)
    providers: Mapping[str, ProviderTable] = Field(default_factory=dict, repr=False)
    models: Mapping[str, Any] = Field(default_factory=dict)
    tiers: Mapping[str, Any] = Field(default_factory=dict)
    environment: Mapping[str, str] = Field(default_factory=dict, repr=False)
    source: Path | None = None
    """The file, whether it is there or not."""

    @property
    def catalog(self) -> Json:
        """What the catalogue has to merge: the file's `models`, `tiers` and the servers' own models."""
        served = [{"name": s.name, "dialect": s.dialect, "models": list(s.models)} for s in self.servers]
        found = {"models": self.models, "tiers": self.tiers, "servers": served}
        return {name: table for name, table in found.items() if table}

    def table(self, provider: str) -> ProviderTable:
        """What the file says of a provider or server."""
        return self.providers.get(provider) or ProviderTable()

    def variable(self, variables: Iterable[str]) -> str | None:
        """The value of the first of these variables that is set, itself or by the file that `NAME_FILE` names: a key,
        an account, an address. Cleaned.

        Raises:
            ConfigError: the file cannot be read, or the value is not one line of visible characters.
        """
        for variable in variables:
            for name, read in ((variable, keys.one_line), (f"{variable}_FILE", keys.read_file)):
                try:
                    if (given := keys.cleaned(self.environment.get(name, ""))) and (found := read(given)):
                        return found
                except ValueError as error:
                    raise ConfigError(f"{name} {error}.", setting=name) from None
        return None

    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be shown and stands in the environment or the file, whether or not it is used. (A
        key in a file of its own is known once its provider is.)"""
        named = [value for name, value in self.environment.items() if name.endswith(SECRET_NAMES)]
        addressed = [value for name, value in self.environment.items() if name.upper().endswith(("_PROXY", "_URL"))]
        tables = [table.api_key or "" for table in self.providers.values()]
        served = [server.api_key or "" for server in self.servers]
        addresses = (self.proxy or "", self.enhance_url or "", self.database_url or "", *addressed)
        found = [*named, *(keys.cleaned(value) for value in named), *tables, *served, self.enhance_api_key or ""]
        found += [password for address in addresses if (password := _password(address))]
        return tuple(value for value in found if value.strip() and not value.startswith(("/", "~")))


def _password(address: str) -> str:
    try:
        return unquote(urlsplit(address.strip()).password or "")
    except ValueError:
        return ""
