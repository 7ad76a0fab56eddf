"""Wet and soft media: watercolour, oil, pastel."""

from __future__ import annotations

import math

import numpy as np
from PIL import ImageDraw

from imgforge_mcp.local.pixels import Array, blur, clamp, from_image, grid, luma, mix, rgb, smooth, to_image
from imgforge_mcp.local.styles.brush import Brush, saturate, simplify, warp


def watercolour(picture: Array, brush: Brush) -> Array:
    """Washes that pool at their edges on grained paper, with a ragged margin."""
    washed = wash(picture, brush)
    rows, columns = grid(*brush.shape)
    height, width = brush.shape
    ragged = brush.noise.field(brush.shape, 150 * brush.unit, octaves=6, gain=0.58, layer=613) * 0.03
    side = min(brush.shape)
    inset = np.minimum(np.minimum(columns, width - columns), np.minimum(rows, height - rows)) / side + ragged
    painted = smooth(0.034, 0.048, inset)
    rim = np.exp(-(((inset - 0.05) / 0.007) ** 2)) * 0.2
    paper = rgb(252, 249, 241) * (1 + brush.paper() * 0.022)[..., None]
    return mix(paper, washed * (1 - rim)[..., None], painted[..., None])


def wash(picture: Array, brush: Brush) -> Array:
    """The paint itself, without the margin."""
    flowed = simplify(warp(picture, brush, 13 * brush.fine, 70, 610), brush, 1.5)
    flowed = saturate(flowed, 1.42)
    flowed = 0.1 + 0.9 * flowed**0.84
    edges = np.abs(flowed - blur(flowed, 4 * brush.unit)).max(axis=-1)
    flowed = flowed * (1 - 0.42 * np.clip(blur(edges, 1.1 * brush.unit) * 5, 0, 1))[..., None]
    flow = brush.noise.field(brush.shape, 300 * brush.unit, octaves=6, layer=612)
    flowed = flowed + (1 - flowed) * (np.clip(0.08 + flow * 0.3, 0, 0.42) * brush.fine)[..., None]
    grain = brush.paper() * 0.045
    flowed = flowed * (1 + grain[..., None] * (1.35 - flowed))
    return np.asarray(flowed * rgb(252, 249, 241), np.float32)


def oil(picture: Array, brush: Brush) -> Array:
    """Strokes laid along the forms, broad first, finer where there is more to say; then the relief of the paint."""
    rng = brush.noise.rng(620)
    base = saturate(picture, 1.15)
    canvas = blur(base, 18 * brush.unit)
    area = brush.shape[0] * brush.shape[1] / 1_048_576
    tone = luma(picture)
    flow = brush.noise.field(brush.shape, 380 * brush.unit, octaves=3, layer=621) * 3
    for reach, count in ((16.0, 1500), (8.0, 5200), (4.2, 13000)):
        size = max(1.2, reach * max(brush.unit, 0.35) * brush.fine)
        count = max(40, int(count * min(1.0, area / min(1.0, max(brush.unit, 0.35) ** 2)) / brush.fine))
        canvas = _strokes(canvas, base, tone, flow, size, count, rng)
    kept = blur(np.abs(tone - blur(tone, 7 * brush.unit)), 2 * brush.unit)
    canvas = mix(canvas, base, np.clip(kept * 4.5, 0, 0.5)[..., None])
    slope_y, slope_x = np.gradient(luma(canvas))
    relief = np.asarray((slope_x + slope_y) * 0.6, np.float32)
    return clamp(canvas + relief[..., None])


def _strokes(
    canvas: Array, base: Array, tone: Array, flow: Array, size: float, count: int, rng: np.random.Generator
) -> Array:
    height, width = tone.shape
    colours = blur(base, size * 0.45)
    slope_y, slope_x = np.gradient(blur(tone, size))
    angle = np.where(np.hypot(slope_x, slope_y) < 0.0012, flow, np.arctan2(slope_x, -slope_y))
    error = np.abs(canvas - colours).mean(axis=-1)
    rows, columns = rng.integers(0, height, count * 2), rng.integers(0, width, count * 2)
    chosen = np.argsort(-error[rows, columns] * rng.random(count * 2), kind="stable")[:count]
    chosen = chosen[rng.permutation(len(chosen))]
    jitter = rng.uniform(-0.07, 0.07, (len(chosen), 3))
    lengths, widths = (
        rng.uniform(1.6, 4, len(chosen)) * size,
        np.maximum(1, rng.uniform(0.6, 1.15, len(chosen)) * size * 1.15),
    )
    painted = to_image(canvas)
    draw = ImageDraw.Draw(painted)
    for k, place in enumerate(chosen):
        row, column = int(rows[place]), int(columns[place])
        turn = float(angle[row, column])
        dx, dy = math.cos(turn) * lengths[k], math.sin(turn) * lengths[k]
        tint = np.clip(colours[row, column] * (1 + jitter[k, 0]) + jitter[k] * 0.25, 0, 1) * 255
        draw.line(
            [column - dx, row - dy, column + dx, row + dy],
            fill=(int(tint[0]), int(tint[1]), int(tint[2])),
            width=int(widths[k]),
        )
    return from_image(painted)


def pastel(picture: Array, brush: Brush) -> Array:
    """Chalk: pale, soft, with the paper showing through."""
    soft = simplify(picture, brush, 1.2)
    pale = 1 - (1 - saturate(soft, 0.82)) * 0.62
    tooth = brush.paper(630)
    streak = brush.noise.field(brush.shape, 5 * brush.unit + 1, octaves=2, stretch=7, layer=631)
    through = np.clip(0.12 + 0.22 * tooth + 0.14 * streak, 0, 0.5)[..., None]
    return mix(pale, rgb(252, 247, 240), through)
