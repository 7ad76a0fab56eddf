"""The eye of a camera: the plain development of every picture, and grades."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.pixels import Array, blur, clamp, grid, luma, mix, ramp, rgb, smooth
from imgforge_mcp.local.styles.brush import Brush, saturate

_STRIP = 64
"""Rows that are developed at once: so few that they stay in the processor's own memory."""


def develop(picture: Array, brush: Brush) -> Array:
    """Bloom, contrast, a breath of vignette and grain."""
    bloom = blur(np.clip(picture - 0.8, 0, 1), 12 * brush.unit)
    shade = 1 - 0.2 * _corners(brush)
    grain = brush.noise.rng(680).standard_normal(brush.shape, np.float32)
    grain *= np.float32(0.008)
    developed = np.empty(picture.shape, np.float32)
    for start in range(0, len(picture), _STRIP):
        part = slice(start, start + _STRIP)
        result = bloom[part] * (0.35 if brush.overcast else 0.7)
        result += picture[part]
        result = saturate(np.clip(result, 0, 1, out=result), 1.09)
        result = mix(result, result * result * (3 - 2 * result), 0.3)
        result *= shade[part, :, None]
        result += grain[part, :, None]
        np.clip(result, 0, 1, out=developed[part])
    return developed


def _corners(brush: Brush) -> Array:
    rows, columns = grid(*brush.shape)
    reach = np.hypot(columns / brush.shape[1] - 0.5, rows / brush.shape[0] - 0.5) * 1.4
    return smooth(0.5, 1.0, reach)


def cinematic(picture: Array, brush: Brush) -> Array:
    """Teal shadows, amber lights, glow, dark corners."""
    tone = luma(picture)[..., None]
    dark, light = np.clip(1 - tone * 1.7, 0, 1), np.clip(tone * 1.5 - 0.35, 0, 1)
    graded = picture + dark * (rgb(0, 12, 22) - rgb(10, 0, 0)) + light * (rgb(16, 6, 0) - rgb(0, 0, 14))
    graded = np.clip((graded - 0.5) * 1.12 + 0.49, 0, 1)
    graded = graded + blur(np.clip(graded - 0.78, 0, 1), 20 * brush.unit) * 0.4
    return clamp(graded * (1 - 0.34 * _corners(brush))[..., None])


def noir(picture: Array, brush: Brush) -> Array:
    """Black and white with hard light and deep corners."""
    tone = luma(picture)
    low, high = np.percentile(tone, (2, 98))
    tone = np.clip((tone - low) / max(float(high - low), 0.06), 0, 1)
    tone = tone * tone * (3 - 2 * tone)
    tone = tone + blur(np.clip(tone - 0.75, 0, 1), 14 * brush.unit) * 0.5
    tone = tone * (1 - 0.5 * _corners(brush)) + brush.noise.rng(681).normal(0, 0.022, brush.shape)
    return np.repeat(np.clip(tone, 0, 1)[..., None], 3, axis=2).astype(np.float32)


def vintage(picture: Array, brush: Brush) -> Array:
    """A print left in a drawer: lifted blacks, warm fade, a leak of light."""
    tone = luma(picture)[..., None]
    faded = mix(picture, tone * rgb(255, 236, 204), 0.45)
    faded = 0.1 + faded * 0.84
    faded = faded * rgb(255, 244, 222) + rgb(8, 4, 0)
    rows, columns = grid(*brush.shape)
    leak = np.exp(-(((columns / brush.shape[1] - 1.02) / 0.22) ** 2)) * (0.6 + 0.4 * np.sin(rows / brush.shape[0] * 4))
    faded = faded + (leak * 0.2)[..., None] * rgb(255, 140, 60)
    grain = brush.noise.rng(682).normal(0, 0.024, brush.shape).astype(np.float32)
    return clamp(faded * (1 - 0.3 * _corners(brush))[..., None] + grain[..., None])


def neon(picture: Array, brush: Brush) -> Array:
    """Night falls and every edge is a tube of light."""
    rows, columns = grid(*brush.shape)
    soft = blur(picture, 2 * brush.unit)
    slope_y, slope_x = np.gradient(luma(soft))
    edge = np.clip(np.hypot(slope_x, slope_y) * 16 * max(brush.unit, 0.35) - 0.12, 0, 1)
    drift = (columns / brush.shape[1] + rows / brush.shape[0]) / 2 + brush.noise.field(
        brush.shape, 400 * brush.unit, octaves=2, layer=683
    ) * 0.2
    stops = (
        (0.0, (40.0, 232.0, 255.0)),
        (0.35, (120.0, 90.0, 255.0)),
        (0.65, (255.0, 50.0, 190.0)),
        (1.0, (255.0, 160.0, 70.0)),
    )
    tube = ramp(stops, drift) * edge[..., None]
    night = saturate(picture, 1.5) * rgb(84, 58, 138) * 0.9 + rgb(8, 4, 22)
    glow = blur(tube, 3 * brush.unit) * 0.8 + blur(tube, 14 * brush.unit) * 0.9
    return clamp(night + tube * 0.9 + glow)
