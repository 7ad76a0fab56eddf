"""A sea that rolls: crests and hollows seen in perspective, lit through and foaming."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local import heightfield
from imgforge_mcp.local.heightfield import Field
from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, clamp, mix, over, ramp, rgb, smooth
from imgforge_mcp.local.stage import Stage


def roll(stage: Stage) -> None:
    """Paints waves over everything below the horizon."""
    field = heightfield.open_field(stage, nearest=0.42, farthest=70)
    rough = 2.1 if stage.scene.has("storm") else 1.35 if stage.scene.has("waves") else 1.0
    heights, chop = _heights(stage, field, rough)
    view = heightfield.see(stage, field, heights)
    colour = _colours(stage, field, heights, chop, rough)
    seen = view.look(colour)
    rows = np.arange(view.top, stage.height, dtype=np.float32)[:, None]
    below = smooth(-1.0, 1.5, rows - stage.horizon) * view.visible
    mask = np.asarray(np.maximum(below, view.visible * 0.96), np.float32)
    stage.image[view.top :] = clamp(over(stage.image[view.top :], seen, mask))


def _heights(stage: Stage, field: Field, rough: float) -> tuple[Array, Array]:
    rng = stage.dice(83)
    x, z = field.x, np.broadcast_to(field.z, field.x.shape)
    bend = sample(stage.noise.tile(6, octaves=3, layer=84), x * 0.02, z * 0.02)
    heights: Array = np.zeros_like(x)
    for long, tall in ((3.4, 0.105), (1.9, 0.05), (1.05, 0.022)):
        angle = float(rng.uniform(-0.5, 0.5))
        phase = (z * np.cos(angle) + x * np.sin(angle)) * 6.2832 / long + bend * 5 + float(rng.uniform(0, 6.28))
        heights = heights + tall * (2 * (0.5 + 0.5 * np.sin(phase)) ** 1.7 - 0.8)
    chop = sample(stage.noise.tile(24, octaves=5, layer=85), x * 0.16, z * 0.16)
    heights = heights * (1 + 0.5 * bend) + chop * 0.022
    calm = smooth(0.3, 1.6, z) * 0.75 + 0.25
    return np.asarray(heights * rough * calm - 0.06, np.float32), chop


def _colours(stage: Stage, field: Field, heights: Array, chop: Array, rough: float) -> Array:
    side, away = heightfield.slopes(field, heights)
    z = np.broadcast_to(field.z, heights.shape)
    facing = smooth(-0.3, 0.5, away + chop * 0.12)
    lift = np.clip((heights + 0.1) / (0.16 * rough), 0, 1)
    light = stage.light.ambient * 0.55 + stage.light.key * 0.6
    deep, bright = rgb(10, 52, 84) * (0.25 + light), rgb(36, 140, 150) * light
    body = mix(deep, bright, (lift**1.6 * 0.85)[..., None])
    low_sky = ramp(stage.light.sky, np.clip(0.96 - np.abs(away) * 0.5 - np.abs(side) * 0.2, 0, 1))
    colour = mix(low_sky * 0.92, body, np.clip(0.2 + facing * 0.72 - smooth(6, 40, z) * 0.25, 0, 1)[..., None])
    foam = smooth(0.62, 0.98, lift + chop * 0.42) * smooth(0.25, 0.6, rough - 0.72 + chop * 0.5) * (z < 26)
    white = np.minimum(1, stage.light.ambient * 0.55 + stage.light.key * 0.55)
    colour = mix(colour, white, np.clip(foam * 0.85, 0, 1)[..., None])
    if not stage.light.overcast and not stage.scene.has("storm"):
        colour = colour + _glitter(stage, field, side, chop)[..., None] * stage.light.sun
    haze = (1 - np.exp(-np.maximum(z - 6, 0) / 38)) * 0.75
    return mix(colour, mix(low_sky, stage.light.mist, 0.5), haze[..., None])


def _glitter(stage: Stage, field: Field, side: Array, chop: Array) -> Array:
    columns = np.arange(field.columns, dtype=np.float32)[None]
    width = stage.width * (0.05 + 0.5 / (field.z + 1.4))
    path = np.exp(-(((columns - stage.sun[0]) / width) ** 2))
    strength = {"day": 0.35, "night": 0.6}.get(stage.scene.time, 1.0)
    return np.asarray(path * np.clip(chop * 1.6 + 0.1 - np.abs(side) * 0.2, 0, 1) ** 1.6 * strength, np.float32)
