"""What is done to a picture's pixels on this machine: fitted, cropped, resized, extended, enlarged, cut out. Pure: a
decoded picture in, a new picture out; sizes in pixels."""

from typing import TYPE_CHECKING, Literal

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.media.colours import eight_bit, has_transparency
from imgforge_mcp.media.decode import MAX_PIXELS, MAX_SIDE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Mask = npt.NDArray[np.bool_]

Fit = Literal["cover", "contain"]
Colour = tuple[int, ...]
PLAIN_SHARE = 0.9
"""How much of a picture's border has to be of one colour for that to be its background."""
KEY_NEAR = 24
KEY_FAR = 72
"""Levels of the most different channel: nearer is background, farther is not; between, an edge's mix of both."""


def fitted(image: "Image", width: int, height: int, fit: Fit) -> "Image":
    """Exactly width × height: `cover` fills it and cuts what is too much, evenly from both edges; `contain` shows the
    whole picture and fills the rest with nothing, where it has transparency, else with the colour of its edge."""
    from PIL.Image import Resampling

    _check_size(width, height)
    image = eight_bit(image)
    choose = max if fit == "cover" else min
    scale = choose(width / image.width, height / image.height)
    if fit == "cover":
        across, down = width / scale, height / scale
        left, top = (image.width - across) / 2, (image.height - down) / 2
        box = (max(0.0, left), max(0.0, top), min(image.width, left + across), min(image.height, top + down))
        return image.resize((width, height), Resampling.LANCZOS, box=box)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    shown = image.resize(inner, Resampling.LANCZOS)
    return extended(shown, left, top, width - inner[0] - left, height - inner[1] - top)


def cropped(image: "Image", left: int, top: int, width: int, height: int) -> "Image":
    """That part of it.

    Raises:
        InvalidRequest: the part is not within the picture.
    """
    is_within = left >= 0 and top >= 0 and width > 0 and height > 0
    if not is_within or left + width > image.width or top + height > image.height:
        raise InvalidRequest(
            f"The part {width}x{height} at {left},{top} is not within the picture of {image.width}x{image.height}.",
            field="width",
        )
    return eight_bit(image).crop((left, top, left + width, top + height))


def resized(image: "Image", width: int | None, height: int | None) -> "Image":
    """That wide and high; with one of the two left out, in proportion.

    Raises:
        InvalidRequest: neither was given, or more pixels than an image may have.
    """
    from PIL.Image import Resampling

    if width is None and height is None:
        raise InvalidRequest("resize needs width, height or both.", field="width")
    if width is None:
        width = max(1, round(image.width * (height or 1) / image.height))
    if height is None:
        height = max(1, round(image.height * width / image.width))
    _check_size(width, height)
    return eight_bit(image).resize((width, height), Resampling.LANCZOS)


def enlarged(image: "Image", scale: int) -> "Image":
    """Twice or four times as large, by Lanczos: sharp, but without detail that was not there. Raises InvalidRequest."""
    return resized(image, image.width * scale, image.height * scale)


def extended(image: "Image", left: int, top: int, right: int, bottom: int, colour: Colour | None = None) -> "Image":
    """With so many pixels more at each edge, filled with a colour: left out, with nothing where the picture has
    transparency, else with what its own edge has.

    Raises:
        InvalidRequest: more pixels than an image may have, or fewer than none.
    """
    from PIL import Image

    if min(left, top, right, bottom) < 0:
        raise InvalidRequest("extend takes pixels to add, none below 0.", field="left")
    image = image if colour is not None and len(colour) == len(image.getbands()) else eight_bit(image)
    width, height = image.width + left + right, image.height + top + bottom
    _check_size(width, height)
    if colour is None:
        colour = (0,) * len(image.getbands()) if has_transparency(image) else edge_colour(image)
    whole = Image.new(image.mode, (width, height), tuple(colour) if len(colour) > 1 else colour[0])
    whole.paste(image, (left, top))
    whole.info = image.info
    return whole


def edge_colour(image: "Image") -> Colour:
    """The median of the picture's outermost pixels, channel by channel."""
    from PIL import Image, ImageStat

    width, height = image.size
    border = Image.new(image.mode, (max(width, height), 4))
    for row, box in enumerate(
        ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    ):
        strip = image.crop(box)
        border.paste(strip.resize((border.width, 1)), (0, row))
    return tuple(int(level) for level in ImageStat.Stat(border).median)


def without_background(image: "Image") -> "Image":
    """Cut out from a plain background: what has its colour and is joined to the border becomes transparent, edges by
    how much of it they hold, and with its colour taken out of them.

    Raises:
        InvalidRequest: the background is not of one colour.
    """
    import numpy as np
    from PIL import Image

    picture = eight_bit(image)
    if has_transparency(picture):
        return picture.convert("RGBA")
    pixels = np.asarray(picture.convert("RGB"), dtype=np.int16)
    back = np.array(edge_colour(picture.convert("RGB")), dtype=np.int16)
    distance = np.abs(pixels - back).max(axis=2)
    border = np.concatenate([distance[0], distance[-1], distance[:, 0], distance[:, -1]])
    if (border < KEY_NEAR).mean() < PLAIN_SHARE:
        raise InvalidRequest(
            "The background is not of one plain colour, so it cannot be cut out on this machine; a provider that "
            "removes backgrounds can do it.",
            field="operation",
        )
    is_back = _joined_to_border(distance < KEY_NEAR)
    is_edge = _grown(is_back, 2) & ~is_back
    share = np.clip((distance - KEY_NEAR // 2) / (KEY_FAR - KEY_NEAR // 2), 0.0, 1.0)
    alpha = np.where(is_back, 0.0, np.where(is_edge, share, 1.0))
    shown = np.where(alpha > 0, alpha, 1.0)[..., None]
    clean = np.clip((pixels - (1.0 - shown) * back) / shown, 0, 255)
    made = np.dstack([np.where(is_back[..., None], 0, clean), alpha * 255]).round().astype(np.uint8)
    return Image.fromarray(made, "RGBA")


def _joined_to_border(mask: "Mask") -> "Mask":
    """The part of a mask that is joined to the picture's border: runs of rows and columns in turn, until none grows."""
    import numpy as np

    reached = np.zeros_like(mask)
    reached[[0, -1]], reached[:, [0, -1]] = mask[[0, -1]], mask[:, [0, -1]]
    while True:
        grown = _along_rows(_along_rows(reached, mask).T, mask.T).T
        if np.array_equal(grown, reached):
            return grown
        reached = grown


def _along_rows(reached: "Mask", mask: "Mask") -> "Mask":
    import numpy as np

    starts = mask.copy()
    starts[:, 1:] &= ~mask[:, :-1]
    runs = np.cumsum(starts).reshape(mask.shape)
    hit = np.zeros(int(runs.max()) + 1, dtype=bool)
    hit[runs[reached]] = True
    return mask & hit[runs]


def _grown(mask: "Mask", pixels: int) -> "Mask":
    grown = mask.copy()
    for _ in range(pixels):
        wider = grown.copy()
        wider[1:] |= grown[:-1]
        wider[:-1] |= grown[1:]
        wider[:, 1:] |= grown[:, :-1]
        wider[:, :-1] |= grown[:, 1:]
        grown = wider
    return grown


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise InvalidRequest(
            f"{width}x{height} is more than an image may have: {MAX_SIDE} on a side, {MAX_PIXELS // 1_000_000} "
            "megapixels.",
            field="width",
        )
