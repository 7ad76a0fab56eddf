"""Grounds to play on: a stadium with its stands and lights, a playground with its frames."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.pixels import Array, grid, mix, rgb, smooth
from imgforge_mcp.local.places.landscape import hills_behind
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer

_SEATS = ((206, 66, 60), (64, 104, 176), (236, 226, 208), (232, 180, 70), (70, 74, 88))


def stadium(stage: Stage) -> None:
    """Seen from the grass: stands full of people round a marked pitch, lights on masts."""
    stage.horizon = int(stage.height * 0.58)
    stage.sun = (stage.sun[0], stage.horizon * 0.2)
    paint_sky(stage)
    stage.report(0.2, "the sky")
    light = stage.light.ambient * 0.6 + stage.light.key * 0.5
    if stage.scene.time in ("night", "dusk"):
        light = np.maximum(light, rgb(196, 204, 214))
    _stands(stage, light)
    _pitch(stage, light)
    _masts(stage)
    stage.tell("stadium")
    stage.report(0.4, "the stands")
    stage.ground, stage.shadow = stage.height * 0.9, 0.45


def _stands(stage: Stage, light: Array) -> None:
    layer, rng = Layer(stage.width, stage.height), stage.dice(300)
    width, top, foot = stage.width, stage.height * 0.26, stage.horizon + stage.height * 0.02
    layer.begin("stadium", "buildings")
    layer.path(f"M0 {top * 0.86} Q{width / 2} {top * 1.5} {width} {top * 0.86} V{foot} H0Z", rgb(104, 108, 118) * light)
    layer.path(
        f"M0 {top * 0.72} Q{width / 2} {top * 1.36} {width} {top * 0.72} V{top * 0.9} Q{width / 2} {top * 1.5} 0 "
        f"{top * 0.9}Z",
        rgb(226, 228, 232) * light,
    )
    layer.begin("crowd")
    rows = 15
    for row in range(rows):
        t = row / (rows - 1)
        size = stage.unit * (7 + 5 * t)
        count = int(width / (size * 2.1))
        for k in range(count):
            x = (k + 0.5 + 0.3 * float(rng.uniform(-1, 1))) / count * width
            bend = 1 - ((x / width - 0.5) * 2) ** 2
            y = top * (0.96 + 0.52 * bend) * (1 - t) + (foot - 8 * stage.unit) * t
            colour = rgb(*_SEATS[int(rng.integers(len(_SEATS)))]) * light * float(rng.uniform(0.8, 1.1))
            layer.ellipse(x, y, size, size * 1.15, colour)
            layer.ellipse(
                x, y - size * 1.1, size * 0.55, size * 0.6, rgb(*((232, 190, 152), (150, 100, 72))[k % 2]) * light
            )
    layer.begin("wall")
    layer.rect(0, foot - 6 * stage.unit, width, 22 * stage.unit, rgb(236, 238, 242) * light)
    stage.lay(layer)


def _pitch(stage: Stage, light: Array) -> None:
    top = stage.horizon + int(stage.height * 0.03)
    rows, columns = grid(*stage.shape)
    rows = rows[top:]
    down = np.clip((rows - top) / (stage.height - top), 0.002, 1)
    stripe = np.floor(np.log(0.12 + down) * 6.0)
    grass = mix(rgb(62, 138, 62), rgb(84, 164, 76), (np.mod(stripe, 2) * np.ones_like(columns))[..., None])
    grain = stage.noise.field((stage.height - top, stage.width), 7 * stage.unit + 1, octaves=3, layer=301)
    with stage.part("grass", "pitch", "ground"):
        stage.image[top:] = np.clip(grass * light * (1 + 0.1 * grain)[..., None], 0, 1)
    across = (columns - stage.width / 2) / stage.width / (0.3 + down)
    line = smooth(0.012, 0.006, np.abs(down - 0.16)) + smooth(0.02, 0.012, np.abs(np.abs(across) - 0.72))
    circle = np.abs(np.hypot(across * 2.4, (down - 0.55) * 3.0) - 0.62)
    line = np.clip(line + smooth(0.05, 0.03, circle), 0, 1)
    stage.image[top:] = mix(
        stage.image[top:], rgb(244, 248, 244) * np.minimum(light * 1.1, 1), (line * 0.85)[..., None]
    )
    layer = Layer(stage.width, stage.height)
    middle, foot, wide = stage.width / 2, top + (stage.height - top) * 0.16, 0.2 * stage.width
    tall = wide * 0.42
    layer.begin("goal")
    for k in range(13):
        x = middle - wide / 2 + wide * k / 12
        layer.line([(x, foot - tall), (x, foot)], (240, 244, 248), 1.2 * stage.unit, opacity=0.6)
    for k in range(6):
        layer.line(
            [(middle - wide / 2, foot - tall * k / 6), (middle + wide / 2, foot - tall * k / 6)],
            (240, 244, 248),
            1.2 * stage.unit,
            opacity=0.6,
        )
    layer.line(
        [
            (middle - wide / 2, foot),
            (middle - wide / 2, foot - tall),
            (middle + wide / 2, foot - tall),
            (middle + wide / 2, foot),
        ],
        (252, 252, 252),
        7 * stage.unit,
    )
    stage.lay(layer)


def _masts(stage: Stage) -> None:
    layer = Layer(stage.width, stage.height)
    layer.begin("floodlights")
    lit = stage.scene.time in ("night", "dusk")
    for side in (0.1, 0.9):
        x, top = stage.width * side, stage.height * 0.06
        layer.line([(x, top), (x, stage.height * 0.3)], (70, 74, 82), 9 * stage.unit)
        for row in range(3):
            for column in range(4):
                spot = (x + (column - 1.5) * 26 * stage.unit, top + row * 24 * stage.unit)
                if lit:
                    layer.ellipse(*spot, 30 * stage.unit, 30 * stage.unit, (255, 250, 226), opacity=0.12)
                layer.ellipse(*spot, 10 * stage.unit, 10 * stage.unit, (255, 252, 236) if lit else (226, 232, 238))
    stage.lay(layer)


def playground(stage: Stage) -> None:
    """On a lawn: a slide with its ladder, two swings on their frame, a sandpit."""
    hills_behind(stage)
    light = np.minimum(stage.light.ambient * 0.62 + stage.light.key * 0.52, 1.1)
    layer = Layer(stage.width, stage.height)
    foot, unit = stage.height * 0.8, min(stage.width, stage.height)
    left = stage.width * 0.5 - unit * 0.46
    _slide(layer, left, foot, unit * 0.4, light)
    _swings(layer, stage.width * 0.5 + unit * 0.04, foot - unit * 0.02, unit * 0.42, light)
    _sandpit(layer, stage.width * 0.5 - unit * 0.08, foot + unit * 0.1, unit * 0.24, light)
    stage.lay(layer)
    stage.tell("playground")
    stage.ground, stage.tuck = stage.height * 0.93, True


def _shadow(layer: Layer, x: float, y: float, wide: float) -> None:
    layer.begin()
    layer.ellipse(x, y, wide, wide * 0.12, (16, 26, 14), opacity=0.26)


def _slide(layer: Layer, x: float, foot: float, size: float, light: Array) -> None:
    _shadow(layer, x + size * 0.5, foot, size * 0.6)
    layer.begin("slide", "playground")
    top = foot - size * 0.72
    post = rgb(66, 116, 186) * light
    for k in (0.08, 0.3):
        layer.line([(x + size * k, foot), (x + size * k, top - size * 0.16)], post, size * 0.035)
    for k in range(5):
        y = foot - size * (0.1 + 0.13 * k)
        layer.line([(x + size * 0.08, y), (x + size * 0.3, y)], post * 0.85, size * 0.028)
    layer.line([(x + size * 0.05, top - size * 0.16), (x + size * 0.33, top - size * 0.16)], post, size * 0.035)
    chute = (
        f"M{x + size * 0.28} {top} Q{x + size * 0.5} {top + size * 0.1} {x + size * 0.72} {foot - size * 0.2} "
        f"Q{x + size * 0.84} {foot - size * 0.05} {x + size * 1.02} {foot - size * 0.05}"
    )
    layer.path(chute, stroke=rgb(214, 62, 52) * light, width=size * 0.13)
    layer.path(chute, stroke=rgb(246, 112, 92) * light, width=size * 0.06)


def _swings(layer: Layer, x: float, foot: float, size: float, light: Array) -> None:
    _shadow(layer, x + size * 0.5, foot, size * 0.56)
    layer.begin("swing", "playground")
    top, post = foot - size * 0.8, rgb(232, 174, 60) * light
    for k in (0.06, 0.94):
        for lean in (-0.1, 0.1):
            layer.line([(x + size * k, top), (x + size * (k + lean), foot)], post, size * 0.035)
    layer.line([(x, top), (x + size, top)], post, size * 0.04)
    for k, swing in ((0.32, 0.05), (0.68, -0.04)):
        seat, low = x + size * (k + swing), foot - size * 0.24
        for side in (-0.06, 0.06):
            layer.line(
                [(x + size * (k + side), top), (seat + size * side, low)], rgb(96, 100, 108) * light, size * 0.012
            )
        layer.rect(seat - size * 0.09, low, size * 0.18, size * 0.035, rgb(52, 130, 96) * light, radius=3)


def _sandpit(layer: Layer, x: float, y: float, size: float, light: Array) -> None:
    layer.begin("sandpit", "sand")
    layer.ellipse(x, y, size, size * 0.24, rgb(150, 104, 66) * light)
    layer.ellipse(x, y - size * 0.02, size * 0.92, size * 0.2, rgb(232, 206, 150) * light)
    layer.path(
        f"M{x - size * 0.4} {y} Q{x - size * 0.24} {y - size * 0.24} {x - size * 0.06} {y}Z", rgb(218, 188, 130) * light
    )
    layer.path(
        f"M{x + size * 0.3} {y} l{-size * 0.05} {-size * 0.17} h{size * 0.2} l{-size * 0.05} {size * 0.17}Z",
        rgb(220, 70, 60) * light,
    )
