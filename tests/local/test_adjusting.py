"""Local changes to any picture: what was asked happens, what cannot be done is refused with what can."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imgforge_mcp import local
from imgforge_mcp.local import Drawing, draw
from imgforge_mcp.media.convert import as_canvas
from tests.local.looking import colourfulness, difference, lightness, pixels, warmth

LAKE = draw("a mountain lake at sunset", width=160, height=120, seed=2).data


def adjust(picture: bytes, instruction: str, *, width: int | None = None, height: int | None = None) -> Drawing:
    """As the program does it: from the pixels that come out of the decoder."""
    return local.adjust(as_canvas(picture).data, instruction, width=width, height=height)


@pytest.fixture
def lake() -> bytes:
    return LAKE


@pytest.mark.parametrize(
    ("instruction", "size"),
    [
        ("crop to a square", (120, 120)),
        ("extend to 16:9", (213, 120)),
        ("crop to 4:1", (160, 40)),
        ("resize to 64x48", (64, 48)),
        ("rotate 90 degrees", (120, 160)),
        ("make it half size", (80, 60)),
        ("extend it to 1:2", (160, 320)),
        ("mirror it", (160, 120)),
    ],
)
def test_the_shape_becomes_what_was_asked(lake: bytes, instruction: str, size: tuple[int, int]) -> None:
    drawing = adjust(lake, instruction)
    assert (drawing.width, drawing.height) == size == Image.open(io.BytesIO(drawing.data)).size


def test_an_extended_picture_keeps_its_own_middle(lake: bytes) -> None:
    wide = pixels(adjust(lake, "extend to 2:1").data)
    assert difference(wide[10:110, 60:180], pixels(lake)[10:110, 20:140]) < 0.01


@pytest.mark.parametrize(
    ("instruction", "sign"),
    [("make it warmer", 1), ("cooler please", -1), ("tint it blue", -1), ("recolour it orange", 1)],
)
def test_colours_turn_the_way_that_was_asked(lake: bytes, instruction: str, sign: int) -> None:
    assert sign * (warmth(pixels(adjust(lake, instruction).data)) - warmth(pixels(lake))) > 0.02


def test_brighter_is_brighter_and_darker_darker(lake: bytes) -> None:
    before = lightness(pixels(lake))
    assert lightness(pixels(adjust(lake, "brighter").data)) > before + 0.02
    assert lightness(pixels(adjust(lake, "darker").data)) < before - 0.02


def test_one_colour_changes_into_another_and_the_rest_stays() -> None:
    picture = np.full((40, 80, 3), (200, 40, 40), np.uint8)
    picture[:, 40:] = (60, 160, 80)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    changed = pixels(adjust(stream.getvalue(), "change the red to blue").data)
    assert changed[20, 10, 2] > changed[20, 10, 0] + 0.3
    assert np.allclose(changed[20, 70], np.array([60, 160, 80]) / 255, atol=0.03)


@pytest.mark.parametrize(
    "style", ["watercolor", "oil painting", "pencil", "stained glass", "pixel art", "film noir", "paper cut", "anime"]
)
def test_any_style_goes_over_any_picture(lake: bytes, style: str) -> None:
    assert difference(pixels(adjust(lake, f"make it look like {style}").data), pixels(lake)) > 0.01


def test_black_and_white_takes_the_colour_out(lake: bytes) -> None:
    assert colourfulness(pixels(adjust(lake, "black and white").data)) < 0.005


def test_a_caption_is_set(lake: bytes) -> None:
    assert difference(pixels(adjust(lake, 'add the text "Hello"').data), pixels(lake)) > 0.005


def test_a_size_alone_is_enough(lake: bytes) -> None:
    drawing = adjust(lake, "", width=100, height=100)
    assert (drawing.width, drawing.height) == (100, 100)


def test_what_it_cannot_do_is_refused_with_what_it_can(lake: bytes) -> None:
    with pytest.raises(ValueError, match=r"restyle .*crop to square.*caption"):
        adjust(lake, "add a unicorn behind the tree")


@pytest.mark.parametrize("data", [b"", b"not a picture", as_canvas(LAKE).data[:9_000], LAKE])
def test_what_is_not_pixels_is_refused_and_never_opened(data: bytes) -> None:
    with pytest.raises(ValueError, match="no picture's pixels"):
        local.adjust(data, "brighter")


def test_transparent_pictures_come_out_on_white() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(stream, "PNG")
    assert lightness(pixels(adjust(stream.getvalue(), "mirror").data)) == 1.0


def test_a_drawing_of_ours_can_be_set_elsewhere_and_at_another_hour() -> None:
    fox = draw("a red fox in a meadow by day", width=128, height=128, seed=2)
    night = adjust(fox.data, "make it night")
    assert lightness(pixels(night.data)) < lightness(pixels(fox.data)) - 0.15
    snow = adjust(fox.data, "change the background to a snowy forest")
    assert lightness(pixels(snow.data)[:30]) > 0.4
    assert difference(pixels(adjust(night.data, "make it day").data), pixels(fox.data)) < 0.02


def test_a_meddled_note_of_the_scene_is_ignored() -> None:
    stream = io.BytesIO()
    chunks = PngInfo()
    chunks.add_text("imgforge-scene", '{"seed": 1, "place": 3, "subjects": [{"name": "../../etc/passwd"}]}')
    Image.new("RGB", (64, 64)).save(stream, "PNG", pnginfo=chunks)
    with pytest.raises(ValueError, match="found nothing"):
        adjust(stream.getvalue(), "change the background to a beach")


def test_a_picture_beyond_the_limit_is_reduced() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4000, 100)).save(stream, "PNG")
    assert adjust(stream.getvalue(), "mirror").width == 2048


@pytest.fixture(scope="module")
def fox() -> bytes:
    return draw("a red fox in a meadow by day", width=192, height=192, seed=2).data


@pytest.fixture(scope="module")
def photograph() -> bytes:
    """A picture that is none of ours: noise, so that blurring shows."""
    stream = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


def roughness(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture, axis=1)).mean())


def test_the_background_is_blurred_and_the_figure_is_not(fox: bytes) -> None:
    before, after = pixels(fox), pixels(adjust(fox, "blur the background").data)
    change = np.abs(after - before).max(axis=-1)
    assert float(change[110:140, 88:104].mean()) < 0.4 * float(change[100:, :30].mean())


def test_the_background_of_any_other_picture_is_not_guessed_at(photograph: bytes) -> None:
    with pytest.raises(ValueError, match="known only in drawings that the illustrator made"):
        adjust(photograph, "blur the background")


@pytest.mark.parametrize(
    ("instruction", "changed", "kept"),
    [
        ("blur the top half", slice(0, 40), slice(80, 120)),
        ("blur the bottom", slice(80, 120), slice(0, 40)),
    ],
)
def test_a_side_that_is_named_is_the_side_that_changes(
    photograph: bytes, instruction: str, changed: slice, kept: slice
) -> None:
    before, after = pixels(photograph), pixels(adjust(photograph, instruction).data)
    assert roughness(after[changed]) < 0.6 * roughness(before[changed])
    assert difference(after[kept], before[kept]) < 0.01


def test_a_thing_in_our_own_drawing_can_be_named(fox: bytes) -> None:
    before, after = pixels(fox), pixels(adjust(fox, "make the sky darker").data)
    assert lightness(after[:30]) < lightness(before[:30]) - 0.05
    assert difference(after[-30:], before[-30:]) < 0.01


def test_a_thing_that_cannot_be_found_is_said_to_be_unknown(photograph: bytes) -> None:
    with pytest.raises(ValueError, match="cannot find 'sky'"):
        adjust(photograph, "make the sky darker")


@pytest.mark.parametrize(("place", "rows"), [("at the bottom", slice(80, 120)), ("at the top", slice(0, 40))])
def test_a_caption_stands_where_it_was_asked_for(lake: bytes, place: str, rows: slice) -> None:
    before, after = pixels(lake), pixels(adjust(lake, f'add the text "Hi" {place}').data)
    change = np.abs(after - before).max(axis=-1).mean(axis=1)
    assert change[rows].sum() > 0.95 * change.sum()


def test_a_caption_in_a_corner_is_refused(lake: bytes) -> None:
    with pytest.raises(ValueError, match="top, at the bottom or in the middle"):
        adjust(lake, 'add the text "Hi" in the left corner')


def test_changed_text_replaces_the_old_one() -> None:
    hello, world = (draw(f'a card "{word}"', width=160, height=160, seed=2) for word in ("HELLO", "WORLD"))
    changed = adjust(hello.data, 'change the text to "WORLD"')
    assert difference(pixels(changed.data), pixels(world.data)) == 0
    assert '"WORLD"' in changed.drawn


def test_the_text_of_any_other_picture_is_not_doubled(photograph: bytes) -> None:
    with pytest.raises(ValueError, match="cannot take words out of a picture"):
        adjust(photograph, 'change the text to "Goodbye"')


def test_double_size_keeps_the_whole_picture() -> None:
    stream = io.BytesIO()
    columns = np.linspace(0, 255, 1600).astype(np.uint8)
    Image.fromarray(np.repeat(columns[None], 400, 0)).convert("RGB").save(stream, "PNG")
    drawing = adjust(stream.getvalue(), "make it double size")
    assert (drawing.width, drawing.height) == (2048, 512)
    picture = pixels(drawing.data)
    assert picture[200, 4, 0] < 0.03
    assert picture[200, -4, 0] > 0.97


def test_a_size_of_another_shape_says_what_it_cut(lake: bytes) -> None:
    assert any("cut off" in warning for warning in adjust(lake, "", width=100, height=100).warnings)


def test_what_an_instruction_asks_for_in_vain_is_named(lake: bytes) -> None:
    drawing = adjust(lake, "make it warmer and add a unicorn")
    assert "warmer" in drawing.drawn
    assert any("unicorn" in entry for entry in drawing.not_drawn)
