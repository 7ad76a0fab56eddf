"""A request fitted to one model: the nearest size it can make, its own settings, and a warning for whatever was
changed. Pure."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from imgforge_mcp.base.types import ASPECT_RATIO, ImageRequest, QualityTier, Transform
from imgforge_mcp.catalog.model import ModelSpec, Sizing
from imgforge_mcp.media import INPUT_SIDE, InputImage
from imgforge_mcp.routing.call import Call
from imgforge_mcp.routing.pricing import Size

CLASS_SIDES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
CLASS_TOLERANCE = 0.25
"""How far a picture's pixels may be from its class, as a logarithm: 1920x1920 still counts as 2K."""
SHAPE_TOLERANCE = 0.03
"""How far a picture's shape may be from the ratio that was asked for, as a logarithm."""
SETTINGS = ("seed", "negative_prompt", "steps", "style")
EDGES = ("left", "top", "right", "bottom")
COMMON_RATIOS = (
    "1:1",
    "3:2",
    "2:3",
    "4:3",
    "3:4",
    "5:4",
    "4:5",
    "16:9",
    "9:16",
    "21:9",
    "9:21",
    "2:1",
    "1:2",
    "3:1",
    "1:3",
)


def fit(
    request: ImageRequest,
    model: ModelSpec,
    *,
    prompt: str,
    tier: QualityTier,
    n: int,
    inputs: tuple[InputImage, ...] = (),
    input_sizes: Sequence[Size] | None = None,
    mask: InputImage | None = None,
    settings: Mapping[str, str] | None = None,
    is_batch: bool = False,
) -> Call:
    """The call that asks `model` for `n` of what `request` wants, as nearly as it can. `input_sizes` are those of the
    references as they are kept, so that shape and price are known before they are read; left out: those of `inputs`."""
    warnings: list[str] = []
    sizes = [(image.width, image.height) for image in inputs] if input_sizes is None else input_sizes
    sent = tuple(sent_size(model, size) for size in sizes[: model.max_inputs])
    own = sizes[: len(sizes) - request.kept_pictures]  # what it is to look like says nothing of its shape
    width, height, ratio, image_size = _size(request, model, own, warnings)
    if request.transform is not None and sizes:
        width, height = transformed_size(request.transform, sizes[0])
    warnings += [f"{model.name} has no {name}; it was left out." for name in _missing(request, model)]
    if model.max_inputs < len(sizes):
        warnings.append(f"{model.name} takes {model.max_inputs} input images; the first ones were used.")
    return Call(
        model=model,
        prompt=_prompt(prompt, model, warnings),
        tier=tier,
        n=min(n, model.max_n),
        width=width,
        height=height,
        aspect_ratio=ratio,
        image_size=image_size,
        is_size_asked=any((request.width, request.height, request.aspect_ratio, request.image_size)),
        seed=_seed(request, model, warnings),
        negative_prompt=request.negative_prompt if "negative_prompt" in model.accepts else None,
        steps=_steps(request, model, warnings),
        style=request.style if "style" in model.accepts else None,
        output_format=_format(request, model, warnings),
        background=_background(request, model),
        inputs=inputs[: model.max_inputs],
        input_sizes=sent,
        mask=mask,
        strength=request.strength if "strength" in model.accepts else None,
        transform=request.transform,
        is_batch=is_batch,
        settings=settings or {},
        warnings=tuple(warnings),
    )


def transformed_size(transform: Transform, size: Size) -> Size:
    """How large a picture of that size is afterwards, where a transform with all its figures changes it."""
    width, height = size
    match transform.operation:
        case "upscale":
            return width * (transform.scale or 2), height * (transform.scale or 2)
        case "extend":
            across, down = (
                (transform.left or 0) + (transform.right or 0),
                (transform.top or 0) + (transform.bottom or 0),
            )
            return width + across, height + down
        case "crop" | "resize":
            return transform.width or width, transform.height or height
        case _:
            return size


def takes_whole(model: ModelSpec, transform: Transform, size: Size) -> bool:
    """Whether the model is sent a picture of that size as it is, and makes what becomes of it; the catalogue may also
    give it a most and a least of pixels, and a most for what it adds and makes."""
    options = model.options
    pixels, least = size[0] * size[1], int(options.get("input_min", 1))
    is_within = pixels <= int(options.get("input_pixels", pixels)) and min(size) >= least
    made, edges = max(transformed_size(transform, size)), [getattr(transform, edge) or 0 for edge in EDGES]
    is_made = made <= int(options.get("made_max", made)) and max(edges) <= int(options.get("edge_max", max(edges)))
    return is_within and is_made and sent_size(model, size) == size


def sent_size(model: ModelSpec, size: Size) -> Size:
    """The size at which a reference image is sent to the model."""
    side = input_side(model)
    if max(size) <= side or input_form(model) == "raw":
        return size
    factor = side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def input_side(model: ModelSpec) -> int:
    """How long a reference image may be on its longer side, in pixels: a larger one is scaled down; the catalogue may
    give a model a limit of its own."""
    return int(model.options.get("input_max", INPUT_SIDE))


def input_form(model: ModelSpec) -> str:
    """How a model gets its reference images: encoded again; or, on this machine, as bare "pixels", or "raw"."""
    return str(model.options.get("inputs", "encoded"))


def can_wait(model: ModelSpec, request: ImageRequest) -> bool:
    """Whether a model's provider has a slow lane for this request."""
    is_plain = not request.input_images or (bool(model.options.get("batch_inputs")) and request.mask is None)
    return model.batch_share is not None and is_plain and request.transform is None


def makes(model: ModelSpec, image_size: str) -> bool:
    """Whether the model can make pictures of a resolution class."""
    sizing, side = model.sizing, CLASS_SIDES[image_size]
    if sizing.image_sizes:
        return image_size in sizing.image_sizes
    match sizing.kind:
        case "pixels":
            width, height = _within_limits((side, side), sizing)
        case "list":
            width, height = _nearest_size((side, side), sizing.sizes)
        case _:
            width, height = sizing.default_width, sizing.default_height
    return abs(math.log(width * height / side**2)) < CLASS_TOLERANCE


def dropped_settings(request: ImageRequest, model: ModelSpec) -> int:
    """How many of the settings that the caller gave this model cannot honour."""
    return len(_missing(request, model))


def _missing(request: ImageRequest, model: ModelSpec) -> list[str]:
    return [name for name in SETTINGS if getattr(request, name) is not None and name not in model.accepts]


def _prompt(prompt: str, model: ModelSpec, warnings: list[str]) -> str:
    if len(prompt) <= model.max_prompt:
        return prompt
    warnings.append(f"{model.name} reads {model.max_prompt} characters of a prompt; the rest was cut off.")
    return prompt[: model.max_prompt]


def _seed(request: ImageRequest, model: ModelSpec, warnings: list[str]) -> int | None:
    """The seed, wrapped into what the model takes; a request's further images count up from it."""
    if request.seed is None or "seed" not in model.accepts:
        return None
    top = model.max_seed - (request.n - 1)
    if request.seed <= top:
        return request.seed
    seed = request.seed % (top + 1)
    warnings.append(f"{model.name} takes seeds up to {model.max_seed}; {seed} was used in place of {request.seed}.")
    return seed


def _steps(request: ImageRequest, model: ModelSpec, warnings: list[str]) -> int | None:
    if request.steps is None or "steps" not in model.accepts:
        return None
    fewest, most, _ = model.steps
    steps = min(max(request.steps, fewest), most)
    if steps != request.steps:
        warnings.append(f"{model.name} takes {fewest} to {most} steps; {steps} were used.")
    return steps


def _format(request: ImageRequest, model: ModelSpec, warnings: list[str]) -> str | None:
    wanted = request.output_format
    if wanted is None and request.background == "transparent" and "output_format" in model.accepts:
        return next((kind for kind in ("png", "webp") if not model.formats or kind in model.formats), None)
    if wanted is None or ("output_format" in model.accepts and (not model.formats or wanted in model.formats)):
        return wanted
    warnings.append(f"{model.name} cannot be asked for {wanted}; the image has the format it came in.")
    return None


def _background(request: ImageRequest, model: ModelSpec) -> Literal["transparent", "opaque"] | None:
    if request.background == "auto" or "transparent" not in model.capabilities:
        return None
    return request.background


def _size(
    request: ImageRequest, model: ModelSpec, input_sizes: Sequence[Size], warnings: list[str]
) -> tuple[int, int, str, str | None]:
    """Width, height, aspect ratio and resolution class that the model can do, nearest to what was asked."""
    sizing = model.sizing
    wanted = _wanted(request, sizing, input_sizes)
    image_size = _class(request, sizing, wanted)
    match sizing.kind:
        case "pixels":
            width, height = _within_limits(wanted, sizing, _area(request, sizing))
        case "list":
            width, height = _nearest_size(wanted, sizing.sizes)
        case "ratio":
            nearest = _nearest_ratio(wanted[0] / wanted[1], sizing.ratios)
            width, height = _of_ratio(nearest, CLASS_SIDES.get(image_size or "1K", 1024))
        case "fixed":
            width, height = sizing.default_width, sizing.default_height
    ratio = _ratio_name(width, height, sizing.ratios)
    if _is_asked(request) and request.fit == "model" and _differs(request, wanted, (width, height), sizing):
        made = ratio if sizing.kind == "ratio" else f"{width}x{height}"
        warnings.append(f"{model.name} cannot make {_asked(request, wanted)}; the nearest it can do is {made}.")
    if request.image_size and not (request.width or request.height) and not makes(model, request.image_size):
        made = image_size or f"{width}x{height}"
        warnings.append(f"{model.name} has no resolution class {request.image_size}; {made} was used.")
    return width, height, ratio, image_size


def _is_asked(request: ImageRequest) -> bool:
    return any((request.width, request.height, request.aspect_ratio))


def _asked(request: ImageRequest, wanted: tuple[int, int]) -> str:
    if request.width or request.height:
        return f"{wanted[0]}x{wanted[1]}"
    return str(request.aspect_ratio)


def _differs(request: ImageRequest, wanted: tuple[int, int], made: tuple[int, int], sizing: Sizing) -> bool:
    is_exact = bool(request.width or request.height) and sizing.kind != "ratio"
    if is_exact:
        return wanted != made
    return abs(math.log((wanted[0] / wanted[1]) / (made[0] / made[1]))) > SHAPE_TOLERANCE


def _wanted(request: ImageRequest, sizing: Sizing, input_sizes: Sequence[Size]) -> Size:
    """The size that was asked for: pixels first, then ratio and class, then the shape of the first input image."""
    width, height = request.width, request.height
    ratio = ratio_of(request.aspect_ratio)
    if width and height:
        return width, height
    if width or height:
        shape = ratio or 1.0
        return (width, max(64, round(width / shape))) if width else (max(64, round((height or 0) * shape)), height or 0)
    if ratio is None and input_sizes:
        ratio = input_sizes[0][0] / input_sizes[0][1]
    if ratio is None and request.image_size is None:
        return sizing.default_width, sizing.default_height
    area, shape = _area(request, sizing) or 0, ratio or 1.0
    return max(64, round(math.sqrt(area * shape))), max(64, round(math.sqrt(area / shape)))


def _area(request: ImageRequest, sizing: Sizing) -> int | None:
    """How many pixels a picture has whose size was not given in pixels."""
    if request.width or request.height:
        return None
    return CLASS_SIDES[request.image_size] ** 2 if request.image_size else sizing.default_width * sizing.default_height


def _class(request: ImageRequest, sizing: Sizing, wanted: tuple[int, int]) -> str | None:
    if not sizing.image_sizes:
        return None
    if request.image_size in sizing.image_sizes:
        return request.image_size
    if request.image_size or request.width or request.height:
        side = CLASS_SIDES[request.image_size] if request.image_size else math.sqrt(wanted[0] * wanted[1])
        return min(sizing.image_sizes, key=lambda name: abs(math.log(CLASS_SIDES.get(name, 1024) / side)))
    return "1K" if "1K" in sizing.image_sizes else sizing.image_sizes[0]


def _within_limits(wanted: tuple[int, int], sizing: Sizing, area: int | None = None) -> tuple[int, int]:
    """The same shape inside the limits, on the model's grid; of no more than `area` pixels, where that can be."""
    width, height = float(wanted[0]), float(wanted[1])
    if sizing.max_ratio is not None:
        width, height = min(width, height * sizing.max_ratio), min(height, width * sizing.max_ratio)
    most = sizing.max_pixels or sizing.maximum**2
    shrink = min(1.0, sizing.maximum / max(width, height), math.sqrt(most / (width * height)))
    width, height = width * shrink, height * shrink
    least = sizing.min_pixels or 0
    grow = max(1.0, sizing.minimum / min(width, height), math.sqrt(least / (width * height)))
    width, height = width * grow, height * grow
    grid = sizing.multiple
    low, high = math.ceil(sizing.minimum / grid) * grid, sizing.maximum // grid * grid
    fitted = [min(max(side, low), high) for side in _on_grid(width, height, grid, area if area and area > least else 0)]
    while fitted[0] * fitted[1] > most and max(fitted) > low:
        fitted[fitted.index(max(fitted))] -= grid
    return fitted[0], fitted[1]


def _nearest_size(wanted: tuple[int, int], sizes: tuple[str, ...]) -> tuple[int, int]:
    choices = [(int(width), int(height)) for width, _, height in (size.partition("x") for size in sizes)]
    return min(
        choices, key=lambda size: (_shape_distance(wanted, size), abs(size[0] * size[1] - wanted[0] * wanted[1]))
    )


def _shape_distance(first: tuple[int, int], second: tuple[int, int]) -> float:
    return round(abs(math.log((first[0] / first[1]) / (second[0] / second[1]))), 2)


def _nearest_ratio(shape: float, ratios: tuple[str, ...]) -> str:
    return min(ratios or COMMON_RATIOS, key=lambda ratio: abs(math.log((ratio_of(ratio) or 1.0) / shape)))


def _ratio_name(width: int, height: int, ratios: tuple[str, ...]) -> str:
    nearest = _nearest_ratio(width / height, ratios)
    if ratios or abs(math.log((ratio_of(nearest) or 1.0) / (width / height))) < 0.03:
        return nearest
    divisor = math.gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _of_ratio(ratio: str, side: int) -> tuple[int, int]:
    shape = ratio_of(ratio) or 1.0
    return round(side * math.sqrt(shape) / 8) * 8, round(side / math.sqrt(shape) / 8) * 8


def _on_grid(width: float, height: float, grid: int, area: int) -> Size:
    """The nearest size whose sides are whole steps of a grid. Should it have more than `area` pixels, which may be paid
    as one more megapixel: the one of the same shape that has no more."""
    nearest = round(width / grid) * grid, round(height / grid) * grid
    if not area or nearest[0] * nearest[1] <= area:
        return nearest
    steps = [(math.floor(side / grid) * grid, math.ceil(side / grid) * grid) for side in (width, height)]
    smaller = {
        abs(math.log(across / down * height / width)): (across, down)
        for across in steps[0]
        for down in steps[1]
        if 0 < across * down <= area
    }
    return smaller[min(smaller)] if smaller and min(smaller) <= SHAPE_TOLERANCE else nearest


@lru_cache(maxsize=1024)
def ratio_of(ratio: str | None) -> float | None:
    """Width over height of `16:9`; None where it is none."""
    match = ASPECT_RATIO.fullmatch(ratio) if ratio else None
    if match is None or float(match[1]) == 0 or float(match[2]) == 0:
        return None
    return float(match[1]) / float(match[2])
