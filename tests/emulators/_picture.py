"""Real pictures, drawn in a few milliseconds and the same for the same prompt and seed."""

import base64
import io
import random
import zlib
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from PIL import Image, ImageChops

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/svg+xml": "svg",
}
PALETTES, FEW_PALETTES = 65_536, 16
"""An edit must not give back the picture that it was to change; of large pictures, which take long to encode, there are
few."""
LARGE = 1024 * 1024
"""Pixels."""
PHOTOGRAPH = "photograph"
"""In place of a size: smooth shapes under a fine grain, which take as long to decode as a photograph; a PNG of 1024²
has 1.5 MB."""
GRAIN = bytes(round(NormalDist(128, 2).inv_cdf((byte + 0.5) / 256)) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Picture:
    """Encoded bytes and the type that they are declared to have."""

    data: bytes
    media: str
    width: int
    height: int

    @property
    def extension(self) -> str:
        """File name ending for a URL."""
        return EXTENSIONS.get(self.media, "bin")


def draw(
    about: str, width: int, height: int, media: str = "image/png", size: int | str | None = None, *, alpha: bool = False
) -> Picture:
    """A picture of that size whose bytes depend on `about`; `size` asks for roughly that many bytes of noise or for a
    `PHOTOGRAPH`, `alpha` for nothing but its middle."""
    palette = _palette(about, width, height)
    if media == "image/svg+xml":
        drawing = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><circle r="{palette}"/></svg>'
        )
        return Picture(drawing.encode(), media, width, height)
    if media in ("image/webp", "image/avif"):
        return Picture(_encoded(zlib.crc32(about.encode()), width, height, media, size, alpha), media, width, height)
    # Drawing is per palette and cached, a comment makes the bytes unique: a large picture costs next to nothing.
    data = _encoded(palette, width, height, media, size, alpha)
    return Picture(_with_comment(data, f"{zlib.adler32(about.encode()):08x}".encode(), media), media, width, height)


def unlike(before: str, about: str, width: int, height: int) -> str:
    """What is drawn about it is in other colours than what was drawn before it: of large pictures there are few."""
    first = _palette(numbered(before, 0), width, height)
    while before not in ("", about) and _palette(numbered(about, 0), width, height) == first:
        about += "'"
    return about


def numbered(about: str, index: int) -> str:
    """What the pictures of one order are drawn about."""
    return f"{about}/{index}"


def black(width: int, height: int) -> Picture:
    """What some providers deliver in place of a refused picture."""
    return Picture(_save(Image.new("RGB", (width, height)), "image/png", 90), "image/png", width, height)


def measured(data: bytes) -> tuple[int, int]:
    """Width and height of a picture that came with a call; raises OSError for what is none."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


def measured_url(url: str) -> tuple[int, int]:
    """The same of a picture in a data URL, or in base64 alone."""
    return measured(base64.b64decode(url.rpartition(",")[2]))


def ratio_size(ratio: str, pixels: int = 1024 * 1024, multiple: int = 32) -> tuple[int, int]:
    """Width and height near a pixel count for a ratio such as 16:9."""
    across, down = (float(part) for part in ratio.split(":"))
    scale = (pixels / (across * down)) ** 0.5
    return max(multiple, round(across * scale / multiple) * multiple), max(
        multiple, round(down * scale / multiple) * multiple
    )


def _palette(about: str, width: int, height: int) -> int:
    return zlib.crc32(about.encode()) % (FEW_PALETTES if width * height > LARGE else PALETTES)


@lru_cache(maxsize=128)
def _encoded(palette: int, width: int, height: int, media: str, size: int | str | None, alpha: bool = False) -> bytes:
    if size is None:
        blocks = _blocks(palette, width, height)
        if alpha:
            blocks.putalpha(_middle(width, height))
        return _save(blocks, media, 90)
    if isinstance(size, str):
        return _save(_photograph(palette, width, height), media, 92, compress_level=6)
    noise = Image.frombytes("RGB", (width, height), random.Random(palette).randbytes(width * height * 3))
    whole = len(_save(noise, media, 100))
    rows = max(1, min(height, height * size // whole))
    image = Image.new("RGB", (width, height))
    image.paste(noise.crop((0, 0, width, rows)), (0, 0))
    return _save(image, media, 100)


def _middle(width: int, height: int) -> Image.Image:
    """Opaque in the middle half, transparent around it."""
    mask = Image.new("L", (width, height), 0)
    mask.paste(255, (width // 4, height // 4, width - width // 4, height - height // 4))
    return mask


def _blocks(palette: int, width: int, height: int) -> Image.Image:
    tile = Image.frombytes("RGB", (4, 4), random.Random(palette).randbytes(48))
    return tile.resize((width, height), Image.Resampling.NEAREST)


def _photograph(palette: int, width: int, height: int) -> Image.Image:
    chance = random.Random(palette)
    shapes = Image.frombytes("RGB", (24, 24), chance.randbytes(24 * 24 * 3))
    grain = Image.frombytes("L", (width, height), chance.randbytes(width * height).translate(GRAIN))
    smooth = shapes.resize((width, height), Image.Resampling.BICUBIC)
    return ImageChops.add(smooth, Image.merge("RGB", [grain] * 3), 1, -128)


def _save(image: Image.Image, media: str, quality: int, compress_level: int = 1) -> bytes:
    out = io.BytesIO()
    match media:
        case "image/jpeg":
            image.save(out, "JPEG", quality=quality)
        case "image/webp":
            image.save(out, "WEBP", quality=quality, method=0)
        case "image/avif":
            image.save(out, "AVIF", quality=min(quality, 90), speed=10)
        case _:
            image.save(out, "PNG", compress_level=compress_level)
    return out.getvalue()


def _with_comment(data: bytes, comment: bytes, media: str) -> bytes:
    if media == "image/jpeg":
        end_of_jfif = 4 + int.from_bytes(data[4:6], "big")
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        return data[:end_of_jfif] + segment + data[end_of_jfif:]
    chunk = b"tEXtComment\0" + comment
    block = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    end_of_header = 33
    return data[:end_of_header] + block + data[end_of_header:]
