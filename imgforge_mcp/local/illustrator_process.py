"""The inside of the illustrator's process: composes one picture after the other, from a prompt or from a picture."""

import os
from functools import partial

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Json
from imgforge_mcp.local import Drawing, Report, adjust, draw
from imgforge_mcp.local.orders import Made
from imgforge_mcp.local.serving import Line, serve

SEEDS = 2**31


def main() -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # nothing here is large enough for more, and each takes memory
    serve(made)


def made(said: Json, canvas: bytes, line: Line) -> Made:
    """Raises InvalidRequest: the instruction holds nothing that can be done to a picture."""
    first, number = said.pop("seed"), said.pop("n")
    drawings = [
        _drawing(said, canvas, (first + position) % SEEDS, partial(_told, line, position, number))
        for position in range(number)
    ]
    missing = tuple(dict.fromkeys(entry for drawing in drawings for entry in drawing.not_drawn))
    drawn = dict.fromkeys(entry for drawing in drawings for entry in drawing.drawn)
    return Made(
        pictures=tuple((drawing.data, drawing.seed) for drawing in drawings),
        warnings=tuple(dict.fromkeys(warning for drawing in drawings for warning in drawing.warnings)),
        drawn=tuple(entry for entry in drawn if all(entry in drawing.drawn for drawing in drawings)),
        not_drawn=missing,
    )


def _drawing(said: Json, canvas: bytes, seed: int, progress: Report) -> Drawing:
    if not canvas:
        return draw(**said, seed=seed, progress=progress)
    size = {"width": said["width"], "height": said["height"]}
    try:
        return adjust(canvas, said["prompt"], **size, seed=seed, progress=progress)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def _told(line: Line, position: int, number: int, fraction: float, what: str) -> None:
    line.step((position + fraction) / number, what)


if __name__ == "__main__":
    main()
