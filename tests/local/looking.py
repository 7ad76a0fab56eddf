"""Eyes for the tests: pictures as numbers, and what can be measured of them."""

import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgforge_mcp.local import draw

Pixels = NDArray[np.float32]
SIDE = 160


@functools.cache
def seen(
    prompt: str,
    *,
    seed: int = 3,
    width: int = SIDE,
    height: int = SIDE,
    style: str | None = None,
    without: str | None = None,
) -> Pixels:
    """The drawing of a prompt as an array of 0 to 1; looked at, never changed."""
    drawing = draw(prompt, width=width, height=height, seed=seed, style=style, negative_prompt=without)
    return pixels(drawing.data)


def pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32) * np.float32(1 / 255)


def warmth(picture: Pixels) -> float:
    """Red less blue."""
    return float((picture[..., 0] - picture[..., 2]).mean())


def lightness(picture: Pixels) -> float:
    return float(picture.mean())


def colourfulness(picture: Pixels) -> float:
    return float((picture.max(axis=-1) - picture.min(axis=-1)).mean())


def upper(picture: Pixels, share: float = 0.4) -> Pixels:
    return picture[: int(picture.shape[0] * share)]


def lower(picture: Pixels, share: float = 0.3) -> Pixels:
    return picture[int(picture.shape[0] * (1 - share)) :]


def middle(picture: Pixels, share: float = 0.4) -> Pixels:
    height, width = picture.shape[:2]
    rows, columns = int(height * (1 - share) / 2), int(width * (1 - share) / 2)
    return picture[rows : height - rows, columns : width - columns]


def difference(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first - second).mean())


def components(mask: NDArray[np.bool_], least: int) -> int:
    """Connected areas of at least `least` pixels."""
    left = mask.copy()
    found = 0
    for row, column in np.argwhere(mask):
        if not left[row, column]:
            continue
        todo, size = [(int(row), int(column))], 0
        left[row, column] = False
        while todo:
            r, c = todo.pop()
            size += 1
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                y, x = r + dr, c + dc
                if 0 <= y < left.shape[0] and 0 <= x < left.shape[1] and left[y, x]:
                    left[y, x] = False
                    todo.append((y, x))
        found += size >= least
    return found
