"""JSON from outside: decoded only when it is small enough in bytes, depth and number of values to be held in memory."""

import json
import re
from typing import Any

MOST_BYTES = 96 * 1024 * 1024
MOST_DEPTH = 100
MOST_VALUES = 250_000
"""Objects, lists and what they hold: a provider's longest list of models has a tenth of it; as empty objects they take
16 MB."""
_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]|,', re.DOTALL)


class TooMuch(ValueError):
    """It may be JSON, but is larger, deeper or of more values than this program holds."""


def decode(data: bytes | str) -> Any:
    """The value.

    Raises:
        ValueError: it is no JSON, or more than this program holds.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > MOST_BYTES:
        raise TooMuch("is too large")
    openings = raw.count(b"[") + raw.count(b"{")
    if openings > MOST_DEPTH or openings + raw.count(b",") > MOST_VALUES:
        _measure(raw)
    try:
        return json.loads(data)
    except RecursionError:
        raise TooMuch("is nested too deeply") from None


def _measure(raw: bytes) -> None:
    """Count what stands outside of strings. Raises ValueError."""
    depth = values = 0
    for match in _MARKS.finditer(raw):
        match match[0][:1]:
            case b"[" | b"{":
                depth, values = depth + 1, values + 1
            case b"]" | b"}":
                depth -= 1
            case b",":
                values += 1
        if depth > MOST_DEPTH:
            raise TooMuch("is nested too deeply")
        if values > MOST_VALUES:
            raise TooMuch("holds too many values")
