"""Under water: light from the surface, drifting motes, sand, coral and weed."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import grid, mix, over, ramp, resize, rgb, smooth
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, lay

_CORAL = ((236, 92, 110), (250, 150, 90), (200, 90, 190), (250, 200, 90), (90, 200, 180), (240, 120, 160))


def underwater(stage: Stage) -> None:
    rows, columns = grid(*stage.shape)
    dark = 0.45 if stage.scene.time == "night" or stage.scene.has("dark") else 1.0
    water = ramp(
        ((0, (156, 236, 240)), (0.2, (60, 186, 218)), (0.55, (18, 112, 172)), (1, (6, 34, 86))),
        rows / stage.height + 0.14 * np.abs(columns / stage.width - 0.5),
    )
    with stage.part("water", "sea", "underwater"):
        stage.image = (water * dark).astype(np.float32)
    with stage.veil("sunbeams"):
        _rays(stage, dark)
    stage.report(0.25, "the light in the water")
    stage.horizon = int(stage.height * 0.8)
    for row in range(3):
        with stage.part("seabed", "sand"):
            _bottom(stage, row)
    with stage.veil("bubbles"):
        _motes(stage)
    stage.surface, stage.ground, stage.shadow = "float", stage.height * 0.66, 0.0


def _rays(stage: Stage, dark: float) -> None:
    rows, columns = grid(stage.height // 2, stage.width // 2)
    angle = np.arctan2(rows + stage.height * 0.25, columns - stage.width * 0.22)
    beam = sample(stage.noise.tile(16, octaves=4, layer=160), angle * 0.5, np.zeros_like(angle))
    ripple = sample(
        stage.noise.tile(10, octaves=4, layer=161), columns / stage.width * 2.2, rows / stage.height * 6 + columns * 0
    )
    top = np.exp(-rows / stage.height * 14) * np.clip(ripple + 0.2, 0, 1)
    light = np.clip(beam * 1.6, 0, 1) * np.exp(-rows / stage.height * 3.2) * 0.42 + top * 0.5
    stage.image = np.clip(
        stage.image + resize(light.astype(np.float32), *stage.shape)[..., None] * rgb(214, 255, 250) * dark, 0, 1
    )


def _bottom(stage: Stage, row: int) -> None:
    rng, t = stage.dice(162 + row), row / 2
    rows, _columns = grid(*stage.shape)
    line = stage.noise.line(stage.width, stage.width * 0.35, octaves=4, layer=165 + row)[None]
    crest = stage.height * (0.76 + 0.08 * t) + line * stage.height * (0.06 - 0.02 * t)
    depth = np.clip((rows - crest) / (stage.height * 0.2), 0, 1)
    grain = stage.noise.field(stage.shape, 40 * stage.unit, octaves=5, stretch=2.4, layer=168 + row)
    sand = (
        mix(rgb(58, 122, 150), rgb(206, 206, 160), np.clip(0.25 + 0.5 * t + grain * 0.25, 0, 1)[..., None])
        * (0.62 + 0.25 * t - 0.25 * depth)[..., None]
    )
    _weeds(stage, rng, crest[0], t)
    stage.image = over(stage.image, sand, smooth(-1.5, 1.5, rows - crest))


def _weeds(stage: Stage, rng: np.random.Generator, crest: np.ndarray, t: float) -> None:
    layer = Layer(stage.width, stage.height)
    fade = rgb(22, 104, 160)
    for _ in range(int(9 + 5 * t)):
        x = float(rng.uniform(0, 1)) * stage.width
        if t > 0.9 and abs(x / stage.width - 0.5) < 0.2:
            continue
        y = float(crest[int(min(stage.width - 1, x))]) + 8 * stage.unit
        colour = mix(fade, rgb(*_CORAL[int(rng.integers(len(_CORAL)))]), 0.3 + 0.6 * t)
        tall = stage.height * float(rng.uniform(0.06, 0.13)) * (0.6 + 0.8 * t)
        if rng.random() < 0.45:
            _branch(layer, rng, x, y, -np.pi / 2, tall * 0.42, tall * 0.13, colour, 4)
        elif rng.random() < 0.5:
            for k in range(7):
                angle = np.pi * (1.05 + 0.9 * k / 6)
                layer.ellipse(
                    x + np.cos(angle) * tall * 0.22,
                    y + np.sin(angle) * tall * 0.26,
                    tall * 0.2,
                    tall * 0.24,
                    colour * float(rng.uniform(0.8, 1.12)),
                )
        else:
            green = mix(fade, rgb(54, 150, 84), 0.35 + 0.55 * t)
            for k in range(5):
                lean = float(rng.uniform(-0.3, 0.3)) * tall
                layer.path(
                    (
                        f"M{x + k * tall * 0.07} {y} q{lean} {-tall * 0.7} {-lean * 0.4} {-tall * 1.5} "
                        f"q{tall * 0.06 + lean} {tall * 0.8} {tall * 0.07 + lean * 0.4} {tall * 1.5}Z"
                    ),
                    green * float(rng.uniform(0.75, 1.15)),
                )
    with stage.veil("coral", "reef", "seaweed"):
        stage.image = lay(stage.image, layer.render(soft=2.4 * (1 - t) * stage.unit))


def _branch(
    layer: Layer,
    rng: np.random.Generator,
    x: float,
    y: float,
    angle: float,
    long: float,
    width: float,
    colour: np.ndarray,
    left: int,
) -> None:
    tip = (x + np.cos(angle) * long, y + np.sin(angle) * long)
    layer.line([(x, y), tip], colour, width)
    if left:
        for turn in (-0.5, 0.42):
            _branch(
                layer,
                rng,
                tip[0],
                tip[1],
                angle + turn + float(rng.uniform(-0.2, 0.2)),
                long * 0.74,
                width * 0.72,
                colour * 1.05,
                left - 1,
            )


def _motes(stage: Stage) -> None:
    rng, layer = stage.dice(169), Layer(stage.width, stage.height)
    for _ in range(46):
        x, y, size = (
            float(rng.uniform(0, 1)) * stage.width,
            float(rng.uniform(0.05, 0.95)) * stage.height,
            float(rng.uniform(1.5, 8)) * stage.unit,
        )
        layer.ellipse(x, y, size, size, (220, 250, 255), opacity=0.16)
        layer.ellipse(x - size * 0.3, y - size * 0.35, size * 0.25, size * 0.25, (255, 255, 255), opacity=0.6)
    stage.image = lay(stage.image, layer.render())
