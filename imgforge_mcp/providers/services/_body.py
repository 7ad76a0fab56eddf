"""How adapters write a request's body and read a reply's pictures."""

from collections.abc import Mapping
from typing import Any

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Call, Part, Picture
from imgforge_mcp.providers.reading import decode_base64


def given(fields: Mapping[str, Any]) -> Json:
    """The fields that have a value; None is left to the model's own default."""
    return {name: value for name, value in fields.items() if value is not None}


def fixed(call: Call) -> Json:
    """What the catalogue says goes into every request to this model."""
    body = call.model.options.get("body", {})
    return dict(body) if isinstance(body, Mapping) else {}


def effort(call: Call) -> str | None:
    """The model's own word for the effort that the quality tier stands for, where it has one."""
    words = call.model.options.get("effort", {})
    word = words.get(call.tier) if isinstance(words, Mapping) else None
    return word if isinstance(word, str) else None


def text_parts(fields: Mapping[str, Any]) -> tuple[tuple[str, Part], ...]:
    """The fields that have a value, as parts of a multipart form."""
    return tuple((name, Part(value=str(value))) for name, value in given(fields).items())


def image_part(data: bytes, mime_type: str, stem: str = "image") -> Part:
    """A picture as a file of a multipart form."""
    return Part(value=data, filename=f"{stem}.{mime_type.removeprefix('image/')}", content_type=mime_type)


def line(value: object, most: int = 4096) -> str | None:
    """An id, a URL or a word from a reply: one printable line, safe to store and to send; else None."""
    return value if isinstance(value, str) and 0 < len(value) <= most and value.isprintable() else None


def amount(value: object) -> float | None:
    """A number from a reply that can be a cost, a share or a delay: finite and not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e9 else None


def whole(value: object) -> int | None:
    """A seed from a reply; None for what no database would take as a number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def picture(item: Json, *, encoded: str = "b64_json", seed: object = None) -> Picture | None:
    """The picture of one item of a reply, whichever of base64 and URL it holds; None where it holds neither."""
    number = whole(seed)
    match item:
        case _ if isinstance(item.get(encoded), str) and item[encoded]:
            return Picture(data=decode_base64(item[encoded]), seed=number)
        case {"url": str(url)} if url:
            return at(url, seed=number)
    return None


def at(url: str, *, seed: int | None = None) -> Picture:
    """The picture behind a URL; a data URL is decoded here."""
    if url[:5].lower() != "data:":
        if line(url) is None:
            raise BadReply("The provider's image URL is not one.")
        return Picture(url=url, seed=seed)
    head, comma, data = url.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise BadReply("The provider's data URL is not base64.")
    return Picture(data=decode_base64(data), seed=seed)
