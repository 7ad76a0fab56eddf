"""The sky: gradient, sun or moon, stars, clouds, aurora, rainbow."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from imgforge_mcp.local.cards import flat_sky, is_flat
from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, grid, mix, over, ramp, resize, rgb, smooth
from imgforge_mcp.local.stage import Stage


def paint_sky(stage: Stage, *, sun: bool = True, clouds: bool = True) -> None:
    """Fills the picture; below the horizon the sky's last colour goes on."""
    if is_flat(stage):
        flat_sky(stage, sun=sun, clouds=clouds)
        if stage.scene.has("aurora"):
            with stage.veil("aurora"):
                _aurora(stage, stage.image)
        if stage.scene.has("rainbow"):
            with stage.veil("rainbow"):
                _rainbow(stage, stage.image)
        np.clip(stage.image, 0, 1, out=stage.image)
        return
    rows, columns = grid(stage.height, stage.width)
    down = rows / max(stage.horizon, 1)
    sky = np.repeat(ramp(stage.light.sky, down), stage.width, axis=1)
    distance = np.hypot(columns - stage.sun[0], (rows - stage.sun[1]) * 1.15) / min(stage.height, stage.width)
    with stage.part("sky"):
        if not stage.light.overcast and sun:
            _glow(stage, sky, distance)
        stage.image = sky
    if stage.light.stars:
        with stage.veil("stars"):
            _stars(stage, sky, distance)
    if sun and not stage.light.overcast:
        for centre in _discs(stage):
            with stage.part("moon" if stage.light.stars else "sun", *_said_colour(stage)):
                _disc(stage, sky, centre)
    if stage.scene.has("aurora"):
        with stage.veil("aurora"):
            _aurora(stage, sky)
    if clouds and not stage.scene.has("clear"):
        stage.image = sky = _clouds(stage, sky, distance)
    if stage.scene.has("rainbow"):
        with stage.veil("rainbow"):
            _rainbow(stage, sky)
    stage.image = np.clip(sky, 0, 1).astype(np.float32)


def _said_colour(stage: Stage) -> tuple[str, ...]:
    return (f"colour:{stage.scene.disc}",) if stage.scene.disc else ()


def _discs(stage: Stage) -> list[tuple[float, float]]:
    """Where sun or moon stand: one, or as many moons as were asked for, each higher than the last."""
    many = next((n for n in range(4, 1, -1) if stage.scene.has(f"moons-{n}")), 1)
    toward = 1 if stage.sun[0] < stage.width / 2 else -1
    return [
        (stage.sun[0] + toward * k * stage.width * 0.62 / many, stage.sun[1] * (1 - 0.3 * (k % 2))) for k in range(many)
    ]


def _glow(stage: Stage, sky: Array, distance: Array) -> None:
    near = np.exp(-distance * (8 if stage.light.stars else 4.2)) * stage.light.glow
    halo = np.exp(-((distance / 0.09) ** 2)) * stage.light.glow * 0.5
    sky *= (1 - near * 0.45)[..., None]
    sky += (near + halo)[..., None] * stage.light.sun


def _disc(stage: Stage, sky: Array, centre: tuple[float, float]) -> None:
    radius = 0.045 if stage.light.stars else 0.036
    if stage.scene.has("big-moon", "big-sun"):
        radius = 0.12
    size = min(stage.shape)
    edge = 1.4 / size
    reach = math.ceil((radius + edge) * size)
    top, left = max(0, int(centre[1]) - reach), max(0, int(centre[0]) - reach)
    box = slice(top, max(0, int(centre[1]) + reach + 1)), slice(left, max(0, int(centre[0]) + reach + 1))
    rows, columns = grid(*sky[box].shape[:2])
    across, down = columns + np.float32(left - centre[0]), rows + np.float32(top - centre[1])
    disc = 1 - smooth(radius - edge, radius + edge, np.hypot(across, down * 1.15) / size)
    colour = np.minimum(1, stage.light.sun * (1.0 if stage.scene.disc else 1.1))
    if stage.scene.time == "night":
        seas = stage.noise.field(sky[box].shape[:2], 26 * stage.unit * radius / 0.045, octaves=4, layer=11)
        colour = stage.light.sun * (0.93 + 0.12 * np.clip(seas, -1, 0.4))[..., None]
        if stage.scene.has("crescent"):
            bite = np.hypot(across - radius * 0.5 * size, (down + radius * 0.2 * size) * 1.15) / size
            disc = disc * smooth(radius - edge, radius + edge, bite)
    elif stage.scene.time == "day":
        disc = disc * 0.9
    sky[box] = over(sky[box], colour, disc)


def _stars(stage: Stage, sky: Array, distance: Array) -> None:
    rng = stage.dice(1)
    height = max(2, min(stage.horizon, stage.height))
    count = int(stage.width * height / (900 if stage.scene.time == "night" else 3600))
    rows, columns = rng.integers(0, height, count), rng.integers(0, stage.width, count)
    light = rng.random(count).astype(np.float32) ** 5
    field = np.zeros((height, stage.width), np.float32)
    field[rows, columns] = light * (1 - rows / height * 0.7)
    big = rng.choice(count, min(count, 26), replace=False)
    field[rows[big], columns[big]] = 2.5 * stage.unit**0.5
    field = field + blur(field, max(0.6, 1.1 * stage.unit)) * 3.2
    field *= smooth(0.05, 0.14, distance[:height])
    sky[:height] += field[..., None] * rgb(250, 248, 255)
    if stage.scene.time == "night":
        _milky_way(stage, sky)


def _milky_way(stage: Stage, sky: Array) -> None:
    """Dust along a slanting band; worked out at half size."""
    shape = (stage.height + 1) // 2, (stage.width + 1) // 2
    rows, columns = grid(*shape)
    slope = float(stage.dice(2).uniform(-0.5, 0.5))
    across = rows / shape[0] - 0.22 - slope * (columns / shape[1] - 0.5)
    band = np.exp(-((across * 5.5) ** 2))
    dust = stage.noise.field(shape, 130 * stage.unit, octaves=5, gain=0.6, layer=12)
    strength = 1.0 if stage.scene.has("stars") else 0.45
    light = resize(np.clip(dust * 0.8 + 0.3, 0, 1) * band, *stage.shape)
    sky += light[..., None] * (rgb(64, 66, 104) * strength)


def _aurora(stage: Stage, sky: Array) -> None:
    rows, _columns = grid(*stage.shape)
    horizon = stage.horizon
    for curtain in range(3):
        wave = stage.noise.line(stage.width, stage.width * 0.45, octaves=3, layer=20 + curtain)
        foot = horizon * (0.52 + 0.13 * curtain) + wave * horizon * 0.2
        up = (foot[None, :] - rows) / horizon
        rays = stage.noise.line(stage.width, 46 * stage.unit, octaves=3, gain=0.7, layer=30 + curtain) * 0.5 + 0.62
        body = np.where(up > 0, np.exp(-np.maximum(up, 0) * 4.4), np.exp(np.minimum(up, 0) * 38))
        strength = body * np.clip(rays, 0, 1.2)[None, :] * (0.62 - 0.1 * curtain)
        colour = mix(rgb(52, 250, 150), rgb(150, 70, 220), np.clip(up * 2.1, 0, 1)[..., None])
        sky += strength[..., None] * colour


def _clouds(stage: Stage, sky: Array, distance: Array) -> Array:
    """Noise on a plane above us, lit from the sun's side; worked out at half size."""
    height, width = max(2, stage.horizon // 2), max(2, stage.width // 2)
    rows, columns = grid(height, width)
    depth = 1 / (1.06 - np.minimum(rows / height, 1) * 0.98)
    aspect = stage.width / max(stage.horizon, 1)
    u = (columns / width - 0.5) * depth * 0.2 * aspect + float(stage.dice(3).random())
    v = np.broadcast_to(depth * 0.15 + float(stage.dice(4).random()), u.shape)
    tile = stage.noise.tile(4, octaves=7, layer=1)
    bend = sample(stage.noise.tile(3, octaves=3, layer=2), u, v) * 0.03
    body = sample(tile, u + bend, v + bend)
    side = 1.0 if stage.sun[0] > stage.width / 2 else -1.0
    toward = sample(tile, u + bend + 0.012 * side, v + bend - 0.014)
    cover = stage.light.cover
    mask = smooth(0.02 - cover, 0.46 - cover, body) * smooth(0.0, 0.16, 1 - rows / height) * 0.94
    lit = np.clip(0.52 + (body - toward) * 2.6 - np.clip(body - 0.35, 0, 1) * 0.5, 0, 1)
    wide_mask = np.clip(resize(mask, stage.horizon, stage.width, Image.Resampling.BICUBIC), 0, 1)
    if stage.light.stars:
        wide_mask = wide_mask * _round_the_moons(stage)
    _note_clouds(stage, wide_mask)
    wide_lit = resize(lit, stage.horizon, stage.width, Image.Resampling.BICUBIC)
    near = np.exp(-distance[: stage.horizon] * 2.4)
    dark, bright = stage.light.ambient * 1.05 + 0.06, np.minimum(1, stage.light.key * 1.06 + 0.06)
    if stage.scene.time == "day" and not stage.light.overcast:
        dark, bright = rgb(176, 194, 216), rgb(255, 255, 252)
    colour = mix(dark, bright, wide_lit[..., None]) + near[..., None] * stage.light.sun * (
        {"day": 0.04, "sunrise": 0.03}.get(stage.scene.time, 0.16)
    )
    if stage.scene.time == "night":
        colour = colour * 0.5
    sky[: stage.horizon] = over(sky[: stage.horizon], colour, wide_mask)
    return sky


def _round_the_moons(stage: Stage) -> Array:
    """Clouds part where a moon stands."""
    rows, columns = grid(stage.horizon, stage.width)
    gap: Array = np.ones((stage.horizon, stage.width), np.float32)
    for x, y in _discs(stage):
        gap = gap * smooth(0.06, 0.22, np.hypot(columns - x, rows - y) / min(stage.shape))
    return gap


def _note_clouds(stage: Stage, mask: Array) -> None:
    """Thick cloud hides what is above it."""
    whole = np.zeros(stage.shape, np.float32)
    whole[: stage.horizon] = mask
    stage.marks.own(("clouds", "sky"), stage.marks.sampled(whole) > 0.6)


def _rainbow(stage: Stage, sky: Array) -> None:
    rows, columns = grid(*stage.shape)
    size = max(stage.horizon, stage.width * 0.4)
    radius = np.hypot(columns - stage.width * 0.5, rows - stage.horizon * 1.15) / size
    t = (radius - 0.84) / 0.1
    stops = (
        (0, (150, 90, 220)),
        (0.2, (70, 110, 240)),
        (0.4, (60, 200, 120)),
        (0.6, (250, 230, 90)),
        (0.8, (250, 150, 60)),
        (1, (240, 70, 70)),
    )
    band = smooth(0, 0.2, t) * (1 - smooth(0.8, 1, t)) * 0.5
    band = band * (rows < stage.horizon)
    sky[:] = over(sky, np.minimum(1, ramp(stops, np.clip(t, 0, 1)) * 1.05), band)
