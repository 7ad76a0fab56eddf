"""Images from their bytes: what is decoded whole counts, bombs and broken ones do not, whatever a header claims."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.media.convert import as_input, inspect, preview, scaled
from imgforge_mcp.media.vector import look_at

HTML = b"<!DOCTYPE html><html><body>One moment</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><circle r="4"/></svg>'


def encoded(name: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 128 if mode in ("L", "P", "I;16") else None).save(buffer, name, **options)
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size and whose body is nothing like it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def frames(number: int) -> bytes:
    buffer = io.BytesIO()
    pictures = [Image.effect_noise((8, 8), 90) for _ in range(number)]
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
    ],
)
def test_a_sound_image_is_what_its_bytes_say(name: str, mime_type: str) -> None:
    sound = inspect(encoded(name))
    assert (sound.mime_type, sound.width, sound.height) == (mime_type, 64, 48)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "I;16", "1"])
def test_every_kind_of_pixel_is_decoded(mode: str) -> None:
    assert inspect(encoded("PNG", mode=mode)).width == 64


BROKEN: list[tuple[str, Callable[[], bytes]]] = [
    ("empty", lambda: b""),
    ("one byte", lambda: b"\x89"),
    ("HTML", lambda: HTML),
    ("JSON", lambda: b'{"error": "no"}'),
    ("SVG", lambda: SVG),
    ("PDF", lambda: b"%PDF-1.7\n%%EOF"),
    ("BMP", lambda: encoded("BMP")),
    ("TIFF", lambda: encoded("TIFF")),
    ("ICO", lambda: encoded("ICO")),
    ("EPS", lambda: encoded("EPS")),
    ("JPEG 2000", lambda: encoded("JPEG2000")),
    ("half a PNG", lambda: encoded("PNG", (400, 400))[:200]),
    ("PNG without its end", lambda: noisy("PNG")[:-2000]),
    ("half a JPEG", lambda: noisy("JPEG")[:3000]),
    ("half a WebP", lambda: noisy("WEBP")[:2000]),
    ("half a GIF", lambda: noisy("GIF")[:2000]),
    ("flipped bits", lambda: flipped(noisy("PNG"))),
    ("81 megapixels", lambda: png_of(9000, 9000)),
    ("4 gigapixels", lambda: png_of(65_535, 65_535)),
    ("a long line", lambda: png_of(20_000, 10)),
    ("no height", lambda: png_of(10, 0)),
    ("a body that is too short", lambda: png_of(500, 500)),
    ("too many frames", lambda: frames(150)),
]


def noisy(name: str) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((99, 99), 90).save(buffer, name)
    return buffer.getvalue()


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 40]) + data[middle + 40 :]


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in BROKEN])
def test_what_is_no_sound_image_of_a_known_type_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(BadReply):
        inspect(make())


def test_a_real_bomb_is_refused_by_its_header() -> None:
    buffer = io.BytesIO()
    Image.new("1", (13_000, 13_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    with pytest.raises(BadReply, match="40 megapixels"):
        inspect(buffer.getvalue())


def test_a_reference_is_encoded_again_without_what_came_with_it() -> None:
    words = PngInfo()
    words.add_text("Comment", "taken at home")
    data = encoded("PNG", pnginfo=words) + b"-----BEGIN PRIVATE KEY-----"
    again = as_input(data)
    assert b"taken at home" in data
    assert b"taken at home" not in again.data
    assert b"PRIVATE" not in again.data
    assert (again.mime_type, again.width, again.height) == ("image/png", 64, 48)
    assert inspect(again.data).width == 64


def test_a_reference_is_turned_the_way_its_camera_held_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    again = as_input(encoded("JPEG", (64, 48), exif=exif))
    assert (again.width, again.height) == (48, 64)


@pytest.mark.parametrize(
    ("size", "mode", "mime_type", "longer"),
    [
        pytest.param((512, 100), "RGB", "image/png", 512, id="small"),
        pytest.param((1000, 100), "RGB", "image/jpeg", 1000, id="large"),
        pytest.param((1000, 100), "RGBA", "image/png", 1000, id="large and transparent"),
        pytest.param((3000, 100), "RGB", "image/jpeg", 2048, id="too large"),
    ],
)
def test_a_reference_has_a_size_that_travels(size: tuple[int, int], mode: str, mime_type: str, longer: int) -> None:
    again = as_input(encoded("PNG", size, mode))
    assert again.mime_type == mime_type == inspect(again.data).mime_type
    assert max(again.width, again.height) == longer


@pytest.mark.parametrize("budget", [1_000, 5_000, 20_000, 100_000])
def test_a_preview_shrinks_until_it_fits(budget: int) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((1500, 1000), 90).save(buffer, "JPEG", quality=95)
    small = preview(buffer.getvalue(), 768, budget).data
    assert len(small) <= budget
    with Image.open(io.BytesIO(small)) as image:
        assert max(image.size) <= 768
        assert image.width > image.height


@pytest.mark.parametrize(("width", "expected"), [(16, (16, 12)), (64, (64, 48)), (4000, (64, 48))])
def test_a_rendition_is_never_enlarged(width: int, expected: tuple[int, int]) -> None:
    made = scaled(encoded("PNG"), width)
    sound = inspect(made.data)
    assert (sound.width, sound.height) == (made.width, made.height) == expected
    assert sound.mime_type == made.mime_type


def test_a_drawing_has_the_size_of_its_view_box() -> None:
    drawing = look_at(SVG)
    assert (drawing.width, drawing.height) == (40, 30)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(HTML, id="HTML"),
        pytest.param(SVG[:-6], id="cut"),
        pytest.param(SVG.replace(b"<circle", b"<script>alert(1)</script><circle"), id="script"),
        pytest.param(SVG.replace(b"<circle", b"<circle onload=alert(1)"), id="handler"),
        pytest.param(SVG.replace(b"<circle", b"<a href='javascript:x'/><circle"), id="link"),
        pytest.param(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG, id="entity"),
        pytest.param(SVG.replace(b"<circle", b"<foreignObject/><circle"), id="foreign"),
        pytest.param(b"\xff\xfe" + SVG, id="no text"),
    ],
)
def test_a_drawing_with_more_than_a_drawing_in_it_is_refused(data: bytes) -> None:
    with pytest.raises(BadReply):
        look_at(data)
