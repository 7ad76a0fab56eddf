"""SVG drawings, as models that draw them send them: looked at, kept as they came, never shown inline; and as a person
has them: turned into pixels. Read by a parser made for hostile input, and never with anything from elsewhere."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.media.decode import MAX_SIDE

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_VECTOR = 10 * 1024 * 1024
MAX_ELEMENTS = 300_000
MAX_DEPTH = 200
USUAL_SIDE = 1024
"""Pixels of the longer side of a small drawing, which has no size of its own in pixels."""
ACTIVE = frozenset({"script", "foreignobject", "handler", "listener", "iframe", "audio", "video"})
"""Elements that make a drawing more than a drawing."""
EMBEDDED = re.compile(r"#|data:image/(png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
ELSEWHERE = re.compile(r"url\(\s*[\"']?(?!#)|@import|image\(|src\(", re.IGNORECASE)
"""In a style: anything but a part of the drawing itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A drawing's size in pixels, 0 where it has none, and whether it draws on something outside of itself."""

    width: int
    height: int
    is_closed: bool


def look_at(data: bytes) -> Drawing:
    """Read a whole SVG document.

    Raises:
        BadReply: not one whole SVG document, or one with a script or entities of its own.
    """
    if len(data) > MAX_VECTOR:
        raise BadReply(f"The drawing is larger than {MAX_VECTOR // 2**20} MiB.")
    root: dict[str, str] | None = None
    is_closed = True
    for element in _elements(data):
        name = _local(element.tag)
        if root is None:
            if name != "svg":
                raise BadReply("The drawing is not an SVG document.")
            root = dict(element.attrib)
        values = {_local(key): value for key, value in element.attrib.items()}
        links = [value for key, value in values.items() if key in ("href", "src") and name != "a"]
        is_script = any("javascript:" in re.sub(r"[\x00-\x20]", "", value).lower() for value in values.values())
        if name in ACTIVE or is_script or any(key.startswith("on") for key in values):
            raise BadReply("The drawing holds what no drawing needs: a script, or a document within it.")
        styles = [*values.values(), *([element.text or ""] if name == "style" else [])]
        is_outside = any(not EMBEDDED.match(link.strip()) for link in links) or any(map(ELSEWHERE.search, styles))
        is_closed = is_closed and not is_outside
    if root is None:
        raise BadReply("The drawing is not an SVG document.")
    width, height = _size(root)
    return Drawing(width=width, height=height, is_closed=is_closed)


def rasterised(data: bytes, side: int) -> bytes:
    """A drawing as a PNG whose longer side is at most `side` pixels. Call it in a process that can be ended.

    Raises:
        BadReply: no sound drawing, or one that names files or addresses.
    """
    import resvg_py

    drawing = look_at(data)
    if not drawing.is_closed:
        raise BadReply("The drawing takes in files or addresses from elsewhere; embed its images, or send it as PNG.")
    longer = min(side, max(USUAL_SIDE, drawing.width, drawing.height))
    is_wide = drawing.width >= drawing.height
    try:
        made = resvg_py.svg_to_bytes(
            svg_string=data.decode("utf-8-sig"),
            width=longer if is_wide else None,
            height=None if is_wide else longer,
        )
    except (ValueError, RuntimeError):
        raise BadReply("The drawing cannot be turned into pixels.") from None
    return bytes(made)


def _elements(data: bytes) -> Iterator["Element"]:
    """Every element, parent before child, with its text; entities, document types and the like refused."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    depth = count = 0
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            count += event == "start"
            if depth > MAX_DEPTH or count > MAX_ELEMENTS:
                raise BadReply("The drawing has more parts than a picture needs.")
            # A style's text is whole only at its end; the root has to be seen first.
            if (event == "start") is not (_local(element.tag) == "style"):
                yield element
            if event == "end":
                element.clear()
    except DefusedXmlException:
        raise BadReply("The drawing has a document type or entities of its own, which no drawing needs.") from None
    except (ParseError, ValueError, LookupError):
        raise BadReply("The drawing is not one whole SVG document.") from None


def _local(name: str) -> str:
    return name.rpartition("}")[2].lower()


def _size(root: dict[str, str]) -> tuple[int, int]:
    """That of the view box, else what the document says in pixels."""
    box = re.fullmatch(r"\s*[-+.\deE]+[\s,]+[-+.\deE]+[\s,]+([.\d]+)[\s,]+([.\d]+)\s*", root.get("viewBox", ""))
    width, height = box.groups() if box else (root.get("width", ""), root.get("height", ""))
    return _pixels(width), _pixels(height)


def _pixels(text: str) -> int:
    """A length of an SVG document, within the bounds of any image."""
    number = re.match(r"\d{1,6}(\.\d*)?(px)?$", text.strip())
    return min(round(float(number[0].removesuffix("px"))), MAX_SIDE) if number else 0
