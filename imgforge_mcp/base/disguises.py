"""How a secret may be spelt, and what a text says behind a spelling; every character keeps its place."""

import base64
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, quote_plus

ESCAPE = re.compile(
    r"%(?P<url>[0-9a-f]{2})|(?:\\{1,8}|%)u(?P<json>[0-9a-f]{4})|\\{1,8}u\{(?P<js>[0-9a-f]{1,6})\}"
    r"|\\{1,8}x(?P<c>[0-9a-f]{2})|\\{1,8}(?P<octal>[0-3][0-7]{2})"
    r"|&#x0{0,8}(?P<html>[0-9a-f]{2,6});?|&#0{0,8}(?P<decimal>[0-9]{2,7});?",
    re.IGNORECASE | re.ASCII,
)
URL_SAFE = str.maketrans("+/", "-_")
BASES = {"decimal": 10, "octal": 8}
LAYERS = 3
"""An escape may be of an escape: JSON in JSON in a URL."""
BETWEEN = re.compile(r'[^\w"]+|_+')
"""What may stand between the letters of a secret that is broken over lines, or spelt out. A quotation mark may not: it
ends a string of JSON, whose shape is kept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says; of each character, where in the text it begins and ends."""

    text: str
    starts: Sequence[int]
    stops: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(text, range(len(text)), range(1, len(text) + 1))


def unescaped(text: str) -> Reading | None:
    """The text with its escapes undone; None for one that has none."""
    reading, layers = Reading.of(text), 0
    while layers < LAYERS and ESCAPE.search(reading.text):
        reading, layers = _undone(reading), layers + 1
    return reading if layers else None


def _undone(reading: Reading) -> Reading:
    said, starts, stops, end = list[str](), list[int](), list[int](), 0
    for match in ESCAPE.finditer(reading.text):
        start, kind = match.start(), match.lastgroup or ""
        code = int(match[kind], BASES.get(kind, 16))
        said += [reading.text[end:start], chr(code) if code < 0x110000 else " "]
        starts += reading.starts[end : start + 1]
        stops += reading.stops[end:start]
        end = match.end()
        stops.append(reading.stops[end - 1])
    return Reading(
        "".join([*said, reading.text[end:]]), [*starts, *reading.starts[end:]], [*stops, *reading.stops[end:]]
    )


def squeezed(text: str) -> str:
    """Its letters and digits, and quotation marks; those of another shape (full width, bold) as plain ones."""
    return BETWEEN.sub("", _plain(text))


def spelt_out(reading: Reading) -> Reading:
    """The same, with the place of each."""
    text = _plain(reading.text)
    kept = [at for at, letter in enumerate(text) if letter.isalnum() or letter == '"']
    return Reading(
        "".join(text[at] for at in kept), [reading.starts[at] for at in kept], [reading.stops[at] for at in kept]
    )


def _plain(text: str) -> str:
    """As many letters, those in a shape of their own (full width, bold) in the usual one."""
    if text.isascii():
        return text
    shapes = {letter: unicodedata.normalize("NFKC", letter) for letter in set(text)}
    return text.translate({ord(letter): plain for letter, plain in shapes.items() if len(plain) == 1})


def whole(secret: str) -> set[str]:
    """The secret in the forms in which it travels."""
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


def encoded_within(secret: str) -> Iterator[str]:
    """What of an encoding is the secret's own where it stands behind something else, such as a user's name."""
    encoded = secret.encode()
    for offset in range(3):
        shifted = base64.b64encode(b"\0" * offset + encoded).decode().rstrip("=")
        for own in _own(shifted, offset, len(encoded), 6):
            yield own
            yield own.translate(URL_SAFE)
    for offset in range(5):
        shifted = base64.b32encode(b"\0" * offset + encoded).decode().rstrip("=")
        yield from _own(shifted, offset, len(encoded), 5)
    yield base64.b85encode(encoded).decode()
    yield "".join(map(str, encoded))


def _own(shifted: str, offset: int, size: int, bits: int) -> Iterator[str]:
    """What of an encoding of so many `bits` a letter stands for these bytes alone: with something behind them, and with
    nothing, where the last letter is theirs too."""
    first = (offset * 8 + bits - 1) // bits
    yield shifted[first : (offset + size) * 8 // bits]
    yield shifted[first:]
