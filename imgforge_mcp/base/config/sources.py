"""Where settings come from: this process's environment, then one TOML file. Nothing in either goes unnoticed."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ValidationError

from imgforge_mcp.base.config import keys, templates, values, wording
from imgforge_mcp.base.config.providers import ProviderTable, adapter_names, base_url_variable
from imgforge_mcp.base.config.servers import Server
from imgforge_mcp.base.config.settings import Config, Settings
from imgforge_mcp.base.config.templates import Template, checked_template
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.types import Json

FILE = "IMGFORGE_CONFIG"
OTHERS = (FILE, "IMGFORGE_API_KEY", "IMGFORGE_API_KEY_FILE")
"""Variables of ours that are no fields: the file's place, and img-forge's own key."""
ALIASES = {"CORS_PUBLIC_API_STRICT_ORIGINS": "cors_strict"}
"""Variables by which a service's own document calls a setting."""
SECRET_FILES = tuple(f"{v}_FILE" for v, name in Settings.variables().items() if not Settings.model_fields[name].repr)
FILE_ONLY = ("provider_order", "servers", "templates", "providers", "models", "tiers")
FROM_A_CLUSTER = re.compile(
    r"IMGFORGE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
"""What Kubernetes and linked containers set for a service that is called imgforge: nobody's setting."""
LARGEST_FILE = 4 * 1024 * 1024


def load_config(environment: Mapping[str, str] | None = None) -> Config:
    """Read the environment (this process's own, unless one is given) and the file it names.

    Raises:
        ConfigError: names the variable, or file, table and setting, what it says, and the nearest right name.
    """
    environment = dict(os.environ if environment is None else environment)
    _refuse_unknown_variables(environment)
    path, table = _read_file(environment)
    said = {name: text for variable, name in Settings.variables().items() if (text := _said(environment, variable))}
    said |= {name: text for variable, name in ALIASES.items() if (text := environment.get(variable, "").strip())}
    given = {**table, **said}
    given["templates"] = _templates(table.get("templates", {}), path)
    try:
        config = Config.model_validate({**given, "environment": environment, "source": path})
    except ValidationError as error:
        raise _complaint(error, given, said, path) from None
    _check_names(config)
    return config


def _said(environment: Mapping[str, str], variable: str) -> str:
    """A variable's text; what is secret may also stand in the file that `NAME_FILE` names."""
    text, named = keys.cleaned(environment.get(variable, "")), f"{variable}_FILE"
    if text or named not in SECRET_FILES or not (place := keys.cleaned(environment.get(named, ""))):
        return text
    try:
        return keys.read_file(place)
    except ValueError as error:
        raise ConfigError(f"{named} {error}.", setting=named) from None


# The environment ---------------------------------------------------------------------------------------------------


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    addresses = [base_url_variable(name) for name in adapter_names()]
    known = [*Settings.variables(), *SECRET_FILES, *OTHERS, *addresses]
    for name, text in environment.items():
        if name.startswith("IMGFORGE_") and name not in known and not FROM_A_CLUSTER.fullmatch(name):
            raise wording.unknown("The environment", name, known)
        if name in addresses and (given := keys.cleaned(text)):
            try:
                values.base_url(given)
            except ValueError as error:
                raise wording.wrong_value(name, name, given, str(error)) from None


# The file ----------------------------------------------------------------------------------------------------------


def _read_file(environment: Mapping[str, str]) -> tuple[Path, Json]:
    named = keys.cleaned(environment.get(FILE, ""))
    try:
        path = Path(named).expanduser() if named else _usual_place()
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        if named:
            raise ConfigError(f"{FILE} names a file that does not exist: {named}.", setting=FILE) from None
        return path, {}
    except NotADirectoryError:
        if named:
            raise ConfigError(f"{FILE} names a file that does not exist: {named}.", setting=FILE) from None
        return path, {}
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{named or _usual_place()} cannot be read ({type(error).__name__}).", setting=FILE) from None
    return path, _parsed(data, path)


def _usual_place() -> Path:
    return Path(platformdirs.user_config_dir("imgforge", appauthor=False)) / "config.toml"


def _parsed(data: bytes, path: Path) -> Json:
    import tomllib

    if len(data) > LARGEST_FILE:
        raise ConfigError(f"{path} is larger than {LARGEST_FILE // 2**20} MiB.", setting=FILE)
    try:
        table = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save it as such.", setting=FILE) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {str(error).rstrip('.')}.", setting=FILE) from None
    known = (*Settings.model_fields, *FILE_ONLY)
    for name in table:
        if name not in known:
            within = values.nearest(name, ProviderTable.model_fields)
            if within and not values.nearest(name, known):
                raise ConfigError(
                    f"{path}: {name} belongs into a table, as {within} of [providers.NAME].", setting=name
                )
            raise wording.unknown(f"{path}", name, known)
    return table


def _templates(table: object, path: Path) -> dict[str, Template]:
    if not isinstance(table, dict):
        raise wording.wrong_value(f"{path}, templates", "templates", table, "must be a table of tables")
    return {name: _template(name, entry, path) for name, entry in table.items()}


def _template(name: str, entry: object, path: Path) -> Template:
    where, setting = f"{path}, [templates.{name}]", f"templates.{name}"
    if not isinstance(entry, dict):
        raise wording.wrong_value(f"{path}, templates.{name}", setting, entry, "must be a table")
    for key in entry:
        if key not in templates.ALLOWED:
            raise wording.unknown(where, key, templates.ALLOWED)
    try:
        return checked_template(name, entry)
    except ValidationError as error:
        complaint = wording.first_complaint(error)
        key = str(complaint["loc"][0])
        must = wording.reason(complaint)
        raise wording.wrong_value(f"{where} {key}", f"{setting}.{key}", entry.get(key), must) from None
    except ValueError as error:
        raise ConfigError(f"{where}: {error}.", setting=setting) from None


def _complaint(error: ValidationError, given: Json, said: Json, path: Path) -> ConfigError:
    """The first thing wrong, by where it came from."""
    complaint = wording.first_complaint(error)
    location = [step for step in complaint["loc"] if step != "function-before"]
    top = str(location[0])
    if top in said:
        variable = f"IMGFORGE_{top.upper()}"
        hidden = wording.is_hidden(Config, top)
        return wording.wrong_value(variable, variable, said[top], wording.reason(complaint), is_secret=hidden)
    table = _model_of(top) if len(location) > 1 else Config
    setting = ".".join(str(step) for step in location)
    where = wording.place(path, location, given)
    if complaint["type"] == "extra_forbidden":
        return wording.unknown(where, str(location[-1]), list(table.model_fields))
    if complaint["type"] == "missing":
        return ConfigError(f"{where}: {location[-1]} must be given.", setting=setting)
    found = wording.value_at(given, location)
    hidden = wording.is_hidden(table, location[-1])
    separator = "," if len(location) == 1 else ""
    return wording.wrong_value(
        f"{where}{separator} {location[-1]}", setting, found, wording.reason(complaint), is_secret=hidden
    )


def _model_of(top: str) -> type[BaseModel]:
    tables: dict[str, type[BaseModel]] = {"providers": ProviderTable, "servers": Server}
    return tables.get(top, Config)


def _check_names(config: Config) -> None:
    """Every name of a provider is one: a table's, an order's; a server's own is free."""
    own = adapter_names()
    served: list[str] = []
    for server in config.servers:
        if server.name in (*own, *served):
            must = "must be a name that no provider and no other server has"
            raise wording.wrong_value(f"{config.source}, [[servers]] name", "servers.name", server.name, must)
        served.append(server.name)
    known = (*own, *served)
    places: list[tuple[str, Any]] = [(f"{config.source}, [providers.{n}]", n) for n in config.providers]
    places += [(f"{config.source}, provider_order", name) for name in config.provider_order]
    for where, name in places:
        if name not in known:
            close = values.nearest(name, known)
            hint = f"did you mean {close}?" if close else f"there are {', '.join(known)}."
            details = {"nearest": close} if close else {"allowed": list(known)}
            raise ConfigError(f"{where}: there is no provider {name[:64]}; {hint}", setting=name[:64], **details)
