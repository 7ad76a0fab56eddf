"""What can be made of an image's bytes, by name, in a decode process."""

from collections.abc import Callable

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
