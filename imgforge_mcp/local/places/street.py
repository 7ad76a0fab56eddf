"""A street between houses, in one-point perspective: shop windows, signs, lamps, wet ground."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image

from imgforge_mcp.local import trees
from imgforge_mcp.local.pixels import Array, clamp, from_image, grid, mix, over, ramp, rgb, smooth, to_image
from imgforge_mcp.local.places.city import mirror_floor, road_marks
from imgforge_mcp.local.places.lamplight import NEON, bloom, is_lit, sign
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, Point, lay

_FRONTS = (
    (206, 112, 84),
    (238, 196, 130),
    (150, 186, 178),
    (226, 158, 116),
    (178, 98, 90),
    (158, 184, 212),
    (244, 222, 184),
    (222, 168, 172),
)


def street(stage: Stage) -> None:
    stage.horizon = int(stage.height * 0.56)
    stage.sun = (stage.width * 0.5, stage.horizon * 0.45)
    paint_sky(stage, sun=not is_lit(stage))
    if stage.scene.has("neon"):
        rows, _ = grid(*stage.shape)
        night = ramp(((0, (12, 8, 38)), (0.6, (60, 18, 100)), (1, (220, 60, 150))), rows / stage.horizon)
        stage.image = np.repeat(night, stage.width, 1) * 0.8
    stage.report(0.2, "the sky")
    bodies, lights = Layer(stage.width, stage.height), Layer(stage.width, stage.height)
    bodies.begin("houses", "buildings", "windows")
    for side in (-1, 1):
        _row_of_houses(stage, bodies, lights, side)
    bodies.begin("lamp")
    _lamps(stage, bodies, lights)
    if is_lit(stage):
        bodies.begin("lanterns")
        _lanterns(stage, bodies, lights)
    painted = bodies.render()
    stage.image = lay(stage.image, painted)
    stage.note(bodies, painted)
    stage.tell("street", *(("neon",) if stage.scene.has("neon") else ()))
    stage.report(0.4, "the houses")
    light = None
    if is_lit(stage):
        lamps = lights.render(detail=0.5)
        light = bloom(stage, lamps[..., :3] * lamps[..., 3:])
        stage.image = clamp(stage.image + light)
    with stage.part("road", "ground", "pavement"):
        _street_floor(stage, painted)
    stage.note(bodies, painted)
    if light is not None:
        stage.image[stage.horizon :] = clamp(stage.image[stage.horizon :] + light[stage.horizon :])
    stage.ground, stage.shadow = stage.height * 0.93, 0.4


def _street_floor(stage: Stage, houses: Array) -> None:
    lit, wet = is_lit(stage), 0.9 if stage.scene.has("rain", "neon") else 0.0
    base = rgb(18, 16, 34) if lit else (stage.light.ambient * 0.42 + stage.light.key * 0.3) * rgb(196, 192, 192)
    if stage.scene.has("snow", "winter"):
        base = rgb(226, 234, 246) * (stage.light.ambient * 0.7 + stage.light.key * 0.4)
    mirror_floor(stage, base=base, wet=max(wet, 0.7 if lit else 0.1), grain=0.07)
    if not stage.scene.has("snow", "winter"):
        road_marks(stage)
    if not lit:
        _pavements(stage)
    stage.image[stage.horizon :] = lay(stage.image[stage.horizon :], houses[stage.horizon :])
    if not lit:
        with stage.part("trees"):
            _street_trees(stage)


def _pavements(stage: Stage) -> None:
    """Slabs along the house fronts, with a kerb, and the long shadow of one side of the street."""
    top = stage.horizon
    rows = np.arange(top, stage.height, dtype=np.float32)[:, None]
    columns = np.arange(stage.width, dtype=np.float32)[None]
    across = (columns - stage.width / 2) / (rows - top + 2) * (stage.height / max(stage.width, stage.height * 0.8))
    down = np.clip((rows - top) / (stage.height - top), 0.004, 1)
    slab = stage.light.ambient * 0.5 + stage.light.key * 0.4
    joints = 1 - 0.1 * (np.mod(1.3 / down, 1) > 0.93)
    colour = slab * rgb(226, 214, 198) * joints[..., None]
    side = smooth(2.05, 2.1, np.abs(across))
    stage.image[top:] = over(stage.image[top:], colour, side)
    kerb = np.exp(-(((np.abs(across) - 2.05) / 0.05) ** 2))
    stage.image[top:] = over(stage.image[top:], np.broadcast_to(slab * 0.95, colour.shape), kerb * 0.8)
    shade = smooth(0.2, -0.9, across) if stage.scene.time != "sunset" else smooth(-1.4, -2.2, across)
    stage.image[top:] *= (1 - 0.26 * shade * (0 if stage.light.overcast else 1))[..., None]


def _street_trees(stage: Stage) -> None:
    shapes = trees.kinds(stage)
    canvas = to_image(stage.image)
    light = stage.light.ambient * 0.6 + stage.light.key * 0.5
    for distance in (0.07, 0.11, 0.18, 0.3):
        for side in (-1, 1):
            x, foot = _spot(stage, side, distance * 0.86, -0.36)
            tall = distance * stage.height * 0.74
            tree = shapes[int(stage.dice(142).integers(len(shapes))) % len(shapes)]
            tree = tree.resize(
                (max(3, int(tree.width * tall / tree.height)), max(4, int(tall))), Image.Resampling.BILINEAR
            )
            values = np.asarray(tree, np.float32)[..., :3] / 255 * light
            far = max(0.0, 0.5 - distance * 2)
            canvas.paste(
                to_image(mix(values, stage.light.mist, far)), (int(x - tree.width / 2), int(foot - tall)), tree
            )
    stage.image = from_image(canvas)


def _row_of_houses(stage: Stage, bodies: Layer, lights: Layer, side: int) -> None:
    """Fronts in perspective, far to near."""
    rng = stage.dice(140 if side < 0 else 141)
    edges = [0.03, 0.055, 0.095, 0.16, 0.26, 0.42, 0.7]
    for far, near in itertools.pairwise(edges):
        colour = _FRONTS[int(rng.integers(len(_FRONTS)))]
        rise = float(rng.uniform(1.5, 2.6)) if not stage.scene.has("neon") else float(rng.uniform(2.4, 4.4))
        _front(stage, bodies, lights, rng, side, far, near, rise, colour)


def _spot(stage: Stage, side: int, distance: float, up: float) -> Point:
    """A point on the house line: `distance` 0 at the vanishing point, `up` in street widths above the eye."""
    x = stage.width * 0.5 + side * distance * max(stage.width, stage.height * 0.8)
    return x, stage.horizon - up * distance * stage.height * 0.62


def _front(
    stage: Stage,
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    side: int,
    far: float,
    near: float,
    rise: float,
    colour: tuple[int, int, int],
) -> None:
    depth = 1 - (far + near) / 1.2
    light = stage.light.ambient * 0.6 + stage.light.key * (0.5 if side > 0 else 0.34)
    wall = np.minimum(1, rgb(*colour) * light * 1.12) if not is_lit(stage) else rgb(*colour) * rgb(48, 44, 74) * 1.0
    wall = mix(wall, stage.light.mist if not stage.scene.has("neon") else rgb(150, 50, 140), max(0.0, depth) * 0.55)
    bottom = -0.32
    outline = [
        _spot(stage, side, far, bottom),
        _spot(stage, side, near, bottom),
        _spot(stage, side, near, rise),
        _spot(stage, side, far, rise),
    ]
    shade = bodies.gradient([(0, wall * 1.12, 1), (1, wall * 0.8, 1)])
    bodies.polygon(outline, shade)
    lights.polygon(outline, "#000")
    roof = [
        _spot(stage, side, near, rise),
        _spot(stage, side, far, rise),
        _spot(stage, side, far, rise + 0.08),
        _spot(stage, side, near, rise + 0.08),
    ]
    bodies.polygon(roof, wall * 0.55)
    _shop(stage, bodies, lights, rng, side, far, near, bottom)
    for floor in range(int((rise - 0.35) / 0.42)):
        for k in range(3):
            a, b = far + (near - far) * (0.12 + 0.29 * k), far + (near - far) * (0.12 + 0.29 * k + 0.18)
            low = 0.42 + floor * 0.42
            _pane(stage, bodies, lights, rng, side, a, b, low, low + 0.25, wall)
    if stage.scene.has("neon") or (is_lit(stage) and rng.random() < 0.5):
        _blade_sign(stage, bodies, lights, rng, side, near, rise)


def _pane(
    stage: Stage,
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    side: int,
    a: float,
    b: float,
    low: float,
    high: float,
    wall: Array,
) -> None:
    quad = [
        _spot(stage, side, a, low),
        _spot(stage, side, b, low),
        _spot(stage, side, b, high),
        _spot(stage, side, a, high),
    ]
    if is_lit(stage) and rng.random() < 0.42:
        warm = (255, 206, 128) if not stage.scene.has("neon") or rng.random() < 0.5 else NEON[int(rng.integers(5))]
        value = tuple(v * float(rng.uniform(0.5, 0.95)) for v in warm)
        bodies.polygon(quad, value)
        lights.polygon(quad, tuple(v * 0.5 for v in value))
    else:
        sky = stage.light.mist if not is_lit(stage) else rgb(30, 30, 60)
        bodies.polygon(quad, bodies.gradient([(0, mix(wall * 0.4, sky, 0.55), 1), (1, mix(wall * 0.4, sky, 0.2), 1)]))


def _shop(
    stage: Stage,
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    side: int,
    far: float,
    near: float,
    bottom: float,
) -> None:
    a, b = far + (near - far) * 0.1, far + (near - far) * 0.92
    quad = [
        _spot(stage, side, a, bottom + 0.04),
        _spot(stage, side, b, bottom + 0.04),
        _spot(stage, side, b, 0.18),
        _spot(stage, side, a, 0.18),
    ]
    colour = NEON[int(rng.integers(5))] if stage.scene.has("neon") else (255, 214, 150)
    if is_lit(stage):
        bodies.polygon(
            quad, bodies.gradient([(0, mix(rgb(*colour), rgb(255, 240, 214), 0.4), 1), (1, rgb(*colour) * 0.5, 1)])
        )
        lights.polygon(quad, tuple(v * 0.42 for v in colour))
    else:
        bodies.polygon(quad, bodies.gradient([(0, rgb(70, 82, 96), 1), (1, rgb(38, 42, 50), 1)]))
    awning = [
        _spot(stage, side, a, 0.18),
        _spot(stage, side, b, 0.18),
        _spot(stage, side * 1, b * 0.93, 0.3),
        _spot(stage, side, a * 0.95, 0.3),
    ]
    cloth = _FRONTS[int(rng.integers(len(_FRONTS)))]
    bodies.polygon(
        awning, rgb(*cloth) * (rgb(60, 52, 90) if is_lit(stage) else stage.light.ambient * 0.5 + stage.light.key * 0.5)
    )


def _blade_sign(
    stage: Stage, bodies: Layer, lights: Layer, rng: np.random.Generator, side: int, near: float, rise: float
) -> None:
    x, top = _spot(stage, side, near, min(rise * 0.8, 1.9))
    _, low = _spot(stage, side, near, 0.5)
    width = near * stage.width * 0.16
    if side > 0:
        x -= width
    sign(
        bodies,
        lights,
        rng,
        (x, top, width, max(8.0, low - top)),
        NEON[int(rng.integers(5))],
        max(1.0, near * 9 * stage.unit),
    )


def _lamps(stage: Stage, bodies: Layer, lights: Layer) -> None:
    for side in (-1, 1):
        for distance in (0.1, 0.2, 0.4):
            x, foot = _spot(stage, side, distance * 0.8, -0.34)
            _, head = _spot(stage, side, distance * 0.8, 0.62)
            width = max(1.0, 11 * distance * stage.unit)
            arm = -side * width * 5
            bodies.line([(x, foot), (x, head), (x + arm, head - width)], (34, 34, 42), width)
            glow = (255, 226, 170) if is_lit(stage) else (236, 236, 230)
            bodies.ellipse(x + arm, head, width * 2.1, width * 1.3, glow)
            if is_lit(stage):
                lights.ellipse(x + arm, head, width * 2.6, width * 2.0, glow)


def _lanterns(stage: Stage, bodies: Layer, lights: Layer) -> None:
    """Strings of small lights across the street."""
    for distance, up in ((0.12, 1.0), (0.22, 1.05), (0.38, 1.0)):
        (left, y), (right, _) = _spot(stage, -1, distance, up), _spot(stage, 1, distance, up)
        points = [
            (left + (right - left) * k / 12, y + np.sin(np.pi * k / 12) * distance * stage.height * 0.13)
            for k in range(13)
        ]
        bodies.line(points, (30, 26, 40), max(0.7, 3 * distance * stage.unit))
        for k, (x, py) in enumerate(points[1:-1]):
            colour = NEON[k % 5] if stage.scene.has("neon") else (255, 196, 110)
            size = 13 * distance * stage.unit
            bodies.ellipse(x, py + size, size, size * 1.2, mix(rgb(*colour), rgb(255, 255, 255), 0.3))
            lights.ellipse(x, py + size, size, size * 1.2, tuple(v * 0.8 for v in colour))
