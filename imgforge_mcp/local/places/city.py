"""Skylines and streets, by day in sun and haze, by night in their own light."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, grid, mix, over, ramp, rgb, smooth
from imgforge_mcp.local.places.lamplight import NEON, is_lit, shine
from imgforge_mcp.local.places.skyline import towers
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, lay


def city(stage: Stage) -> None:
    stage.horizon = int(stage.height * 0.62)
    stage.sun = (stage.sun[0], stage.horizon * (1 - max(stage.light.height, 0.2)))
    _city_sky(stage)
    stage.report(0.2, "the sky")
    glow = np.zeros_like(stage.image) if is_lit(stage) else None
    rows, _ = grid(*stage.shape)
    for row in range(4):
        with stage.part("city", "buildings"):
            towers(stage, row, _haze_colour(stage), glow)
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
    source = np.clip(2 * top - rows + wave * ripple * stage.unit, 0, top - 1).astype(np.intp)
    source *= stage.width
    source += np.clip(columns + wave * ripple * 0.7 * stage.unit * (0.3 + down), 0, stage.width - 1).astype(np.intp)
    mirrored = stage.image.reshape(-1, 3).take(source, axis=0)
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
