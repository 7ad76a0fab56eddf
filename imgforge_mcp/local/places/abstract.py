"""Pictures of nothing but colour and form: shapes, flow, facets, rings, soft gradients."""

from __future__ import annotations

import math

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, grid, mix, over, ramp, rgb, smooth
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, Point, lay

_PALETTES: tuple[tuple[Colour, ...], ...] = (
    ((255, 89, 94), (255, 202, 58), (138, 201, 38), (25, 130, 196), (106, 76, 147)),
    ((244, 63, 94), (14, 165, 233), (250, 204, 21), (34, 197, 94), (168, 85, 247)),
    ((239, 71, 111), (255, 209, 102), (6, 214, 160), (17, 138, 178), (7, 59, 76)),
    ((38, 70, 83), (42, 157, 143), (233, 196, 106), (244, 162, 97), (231, 111, 81)),
    ((255, 190, 11), (251, 86, 7), (255, 0, 110), (131, 56, 236), (58, 134, 255)),
)
_PASTEL: tuple[Colour, ...] = ((255, 168, 178), (255, 208, 150), (168, 224, 178), (146, 198, 248), (198, 170, 242))


def _dice(stage: Stage, layer: int) -> np.random.Generator:
    """Thrown anew for other words: what cannot be drawn of them still tells one prompt from another."""
    return stage.dice(layer + 1000 * stage.scene.salt)


def palette(stage: Stage) -> list[Colour]:
    if stage.scene.has("pastel") and "pastel" not in stage.scene.styles:  # the style itself makes them pale
        base: list[Colour] = list(_PASTEL)
    else:
        base = list(_PALETTES[int(_dice(stage, 190).integers(len(_PALETTES)))])
    asked = list(stage.scene.colours)
    if len(asked) >= 3:
        return asked
    if asked:
        return asked + [_nearby(colour, shift) for colour in asked for shift in (0.72, 1.28)] + base[: 2 - len(asked)]
    return base


def _nearby(colour: Colour, factor: float) -> Colour:
    red, green, blue = (int(min(255, v * factor + (18 if factor > 1 else 0))) for v in colour)
    return red, green, blue


def abstract(stage: Stage) -> None:
    kinds = {
        "gradient": soft_gradient,
        "waves-abstract": flow,
        "triangles": facets,
        "circles": rings,
        "stripes": ribbons,
        "geometric": shapes,
    }
    for feature, paint in kinds.items():
        if stage.scene.has(feature):
            paint(stage)
            stage.tell(feature)
            break
    else:
        choices = (shapes, flow, facets, rings, ribbons, soft_gradient)
        choices[int(_dice(stage, 191).integers(len(choices)))](stage)
    stage.tell("abstract", *(f"colour:{colour}" for colour in stage.scene.colours))
    stage.surface, stage.shadow, stage.ground = "flat", 0.0, stage.height * 0.7


def shapes(stage: Stage) -> None:
    """A Bauhaus quilt on a grid, with larger shapes laid across it."""
    rng, colours = _dice(stage, 192), palette(stage)
    pale = rng.random() < 0.65 and not stage.scene.has("dark")
    ground: Colour = (248, 244, 236) if pale else (20, 22, 40)
    layer = Layer(stage.width, stage.height)
    layer.rect(0, 0, stage.width, stage.height, ground)
    cell = min(stage.shape) / int(rng.choice([4, 5, 6]))
    for row in range(math.ceil(stage.height / cell)):
        for column in range(math.ceil(stage.width / cell)):
            if rng.random() < 0.86:
                _tile(layer, rng, (column * cell, row * cell), cell, colours, ground)
    for _ in range(7):
        x, y, size = (
            float(rng.uniform(0, stage.width)),
            float(rng.uniform(0, stage.height)),
            float(rng.uniform(0.09, 0.24)) * min(stage.shape),
        )
        _free_shape(layer, rng, x, y, size, colours)
    for _ in range(4):
        x, y, angle, long = (
            float(rng.uniform(0, stage.width)),
            float(rng.uniform(0, stage.height)),
            float(rng.uniform(0, 6.28)),
            float(rng.uniform(0.2, 0.6)) * stage.width,
        )
        layer.line(
            [(x, y), (x + math.cos(angle) * long, y + math.sin(angle) * long)],
            (26, 28, 46) if pale else (240, 236, 228),
            4 * stage.unit,
        )
    stage.image = layer.render()[..., :3].copy()


def _pick(rng: np.random.Generator, colours: list[Colour]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _tile(
    layer: Layer, rng: np.random.Generator, corner: Point, cell: float, colours: list[Colour], ground: Colour
) -> None:
    x, y = corner
    first, second = _pick(rng, colours), _pick(rng, colours)
    fill = layer.gradient([(0, first, 1), (1, mix(rgb(*first), rgb(*second), 0.45), 1)], x2=1)
    kind, turn = int(rng.integers(7)), int(rng.integers(4))
    corners = [(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)]
    a, b, c = (corners[(turn + k) % 4] for k in range(3))
    if kind == 0:
        layer.ellipse(x + cell / 2, y + cell / 2, cell / 2, cell / 2, fill)
    elif kind == 1:
        layer.rect(x, y, cell, cell, fill)
        layer.ellipse(x + cell / 2, y + cell / 2, cell * 0.26, cell * 0.26, ground)
    elif kind == 2:
        layer.polygon([a, b, c], fill)
    elif kind == 3:
        layer.path(
            (
                f"M{a[0]} {a[1]} L{b[0]} {b[1]} A{cell} {cell} 0 0 1 "
                f"{a[0] * 2 - b[0] if False else corners[(turn + 3) % 4][0]} {corners[(turn + 3) % 4][1]} Z"
            ),
            fill,
        )
    elif kind == 4:
        for k in range(5):
            layer.rect(x, y + cell * (0.04 + 0.2 * k), cell, cell * 0.1, first)
    elif kind == 5:
        for row in range(4):
            for column in range(4):
                layer.ellipse(
                    x + cell * (0.125 + 0.25 * column), y + cell * (0.125 + 0.25 * row), cell * 0.05, cell * 0.05, first
                )
    else:
        for k, size in enumerate((0.5, 0.34, 0.18)):
            layer.ellipse(x + cell / 2, y + cell / 2, cell * size, cell * size, first if k != 1 else second)


def _free_shape(layer: Layer, rng: np.random.Generator, x: float, y: float, size: float, colours: list[Colour]) -> None:
    colour, opacity = _pick(rng, colours), float(rng.uniform(0.62, 0.95))
    fill = layer.gradient([(0, colour, 1), (1, rgb(*colour) * 0.74, 1)], x2=1)
    kind, turn = int(rng.integers(3)), float(rng.uniform(0, 6.28))
    if kind == 0:
        layer.ellipse(x, y, size, size, fill, opacity=opacity)
    elif kind == 1:
        sides = int(rng.choice([3, 6]))
        layer.polygon(
            [
                (x + math.cos(turn + k * 6.2832 / sides) * size, y + math.sin(turn + k * 6.2832 / sides) * size)
                for k in range(sides)
            ],
            fill,
            opacity=opacity,
        )
    else:
        layer.path(
            (
                f"M{x - size} {y} A{size} {size} 0 0 1 {x + size} {y} L{x + size * 0.6} {y} A{size * 0.6} "
                f"{size * 0.6} 0 0 0 {x - size * 0.6} {y}Z"
            ),
            fill,
            opacity=opacity,
        )


def flow(stage: Stage) -> None:
    """Ink in water: noise bent by noise bent by noise, coloured along the palette."""
    rows, columns = grid(*stage.shape)
    shift = _dice(stage, 193).uniform(0, 1, 4)
    size = max(stage.shape)
    u, v = columns / size * 0.42 + shift[0] + rows * 0, rows / size * 0.42 + shift[1] + columns * 0
    tile = stage.noise.tile(5, octaves=4, layer=194)
    first = sample(tile, u, v)
    second = sample(tile, u + first * 0.16 + 0.37, v + first * 0.11 + 0.61)
    third = sample(tile, u + second * 0.24 + 0.13, v + second * 0.2 + 0.83)
    stops = _stops(palette(stage))
    colour = ramp(stops, np.clip(third * 0.75 + 0.5, 0, 1))
    relief = (
        np.gradient(blur(third, 1.4 * stage.unit), axis=0) * 60 * stage.unit
        + np.gradient(blur(third, 1.4 * stage.unit), axis=1) * 40 * stage.unit
    )
    vein = np.exp(-np.abs(second) * 26) * 0.35
    picture = colour * (1 + np.clip(relief, -0.35, 0.5))[..., None] + (vein * 0.6)[..., None] * rgb(255, 246, 226)
    stage.image = np.clip(picture, 0, 1).astype(np.float32)


def _stops(colours: list[Colour]) -> list[tuple[float, tuple[float, float, float]]]:
    return [(k / max(1, len(colours) - 1), (float(c[0]), float(c[1]), float(c[2]))) for k, c in enumerate(colours)]


def facets(stage: Stage) -> None:
    """A jittered grid of triangles lit as cut stone."""
    rng = _dice(stage, 195)
    stops = _stops(palette(stage))
    step = min(stage.shape) / float(rng.choice([7, 9, 11]))
    columns, rows = math.ceil(stage.width / step) + 3, math.ceil(stage.height / step) + 3
    jitter = rng.uniform(-0.36, 0.36, (rows, columns, 2))
    height = rng.uniform(0, 1, (rows, columns))
    points = {
        (r, c): ((c - 1 + jitter[r, c, 0]) * step, (r - 1 + jitter[r, c, 1]) * step)
        for r in range(rows)
        for c in range(columns)
    }
    layer, shift = Layer(stage.width, stage.height), float(rng.uniform(-0.3, 0.3))
    for row in range(rows - 1):
        for column in range(columns - 1):
            quad = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            for triple in (
                ((quad[0], quad[1], quad[2]), (quad[0], quad[2], quad[3]))
                if (row + column) % 2
                else ((quad[0], quad[1], quad[3]), (quad[1], quad[2], quad[3]))
            ):
                tone = sum(height[p] for p in triple) / 3
                where = (column / columns * 0.6 + row / rows * 0.5 + shift + (tone - 0.5) * 0.35) % 1.0
                slope = height[triple[0]] - height[triple[2]]
                layer.polygon(
                    [points[p] for p in triple],
                    ramp(stops, np.array([where], np.float32))[0] * float(0.9 + 0.32 * slope),
                )
    picture = layer.render()
    stage.image = lay(np.broadcast_to(rgb(*palette(stage)[0]), (*stage.shape, 3)), picture)


def rings(stage: Stage) -> None:
    """Spheres and rings adrift in a deep gradient."""
    rng, colours = _dice(stage, 196), palette(stage)
    rows, columns = grid(*stage.shape)
    tint = mix(
        rgb(*colours[-1]) * 0.35,
        rgb(*colours[0]) * 0.5,
        np.clip((rows / stage.height + columns / stage.width) / 2, 0, 1)[..., None],
    )
    stage.image = np.asarray(tint * np.ones((*stage.shape, 1), np.float32), np.float32)
    for _ in range(15):
        x, y, radius = (
            float(rng.uniform(0, stage.width)),
            float(rng.uniform(0, stage.height)),
            float(rng.uniform(0.03, 0.17)) * min(stage.shape),
        )
        _ball(stage, x, y, radius, rgb(*_pick(rng, colours)), hollow=bool(rng.random() < 0.3))


def _ball(stage: Stage, x: float, y: float, radius: float, colour: Array, *, hollow: bool) -> None:
    reach = int(radius * 1.35) + 2
    top, bottom, left, right = (
        max(0, int(y) - reach),
        min(stage.height, int(y) + reach),
        max(0, int(x) - reach),
        min(stage.width, int(x) + reach),
    )
    if bottom <= top or right <= left:
        return
    rows, columns = np.arange(top, bottom, dtype=np.float32)[:, None], np.arange(left, right, dtype=np.float32)[None]
    dx, dy = (columns - x) / radius, (rows - y) / radius
    distance = np.hypot(dx, dy)
    depth = np.sqrt(np.clip(1 - distance**2, 0, 1))
    light = np.clip(-dx * 0.5 - dy * 0.6 + depth * 0.62, 0, 1)
    shine = np.clip(-dx * 0.42 - dy * 0.5 + depth * 0.76, 0, 1) ** 34
    body = colour * (0.3 + 0.85 * light)[..., None] + shine[..., None] * 0.8
    mask = 1 - smooth(1 - 1.5 / radius, 1 + 0.5 / radius, distance)
    if hollow:
        mask = mask * smooth(0.66, 0.66 + 2 / radius, distance)
    shade = np.exp(-np.maximum(np.hypot(dx - 0.14, dy - 0.2) - 0.9, 0) * 9) * 0.3
    part = stage.image[top:bottom, left:right] * (1 - shade)[..., None]
    stage.image[top:bottom, left:right] = np.clip(over(part, body, mask), 0, 1)


def ribbons(stage: Stage) -> None:
    """Curving bands, each with its own shadow on the next."""
    rows, _columns = grid(*stage.shape)
    colours, rng = palette(stage), _dice(stage, 197)
    count = 9
    stage.image = np.broadcast_to(rgb(*colours[0]), (*stage.shape, 3)).astype(np.float32)
    lean = float(rng.uniform(-0.35, 0.35))
    for k in range(1, count + 1):
        wave = stage.noise.line(stage.width, stage.width * 0.55, octaves=2, layer=198 + k)
        line = stage.height * (k / (count + 1) + 0.09 * wave + lean * (np.arange(stage.width) / stage.width - 0.5))
        below = rows - line[None, :].astype(np.float32)
        shade = np.exp(np.minimum(below, 0) / (26 * stage.unit)) * 0.3
        stage.image *= np.where(below < 0, 1 - shade, 1)[..., None]
        colour = rgb(*colours[k % len(colours)])
        glow = mix(colour * 1.1, colour * 0.82, np.clip(below / (0.22 * stage.height), 0, 1)[..., None])
        stage.image = over(stage.image, glow, smooth(-0.8, 0.8, below))
    stage.image = np.clip(stage.image, 0, 1).astype(np.float32)


def soft_gradient(stage: Stage) -> None:
    """A few far-off lights in fog."""
    rng, colours = _dice(stage, 210), palette(stage)
    rows, columns = grid(*stage.shape)
    total = np.zeros((*stage.shape, 3), np.float32)
    weight = np.zeros(stage.shape, np.float32)
    for colour in colours * 2:
        x, y, size = float(rng.uniform(-0.1, 1.1)), float(rng.uniform(-0.1, 1.1)), float(rng.uniform(0.22, 0.5))
        near = np.exp(-(((columns / stage.width - x) / size) ** 2) - ((rows / stage.height - y) / size) ** 2) + 1e-4
        total += near[..., None] * rgb(*colour)
        weight += near
    stage.image = np.clip(total / weight[..., None], 0, 1).astype(np.float32)
