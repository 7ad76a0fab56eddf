"""Line and print: pencil, ink, anime, pop art."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.pixels import Array, blur, clamp, grid, luma, mix, rgb, smooth
from imgforge_mcp.local.styles.brush import Brush, outlines, saturate, simplify


def pencil(picture: Array, brush: Brush) -> Array:
    """Graphite: outlines by dodging, hatching that grows with the dark, no colour."""
    tone = luma(picture)
    low, high = np.percentile(tone, (2, 98))
    tone = np.clip((tone - low) / max(float(high - low), 0.05), 0, 1) ** 1.15
    dodge = np.clip(tone / (1.001 - blur(1 - tone, 7 * brush.unit)), 0, 1) ** 2.4
    rows, columns = grid(*brush.shape)
    wobble = brush.noise.field(brush.shape, 120 * brush.unit, octaves=2, layer=640) * 7 * brush.unit
    step = max(2.6, 5.2 * brush.unit)
    first = 0.5 + 0.5 * np.sin((columns + rows + wobble) * 6.2832 / step)
    second = 0.5 + 0.5 * np.sin((columns - rows * 0.8 + wobble) * 6.2832 / step)
    shade = 1 - smooth(-0.1, 0.62, 0.74 - tone) * 0.66 * (0.45 + 0.55 * (1 - first))
    shade = shade * (1 - smooth(0.0, 0.4, 0.42 - tone) * 0.7 * (0.35 + 0.65 * (1 - second)))
    grain = 1 + 0.07 * brush.paper(641)
    sheet = np.clip(dodge * shade * grain, 0, 1)
    sheet = 0.14 + 0.86 * sheet
    return np.repeat((sheet * 0.985)[..., None], 3, axis=2).astype(np.float32)


def ink(picture: Array, brush: Brush) -> Array:
    """Black lines and blacks on cream, with ruled hatching between."""
    soft = simplify(picture, brush)
    tone = luma(soft)
    low, high = np.percentile(tone, (4, 96))
    tone = np.clip((tone - low) / max(float(high - low), 0.05), 0, 1)
    line = outlines(soft, brush, sharpness=44, width=1.9)
    rows, columns = grid(*brush.shape)
    wobble = brush.noise.field(brush.shape, 160 * brush.unit, octaves=2, layer=645) * 5 * brush.unit
    step = max(3.2, 8.0 * brush.unit)
    wave = np.abs(np.mod((rows + columns * 0.55 + wobble) / step, 1) - 0.5) * 2
    hatch = smooth(-0.16, 0.16, tone * 1.55 - 0.1 - (1 - wave))
    black = smooth(0.1, 0.17, tone)
    sheet = np.clip(line * hatch * black, 0, 1)[..., None]
    paper = rgb(248, 243, 232) * (1 + 0.02 * brush.paper(646))[..., None]
    return mix(np.broadcast_to(rgb(24, 22, 26), picture.shape), paper, sheet)


def anime(picture: Array, brush: Brush) -> Array:
    """Clean cells of colour, fine lines, luminous air."""
    soft = saturate(simplify(picture, brush, 0.8), 1.34)
    tone = luma(soft)[..., None]
    steps = 7.0
    stepped = (np.floor(tone * steps) + smooth(0.35, 0.65, np.mod(tone * steps, 1))) / steps
    cells = soft * (stepped / np.maximum(tone, 0.04)) * 0.65 + soft * 0.35
    cells = cells**0.9
    line = outlines(soft, brush, sharpness=20, width=1.1)
    inked = cells * (0.42 + 0.58 * line)[..., None]
    glow = blur(np.clip(inked - 0.78, 0, 1), 16 * brush.unit)
    return clamp(inked + glow * 0.5 + rgb(4, 6, 12))


def pop(picture: Array, brush: Brush) -> Array:
    """Screen print: a few loud colours, halftone dots, heavy outline."""
    soft = simplify(picture, brush, 1.4)
    tone = luma(soft)
    loud = np.clip(np.round(saturate(soft, 1.9) * 3.2) / 3.2, 0, 1)
    rows, columns = grid(*brush.shape)
    step = max(4.0, 12 * brush.unit)
    u, v = (rows + columns) / step, (rows - columns) / step
    dots = np.hypot(np.mod(u, 1) - 0.5, np.mod(v, 1) - 0.5)
    dark = smooth(-0.05, 0.05, dots - (1 - tone) * 0.62)
    printed = loud * (0.5 + 0.5 * dark)[..., None]
    line = outlines(soft, brush, sharpness=40, width=2.2)
    return clamp(mix(np.broadcast_to(rgb(20, 18, 28), picture.shape), printed, line[..., None]))
