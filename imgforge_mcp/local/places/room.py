"""Rooms: a wall, a floor, a window with the hour outside, shelves, a fire, what the room is for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from imgforge_mcp.local.pixels import Array, blur, grid, mix, rgb, smooth
from imgforge_mcp.local.places import furniture
from imgforge_mcp.local.places.bricks import brick_wall
from imgforge_mcp.local.places.furniture import BOOKS
from imgforge_mcp.local.places.lamplight import shine
from imgforge_mcp.local.places.studio import wood
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage, open_stage
from imgforge_mcp.local.vector import Layer

_WALLS = ((236, 222, 202), (206, 218, 212), (226, 208, 206), (210, 214, 230), (232, 212, 178), (188, 200, 190))
Box = tuple[float, float, float, float]


def room(stage: Stage) -> None:
    if stage.scene.has("brick-wall"):
        brick_wall(stage)
        return
    stage.horizon = int(stage.height * 0.66)
    warm = stage.scene.time in ("night", "dusk") or stage.scene.has("cozy", "fireplace")
    _walls_and_floor(stage, warm)
    stage.report(0.2, "the walls")
    glow = np.zeros_like(stage.image)
    window = (0.08, 0.12, 0.3, 0.36) if stage.dice(180).random() < 0.5 else (0.62, 0.12, 0.3, 0.36)
    _window(stage, window)
    other = 0.52 if window[0] < 0.5 else 0.06
    _sunbeam(stage, window, warm)
    layer, lights = Layer(stage.width, stage.height), Layer(stage.width, stage.height)
    _rug(stage, layer)
    _furnish(stage, layer, lights, other, window)
    stage.lay(layer)
    lamps = lights.render(detail=0.5)
    glow = lamps[..., :3] * lamps[..., 3:]
    stage.image = shine(stage, stage.image, glow, 0.55 if warm else 0.3)
    stage.report(0.4, "the furniture")
    _mood(stage, warm)
    stage.ground, stage.shadow = stage.height * 0.9, 0.4


def _walls_and_floor(stage: Stage, warm: bool) -> None:
    rows, columns = grid(*stage.shape)
    wall = rgb(*_WALLS[int(stage.dice(181).integers(len(_WALLS)))])
    if stage.scene.colours:
        wall = mix(wall, rgb(*stage.scene.colours[0]), 0.6)
    if warm:
        wall = wall * rgb(236, 196, 156)
    reach = np.hypot(columns / stage.width - 0.4, (rows / stage.height - 0.3))
    plaster = stage.noise.field(stage.shape, 90 * stage.unit, octaves=5, layer=182)
    with stage.part("wall", *(f"colour:{colour}" for colour in stage.scene.colours[:1])):
        stage.image = np.clip(wall * (1.06 - 0.36 * reach + 0.02 * plaster)[..., None], 0, 1).astype(np.float32)
    top = stage.horizon
    down = np.clip((rows[top:] - top) / (stage.height - top), 0, 1)
    depth = 1 / (0.28 + down)
    u, v = (
        (columns - stage.width / 2) / stage.width * depth * 4.4,
        np.broadcast_to(depth * 4, (stage.height - top, stage.width)),
    )
    floor = wood(stage.noise, u, v) * (0.62 + 0.38 * down)[..., None]
    with stage.part("floor", "ground"):
        stage.image[top:] = floor
    stage.image[max(0, top - int(16 * stage.unit)) : top] = wall * 1.12


def _window(stage: Stage, box: Box) -> None:
    x, y, width, height = (
        int(box[0] * stage.width),
        int(box[1] * stage.height),
        int(box[2] * stage.width),
        int(box[3] * stage.height),
    )
    if width < 4 or height < 4:
        return
    outside = open_stage(stage.scene, max(32, width), max(32, height), stage.noise.seed + 1, lambda _f, _w: None)
    outside.horizon = int(outside.height * 0.98)
    outside.sun = (outside.width * 0.5, outside.height * 0.42)
    paint_sky(outside)
    hill = outside.noise.line(outside.width, outside.width * 0.5, octaves=4, layer=183)
    rows, _ = grid(*outside.shape)
    mask = smooth(-1, 1, rows - (outside.height * 0.8 + hill * outside.height * 0.08)[None])
    green = rgb(84, 118, 74) if not stage.scene.has("snow", "winter") else rgb(226, 234, 244)
    outside.image = mix(outside.image, green * (outside.light.ambient * 0.6 + outside.light.key * 0.4), mask[..., None])
    with stage.part("window"):
        stage.image[y : y + height, x : x + width] = outside.image[:height, :width]
    stage.tell("sky")
    frame, bar = Layer(stage.width, stage.height), max(2.0, 9 * stage.unit)
    frame.begin("window")
    white = rgb(248, 246, 242) * (0.8 if stage.scene.time == "night" else 1.0)
    for points in (
        [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)],
        [(x + width / 2, y), (x + width / 2, y + height)],
        [(x, y + height * 0.42), (x + width, y + height * 0.42)],
    ):
        frame.line(points, white, bar)
    frame.rect(x - width * 0.06, y + height, width * 1.12, bar * 1.6, white * 0.94)
    frame.begin("curtains")
    for side in (-1, 1):
        edge = x + width / 2 + side * width * 0.62
        frame.path(
            (
                f"M{edge - width * 0.13} {y - height * 0.07} h{width * 0.26} q{-side * width * 0.04} "
                f"{height * 0.7} {side * width * 0.03} {height * 1.36} h{-width * 0.26} Z"
            ),
            _cloth(stage),
            opacity=0.93,
        )
    stage.lay(frame)


def _cloth(stage: Stage) -> Array:
    return rgb(*BOOKS[int(stage.dice(184).integers(len(BOOKS)))]) * 0.55 + 0.35


# what a room can be for, by the feature that says so; the first that is asked for is built
_KINDS: dict[str, Callable[[furniture.Site, float, float], None]] = {
    "kitchen": furniture.kitchen,
    "bedroom": furniture.bedroom,
    "office": furniture.office,
    "classroom": furniture.classroom,
    "bakery": functools.partial(furniture.shop, bread=True),
    "shop": furniture.shop,
    "cafe": furniture.cafe,
    "library": furniture.library,
}


def _furnish(stage: Stage, layer: Layer, lights: Layer, x: float, window: Box) -> None:
    width, height = stage.width, stage.height
    site = furniture.Site(stage, layer, lights)
    kind = next((name for name in _KINDS if stage.scene.has(name)), "")
    if kind:
        _KINDS[kind](site, x * width, 0.42 * width)
    elif stage.scene.has("fireplace"):
        layer.begin("fireplace", "fire")
        _fireplace(stage, layer, lights, (x + 0.02) * width)
    else:
        furniture.shelf(site, x * width, 0.13 * height, 0.34 * width, 0.12 * height, 185)
        furniture.picture(site, (x + 0.1) * width, 0.32 * height)
    if not kind:
        layer.begin("plant")
        _plant(stage, layer, (window[0] + (0.36 if window[0] < 0.5 else -0.05)) * width)
    if not kind and (stage.scene.has("cozy") or stage.scene.time in ("night", "dusk")):
        layer.begin("lamp")
        _lamp(stage, layer, lights, (x + (0.4 if x > 0.3 else 0.0)) * width)
    stage.tell("room")


def _rug(stage: Stage, layer: Layer) -> None:
    """A round rug where the subjects stand, in two colours of the books; none where one works or sells."""
    if stage.scene.has("kitchen", "classroom", "bakery", "shop", "cafe"):
        return
    layer.begin()
    first, second = (rgb(*BOOKS[int(k)]) for k in stage.dice(190).choice(len(BOOKS), 2, replace=False))
    x, y, wide, tall = stage.width * 0.5, stage.height * 0.885, stage.width * 0.4, stage.height * 0.085
    for share, colour in (
        (1.0, first * 0.6),
        (0.97, mix(first, rgb(255, 240, 220), 0.3)),
        (0.86, rgb(242, 230, 208)),
        (0.81, mix(second, rgb(255, 240, 220), 0.35)),
        (0.52, rgb(242, 230, 208)),
        (0.47, mix(first, rgb(255, 240, 220), 0.3)),
    ):
        drop = stage.unit * (5 if share == 1.0 else 0)
        layer.ellipse(x, y + drop, wide * share, tall * share, colour)


def _fireplace(stage: Stage, layer: Layer, lights: Layer, x: float) -> None:
    width, top, foot = 0.36 * stage.width, 0.36 * stage.height, stage.horizon + 0.03 * stage.height
    layer.rect(x, top, width, foot - top, layer.gradient([(0, (178, 164, 150), 1), (1, (132, 118, 108), 1)]))
    layer.rect(x - width * 0.06, top - 16 * stage.unit, width * 1.12, 24 * stage.unit, (104, 72, 50))
    inner = (x + width * 0.16, top + (foot - top) * 0.26, width * 0.68, (foot - top) * 0.74)
    layer.path(
        (
            f"M{inner[0]} {foot} V{inner[1] + inner[3] * 0.3} Q{inner[0] + inner[2] / 2} "
            f"{inner[1] - inner[3] * 0.1} {inner[0] + inner[2]} {inner[1] + inner[3] * 0.3} V{foot}Z"
        ),
        (30, 22, 22),
    )
    middle, base = inner[0] + inner[2] / 2, foot - 8 * stage.unit
    for k, (spread, tall, colour) in enumerate(
        ((0.34, 0.6, (232, 92, 30)), (0.25, 0.48, (252, 160, 44)), (0.14, 0.32, (255, 228, 140)))
    ):
        for offset in (-0.18, 0.0, 0.17):
            centre, high = (
                middle + offset * inner[2] * (1 - 0.2 * k),
                tall * inner[3] * (1 - 0.5 * abs(offset) * 3 * 0.6),
            )
            half = spread * inner[2] * 0.42
            d = (
                f"M{centre - half} {base} Q{centre - half * 1.1} {base - high * 0.5} {centre - half * 0.1} "
                f"{base - high} Q{centre + half * 0.5} {base - high * 0.5} {centre + half} {base}Z"
            )
            layer.path(d, colour, opacity=0.9)
            lights.path(d, colour, opacity=0.8)
    for k in range(2):
        layer.line(
            [
                (middle - inner[2] * 0.3, base - k * 9 * stage.unit),
                (middle + inner[2] * 0.3, base - (1 - k) * 9 * stage.unit),
            ],
            (70, 46, 34),
            15 * stage.unit,
        )


def _lamp(stage: Stage, layer: Layer, lights: Layer, x: float) -> None:
    foot, top = stage.horizon + 0.03 * stage.height, 0.38 * stage.height
    size = 0.06 * stage.width
    layer.line([(x + size, foot), (x + size, top)], (60, 52, 48), 6 * stage.unit)
    layer.ellipse(x + size, foot, size * 0.5, size * 0.12, (60, 52, 48))
    shade = f"M{x + size * 0.4} {top - size * 0.9} H{x + size * 1.6} L{x + size * 2} {top + size * 0.4} H{x}Z"
    layer.path(shade, layer.gradient([(0, (255, 230, 176), 1), (1, (250, 196, 116), 1)]))
    lights.path(shade, (255, 204, 130), opacity=0.8)


def _plant(stage: Stage, layer: Layer, x: float) -> None:
    rng, foot = stage.dice(189), stage.horizon + 0.04 * stage.height
    pot = 0.045 * stage.width
    for _ in range(16):
        angle = float(rng.uniform(-2.7, -0.44))
        reach = pot * float(rng.uniform(1.9, 4.2))
        tip = (x + np.cos(angle) * reach, foot - pot * 1.5 + np.sin(angle) * reach)
        bend = (x + np.cos(angle) * reach * 0.3, foot - pot * 1.7 + np.sin(angle) * reach * 0.8)
        green = rgb(62, 118, 70) * float(rng.uniform(0.7, 1.2))
        layer.path(
            (
                f"M{x} {foot - pot * 1.4} Q{bend[0] - pot * 0.3} {bend[1]} {tip[0]} {tip[1]} "
                f"Q{bend[0] + pot * 0.35} {bend[1] + pot * 0.2} {x} {foot - pot * 1.4}Z"
            ),
            green,
        )
    layer.path(
        f"M{x - pot} {foot - pot * 1.5} H{x + pot} L{x + pot * 0.72} {foot} H{x - pot * 0.72}Z",
        layer.gradient([(0, (214, 132, 94), 1), (1, (160, 88, 62), 1)], x2=1, y2=0),
    )


def _sunbeam(stage: Stage, window: Box, warm: bool) -> None:
    if stage.scene.time in ("night", "dusk") or stage.light.overcast:
        return
    rows, columns = grid(*stage.shape)
    slant = 0.5 if window[0] < 0.5 else -0.5
    middle = (
        (window[0] + window[2] / 2) * stage.width + (rows - stage.horizon) * slant + 0.1 * stage.width * np.sign(slant)
    )
    half = window[2] * stage.width * 0.5
    inside = 1 - smooth(half * 0.92, half * 1.06, np.abs(columns - middle))
    bar = 1 - np.exp(-(((columns - middle) / (0.05 * half)) ** 2))
    patch = (
        inside
        * bar
        * smooth(0, 4, rows - stage.horizon - 0.05 * stage.height)
        * (1 - smooth(0.9, 1.0, rows / stage.height))
    )
    stage.image = np.clip(
        stage.image + blur(patch.astype(np.float32), 3 * stage.unit)[..., None] * stage.light.key * 0.26, 0, 1
    )


def _mood(stage: Stage, warm: bool) -> None:
    if stage.scene.time in ("night", "dusk"):
        rows, columns = grid(*stage.shape)
        pool = np.exp(-(((columns / stage.width - 0.5) / 0.55) ** 2) - ((rows / stage.height - 0.5) / 0.6) ** 2)
        stage.image = np.clip(stage.image * (rgb(120, 100, 110) + pool[..., None] * rgb(150, 110, 60)), 0, 1)
        stage.light = replace(stage.light, ambient=rgb(120, 100, 96), key=rgb(255, 214, 160), stars=False)
    else:
        stage.light = replace(
            stage.light,
            ambient=rgb(158, 152, 148),
            key=rgb(255, 242, 222) if not warm else rgb(255, 222, 176),
            overcast=False,
        )
