"""A picture encoded for a person, in the formats that people ask for; and what a picture's bytes measure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.formats import FORMATS, ICO, PDF
from imgforge_mcp.media.colours import eight_bit, flat, has_transparency, oriented
from imgforge_mcp.media.convert import InputImage, encoded, within
from imgforge_mcp.media.decode import decoded, guarded
from imgforge_mcp.media.header import read_header
from imgforge_mcp.media.operations import (
    cropped,
    enlarged,
    extended,
    fitted,
    resized,
    without_background,
)
from imgforge_mcp.media.tracing import traced
from imgforge_mcp.media.vector import rasterised

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "png": ("PNG", "image/png", {}),
    "jpeg": ("JPEG", "image/jpeg", {"quality": 95, "subsampling": 0}),
    "webp": ("WEBP", "image/webp", {"quality": 92, "method": 4}),
    "avif": ("AVIF", "image/avif", {"quality": 85}),
    "ico": ("ICO", ICO, {}),
    "pdf": ("PDF", PDF, {"resolution": 150.0}),
}
VECTOR_SIDE = 2048
"""Pixels of a drawing's longer side where nothing else is said."""
ICON_SIDE = 256
"""Pixels: what an icon's directory can say."""
ICON_SIDES = (16, 32, 48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a picture is, measured on its pixels."""

    mime_type: str
    width: int
    height: int
    has_transparency: bool


def measurement(data: bytes) -> InputImage:
    """The same as a task hands it over: `data` is not empty where something is transparent. Raises BadReply."""
    image = decoded(data)
    with guarded():
        hides = has_transparency(image)
    mime_type = FORMATS[read_header(data).kind][0]
    return InputImage(data=b"1" if hides else b"", mime_type=mime_type, width=image.width, height=image.height)


def written(image: "Image", kind: str) -> bytes:
    """A picture as png, jpeg, webp, avif, ico or pdf; what cannot hold transparency stands on white.

    Raises:
        InvalidRequest: no such kind.
    """
    if kind not in KINDS:
        raise InvalidRequest(f"A picture can be written as {', '.join(KINDS)}; not as {kind[:20]}.", field="format")
    name, _, options = KINDS[kind]
    image = flat(image) if kind in ("jpeg", "pdf") else eight_bit(image)
    if kind == "ico":
        icon = _square(within(image.convert("RGBA"), ICON_SIDE))
        return encoded(icon, name, sizes=[(side, side) for side in (*ICON_SIDES, icon.width) if side <= icon.width])
    return encoded(image, name, **options)


def _square(image: "Image") -> "Image":
    """In the middle of nothing, as an icon is."""
    side = max(image.size)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    return extended(image, left, top, side - image.width - left, side - image.height - top, (0, 0, 0, 0))


def made(data: bytes, operation: str, kind: str = "", **options: Any) -> InputImage:
    """One operation on an image, and the result as `kind`; left out, in the kind that it had, if that is lossless or a
    photograph's, else PNG.

    Raises:
        BadReply: no sound image.
        InvalidRequest: the operation cannot be done with these options.
    """
    if read_header(data).kind == "SVG":
        data = rasterised(data, max(VECTOR_SIDE, *(options.get(name) or 0 for name in ("width", "height"))))
    source = decoded(data, is_input=True)
    with guarded():
        if operation == "vectorize":
            return traced(oriented(source))
        image = OPERATIONS[operation](oriented(source), **options)
        had = read_header(data).kind.lower()
        kind = kind or (had if had in ("png", "jpeg", "webp") else "png")
        if kind == "jpeg" and operation == "remove_background":
            kind = "png"
        encoded_image = written(image, kind)
    return InputImage(data=encoded_image, mime_type=KINDS[kind][1], width=image.width, height=image.height)


OPERATIONS: dict[str, Callable[..., "Image"]] = {
    "fit": fitted,
    "crop": cropped,
    "resize": resized,
    "upscale": enlarged,
    "extend": extended,
    "remove_background": without_background,
    "flatten": flat,
    "convert": lambda image: image,
}
