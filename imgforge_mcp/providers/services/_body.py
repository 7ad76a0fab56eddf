"""How adapters write a request's body."""

from collections.abc import Mapping, Sequence
from typing import Any

from imgforge_mcp.base.types import Json, Transform
from imgforge_mcp.providers.contract import Call, Part
from imgforge_mcp.routing.fitting import EDGES


def given(fields: Mapping[str, Any]) -> Json:
    """The fields that have a value; None is left to the model's own default."""
    return {name: value for name, value in fields.items() if value is not None}


def shared(cost_usd: float | None, call: Call) -> float | None:
    """What of the usual cost of the answer's tokens is paid: a part of it for what waits its turn."""
    return None if cost_usd is None else round(cost_usd * call.share, 6)


def fixed(call: Call) -> Json:
    """What the catalogue says goes into every request to this model."""
    body = call.model.options.get("body", {})
    return dict(body) if isinstance(body, Mapping) else {}


def effort(call: Call, option: str = "effort") -> str | None:
    """The model's own word for the effort that the quality tier stands for, where it has one."""
    words = call.model.options.get(option, {})
    word = words.get(call.tier) if isinstance(words, Mapping) else None
    return word if isinstance(word, str) else None


def margins(transform: Transform, names: Sequence[str] = EDGES) -> Json:
    """The pixels to add at each edge, under the provider's own names for left, top, right and bottom; edges to which
    nothing is added are left out."""
    pixels = (getattr(transform, edge) or 0 for edge in EDGES)
    return {name: number for name, number in zip(names, pixels, strict=True) if number}


def text_parts(fields: Mapping[str, Any]) -> tuple[tuple[str, Part], ...]:
    """The fields that have a value, as parts of a multipart form."""
    return tuple((name, Part(value=str(value))) for name, value in given(fields).items())


def image_part(data: bytes, mime_type: str, stem: str = "image") -> Part:
    """A picture as a file of a multipart form."""
    return Part(value=data, filename=f"{stem}.{mime_type.removeprefix('image/')}", content_type=mime_type)
