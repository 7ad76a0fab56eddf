"""Images made from images: previews, renditions, references and masks for upstream. All of it blocks: call it in a
thread."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgforge_mcp.base.errors import BadReply, InvalidRequest
from imgforge_mcp.base.formats import FORMATS
from imgforge_mcp.media.inspect import decoded

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class InputImage:
    """A reference image, decoded and encoded again by us; sizes in pixels."""

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


def preview(data: bytes, max_px: int, max_bytes: int) -> bytes:
    """A JPEG rendition at most `max_px` on its longer side and `max_bytes` long, shrunk until it fits."""
    with decoded(data) as image:
        return rendition(image, max_px, max_bytes)


def rendition(image: "Image", max_px: int, max_bytes: int) -> bytes:
    """The same of a picture that is decoded already. JPEG takes a tenth of the time of WebP, and somebody waits."""
    from PIL.Image import Resampling

    picture = _flat(image)
    for scale, quality in ((1.0, 80), (1.0, 60), (0.75, 60), (0.5, 60), (0.5, 40), (0.25, 40), (0.125, 40)):
        size = max(16, int(max_px * scale))
        encoded = _encoded(_within(picture, size, Resampling.HAMMING), "JPEG", quality=quality)
        if len(encoded) <= max_bytes:
            break
    return encoded


def scaled(data: bytes, width: int) -> tuple[bytes, str]:
    """A PNG or WebP rendition `width` pixels wide, never enlarged; with its type."""
    with decoded(data) as image:
        height = max(1, round(image.height * min(width, image.width) / image.width))
        picture = image.convert("RGBA" if _has_alpha(image) else "RGB").resize((min(width, image.width), height))
        return _encoded(picture, "WEBP", quality=85, method=1), "image/webp"


def as_input(data: bytes, max_side: int = 2048) -> InputImage:
    """A reference image for upstream: decoded, oriented, stripped of metadata, within `max_side`, encoded again as PNG
    or, without transparency and above 512 px, JPEG.

    Raises:
        InvalidRequest: not an image of a known type.
    """
    from PIL import ImageOps

    try:
        with decoded(data) as image:
            oriented = ImageOps.exif_transpose(image)
            picture = _within(oriented.convert("RGBA" if _has_alpha(oriented) else "RGB"), max_side)
            # Pillow would write a JPEG's comment again; a profile fits as long as the colours are what they were.
            is_kept = oriented.mode in ("RGB", "RGBA") and "icc_profile" in oriented.info
            picture.info = {"icc_profile": oriented.info["icc_profile"]} if is_kept else {}
            is_small = max(picture.size) <= 512
            name = "PNG" if picture.mode == "RGBA" or is_small else "JPEG"
            encoded = _encoded(picture, name, quality=95)
    except BadReply as error:
        raise InvalidRequest(f"The reference is no usable image: {error.message}", field="input_images") from None
    return InputImage(data=encoded, mime_type=FORMATS[name][0], width=picture.width, height=picture.height)


def as_mask(data: bytes, width: int, height: int, marks: str) -> InputImage:
    """A mask of the given size in pixels, for a provider that reads `marks` (white, black or alpha) as the place to
    change.

    In ours, transparency marks that place if there is any, else white does.

    Raises:
        InvalidRequest: not an image of a known type.
    """
    from PIL import Image, ImageOps

    try:
        with decoded(data) as image:
            change = ImageOps.invert(image.convert("RGBA").getchannel("A")) if _has_alpha(image) else image.convert("L")
    except BadReply as error:
        raise InvalidRequest(f"The mask is no usable image: {error.message}", field="mask") from None
    change = change.resize((width, height)).point(lambda value: 255 if value > 127 else 0)
    if marks == "alpha":
        mask = Image.new("RGBA", change.size, "white")
        mask.putalpha(ImageOps.invert(change))
    else:
        mask = change if marks == "white" else ImageOps.invert(change)
    return InputImage(data=_encoded(mask, "PNG"), mime_type="image/png", width=width, height=height)


def _has_alpha(image: "Image") -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _flat(image: "Image") -> "Image":
    """RGB on white."""
    from PIL import Image

    if not _has_alpha(image):
        return image if image.mode == "RGB" else image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _within(image: "Image", side: int, resample: int | None = None) -> "Image":
    if max(image.size) <= side:
        return image
    factor = side / max(image.size)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))), resample)


def _encoded(image: "Image", name: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **({"compress_level": 6} if name == "PNG" else options))
    return buffer.getvalue()
