"""The ids in a list of models, in the shapes in which servers list them."""

import re
from collections.abc import Iterator
from typing import Any

from imgforge_mcp.providers.reading.wire import decoded

HOLDERS = (
    *("data", "models", "result", "results", "items", "list", "model_list", "images", "value", "endpoints"),
    *("available_models", "model_ids"),
)
NAMES = ("name", "id", "model", "slug", "model_name", "title")


def ids_of(body: bytes) -> frozenset[str]:
    """The ids in a list of models: bare, or under `data`, `models`, `result` and the like, also one in another; of
    objects with a name or id, of texts, or of an object by id. Empty where a server lists none.

    Raises:
        BadReply: the body is no JSON.
    """
    return frozenset(name.removeprefix("models/") for name in _names(decoded(body), 0) if name)


def _names(value: Any, depth: int) -> Iterator[str]:
    if depth > 3:
        return
    if isinstance(value, list):
        yield from (name for item in value if (name := _name(item)))
        return
    if not isinstance(value, dict):
        return
    held = [value[key] for key in HOLDERS if isinstance(value.get(key), list | dict)]
    if held:
        for each in held:
            yield from _names(each, depth + 1)
    elif depth and value and all(isinstance(item, dict) for item in value.values()):
        yield from value


def _name(item: Any) -> str:
    if isinstance(item, str):
        return item
    found = [item[key] for key in NAMES if isinstance(item.get(key), str)] if isinstance(item, dict) else []
    return next((name for name in found if name and not re.search(r"\s", name)), found[0] if found else "")
