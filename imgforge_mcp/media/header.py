"""What the head of an image says before anything is decoded: its kind, its size, and the scans of a JPEG."""

import struct
from dataclasses import dataclass

MAX_SEGMENTS = 512
MAX_SCANS = 500
"""No encoder writes more: a progression has at most 64 bands and 14 bits for each of 4 components, and uses few."""
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`kind` by Pillow's name, SVG, or empty for what is no image; sizes in pixels, 0 where only a decoder knows."""

    kind: str
    width: int = 0
    height: int = 0
    scans: int = 1

    @property
    def pixels(self) -> int:
        return self.width * self.height


def read_header(data: bytes) -> Header:
    """Looks at bytes of any kind; never raises."""
    try:
        return _read(data)
    except (struct.error, IndexError):
        return Header(kind=_kind(data))


def _read(data: bytes) -> Header:
    kind = _kind(data)
    match kind:
        case "PNG":
            width, height = struct.unpack_from(">II", data, 16)
        case "JPEG":
            return _jpeg(data)
        case "WEBP":
            width, height = _webp(data)
        case "GIF":
            width, height = struct.unpack_from("<HH", data, 6)
        case "BMP":
            width, height = (abs(side) for side in struct.unpack_from("<ii", data, 18))
        case "AVIF" | "HEIF":
            width, height = _largest_extent(data)
        case _:
            width = height = 0
    return Header(kind=kind, width=width, height=height)


def _kind(data: bytes) -> str:
    head = data[:16]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[4:8] == b"ftyp":
        brands = data[8 : min(int.from_bytes(head[:4], "big"), 256)]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        return "HEIF" if any(brand in brands for brand in HEIF_BRANDS) else ""
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"BM"):
        return "BMP"
    text = data[:8192].removeprefix(b"\xef\xbb\xbf").lstrip()
    return "SVG" if text.startswith(b"<") and b"<svg" in text else ""


def _jpeg(data: bytes) -> Header:
    """Walks the segments before the first scan; the scans are counted wherever they are, in thumbnails too."""
    scans = data.count(b"\xff\xda")
    position, width, height = 2, 0, 0
    for _ in range(MAX_SEGMENTS):
        lead, marker, length = struct.unpack_from(">BBH", data, position)
        if lead != 0xFF or length < 2 or marker == 0xDA:
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
        position += 2 + length
    return Header(kind="JPEG", width=width, height=height, scans=scans)


def _webp(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        case _:
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF


def _largest_extent(data: bytes) -> tuple[int, int]:
    """The largest of the `ispe` boxes (ISO/IEC 23008-12): the picture itself, not its tiles or thumbnail."""
    largest, position = (0, 0), -1
    for _ in range(MAX_SEGMENTS):
        position = data.find(b"ispe", position + 1, 1 << 20)
        if position < 0:
            break
        width, height = struct.unpack_from(">II", data, position + 8)
        largest = max(largest, (width, height), key=lambda size: size[0] * size[1])
    return largest
