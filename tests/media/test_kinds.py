"""Every kind of pixel that a person's pictures have, brought to eight bits: the colours stay what they were."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.media.colours import eight_bit, has_transparency
from imgforge_mcp.media.convert import as_input
from imgforge_mcp.media.decode import MAX_INPUT_PIXELS, decoded
from tests.media._pictures import HEIC, encoded, photograph_of, picture


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def deep(mode: str) -> Image.Image:
    """Black, middle grey and white in sixteen bits or more."""
    image = Image.new(mode, (3, 1), 0)
    for column, value in enumerate((0, 32_896, 65_535)):
        image.putpixel((column, 0), value)
    return image


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        pytest.param("I;16", "PNG", id="PNG of 16 bits"),
        pytest.param("I;16", "TIFF", id="TIFF of 16 bits"),
        pytest.param("I;16B", "TIFF", id="TIFF of 16 bits, the other way round"),
        pytest.param("I", "TIFF", id="TIFF of 32 bits"),
        pytest.param("F", "TIFF", id="TIFF of floats"),
    ],
)
def test_deep_greys_are_scaled_and_not_cut(mode: str, kind: str) -> None:
    made = opened(as_input(encoded(deep(mode), kind)).data).convert("L")
    levels = [made.getpixel((column, 0)) for column in range(3)]
    assert levels == [0, 128, 255]


def test_deep_colours_are_scaled_and_not_cut() -> None:
    # Forty-eight bits a pixel, which Pillow reads and does not write: a PNG by hand.
    import struct
    import zlib

    from tests.media._pictures import chunk

    row = b"\0" + struct.pack(">9H", 65_535, 0, 0, 32_896, 32_896, 32_896, 0, 0, 65_535)
    head = struct.pack(">IIBBBBB", 3, 1, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    made = opened(as_input(b"\x89PNG\r\n\x1a\n" + body).data)
    assert [made.getpixel((column, 0)) for column in range(3)] == [(255, 0, 0), (128, 128, 128), (0, 0, 255)]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "1"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_the_colours_of_every_mode_stay(mode: str, kind: str) -> None:
    if mode == "CMYK" and kind == "PNG":
        kind = "JPEG"
    source = picture(mode)
    made = opened(as_input(encoded(source, kind)).data).convert("RGB")
    wanted = source.convert("RGB")
    for place in ((5, 5), (50, 5), (90, 60)):
        pairs = zip(made.getpixel(place), wanted.getpixel(place), strict=True)  # type: ignore[arg-type]
        assert all(abs(one - other) < 12 for one, other in pairs), place


def test_inks_go_by_the_profile_that_came_with_them() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile of another kind is of no use, and no reason to refuse the picture.
    made = opened(as_input(encoded(picture("CMYK"), "JPEG", icc_profile=profile)).data)
    assert made.mode == "RGB"
    assert "icc_profile" not in made.info


@pytest.mark.parametrize(
    ("make", "is_transparent"),
    [
        pytest.param(lambda: picture("RGB"), False, id="no alpha"),
        pytest.param(lambda: picture("RGBA"), False, id="alpha that hides nothing"),
        pytest.param(lambda: Image.new("RGBA", (9, 9), (0, 0, 0, 254)), True, id="alpha that hides a little"),
        pytest.param(lambda: Image.new("LA", (9, 9), (0, 0)), True, id="grey that hides all"),
    ],
)
def test_transparency_is_measured_in_pixels(make: Callable[[], Image.Image], is_transparent: bool) -> None:
    assert has_transparency(make()) is is_transparent
    assert (eight_bit(make()).mode in ("LA", "RGBA")) is is_transparent


def test_a_palettes_transparency_is_seen() -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    whole, holed = encoded(image, "PNG"), encoded(image, "PNG", transparency=1)
    assert not has_transparency(opened(whole))
    assert has_transparency(opened(holed))
    made = opened(as_input(holed).data)
    assert [made.getpixel((column, 0))[3] for column in (0, 1)] == [255, 0]  # type: ignore[index]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright(orientation: int) -> None:
    made = opened(as_input(photograph_of(orientation)).data).convert("RGB")
    assert made.size == ((96, 64) if orientation < 5 else (64, 96))
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    across, down = corners[orientation]
    place = (made.width - 5 if across else 4, made.height - 5 if down else 4)
    red, _, blue = made.getpixel(place)  # type: ignore[misc]
    assert red - blue > 100


def test_an_exif_block_that_cannot_be_read_is_no_reason_to_refuse_a_picture() -> None:
    data = bytearray(photograph_of(6))
    at = data.index(b"Exif\0\0") + 6
    data[at : at + 4] = b"QQQQ"
    assert as_input(bytes(data)).width == 96


def test_a_telephones_photograph_is_read() -> None:
    made = opened(as_input(HEIC).data).convert("RGB")
    red, green, blue = made.getpixel((10, 10))  # type: ignore[misc]
    assert (red > 220, green > 120, blue < 60) == (True, True, True)


def test_a_photograph_of_fifty_megapixels_is_scaled_while_it_is_decoded() -> None:
    data = encoded(Image.linear_gradient("L").resize((8_700, 5_800)), "JPEG")
    image = decoded(data, is_input=True, side=2048)
    assert image.size == (2175, 1450)
    made = as_input(data)
    assert (made.width, made.height) == (2048, 1365)
    assert MAX_INPUT_PIXELS > 8_700 * 5_800


def test_a_drawing_is_turned_into_pixels() -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="20" height="20" fill="red"/></svg>'
    )
    made = opened(as_input(drawing).data)
    assert made.size == (1024, 512)
    assert made.getpixel((100, 100)) == (255, 0, 0, 255)
    assert made.getpixel((900, 100))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "error",
    [IndexError(), KeyError("x"), struct.error("y"), RuntimeError(), SyntaxError("z"), zlib.error("w"), MemoryError()],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_decoder_raises_the_picture_is_damaged(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def raised(*_: object, **__: object) -> Image.Image:
        raise error

    data = encoded(picture("RGB"), "PNG")
    monkeypatch.setattr(Image, "open", raised)
    with pytest.raises(BadReply, match="damaged"):
        decoded(data)
