"""How a client is told by what it says of itself. Standard library alone, as the front is."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TypeVar

    Value = TypeVar("Value")

EXTENSION = "io.modelcontextprotocol/ui"
"""MCP Apps."""
MIME_TYPE = "text/html;profile=mcp-app"


def of_first_match(
    rows: "Iterable[tuple[str, Sequence[int], Sequence[int] | None, Value]]", name: str, version: str
) -> "Value | None":
    """The value of the first row whose regular expression is the whole name, in any case, and whose range of versions,
    both ends included, holds this one."""
    number = [int(part) for part in re.findall(r"[0-9]{1,9}", version)[:3]]
    for pattern, since, until, value in rows:
        is_in_range = list(since) <= number and (until is None or number <= list(until))
        if is_in_range and re.fullmatch(pattern, name, re.IGNORECASE):
            return value
    return None


def shows_apps(extensions: "Mapping[str, Mapping[str, Any]] | None") -> bool:
    """Whether a client with these extensions shows pages as MCP Apps have them."""
    declared = (extensions or {}).get(EXTENSION)
    if declared is None:
        return False
    accepted = declared.get("mimeTypes")
    return not isinstance(accepted, list) or MIME_TYPE in accepted
