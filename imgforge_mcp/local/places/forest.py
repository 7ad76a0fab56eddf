"""Woodland: light between trunks, a leafy roof, a floor with a path; broadleaf, pine, birch, bamboo, jungle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from imgforge_mcp.local import trees
from imgforge_mcp.local.cards import is_flat
from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import (
    Array,
    Rgb,
    blur,
    from_image,
    grid,
    luma,
    mix,
    over,
    ramp,
    resize,
    rgb,
    smooth,
    to_image,
)
from imgforge_mcp.local.places.jungle import thicket
from imgforge_mcp.local.places.layered import paint_wood
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer


@dataclass(frozen=True, slots=True)
class _Look:
    """Colours of one kind of wood: light from centre outwards, leaves, floor dark and light, bark."""

    glow: tuple[Rgb, Rgb, Rgb]
    leaves: tuple[Rgb, ...]
    floor: tuple[Rgb, Rgb]
    bark: Rgb = (54, 42, 36)
    path: Rgb = (188, 156, 112)


_AUTUMN = _Look(
    ((255, 224, 150), (232, 152, 66), (96, 52, 28)),
    ((226, 116, 34), (246, 178, 60), (188, 64, 30), (252, 210, 108)),
    ((84, 44, 22), (206, 116, 46)),
)
_SNOW = _Look(
    ((244, 246, 252), (200, 213, 230), (128, 146, 172)),
    ((238, 243, 250), (212, 222, 234)),
    ((190, 204, 224), (248, 250, 255)),
    (58, 54, 58),
    (226, 233, 244),
)
_SPRING = _Look(
    ((255, 244, 226), (222, 222, 176), (96, 120, 84)),
    ((250, 206, 220), (244, 176, 198), (252, 226, 232)),
    ((60, 96, 44), (150, 176, 86)),
    (64, 48, 46),
)
_GREEN = _Look(
    ((236, 246, 178), (126, 172, 84), (26, 54, 34)),
    ((120, 178, 60), (72, 130, 50), (180, 208, 96), (44, 92, 44)),
    ((52, 78, 36), (124, 152, 66)),
)


def forest(stage: Stage) -> None:
    look = _look(stage)
    stage.horizon = int(stage.height * 0.6)
    stage.sun = (stage.width * float(stage.dice(60).uniform(0.38, 0.62)), stage.height * 0.26)
    light = _hour(stage)
    if is_flat(stage):
        paint_wood(stage, look.glow, look.leaves, look.floor, light)
        return
    half = replace(
        stage,
        width=(stage.width + 1) // 2,
        height=(stage.height + 1) // 2,
        horizon=stage.horizon // 2,
        sun=(stage.sun[0] / 2, stage.sun[1] / 2),
    )
    half.image = _backlight(half, look) * light
    back = resize(half.image, *stage.shape)
    stage.image = back.copy()
    stage.report(0.2, "the light between the trees")
    if stage.scene.has("pine", "snow", "winter"):
        with stage.part("trees", "forest", "pine", *_season(stage)):
            _conifer_rows(stage, back, light)
    else:
        special = tuple(name for name in ("bamboo", "birch") if stage.scene.has(name))[:1]
        with stage.part("trees", "forest", *special, *_season(stage)):
            _trunk_rows(stage, half, look, light)
    stage.report(0.4, "the trees")
    with stage.part("ground", *(("path",) if stage.scene.has("path") else ()), *_season(stage)):
        _floor(stage, look, back, light)
    with stage.veil("sunbeams"):
        _rays(stage)
    if stage.scene.has("jungle") and not stage.scene.has("snow", "winter"):
        with stage.part("jungle", "trees", "leaves"):
            thicket(stage, light)
    trees.turf(stage, 0.45)
    stage.ground, stage.tuck, stage.shadow = stage.height * 0.9, True, 0.45


def _look(stage: Stage) -> _Look:
    scene = stage.scene
    if scene.has("snow", "winter"):
        return _SNOW
    if scene.has("autumn"):
        return _AUTUMN
    return _SPRING if scene.has("blossom") else _GREEN


def _season(stage: Stage) -> tuple[str, ...]:
    """What the wood's colours say of the year."""
    look = _look(stage)
    return (
        ("winter", "snow")
        if look is _SNOW
        else ("autumn",)
        if look is _AUTUMN
        else (("blossom", "spring") if look is _SPRING else ())
    )


def _hour(stage: Stage) -> Array:
    return {
        "night": rgb(62, 84, 150),
        "dusk": rgb(120, 116, 178),
        "sunset": rgb(255, 206, 160),
        "sunrise": rgb(255, 228, 206),
    }.get(stage.scene.time, rgb(255, 255, 255))


def _backlight(stage: Stage, look: _Look) -> Array:
    rows, columns = grid(*stage.shape)
    reach = np.hypot((columns - stage.sun[0]) / stage.width, (rows - stage.sun[1]) / stage.height * 0.9)
    glow = ramp(
        ((0, look.glow[0]), (0.45, look.glow[1]), (1, look.glow[2])),
        reach * (1.35 if not stage.scene.has("fog") else 0.8),
    )
    drift = stage.noise.field(stage.shape, stage.width * 0.25, octaves=4, layer=61)
    return np.asarray(glow * (0.94 + 0.16 * drift)[..., None], np.float32)


def _trunk_rows(stage: Stage, half: Stage, look: _Look, light: Array) -> None:
    """All rows but the nearest are out of focus, so half the size is enough for them."""
    fog = half.image[int(half.height * 0.3), int(half.sun[0])].copy()
    for row in range(3):
        _trunk_row(half, look, row, fog, light)
    stage.image = resize(half.image, *stage.shape, Image.Resampling.BICUBIC)
    _trunk_row(stage, look, 3, fog, light)


def _trunk_row(stage: Stage, look: _Look, row: int, fog: Array, light: Array) -> None:
    close, t = stage.scene.shot == "close", row / 3
    count = (15, 10, 6, 0 if close else 3)[row]
    trunks = _trunks(stage, look, row, count, mix(fog, rgb(*look.bark) * light, 0.25 + 0.68 * t))
    trunks.lay_on(stage.image, detail=0.5 if row < 2 else 1.0)
    _foliage(stage, look, row, mix(fog, light, 0.3 + 0.6 * t))
    stage.image = blur(stage.image, (10, 5.5, 2.2, 0.0)[row] * stage.unit * (1.8 if close else 0.55))


def _trunks(stage: Stage, look: _Look, row: int, count: int, bark: Array) -> Layer:
    rng, layer, t = stage.dice(62 + row), Layer(stage.width, stage.height), row / 3
    for _ in range(count):
        x = float(rng.uniform(-0.05, 1.05)) * stage.width
        if row >= 2 and abs(x / stage.width - 0.5) < 0.14 + 0.08 * row:
            x += (0.36 if x > stage.width / 2 else -0.36) * stage.width
        width = (
            (8 + 54 * t**1.6)
            * stage.unit
            * float(rng.uniform(0.7, 1.3))
            * (0.55 if stage.scene.has("bamboo", "birch") else 1)
        )
        foot = stage.horizon + stage.height * (-0.01 + 0.24 * t)
        lean = float(rng.uniform(-0.03, 0.03)) * stage.height
        lit = 0.2 if x < stage.sun[0] else 0.8
        colour = (
            rgb(96, 140, 62) * luma(bark) * 2.4
            if stage.scene.has("bamboo")
            else mix(bark, rgb(226, 222, 212), 0.62)
            if stage.scene.has("birch")
            else bark
        )
        shade = layer.gradient([(0, colour * 0.62, 1), (1 - lit, colour * 1.35, 1), (1, colour * 0.66, 1)], x2=1, y2=0)
        flare = width * 0.9
        layer.path(
            f"M{x - width * 0.36 + lean} -9 L{x + width * 0.36 + lean} -9 Q{x + width * 0.42} {foot * 0.75} "
            f"{x + width * 0.6} {foot - flare * 0.3} "
            f"Q{x + width * 0.8} {foot} {x + flare} {foot + flare * 0.12} L{x - flare} {foot + flare * 0.12} "
            f"Q{x - width * 0.8} {foot} {x - width * 0.6} {foot - flare * 0.3} "
            f"Q{x - width * 0.42} {foot * 0.75} {x - width * 0.36 + lean} -9Z",
            shade,
        )
        if stage.scene.has("bamboo", "birch"):
            _rings(layer, rng, x + lean * 0.5, width, foot, stage.scene.has("birch"))
    return layer


def _rings(layer: Layer, rng: np.random.Generator, x: float, width: float, foot: float, birch: bool) -> None:
    for _ in range(16):
        y = float(rng.uniform(0, foot))
        span = width * (float(rng.uniform(0.1, 0.5)) if birch else 0.42)
        start = x - width * 0.4 if birch else x - span
        layer.line(
            [(start, y), (start + span * (1 if birch else 2), y)],
            (40, 36, 34) if birch else (40, 62, 30),
            max(0.8, width * 0.07),
            opacity=0.7,
        )


def _foliage(stage: Stage, look: _Look, row: int, light: Array) -> None:
    """Leaves as noise with a threshold, thick above, with gaps where the light comes in. The noise has no detail finer
    than half the size, at which it is worked out; the threshold makes its edges sharp."""
    shape = (stage.height // 2, stage.width // 2)
    rows, columns = grid(*shape)
    t = row / 3
    cell = (34 + 62 * t) * stage.unit / 2
    clump = stage.noise.field(shape, cell * 5, octaves=3, layer=70 + row)
    leaf = stage.noise.field(shape, cell, octaves=4, gain=0.72, layer=80 + row)
    height = rows / shape[0]
    opening = np.exp(-(((columns / shape[1] - stage.sun[0] / stage.width) / 0.27) ** 2) - ((height - 0.34) / 0.3) ** 2)
    density = 0.42 - height * (1.5 + 0.25 * t) + clump * 0.4 - opening * 0.55
    if stage.scene.has("jungle"):
        density = density + 0.3
    hue = stage.noise.field(shape, cell * 1.6, octaves=3, layer=90 + row)
    palette = [(k / (len(look.leaves) - 1), colour) for k, colour in enumerate(look.leaves)]
    colour = ramp(palette, np.clip(hue * 0.9 + 0.5, 0, 1))
    shade = (0.62 + 0.5 * np.clip(leaf * 0.8 + opening * 0.7 + 0.3, 0, 1))[..., None]
    edge = 0.16 - 0.1 * t
    mask = smooth(-edge, edge, resize(density + leaf * 0.55, *stage.shape, Image.Resampling.BICUBIC))
    stage.image = over(stage.image, resize(colour * shade * light, *stage.shape), mask * (0.55 + 0.35 * t))


def _conifer_rows(stage: Stage, back: Array, light: Array) -> None:
    rng = stage.dice(75)
    snow = stage.scene.has("snow", "winter")
    shapes = [trees.conifer(rng, snow=snow, height=420) for _ in range(5)]
    fog = back[int(stage.height * 0.35), int(stage.sun[0])]
    close = stage.scene.shot == "close"
    for row, count in enumerate((26, 16, 10, 0 if close else 5)):
        t = row / 3
        canvas = to_image(stage.image)
        foot = stage.horizon + stage.height * (0.02 + 0.15 * t)
        for _ in range(count):
            tall = stage.height * float(rng.uniform(0.34, 0.52)) * (0.62 + 0.95 * t)
            x = float(rng.uniform(-0.05, 1.05)) * stage.width
            clear = 0.1 + 0.13 * row
            if row >= 1 and abs(x / stage.width - 0.5) < clear:
                x += (clear if x > stage.width / 2 else -clear) * stage.width
            tree = shapes[int(rng.integers(5))].resize(
                (max(3, int(tall * 0.46)), max(6, int(tall))), Image.Resampling.BILINEAR
            )
            canvas.paste(
                _toned(tree, fog, light, 0.25 + 0.72 * t),
                (int(x - tree.width / 2), int(foot - tall * 0.97 + float(rng.uniform(0, 0.03)) * stage.height)),
                tree,
            )
        stage.image = blur(from_image(canvas), (7, 3.5, 1.5, 0.0)[row] * stage.unit * (1.8 if close else 0.4))


def _toned(tree: Image.Image, fog: Array, light: Array, share: float) -> Image.Image:
    """The tree in the light of its row, as a table of what each value becomes."""
    values = np.arange(256, dtype=np.float32)[:, None] / 255
    table = np.clip(mix(fog, values * light * 1.1, share), 0, 1) * 255 + 0.5
    red, green, blue = table.astype(np.uint8).T.tolist()
    return tree.point([*red, *green, *blue, *range(256)])


def _floor(stage: Stage, look: _Look, back: Array, light: Array) -> None:
    top = int(stage.horizon - stage.height * 0.05)
    rows, columns = (
        np.arange(top, stage.height, dtype=np.float32)[:, None],
        np.arange(stage.width, dtype=np.float32)[None],
    )
    down = np.clip((rows - stage.horizon) / (stage.height - stage.horizon), 0, 1)
    depth = 1 / (0.09 + down)
    across = (columns - stage.width / 2) / stage.width * depth
    away = np.broadcast_to(depth, across.shape)
    broad = sample(stage.noise.tile(8, octaves=5, layer=63), across * 0.22, away * 0.22)
    litter = sample(stage.noise.tile(48, octaves=4, layer=64), across * 0.3, away * 0.34)
    colour = mix(rgb(*look.floor[0]), rgb(*look.floor[1]), np.clip(broad * 0.7 + litter * 0.5 + 0.48, 0, 1)[..., None])
    if len(look.leaves) == 4 and look is _AUTUMN:
        colour = mix(
            colour,
            ramp([(k / 3, c) for k, c in enumerate(look.leaves)], np.clip(litter + 0.5, 0, 1)),
            (smooth(0.1, 0.5, litter) * 0.6)[..., None],
        )
    if stage.scene.has("path"):
        bend = np.sin(depth * 0.75 + float(stage.dice(65).uniform(0, 6))) * 0.34 * (1 - down) + broad * 0.06
        way = 1 - smooth(0.3, 0.44, np.abs(across - bend * 0.5) + litter * 0.05)
        colour = mix(colour, rgb(*look.path) * (0.82 + 0.3 * litter[..., None]), way[..., None] * 0.85)
    pool = np.exp(-(((columns - stage.sun[0]) / stage.width / 0.34) ** 2)) * (1 - 0.45 * down)
    colour = colour * light * (0.62 + 0.62 * pool)[..., None]
    ragged = stage.noise.line(stage.width, stage.width * 0.12, layer=66)[None, :]
    mask = smooth(-0.012, 0.07, (rows - stage.horizon) / stage.height - ragged * 0.018)
    colour = mix(colour, back[top:], np.clip(0.7 - down * 2.2, 0, 0.7)[..., None])
    stage.image[top:] = over(stage.image[top:], colour, mask)


def _rays(stage: Stage) -> None:
    rows, columns = grid(stage.height // 2, stage.width // 2)
    angle = np.arctan2(rows * 2 + stage.height * 0.12, columns * 2 - stage.sun[0])
    beam = sample(stage.noise.tile(10, octaves=4, layer=67), angle * 0.32, np.zeros_like(angle))
    fall = np.exp(-np.hypot(columns * 2 - stage.sun[0], rows * 2) / stage.height * 1.5)
    ray = resize(np.clip(beam * 1.5, 0, 1) * fall, *stage.shape)
    strength = 0.1 if stage.scene.time in ("night", "dusk") else 0.18 if stage.scene.has("snow", "winter") else 0.4
    warm = rgb(255, 222, 156) if not stage.scene.has("snow", "winter") else rgb(224, 232, 255)
    stage.image = np.clip(stage.image + ray[..., None] * warm * strength, 0, 1).astype(np.float32)
