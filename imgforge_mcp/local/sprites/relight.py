"""Gives flat drawings volume and the scene's light, and other colours where asked."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imgforge_mcp.local.noise import Noise
from imgforge_mcp.local.pixels import Array, blur, luma, mix, resize, rgb
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage

_LARGE = 360
"""Pixels of a sprite's longer side above which its light is worked out at half size."""


def relight(stage: Stage, sprite: Image.Image, *, amount: float = 0.85, distance: float = 0.0) -> Array:
    """The sprite as RGBA floats: its outline is inflated to a relief and lit by the stage's light."""
    values = np.asarray(sprite, np.float32) / 255
    alpha, colour = values[..., 3], values[..., :3]
    lambert, shine, rim = _lamp(stage, sprite)
    ambient, key = stage.light.ambient, stage.light.key / max(float(stage.light.key.max()), 1e-3)
    level = float(luma(ambient)) * 0.62 + 0.26
    shade = ambient / (float(luma(ambient)) + 1e-3) * level
    reach = 0.52 + 0.5 * float(luma(stage.light.key))
    light = shade * 0.86 + key * (lambert * reach)[..., None]
    lit = colour * np.where(light > 1, 1 + (light - 1) * 0.3, light)
    lit = lit + (shine * 0.16 * reach)[..., None] * key + (rim * 0.42)[..., None] * key * alpha[..., None]
    result = mix(colour, lit, amount)
    if distance:
        result = mix(result, stage.light.mist, distance)
    return np.dstack([np.clip(result, 0, 1), alpha]).astype(np.float32)


def _lamp(stage: Stage, sprite: Image.Image) -> tuple[Array, Array, Array]:
    """What the sun gives each pixel of the sprite's relief: its plain light, its gloss, and the rim that it lights from
    behind. All are smooth, so that a large sprite's are worked out at half size."""
    small = sprite.reduce(2) if max(sprite.size) > _LARGE else sprite
    values = np.asarray(small, np.float32) / 255
    normal_x, normal_y, normal_z = _relief(values[..., :3], values[..., 3])
    side = -0.5 if stage.sun[0] < stage.width / 2 else 0.5
    direction = np.array([side, -0.62, 0.6], np.float32)
    direction /= np.linalg.norm(direction)
    lambert = np.clip(normal_x * direction[0] + normal_y * direction[1] + normal_z * direction[2], 0, 1)
    half = direction + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shine = np.clip(normal_x * half[0] + normal_y * half[1] + normal_z * half[2], 0, 1) ** 30
    rim = np.clip(1 - normal_z, 0, 1) ** 2 * np.clip(-normal_y * 0.6 + normal_x * np.sign(side) * 0.8, 0, 1)
    width, height = sprite.size
    return resize(lambert, height, width), resize(shine, height, width), resize(rim, height, width)


def _relief(colour: Array, alpha: Array) -> tuple[Array, Array, Array]:
    size = max(alpha.shape)
    pad = int(size * 0.12) + 1
    padded = np.pad(alpha, pad)
    height = np.zeros_like(padded)
    for reach, weight in ((0.012, 0.1), (0.03, 0.16), (0.065, 0.3), (0.12, 0.44)):
        height += blur(padded, size * reach) * np.float32(weight)
    height += blur(np.pad(luma(colour) * alpha, pad), max(0.7, size * 0.006)) * np.float32(0.04)
    height = height[pad:-pad, pad:-pad]
    slope_y, slope_x = np.gradient(height)
    x, y = -slope_x * size * 0.8, -slope_y * size * 0.8
    z = 1 / np.sqrt(x * x + y * y + 1)
    return x * z, y * z, z


def recolour(sprite: Image.Image, colour: Colour) -> Image.Image:
    """Turns the sprite's own main hue into the asked one, keeping its whites, darks and small contrasts."""
    values = np.asarray(sprite)
    hsv = np.asarray(sprite.convert("RGB").convert("HSV")).astype(np.int16).copy()
    target = np.asarray(Image.new("RGB", (1, 1), colour).convert("HSV"))[0, 0].astype(int)
    solid = values[..., 3] > 128
    vivid = (hsv[..., 1] > 60) & (hsv[..., 2] > 50)
    if target[1] < 40:
        hsv[..., 1] = (hsv[..., 1] * 0.1).astype(np.int16)
        middle = float(np.median(hsv[..., 2][solid])) if solid.any() else 128.0
        hsv[..., 2] = np.clip(hsv[..., 2].astype(np.float32) * (target[2] / max(middle, 30.0)) ** 0.8, 0, 255).astype(
            np.int16
        )
    elif (vivid & solid).sum() < 0.12 * max(1, solid.sum()):
        return _tinted(values, colour)
    else:
        weight = np.bincount(hsv[..., 0][vivid & solid] // 8, minlength=32).astype(np.float32)
        weight += 0.5 * (np.roll(weight, 1) + np.roll(weight, -1))
        main = int(weight.argmax()) * 8 + 4
        gap = (int(target[0]) - main + 128) % 256 - 128
        near = np.abs((hsv[..., 0] - main + 128) % 256 - 128) < 46
        mask = vivid & near
        hsv[..., 0] = np.where(mask, (hsv[..., 0] + gap) % 256, hsv[..., 0])
        middle_s, middle_v = float(np.median(hsv[..., 1][mask & solid])), float(np.median(hsv[..., 2][mask & solid]))
        hsv[..., 1] = np.where(
            mask, np.clip(hsv[..., 1] * (target[1] / max(middle_s, 40.0)) ** 0.8, 0, 255), hsv[..., 1]
        ).astype(np.int16)
        hsv[..., 2] = np.where(
            mask, np.clip(hsv[..., 2] * (target[2] / max(middle_v, 40.0)) ** 0.8, 0, 255), hsv[..., 2]
        ).astype(np.int16)
    painted = np.asarray(Image.fromarray(hsv.astype(np.uint8), "HSV").convert("RGB"))
    return Image.fromarray(np.dstack([painted, values[..., 3]]))


def _tinted(values: np.ndarray, colour: Colour) -> Image.Image:
    base = values[..., :3].astype(np.float32) / 255
    level = luma(base)[..., None]
    tinted = np.clip(rgb(*colour) * (0.25 + level * 1.15), 0, 1)
    return Image.fromarray(np.dstack([(tinted * 255).astype(np.uint8), values[..., 3]]))


def furred(sprite: Image.Image, noise: Noise) -> Image.Image:
    """Strands of light and dark, and an outline that is no longer smooth."""
    values = np.asarray(sprite, np.float32) / 255
    shape = values.shape[:2]
    size = max(shape)
    strand = noise.field((shape[0], shape[1]), size * 0.03, octaves=3, gain=0.7, stretch=0.3, layer=350)
    down = noise.field((shape[0], shape[1]), size * 0.014, octaves=2, layer=351) * size * 0.0026
    across = noise.field((shape[0], shape[1]), size * 0.01, octaves=2, layer=352) * size * 0.0018
    rows = np.clip(np.arange(shape[0])[:, None] + down, 0, shape[0] - 1).astype(np.int32)
    columns = np.clip(np.arange(shape[1])[None] + across, 0, shape[1] - 1).astype(np.int32)
    ragged = values[rows, columns]
    tone = luma(values[..., :3])
    flat = 1 - np.clip(np.hypot(*np.gradient(blur(tone, size * 0.004))) * size * 0.05, 0, 1)
    coat = ragged[..., :3] * (1 + 0.085 * strand * np.clip(tone * 3 - 0.35, 0, 1))[..., None]
    eyes = ((tone < 0.3) & (values[..., 3] > 0.95))[..., None]
    painted = np.where(eyes, values[..., :3], mix(ragged[..., :3], coat, (0.35 + 0.65 * flat)[..., None]))
    return Image.fromarray((np.clip(np.dstack([painted, ragged[..., 3]]), 0, 1) * 255).astype(np.uint8))
