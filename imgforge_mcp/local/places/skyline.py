"""Towers in rows before one another, with their windows, antennas and neon: painted tower by tower, each in its box."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imgforge_mcp.local.pixels import Array, mix, rgb
from imgforge_mcp.local.places.lamplight import NEON, is_lit, sign
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, dot

_WARM = ((255, 214, 140), (255, 232, 186), (255, 190, 110), (206, 226, 255))
_BLACK = rgb(0, 0, 0)
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panes:
    """The windows of a front: left edges and tops, the size of one, and for each which part of it is seen at all, and
    which part of the way it is from the dark colour to the bright one."""

    lefts: Array
    tops: Array
    wide: float
    tall: float
    seen: Array
    light: Array
    dark: Array
    bright: Array


def towers(stage: Stage, row: int, mist: Array, glow: Array | None) -> None:
    """One row of them on the picture, and what of it shines on `glow`; 0 is the farthest row, 3 the nearest."""
    rng, t, unit = stage.dice(121 + row), row / 3, stage.unit
    lit = is_lit(stage)
    near = rgb(13, 12, 32) if lit else stage.light.ambient * 0.5 + stage.light.key * 0.06
    body = mix(mist * (0.6 if lit else 0.92), near, 0.3 + 0.65 * t)
    x, width = -40 * unit, 0.0
    while x < stage.width:
        width = (40 + 50 * t) * unit * float(rng.uniform(0.7, 1.6))
        middle = 1 - abs((x + width / 2) / stage.width - 0.5)
        bulge = middle * 1.05 if row < 2 else 1.45 - middle
        tall = stage.height * (0.09 + 0.34 * float(rng.random()) ** 1.5) * bulge
        box = (x, stage.horizon - tall, width, tall)
        _tower(stage, glow, rng, box, body * float(rng.uniform(0.88, 1.12)), t)
        x += width * float(rng.uniform(0.92, 1.08))


def _tower(stage: Stage, glow: Array | None, rng: np.random.Generator, box: Box, body: Array, t: float) -> None:
    x, y, width, tall = box
    bright = mix(body, stage.light.key, 0.0 if is_lit(stage) else 0.5 * (1 - 0.4 * t))
    left, right = (bright, body) if stage.sun[0] < x else (body, bright)
    _fill(stage.image, (x, y, width, tall + 4), left, right)
    if glow is not None:
        _fill(glow, (x, y, width, tall + 4), _BLACK, _BLACK)
    _roof(stage, glow, int(rng.integers(5)), box, left, right, body)
    _windows(stage, glow, rng, box, body, t)
    if stage.scene.has("neon") and t > 0.3 and rng.random() < 0.6:
        _neon_trim(stage, glow, rng, box)


def _roof(stage: Stage, glow: Array | None, kind: int, box: Box, left: Array, right: Array, body: Array) -> None:
    """A smaller storey, a gable, an antenna with its lamp, or nothing."""
    x, y, width, tall = box
    if kind == 0:
        inner = (mix(left, right, 0.2), mix(left, right, 0.8))
        _fill(stage.image, (x + width * 0.2, y - tall * 0.09, width * 0.6, tall * 0.1), *inner)
    elif kind == 1:
        for picture, ends in ((stage.image, (left, right)), (glow, (_BLACK, _BLACK))):
            if picture is not None:
                gable = Layer(stage.width, stage.height)
                shade = gable.gradient([(0, ends[0], 1), (1, ends[1], 1)], x2=1, y2=0)
                gable.polygon([(x, y + 1), (x + width / 2, y - width * 0.45), (x + width, y + 1)], shade)
                gable.lay_on(picture)
    elif kind == 2:
        _fill(stage.image, (x + width * 0.48, y - tall * 0.2, max(1.0, width * 0.04), tall * 0.2), body, body)
        if glow is not None:
            lamp = (x + width / 2, y - tall * 0.2, 2.4 * stage.unit)
            dot(stage.image, *lamp, rgb(255, 90, 90))
            dot(glow, *lamp, rgb(255, 60, 60))


def _windows(stage: Stage, glow: Array | None, rng: np.random.Generator, box: Box, body: Array, t: float) -> None:
    x, y, width, tall = box
    size = max(3.2, (7 + 5 * t) * stage.unit)
    columns, rows = int((width - size) / (size * 1.15)), int((tall - size) / (size * 1.4))
    if columns < 1 or rows < 1:
        return
    is_neon = stage.scene.has("neon") and rng.random() < 0.45
    colour = rgb(*(NEON[int(rng.integers(5))] if is_neon else _WARM[int(rng.integers(4))]))
    margin = (width - columns * size * 1.15) / 2 + size * 0.3
    lit = is_lit(stage)
    share = float(rng.uniform(0.22, 0.5)) if lit else 1.0
    is_on = rng.random((rows, columns)) <= share
    light = rng.uniform(0.45, 1.0, (rows, columns))
    panes = _Panes(
        lefts=x + margin + np.arange(columns) * size * 1.15,
        tops=y + size * 0.8 + np.arange(rows) * size * 1.4,
        wide=size * (0.56 if lit else 0.62),
        tall=size * (0.74 if lit else 0.82),
        seen=is_on * (1.0 if lit else 0.75),
        light=light if lit else light * 0.3,
        dark=_BLACK if lit else body * 0.86,
        bright=colour * (0.45 + 0.55 * t) if lit else stage.light.mist,
    )
    for picture in (stage.image, glow):
        if picture is not None:
            _glaze(picture, panes)


def _neon_trim(stage: Stage, glow: Array | None, rng: np.random.Generator, box: Box) -> None:
    x, y, width, tall = box
    colour = NEON[int(rng.integers(5))]
    line = max(1.2, 2.6 * stage.unit)
    bodies, lights = Layer(stage.width, stage.height), Layer(stage.width, stage.height)
    if rng.integers(2):
        for layer in (bodies, lights):
            layer.line([(x, y), (x + width, y)], colour, line)
    else:
        board = (x + width * 0.3, y + tall * 0.14, 17 * stage.unit, min(tall * 0.6, 110 * stage.unit))
        sign(bodies, lights, rng, board, colour, line)
    bodies.lay_on(stage.image)
    if glow is not None:
        lights.lay_on(glow)


def _fill(picture: Array, box: Box, left: Array, right: Array) -> None:
    """An upright rectangle with smooth edges, its colour changing from the left edge to the right one."""
    x, y, width, tall = box
    across, columns = _covered(picture.shape[1], np.array([x]), width)
    down, rows = _covered(picture.shape[0], np.array([y]), tall)
    places = (np.arange(across.start, across.stop, dtype=np.float32) + np.float32(0.5 - x)) / np.float32(width)
    below = picture[down, across]
    below += (mix(left, right, np.clip(places, 0, 1)[:, None]) - below) * (rows * columns.T)[..., None]


def _glaze(picture: Array, panes: _Panes) -> None:
    """All windows of a front at once: they stand in rows and columns, and a pixel is covered by so much of a row and so
    much of a column."""
    across, columns = _covered(picture.shape[1], panes.lefts, panes.wide)
    down, rows = _covered(picture.shape[0], panes.tops, panes.tall)
    seen = (rows @ panes.seen @ columns.T)[..., None]
    light = (rows @ (panes.seen * panes.light) @ columns.T)[..., None]
    below = picture[down, across]
    below += (panes.dark - below) * seen + (panes.bright - panes.dark) * light


def _covered(length: int, starts: Array, size: float) -> tuple[slice, Array]:
    """Of so many pixels in a line those that the spans of that size reach, and how much of each lies in each span."""
    first, last = max(0, math.floor(starts[0])), min(length, math.ceil(starts[-1] + size))
    at = np.arange(first, max(first, last))[:, None]
    return slice(first, max(first, last)), np.clip(np.minimum(at + 1, starts + size) - np.maximum(at, starts), 0, 1)
