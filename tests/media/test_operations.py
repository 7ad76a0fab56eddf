"""What is done to pictures on this machine, looked at in pixels."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image, ImageDraw

from imgforge_mcp.base.errors import BadReply, InvalidRequest
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.media.operations import cropped, enlarged, extended, fitted, resized, without_background
from imgforge_mcp.media.writing import KINDS, written
from tests.media._pictures import animated, encoded, picture

pytestmark = pytest.mark.anyio


def striped(size: tuple[int, int] = (200, 100)) -> Image.Image:
    """Red, green and blue from left to right, in quarters, half, quarter."""
    image = Image.new("RGB", size, "lime")
    image.paste("red", (0, 0, size[0] // 4, size[1]))
    image.paste("blue", (size[0] * 3 // 4, 0, size[0], size[1]))
    return image


@pytest.mark.parametrize("size", [(100, 100), (1170, 2532), (64, 640), (333, 111)])
@pytest.mark.parametrize("fit", ["cover", "contain"])
def test_a_picture_is_fitted_to_the_pixel(fit: Any, size: tuple[int, int]) -> None:
    assert fitted(striped(), *size, fit).size == size


def test_cover_cuts_both_edges_alike() -> None:
    made = fitted(striped(), 100, 100, "cover")
    assert [made.getpixel((x, 50)) for x in (2, 50, 97)] == [(0, 255, 0)] * 3


def test_contain_shows_all_and_fills_with_the_edges_own_colour() -> None:
    whole = Image.new("RGB", (200, 100), "navy")
    whole.paste("white", (20, 20, 180, 80))
    made = fitted(whole, 200, 200, "contain")
    assert made.getpixel((100, 5)) == (0, 0, 128)
    assert made.getpixel((100, 100)) == (255, 255, 255)
    assert made.getpixel((100, 195)) == (0, 0, 128)


def test_contain_fills_a_transparent_picture_with_nothing() -> None:
    made = fitted(Image.new("RGBA", (20, 10), (255, 0, 0, 128)), 20, 20, "contain")
    assert made.getpixel((10, 1)) == (0, 0, 0, 0)
    assert made.getpixel((10, 10)) == (255, 0, 0, 128)


def test_a_part_is_cut_out() -> None:
    made = cropped(striped(), 0, 10, 50, 40)
    assert made.size == (50, 40)
    assert made.getcolors() == [(2000, (255, 0, 0))]


@pytest.mark.parametrize("part", [(-1, 0, 5, 5), (0, 0, 201, 5), (190, 0, 20, 5), (0, 0, 0, 5)])
def test_a_part_that_is_not_within_is_refused_with_the_size(part: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvalidRequest, match="200x100"):
        cropped(striped(), *part)


def test_one_side_given_keeps_the_proportions() -> None:
    assert resized(striped(), 100, None).size == (100, 50)
    assert resized(striped(), None, 50).size == (100, 50)
    assert resized(striped(), 10, 90).size == (10, 90)
    with pytest.raises(InvalidRequest):
        resized(striped(), None, None)


def test_twice_as_large_and_no_larger_than_an_image_may_be() -> None:
    assert enlarged(striped(), 2).size == (400, 200)
    with pytest.raises(InvalidRequest, match="40 megapixels"):
        enlarged(Image.new("L", (4_000, 4_000)), 4)


def test_a_canvas_is_extended_by_what_is_asked() -> None:
    made = extended(striped(), 10, 20, 30, 40, (1, 2, 3))
    assert made.size == (240, 160)
    assert made.getpixel((9, 19)) == (1, 2, 3)
    assert made.getpixel((10, 20)) == (255, 0, 0)
    assert made.getpixel((209, 119)) == (0, 0, 255)


def test_a_plain_background_is_cut_out_and_what_is_inside_stays() -> None:
    image = Image.new("RGB", (200, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 50, 150, 150), fill="red")
    draw.ellipse((90, 90, 110, 110), fill="white")
    made = without_background(image.resize((100, 100), Image.Resampling.LANCZOS))
    assert made.getpixel((2, 2))[3] == 0  # type: ignore[index]
    assert made.getpixel((30, 50)) == (255, 0, 0, 255)
    # The white in the middle is not joined to the border: it belongs to the thing.
    assert made.getpixel((50, 50)) == (255, 255, 255, 255)
    # An edge is half there, and red all the same: no white seam on a dark ground.
    edge = [made.getpixel((x, 50)) for x in range(20, 30)]
    assert all(red > 150 and green < 90 for red, green, _, alpha in edge if alpha > 40)  # type: ignore[misc]


def test_a_winding_background_is_reached_everywhere() -> None:
    image = Image.new("RGB", (120, 120), "white")
    draw = ImageDraw.Draw(image)
    for step in range(8, 50, 8):
        draw.rectangle((step, step, 119 - step, 119 - step), outline="black")
        draw.point((step, 60), fill="white")
    made = without_background(image)
    assert made.getpixel((60, 60))[3] == 0  # type: ignore[index]


def test_a_background_that_is_not_plain_is_not_cut_out() -> None:
    with pytest.raises(InvalidRequest, match="not of one plain colour"):
        without_background(striped())


def test_what_is_cut_out_already_stays() -> None:
    image = Image.new("RGBA", (9, 9), (255, 0, 0, 100))
    assert without_background(image).getpixel((4, 4)) == (255, 0, 0, 100)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_every_kind_can_be_written_from_every_mode(kind: str, mode: str) -> None:
    data = written(picture(mode, (300, 200)), kind)
    if kind == "pdf":
        assert data.startswith(b"%PDF-")
        return
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == ((256, 256) if kind == "ico" else (300, 200))
        assert image.format == KINDS[kind][0]


def test_a_kind_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InvalidRequest, match="png, jpeg, webp"):
        written(picture(), "exe")


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    made = Decoder()
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
async def test_operations_go_through_the_one_door(kind: str, decoder: Decoder) -> None:
    data = encoded(striped(), kind) if kind != "GIF" else animated("GIF")
    made = await decoder.made(data, "fit", width=50, height=70, fit="cover")
    sound = await decoder.inspect(made.data)
    assert (sound.mime_type, sound.width, sound.height) == (made.mime_type, 50, 70)
    assert made.mime_type == {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/png"}[kind]


async def test_an_operation_on_what_is_no_picture_is_refused(decoder: Decoder) -> None:
    with pytest.raises(BadReply):
        await decoder.made(b"no picture", "convert", kind="png")
    with pytest.raises(InvalidRequest):
        await decoder.made(animated("GIF"), "crop", left=0, top=0, width=900, height=9)


async def test_a_picture_is_measured(decoder: Decoder) -> None:
    seen = await decoder.measure(encoded(Image.new("RGBA", (30, 20), (0, 0, 0, 9)), "PNG"))
    assert (seen.mime_type, seen.width, seen.height, seen.has_transparency) == ("image/png", 30, 20, True)
    assert not (await decoder.measure(encoded(picture("RGBA"), "PNG"))).has_transparency
