"""A waterfall: a cliff, a white band over it, mist at its foot and a pool before us."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local import trees
from imgforge_mcp.local.pixels import Array, blur, from_image, grid, mix, over, rgb, smooth, to_image
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.water import paint_water


def falls(stage: Stage) -> None:
    stage.horizon = int(stage.height * 0.68)
    stage.sun = (stage.sun[0], stage.horizon * (1 - max(0.72, stage.light.height)))
    paint_sky(stage)
    stage.report(0.2, "the sky")
    middle = stage.width * float(stage.dice(230).uniform(0.42, 0.58))
    across = np.arange(stage.width, dtype=np.float32)
    brink = stage.height * 0.27 + stage.noise.line(stage.width, stage.width * 0.3, octaves=5, layer=231) * (
        stage.height * 0.035
    )
    brink = brink - stage.height * 0.15 * smooth(0.08, 0.5, np.abs(across - middle) / stage.width)
    with stage.part("cliff", "rock"):
        _cliff(stage, brink, middle)
    with stage.part("trees"):
        _wood_on(stage, brink, middle)
    stage.report(0.4, "the cliff")
    with stage.part("waterfall", "water"):
        _fall(stage, brink, middle)
    rows, _ = grid(*stage.shape)
    pool = np.repeat((rows >= stage.horizon).astype(np.float32), stage.width, axis=1)
    paint_water(stage, pool, calm=0.8)
    stage.marks.own(("water", "lake"), stage.marks.sampled(pool) > 0.5)
    _spray(stage, middle)
    stage.surface = "water" if stage.scene.has("boat") else "ground"


def _cliff(stage: Stage, brink: Array, middle: float) -> None:
    """Rock in upright ribs that turns away from the fall on both sides, with moss where water runs."""
    rows, columns = grid(*stage.shape)
    unit = stage.unit
    ribs = stage.noise.field(stage.shape, 260 * unit, octaves=6, gain=0.62, stretch=0.3, layer=232)
    blocks = stage.noise.field(stage.shape, 90 * unit, octaves=4, gain=0.6, stretch=1.8, layer=233)
    relief = blur(ribs + 0.5 * blocks, 2.2 * unit)
    slope = np.gradient(relief, axis=1) * 20 * max(unit, 0.2)
    facing = np.clip((middle - columns) / stage.width, -0.5, 0.5) * (1 if stage.sun[0] < middle else -1)
    sun = np.clip(0.5 + slope * (1 if stage.sun[0] < middle else -1) - facing * 0.9, 0, 1)
    rock = mix(rgb(74, 70, 72), rgb(164, 150, 134), np.clip(relief * 0.5 + 0.5, 0, 1)[..., None])
    low, high = (
        (rgb(120, 78, 34), rgb(190, 130, 52)) if stage.scene.has("autumn") else (rgb(40, 72, 34), rgb(96, 128, 56))
    )
    moss = mix(low, high, np.clip(blocks * 0.6 + 0.5, 0, 1)[..., None])
    down = (rows - brink[None]) / (stage.horizon - brink[None])
    grown = smooth(0.05, 0.5, blocks * 0.8 + ribs * 0.3 + 0.55 * np.abs(down - 0.45) - 0.12)
    colour = mix(rock, moss, (grown * 0.85)[..., None])
    if stage.scene.has("snow", "winter"):
        colour = mix(colour, rgb(222, 230, 242), (smooth(0.0, 0.5, blocks - down * 0.3 + 0.1) * 0.9)[..., None])
    lit = colour * (stage.light.ambient * 0.62 + stage.light.key * (0.75 * sun)[..., None])
    dark = 0.55 + 0.45 * smooth(0.05, 0.3, np.abs(columns - middle) / stage.width)
    lit = lit * (dark * (1 - 0.25 * np.clip(down, 0, 1)))[..., None]
    lit = mix(lit, stage.light.mist, 0.12 * stage.light.haze)
    stage.image = over(stage.image, lit, smooth(-1.0, 1.0, rows - brink[None]))


def _wood_on(stage: Stage, brink: Array, middle: float) -> None:
    """Trees along the edge of the cliff, none in the stream."""
    rng, shapes = stage.dice(234), trees.kinds(stage)
    light = stage.light.ambient * 0.66 + stage.light.key * 0.42
    canvas = to_image(stage.image)
    for x in np.sort(rng.uniform(0, stage.width, 46)):
        if abs(x - middle) < stage.width * 0.085:
            continue
        tall = stage.height * float(rng.uniform(0.06, 0.13))
        tree = shapes[int(rng.integers(len(shapes)))]
        tree = tree.resize((max(3, int(tree.width * tall / tree.height)), max(4, int(tall))))
        toned = to_image(mix(np.asarray(tree, np.float32)[..., :3] / 255 * light, stage.light.mist, 0.14))
        foot = float(brink[int(x)]) + stage.height * 0.015
        canvas.paste(toned, (int(x - tree.width / 2), int(foot - tall * 0.95)), tree)
    stage.image = from_image(canvas)


def _fall(stage: Stage, brink: Array, middle: float) -> None:
    rows, columns = grid(*stage.shape)
    top = float(brink[int(middle)])
    down = np.clip((rows - top) / (stage.horizon - top), 0, 1)
    fray = stage.noise.field(stage.shape, 70 * stage.unit, octaves=4, stretch=0.25, layer=235)
    half = stage.width * (0.042 + 0.02 * down**0.7)
    reach = np.abs(columns - middle) / half + fray * 0.3
    body = (1 - smooth(0.72, 1.1, reach)) * smooth(-1.5, 1.5, rows - brink[None])
    body = body * (rows < stage.horizon + 1)
    threads = stage.noise.field(stage.shape, 120 * stage.unit, octaves=6, gain=0.75, stretch=0.07, layer=236)
    light = stage.light.ambient * 0.55 + stage.light.key * 0.62
    water = mix(rgb(150, 178, 200), rgb(255, 255, 255), np.clip(threads * 0.9 + 0.62, 0, 1)[..., None])
    stage.image = over(stage.image, water * np.minimum(light * 1.15, 1), np.clip(body * (0.86 + 0.3 * threads), 0, 1))


def _spray(stage: Stage, middle: float) -> None:
    """Mist over the foot of the fall, and foam that spreads on the pool."""
    rows, columns = grid(*stage.shape)
    drift = stage.noise.field(stage.shape, 150 * stage.unit, octaves=5, layer=237)
    light = np.minimum(stage.light.ambient * 0.6 + stage.light.key * 0.6, 1)
    aside, below = (columns - middle) / stage.width, (rows - stage.horizon) / stage.height
    cloud = np.exp(-((aside / 0.15) ** 2) - ((below + 0.02) / 0.075) ** 2) * (0.82 + 0.5 * drift)
    foam = stage.noise.field(stage.shape, 60 * stage.unit, octaves=5, gain=0.7, stretch=3.2, layer=238)
    spread = np.exp(-((aside / (0.09 + 0.9 * np.maximum(below, 0))) ** 2) - np.maximum(below, 0) * 9) * (below > 0)
    stage.image = over(stage.image, light, np.clip(smooth(0.0, 0.5, foam + spread - 0.35) * spread, 0, 0.85))
    stage.image = over(stage.image, light, np.clip(cloud, 0, 0.92))
