"""Space: nebulae, stars, planets with bands and rings; and the ground of the moon."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, Rgb, blur, grid, mix, over, rgb, smooth
from imgforge_mcp.local.stage import Stage

_NEBULAE: tuple[tuple[Rgb, Rgb, Rgb], ...] = (
    ((168, 56, 196), (36, 130, 226), (255, 172, 126)),
    ((214, 70, 110), (70, 60, 190), (255, 214, 140)),
    ((30, 160, 170), (80, 60, 180), (250, 190, 160)),
    ((226, 120, 50), (120, 40, 120), (255, 226, 170)),
)
_PLANETS: tuple[tuple[Rgb, Rgb], ...] = (
    ((188, 118, 78), (250, 214, 162)),
    ((70, 110, 180), (180, 220, 240)),
    ((150, 80, 130), (240, 180, 190)),
    ((92, 130, 96), (210, 220, 180)),
)


def space(stage: Stage) -> None:
    rng = stage.dice(150)
    first, second, core = _NEBULAE[int(rng.integers(len(_NEBULAE)))]
    if stage.scene.colours:
        red, green, blue = stage.scene.colours[0]
        first = (red, green, blue)
    size = stage.width * 0.42
    cloud = stage.noise.field(stage.shape, size, octaves=7, gain=0.56, layer=151)
    other = stage.noise.field(stage.shape, size * 0.9, octaves=7, gain=0.56, layer=152)
    rows, columns = grid(*stage.shape)
    slope = float(rng.uniform(-0.8, 0.8))
    band = np.exp(-(((rows / stage.height - 0.5 - slope * (columns / stage.width - 0.5)) * 2.2) ** 2))
    picture = rgb(5, 6, 17) * np.ones((*stage.shape, 1), np.float32)
    picture = picture + (np.clip(cloud + 0.12, 0, 1) ** 1.5 * band)[..., None] * rgb(*first) * 1.25
    picture += (np.clip(other + 0.08, 0, 1) ** 1.6 * (0.35 + band))[..., None] * rgb(*second) * 1.1
    picture += (np.clip(cloud * other * 4, 0, 1) * band)[..., None] * rgb(*core) * 0.7
    dust = stage.noise.field(stage.shape, size * 0.4, octaves=6, gain=0.6, layer=153)
    picture *= (1 - 0.6 * smooth(0.1, 0.6, dust) * band)[..., None]
    with stage.part("nebula", "galaxy", "sky", "space", *(f"colour:{c}" for c in stage.scene.colours[:1])):
        stage.image = np.clip(picture, 0, 1).astype(np.float32)
    stage.report(0.25, "the nebula")
    with stage.veil("stars"):
        _stars(stage, band)
    subject_is_planet = any(s.name in ("ringed-planet", "globe-showing-europe-africa") for s in stage.scene.subjects)
    if not subject_is_planet:
        x = float(rng.choice([rng.uniform(0.12, 0.3), rng.uniform(0.7, 0.88)]))
        _far_planet(
            stage,
            (x * stage.width, float(rng.uniform(0.2, 0.36)) * stage.height),
            float(rng.uniform(0.13, 0.22)) * min(stage.shape),
            ring=bool(rng.random() < 0.5),
        )
    stage.surface, stage.ground, stage.shadow = "float", stage.height * 0.78, 0.0
    stage.horizon = stage.height // 2


def _stars(stage: Stage, band: Array) -> None:
    rng = stage.dice(154)
    count = int(stage.width * stage.height / 420)
    rows, columns = rng.integers(0, stage.height, count), rng.integers(0, stage.width, count)
    field = np.zeros(stage.shape, np.float32)
    field[rows, columns] = rng.random(count).astype(np.float32) ** 6 * (0.5 + band[rows, columns])
    big = rng.choice(count, min(count, 18), replace=False)
    field[rows[big], columns[big]] = 6.0 * stage.unit
    light = field + blur(field, max(0.6, 1.3 * stage.unit)) * 4
    stage.image = np.clip(stage.image + light[..., None] * rgb(240, 244, 255), 0, 1).astype(np.float32)


def _far_planet(stage: Stage, centre: tuple[float, float], radius: float, *, ring: bool) -> None:
    with stage.part("planet"):
        planet(stage, centre, radius, ring=ring)


def planet(stage: Stage, centre: tuple[float, float], radius: float, *, ring: bool, earth: bool = False) -> None:
    """A lit ball with bands of weather, its air, and perhaps a ring that passes behind and before it."""
    rng = stage.dice(155)
    dark, pale = _PLANETS[int(rng.integers(len(_PLANETS)))]
    if earth:
        dark, pale = (34, 92, 176), (226, 238, 246)
    rows, columns = grid(*stage.shape)
    dx, dy = (columns - centre[0]) / radius, (rows - centre[1]) / radius
    reach = dx * dx + dy * dy
    depth = np.sqrt(np.clip(1 - reach, 0, 1))
    bands = sample(
        stage.noise.tile(6, octaves=5, layer=156),
        dx * 0.06 + 0.3,
        dy * 0.32 + sample(stage.noise.tile(6, octaves=4, layer=157), dx * 0.1 / (0.4 + depth), dy * 0.1) * 0.03,
    )
    light = np.clip((-dx if centre[0] > stage.width / 2 else dx) * 0.6 - dy * 0.4 + depth * 0.66, 0.015, 1.1)
    colour = mix(rgb(*dark), rgb(*pale), np.clip(bands * 0.9 + 0.5, 0, 1)[..., None]) * light[..., None]
    air = (
        np.exp(-np.maximum(np.sqrt(reach) - 1, 0) * 16)
        * (light > 0)
        * np.clip(1.2 - reach * 0.2, 0, 1)
        * smooth(-0.3, 0.7, (-dx if centre[0] > stage.width / 2 else dx) * 0.6 - dy * 0.4)
    )
    stage.image = np.clip(stage.image + (air * 0.4)[..., None] * rgb(*pale), 0, 1)
    if ring:
        _ring(stage, dx, dy, rgb(*pale), behind=True)
    edge = 1.2 / radius
    stage.image = over(stage.image, colour, 1 - smooth(1 - edge, 1 + edge, np.sqrt(reach)))
    if ring:
        _ring(stage, dx, dy, rgb(*pale), behind=False)


def _ring(stage: Stage, dx: Array, dy: Array, colour: Array, *, behind: bool) -> None:
    tilt = 0.35
    u, v = dx * np.cos(tilt) + dy * np.sin(tilt), (-dx * np.sin(tilt) + dy * np.cos(tilt)) / 0.26
    reach = np.hypot(u, v)
    gaps = 0.6 + 0.4 * np.sin(reach * 26)
    mask = smooth(1.28, 1.34, reach) * (1 - smooth(1.95, 2.05, reach)) * gaps * 0.75
    mask = mask * (v < 0 if behind else v >= 0)
    stage.image = np.clip(
        over(stage.image, np.broadcast_to(colour * 0.95, stage.image.shape), mask.astype(np.float32)), 0, 1
    )
