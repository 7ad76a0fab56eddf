"""What makes a wood a jungle: hanging lianas, palm fans, and broad leaves close to the eye."""

from __future__ import annotations

import math

import numpy as np

from imgforge_mcp.local.pixels import Array, mix, rgb
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, lay


def thicket(stage: Stage, light: Array) -> None:
    """Far fans and lianas first, then dark leaves in the corners; the middle stays open."""
    layer = Layer(stage.width, stage.height)
    _lianas(stage, layer, light)
    rng = stage.dice(280)
    for k in range(14):
        side = -1 if k % 2 else 1
        x = stage.width * (0.5 + side * float(rng.uniform(0.24, 0.52)))
        foot = stage.height * float(rng.uniform(0.66, 0.8))
        _fan(layer, rng, x, foot, stage.height * float(rng.uniform(0.1, 0.2)), rgb(58, 118, 52) * light, -math.pi / 2)
    stage.image = lay(stage.image, layer.render(soft=1.2 * stage.unit))
    near = Layer(stage.width, stage.height)
    for k in range(10):
        side = -1 if k % 2 else 1
        x, foot = (
            stage.width * (0.5 + side * float(rng.uniform(0.42, 0.56))),
            stage.height * float(rng.uniform(0.9, 1.1)),
        )
        toward = -math.pi / 2 - side * float(rng.uniform(0.15, 0.6))
        _broad(near, rng, x, foot, stage.height * float(rng.uniform(0.2, 0.34)), toward, light)
    for side in (-1, 1):
        corner = stage.width * (0.5 + side * 0.54)
        _fan(
            near,
            rng,
            corner,
            -stage.height * 0.02,
            stage.height * 0.34,
            rgb(22, 62, 34) * light,
            math.pi / 2 + side * 0.7,
        )
    stage.image = lay(stage.image, near.render())


def _lianas(stage: Stage, layer: Layer, light: Array) -> None:
    rng = stage.dice(281)
    for _ in range(7):
        x, reach = float(rng.uniform(0, 1)) * stage.width, float(rng.uniform(-0.16, 0.16)) * stage.width
        sag = stage.height * float(rng.uniform(0.28, 0.6))
        layer.path(
            f"M{x:.1f} -5 Q{x + reach * 0.2:.1f} {sag:.1f} {x + reach:.1f} {sag * float(rng.uniform(0.2, 0.9)):.1f}",
            stroke=rgb(46, 72, 36) * light,
            width=float(rng.uniform(3, 7)) * stage.unit,
        )


def _fan(layer: Layer, rng: np.random.Generator, x: float, y: float, size: float, colour: Array, toward: float) -> None:
    """Narrow leaflets from one point, drooping at their tips."""
    for k in range(11):
        angle = toward + (k / 10 - 0.5) * 2.7 + float(rng.uniform(-0.06, 0.06))
        long = size * float(rng.uniform(0.8, 1.1))
        tip_x, tip_y = x + math.cos(angle) * long, y + math.sin(angle) * long + abs(math.cos(angle)) * long * 0.35
        mid_x, mid_y = x + math.cos(angle) * long * 0.55, y + math.sin(angle) * long * 0.6
        wide = size * 0.06
        layer.path(
            f"M{x:.1f} {y:.1f} Q{mid_x - wide:.1f} {mid_y - wide:.1f} {tip_x:.1f} {tip_y:.1f} "
            f"Q{mid_x + wide:.1f} {mid_y + wide:.1f} {x:.1f} {y:.1f}Z",
            colour * float(rng.uniform(0.7, 1.25)),
        )


def _broad(
    layer: Layer, rng: np.random.Generator, x: float, y: float, long: float, toward: float, light: Array
) -> None:
    """One great leaf with a pale rib."""
    ahead_x, ahead_y = math.cos(toward), math.sin(toward)
    wide = long * float(rng.uniform(0.26, 0.36))
    tip = (x + ahead_x * long, y + ahead_y * long)
    left = (x + ahead_x * long * 0.4 + ahead_y * wide, y + ahead_y * long * 0.4 - ahead_x * wide)
    right = (x + ahead_x * long * 0.4 - ahead_y * wide, y + ahead_y * long * 0.4 + ahead_x * wide)
    green = mix(rgb(20, 66, 36), rgb(54, 122, 50), float(rng.uniform(0, 1))) * light
    for side, shade in ((left, 1.12), (right, 0.78)):
        layer.path(
            f"M{x:.1f} {y:.1f} Q{side[0]:.1f} {side[1]:.1f} {tip[0]:.1f} {tip[1]:.1f} L{x:.1f} {y:.1f}Z", green * shade
        )
    layer.line([(x, y), tip], green * 1.5, max(0.8, long * 0.012))
