"""Images from their bytes: type, size and soundness, renditions and re-encoding. All of it blocks: call it in a
thread."""

import html
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgforge_mcp.errors import BadReply, InvalidRequest
from imgforge_mcp.spec import InputImage

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "AVIF": ("image/avif", "avif"),
}
SVG = "image/svg+xml"
EXTENSIONS = {**dict(FORMATS.values()), SVG: "svg"}
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
MAX_FRAMES = 100
MAX_VECTOR = 10 * 1024 * 1024
KEPT_PIXELS = 8_000_000
ACTIVE = re.compile(r"<!(DOCTYPE|ENTITY)|<([\w.-]+:)?(script|foreignObject)\b|[\s\"'/]on\w+\s*=", re.IGNORECASE)
"""What makes a drawing more than a drawing, whatever its namespace prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What a fully decoded image is; sizes in pixels. `picture` holds the pixels for a preview, unless it is large."""

    mime_type: str
    width: int
    height: int
    picture: "Image | None" = field(default=None, repr=False, compare=False)


def inspect(data: bytes) -> Sound:
    """Decode the whole image, within bounds, and say what it is. The type comes from the bytes alone.

    Raises:
        BadReply: not a PNG, JPEG, WebP, GIF or AVIF, damaged, cut short, or larger than 40 megapixels.
    """
    image = _decoded(data)
    picture = image if image.width * image.height <= KEPT_PIXELS else None
    mime_type = FORMATS[image.format or ""][0]
    return Sound(mime_type=mime_type, width=image.width, height=image.height, picture=picture)


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


def preview(data: bytes, max_px: int, max_bytes: int) -> bytes:
    """A JPEG rendition at most `max_px` on its longer side and `max_bytes` long, shrunk until it fits."""
    with _decoded(data) as image:
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
    with _decoded(data) as image:
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
        with _decoded(data) as image:
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
        with _decoded(data) as image:
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


def _decoded(data: bytes) -> "Image":
    """A whole image, from bytes, within our bounds. Raises BadReply."""
    from PIL import Image, UnidentifiedImageError

    try:
        Image.MAX_IMAGE_PIXELS = None  # our own bound follows; Pillow's would only warn
        image = Image.open(io.BytesIO(data), formats=tuple(FORMATS))
        _check_bounds(image)
        image.load()
    except UnidentifiedImageError:
        raise BadReply("The bytes are not a PNG, JPEG, WebP, GIF or AVIF image.") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):
        raise BadReply("The image is damaged, cut short or too large.") from None
    return image


def _check_bounds(image: "Image") -> None:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise BadReply(f"The image is larger than {MAX_PIXELS // 1_000_000} megapixels.")
    if getattr(image, "n_frames", 1) > MAX_FRAMES:
        raise BadReply(f"The image has more than {MAX_FRAMES} frames.")


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
