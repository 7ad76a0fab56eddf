"""What an image is, by its bytes alone: type, size, soundness. All of it blocks: call it in a thread."""

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.base.formats import FORMATS

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
MAX_FRAMES = 100
KEPT_PIXELS = 8_000_000


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
    image = decoded(data)
    picture = image if image.width * image.height <= KEPT_PIXELS else None
    mime_type = FORMATS[image.format or ""][0]
    return Sound(mime_type=mime_type, width=image.width, height=image.height, picture=picture)


def decoded(data: bytes) -> "Image":
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
