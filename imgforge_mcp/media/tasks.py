"""What can be made of an image's bytes, by name, in a decode process; and how it is asked for there."""

import struct
from collections.abc import Callable
from typing import IO, Any

from imgforge_mcp.media.convert import (
    InputImage,
    as_canvas,
    as_input,
    as_marks,
    as_mask,
    inspect,
    inspect_vector,
    miniature,
    preview,
    scaled,
)
from imgforge_mcp.media.writing import made, measurement

TASKS: dict[str, Callable[..., InputImage]] = {
    "inspect": inspect,
    "inspect_vector": inspect_vector,
    "preview": preview,
    "scaled": scaled,
    "miniature": miniature,
    "as_canvas": as_canvas,
    "as_input": as_input,
    "as_marks": as_marks,
    "as_mask": as_mask,
    "as_made": made,
    "measurement": measurement,
}
Json = dict[str, Any]
HEAD = struct.Struct(">IQ")
"""A frame: the lengths of a JSON object and of the bytes that follow it."""
MAX_JSON = 64 * 1024
MAX_BYTES = 512 * 1024 * 1024


def write_frame(pipe: IO[bytes], said: bytes, data: bytes) -> None:
    """Raises OSError: nobody reads."""
    pipe.write(HEAD.pack(len(said), len(data)))
    pipe.write(said)
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> tuple[bytes, bytes] | None:
    """None when the other end is gone, or sends what it never would."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    said, data = HEAD.unpack(head)
    if said > MAX_JSON or data > MAX_BYTES:
        return None
    first, second = pipe.read(said), pipe.read(data)
    return (first, second) if len(first) + len(second) == said + data else None
