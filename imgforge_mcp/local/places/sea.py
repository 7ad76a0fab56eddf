"""Open water, waves and beaches."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, mix, over, rgb, smooth
from imgforge_mcp.local.places.waves import roll
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, lay
from imgforge_mcp.local.water import flat_water, paint_water


def ocean(stage: Stage) -> None:
    _open_water(stage, horizon=0.5)
    if (stage.scene.has("waves", "storm") and not stage.scene.has("boat")) or not stage.scene.subjects:
        with stage.part("waves", "water", "sea"):
            roll(stage)
    stage.surface, stage.ground = "water", stage.height * 0.68


def coast(stage: Stage) -> None:
    _open_water(stage, horizon=0.46)
    with stage.part("beach", "sand"):
        _beach(stage)
    _note_shore(stage)
    if stage.scene.has("palms"):
        with stage.part("palms", "trees"):
            _palms(stage)
    stage.ground = stage.height * 0.88


def _note_shore(stage: Stage) -> None:
    """Shallows and foam are part of the beach's painting; the open water behind them is still water."""
    rows = np.zeros(stage.shape, np.float32)
    rows[stage.horizon : int(stage.height * 0.55)] = 1
    stage.marks.own(("water", "sea", "waves"), stage.marks.sampled(rows) > 0.5)


def _open_water(stage: Stage, *, horizon: float) -> None:
    stage.horizon = int(stage.height * horizon)
    stage.sun = (stage.sun[0], stage.horizon * (1 - stage.light.height))
    paint_sky(stage)
    stage.report(0.25, "the sky")
    if stage.scene.has("alpine") or stage.dice(80).random() < 0.6:
        with stage.part("island", *(("mountain",) if stage.scene.has("alpine") else ())):
            _far_land(stage)
    paint_water(stage, flat_water(stage), deep=rgb(16, 84, 120))
    stage.tell("sea")
    stage.report(0.4, "the sea")


def _far_land(stage: Stage) -> None:
    rng = stage.dice(81)
    start = stage.width * float(rng.uniform(-0.3, 0.6))
    span = stage.width * float(rng.uniform(0.35, 0.6))
    line = stage.noise.line(stage.width, stage.width * 0.14, octaves=6, layer=82)
    columns = np.arange(stage.width, dtype=np.float32)
    hump = np.clip(1 - ((columns - start - span / 2) / (span / 2)) ** 2, 0, 1)
    crest = stage.horizon - hump * (line * 0.6 + 0.75) * stage.height * 0.07
    rows = np.arange(stage.height, dtype=np.float32)[:, None]
    mask = smooth(-0.8, 0.8, rows - crest[None, :]) * (rows < stage.horizon)
    colour = mix(stage.light.mist, stage.light.ambient * 0.62, 0.5)
    stage.image = over(stage.image, np.broadcast_to(colour, stage.image.shape), mask)


def _beach(stage: Stage) -> None:
    rows, columns = np.arange(stage.height, dtype=np.float32)[:, None], np.arange(stage.width, dtype=np.float32)[None]
    side = 1 if stage.sun[0] < stage.width / 2 else -1
    sweep = np.clip(((columns / stage.width - 0.5) * side + 0.5), 0, 1) ** 2.2
    line = stage.noise.line(stage.width, stage.width * 0.3, octaves=4, layer=110)[None, :]
    edge = stage.height * (0.8 - 0.24 * sweep) + line * stage.height * 0.014
    inland = (rows - edge) / stage.height
    grain = stage.noise.field(stage.shape, 5 * stage.unit + 1, octaves=2, layer=111)
    drift = sample(
        stage.noise.tile(8, octaves=5, layer=112), columns / stage.width * 0.5, rows / stage.height * 1.4 + columns * 0
    )
    sand = mix(rgb(214, 184, 138), rgb(248, 226, 184), np.clip(drift * 0.6 + 0.5 + grain * 0.1, 0, 1)[..., None])
    sand = sand * (stage.light.ambient * 0.62 + stage.light.key * 0.55)
    wet = 1 - smooth(0.0, 0.05, inland)
    mirror = stage.image[
        np.clip(2 * edge - rows, 0, stage.height - 1).astype(np.int32),
        np.broadcast_to(columns, stage.shape).astype(np.int32),
    ]
    sand = mix(sand, sand * 0.62 + mirror * 0.3, wet[..., None])
    shallow = np.exp(-np.maximum(-inland, 0) * 16)
    tropic = rgb(70, 206, 204) * (stage.light.ambient * 0.5 + stage.light.key * 0.6)
    below = np.asarray(rows > stage.horizon, np.float32)
    stage.image = over(stage.image, np.broadcast_to(tropic, stage.image.shape), shallow * (inland < 0) * 0.62 * below)
    stage.image = over(stage.image, sand, smooth(-0.004, 0.006, inland))
    if stage.water is not None:
        stage.water = stage.water * (1 - smooth(-0.004, 0.006, inland))
    foam = _foam(stage, inland, drift + grain * 0.5)
    white = np.minimum(1, stage.light.ambient * 0.5 + stage.light.key * 0.62)
    stage.image = np.clip(over(stage.image, np.broadcast_to(white, stage.image.shape), foam), 0, 1)


def _foam(stage: Stage, inland: Array, lace: Array) -> Array:
    bands = np.zeros_like(inland)
    for place, width, strength in ((-0.004, 0.011, 1.0), (-0.05, 0.012, 0.75), (-0.105, 0.009, 0.5)):
        band = np.exp(-(((inland - place + lace * 0.008) / width) ** 2))
        bands = np.maximum(bands, band * smooth(-0.25, 0.3, lace + 0.15) * strength)
    return blur(np.clip(bands, 0, 1), 0.8)


def _palms(stage: Stage) -> None:
    rng, layer = stage.dice(113), Layer(stage.width, stage.height)
    side = -1 if stage.sun[0] < stage.width / 2 else 1
    for k in range(2):
        foot_x = stage.width * (0.5 + side * (-0.36 - 0.1 * k)) if side < 0 else stage.width * (0.5 - (-0.36 - 0.1 * k))
        foot_y, tall = stage.height * (0.8 + 0.06 * k), stage.height * float(rng.uniform(0.46, 0.6))
        _palm(layer, rng, foot_x, foot_y, tall, -1 if foot_x > stage.width / 2 else 1, stage)
    stage.image = lay(stage.image, layer.render())


def _palm(layer: Layer, rng: np.random.Generator, x: float, y: float, tall: float, lean: int, stage: Stage) -> None:
    light = stage.light.ambient * 0.5 + stage.light.key * 0.45
    top_x, top_y = x + lean * tall * 0.24, y - tall
    width = tall * 0.03
    layer.path(
        (
            f"M{x - width} {y} Q{x + lean * tall * 0.03} {y - tall * 0.6} {top_x - width * 0.5} {top_y} "
            f"L{top_x + width * 0.5} {top_y} Q{x + lean * tall * 0.06 + width} {y - tall * 0.55} {x + width} "
            f"{y}Z"
        ),
        rgb(108, 80, 58) * light,
    )
    for _ in range(13):
        angle = float(rng.uniform(-3.4, 0.26))
        reach = tall * float(rng.uniform(0.34, 0.46))
        end_x, end_y = top_x + np.cos(angle) * reach, top_y + np.sin(angle) * reach * 0.5 + reach * 0.34
        mid_x, mid_y = top_x + np.cos(angle) * reach * 0.55, top_y + np.sin(angle) * reach * 0.75 - reach * 0.12
        green = rgb(44, 110, 52) * light * float(rng.uniform(0.65, 1.15))
        thick = reach * 0.13
        layer.path(
            f"M{top_x} {top_y} Q{mid_x} {mid_y - thick} {end_x} {end_y} Q{mid_x} {mid_y + thick} {top_x} {top_y}Z",
            green,
        )
