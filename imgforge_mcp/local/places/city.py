"""Skylines and streets, by day in sun and haze, by night in their own light."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, clamp, grid, mix, over, ramp, rgb, smooth
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, lay

NEON = ((255, 52, 160), (40, 228, 255), (255, 188, 60), (150, 96, 255), (60, 255, 176))
_WARM = ((255, 214, 140), (255, 232, 186), (255, 190, 110), (206, 226, 255))


def is_lit(stage: Stage) -> bool:
    return stage.scene.time in ("night", "dusk") or stage.scene.has("neon")


def city(stage: Stage) -> None:
    stage.horizon = int(stage.height * 0.62)
    stage.sun = (stage.sun[0], stage.horizon * (1 - max(stage.light.height, 0.2)))
    _city_sky(stage)
    stage.report(0.2, "the sky")
    glow: Array | None = None
    rows, _ = grid(*stage.shape)
    for row in range(4):
        bodies, lights = _skyline(stage, row)
        with stage.part("city", "buildings"):
            stage.image = lay(stage.image, bodies)
        if lights is not None:
            shown = lights[..., :3] * lights[..., 3:]
            glow = shown if glow is None else glow * (1 - bodies[..., 3:]) + shown
        if row < 3:
            haze = (
                np.exp(-np.maximum(stage.horizon - rows, 0) / stage.height * 6)
                * (0.34 if not is_lit(stage) else 0.22)
                * stage.light.haze
            )
            stage.image = mix(stage.image, _haze_colour(stage), np.clip(haze, 0, 0.8)[..., None])
    stage.report(0.4, "the skyline")
    if glow is not None:
        stage.image = shine(stage, stage.image, glow)
    if stage.scene.has("fireworks"):
        with stage.veil("fireworks"):
            fireworks(stage)
    _foreground(stage)
    stage.ground, stage.shadow = stage.height * 0.94, 0.35


def _city_sky(stage: Stage) -> None:
    paint_sky(stage)
    if not stage.scene.has("neon"):
        return
    stage.tell("neon")
    rows, _ = grid(*stage.shape)
    stops = ((0, (10, 6, 34)), (0.5, (48, 16, 92)), (0.82, (176, 36, 136)), (1, (255, 112, 150)))
    dusk = np.repeat(ramp(stops, rows / stage.horizon), stage.width, 1) * 0.85
    stage.image = np.maximum(dusk, stage.image * 0.35).astype(np.float32)
    if stage.scene.has("retro", "vintage") or stage.dice(120).random() < 0.55:
        _striped_sun(stage)


def _striped_sun(stage: Stage) -> None:
    rows, columns = grid(*stage.shape)
    middle, radius = stage.horizon * 0.72, min(stage.shape) * 0.17
    disc = 1 - smooth(-1.0, 1.0, np.hypot(columns - stage.width / 2, rows - middle) - radius)
    bars = 1 - smooth(0.2, 0.3, np.mod((rows - middle) / radius * 5.2, 1)) * (rows > middle)
    colour = np.repeat(
        ramp(((0, (255, 236, 120)), (1, (255, 60, 150))), (rows - middle + radius) / (2 * radius)), stage.width, 1
    )
    stage.image = over(stage.image, colour, disc * bars * 0.95)


def _haze_colour(stage: Stage) -> Array:
    return stage.image[max(0, stage.horizon - 3), :].mean(axis=0) if not stage.scene.has("neon") else rgb(150, 40, 130)


def _skyline(stage: Stage, row: int) -> tuple[Array, Array | None]:
    """One row of towers, and what of it shines, where anything does."""
    rng, t = stage.dice(121 + row), row / 3
    bodies, lights = Layer(stage.width, stage.height), Layer(stage.width, stage.height)
    lit = is_lit(stage)
    mist = _haze_colour(stage)
    near = rgb(13, 12, 32) if lit else stage.light.ambient * 0.5 + stage.light.key * 0.06
    body = mix(mist * (0.6 if lit else 0.92), near, 0.3 + 0.65 * t)
    unit = stage.unit
    x, width = -40 * unit, 0.0
    while x < stage.width:
        width = (40 + 50 * t) * unit * float(rng.uniform(0.7, 1.6))
        middle = 1 - abs((x + width / 2) / stage.width - 0.5)
        bulge = middle * 1.05 if row < 2 else 1.45 - middle
        tall = stage.height * (0.09 + 0.34 * float(rng.random()) ** 1.5) * bulge
        _tower(
            stage, bodies, lights, rng, (x, stage.horizon - tall, width, tall), body * float(rng.uniform(0.88, 1.12)), t
        )
        x += width * float(rng.uniform(0.92, 1.08))
    return bodies.render(), lights.render(detail=0.5) if lit else None  # they are blurred anyway


def _tower(
    stage: Stage,
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
    body: Array,
    t: float,
) -> None:
    x, y, width, tall = box
    lit = is_lit(stage)
    sunny = 0.0 if lit else 0.5 * (1 - 0.4 * t)
    from_left = stage.sun[0] < x
    bright = mix(body, stage.light.key, sunny)
    shade = bodies.gradient([(0, bright if from_left else body, 1), (1, body if from_left else bright, 1)], x2=1, y2=0)
    style = int(rng.integers(5))
    bodies.rect(x, y, width, tall + 4, shade)
    lights.rect(x, y, width, tall + 4, "#000")
    if style == 0:
        bodies.rect(x + width * 0.2, y - tall * 0.09, width * 0.6, tall * 0.1, shade)
    elif style == 1:
        bodies.polygon([(x, y + 1), (x + width / 2, y - width * 0.45), (x + width, y + 1)], shade)
    elif style == 2:
        bodies.rect(x + width * 0.48, y - tall * 0.2, max(1.0, width * 0.04), tall * 0.2, body)
        if lit:
            lights.ellipse(x + width / 2, y - tall * 0.2, 2.4 * stage.unit, 2.4 * stage.unit, (255, 60, 60))
            bodies.ellipse(x + width / 2, y - tall * 0.2, 2.4 * stage.unit, 2.4 * stage.unit, (255, 90, 90))
    _windows(stage, bodies, lights, rng, box, body, t)
    if stage.scene.has("neon") and t > 0.3 and rng.random() < 0.6:
        _neon_trim(stage, bodies, lights, rng, box)


def _windows(
    stage: Stage,
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
    body: Array,
    t: float,
) -> None:
    x, y, width, tall = box
    lit = is_lit(stage)
    size = max(3.2, (7 + 5 * t) * stage.unit)
    columns, rows = int((width - size) / (size * 1.15)), int((tall - size) / (size * 1.4))
    if columns < 1 or rows < 1:
        return
    colour = (
        NEON[int(rng.integers(5))] if stage.scene.has("neon") and rng.random() < 0.45 else _WARM[int(rng.integers(4))]
    )
    margin = (width - columns * size * 1.15) / 2 + size * 0.3
    share = float(rng.uniform(0.22, 0.5)) if lit else 1.0
    pick = rng.random((rows, columns))
    glow = rng.uniform(0.45, 1.0, (rows, columns))
    dark, bright = (body * 0.86).tolist(), stage.light.mist.tolist()
    for row in range(rows):
        for column in range(columns):
            if pick[row, column] > share:
                continue
            wx, wy = x + margin + column * size * 1.15, y + size * 0.8 + row * size * 1.4
            if lit:
                value = tuple(v * float(glow[row, column]) * (0.45 + 0.55 * t) for v in colour)
                bodies.rect(wx, wy, size * 0.56, size * 0.74, value)
                lights.rect(wx, wy, size * 0.56, size * 0.74, value)
            else:
                amount = 0.3 * float(glow[row, column])
                pane = [255 * (first + (second - first) * amount) for first, second in zip(dark, bright, strict=True)]
                bodies.rect(wx, wy, size * 0.62, size * 0.82, pane, opacity=0.75)


def _neon_trim(
    stage: Stage, bodies: Layer, lights: Layer, rng: np.random.Generator, box: tuple[float, float, float, float]
) -> None:
    x, y, width, tall = box
    colour = NEON[int(rng.integers(5))]
    line = max(1.2, 2.6 * stage.unit)
    for layer in (bodies, lights):
        if rng.integers(2) and layer is bodies:
            layer.line([(x, y), (x + width, y)], colour, line)
            lights.line([(x, y), (x + width, y)], colour, line)
        elif layer is bodies:
            sign(
                bodies,
                lights,
                rng,
                (x + width * 0.3, y + tall * 0.14, 17 * stage.unit, min(tall * 0.6, 110 * stage.unit)),
                colour,
                line,
            )


def sign(
    bodies: Layer,
    lights: Layer,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
    colour: tuple[int, int, int],
    line: float,
) -> None:
    """An upright neon sign with strokes that look like writing of no language."""
    x, y, width, tall = box
    bodies.rect(x, y, width, tall, tuple(v * 0.16 for v in colour), radius=width * 0.1)
    strokes: list[list[tuple[float, float]]] = [[(x, y), (x + width, y), (x + width, y + tall), (x, y + tall), (x, y)]]
    step = width * 0.95
    for k in range(int(tall / step)):
        top = y + step * (k + 0.16)
        strokes.append([(x + width * 0.2, top + step * 0.15), (x + width * 0.8, top + step * 0.15)])
        middle = x + width * float(rng.uniform(0.3, 0.7))
        strokes.append([(middle, top), (middle + width * float(rng.uniform(-0.25, 0.25)), top + step * 0.7)])
        if rng.random() < 0.6:
            strokes.append(
                [(x + width * 0.2, top + step * 0.5), (x + width * 0.8, top + step * float(rng.uniform(0.35, 0.65)))]
            )
    for stroke in strokes:
        bodies.line(stroke, mix(rgb(*colour), rgb(255, 255, 255), 0.35), line)
        lights.line(stroke, colour, line * 1.3)


def shine(stage: Stage, picture: Array, glow: Array, strength: float = 1.0) -> Array:
    """The bloom of lamps and signs."""
    small = blur(glow, 3.5 * stage.unit) * 0.6 + blur(glow, 13 * stage.unit) * 0.75 + blur(glow, 46 * stage.unit) * 0.8
    return clamp(picture + small * strength)


def mirror_floor(stage: Stage, *, base: Array, wet: float, ripple: float = 24.0, grain: float = 0.16) -> None:
    """Everything below the horizon becomes a floor that mirrors, sharply when wet."""
    top = stage.horizon
    rows, columns = (
        np.arange(top, stage.height, dtype=np.float32)[:, None],
        np.arange(stage.width, dtype=np.float32)[None],
    )
    down = np.clip((rows - top) / max(1, stage.height - top), 0.004, 1)
    depth = 1 / (0.08 + down)
    across = (columns - stage.width / 2) / stage.width * depth
    wave = sample(stage.noise.tile(12, octaves=4, layer=130), across * 0.5, np.broadcast_to(depth * 0.35, across.shape))
    source_row = np.clip(2 * top - rows + wave * ripple * stage.unit, 0, top - 1).astype(np.int32)
    source_column = np.clip(columns + wave * ripple * 0.7 * stage.unit * (0.3 + down), 0, stage.width - 1).astype(
        np.int32
    )
    mirrored = stage.image[source_row, source_column]
    mirrored = mirrored * 0.5 + blur(mirrored, 9 * stage.unit) * 0.5
    tooth = stage.noise.field((stage.height - top, stage.width), 4 * stage.unit + 1, octaves=2, layer=131)
    floor = base * (1 + grain * tooth[..., None])
    stage.image[top:] = np.clip(floor * (1 - wet * 0.4) + mirrored * (wet * (1 - 0.4 * down))[..., None], 0, 1)


def _foreground(stage: Stage) -> None:
    lit = is_lit(stage)
    if stage.scene.has("lake", "waterside", "reflection"):
        deep = rgb(12, 22, 52) if lit else stage.light.ambient * rgb(60, 120, 150) * 1.6
        with stage.part("water", "lake", "reflection", "waterside"):
            mirror_floor(stage, base=deep, wet=0.85, ripple=20)
        stage.surface = "water"
        return
    if not lit and not stage.scene.has("rain"):
        with stage.part("park", "trees", "grass"):
            _park_edge(stage)
        return
    with stage.part("road", "ground"):
        mirror_floor(stage, base=rgb(15, 14, 30) if lit else rgb(96, 102, 112), wet=0.85 if lit else 0.4)
        road_marks(stage)


def road_marks(stage: Stage) -> None:
    top = stage.horizon
    rows, columns = (
        np.arange(top, stage.height, dtype=np.float32)[:, None],
        np.arange(stage.width, dtype=np.float32)[None],
    )
    down = np.clip((rows - top) / (stage.height - top), 0, 1)
    across = (columns - stage.width / 2) / (rows - top + 2)
    dash = np.mod(1.9 / (down + 0.05), 1) > 0.5
    middle = ((np.abs(across) < 0.018) & dash & (down > 0.03)).astype(np.float32)
    stage.image[top:] += blur(middle, 0.8)[..., None] * (0.24 if is_lit(stage) else 0.5)
    for side in (-1, 1):
        edge = np.exp(-(((across - side * 0.95) / 0.02) ** 2)) * (down > 0.01)
        colour = rgb(*NEON[0 if side < 0 else 1]) * 0.8 if stage.scene.has("neon") else rgb(255, 255, 255) * 0.16
        stage.image[top:] += edge[..., None] * colour
    np.clip(stage.image, 0, 1, out=stage.image)


def _park_edge(stage: Stage) -> None:
    """By day the city stands behind a green: lawn, a line of trees, long shadows."""
    rows, columns = grid(*stage.shape)
    line = stage.noise.line(stage.width, 60 * stage.unit, octaves=5, gain=0.6, layer=132)[None]
    crown = stage.horizon - stage.height * 0.03 - line * stage.height * 0.022
    leaf = stage.noise.field(stage.shape, 26 * stage.unit, octaves=4, gain=0.6, layer=133)
    green = mix(rgb(30, 58, 34), rgb(94, 128, 62), np.clip(leaf * 0.6 + 0.45, 0, 1)[..., None])
    warm = {"autumn": rgb(220, 140, 70), "winter": rgb(220, 226, 236)}.get(stage.scene.season, rgb(255, 255, 255))
    light = stage.light.ambient * 0.6 + stage.light.key * 0.5
    stage.image = over(stage.image, green * light * warm * 1.1, smooth(-1, 1, rows - crown))
    down = np.clip((rows - stage.horizon) / (stage.height - stage.horizon), 0.004, 1)
    depth = 1 / (0.08 + down)
    across = (columns - stage.width / 2) / stage.width * depth
    turf = sample(stage.noise.tile(20, octaves=5, layer=134), across * 0.4, np.broadcast_to(depth * 0.4, across.shape))
    lawn: Array = (
        mix(rgb(62, 104, 44), rgb(138, 170, 78), np.clip(turf * 0.6 + 0.5, 0, 1)[..., None]) * light * warm * 1.15
    )
    if stage.scene.has("snow", "winter"):
        lawn = mix(lawn, rgb(236, 241, 248) * light, 0.85)
    stage.image = np.clip(over(stage.image, lawn, smooth(0.0, 2.0, rows - stage.horizon - stage.height * 0.03)), 0, 1)
    stage.tuck = True


def fireworks(stage: Stage) -> None:
    rng, layer = stage.dice(135), Layer(stage.width, stage.height)
    for _ in range(6):
        x, y = float(rng.uniform(0.12, 0.88)) * stage.width, float(rng.uniform(0.08, 0.5)) * stage.horizon
        reach = float(rng.uniform(0.07, 0.17)) * min(stage.shape)
        colour = NEON[int(rng.integers(5))]
        for _ in range(64):
            angle, long = float(rng.uniform(0, 6.283)), reach * float(rng.uniform(0.6, 1.0))
            tip = (x + np.cos(angle) * long, y + np.sin(angle) * long + reach * 0.12)
            layer.line(
                [(x + np.cos(angle) * long * 0.35, y + np.sin(angle) * long * 0.35), tip],
                colour,
                1.6 * stage.unit + 0.4,
                opacity=0.75,
            )
            layer.ellipse(tip[0], tip[1], 2.2 * stage.unit, 2.2 * stage.unit, (255, 250, 230))
    sparks = layer.render()
    stage.image = shine(stage, lay(stage.image, sparks), sparks[..., :3] * sparks[..., 3:])
