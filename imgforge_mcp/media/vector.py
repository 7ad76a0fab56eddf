"""SVG drawings, as models that draw them send them: looked at, kept as they came, never shown inline."""

import html
import re

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.base.formats import SVG
from imgforge_mcp.media.inspect import MAX_SIDE, Sound

MAX_VECTOR = 10 * 1024 * 1024
ACTIVE = re.compile(r"<!(DOCTYPE|ENTITY)|<([\w.-]+:)?(script|foreignObject)\b|[\s\"'/]on\w+\s*=", re.IGNORECASE)
"""What makes a drawing more than a drawing, whatever its namespace prefix."""


def inspect_vector(data: bytes) -> Sound:
    """The same for an SVG drawing, which is kept as it came and never shown inline; its size is that of its view box.

    Raises:
        BadReply: not one whole SVG document, or one with a script or entities of its own.
    """
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BadReply("The drawing is not an SVG document.") from None
    root = re.search(r"<svg\b[^>]*>", text[:8192])
    if root is None or not text.endswith("</svg>") or len(data) > MAX_VECTOR:
        raise BadReply("The drawing is not one whole SVG document.")
    if ACTIVE.search(text) or "javascript:" in re.sub(r"[\x00-\x20]", "", html.unescape(text)).lower():
        raise BadReply("The drawing holds what no drawing needs: a script, or entities of its own.")
    box = re.search(r'viewBox\s*=\s*["\']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)', root[0])
    sides = [re.search(rf'\b{side}\s*=\s*["\']([\d.]+)', root[0]) for side in ("width", "height")]
    width, height = box.groups() if box else [side[1] if side else "0" for side in sides]
    return Sound(mime_type=SVG, width=_pixels(width), height=_pixels(height))


def _pixels(text: str) -> int:
    """A length of an SVG document, within the bounds of any image."""
    number = re.fullmatch(r"\d{1,6}(\.\d*)?", text)
    return min(round(float(text)), MAX_SIDE) if number else 0
