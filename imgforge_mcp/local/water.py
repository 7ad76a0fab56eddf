"""Water: a mirror with ripples, its own depth, and the sun's path on it."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.cards import is_flat
from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, grid, over, rgb, smooth
from imgforge_mcp.local.stage import Stage


def paint_water(
    stage: Stage, mask: Array, *, calm: float = 1.0, shore: Array | None = None, deep: Array | None = None
) -> None:
    """Turns the masked part of the picture below the horizon into water that mirrors what stands above it.

    `shore` is the row of the water's far edge in each column; the mirror folds there."""
    top = max(0, stage.horizon - int(2 + 0.02 * stage.height))
    height = stage.height - top
    rows, columns = (
        np.arange(top, stage.height, dtype=np.float32)[:, None],
        np.arange(stage.width, dtype=np.float32)[None],
    )
    down = np.clip((rows - stage.horizon) / stage.height, 0.003, 1)
    ripple, swell = _ripples(stage, down, columns)
    if is_flat(stage):
        ripple = np.zeros_like(ripple)
    quiet = 0.3 + 0.7 * smooth(-0.15, 0.35, swell)
    strength = (3 + 42 * down) * quiet * stage.unit / calm
    fold = float(stage.horizon) if shore is None else shore[None, :]
    mirror = 2 * fold - rows + ripple * strength * 2.2
    sideways = columns + ripple * strength * 0.5
    source = np.clip(mirror, 0, np.maximum(fold, 1)).astype(np.intp)
    source *= stage.width
    source += np.clip(sideways, 0, stage.width - 1).astype(np.intp)
    water = stage.image.reshape(-1, 3).take(source, axis=0)
    fresnel = np.clip(0.94 - down * 0.9, 0.4, 0.94)
    body = stage.light.ambient * rgb(40, 104, 130) * 1.7 if deep is None else deep * (0.35 + stage.light.ambient * 0.9)
    water *= (0.96 * fresnel)[..., None]
    water += (1 - fresnel)[..., None] * body
    glint = np.clip(ripple - 0.2, 0, 1) * quiet * (0.22 * (0.9 if not stage.light.stars else 0.35))
    water += glint[..., None] * stage.light.sun
    _sun_path(stage, water, down, columns, ripple)
    part = blur(mask[top:], 0.7)
    with stage.part("water"):
        stage.image[top:] = np.clip(over(stage.image[top:], water, part), 0, 1)
    stage.tell("reflection")
    stage.water = mask
    assert water.shape[0] == height


def _ripples(stage: Stage, down: Array, columns: Array) -> tuple[Array, Array]:
    depth = 0.035 / down
    u = (columns / stage.width - 0.5) * depth * 9.0 * max(1.0, stage.width / stage.height)
    v = np.broadcast_to(depth * 14.0, u.shape)
    tile = stage.noise.tile(16, octaves=5, layer=40)
    ripple = sample(tile, u * 0.35, v * 0.35)
    swell = sample(stage.noise.tile(5, octaves=3, layer=41), u * 0.08, v * 0.05)
    return ripple, swell


def _sun_path(stage: Stage, water: Array, down: Array, columns: Array, ripple: Array) -> None:
    if stage.light.overcast or is_flat(stage):
        return
    strength = {"day": 0.18, "night": 0.55, "dusk": 0.3}.get(stage.scene.time, 0.75)
    width = stage.width * (0.018 + 0.26 * down)
    path = np.exp(-(((columns - stage.sun[0]) / width) ** 2))
    fine = sample(
        stage.noise.tile(40, octaves=4, layer=42),
        np.broadcast_to(columns / stage.width * 1.6 / (0.25 + down * 2), ripple.shape),
        np.broadcast_to(0.5 / (0.06 + down), ripple.shape),
    )
    sparkle = np.clip(ripple * 1.0 + fine * 1.5 - 0.12, 0, 1) ** 1.6
    water += (path * sparkle * strength)[..., None] * stage.light.sun


def flat_water(stage: Stage) -> Array:
    """The mask of everything below the horizon."""
    rows, _ = grid(*stage.shape)
    return np.repeat((rows >= stage.horizon).astype(np.float32), stage.width, axis=1)
