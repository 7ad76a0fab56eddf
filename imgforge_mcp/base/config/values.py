"""The kinds of values that settings have, each read from a variable's text or from the file's own type. What a value
must be is the message of the ValueError that refuses it."""

import math
import os
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from imgforge_mcp.base.config.keys import one_line

SWITCH = {"on": True, "off": False, "1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}
CHOICES = {"auto": "auto", **{word: "on" if value else "off" for word, value in SWITCH.items()}}
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
CORE_TOOLS = ("generate_image", "list_models", "check_job")
TOOLS = (*CORE_TOOLS, "edit_image", "save_image", "transform_image", "generate_batch", "cancel_job", "get_usage")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII | re.IGNORECASE)
PAGE = 4096
"""Characters of the longest text that a setting may be."""
DAY = 86_400.0


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant; None where nothing is like it."""
    plain = {_plain(each): each for each in known}
    wanted = _plain(name)
    if wanted in plain:
        return plain[wanted]
    close = get_close_matches(wanted, plain, 1, cutoff=0.7)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_").removeprefix("imgforge_")


def one_of(value: object, known: Iterable[str], what: str) -> str:
    """A name of a table, in any letter case. Raises ValueError with the nearest right one."""
    known = tuple(known)
    if isinstance(value, str) and (name := value.strip().casefold()) in known:
        return name
    close = nearest(value, known) if isinstance(value, str) else None
    listed = "" if all(name in what for name in known) else f": {', '.join(known)}"
    raise ValueError(f"must be {what}" + (f"; did you mean {close}?" if close else listed))


def number(value: object) -> float:
    """A finite number. Raises ValueError."""
    match value:
        case bool():
            pass
        case int() | float() if math.isfinite(value):
            return float(value)
        case str() if NUMBER.fullmatch(value.strip()) and math.isfinite(found := float(value)):
            return found
    raise ValueError("must be a number")


def between(least: float, most: float, unit: str, *, above: bool = False) -> Callable[[object], float]:
    """A reader of numbers from `least` (or above it) to `most`."""
    bounds = f"above {least:g}" if above else f"from {least:g}"
    reason = f"must be a number of {unit} {bounds}, at most {most:,g}"

    def read(value: object) -> float:
        try:
            found = number(value)
        except ValueError:
            raise ValueError(reason) from None
        if not least <= found <= most or (above and found == least):
            raise ValueError(reason)
        return found

    return read


def whole(least: int, most: int, unit: str) -> Callable[[object], int]:
    """A reader of whole numbers from `least` to `most`."""
    reason = f"must be a whole number of {unit}, from {least:,} to {most:,}"

    def read(value: object) -> int:
        try:
            found = number(value)
        except ValueError:
            raise ValueError(reason) from None
        if found != int(found) or not least <= found <= most:
            raise ValueError(reason)
        return int(found)

    return read


def or_off(read: Callable[[object], Any]) -> Callable[[object], Any]:
    """The same, where off (and none, and false) stand for no value."""

    def read_or_off(value: object) -> Any:
        if value is False or value is None or (isinstance(value, str) and value.strip().casefold() in ("off", "none")):
            return None
        try:
            return read(value)
        except ValueError as error:
            raise ValueError(f"{error}, or off") from None

    return read_or_off


def switch(value: object) -> bool:
    word = "on" if value is True else "off" if value is False else str(value).strip().casefold()
    if isinstance(value, float | list | dict) or word not in SWITCH:
        raise ValueError("must be on or off")
    return SWITCH[word]


def choice(value: object) -> str:
    word = "on" if value is True else "off" if value is False else str(value).strip().casefold()
    if isinstance(value, float | list | dict) or word not in CHOICES:
        raise ValueError("must be auto, on or off")
    return CHOICES[word]


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > PAGE or not value.isprintable():
        raise ValueError("must be a line of text")
    return value.strip()


def key(value: object) -> str:
    """A secret, cleaned."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    found = one_line(value)
    if not found:
        raise ValueError("must not be empty; leave it out instead")
    return found


def names(value: object) -> tuple[str, ...]:
    """A list, or text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ValueError("must be a list of names")
    return tuple(item.strip() for item in items if item.strip())


def name_list(value: object) -> tuple[str, ...]:
    """A list in the file's own form: one name as text might be meant for something else."""
    if isinstance(value, str):
        raise ValueError(f'must be a list, such as ["{value.strip()[:40]}"]')
    return names(value)


def path(value: object) -> Path:
    if not isinstance(value, str) or "\0" in value or not value.strip():
        raise ValueError("must be a path")
    try:
        found = Path(value.strip()).expanduser()
    except RuntimeError:
        raise ValueError("begins with a user's home that is not known on this machine; give the whole path") from None
    if not found.is_absolute():
        raise ValueError("must be an absolute path")
    return found


def paths(value: object) -> tuple[Path, ...]:
    """A list, or text with the platform's path separator."""
    items = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError("must be a list of absolute paths")
    return tuple(path(item) for item in items if item != "")


def level(value: object) -> str:
    return one_of(value, LOG_LEVELS, "one of the levels of a log")


def tools(value: object) -> tuple[str, ...]:
    """The tools that are offered; none stands for all."""
    found = names(value)
    if found in (("all",), ("core",)):
        return CORE_TOOLS if found == ("core",) else ()
    return tuple(one_of(name, TOOLS, "all, core or names of tools") for name in found)


def base_url(value: object) -> str:
    """An http or https address with whatever path and query it has, without user name and fragment."""
    reason = "must be an http or https address, such as https://host/prefix"
    try:
        found = one_line(value) if isinstance(value, str) else ""
        parts = urlsplit(found)
        is_sound = parts.scheme.lower() in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError(reason) from None
    if not is_sound or parts.fragment or parts.username is not None:
        raise ValueError(f"{reason}, without user name and fragment")
    return found


def proxy(value: object) -> str:
    """An http or https proxy, with user name and password where it wants them; nothing where off was said."""
    if value is False or (isinstance(value, str) and value.strip().casefold() in ("off", "none")):
        return ""
    reason = "must be the address of an http or https proxy, such as http://proxy.example:3128, or off"
    try:
        found = one_line(value) if isinstance(value, str) else ""
        parts = urlsplit(found if "://" in found else f"http://{found}")
        is_sound = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(reason) from None
    if not is_sound or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(reason)
    return parts.geturl().rstrip("/")


def database(value: object) -> str:
    found = key(value)
    if urlsplit(found).scheme not in ("postgresql", "postgres"):
        raise ValueError("must be a PostgreSQL address, such as postgresql://user:password@host/name")
    return found


def bucket(value: object) -> str:
    found = key(value)
    parts = urlsplit(found)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be the place of a bucket, such as s3://bucket/prefix")
    return found.rstrip("/")


def hosts(value: object) -> tuple[str, ...]:
    """Host names and networks (CIDR), in lower case."""
    return tuple(_host(item) for item in names(value))


def _host(item: str) -> str:
    try:
        return str(ip_network(item.strip("[]"), strict=False))
    except ValueError:
        pass
    if HOST.fullmatch(item) and not item.replace(".", "").isdigit():
        return item.casefold().rstrip(".")
    raise ValueError(
        f"must be a list of host names and networks, such as nas.lan, 10.0.0.0/8; {item[:80]!r} is neither"
    )


def networks(value: object) -> tuple[str, ...]:
    """Addresses and networks (CIDR)."""
    found = hosts(value)
    if names := [item for item in found if "/" not in item]:
        raise ValueError(f"must be a list of addresses and networks, such as 10.0.0.0/8; {names[0][:80]!r} is neither")
    return found


def origins(value: object) -> tuple[str, ...]:
    """Origins as browsers name them: scheme, host and port."""
    found = names(value)
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(f"must be a list of origins, such as https://app.example; {origin[:80]!r} is none")
    return found


def zone(value: object) -> str:
    """A time zone by its name in the IANA list."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        return ZoneInfo(value).key if isinstance(value, str) else zone("")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = nearest(str(value), available_timezones())
        hint = f"; did you mean {close}?" if close else ", such as America/Los_Angeles"
        raise ValueError(f"must be a time zone of the IANA list{hint}") from None


def _kind(read: Callable[[object], Any]) -> BeforeValidator:
    return BeforeValidator(read)


Switch = Annotated[bool, _kind(switch)]
Text = Annotated[str, _kind(text)]
Secret = Annotated[str, _kind(key)]
AbsolutePath = Annotated[Path, _kind(path)]
AbsolutePaths = Annotated[tuple[Path, ...], _kind(paths)]
BaseUrl = Annotated[str, _kind(base_url)]
Money = Annotated[float, _kind(between(0, 1e9, "US dollars"))]
MoneyOrOff = Annotated[float | None, _kind(or_off(between(0, 1e9, "US dollars")))]
