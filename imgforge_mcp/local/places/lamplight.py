"""Lamps, lit windows and neon signs: when they are on, and how they shine."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imgforge_mcp.local.pixels import Array, blur, mix, resize, rgb
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer

NEON = ((255, 52, 160), (40, 228, 255), (255, 188, 60), (150, 96, 255), (60, 255, 176))


def is_lit(stage: Stage) -> bool:
    return stage.scene.time in ("night", "dusk") or stage.scene.has("neon")


def sign(
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
    colour: tuple[int, int, int],
    line: float,
) -> None:
    """An upright neon sign with strokes that look like writing of no language."""
    x, y, width, tall = box
    bodies.rect(x, y, width, tall, tuple(v * 0.16 for v in colour), radius=width * 0.1)
    strokes: list[list[tuple[float, float]]] = [[(x, y), (x + width, y), (x + width, y + tall), (x, y + tall), (x, y)]]
    step = width * 0.95
    for k in range(int(tall / step)):
        top = y + step * (k + 0.16)
        strokes.append([(x + width * 0.2, top + step * 0.15), (x + width * 0.8, top + step * 0.15)])
        middle = x + width * float(rng.uniform(0.3, 0.7))
        strokes.append([(middle, top), (middle + width * float(rng.uniform(-0.25, 0.25)), top + step * 0.7)])
        if rng.random() < 0.6:
            strokes.append(
                [(x + width * 0.2, top + step * 0.5), (x + width * 0.8, top + step * float(rng.uniform(0.35, 0.65)))]
            )
    for stroke in strokes:
        bodies.line(stroke, mix(rgb(*colour), rgb(255, 255, 255), 0.35), line)
        lights.line(stroke, colour, line * 1.3)


def shine(stage: Stage, picture: Array, glow: Array, strength: float = 1.0) -> Array:
    """The picture with the bloom of its lamps and signs."""
    light = bloom(stage, glow)
    light *= strength
    light += picture
    return np.clip(light, 0, 1, out=light)


def bloom(stage: Stage, glow: Array) -> Array:
    """What lamps and signs throw about them; it is as soft when worked out at half size."""
    half = resize(glow, (stage.height + 1) // 2, (stage.width + 1) // 2, Image.Resampling.BOX)
    unit = stage.unit / 2
    small = blur(half, 3.5 * unit) * 0.6 + blur(half, 13 * unit) * 0.75 + blur(half, 46 * unit) * 0.8
    return resize(small, *stage.shape)
