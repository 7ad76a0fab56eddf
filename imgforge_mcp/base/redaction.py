"""Keys never leave: every known secret is replaced by value in whatever goes out or is stored."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from imgforge_mcp.base.disguises import Reading, encoded_within, spelt_out, squeezed, unescaped, whole

MASK = "[redacted]"
SHORTEST_SECRET = 6
SHORTEST_PART = 8
"""Characters of a secret that already tell something of it, in any letter case; of what is encoded, 12."""
SHORTEST_ENCODED_PART = 12
LONGEST_WORD = 12
"""Letters of a part that may be an ordinary word, such as a provider's name."""
SHORTEST_WORD = 3
"""Letters that the longest word of a part has at least, where it may be ordinary speech."""
UNSPEAKABLE = re.compile(r"[b-df-hj-np-tv-xz]{5}", re.IGNORECASE)
"""Consonants that no name of ours or word of a message has in a row; of chance letters most have."""
SEED, STRIDE = 5, 4
"""Any eight characters in a row hold five that begin at a multiple of four: a text in which none of these is one of a
secret's holds no part of it."""


class Redactor:
    """Replaces secrets by value: whole in the forms in which they travel, and every part of them, however spelt."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        self._byte_forms: tuple[bytes, ...] = ()
        self._parts, self._letters = _Parts(_is_word), _Parts(_are_words)
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets; one shorter than six characters would garble ordinary text and is left out."""
        secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        forms = {form for secret in secrets for form in whole(secret)}
        self._forms = tuple(sorted({*self._forms, *forms}, key=len, reverse=True))
        self._byte_forms = tuple(form.encode() for form in self._forms)
        plain = {form for secret in secrets if len(secret) >= SHORTEST_PART for form in (secret, secret[::-1])}
        encoded = {*forms, *(form for secret in secrets for form in encoded_within(secret))} - plain
        for parts, spelt in ((self._parts, str), (self._letters, squeezed)):
            parts.learn(SHORTEST_PART, map(spelt, plain))
            parts.learn(SHORTEST_ENCODED_PART, map(spelt, encoded))

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return self._without_parts(text)

    def data(self, data: bytes) -> bytes:
        for form in self._byte_forms:
            data = data.replace(form, MASK.encode())
        return self._without_parts(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _without_parts(self, text: str) -> str:
        """The text with every longer piece of a secret masked: a cut, another letter case, an escape or a line's end
        within it hides nothing."""
        shown, end = "", 0
        for start, stop in sorted(self._spans(text)):
            if start >= end:  # else it begins within what is masked already
                shown += text[end:start] + MASK
            end = max(end, stop)
        return shown + text[end:]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for reading in (Reading.of(text), unescaped(text)):
            if reading is None:
                continue
            yield from self._parts.found_in(reading, text)
            if self._letters.may_be_in(squeezed(reading.text)):
                yield from self._letters.found_in(spelt_out(reading), text)

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


class _Parts:
    """The pieces of secrets that tell something of them, in small letters, by their length."""

    def __init__(self, is_speech: Callable[[str], bool]) -> None:
        self._is_speech = is_speech
        self._by_length: dict[int, frozenset[str]] = {}
        self._seeds: frozenset[str] = frozenset()

    def learn(self, length: int, forms: Iterable[str]) -> None:
        lowered = [form.lower() for form in forms if len(form) >= length]
        parts = {part for form in lowered for part in _windows(form, length)}
        self._by_length[length] = self._by_length.get(length, frozenset()) | parts
        self._seeds |= {seed for form in lowered for seed in _windows(form, SEED)}

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth while to look at every letter."""
        return next(self._hints(_lowered(text)), None) is not None

    def found_in(self, reading: Reading, text: str) -> Iterator[tuple[int, int]]:
        """Where pieces stand in the text that is read so, unless they may be ordinary speech."""
        lowered = _lowered(reading.text)
        hints = list(self._hints(lowered))
        for length, parts in self._by_length.items():
            for first, after in _runs(lowered, parts, length, hints):
                start, stop = reading.starts[first], reading.stops[after - 1]
                if not self._is_speech(text[start:stop]):
                    yield start, stop

    def _hints(self, lowered: str) -> Iterator[int]:
        """The places that are a multiple of four where five characters of a secret stand."""
        return (at for at in range(0, len(lowered), STRIDE) if lowered[at : at + SEED] in self._seeds)


def _windows(text: str, length: int) -> Iterator[str]:
    return (text[at : at + length] for at in range(len(text) - length + 1))


def _lowered(text: str) -> str:
    return text.replace("İ", "I").lower()  # the one letter whose small form is longer: positions would not fit


def _runs(text: str, parts: frozenset[str], length: int, hints: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Where pieces of at least `length` characters begin and end; each holds a hint."""
    near = {place for hint in hints for place in range(max(0, hint + SEED - length), hint + 1)}
    places = sorted(place for place in near if text[place : place + length] in parts)
    # Where no place is left out, each is as far from its number as the one before.
    for _, numbered in groupby(enumerate(places), lambda pair: pair[1] - pair[0]):
        run = [place for _, place in numbered]
        yield run[0], run[-1] + length


def _is_word(piece: str) -> bool:
    letters = piece.strip("-_./ :")
    is_short = len(letters) <= LONGEST_WORD and (not letters or letters.isalpha())
    return is_short and not UNSPEAKABLE.search(letters)


def _are_words(piece: str) -> bool:
    """Letters one by one, or by twos, are spelt out, and no speech."""
    words = re.split(r"[\W_]+", piece)
    return max(map(len, words)) >= SHORTEST_WORD and all(map(_is_word, words))
