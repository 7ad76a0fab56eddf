"""What every style needs: noise, the picture's size, and small filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from imgforge_mcp.local.noise import Noise
from imgforge_mcp.local.pixels import Array, blur, from_image, luma, mix, resize, smooth, to_image


@dataclass(frozen=True, slots=True)
class Brush:
    """`unit` is one pixel of a picture with a side of 1024; `fine` below 1 keeps more detail."""

    noise: Noise
    shape: tuple[int, int]
    unit: float
    overcast: bool = False
    fine: float = 1.0

    def paper(self, layer: int = 600) -> Array:
        """The tooth of paper, about -1 to 1."""
        return self.noise.field(self.shape, 6 * self.unit + 1.6, octaves=3, gain=0.7, layer=layer)


def simplify(picture: Array, brush: Brush, strength: float = 1.0) -> Array:
    """Small detail gone, edges kept: a median at reduced size."""
    height, width = brush.shape
    shrink = max(1, round(2 * brush.unit * strength * brush.fine + 0.2))
    image = to_image(picture)
    small = image.resize((max(8, width // shrink), max(8, height // shrink)), Image.Resampling.BOX)
    for _ in range(2 if brush.fine >= 1 else 1):
        small = small.filter(ImageFilter.MedianFilter(5 if brush.unit * brush.fine > 0.4 else 3))
    return from_image(small.resize((width, height), Image.Resampling.BICUBIC))


def outlines(picture: Array, brush: Brush, *, sharpness: float = 26.0, width: float = 1.5) -> Array:
    """Dark lines where tone changes: 1 on paper, 0 in the line."""
    tone = luma(picture)
    fine, broad = blur(tone, width * max(brush.unit, 0.45)), blur(tone, width * 1.9 * max(brush.unit, 0.45))
    return np.asarray(1 - smooth(0.012, 0.012 + 1 / sharpness, broad - fine), np.float32)


def saturate(picture: Array, amount: float) -> Array:
    grey = luma(picture)[..., None]
    vivid = mix(grey, picture, amount)
    return np.clip(vivid, 0, 1, out=vivid)


def warp(picture: Array, brush: Brush, reach: float, cell: float, layer: int) -> Array:
    """Edges that wobble as a hand does."""
    height, width = brush.shape
    down = brush.noise.field(brush.shape, cell * brush.unit, octaves=3, layer=layer) * reach * brush.unit
    across = brush.noise.field(brush.shape, cell * brush.unit, octaves=3, layer=layer + 1) * reach * brush.unit
    rows = np.clip(np.arange(height)[:, None] + down, 0, height - 1).astype(np.int32)
    columns = np.clip(np.arange(width)[None] + across, 0, width - 1).astype(np.int32)
    return picture[rows, columns]


def reduced(picture: Array, factor: int) -> Array:
    height, width = picture.shape[:2]
    return resize(picture, max(4, height // factor), max(4, width // factor), Image.Resampling.BOX)
