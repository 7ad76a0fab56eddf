"""What falls and drifts before the eye: snow, rain, leaves, petals, fireflies, mist."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from imgforge_mcp.local.pixels import Array, blur, clamp, grid, mix, over, rgb, smooth
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, dot

_INDOORS = frozenset({"room", "studio", "portrait", "abstract", "plain", "poster", "space", "underwater", "mars"})
_FINE = 4
"""Parts of a pixel's breadth in which rain is drawn."""
_LEAVES: tuple[Colour, ...] = ((232, 124, 36), (248, 184, 62), (186, 60, 28), (206, 98, 40))
_LEAF = ((0, 2), (0.6, 0.9), (1.6, 0.7), (2.6, 0.9), (3.14, 1.6), (3.7, 0.9), (4.7, 0.7), (5.7, 0.9))
"""The outline of one: angles, and how far from its middle."""
_PETALS: tuple[Colour, ...] = ((252, 214, 226), (246, 184, 204), (255, 234, 240))


def fall(stage: Stage) -> None:
    scene = stage.scene
    if scene.place in _INDOORS:
        return
    if scene.has("fog", "blizzard"):
        with stage.veil("fog"):
            _mist(stage)
    if scene.has("snow") and scene.place != "coast":
        with stage.veil("snow", "blizzard"):
            _snow(stage)
    if scene.has("rain", "storm"):
        with stage.veil("rain", "storm"):
            _rain(stage)
    if scene.has("storm") and scene.time != "sunset":
        with stage.veil("lightning"):
            _lightning(stage)
    if scene.has("autumn") and scene.place in ("forest", "garden", "meadow", "lake", "street", "village"):
        with stage.veil("autumn", "falling-leaves"):
            _leaves(stage, _LEAVES, 44)
    if scene.has("blossom"):
        with stage.veil("blossom"):
            _leaves(stage, _PETALS, 60)
    if scene.has("fireflies"):
        with stage.veil("fireflies"):
            _fireflies(stage)


def _snow(stage: Stage) -> None:
    rng, white = stage.dice(500), rgb(252, 253, 255)
    for size, count, softness, opacity in ((1.8, 240, 0.4, 0.75), (3.6, 110, 1.0, 0.7), (8.5, 26, 3.2, 0.5)):
        many = int(
            count * (2.6 if stage.scene.has("blizzard") else 1) * stage.width * stage.height / (stage.unit * 1024) ** 2
        )
        across, down = rng.uniform(0, stage.width, many), rng.uniform(0, stage.height, many)
        reach = size * stage.unit * rng.uniform(0.6, 1.5, many)
        soft = max(0.5, 1.5 * softness * stage.unit)
        for x, y, radius in zip(across.tolist(), down.tolist(), reach.tolist(), strict=True):
            dot(stage.image, x, y, radius, white, soft=soft, opacity=opacity)


def _rain(stage: Stage) -> None:
    """Streaks that are almost upright, and so drawn smooth across alone."""
    rng, streaks = stage.dice(501), Image.new("L", (stage.width * _FINE, stage.height))
    draw, thick = ImageDraw.Draw(streaks), max(1, round(1.26 * _FINE * stage.unit))
    many = int(420 * stage.width * stage.height / (stage.unit * 1024) ** 2)
    across, down, long = rng.uniform(-0.05, 1, many), rng.uniform(-0.1, 1, many), rng.uniform(16, 52, many)
    x, y, fall = across * stage.width * _FINE, down * stage.height, long * stage.unit
    for ends in np.stack([x, y, x + fall * 0.16 * _FINE, y + fall], 1).tolist():
        draw.line(ends, 255, thick)
    wet = np.multiply(np.asarray(streaks.reduce((_FINE, 1))), np.float32(0.34 / 255))
    stage.image = over(stage.image, rgb(222, 232, 246), wet)


def _lightning(stage: Stage) -> None:
    rng, layer = stage.dice(502), Layer(stage.width, stage.height)
    x, y = float(rng.uniform(0.2, 0.8)) * stage.width, 0.0
    points = [(x, y)]
    while y < stage.horizon * 0.95:
        x, y = x + float(rng.uniform(-34, 34)) * stage.unit, y + float(rng.uniform(16, 44)) * stage.unit
        points.append((x, y))
        if rng.random() < 0.2:
            end = (x + float(rng.uniform(-110, 110)) * stage.unit, y + float(rng.uniform(50, 120)) * stage.unit)
            layer.line(
                [(x, y), ((x + end[0]) / 2 + 14 * stage.unit, (y + end[1]) / 2), end],
                (226, 228, 255),
                1.6 * stage.unit,
                opacity=0.7,
            )
    layer.line(points, (250, 250, 255), 3.4 * stage.unit)
    _shine(stage, layer, rgb(250, 250, 255), 22, 2.4)


def _leaves(stage: Stage, palette: tuple[Colour, ...], count: int) -> None:
    rng, light = stage.dice(503), stage.light.ambient * 0.5 + stage.light.key * 0.6
    for size, share, softness in ((0.006, 0.7, 0.0), (0.013, 0.3, 2.0)):
        for _ in range(int(count * share)):
            x, y, turn = (
                float(rng.uniform(0, stage.width)),
                float(rng.uniform(0, stage.height)),
                float(rng.uniform(0, 6.28)),
            )
            reach = size * min(stage.shape) * float(rng.uniform(0.7, 1.4))
            points = [(x + math.cos(turn + a) * reach * s, y + math.sin(turn + a) * reach * s * 0.8) for a, s in _LEAF]
            leaf = Layer(stage.width, stage.height)  # one each: they are few and small, and lie far from one another
            leaf.polygon(points, rgb(*palette[int(rng.integers(len(palette)))]) * light, opacity=0.92)
            leaf.lay_on(stage.image, soft=softness * stage.unit)


def _fireflies(stage: Stage) -> None:
    rng, layer = stage.dice(504), Layer(stage.width, stage.height)
    for _ in range(46):
        x, y = float(rng.uniform(0, 1)) * stage.width, float(rng.uniform(0.3, 0.95)) * stage.height
        layer.ellipse(x, y, 3.2 * stage.unit, 3.2 * stage.unit, (255, 238, 150))
    _shine(stage, layer, rgb(255, 238, 150), 9, 2.6)


def _shine(stage: Stage, layer: Layer, colour: Array, reach: float, strength: float) -> None:
    """What is drawn on the layer as light of one colour, with a halo."""
    light = np.ascontiguousarray(layer.render()[..., 3])
    light += blur(light, reach * stage.unit) * strength
    stage.image = clamp(stage.image + light[..., None] * colour)


def _mist(stage: Stage) -> None:
    """A bank that lies along the horizon and thins towards us."""
    rows, _ = grid(*stage.shape)
    drift: Array = stage.noise.field(stage.shape, 420 * stage.unit, octaves=5, stretch=2.6, layer=505)
    height = (rows - stage.horizon) / stage.height
    bank = np.exp(-((height / 0.2) ** 2)) * 0.7 + smooth(-0.5, 0.4, height) * 0.1
    stage.image = mix(stage.image, stage.light.mist * 1.03, np.clip(bank * (0.75 + drift * 0.5), 0, 0.85)[..., None])
