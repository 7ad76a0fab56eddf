"""The configuration: environment first, then one TOML file, then defaults. The only reader of the environment."""

from __future__ import annotations  # a server reads this before it can greet: the types below load later

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from imgforge_mcp.base.errors import ConfigError

if TYPE_CHECKING:
    from imgforge_mcp.base.types import Json

GIB = 1024**3
SWITCH = {"on": True, "off": False, "1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
CORE_TOOLS = ("generate_image", "list_models", "check_job")
TOOLS = (*CORE_TOOLS, "edit_image", "generate_batch", "cancel_job", "get_usage")


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
    """What the user configured for one provider. The key is never part of a repr."""

    name: str
    base_url: str
    is_override: bool = False
    key: str | None = field(default=None, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A named set of defaults for generate_image; what the caller says wins, its prompt is put before the default
    one."""

    name: str
    prompt: str = ""
    description: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A named server that speaks another provider's wire format, such as a LocalAI box that speaks OpenAI's."""

    name: str
    base_url: str
    dialect: str = "openai"
    key: str | None = field(default=None, repr=False)
    models: tuple[Json, ...] = ()


def setting(variable: str, default: Any, read: Callable[[str], Any], *, key: str | None = None) -> Any:
    """A field that comes from `variable`, or from the file's `key` (the variable's name without IMGFORGE_, in lower
    case)."""
    name = key or variable.removeprefix("IMGFORGE_").lower()
    metadata = {"variable": variable, "key": name, "read": read}
    return field(default_factory=lambda: default() if callable(default) else default, metadata=metadata)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e15:
        raise ValueError("must be a number, 0 or more")
    return number


def _whole(text: str) -> int:
    return int(_positive(text))


def _seconds(text: str) -> float:
    number = _positive(text)
    if number == 0:
        raise ValueError("must be more than 0 seconds")
    return number


def _pixels(text: str) -> int:
    number = _whole(text)
    if not 16 <= number <= 8192:
        raise ValueError("must be from 16 to 8192 pixels")
    return number


def _switch(text: str) -> bool:
    if text.lower() not in SWITCH:
        raise ValueError("must be on or off")
    return SWITCH[text.lower()]


def _path(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(_path(part) for part in text.split(os.pathsep) if part)


def _level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _tools(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if names in (("all",), ("core",)):
        return CORE_TOOLS if names == ("core",) else ()
    if unknown := set(names) - set(TOOLS):
        raise ValueError(f"there is no tool {sorted(unknown)[0]!r}; there are all, core, {', '.join(TOOLS)}")
    return names


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("imgforge", appauthor=False))


def _default_outputs() -> tuple[Path, ...]:
    return (Path(platformdirs.user_pictures_dir()) / "imgforge",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting, checked. Times are seconds, sizes bytes, money US dollars; None means no cap."""

    home: Path = setting("IMGFORGE_HOME", _default_home, _path)
    sync_wait: float = setting("IMGFORGE_SYNC_WAIT", 40.0, _seconds)
    job_deadline: float = setting("IMGFORGE_JOB_DEADLINE", 600.0, _seconds)
    preview: bool = setting("IMGFORGE_PREVIEW", True, _switch)
    preview_max_px: int = setting("IMGFORGE_PREVIEW_MAX_PX", 768, _pixels)
    resource_links: bool = setting("IMGFORGE_RESOURCE_LINKS", True, _switch)
    structured: bool = setting("IMGFORGE_STRUCTURED", False, _switch)
    tools: tuple[str, ...] = setting("IMGFORGE_TOOLS", (), _tools)
    local_fallback: bool = setting("IMGFORGE_LOCAL_FALLBACK", False, _switch)
    cache_max_bytes: int = setting("IMGFORGE_CACHE_MAX_BYTES", 5 * GIB, _whole)
    output_dirs: tuple[Path, ...] = setting("IMGFORGE_OUTPUT_DIRS", _default_outputs, _paths)
    max_cost_usd: float | None = setting("IMGFORGE_MAX_COST_USD", None, _positive)
    daily_budget_usd: float | None = setting("IMGFORGE_DAILY_BUDGET_USD", None, _positive)
    monthly_budget_usd: float | None = setting("IMGFORGE_MONTHLY_BUDGET_USD", None, _positive)
    log_level: str = setting("IMGFORGE_LOG_LEVEL", "warning", _level)
    wait_value: float = setting("IMGFORGE_WAIT_VALUE", 0.0005, _positive)
    """What a second of waiting is worth, in US dollars."""
    allow_local_paths: bool = setting("IMGFORGE_ALLOW_LOCAL_PATHS", False, _switch)
    """Whether HTTP clients may name paths on this machine."""
    provider_order: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    catalog: Json = field(default_factory=dict)
    """The file's `models`, `tiers` and `servers`, for the catalogue to merge."""
    providers: Mapping[str, Json] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    source: Path | None = None

    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be shown, whether or not its provider is used."""
        marked = [
            value.strip()
            for name, value in self.environment.items()
            if name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD"))
        ]
        read = [_read_key_file(n, v) for n, v in self.environment.items() if n.endswith(("_KEY_FILE", "_TOKEN_FILE"))]
        tables = [str(table["api_key"]) for table in self.providers.values() if table.get("api_key")]
        return tuple(filter(None, [*marked, *read, *tables, *(server.key or "" for server in self.servers)]))

    def variable(self, variables: tuple[str, ...]) -> str | None:
        """The value of the first of these variables that is set, itself or by the file that `NAME_FILE` names."""
        for variable in variables:
            if value := self.environment.get(variable, "").strip():
                return value
            if path := self.environment.get(f"{variable}_FILE", "").strip():
                return _read_key_file(f"{variable}_FILE", path)
        return None


def load_config(environment: Mapping[str, str] | None = None) -> Config:
    """Read the environment (this process's own, unless one is given) and the file it names.

    Raises:
        ConfigError: names the variable, or the file and the entry.
    """
    environment = dict(os.environ if environment is None else environment)
    path, table = _read_file(environment)
    values: dict[str, Any] = {"environment": environment, "source": path}
    for entry in fields(Config):
        if "variable" in entry.metadata:
            found = _from(entry.metadata, environment, table, path)
            if found is not None:
                values[entry.name] = found
    values |= _tables(table, path)
    _refuse_unknown(table, path)
    return Config(**values)


def _from(metadata: Mapping[str, Any], environment: Mapping[str, str], table: Json, path: Path | None) -> Any:
    variable, key = metadata["variable"], metadata["key"]
    text = environment.get(variable, "").strip()
    origin = variable
    if not text and key in table:
        origin = f"{path}: {key}"
        value = table[key]
        text = os.pathsep.join(value) if key == "output_dirs" and isinstance(value, list) else _as_text(value)
    if not text:
        return None
    try:
        return metadata["read"](text)
    except ValueError as error:
        raise ConfigError(f"{origin}: {_reason(error)}.", setting=origin) from None


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case list():
            return ",".join(str(item) for item in value)
        case _:
            return str(value)


def _reason(error: ValueError) -> str:
    return "must be a number" if "could not convert" in str(error) else str(error)


def _read_file(environment: Mapping[str, str]) -> tuple[Path | None, Json]:
    named = environment.get("IMGFORGE_CONFIG", "").strip()
    path = Path(named) if named else Path(platformdirs.user_config_dir("imgforge", appauthor=False)) / "config.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if named:
            raise ConfigError("IMGFORGE_CONFIG names a file that does not exist.", setting="IMGFORGE_CONFIG") from None
        return path, {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}.", setting="IMGFORGE_CONFIG") from None
    import tomllib

    try:
        return path, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.", setting="IMGFORGE_CONFIG") from None


def _tables(table: Json, path: Path | None) -> Json:
    """The parts that only the file has."""
    try:
        servers = tuple(_server(entry) for entry in table.get("servers", []))
        templates = {name: _template(name, entry) for name, entry in table.get("templates", {}).items()}
        providers = {str(name): dict(entry) for name, entry in table.get("providers", {}).items()}
        order = tuple(str(name) for name in table.get("provider_order", ()))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path}: a table has the wrong shape ({error}).", setting=str(path)) from None
    catalog = {name: table[name] for name in ("models", "tiers", "servers") if name in table}
    return {
        "servers": servers,
        "templates": templates,
        "providers": providers,
        "provider_order": order,
        "catalog": catalog,
    }


def _server(entry: Json) -> Server:
    known = {"name", "base_url", "dialect", "api_key", "models"}
    if unknown := set(entry) - known:
        raise ValueError(f"servers: unknown entry {sorted(unknown)[0]!r}; known: {', '.join(sorted(known))}")
    return Server(
        name=str(entry["name"]),
        base_url=str(entry["base_url"]),
        dialect=str(entry.get("dialect", "openai")),
        key=entry.get("api_key"),
        models=tuple(entry.get("models", ())),
    )


def _template(name: str, entry: Json) -> Template:
    values = {key: value for key, value in entry.items() if key not in ("prompt", "description")}
    return Template(
        name=name, prompt=str(entry.get("prompt", "")), description=str(entry.get("description", "")), values=values
    )


def _refuse_unknown(table: Json, path: Path | None) -> None:
    known = {entry.metadata["key"] for entry in fields(Config) if "key" in entry.metadata}
    known |= {"servers", "templates", "providers", "provider_order", "models", "tiers", "http"}
    if unknown := sorted(set(table) - known):
        raise ConfigError(
            f"{path}: unknown entry {unknown[0]!r}; known: {', '.join(sorted(known))}.", setting=unknown[0]
        )


def _read_key_file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{variable} names a file that cannot be read: {type(error).__name__}.", setting=variable
        ) from None
