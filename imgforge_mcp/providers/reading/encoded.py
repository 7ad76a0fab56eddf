"""Image bytes in text: base64 of any alphabet, padded or not, in a data URL or not; and what bytes look like."""

import base64
import binascii
import re
from array import array
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

STARTS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*", b"\xff\x0a"),
    *(b"\x00\x00\x00\x0cJXL ", b"\x00\x00\x01\x00", b"8BPS", b"%PDF-"),
)
"""How image files begin; the decoder has the last word."""
BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
TO_STANDARD = bytes.maketrans(b"-_", b"+/")
LEAST = 16
"""Numbers, or hex digits, that are looked at before more is made of them."""
HEX = re.compile(rf"\s*(?:0x|\\x)?(?=[0-9a-fA-F]{{{LEAST}}})")
"""With the mark of a program's number or of a database's bytes, or none."""
NAMED = re.compile(rb"(?i)[\w/.+;=-]{0,64}base64,")
"""What is left of a data URL whose scheme was cut off."""
QUOTES = b"\"'`"
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
DATA_URL = re.compile(r"\s*data:([^,]*),(.*)\s*", re.DOTALL | re.IGNORECASE)


def looks_like_an_image(data: bytes) -> bool:
    """Whether bytes begin as an image does, a drawing in SVG included."""
    if data.startswith(STARTS):
        return True
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return True
    if data[4:8] == b"ftyp" and (data[8:12] in BRANDS or any(brand in data[12:40] for brand in BRANDS[:2])):
        return True
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in head)


def from_base64(text: str) -> bytes | None:
    """The bytes of base64 in either alphabet, with or without padding, broken into lines, escaped for a URL or JSON, in
    quotes, or as Python prints bytes; None where it is none."""
    with suppress(ValueError):  # nearly all send it as the standard says, and it is long
        if text:
            return binascii.a2b_base64(text, strict_mode=True)
    packed = _packed(text)
    bare = packed.translate(TO_STANDARD).rstrip(b"=")
    if not bare or len(bare) % 4 == 1 or NOT_BASE64.search(bare):
        return None
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))
    except binascii.Error:
        return None


def from_data_url(text: str) -> bytes | None:
    """The bytes of a data URL in any letter case, base64 or percent-encoded; None where it holds none. What is not
    base64 counts only if it looks like an image."""
    found = DATA_URL.fullmatch(text)
    if found is None:
        return None
    if any(part.strip().lower() == "base64" for part in found[1].split(";")):
        return from_base64(found[2])
    data = unquote_to_bytes(found[2])
    return data if looks_like_an_image(data) else None


def from_numbers(values: list[Any]) -> bytes | None:
    """The bytes of a list of numbers, as Node writes a buffer, or with signs, as Java does; None where they are no
    image."""
    if len(values) < LEAST or not all(isinstance(value, int) for value in values[:LEAST]):
        return None
    try:
        data = array("b", values).tobytes() if min(values) < 0 else bytes(values)
    except (ValueError, TypeError, OverflowError):
        return None
    return data if looks_like_an_image(data) else None


def from_hex(text: str) -> bytes | None:
    """The bytes of hex digits; None where they are no image."""
    mark = HEX.match(text)
    try:
        data = bytes.fromhex(text[mark.end() :]) if mark else b""
    except ValueError:
        return None
    return data if looks_like_an_image(data) else None


def is_data_url(text: str) -> bool:
    return text[:64].lstrip()[:5].lower() == "data:"


def is_base64_image(text: str) -> bool:
    """Whether text is base64 whose first bytes look like an image's."""
    head = from_base64(_head(text))
    return head is not None and looks_like_an_image(head)


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _head(text: str) -> str:
    """As much of the beginning as makes whole groups of four."""
    start = b"".join(_packed(text[:4096]).split())
    return start[: len(start) - len(start) % 4 if len(text) > 4096 else None].decode("ascii", "replace")


def _packed(text: str) -> bytes:
    raw = text.encode("ascii", "replace")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    raw = raw.strip()
    if raw[:2] in (b"b'", b'b"') and raw[-1:] == raw[1:2]:
        raw = raw[1:]
    raw = raw.strip(QUOTES)
    if mark := NAMED.match(raw):
        raw = raw[mark.end() :]
    return raw if raw.isalnum() else b"".join(raw.replace(b"\\n", b"\n").replace(b"\\/", b"/").split())
