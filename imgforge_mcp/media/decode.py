"""The one place that opens an image with Pillow: what comes out is whole and within bounds, whatever Pillow raises."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imgforge_mcp.base.errors import BadReply, ForgeError
from imgforge_mcp.base.formats import FORMATS
from imgforge_mcp.media.header import MAX_SCANS, Header, read_header

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
MAX_FRAMES = 100
MAX_INPUT_PIXELS = 120_000_000
"""Of a picture that a person has: it is scaled down at once, a JPEG while it is decoded."""
MAX_INPUT_SIDE = 65_535
MAX_TEXT = 16 * 1024 * 1024
"""Bytes of one compressed chunk of a PNG: workflows and colour profiles; Pillow's own bound is 1 MiB."""
INPUT_KINDS = (*FORMATS, "TIFF", "BMP", "HEIF")


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever a decoder raises on hostile bytes becomes BadReply: Pillow's plugins raise IndexError, KeyError,
    struct.error, RuntimeError, SyntaxError, zlib.error and others, with every release more."""
    try:
        yield
    except ForgeError:
        raise
    except Exception:  # noqa: BLE001 - the one door for foreign exceptions of decoders; see above
        raise BadReply("The image is damaged, cut short or too large.") from None


def preload() -> None:
    """Load what decodes the kinds that a provider sends; Pillow by itself would load all it knows at the first WebP."""
    from PIL import AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401


def decoded(data: bytes, *, is_input: bool = False, side: int | None = None) -> "ImageFile":
    """A whole image, from bytes, within our bounds; a person's own (`is_input`) may be larger and of more kinds.

    With `side` a JPEG is decoded at an eighth, a quarter or half of its size, where that leaves `side` pixels.

    Raises:
        BadReply: no image of a known kind, damaged, cut short or too large.
    """
    header = read_header(data)
    if header.kind not in (INPUT_KINDS if is_input else FORMATS):
        more = ", TIFF, BMP or HEIC" if is_input else ""
        raise BadReply(f"The bytes are not a PNG, JPEG, WebP, GIF{',' if more else ' or'} AVIF{more} image.")
    _check(header.width, header.height, header.scans, is_input=is_input)
    with guarded():
        image = _opened(data, header)
        _check(image.width, image.height, header.scans, is_input=is_input)
        if getattr(image, "n_frames", 1) > MAX_FRAMES:
            raise BadReply(f"The image has more than {MAX_FRAMES} frames.")
        if side is not None and header.kind == "JPEG":
            factor = min(1.0, side / max(image.size))
            image.draft(None, (max(1, int(image.width * factor)), max(1, int(image.height * factor))))
        image.load()
    return image


def _opened(data: bytes, header: Header) -> "ImageFile":
    from PIL import Image, PngImagePlugin

    Image.MAX_IMAGE_PIXELS = None  # our own bound is stricter; Pillow's would only warn
    PngImagePlugin.MAX_TEXT_CHUNK = MAX_TEXT
    file = io.BytesIO(data)
    if header.kind == "JPEG":
        # Image.open would make a camera's multi-picture file (MPO) of it; its first picture is the one that is meant.
        from PIL.JpegImagePlugin import JpegImageFile

        return JpegImageFile(file)
    if header.kind == "HEIF":
        from pi_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    return Image.open(file, formats=(header.kind,))


def _check(width: int, height: int, scans: int, *, is_input: bool) -> None:
    """Bounds that are known before the first pixel is decoded."""
    pixels, side = (MAX_INPUT_PIXELS, MAX_INPUT_SIDE) if is_input else (MAX_PIXELS, MAX_SIDE)
    if width * height > pixels or max(width, height) > side:
        raise BadReply(f"The image is larger than {pixels // 1_000_000} megapixels.")
    if scans > MAX_SCANS:
        raise BadReply("The image is a progressive JPEG of more scans than any encoder writes.")
