"""The first steps with a reply: JSON within bounds, lists of objects, single values that are safe to store and send."""

import re
from typing import Any

from imgforge_mcp.base.bounded_json import TooMuch, decode
from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.base.types import Json

ERROR_BYTES = 256 * 1024
"""What is read of an error's body."""
STATE = re.compile(r"[a-z]{2,16}(?:[ _-][a-z]{2,16}){0,2}", re.IGNORECASE | re.ASCII)
STATES = frozenset(
    {
        *("accepted", "already", "batch", "being", "canceled", "canceling", "cancellation", "cancelled"),
        *("cancelling", "cold", "completed", "content", "downloading", "error", "expired", "failed", "finalising"),
        *("finalizing", "for", "found", "generated", "generating", "hold", "in", "job", "loading", "model"),
        *("moderated", "not", "on", "partially", "pending", "process", "processed", "processing", "progress"),
        *("queue", "queued", "ready", "request", "requested", "review", "reviewing", "running", "scheduled", "start"),
        *("started", "starting", "succeeded", "task", "uploading", "validating", "waiting"),
    }
)
"""Of which states of several words are made; any other words in a row would be an order to whoever reads them."""


def decoded(body: bytes) -> Any:
    """The value of a JSON text, a byte order mark before it or not.

    Raises:
        BadReply: it is no JSON, too deep, or holds too many values.
    """
    try:
        return decode(body.removeprefix(b"\xef\xbb\xbf"))
    except TooMuch as error:
        raise BadReply(f"The provider's JSON {error}.") from None
    except ValueError:
        raise BadReply("The provider answered with something other than JSON.") from None


def decoded_or_none(body: bytes) -> Any:
    """The same, and None for what is no JSON."""
    try:
        return decoded(body)
    except BadReply:
        return None


def listed(value: object) -> list[Json]:
    """The objects of a JSON list; anything else counts as an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def plain(item: Json) -> Json:
    """An object whose names are read alike however they are written: imageUrl, image_url, ImageURL."""
    named: Json = {}
    for name, value in item.items():
        named.setdefault(name.lower().replace("_", "").replace("-", ""), value)
    return named


def line(value: object, most: int = 4096) -> str | None:
    """An id, a URL or a word from a reply: one printable line, safe to store and to send; else None."""
    return value if isinstance(value, str) and 0 < len(value) <= most and value.isprintable() else None


def state_word(value: object) -> str | None:
    """A queue's word for what it is at, in small letters; None for anything but a word, or two or three of those that
    queues use: a sentence would be read as one of ours."""
    if not isinstance(value, str) or not STATE.fullmatch(value):
        return None
    words = re.split("[ _-]", value.lower())
    return " ".join(words) if len(words) == 1 or STATES.issuperset(words) else None


def amount(value: object) -> float | None:
    """A number from a reply that can be a cost, a share or a delay: finite and not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e9 else None


def whole(value: object) -> int | None:
    """A seed from a reply; None for what no database would take as a number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def quoted(text: str) -> Json:
    """A provider's words as an error detail: bounded, without control or format characters, marked by its name."""
    clean = "".join(character if character.isprintable() else " " for character in text[:2000])
    return {"provider_message": " ".join(clean.split())[:300]} if clean.strip() else {}
