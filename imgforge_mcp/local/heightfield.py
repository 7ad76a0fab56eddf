"""A camera over a landscape of heights: which ground each pixel sees, and its colour there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgforge_mcp.local.noise import SMALL_PICTURE
from imgforge_mcp.local.pixels import Array
from imgforge_mcp.local.stage import Stage

EYE = 0.35
_STEPS, _FEW_STEPS = 460, 300
"""Rows of samples, and those that do for a small picture."""


@dataclass(slots=True)
class Field:
    """Ground samples in rows of growing distance `z` (N, 1) and sideways position `x` (N, C)."""

    z: Array
    x: Array
    focal: float
    columns: int


@dataclass(slots=True)
class View:
    """What is seen in the rows from `top` on, above which all is sky: `visible` where it is ground, `near` the sample
    row behind each pixel and `share` how far it is on the way to the next."""

    top: int
    visible: NDArray[np.bool_]
    near: NDArray[np.intp]
    share: Array
    field: Field
    screen: Array
    crest: Array

    def look(self, values: Array) -> Array:
        """Values on the ground samples, carried to the pixels that see them, from `top` on."""
        steps, columns = len(self.field.z), self.field.columns
        values = np.broadcast_to(values, (steps, columns, *values.shape[2:]))
        flat = values.reshape(steps * columns, *values.shape[2:])
        at = self.near * columns + np.arange(columns)[None, :]
        near = flat.take(at, axis=0)
        np.minimum(self.near + 1, steps - 1, out=at)
        at *= columns
        at += np.arange(columns)[None, :]
        seen = flat.take(at, axis=0)
        seen -= near
        seen *= self.share if values.ndim == 2 else self.share[..., None]
        seen += near
        return np.asarray(seen, np.float32)


def open_field(stage: Stage, *, nearest: float = 0.55, farthest: float = 62.0) -> Field:
    columns = stage.width
    focal = max(stage.width * 0.62, stage.height * 0.9)
    steps = _STEPS if min(stage.shape) > SMALL_PICTURE else _FEW_STEPS
    z = np.geomspace(nearest, farthest, steps).astype(np.float32)[:, None]
    x = (np.arange(columns, dtype=np.float32)[None] - columns / 2) / np.float32(focal) * z
    return Field(z=z, x=x, focal=focal, columns=columns)


def see(stage: Stage, field: Field, heights: Array) -> View:
    """Per-column visibility: a sample shows where it rises above everything nearer."""
    screen = stage.horizon - np.float32(field.focal) * (heights - np.float32(EYE)) / field.z
    crest = np.minimum.accumulate(screen, axis=0)
    top = int(np.clip(crest[-1].min(), 0, stage.height - 1))
    rows, steps = stage.height - top, len(field.z)
    bucket = np.clip(np.ceil(crest) - top, 0, rows).astype(np.intp)
    bucket *= field.columns
    bucket += np.arange(field.columns)[None, :]
    counts = np.bincount(bucket.ravel(), minlength=(rows + 1) * field.columns).reshape(rows + 1, field.columns)
    # samples whose crest lies below row r (greater than r) hide nothing there: their number is the first that shows
    first = counts[:0:-1].cumsum(axis=0)[::-1]
    visible = first < steps
    far = np.minimum(first, steps - 1)
    near = np.maximum(far - 1, 0)
    columns = np.arange(field.columns)[None, :]
    upper, lower = crest[far, columns], crest[near, columns]
    gap = lower - upper
    lower -= np.arange(top, stage.height, dtype=np.float32)[:, None]
    share = np.where(gap > 1e-3, lower / np.maximum(gap, 1e-3), 0)
    return View(top, visible, near, np.clip(share, 0, 1).astype(np.float32), field, screen, crest)


def slopes(field: Field, heights: Array) -> tuple[Array, Array]:
    """Rise per unit sideways and away."""
    away = np.gradient(heights, axis=0) / np.gradient(field.z[:, 0])[:, None]
    sideways = np.gradient(heights, axis=1) / (field.z / np.float32(field.focal))
    return sideways.astype(np.float32), away.astype(np.float32)
