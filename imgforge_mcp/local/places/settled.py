"""Settled country: villages and gardens."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from imgforge_mcp.local import trees
from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, from_image, grid, mix, over, rgb, smooth, to_image
from imgforge_mcp.local.places.lamplight import is_lit, shine
from imgforge_mcp.local.places.landscape import hills_behind
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer

_WALLS = ((240, 230, 214), (232, 212, 184), (222, 200, 176), (206, 190, 176), (236, 222, 204))
_ROOFS = ((170, 84, 62), (140, 74, 62), (112, 84, 76), (186, 104, 70), (96, 92, 104))
_EACH = 6
"""Flowers of a colour that are drawn."""
_Flower = tuple[float, float, float, int, int]
"""Where it stands, how large it is, its colour's number and which of those that are drawn it is."""
_BLOOMS = ((236, 84, 104), (250, 190, 70), (246, 240, 236), (176, 110, 206), (246, 140, 170), (250, 120, 70))


def village(stage: Stage) -> None:
    hills_behind(stage)
    layer, lights = Layer(stage.width, stage.height), Layer(stage.width, stage.height)
    with stage.part("path", "ground"):
        _path(stage)
    layer.begin("village", "houses", "windows")
    rng = stage.dice(220)
    spots = sorted((float(rng.uniform(0, 1)), float(rng.uniform(0.05, 0.95))) for _ in range(15))
    for near, across in spots:
        if near > 0.45 and abs(across - 0.5) < 0.24:
            across = 0.14 if across < 0.5 else 0.86
        size = min(stage.shape) * (0.045 + 0.15 * near**1.3)
        x, foot = across * stage.width, stage.horizon + stage.height * (0.035 + 0.2 * near**1.2)
        cottage(stage, layer, lights, x, foot, size, rng)
    stage.lay(layer)
    with stage.part("trees"):
        _trees(stage, spots)
    if is_lit(stage):
        lamps = lights.render(detail=0.5)
        stage.image = shine(stage, stage.image, lamps[..., :3] * lamps[..., 3:], 0.8)
    stage.ground, stage.tuck = stage.height * 0.9, True


def cottage(
    stage: Stage, layer: Layer, lights: Layer, x: float, foot: float, size: float, rng: np.random.Generator
) -> None:
    """One house with a gable, lit from the sun's side."""
    light = stage.light.ambient * 0.62 + stage.light.key * 0.5
    wall, roof = (
        rgb(*_WALLS[int(rng.integers(len(_WALLS)))]) * light,
        rgb(*_ROOFS[int(rng.integers(len(_ROOFS)))]) * light,
    )
    if stage.scene.has("snow", "winter"):
        roof = mix(roof, rgb(240, 244, 250) * light, 0.88)
    wide, tall = size * float(rng.uniform(1.1, 1.5)), size * 0.72
    left, eaves, ridge = x - wide / 2, foot - tall, foot - tall - size * 0.55
    bright, dim = (1.08, 0.84) if stage.sun[0] < x else (0.84, 1.08)
    layer.ellipse(x, foot, wide * 0.62, size * 0.06, (10, 16, 12), opacity=0.28)
    layer.rect(left, eaves, wide * 0.62, tall, wall * bright)
    layer.rect(left + wide * 0.62, eaves, wide * 0.38, tall, wall * dim)
    layer.polygon([(left + wide * 0.62, eaves), (left + wide * 0.81, ridge), (left + wide, eaves)], wall * dim)
    layer.polygon(
        [
            (left - wide * 0.04, eaves + size * 0.03),
            (left + wide * 0.16, ridge),
            (left + wide * 0.81, ridge),
            (left + wide * 0.62, eaves + size * 0.03),
        ],
        layer.gradient([(0, roof * 1.1, 1), (1, roof * 0.82, 1)]),
    )
    layer.polygon(
        [
            (left + wide * 0.81, ridge),
            (left + wide * 1.04, eaves + size * 0.04),
            (left + wide * 0.98, eaves + size * 0.04),
            (left + wide * 0.78, ridge + size * 0.05),
        ],
        roof * 0.7,
    )
    layer.rect(left + wide * 0.28, ridge - size * 0.14, size * 0.1, size * 0.26, wall * 0.7)
    lit = is_lit(stage)
    pane = rgb(255, 206, 120) if lit else mix(rgb(70, 84, 104), stage.light.mist, 0.35)
    for k in range(2):
        box = (left + wide * (0.08 + 0.34 * k), eaves + tall * 0.26, size * 0.17, size * 0.21)
        layer.rect(box[0] - size * 0.02, box[1] - size * 0.02, box[2] + size * 0.04, box[3] + size * 0.04, wall * 0.66)
        layer.rect(*box, pane)
        if lit:
            lights.rect(*box, (255, 196, 110))
    layer.rect(left + wide * 0.75, foot - tall * 0.6, size * 0.2, tall * 0.6, roof * 0.62, radius=size * 0.03)


def _path(stage: Stage) -> None:
    rows, columns = grid(*stage.shape)
    down = np.clip((rows - stage.horizon) / (stage.height - stage.horizon), 0, 1)
    bend = 0.5 + 0.1 * np.sin(down * 4.2 + float(stage.dice(221).uniform(0, 6))) * (1 - down)
    grain = stage.noise.field(stage.shape, 30 * stage.unit, octaves=4, stretch=2.2, layer=222)
    half = 0.012 + 0.17 * down**1.4
    inside = 1 - smooth(0.82, 1.0, np.abs(columns / stage.width - bend) / half + grain * 0.08)
    light = stage.light.ambient * 0.62 + stage.light.key * 0.5
    earth = rgb(206, 180, 140) if not stage.scene.has("snow", "winter") else rgb(222, 230, 240)
    stage.image = over(stage.image, earth * light * (0.95 + 0.14 * grain[..., None]), inside * smooth(0.06, 0.14, down))


def _trees(stage: Stage, spots: list[tuple[float, float]]) -> None:
    rng, shapes = stage.dice(223), trees.kinds(stage)
    light = stage.light.ambient * 0.66 + stage.light.key * 0.5
    canvas = to_image(stage.image)
    for near in sorted(float(v) for v in rng.uniform(0, 1, 16)):
        across = float(rng.uniform(0, 1))
        if near > 0.35 and abs(across - 0.5) < 0.28:
            across = float(rng.choice([0.02, 0.1, 0.9, 0.98]))
        tall = min(stage.shape) * (0.07 + 0.3 * near**1.4)
        foot = stage.horizon + stage.height * (0.03 + 0.22 * near**1.2)
        tree = shapes[int(rng.integers(len(shapes)))]
        tree = tree.resize((max(3, int(tree.width * tall / tree.height)), max(4, int(tall))))
        values = np.asarray(tree, np.float32)[..., :3] / 255 * light
        canvas.paste(
            to_image(mix(values, stage.light.mist, 0.35 * (1 - near))),
            (int(across * stage.width - tree.width / 2), int(foot - tall * 0.97)),
            tree,
        )
    stage.image = from_image(canvas)


def garden(stage: Stage) -> None:
    """Flowers by the thousand, row on row to the horizon."""
    hills_behind(stage)
    _flower_bed(stage)
    stage.ground, stage.tuck = stage.height * 0.9, True


def _flower_bed(stage: Stage) -> None:
    """Flowers with their stalks, which are dots when far."""
    rng = stage.dice(224)
    light = stage.light.ambient * 0.62 + stage.light.key * 0.55
    blooms: tuple[tuple[int, int, int], ...] = _BLOOMS
    if stage.scene.has("lavender"):
        blooms = ((142, 108, 204), (120, 88, 186), (168, 132, 222))
    elif stage.scene.has("sunflowers"):
        blooms = ((250, 196, 40), (246, 176, 30), (254, 212, 70))
    elif stage.scene.colours:
        blooms = tuple(stage.scene.colours)
    elif stage.scene.has("blossom"):
        blooms = ((246, 188, 208), (250, 214, 226), (238, 150, 186))
    elif stage.scene.has("snow", "winter"):
        return
    named = tuple(n for n in ("lavender", "sunflowers") if stage.scene.has(n))[:1]
    if not named and stage.scene.colours:
        named = tuple(f"colour:{c}" for c in stage.scene.colours)
    flowers = list[_Flower]()
    for band in range(16):
        t = band / 15
        foot = stage.horizon + stage.height * (0.05 + 0.46 * t**1.5)
        size = stage.unit * (3.4 + 24 * t**1.5)
        count = int(stage.width / size / (1.5 + 1.1 * t) * (2.4 if stage.scene.has("lavender") else 1.25))
        across = rng.uniform(0, stage.width, count)
        patch = sample(
            stage.noise.tile(6, octaves=3, layer=225),
            (across / stage.width * 0.5 + t * 0.6).astype(np.float32),
            np.full(count, t * 0.7, np.float32),
        )
        colours = ((patch * 1.4 + 0.5 + rng.uniform(-0.16, 0.16, count)) * len(blooms)).astype(int) % len(blooms)
        feet = foot + rng.uniform(-0.5, 0.5, count) * size
        drawn = rng.integers(0, _EACH, count)
        flowers += zip(across.tolist(), feet.tolist(), [size] * count, colours.tolist(), drawn.tolist(), strict=True)
    with stage.part("flowers", "garden", *named):
        _plant_flowers(stage, flowers, [rgb(*bloom) * light for bloom in blooms], rgb(70, 124, 58) * light)


def _plant_flowers(stage: Stage, flowers: list[_Flower], blooms: list[Array], green: Array) -> None:
    """Some of each colour are drawn, from dark to bright, and all others are copies of them."""
    rng, largest = stage.dice(226), stage.unit * 28
    wide, tall, up = math.ceil(1.6 * largest), math.ceil(4.2 * largest), math.ceil(1.6 * largest)
    sheet = Layer(wide * _EACH, tall * len(blooms))
    for row, bloom in enumerate(blooms):
        for column in range(_EACH):
            colour, x = bloom * (0.86 + 0.28 * (column + 0.5) / _EACH), (column + 0.5) * wide
            _flower(sheet, rng, x, row * tall + up, largest, colour, green, stage.scene.has("lavender"))
    drawn, sheets = to_image(sheet.render()), dict[float, Image.Image]()
    picture = to_image(stage.image[stage.horizon :])
    for x, y, size, row, column in flowers:
        share = size / largest
        if size not in sheets:
            sheets[size] = drawn.resize((round(drawn.width * share), round(drawn.height * share)), Image.Resampling.BOX)
        left, top = round(column * wide * share), round(row * tall * share)
        copy = sheets[size].crop((left, top, left + int(wide * share), top + int(tall * share)))
        picture.paste(copy, (round(x - copy.width / 2), round(y - up * share) - stage.horizon), copy)
    stage.image[stage.horizon :] = from_image(picture)


def _flower(
    layer: Layer,
    rng: np.random.Generator,
    x: float,
    y: float,
    size: float,
    colour: Array,
    green: Array,
    spike: bool,
) -> None:
    layer.path(f"M{x} {y} q{size * 0.2} {size * 1.2} 0 {size * 2.4}", stroke=green, width=max(0.8, size * 0.12))
    if spike:
        for k in range(6):
            layer.ellipse(
                x + (k % 2 - 0.5) * size * 0.18,
                y - k * size * 0.24,
                size * 0.2,
                size * 0.17,
                colour * (0.85 + 0.06 * k),
            )
        return
    turn = float(rng.uniform(0, 6.28))
    angles = [turn + k * 1.047 for k in range(6)]
    petals = [
        (x + math.cos(angle) * size * 0.36, y + math.sin(angle) * size * 0.28, size * 0.3, size * 0.24)
        for angle in angles
    ]
    for k in range(3):  # those that lie over one another differ
        layer.ellipses((petals[k], petals[k + 3]), colour * (0.92 + 0.06 * k))
    layer.ellipse(x, y, size * 0.22, size * 0.18, (250, 214, 90))
