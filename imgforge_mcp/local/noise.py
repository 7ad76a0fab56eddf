"""Smooth random fields: what clouds, rock, waves and paper are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]  # float32 at run time: the stubs lose that in mixed arithmetic

_TILE = 512
SMALL_PICTURE = 640
"""Pixels of a shorter side below which a texture of half the size is as fine as the picture."""


class Noise:
    """Repeatable noise of one seed; each `layer` number is another field."""

    def __init__(self, seed: int, side: int = 1024) -> None:
        """`side` is the shorter one of the picture."""
        self.seed = seed & 0xFFFFFFFF
        self._size = _TILE if side > SMALL_PICTURE else _TILE // 2
        self._tiles: dict[tuple[int, int, int, bool], Array] = {}

    def rng(self, layer: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, layer))

    def field(
        self,
        shape: tuple[int, int],
        cell: float,
        *,
        octaves: int = 4,
        gain: float = 0.5,
        stretch: float = 1.0,
        layer: int = 0,
    ) -> Array:
        """Fractal noise about -1 to 1 over a picture; `cell` is the largest feature in pixels."""
        total = np.zeros(shape, np.float32)
        weight, norm = 1.0, 0.0
        for octave in range(octaves):
            size = max(1.0, cell / 2**octave)
            total += weight * self._octave(shape, size, size * stretch, layer * 97 + octave)
            norm += weight
            weight *= gain
            if size <= 1.0:
                break
        return total * np.float32(1.5 / norm)

    def line(self, length: int, cell: float, *, octaves: int = 4, gain: float = 0.5, layer: int = 0) -> Array:
        """The same along one dimension."""
        return self.field((1, length), cell, octaves=octaves, gain=gain, layer=layer).reshape(length)

    def _octave(self, shape: tuple[int, int], cell_y: float, cell_x: float, layer: int) -> Array:
        height, width = shape
        if height > 1 and max(cell_x, cell_y) <= 1.5:
            return self.rng(layer).uniform(-1, 1, shape).astype(np.float32)
        cell_x, cell_y = max(cell_x, 1.0), max(cell_y, 1.0)
        rows, columns = math.ceil(height / cell_y) + 3, math.ceil(width / cell_x) + 3
        grid = self.rng(layer).uniform(-1, 1, (rows, columns)).astype(np.float32)
        box = (1.0, 1.0, 1.0 + width / cell_x, 1.0 + height / cell_y)
        picture = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC, box=box)
        return np.asarray(picture, np.float32)

    def tile(self, cells: int, *, octaves: int = 5, layer: int = 0, ridged: bool = False) -> Array:
        """A texture that repeats seamlessly, for `sample`."""
        key = (cells, octaves, layer, ridged)
        if key not in self._tiles:
            self._tiles[key] = self._make_tile(cells, octaves, layer, ridged)
        return self._tiles[key]

    def _make_tile(self, cells: int, octaves: int, layer: int, ridged: bool) -> Array:
        counts = [cells * 2**octave for octave in range(octaves) if cells * 2**octave <= self._size]
        weights = [0.5**octave for octave in range(len(counts))]
        grids = [
            self.rng(layer * 131 + octave + 7).uniform(-1, 1, (count, count)).astype(np.float32)
            for octave, count in enumerate(counts)
        ]
        make = _ridges if ridged else _swell
        return make(grids, weights, self._size) * np.float32((1.0 if ridged else 1.5) / sum(weights))


def _swell(grids: list[Array], weights: list[float], size: int) -> Array:
    """The octaves one upon the other, each laid on what the coarser ones gave at its own fineness."""
    total = grids[0] * np.float32(weights[0])
    for grid, weight in zip(grids[1:], weights[1:], strict=True):
        total = _wrapped(total, len(grid)) + grid * np.float32(weight)
    return _wrapped(total, size)


def _ridges(grids: list[Array], weights: list[float], size: int) -> Array:
    """Crests where an octave passes through nothing, and finer ones only along those."""
    total, carry = np.zeros((size, size), np.float32), np.ones((size, size), np.float32)
    for grid, weight in zip(grids, weights, strict=True):
        crest = (1 - np.abs(_wrapped(grid, size)) * np.float32(1.25)) ** 2
        total += np.float32(weight) * crest * carry
        carry = np.clip(crest * np.float32(1.5), 0, 1)
    return total


def _wrapped(field: Array, size: int) -> Array:
    """The square field drawn larger; its edges meet."""
    count = len(field)
    if count == size:
        return field
    picture = Image.fromarray(np.pad(field, 3, mode="wrap"))
    box = (3.0, 3.0, 3.0 + count, 3.0 + count)
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC, box=box), np.float32)


def sample(tile: Array, u: Array, v: Array) -> Array:
    """Look the tile up at (u, v), in tiles, between its pixels."""
    size = tile.shape[0]
    beyond = np.pad(tile, (0, 1), mode="wrap").ravel()  # its right and lower neighbours are there without a thought
    x, y = u * np.float32(size), v * np.float32(size)
    left, top = np.floor(x), np.floor(y)
    x -= left
    y -= top
    at = (left.astype(np.intp) & (size - 1)) + (top.astype(np.intp) & (size - 1)) * (size + 1)
    upper = _between(beyond, at, x)
    at += size + 1
    lower = _between(beyond, at, x)
    lower -= upper
    lower *= y
    lower += upper
    return lower


def _between(values: Array, at: NDArray[np.intp], share: Array) -> Array:
    first = values.take(at)
    change = values.take(at + 1)
    change -= first
    change *= share
    change += first
    return change
