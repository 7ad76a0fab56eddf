"""Places and things that once came out wrong: a lake for a waterfall, blots for paper, a sheet of white for snow."""

import numpy as np
import pytest
from numpy.typing import NDArray

from imgforge_mcp.local import draw
from imgforge_mcp.local.places.sea import coast
from imgforge_mcp.local.scene import Scene
from imgforge_mcp.local.stage import open_stage
from tests.local.looking import Pixels, difference, lower, seen, upper

Mask = NDArray[np.bool_]
SEEDS = (3, 4)


def burnt(picture: Pixels) -> float:
    """The share of pixels that are nothing but white."""
    return float((picture.min(axis=-1) > 0.975).mean())


def steps(picture: Pixels) -> float:
    """How often the colour changes from one pixel to the next along a row."""
    return float((np.abs(np.diff(picture, axis=1)).max(axis=-1) > 0.06).mean())


def pure_yellow(picture: Pixels) -> float:
    return float(((picture[..., 0] > 0.9) & (picture[..., 1] > 0.72) & (picture[..., 2] < 0.35)).mean())


def changed(picture: Pixels, empty: Pixels) -> Mask:
    return np.asarray(np.abs(picture - empty).max(axis=-1) > 0.12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("prompt", ["a waterfall", "a waterfall in the jungle", "a waterfall in a rocky canyon"])
def test_a_waterfall_is_a_white_band_down_a_dark_cliff(prompt: str, seed: int) -> None:
    cliff = seen(prompt, seed=seed, width=192, height=192)[80:112].min(axis=-1)
    columns = cliff.mean(axis=0)
    band = columns > (columns.max() + float(np.median(columns))) / 2
    assert columns.max() - np.median(columns) > 0.3
    assert 0.04 < band.mean() < 0.25
    assert np.ptp(np.nonzero(band)[0]) < 192 * 0.3


@pytest.mark.parametrize(
    "prompt", ["a snowy field in winter, day", "a penguin on the ice", "a village in the snow, day"]
)
def test_snow_by_day_is_white_but_keeps_its_drifts(prompt: str) -> None:
    below = lower(seen(prompt, width=192, height=192), 0.4)
    assert burnt(below) < 0.1
    assert float(below.mean()) > 0.6
    assert float(below.mean(axis=-1).std()) > 0.015


def test_the_sun_does_not_burn_the_sky_away_at_sunrise() -> None:
    for prompt in ("cinematic mountain landscape at sunrise", "the desert at sunrise"):
        assert burnt(upper(seen(prompt, seed=7, width=192, height=192), 0.5)) < 0.01


@pytest.mark.parametrize(("style", "most"), [("flat", 0.048), ("papercut", 0.08)])
@pytest.mark.parametrize("place", ["mountains and a lake", "mount fuji at sunrise", "a green forest"])
def test_flat_and_cut_pictures_are_a_few_large_calm_sheets(place: str, style: str, most: float) -> None:
    assert steps(upper(seen(place, style=style, width=256, height=256), 0.3)) < most


def test_snow_storms_hide_the_distance() -> None:
    clear, storm = (seen(f"a polar bear in {weather}", width=192, height=192) for weather in ("the snow", "a blizzard"))
    assert float(upper(storm).std()) < 0.8 * float(upper(clear).std())


def test_a_jungle_is_framed_by_dark_leaves_where_a_wood_is_open() -> None:
    jungle, wood = (seen(prompt, width=192, height=192) for prompt in ("a jungle", "a green forest"))
    assert difference(jungle, wood) > 0.05
    corner = (slice(130, 192), slice(0, 30))
    assert float(np.abs(np.diff(jungle[corner].mean(axis=-1))).mean()) > float(
        1.3 * np.abs(np.diff(wood[corner].mean(axis=-1))).mean()
    )


def test_the_eiffel_tower_is_iron_and_not_red() -> None:
    def red(prompt: str) -> float:
        picture = seen(prompt, width=192, height=192)
        return float(((picture[..., 0] > 0.45) & (picture[..., 0] > 2.2 * picture[..., 1])).mean())

    assert red("tokyo tower by day") > 0.01
    assert red("the eiffel tower by day") < 0.001


def test_a_unicorn_has_the_body_of_a_horse() -> None:
    empty = seen("a unicorn in a meadow", without="unicorn", width=192, height=192)
    unicorn, horse = (
        changed(seen(f"a {animal} in a meadow", width=192, height=192), empty) for animal in ("unicorn", "horse")
    )
    assert (unicorn & horse).sum() > 0.6 * (unicorn | horse).sum()


def test_a_lion_has_no_yellow_face() -> None:
    assert pure_yellow(seen("a close-up of a lion in a meadow")) < 0.004


def test_a_family_of_elephants_has_no_people_in_it() -> None:
    assert difference(seen("a family of elephants in a meadow"), seen("three elephants in a meadow")) == 0


@pytest.mark.parametrize(
    "prompt",
    [
        "a medieval castle on a rocky hill",
        "a slice of pizza on a wooden table",
        "a fluffy striped cat in a studio",
        "the golden gate bridge in fog",
        "a space station orbiting earth",
        "a rover on mars",
        "a hummingbird in a garden",
    ],
)
def test_what_is_drawn_or_only_describes_is_not_listed_as_missing(prompt: str) -> None:
    assert draw(prompt, width=64, height=64, seed=1).warnings == ()


def test_what_cannot_be_drawn_is_still_named() -> None:
    assert "toucan" in " ".join(draw("a toucan in a rocky jungle", width=64, height=64, seed=1).warnings)


@pytest.mark.parametrize(
    ("prompt", "same"),
    [
        pytest.param(
            "a boy and a girl holding hands on the beach", "a boy and a girl on the beach", id="no loose hands"
        ),
        pytest.param("a kitchen with a bowl of fruit", "a kitchen with a fruit", id="the bowl is not a second thing"),
    ],
)
def test_two_ways_of_saying_it_give_one_picture(prompt: str, same: str) -> None:
    assert difference(seen(prompt), seen(same)) == 0


def test_a_logo_without_a_thing_still_has_a_sign() -> None:
    assert float(seen("a logo for a bakery")[50:110, 50:110].mean(axis=-1).std()) > 0.05


def test_two_glasses_on_a_table_hold_red_wine() -> None:
    table = seen("two glasses on a table")
    assert float(((table[..., 0] > 0.4) & (table[..., 0] > 3.2 * table[..., 1])).mean()) > 0.005


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a car on a mountain road", "on mountain road"),
        ("a bicycle against a brick wall", "against brick wall"),
        ("sunrise over rice terraces", "over rice terraces"),
    ],
)
def test_what_the_place_is_made_of_is_drawn(prompt: str, shown: str) -> None:
    assert shown in draw(prompt, width=160, height=160, seed=3).drawn


def test_a_road_runs_grey_through_green_country() -> None:
    def grey(picture: Pixels) -> float:
        foot = picture[215:, 60:200]
        return float((np.ptp(foot, axis=-1) < 0.1).mean())

    road, none = (seen(prompt, width=256, height=256) for prompt in ("a mountain road", "a mountain valley"))
    assert grey(road) > grey(none) + 0.3


def test_a_brick_wall_is_red_with_pale_joints_in_level_courses() -> None:
    wall = seen("a bicycle against a brick wall", width=256, height=256)[20:90, 100:156]
    assert float((wall[..., 0] - wall[..., 2]).mean()) > 0.15
    rows = (wall[..., 0] - wall[..., 2]).mean(axis=1)
    assert float(np.abs(np.diff(rows)).max()) > 0.05


def test_a_mirror_image_lies_on_water_and_not_on_sand() -> None:
    stage = open_stage(Scene(place="coast"), 160, 160, 3, lambda _share, _what: None)
    coast(stage)
    assert stage.water is not None
    assert float(stage.water[: stage.horizon - 2].max()) == 0
    assert float(stage.water[stage.horizon + 6 : stage.horizon + 10].mean()) > 0.9
    assert float(stage.water[-8:].mean()) < 0.1
