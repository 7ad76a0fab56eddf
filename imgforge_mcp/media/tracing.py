"""A picture in pixels traced as a drawing of filled outlines. Call it in a process that can be ended."""

from typing import TYPE_CHECKING

from imgforge_mcp.base.formats import SVG
from imgforge_mcp.media.colours import eight_bit
from imgforge_mcp.media.convert import InputImage, encoded, within
from imgforge_mcp.media.vector import look_at

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 1024
"""Pixels of the longer side that is traced: more finds only grain."""
COLOURS = 24


def traced(image: "Image") -> InputImage:
    """An SVG of the picture's areas of colour, what is transparent left out; photographs become posters.

    Raises:
        BadReply: it has more areas than a drawing may have.
    """
    import vtracer
    from PIL.Image import Quantize

    picture = within(eight_bit(image).convert("RGBA"), SIDE)
    flat = picture.quantize(COLOURS, method=Quantize.FASTOCTREE).convert("RGBA")
    drawing = vtracer.convert_raw_image_to_svg(
        encoded(flat, "PNG"),
        img_format="png",
        colormode="color",
        hierarchical="stacked",
        mode="spline",
        filter_speckle=4,
        color_precision=6,
        layer_difference=16,
        path_precision=2,
    ).encode()
    found = look_at(drawing)
    return InputImage(data=drawing, mime_type=SVG, width=found.width, height=found.height)
