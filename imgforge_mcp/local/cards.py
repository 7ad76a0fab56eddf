"""The sky for flat colour and cut paper: bands, a disc, clouds as rounded cards."""

from __future__ import annotations

import math

import numpy as np

from imgforge_mcp.local.pixels import Array, mix, ramp, rgb
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer


def is_flat(stage: Stage) -> bool:
    """Does the scene's style want cards rather than a view?"""
    return stage.scene.has("flat", "papercut")


def flat_sky(stage: Stage, *, sun: bool, clouds: bool) -> None:
    """Bands of the hour's colours, a disc with two halos, clouds as rounded cards."""
    rows = np.arange(stage.height, dtype=np.float32)[:, None]
    down = np.clip(rows / max(stage.horizon, 1), 0, 1)
    band = (np.floor(down * 6) + 0.5) / 6
    with stage.part("sky"):
        stage.image = np.repeat(ramp(stage.light.sky, band), stage.width, axis=1)
    layer = Layer(stage.width, stage.height)
    side = min(stage.shape)
    if stage.light.stars:
        rng = stage.dice(271)
        stage.tell("stars")
        for _ in range(46):
            x, y = float(rng.uniform(0, stage.width)), float(rng.uniform(0, stage.horizon * 0.8))
            size = side * float(rng.uniform(0.002, 0.005))
            layer.ellipse(x, y, size, size, (250, 248, 255))
    if sun and not stage.light.overcast:
        said = (f"colour:{stage.scene.disc}",) if stage.scene.disc else ()
        layer.begin("moon" if stage.light.stars else "sun", *said)
        for reach, strength in ((0.19, 0.22), (0.125, 0.3), (0.07, 1.0)):
            layer.ellipse(*stage.sun, reach * side, reach * side, np.minimum(stage.light.sun, 1), opacity=strength)
    stage.lay(layer)
    if clouds and not stage.scene.has("clear"):
        _cards(stage)


def _cards(stage: Stage) -> None:
    rng, layer = stage.dice(272), Layer(stage.width, stage.height)
    bright = mix(np.minimum(stage.light.key * 1.05, 1), stage.light.mist, 0.25)
    if stage.light.stars:
        bright = mix(bright, rgb(40, 52, 96), 0.72)
    layer.begin("clouds")
    count = 3 + round(stage.width / stage.height) + (3 if stage.scene.has("cloudy", "storm", "rain") else 0)
    for k in range(count):
        x = stage.width * ((k + float(rng.uniform(0.1, 0.9))) / count)
        y = stage.horizon * float(rng.uniform(0.12, 0.62))
        wide = min(stage.shape) * float(rng.uniform(0.16, 0.28))
        _puff(layer, x, y, wide, bright, rng)
    stage.lay(layer, 0.92)


def _puff(layer: Layer, x: float, y: float, wide: float, colour: Array, rng: np.random.Generator) -> None:
    """A cloud with a straight foot and three or four round heads."""
    heads = int(rng.integers(3, 5))
    foot = wide * 0.2
    layer.rect(x - wide / 2, y - foot, wide, foot, colour, radius=foot / 2)
    for k in range(heads):
        share = (k + 0.5) / heads
        size = wide * (0.1 + 0.12 * math.sin(math.pi * share)) * float(rng.uniform(0.9, 1.15))
        layer.ellipse(x + (share - 0.5) * wide * 0.8, y - foot * 0.75, size, size, colour)
