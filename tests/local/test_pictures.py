"""A blind look at the pictures: only what can be measured of the pixels counts, not a word of the prompt."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imgforge_mcp.local.scene import Scene
from imgforge_mcp.local.sprites import ground
from imgforge_mcp.local.stage import open_stage
from imgforge_mcp.local.text import font_of
from tests.local.looking import (
    Pixels,
    colourfulness,
    components,
    difference,
    lightness,
    lower,
    middle,
    seen,
    upper,
    warmth,
)

Measure = Callable[[Pixels], float]
Mask = NDArray[np.bool_]


def greenness(picture: Pixels) -> float:
    return float((picture[..., 1] - (picture[..., 0] + picture[..., 2]) / 2).mean())


def whiteness(picture: Pixels) -> float:
    return float(picture.min(axis=-1).mean())


def blueness(picture: Pixels) -> float:
    return float((picture[..., 2] - picture[..., 0]).mean())


def redness_of_the_middle(picture: Pixels) -> float:
    part = middle(picture)
    return float((part[..., 0] - part[..., 2]).mean())


COMPARISONS = [
    pytest.param(warmth, "mountains at sunset", "mountains at noon", 0.15, id="sunset is warmer than noon"),
    pytest.param(warmth, "a beach at sunrise", "a beach by day", 0.05, id="sunrise is warmer than day"),
    pytest.param(lightness, "a lake by day", "a lake at night", 0.25, id="night is darker than day"),
    pytest.param(lightness, "a street by day", "a street at night", 0.2, id="a street at night is dark"),
    pytest.param(
        lambda p: whiteness(lower(p)), "a meadow in winter, snow", "a meadow in summer", 0.35, id="snow is white below"
    ),
    pytest.param(greenness, "a green forest", "an autumn forest", 0.08, id="summer woods are green"),
    pytest.param(warmth, "an autumn forest", "a green forest", 0.1, id="autumn woods are warm"),
    pytest.param(
        blueness, "underwater coral reef", "desert dunes", 0.3, id="under water it is bluer than in the desert"
    ),
    pytest.param(warmth, "mars", "a snowy mountain by day", 0.2, id="mars is red"),
    pytest.param(
        lambda p: whiteness(upper(p)), "fog over the hills", "a clear sky over the hills", 0.1, id="fog whitens the sky"
    ),
    pytest.param(
        redness_of_the_middle,
        "a red car on a white background",
        "a blue car on a white background",
        0.1,
        id="a red car is redder than a blue one",
    ),
    pytest.param(warmth, "a red apple", "a green apple", 0.01, id="a red apple is warmer than a green one"),
    pytest.param(colourfulness, "a lake at sunset", "a lake at sunset, film noir", 0.15, id="noir has no colour"),
    pytest.param(
        lambda p: whiteness(upper(p, 0.12)),
        "a lake at sunset, watercolor",
        "a lake at sunset",
        0.1,
        id="watercolour leaves paper at the edge",
    ),
    pytest.param(
        lightness, "a fox in the forest, pastel", "a fox in the forest, neon", 0.2, id="pastel is pale and neon dark"
    ),
]


@pytest.mark.parametrize(("measure", "more", "less", "margin"), COMPARISONS)
def test_one_picture_has_more_of_it_than_the_other(measure: Measure, more: str, less: str, margin: float) -> None:
    gap = np.mean([measure(seen(more, seed=seed)) - measure(seen(less, seed=seed)) for seed in (3, 4)])
    assert gap > margin, f"{more!r} against {less!r}: {gap:.3f}"


@pytest.mark.parametrize(
    "place", ["a mountain lake at sunset with reflections", "mount fuji and a lake at sunrise", "a calm lake by day"]
)
def test_still_water_mirrors_what_stands_above_it(place: str) -> None:
    """The columns above the horizon, turned over, look more like those below than the unturned ones do."""
    picture = seen(place, width=192, height=192)
    above, below = picture[48:92].mean(axis=-1), picture[100:144].mean(axis=-1)

    def likeness(first: np.ndarray, second: np.ndarray) -> float:
        return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])

    assert likeness(above[::-1], below) > 0.3
    assert likeness(above[::-1], below) > likeness(above, below)


@pytest.mark.parametrize("count", ["one", "two", "three", "four", "five"])
def test_as_many_boats_are_painted_as_are_asked_for(count: str) -> None:
    boats = seen(f"{count} red sailboat{'' if count == 'one' else 's'} on the ocean by day", width=320, height=320)
    empty = seen("the ocean by day with a swan", width=320, height=320, without="swan")
    reddish = (boats[..., 0] - boats[..., 1] > 0.22) & (boats[..., 0] - boats[..., 2] > 0.22)
    assert not ((empty[..., 0] - empty[..., 1]) > 0.22).any()
    assert components(_grown(reddish, 6), 150) == ["one", "two", "three", "four", "five"].index(count) + 1


def _grown(mask: Mask, by: int) -> Mask:
    """Sails and hull of one boat grow together."""
    for _ in range(by):
        mask = mask | np.roll(mask, 1, 0) | np.roll(mask, -1, 0) | np.roll(mask, 1, 1) | np.roll(mask, -1, 1)
    return mask


def test_three_balloons_in_the_sky_are_three_components() -> None:
    picture = seen("three red balloons over the desert, clear sky", width=256, height=256)
    sky = upper(picture, 0.44)
    assert components((sky[..., 0] - sky[..., 2] > 0.25) & (sky[..., 0] - sky[..., 1] > 0.25), 60) == 3


def test_a_red_fox_is_red_where_a_wolf_is_grey() -> None:
    fox, wolf = (
        middle(seen(f"a close-up of a {animal} in the snow", width=200, height=200)) for animal in ("red fox", "wolf")
    )
    assert warmth(fox) > warmth(wolf) + 0.15


def test_pencil_has_no_colour() -> None:
    assert colourfulness(seen("a red fox in an autumn forest, pencil drawing")) < 0.005


def test_ink_is_almost_only_black_and_paper() -> None:
    tone = seen("a mountain lake, ink drawing", width=256, height=256).mean(axis=-1)
    assert float(((tone < 0.25) | (tone > 0.75)).mean()) > 0.75


def test_pixel_art_is_made_of_few_colours_in_large_blocks() -> None:
    picture = seen("a castle on a hill, pixel art", width=512, height=512)
    assert len(np.unique((picture * 255).round().reshape(-1, 3), axis=0)) <= 32
    blocks = picture.reshape(128, 4, 128, 4, 3)
    assert np.array_equal(blocks, np.broadcast_to(blocks[:, :1, :, :1], blocks.shape))


def test_flat_vector_has_far_fewer_colours_than_the_plain_picture() -> None:
    def colours(prompt: str) -> int:
        return len(np.unique((seen(prompt, width=256, height=256) * 31).round().reshape(-1, 3), axis=0))

    assert colours("a village in the hills, flat vector") < 0.5 * colours("a village in the hills")


def test_stained_glass_has_leaded_panes() -> None:
    picture = seen("a mountain lake, stained glass", width=256, height=256).mean(axis=-1)
    dark = picture < 0.22
    assert 0.03 < float(dark.mean()) < 0.6
    assert components(~dark, 12) > 30


@pytest.mark.parametrize(
    "style",
    [
        "watercolour",
        "oil",
        "pencil",
        "ink",
        "pixel",
        "flat",
        "clay",
        "neon",
        "noir",
        "cinematic",
        "papercut",
        "glass",
        "anime",
        "vintage",
        "pastel",
        "pop",
    ],
)
def test_every_style_changes_the_picture_and_differs_from_the_others(style: str) -> None:
    plain = seen("a fox in a meadow")
    assert difference(seen("a fox in a meadow", style=style), plain) > 0.012


def test_a_thing_on_the_right_of_words_is_not_needed_for_the_place() -> None:
    """Every place paints something of its own: all are far from one another."""
    prompts = [
        "alps",
        "a lake",
        "the ocean",
        "a beach",
        "a forest",
        "a meadow",
        "desert dunes",
        "mars",
        "a city",
        "a street",
        "a living room",
    ]
    prompts += [
        "a product on a pedestal",
        "a nebula in space",
        "underwater",
        "a village",
        "a flower garden",
        "abstract shapes",
        "an app icon",
    ]
    small = [seen(prompt, width=64, height=64) for prompt in prompts]
    gaps = [difference(a, b) for k, a in enumerate(small) for b in small[k + 1 :]]
    assert min(gaps) > 0.02


def test_quoted_words_are_set_in_the_picture() -> None:
    """The letters are found by template: the same words in the same face fit best where they were set."""
    hello, world = seen('"HELLO"', width=256, height=256), seen('"WORLD"', width=256, height=256)
    assert components(hello.min(axis=-1) > 0.85, 40) == 5
    assert _read(hello, ("HELLO", "WORLD", "HALLO")) == "HELLO"
    assert _read(world, ("HELLO", "WORLD", "WOULD")) == "WORLD"


def _read(picture: Pixels, words: tuple[str, ...]) -> str:
    """The word whose letters, set in the same face, fit the bright marks of the picture best."""
    marks = picture.min(axis=-1) > 0.85
    rows, columns = np.nonzero(marks.any(axis=1))[0], np.nonzero(marks.any(axis=0))[0]
    found = marks[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    fits = {}
    for word in words:
        page = Image.new("L", (900, 300))
        ImageDraw.Draw(page).text((20, 20), word, font=font_of("Lato-Black.ttf", 160), fill=255)
        cut = page.crop(page.getbbox()).resize(found.shape[::-1])
        fits[word] = float((np.asarray(cut) > 128)[found].mean() - (np.asarray(cut) > 128)[~found].mean())
    return max(fits, key=lambda word: fits[word])


def test_a_portrait_has_the_hair_that_was_asked_for() -> None:
    red, black = (seen(f"portrait of a woman with {hair} hair", width=200, height=200) for hair in ("red", "black"))
    head = (slice(5, 130), slice(50, 150))
    assert warmth(red[head]) > warmth(black[head]) + 0.05


def test_nobody_grins_in_yellow() -> None:
    """The pure emoji yellow stays out of portraits."""
    for prompt in (
        "portrait of a young woman with red hair",
        "a portrait photo, studio lighting",
        "an old man smiling",
    ):
        picture = seen(prompt)
        yellow = (picture[..., 0] > 0.9) & (picture[..., 1] > 0.72) & (picture[..., 2] < 0.35)
        assert float(yellow.mean()) < 0.005


def test_the_windows_of_a_cabin_shine_by_night() -> None:
    def lamplight(picture: Pixels) -> float:
        red, green, blue = (picture[..., k] for k in range(3))
        return float(((red > 0.85) & (green > 0.6) & (blue < 0.65)).mean())

    night, empty = (
        seen(f"{what} in the woods at night", width=256, height=256) for what in ("a cabin", "a rock and a path")
    )
    assert lamplight(night) > 0.004
    assert lamplight(empty) < 0.001


def test_snow_lies_on_what_looks_up() -> None:
    """The upper edge of a red block turns white, its middle and its foot stay red."""
    stage = open_stage(Scene(place="meadow", season="winter"), 160, 160, 3, lambda _share, _what: None)
    block = np.zeros((100, 80, 4), np.float32)
    block[10:, 10:70] = (0.7, 0.1, 0.1, 1.0)
    ground.snow_over(stage, block)
    assert float(block[11:13, 20:60, 1].min()) > 0.5
    assert float(block[40:, 20:60, 1].max()) < 0.15


def test_a_small_thing_beside_a_large_one_does_not_make_it_small() -> None:
    def green(prompt: str) -> float:
        picture = seen(prompt, width=256, height=256)
        return float(((picture[..., 1] - np.maximum(picture[..., 0], picture[..., 2])) > 0.15).mean())

    alone, together = green("a christmas tree in a room"), green("a christmas tree with three presents in a room")
    assert together > 0.5 * alone


def test_things_on_a_card_keep_clear_of_one_another() -> None:
    card = seen('a birthday card with three balloons and a cake that says "Hi"', width=256, height=256)
    red = (card[..., 0] > 0.75) & (card[..., 1] < 0.4) & (card[..., 2] < 0.4)
    assert components(red, 120) == 3
