"""A camera over a landscape of heights: which ground each pixel sees, and its colour there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgforge_mcp.local.pixels import Array, resize
from imgforge_mcp.local.stage import Stage

STEPS = 460
EYE = 0.35


@dataclass(slots=True)
class Field:
    """Ground samples in rows of growing distance `z` (N, 1) and sideways position `x` (N, C)."""

    z: Array
    x: Array
    focal: float
    columns: int


@dataclass(slots=True)
class View:
    """What is seen: `index` is the sample row behind each pixel (-1 for sky), `top` the first seen row a column."""

    visible: NDArray[np.bool_]
    near: NDArray[np.int32]
    share: Array
    field: Field
    screen: Array
    crest: Array

    def look(self, values: Array) -> Array:
        """Values on the ground samples, carried to the pixels that see them."""
        values = np.broadcast_to(values, (STEPS, self.field.columns, *values.shape[2:]))
        columns = np.arange(self.field.columns)[None, :]
        near = values[self.near, columns]
        far = values[np.minimum(self.near + 1, STEPS - 1), columns]
        share = self.share if values.ndim == 2 else self.share[..., None]
        return np.asarray(near + (far - near) * share, np.float32)


def open_field(stage: Stage, *, nearest: float = 0.55, farthest: float = 62.0) -> Field:
    columns = stage.width
    focal = max(stage.width * 0.62, stage.height * 0.9)
    z = np.geomspace(nearest, farthest, STEPS).astype(np.float32)[:, None]
    x = (np.arange(columns, dtype=np.float32)[None] - columns / 2) / np.float32(focal) * z
    return Field(z=z, x=x, focal=focal, columns=columns)


def see(stage: Stage, field: Field, heights: Array) -> View:
    """Per-column visibility: a sample shows where it rises above everything nearer."""
    screen = stage.horizon - np.float32(field.focal) * (heights - np.float32(EYE)) / field.z
    crest = np.minimum.accumulate(screen, axis=0)
    rows = stage.height
    bucket = np.clip(np.ceil(crest), 0, rows).astype(np.int64)
    flat = bucket * field.columns + np.arange(field.columns)[None, :]
    counts = np.bincount(flat.ravel(), minlength=(rows + 1) * field.columns).reshape(rows + 1, field.columns)
    # samples whose crest lies below row r (greater than r) hide nothing there: their number is the first that shows
    below = counts[::-1].cumsum(axis=0)[::-1]
    first = below[1:, :]
    visible = first < STEPS
    far = np.minimum(first, STEPS - 1)
    near = np.maximum(far - 1, 0).astype(np.int32)
    columns = np.arange(field.columns)[None, :]
    upper, lower = crest[far, columns], crest[near, columns]
    gap = lower - upper
    row_numbers = np.arange(rows, dtype=np.float32)[:, None]
    share = np.where(gap > 1e-3, (lower - row_numbers) / np.maximum(gap, 1e-3), 0)
    return View(visible, near, np.clip(share, 0, 1).astype(np.float32), field, screen, crest)


def slopes(field: Field, heights: Array) -> tuple[Array, Array]:
    """Rise per unit sideways and away."""
    away = np.gradient(heights, axis=0) / np.gradient(field.z[:, 0])[:, None]
    sideways = np.gradient(heights, axis=1) / (field.z / np.float32(field.focal))
    return sideways.astype(np.float32), away.astype(np.float32)


def soften_edge(visible: NDArray[np.bool_], scale: int = 1) -> Array:
    """An anti-aliased mask of the ground."""
    mask = visible.astype(np.float32)
    height, width = mask.shape
    return resize(resize(mask, height * 2, width * 2), height, width) if scale > 1 else mask
