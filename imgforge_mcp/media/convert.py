"""Images made from images: previews, renditions, references and masks for upstream. All of it blocks: call it through a
Decoder."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from imgforge_mcp.base.canvas import MAX_NOTE, NOTE, Canvas
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.formats import FORMATS, SVG
from imgforge_mcp.media.colours import eight_bit, flat, has_transparency, oriented
from imgforge_mcp.media.decode import decoded, guarded
from imgforge_mcp.media.header import read_header
from imgforge_mcp.media.vector import look_at, rasterised

if TYPE_CHECKING:
    from PIL.Image import Image

INPUT_SIDE = 2048
"""Pixels of a reference's longer side, unless a model takes other sizes."""
MASK_SIDE = 4096
PLACE = 128
"""From this brightness on a mask's pixel is the place to change; below this alpha, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputImage:
    """A picture of our own making, by encoding what was decoded; sizes in pixels."""

    data: bytes
    mime_type: str
    width: int
    height: int

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode("ascii")

    @property
    def data_url(self) -> str:
        return f"data:{self.mime_type};base64,{self.base64}"


def inspect(data: bytes, preview_px: int = 0, preview_bytes: int = 0) -> InputImage:
    """What an image is, by decoding all of it: its true type and its size; `data` is a small JPEG of it, if one of
    `preview_px` pixels is wanted, else empty. The type comes from the bytes alone.

    Raises:
        BadReply: not a PNG, JPEG, WebP, GIF or AVIF, damaged, cut short, or larger than 40 megapixels.
    """
    image = decoded(data)
    mime_type = FORMATS[read_header(data).kind][0]
    width, height = image.size
    with guarded():
        small = _rendition(image, preview_px, preview_bytes).data if preview_px else b""
    return InputImage(data=small, mime_type=mime_type, width=width, height=height)


def inspect_vector(data: bytes) -> InputImage:
    """The size of an SVG drawing, by reading all of it. Raises BadReply."""
    drawing = look_at(data)
    return InputImage(data=b"", mime_type=SVG, width=drawing.width, height=drawing.height)


def preview(data: bytes, max_px: int, max_bytes: int) -> InputImage:
    """A JPEG rendition at most `max_px` on its longer side and `max_bytes` long, shrunk until it fits. Raises
    BadReply."""
    image = decoded(data, side=max_px)
    with guarded():
        return _rendition(image, max_px, max_bytes)


def _rendition(image: "Image", max_px: int, max_bytes: int) -> InputImage:
    """JPEG takes a tenth of the time of WebP, and somebody waits."""
    from PIL.Image import Resampling

    picture = flat(within(eight_bit(image), max_px, Resampling.HAMMING))
    for scale, quality in ((1.0, 80), (1.0, 60), (0.75, 60), (0.5, 60), (0.5, 40), (0.25, 40), (0.125, 40)):
        small = within(picture, max(16, int(max_px * scale)), Resampling.HAMMING)
        data = encoded(small, "JPEG", quality=quality)
        if len(data) <= max_bytes:
            break
    return InputImage(data=data, mime_type="image/jpeg", width=small.width, height=small.height)


def miniature(data: bytes, side: int) -> InputImage:
    """The picture's pixels in little, row by row, four bytes each: to tell whether two are the same. Raises
    BadReply."""
    from PIL.Image import Resampling

    image = decoded(data)
    with guarded():
        small = within(eight_bit(oriented(image)).convert("RGBA"), side, Resampling.BOX)
        return InputImage(data=small.tobytes(), mime_type="", width=small.width, height=small.height)


def scaled(data: bytes, width: int) -> InputImage:
    """A WebP rendition `width` pixels wide, never enlarged. Raises BadReply."""
    image = decoded(data)
    with guarded():
        picture = eight_bit(image)
        picture = picture.convert("RGBA" if picture.mode == "LA" else "RGB" if picture.mode == "L" else picture.mode)
        width = min(width, picture.width)
        size = (width, max(1, round(picture.height * width / picture.width)))
        small = encoded(picture.resize(size), "WEBP", quality=85, method=1)
    return InputImage(data=small, mime_type="image/webp", width=size[0], height=size[1])


def as_input(data: bytes, max_side: int = INPUT_SIDE) -> InputImage:
    """A reference image for upstream: decoded, oriented, in eight bits, stripped of metadata, within `max_side`,
    encoded again as PNG or, without transparency and above 512 px, JPEG. A drawing is rasterised.

    Raises:
        BadReply: not an image of a known type.
    """
    image = _own(data, max_side)
    with guarded():
        picture = eight_bit(within(image, max_side) if image.mode in ("RGB", "RGBA", "L", "LA") else image)
        picture = within(picture, max_side).convert("RGBA" if picture.mode in ("LA", "RGBA") else "RGB")
        # Pillow would write a JPEG's comment again; a profile fits as long as the colours are what they were.
        is_kept = image.mode in ("RGB", "RGBA") and "icc_profile" in image.info
        picture.info = {"icc_profile": image.info["icc_profile"]} if is_kept else {}
        name = "PNG" if picture.mode == "RGBA" or max(picture.size) <= 512 else "JPEG"
        made = encoded(picture, name, quality=95)
    return InputImage(data=made, mime_type=FORMATS[name][0], width=picture.width, height=picture.height)


def as_canvas(data: bytes, max_side: int = INPUT_SIDE) -> InputImage:
    """A picture's bare pixels within `max_side`, on white where it was transparent, with the note of a drawing of ours:
    for what changes pictures on this machine.

    Raises:
        BadReply: not an image of a known type.
    """
    image = _own(data, max_side)
    with guarded():
        note = image.info.get(NOTE)
        picture = flat(within(eight_bit(image), max_side))
        canvas = Canvas(
            pixels=picture.tobytes(),
            width=picture.width,
            height=picture.height,
            note=note if isinstance(note, str) and len(note) <= MAX_NOTE else "",
        )
    return InputImage(data=canvas.packed(), mime_type="", width=canvas.width, height=canvas.height)


def as_marks(data: bytes) -> InputImage:
    """A mask of any kind as ours: a grey PNG whose white is the place to change.

    Transparency marks that place if anything is transparent, else white does: programs save a black and white mask
    with an alpha channel that hides nothing.

    Raises:
        BadReply: not an image of a known type.
        InvalidRequest: it marks nothing, or everything.
    """
    with guarded():
        change = _place(_own(data, MASK_SIDE))
        lowest, highest = cast("tuple[int, int]", change.getextrema())
    if highest < PLACE:
        raise InvalidRequest(
            "The mask marks nothing: paint the place to change white on black, or make it transparent.", field="mask"
        )
    if lowest >= PLACE:
        raise InvalidRequest(
            "The mask marks the whole image: leave the mask out to change everything, or paint black what must stay.",
            field="mask",
        )
    return InputImage(data=encoded(change, "PNG"), mime_type="image/png", width=change.width, height=change.height)


def as_mask(data: bytes, width: int, height: int, marks: str) -> InputImage:
    """A mask of the given size in pixels, for a provider that reads `marks` (white, black or alpha) as the place to
    change.

    Raises:
        BadReply: not an image of a known type.
    """
    from PIL import Image, ImageOps

    with guarded():
        change = _place(_own(data, MASK_SIDE)).resize((width, height)).point(_or_not)
        if marks == "alpha":
            mask = Image.new("RGBA", change.size, "white")
            mask.putalpha(ImageOps.invert(change))
        else:
            mask = change if marks == "white" else ImageOps.invert(change)
        return InputImage(data=encoded(mask, "PNG"), mime_type="image/png", width=width, height=height)


def _own(data: bytes, side: int) -> "Image":
    """A person's own picture, upright; a drawing in pixels."""
    kind = read_header(data).kind
    if kind == "SVG":
        data = rasterised(data, side)
    image = decoded(data, is_input=True, side=side)
    with guarded():
        return oriented(image)


def _place(mask: "Image") -> "Image":
    """In grey, white where it is to be changed."""
    from PIL import ImageOps

    mask = within(eight_bit(mask), MASK_SIDE)
    if has_transparency(mask):
        alpha = mask.getchannel("A")
        lowest, _ = cast("tuple[int, int]", alpha.getextrema())
        if lowest < PLACE:
            return ImageOps.invert(alpha)
    return _brightest(mask)


def _brightest(mask: "Image") -> "Image":
    """In grey, by the brightest of the colours: red paint on black marks as white does. A mask of nothing and one other
    level, as programs write it that number what they find, marks by that."""
    from PIL import ImageChops

    red, *others = mask.convert("RGB").split() if mask.mode not in ("L", "LA") else (mask.getchannel("L"),)
    for other in others:
        red = ImageChops.lighter(red, other)
    levels = red.getcolors(2)
    if levels is not None and len(levels) == 2 and min(level for _, level in levels) == 0:
        return red.point(lambda value: 255 if value else 0)
    return red


def _or_not(value: int) -> int:
    return 255 if value >= PLACE else 0


def within(image: "Image", side: int, resample: int | None = None) -> "Image":
    """The picture, scaled down if its longer side is above `side` pixels."""
    if max(image.size) <= side:
        return image
    factor = side / max(image.size)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))), resample)


def encoded(image: "Image", name: str, **options: Any) -> bytes:
    from PIL.ImageFile import ImageFile

    buffer = io.BytesIO()
    if isinstance(image, ImageFile):
        image = image.copy()  # of one from a file Pillow asks for the working directory, which may be gone
    image.save(buffer, name, **({"compress_level": 6} if name == "PNG" else options))
    return buffer.getvalue()
