"""Studios: a seamless backdrop or a table of marble or wood, soft light, a faint mirror."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imgforge_mcp.local.light import Light
from imgforge_mcp.local.noise import Noise, sample
from imgforge_mcp.local.pixels import Array, blur, clamp, grid, mix, ramp, resize, rgb, smooth
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage, open_stage
from imgforge_mcp.local.vector import Layer, lay

_ROOMS = ("kitchen", "cafe", "bedroom", "office", "classroom", "library", "bakery", "shop")


def studio(stage: Stage) -> None:
    if stage.scene.has("white-background"):
        stage.tell("white-background", f"colour:{(242, 242, 242)}")
    stage.tell("studio", *(f"colour:{colour}" for colour in stage.scene.colours[:1]))
    if stage.scene.has("marble", "dark-marble", "wood", "window", "cozy", *_ROOMS):
        _table(stage)
    else:
        _sweep(stage)
    stage.surface, stage.shadow, stage.reflect = "table", 0.5, 0.28
    stage.light = _studio_light(stage)


def portrait(stage: Stage) -> None:
    """A painted backdrop, brightest behind the head."""
    rows, columns = grid(*stage.shape)
    base = (
        _backdrop_colour(stage)
        if stage.scene.colours
        else rgb(*((86, 94, 110), (120, 104, 94), (74, 96, 94))[int(stage.dice(170).integers(3))])
    )
    reach = np.hypot((columns / stage.width - 0.5) * 1.1, rows / stage.height - 0.4)
    cloth = stage.noise.field(stage.shape, stage.width * 0.3, octaves=5, layer=171)
    light = np.clip(1.55 - reach * 1.75 + cloth * 0.14, 0.2, 2)
    with stage.part("wall", "studio", *(f"colour:{colour}" for colour in stage.scene.colours[:1])):
        stage.image = np.clip(base * light[..., None], 0, 1).astype(np.float32)
    stage.horizon, stage.ground, stage.surface, stage.shadow = int(stage.height * 0.7), stage.height * 1.0, "air", 0.0
    stage.light = _studio_light(stage)


def _studio_light(stage: Stage) -> Light:
    return replace(
        stage.light,
        ambient=rgb(170, 172, 180),
        key=rgb(255, 250, 242),
        mist=rgb(230, 232, 236),
        stars=False,
        overcast=False,
    )


def _backdrop_colour(stage: Stage) -> Array:
    if stage.scene.has("white-background"):
        return rgb(246, 247, 249)
    if stage.scene.colours:
        return rgb(*stage.scene.colours[0])
    if stage.scene.has("dark") or stage.scene.time == "night":
        return rgb(34, 36, 44)
    choices: tuple[Colour, ...] = (
        (232, 226, 218),
        (214, 222, 232),
        (238, 216, 206),
        (212, 226, 216),
        (226, 218, 236),
        (246, 228, 190),
    )
    return rgb(*choices[int(stage.dice(172).integers(len(choices)))])


def _sweep(stage: Stage) -> None:
    """Paper that curves from wall to floor, with a pool of light."""
    rows, columns = grid(*stage.shape)
    stage.horizon = int(stage.height * 0.64)
    base = _backdrop_colour(stage)
    fold = smooth(-0.2, 0.16, (rows - stage.horizon) / stage.height)
    side = 0.36 if stage.sun[0] < stage.width / 2 else 0.64
    pool = np.exp(-(((columns / stage.width - side) / 0.55) ** 2) - ((rows / stage.height - 0.36) / 0.5) ** 2)
    floor = np.exp(-(((columns / stage.width - 0.5) / 0.5) ** 2) - ((rows / stage.height - 0.82) / 0.22) ** 2)
    light = (
        0.74
        + 0.3 * pool * (1 - fold)
        + 0.3 * floor * fold
        - 0.1 * np.exp(-(((rows - stage.horizon) / stage.height / 0.06) ** 2))
    )
    with stage.part("wall", "studio"):
        stage.image = np.clip(base * light[..., None] * 1.02, 0, 1).astype(np.float32)
    below = np.repeat((rows > stage.horizon).astype(np.float32), stage.width, axis=1)
    stage.marks.own(("floor", "surface", "ground"), stage.marks.sampled(below) > 0.5)
    stage.ground = stage.height * 0.82


def _table(stage: Stage) -> None:
    stage.horizon = int(stage.height * 0.6)
    back = _soft_room(stage)
    top = stage.horizon
    rows, columns = (
        np.arange(top, stage.height, dtype=np.float32)[:, None],
        np.arange(stage.width, dtype=np.float32)[None],
    )
    down = np.clip((rows - top) / (stage.height - top), 0, 1)
    depth = 1 / (0.24 + down * 0.95)
    u, v = (
        (columns - stage.width / 2) / stage.width * depth * 3.0,
        np.broadcast_to(depth * 2.3, (stage.height - top, stage.width)),
    )
    is_marble = stage.scene.has("marble", "dark-marble") or not stage.scene.has(
        "wood", "kitchen", "cafe", "window", "cozy"
    )
    surface = (
        marble(stage.noise, u, v, dark=stage.scene.has("dark-marble", "dark")) if is_marble else wood(stage.noise, u, v)
    )
    pool = np.exp(-(((columns / stage.width - 0.46) / 0.55) ** 2) - ((rows / stage.height - 0.8) / 0.4) ** 2)
    surface = surface * (0.7 + 0.36 * pool)[..., None]
    mirror = back[np.clip(2 * top - np.arange(top, stage.height), 0, top - 1)]
    surface = mix(surface, mirror, (0.34 * (1 - down) * np.ones_like(u))[..., None])
    stage.image = back
    if not stage.scene.has(*_ROOMS):
        stage.marks.own(("wall",), np.ones(stage.marks.owner.shape, np.bool_))
    if stage.scene.has("window"):
        stage.tell("window")
    kind = ("marble", *(("dark-marble",) if stage.scene.has("dark-marble") else ())) if is_marble else ("wood",)
    with stage.part("table", *kind):
        stage.image[top:] = np.clip(surface, 0, 1)
    band = slice(max(0, top - 6), top + 6)
    stage.image[band] = (
        blur(stage.image[max(0, top - 30) : top + 30], 1.6)[top - 6 - max(0, top - 30) :][:12]
        if top > 30
        else stage.image[band]
    )
    stage.ground = stage.height * 0.83


def _soft_room(stage: Stage) -> Array:
    """What lies behind a table: a wall out of focus with spots of light."""
    if stage.scene.has(*_ROOMS):
        return _blurred_room(stage)
    rows, columns = grid(*stage.shape)
    cosy = stage.scene.has("kitchen", "cafe", "cozy", "wood") and not stage.scene.has("marble", "white-background")
    stops = (
        ((0, (236, 206, 164)), (0.5, (176, 130, 92)), (1, (74, 52, 42)))
        if cosy
        else ((0, (250, 249, 247)), (0.5, (222, 222, 224)), (1, (150, 156, 168)))
    )
    if stage.scene.has("dark", "dark-marble") or stage.scene.time == "night":
        stops = ((0, (86, 88, 98)), (0.5, (44, 46, 56)), (1, (16, 17, 24)))
    reach = np.hypot(columns / stage.width - 0.4, rows / stage.height - 0.28) * 1.3
    back = ramp(stops, reach)
    if stage.scene.colours:
        back = back * rgb(*stage.scene.colours[0]) * 1.15
    rng, layer = stage.dice(173), Layer(stage.width, stage.height)
    if stage.scene.has("window"):
        _panes(stage, layer)
    for _ in range(22):
        size = float(rng.uniform(14, 62)) * stage.unit
        layer.ellipse(
            float(rng.uniform(0, stage.width)),
            float(rng.uniform(0, stage.horizon * 0.92)),
            size,
            size,
            (255, 236, 200) if cosy else (255, 255, 252),
            opacity=float(rng.uniform(0.08, 0.3)),
        )
    return clamp(lay(back, layer.render(soft=4 * stage.unit)))


def _blurred_room(stage: Stage) -> Array:
    """The room that the table stands in, far out of focus."""
    from imgforge_mcp.local.places.room import room

    behind = open_stage(stage.scene, stage.width // 2, stage.height // 2, stage.noise.seed, stage.report, stage.marks)
    room(behind)
    return clamp(resize(blur(behind.image, 7 * behind.unit), *stage.shape))


def _panes(stage: Stage, layer: Layer) -> None:
    """A window behind, out of focus, with the hour's light in it."""
    x, y, wide, tall = stage.width * 0.5, 0.0, stage.width * 0.44, stage.horizon * 0.86
    sky = layer.gradient([(p, c, 1) for p, c in stage.light.sky])
    for row in range(2):
        for column in range(2):
            layer.rect(x + wide * 0.5 * column, y + tall * 0.5 * row, wide * 0.47, tall * 0.47, sky)


def marble(noise: Noise, u: Array, v: Array, *, dark: bool = False) -> Array:
    bend = sample(noise.tile(4, octaves=5, layer=174), u * 0.1, v * 0.1)
    first = np.abs(sample(noise.tile(4, octaves=4, layer=175), u * 0.12 + bend * 0.13, v * 0.2 + bend * 0.06))
    second = np.abs(sample(noise.tile(8, octaves=4, layer=176), u * 0.16 + bend * 0.1, v * 0.2 - bend * 0.08))
    cloud = sample(noise.tile(4, octaves=4, layer=177), u * 0.1, v * 0.1)
    vein = np.exp(-first * 22) * 0.5 + np.exp(-second * 34) * 0.24 + np.clip(cloud, 0, 1) * 0.16
    stone, line = (rgb(36, 36, 41), rgb(196, 186, 166)) if dark else (rgb(245, 244, 242), rgb(126, 130, 140))
    return mix(stone, line, np.clip(vein, 0, 1)[..., None])


def wood(noise: Noise, u: Array, v: Array, *, tone: tuple[Colour, Colour] = ((112, 68, 40), (190, 132, 82))) -> Array:
    board = np.floor(u * 1.15)
    grain = sample(noise.tile(16, octaves=6, layer=178), u * 1.7 + board * 0.137, v * 0.09 + board * 0.31)
    wander = sample(noise.tile(5, octaves=4, layer=179), u * 0.2 + board * 0.3, v * 0.06 + board * 0.17)
    ring = 0.5 + 0.5 * np.sin((u * 8 + wander * 5) * 3.1)
    tint = np.mod(board * 0.37, 1) * 0.16
    colour = mix(
        rgb(*tone[0]), rgb(*tone[1]), np.clip(0.42 + tint + grain * 0.45 + (ring - 0.5) * 0.3, 0, 1)[..., None]
    )
    gap = smooth(0.485, 0.495, np.abs(np.mod(u * 1.15, 1) - 0.5))
    return np.asarray(colour * (1 - 0.6 * gap)[..., None], np.float32)
