"""Arithmetic on pictures held as float32 arrays of 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]  # float32 at run time: the stubs lose that in mixed arithmetic
Rgb = tuple[float, float, float]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def rgb(red: float, green: float, blue: float) -> Array:
    """A colour given as 0 to 255."""
    return np.array([red, green, blue], np.float32) / np.float32(255)


def mix(first: Array | float, second: Array | float, amount: Array | float) -> Array:
    """From the first to the second; worked out in the memory of the result, where the amount is no larger than that."""
    change: Any = np.subtract(second, first, dtype=np.float32)
    if np.broadcast_shapes(change.shape, np.shape(amount)) == change.shape:
        change *= amount
    else:
        change = change * amount
    change += first
    return np.asarray(change, np.float32)


def clamp(picture: Array) -> Array:
    """Within 0 to 1, as float32."""
    return np.clip(picture, 0, 1).astype(np.float32, copy=False)


def over(below: Array, above: Array | float, mask: Array) -> Array:
    """`above` where the mask is 1; the mask has no colour axis."""
    return mix(below, above, mask[..., None])


def smooth(start: float, end: float, value: Array) -> Array:
    """0 before `start`, 1 after `end`, an S between."""
    t = np.clip((value - start) / (end - start), 0, 1).astype(np.float32, copy=False)
    rise = 3 - 2 * t
    rise *= t
    rise *= t
    return cast(Array, rise)


def ramp(stops: Sequence[tuple[float, Rgb]], value: Array) -> Array:
    """A gradient of colours 0 to 255, looked up."""
    positions = [position for position, _ in stops]
    table = np.stack(
        [np.interp(np.linspace(0, 1, 512), positions, [colour[k] / 255 for _, colour in stops]) for k in range(3)], -1
    ).astype(np.float32)
    index = np.clip(value * 511, 0, 511).astype(np.int32)
    return cast(Array, table[index])


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Row and column numbers that broadcast: (H, 1) and (1, W)."""
    return np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]


def luma(picture: Array) -> Array:
    return cast(Array, picture @ LUMA)


def resize(field: Array, height: int, width: int, resample: Image.Resampling = Image.Resampling.BILINEAR) -> Array:
    """Float pictures of one or three channels, resized without rounding to bytes."""
    if field.shape[:2] == (height, width):
        return field
    if field.ndim == 2:
        return np.asarray(Image.fromarray(np.ascontiguousarray(field)).resize((width, height), resample), np.float32)
    return np.stack([resize(field[..., k], height, width, resample) for k in range(field.shape[2])], -1)


def blur(field: Array, radius: float) -> Array:
    """A soft Gaussian; wide ones are made small first, so that width costs nothing."""
    if radius < 0.3:
        return field
    height, width = field.shape[:2]
    shrink = int(max(1, min(radius / 1.5, height / 4, width / 4)))
    if shrink > 1:
        small = resize(field, math.ceil(height / shrink), math.ceil(width / shrink), Image.Resampling.BOX)
        return resize(_convolve(small, radius / shrink), height, width, Image.Resampling.BICUBIC)
    return _convolve(field, radius)


def _convolve(field: Array, sigma: float) -> Array:
    reach = max(1, min(int(sigma * 2.6 + 0.5), 12))
    taps = np.exp(-0.5 * (np.arange(reach + 1) / sigma) ** 2).astype(np.float32)
    taps /= taps[0] + 2 * taps[1:].sum()
    for axis in (0, 1):
        pad = [(reach, reach) if k == axis else (0, 0) for k in range(field.ndim)]
        wide = np.pad(field, pad, mode="edge")
        length = field.shape[axis]
        rows = wide if axis == 0 else np.swapaxes(wide, 0, 1)
        out = np.empty_like(field)
        to = out if axis == 0 else np.swapaxes(out, 0, 1)
        np.multiply(rows[reach : reach + length], taps[0], out=to)
        for k in range(1, reach + 1):
            pair = rows[reach - k : reach - k + length] + rows[reach + k : reach + k + length]
            pair *= taps[k]
            to += pair
        field = out
    return field


def to_image(picture: Array) -> Image.Image:
    values = np.clip(picture, 0, 1)
    values *= 255
    values += 0.5
    return Image.fromarray(values.astype(np.uint8))


def from_image(picture: Image.Image) -> Array:
    return cast(Array, np.multiply(np.asarray(picture.convert("RGB")), np.float32(1 / 255)))
