"""Keys never leave: every known secret is replaced by value in whatever goes out or is stored."""

import base64
import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
SHORTEST_SECRET = 6
SHORTEST_PART = 8
"""Characters of a secret that already tell something of it, in any letter case; of what is encoded, 12."""
SHORTEST_ENCODED_PART = 12
LONGEST_WORD = 12
"""Letters of a part that may be an ordinary word, such as a provider's name."""
UNSPEAKABLE = re.compile(r"[b-df-hj-np-tv-xz]{5}", re.IGNORECASE)
"""Consonants that no name of ours or word of a message has in a row; of chance letters most have."""


class Redactor:
    """Replaces secrets by value, in the forms in which they travel: plain, URL-encoded, base64, JSON-escaped."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        self._byte_forms: tuple[bytes, ...] = ()
        self._parts: dict[int, frozenset[str]] = {}
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets; one shorter than six characters would garble ordinary text and is left out."""
        secrets = list(secrets)
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
        self._forms = tuple(sorted({*self._forms, *forms}, key=len, reverse=True))
        self._byte_forms = tuple(form.encode() for form in self._forms)
        plain = {secret.lower() for secret in secrets if len(secret) >= SHORTEST_PART}
        encoded = {form.lower() for form in forms} - plain
        self._learn_parts(SHORTEST_PART, plain)
        self._learn_parts(SHORTEST_ENCODED_PART, encoded)

    def _learn_parts(self, length: int, forms: Iterable[str]) -> None:
        parts = {form[start : start + length] for form in forms for start in range(len(form) - length + 1)}
        self._parts[length] = self._parts.get(length, frozenset()) | parts

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return self._without_parts(text)

    def data(self, data: bytes) -> bytes:
        for form in self._byte_forms:
            data = data.replace(form, MASK.encode())
        return self._without_parts(data.decode("latin-1")).encode("latin-1")

    def _without_parts(self, text: str) -> str:
        """The text with every longer piece of a secret masked: a cut, or another letter case, hides nothing."""
        spans = [span for length, parts in self._parts.items() if parts for span in _found(text, parts, length)]
        shown, end = "", 0
        for start, stop in sorted(spans):
            if start >= end:  # else it begins within what is masked already
                shown += text[end:start] + MASK
            end = max(end, stop)
        return shown + text[end:]

    def value(self, value: Any) -> Any:
        """The same for a decoded JSON value."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(key)): self.value(item) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return value


class RedactingFilter(logging.Filter):
    """Formats a log record at once and redacts the result, so that no handler sees a secret."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.redactor.text(record.getMessage()), None
        if record.exc_info:
            record.exc_text = self.redactor.text(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def _found(text: str, parts: frozenset[str], length: int) -> Iterator[tuple[int, int]]:
    """Where pieces of at least `length` characters stand, unless they may be an ordinary word."""
    lowered = text.replace("İ", "I").lower()  # the one letter whose small form is longer: positions would not fit
    start = None
    for place in range(len(lowered) - length + 2):  # at the last one too little is left, so that a piece ends there
        if lowered[place : place + length] in parts:
            start = place if start is None else start
        elif start is not None:
            stop = place + length - 1
            if not _is_word(text[start:stop]):
                yield start, stop
            start = None


def _is_word(piece: str) -> bool:
    letters = piece.strip("-_./ :")
    is_short = len(letters) <= LONGEST_WORD and bool(re.fullmatch(r"[A-Za-z]*", letters))
    return is_short and not UNSPEAKABLE.search(letters)


def _forms(secret: str) -> set[str]:
    encoded = secret.encode()
    return {
        secret,
        secret[::-1],
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(encoded).decode(),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
        encoded.hex(),
    }
