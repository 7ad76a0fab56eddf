"""Pictures of every kind, made for tests: sound ones, odd ones, hostile ones."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

HERE = Path(__file__).parent
HEIC = (HERE / "photograph.heic").read_bytes()
"""96×64, teal with an orange square; encoded once by libheif, for nothing that is installed here encodes HEVC."""


def picture(mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A gradient with an orange square in its upper left quarter, in any mode of Pillow's."""
    base = Image.merge("RGB", [Image.linear_gradient("L").resize(size)] * 3)
    base.paste("orange", (0, 0, size[0] // 4, size[1] // 4))
    return base.convert(mode)


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def multi_picture() -> bytes:
    """A JPEG of two pictures, as cameras write them."""
    return encoded(picture(), "MPO", save_all=True, append_images=[picture(size=(48, 32))])


def animated(name: str, frames: int = 3) -> bytes:
    pictures = [picture(size=(32, 24)).rotate(number * 10) for number in range(frames)]
    return encoded(pictures[0], name, save_all=True, append_images=pictures[1:], duration=50)


def photograph_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera"
    return encoded(picture(), "JPEG", exif=exif)


def many_scans(scans: int, size: tuple[int, int] = (2048, 2048)) -> bytes:
    """A progressive JPEG whose last scan is repeated: small on the wire, and all of it is done again for each."""
    data = encoded(Image.new("L", size, 128), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    scan, end = data[start:-2], data[-2:]
    return data[:start] + scan * scans + end


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size and whose body is nothing like it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


CRASHING = """
import os, signal
from PIL import ImageFile, PngImagePlugin

seen, load = [], ImageFile.ImageFile.load

def crash(self):
    what = self.info.get("crash")
    if not any(self is each for each in seen):
        seen.append(self)
    if what == "always" or (what == "second" and len(seen) > 1):
        os.kill(os.getpid(), signal.SIGSEGV)
    return load(self)

ImageFile.ImageFile.load = crash
"""
KILLED = """
import os, signal

with open({count!r}, "ab") as file:
    file.write(b".")
if os.path.getsize({count!r}) < {first}:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def crashing_decoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bytes]:
    """Give every decode process a fault in its C code; the pictures that meet it, always or as the second of one."""
    (folder / "sitecustomize.py").write_text(CRASHING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))

    def meeting(when: str) -> bytes:
        words = PngInfo()
        words.add_text("crash", when)
        return encoded(picture(), "PNG", pnginfo=words)

    return meeting


def killed_decoder(folder: Path, monkeypatch: pytest.MonkeyPatch, first: int = 10**6) -> Path:
    """Kill every decode process as it comes up, as a system without memory does; until the `first` that lives.
    The file is a byte longer for each."""
    count = folder / "count"
    count.touch()
    (folder / "sitecustomize.py").write_text(KILLED.format(count=str(count), first=first))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return count


def corpus() -> dict[str, bytes]:
    """Sound pictures of every kind that a provider or a person may send."""
    return {
        "png": encoded(picture(), "PNG"),
        "png palette": encoded(picture("P"), "PNG"),
        "png alpha": encoded(picture("RGBA"), "PNG"),
        "png 16": encoded(picture("L").convert("I;16"), "PNG"),
        "png text": encoded(picture(), "PNG", pnginfo=_words()),
        "jpeg": encoded(picture(), "JPEG"),
        "jpeg progressive": encoded(picture(), "JPEG", progressive=True),
        "jpeg cmyk": encoded(picture("CMYK"), "JPEG"),
        "jpeg exif": photograph_of(6),
        "mpo": multi_picture(),
        "webp": encoded(picture(), "WEBP"),
        "webp lossless": encoded(picture("RGBA"), "WEBP", lossless=True),
        "webp animated": animated("WEBP"),
        "gif": encoded(picture("P"), "GIF"),
        "gif animated": animated("GIF"),
        "avif": encoded(picture(), "AVIF"),
        "tiff": encoded(picture(), "TIFF", compression="tiff_lzw"),
        "bmp": encoded(picture(), "BMP"),
        "heic": HEIC,
    }


def _words() -> Any:
    words = PngInfo()
    words.add_text("parameters", "a lighthouse, steps: 4")
    words.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>", zip=True)
    return words
