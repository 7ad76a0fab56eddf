"""A request fitted to a model: the nearest size, settings that it has, and a warning for whatever was changed."""

from typing import Any

import pytest

from imgforge_mcp.base.types import ImageRequest, QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, InputImage, ModelSpec, Sizing
from imgforge_mcp.routing.fitting import dropped_settings, fit

GRID = Sizing(kind="pixels", minimum=256, maximum=1440, multiple=32)
AREA = Sizing(kind="pixels", minimum=480, maximum=3840, multiple=16, min_pixels=655_360, max_pixels=8_294_400)
LIST = Sizing(kind="list", sizes=("1024x1024", "1536x1024", "1024x1536"))
RATIO = Sizing(kind="ratio", ratios=("1:1", "16:9", "9:16", "4:3"), image_sizes=("1K", "2K", "4K"))
FIXED = Sizing(kind="fixed")
WIDE = InputImage(data=b"", mime_type="image/png", width=1600, height=900)


def model(sizing: Sizing = FIXED, **fields: Any) -> ModelSpec:
    values = {"slug": "m", "provider": "p", "model_id": "m", "name": "M", "description": ""} | fields
    return ModelSpec(sizing=sizing, **values)


def fitted(sizing: Sizing = FIXED, inputs: tuple[InputImage, ...] = (), spec: Any = None, **asked: Any) -> Call:
    request = ImageRequest(prompt=asked.pop("prompt", "a fox"), **asked)
    target = model(sizing, **(spec or {}))
    return fit(request, target, prompt=request.prompt, tier=QualityTier.STANDARD, n=request.n, inputs=inputs)


@pytest.mark.parametrize(
    ("sizing", "asked", "size", "is_warned"),
    [
        pytest.param(GRID, {}, (1024, 1024), False, id="nothing said"),
        pytest.param(GRID, {"width": 768, "height": 512}, (768, 512), False, id="on the grid"),
        pytest.param(GRID, {"width": 770, "height": 500}, (768, 512), True, id="beside the grid"),
        pytest.param(GRID, {"width": 64, "height": 64}, (256, 256), True, id="too small"),
        pytest.param(GRID, {"width": 8192, "height": 8192}, (1440, 1440), True, id="too large"),
        pytest.param(GRID, {"width": 2880, "height": 1536}, (1440, 768), True, id="too wide keeps its shape"),
        pytest.param(GRID, {"width": 512}, (512, 512), False, id="width alone"),
        pytest.param(GRID, {"width": 512, "aspect_ratio": "2:1"}, (512, 256), False, id="width and shape"),
        pytest.param(GRID, {"height": 512, "aspect_ratio": "2:1"}, (1024, 512), False, id="height and shape"),
        pytest.param(GRID, {"aspect_ratio": "1:1"}, (1024, 1024), False, id="shape alone"),
        pytest.param(GRID, {"image_size": "512"}, (512, 512), False, id="class alone"),
        pytest.param(AREA, {"width": 512, "height": 512}, (816, 816), True, id="too few pixels"),
        pytest.param(AREA, {"width": 3840, "height": 3840}, (2880, 2880), True, id="too many pixels"),
        pytest.param(LIST, {"width": 1500, "height": 1000}, (1536, 1024), True, id="nearest of a list"),
        pytest.param(LIST, {"aspect_ratio": "3:2"}, (1536, 1024), False, id="shape of a list"),
        pytest.param(LIST, {"aspect_ratio": "16:9"}, (1536, 1024), True, id="nearest shape of a list"),
        pytest.param(FIXED, {"width": 512, "height": 512}, (1024, 1024), True, id="no choice"),
        pytest.param(FIXED, {"aspect_ratio": "1:1"}, (1024, 1024), False, id="no choice needed"),
    ],
)
def test_the_size_is_the_nearest_that_the_model_makes(
    sizing: Sizing, asked: dict[str, Any], size: tuple[int, int], is_warned: bool
) -> None:
    call = fitted(sizing, **asked)
    assert (call.width, call.height) == size
    assert bool(call.warnings) is is_warned
    if is_warned:
        assert "nearest it can do" in call.warnings[0]


@pytest.mark.parametrize(
    ("asked", "ratio", "image_size", "is_warned"),
    [
        pytest.param({}, "1:1", "1K", False, id="nothing said"),
        pytest.param({"aspect_ratio": "16:9"}, "16:9", "1K", False, id="listed"),
        pytest.param({"aspect_ratio": "21:9"}, "16:9", "1K", True, id="nearest"),
        pytest.param({"width": 1920, "height": 1080}, "16:9", "1K", False, id="pixels of a listed shape"),
        pytest.param({"width": 3840, "height": 2160}, "16:9", "2K", False, id="pixels choose the class"),
        pytest.param({"image_size": "4K"}, "1:1", "4K", False, id="class"),
        pytest.param({"image_size": "512"}, "1:1", "1K", True, id="class that is not there"),
    ],
)
def test_a_model_sized_by_shape_gets_a_shape_and_a_class(
    asked: dict[str, Any], ratio: str, image_size: str, is_warned: bool
) -> None:
    call = fitted(RATIO, **asked)
    assert (call.aspect_ratio, call.image_size) == (ratio, image_size)
    assert bool(call.warnings) is is_warned


def test_without_a_size_the_first_input_gives_the_shape() -> None:
    call = fitted(RATIO, inputs=(WIDE,), spec={"max_inputs": 1})
    assert call.aspect_ratio == "16:9"
    assert not call.is_size_asked


@pytest.mark.parametrize("spec", [each for each in load_catalog().models if each.sizing.kind == "pixels"])
@pytest.mark.parametrize(("width", "height"), [(64, 64), (8192, 8192), (8192, 64), (64, 8192), (1001, 777)])
def test_no_size_leaves_the_limits_of_any_model(spec: ModelSpec, width: int, height: int) -> None:
    request = ImageRequest(prompt="a fox", width=width, height=height)
    call = fit(request, spec, prompt="a fox", tier=QualityTier.STANDARD, n=1)
    sizing = spec.sizing
    for side in (call.width, call.height):
        assert sizing.minimum <= side <= sizing.maximum
        assert side % sizing.multiple == 0
    assert call.width * call.height <= (sizing.max_pixels or sizing.maximum**2)
    assert call.width * call.height >= (sizing.min_pixels or 0) * 0.98


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 7), ("negative_prompt", "fog"), ("steps", 9), ("style", "anime"), ("output_format", "png")],
)
def test_a_setting_is_kept_where_the_model_has_it_and_dropped_where_not(name: str, value: Any) -> None:
    request = ImageRequest.model_validate({"prompt": "a fox", name: value})
    with_it, without = model(accepts=frozenset({name})), model()
    kept = fit(request, with_it, prompt="a fox", tier=QualityTier.STANDARD, n=1)
    lost = fit(request, without, prompt="a fox", tier=QualityTier.STANDARD, n=1)
    assert getattr(kept, name) == value
    assert getattr(lost, name) is None
    assert kept.warnings == ()
    assert any(name in warning or "format" in warning for warning in lost.warnings)
    # The format a picture comes in is no reason to prefer another model.
    is_counted = name != "output_format"
    assert (dropped_settings(request, with_it), dropped_settings(request, without)) == (0, int(is_counted))


@pytest.mark.parametrize(("asked", "used", "is_warned"), [(1, 4, True), (30, 30, False), (50, 40, True)])
def test_steps_stay_within_the_models_limits(asked: int, used: int, is_warned: bool) -> None:
    call = fitted(spec={"accepts": frozenset({"steps"}), "steps": (4, 40, 20)}, steps=asked)
    assert call.steps == used
    assert bool(call.warnings) is is_warned


def test_a_long_prompt_is_cut_with_a_warning() -> None:
    call = fitted(spec={"max_prompt": 10}, prompt="a fox in the snow")
    assert call.prompt == "a fox in t"
    assert "10 characters" in call.warnings[0]


@pytest.mark.parametrize(
    ("accepts", "formats", "is_given"),
    [
        pytest.param({"output_format"}, ("png", "webp"), True, id="offered"),
        pytest.param({"output_format"}, (), True, id="any"),
        pytest.param({"output_format"}, ("png", "jpeg"), False, id="another"),
        pytest.param(set(), (), False, id="none to choose"),
    ],
)
def test_a_format_that_cannot_be_had_is_named_in_a_warning(
    accepts: set[str], formats: tuple[str, ...], is_given: bool
) -> None:
    call = fitted(spec={"accepts": frozenset(accepts), "formats": formats}, output_format="webp")
    assert call.output_format == ("webp" if is_given else None)
    assert [warning for warning in call.warnings if "webp" in warning] == list(call.warnings)
    assert bool(call.warnings) is not is_given


def test_too_many_inputs_are_cut_with_a_warning() -> None:
    call = fitted(inputs=(WIDE, WIDE, WIDE), spec={"max_inputs": 2})
    assert len(call.inputs) == 2
    assert "2 input images" in call.warnings[0]


@pytest.mark.parametrize(("n", "most", "each"), [(1, 4, 1), (4, 4, 4), (4, 1, 1), (3, 2, 2)])
def test_one_call_makes_as_many_as_the_model_can(n: int, most: int, each: int) -> None:
    assert fitted(spec={"max_n": most}, n=n).n == each
