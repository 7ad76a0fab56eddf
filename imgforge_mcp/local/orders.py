"""What the processes that draw are asked for, and what they make: plain values that go over a pipe."""

import json
from dataclasses import dataclass
from typing import Self

from imgforge_mcp.base.types import Json

GO_ON, STOP = b"go on", b"stop"
"""What a process is told after each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One job for a process that draws: `module` and `arguments` say which, `name` is how messages call it. `said` is
    what to draw, `data` the bytes of pictures that belong to it."""

    module: str
    arguments: tuple[str, ...] = ()
    name: str
    said: Json
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Encoded pictures, each with its seed; and what the illustrator has to say about them, see `local.Drawing`."""

    pictures: tuple[tuple[bytes, int], ...]
    warnings: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()

    def frame(self) -> tuple[Json, bytes]:
        """As a process answers it."""
        said = {
            "pictures": [(len(data), seed) for data, seed in self.pictures],
            "warnings": self.warnings,
            "drawn": self.drawn,
            "not_drawn": self.not_drawn,
        }
        return said, b"".join(data for data, _ in self.pictures)

    @classmethod
    def of(cls, said: Json, data: bytes) -> Self:
        """What `frame` made. Raises KeyError, TypeError or ValueError: it is something else."""
        pictures, start = [], 0
        for length, seed in said["pictures"]:
            pictures.append((data[start : start + length], int(seed)))
            start += length
        lists = {name: tuple(map(str, said[name])) for name in ("warnings", "drawn", "not_drawn")}
        return cls(pictures=tuple(pictures), **lists)


def encoded(said: Json) -> bytes:
    return json.dumps(said).encode()
