"""Pixels of every kind brought to eight bits: grey or RGB, with alpha only where something is transparent."""

import io
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from PIL.Image import Image

ORIENTATION = 0x0112
"""The EXIF tag."""


def eight_bit(image: "Image") -> "Image":
    """The same picture as L, LA, RGB or RGBA. Sixteen bits are scaled, not cut; CMYK and Lab go by their profile; a
    palette becomes its colours; alpha that hides nothing is dropped."""
    mode = image.mode
    if mode == "RGB" and "transparency" not in image.info:
        return image
    if mode.startswith("I;16"):
        deep = image if mode == "I;16" else image.convert("I")
        return deep.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if mode in ("I", "F"):
        return _scaled_to_eight(image)
    if mode in ("CMYK", "LAB"):
        return _by_profile(image)
    if mode in ("L", "1") and "transparency" not in image.info:
        return image.convert("L")
    if not _may_hide(image):
        return image.convert("RGB")
    layered = image.convert("LA" if mode in ("L", "1", "LA", "La") else "RGBA")
    return layered if has_transparency(layered) else layered.convert(layered.mode[:-1])


def has_transparency(image: "Image") -> bool:
    """Whether any pixel is less than opaque: measured, for many programs write an alpha channel that hides nothing."""
    if not _may_hide(image):
        return False
    if image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")
    lowest, _ = cast("tuple[int, int]", image.getchannel("A").getextrema())
    return lowest < 255


def oriented(image: "Image") -> "Image":
    """Turned the way the camera was held, by EXIF; an EXIF block that cannot be read is no reason to refuse the
    picture."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        turn = turns.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - as in `guarded`: what a parser of hostile bytes raises is not known
        turn = None
    if turn is None:
        return image
    turned = image.transpose(turn)
    turned.info = image.info
    return turned


def flat(image: "Image") -> "Image":
    """RGB, on white where something was transparent."""
    from PIL import Image

    image = eight_bit(image)
    if image.mode not in ("LA", "RGBA"):
        return image if image.mode == "RGB" else image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _may_hide(image: "Image") -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _scaled_to_eight(image: "Image") -> "Image":
    """32-bit greys have no agreed white: the smallest usual range that holds them is taken."""
    lowest, highest = cast("tuple[float, float]", image.getextrema())
    white = next((w for w in (1.0, 255.0, 65_535.0) if highest <= w), highest)
    if image.mode == "I" and white == 1.0:
        white = 255.0
    black = min(0.0, lowest)
    factor = 255.0 / (white - black)
    return image.convert("F").point(lambda value: value * factor + (0.5 - black * factor)).convert("L")


def _by_profile(image: "Image") -> "Image":
    """By the profile that came with it, else as devices without one do."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    source: ImageCms.ImageCmsProfile | io.BytesIO | None = io.BytesIO(profile) if profile else None
    if image.mode == "LAB":
        source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if source is not None:
        try:
            turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            turned = None
        if turned is not None:
            return turned
    return image.convert("RGB")
