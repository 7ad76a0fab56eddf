"""What goes over the wire, as plain values: a request ready to leave, a form's parts, a whole answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REPLY_CAP = 96 * 1024 * 1024
"""Bytes of one answer: four 4K PNG images in base64 stay below it."""


class Credentials(dict[str, str]):
    """Headers that let somebody in. As a local variable of a traceback they show their names alone."""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart form; a file when it has a filename."""

    value: str | bytes = field(repr=False)
    filename: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request ready to leave: absolute URL, credentials in its headers, the seconds it may take in all. Nothing of
    what it says is part of its repr."""

    method: str
    url: str = field(repr=False)
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: tuple[tuple[str, Part], ...] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    """A body as it is, where every byte of it matters."""
    cap: int = REPLY_CAP
    is_paid: bool = False
    """Whether sending it twice could be paid twice; then a failure after sending is ambiguous."""
    is_own: bool = False
    """Whether it goes to a machine that the user has named, whichever the port: then the address may be any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer, within the byte cap. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
