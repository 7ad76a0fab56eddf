"""What is to be done to a picture, made exact once its size is known. Pure; sizes in pixels."""

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Transform
from imgforge_mcp.media.decode import MAX_PIXELS
from imgforge_mcp.routing.fitting import ratio_of

USUAL_SCALE = 2


def settled(transform: Transform, width: int, height: int) -> Transform:
    """The same with every figure that the operation needs, for a picture of that size.

    Raises:
        InvalidRequest: one is missing, or what is asked for cannot be had of this picture.
    """
    match transform.operation:
        case "upscale":
            return _enlarged(transform, width, height)
        case "crop":
            return _cropped(transform, width, height)
        case "extend":
            return _extended(transform, width, height)
        case "resize":
            return _resized(transform, width, height)
        case "convert" if transform.format is None:
            raise InvalidRequest("convert needs format, such as webp.", field="format")
        case _:
            return transform


def _enlarged(transform: Transform, width: int, height: int) -> Transform:
    scale = transform.scale or USUAL_SCALE
    if scale not in (2, 4):
        raise InvalidRequest(f"scale must be 2 or 4; it was {scale}.", field="scale", allowed=[2, 4])
    pixels = width * height * scale**2
    if pixels > MAX_PIXELS:
        fix = "scale 2 is within it" if scale == 4 and pixels // 4 <= MAX_PIXELS else "it is large enough as it is"
        raise InvalidRequest(
            f"{width}×{height} × {scale} is {width * scale}×{height * scale}, {pixels / 1e6:.0f} megapixels; the most "
            f"is {MAX_PIXELS // 1_000_000}; {fix}.",
            field="scale",
        )
    return transform.model_copy(update={"scale": scale})


def _cropped(transform: Transform, width: int, height: int) -> Transform:
    """The part that is named; without a place, from the middle."""
    across, down = transform.width, transform.height
    ratio = ratio_of(transform.aspect_ratio)
    if ratio is not None and across is None and down is None:
        across, down = min(width, round(height * ratio)), min(height, round(width / ratio))
    if across is None and down is None:
        raise InvalidRequest(
            "crop needs width and height, such as 800 and 600, or aspect_ratio, such as 1:1.", field="width"
        )
    across, down = across or width, down or height
    left = (width - across) // 2 if transform.left is None else transform.left
    top = (height - down) // 2 if transform.top is None else transform.top
    if left < 0 or top < 0 or left + across > width or top + down > height:
        raise InvalidRequest(
            f"{across}×{down} at {max(0, left)},{max(0, top)} is not within the picture of {width}×{height}; extend "
            "makes a picture larger.",
            field="width" if across > width else "height" if down > height else "left",
        )
    return transform.model_copy(update={"left": left, "top": top, "width": max(1, across), "height": max(1, down)})


def _extended(transform: Transform, width: int, height: int) -> Transform:
    """Pixels to add at each edge: as they are named, or evenly up to a size or shape."""
    edges = {name: getattr(transform, name) or 0 for name in ("left", "top", "right", "bottom")}
    if not any(edges.values()):
        ratio = ratio_of(transform.aspect_ratio)
        across, down = transform.width or width, transform.height or height
        if ratio is not None and transform.width is None and transform.height is None:
            across, down = max(width, round(height * ratio)), max(height, round(width / ratio))
        if across < width or down < height or (across, down) == (width, height):
            raise InvalidRequest(
                f"extend needs pixels to add at an edge (left, top, right, bottom), or a width, height or aspect_ratio "
                f"that is larger than the picture's {width}×{height}.",
                field="left",
            )
        edges["left"], edges["top"] = (across - width) // 2, (down - height) // 2
        edges["right"], edges["bottom"] = across - width - edges["left"], down - height - edges["top"]
    return transform.model_copy(update=edges)


def _resized(transform: Transform, width: int, height: int) -> Transform:
    """Width and height; one of them alone keeps the shape."""
    across, down = transform.width, transform.height
    if across is None and down is None:
        raise InvalidRequest("resize needs width, height or both, such as 800.", field="width")
    if across is None:
        across = max(1, round((down or 1) * width / height))
    if down is None:
        down = max(1, round(across * height / width))
    return transform.model_copy(update={"width": across, "height": down, "fit": transform.fit or "cover"})
