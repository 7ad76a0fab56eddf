"""A picture as bare pixels: what goes from the process that decodes to whoever changes them, with nothing to parse."""

import struct
from dataclasses import dataclass
from typing import Self

NOTE = "imgforge-scene"
"""The text chunk of a PNG in which a drawing of ours remembers its scene."""
MAX_NOTE = 20_000
"""Characters."""
HEAD = struct.Struct(">4sII")
MAGIC = b"rgb1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Rows of RGB, upright; sizes in pixels. `note` is what the picture's file said under NOTE, empty for most."""

    pixels: bytes
    width: int
    height: int
    note: str = ""

    def packed(self) -> bytes:
        return HEAD.pack(MAGIC, self.width, self.height) + self.pixels + self.note.encode()

    @classmethod
    def of(cls, data: bytes) -> Self:
        """What `packed` made. Raises ValueError: it is something else."""
        magic, width, height = HEAD.unpack_from(data) if len(data) >= HEAD.size else (b"", 0, 0)
        end = HEAD.size + width * height * 3
        if magic != MAGIC or not width or not height or not end <= len(data) <= end + 4 * MAX_NOTE:
            raise ValueError("These bytes are no picture's pixels.")
        return cls(pixels=data[HEAD.size : end], width=width, height=height, note=data[end:].decode())
