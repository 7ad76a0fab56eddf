"""What ties a thing to its scene: its shadow and mirror image, grass over its feet, snow on it, its own light."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imgforge_mcp.local.pixels import Array, blur, mix, over, resize, rgb, smooth
from imgforge_mcp.local.sprites.spot import Spot
from imgforge_mcp.local.stage import Stage

_PANE = (255, 217, 138)


def snow_over(stage: Stage, lit: Array) -> None:
    """White on all that looks up: what has nothing of the thing a little above it."""
    tall = max(3, round(lit.shape[0] * 0.06))
    above = np.zeros_like(lit[..., 3])
    above[tall:] = lit[:-tall, :, 3]
    ragged = 0.75 + 0.5 * stage.noise.line(lit.shape[1], max(4.0, tall * 1.6), octaves=2, layer=321)
    cap = np.clip(blur(lit[..., 3] * (1 - above), tall * 0.2) * 1.9 * ragged, 0, 1)
    white = stage.light.ambient * 0.6 + stage.light.key * 0.5
    lit[..., :3] = over(lit[..., :3], np.minimum(white * 1.05, 1), cap)


def light_windows(stage: Stage, sprite: Image.Image, lit: Array, left: int, top: int) -> None:
    """Panes that are drawn lit shine by night, and warm what is before them."""
    colour = np.asarray(sprite, np.float32)[..., :3] / 255
    panes = np.clip(1 - np.abs(colour - rgb(*_PANE)).max(axis=-1) * 5, 0, 1) * lit[..., 3]
    lit[..., :3] = over(lit[..., :3], np.broadcast_to(rgb(255, 208, 120), colour.shape), panes)
    pad = round(lit.shape[1] * 0.16)
    near = np.clip(blur(np.pad(panes, pad), pad * 0.4) * 1.5, 0, 0.5)
    glow = np.dstack([np.broadcast_to(rgb(255, 178, 92), (*near.shape, 3)), near]).astype(np.float32)
    stamp(stage.image, glow, left - pad, top - pad)
    inner = near[pad:-pad, pad:-pad, None]
    lit[..., :3] = np.clip(lit[..., :3] + inner * colour * rgb(255, 178, 92) * 1.6, 0, 1)


def shed_light(stage: Stage, x: float, y: float, size: int) -> None:
    """A thing that glows warms what is near it, the more the darker the scene is."""
    rows = np.arange(stage.height, dtype=np.float32)[:, None]
    columns = np.arange(stage.width, dtype=np.float32)[None]
    near = np.exp(-np.hypot(columns - x, (rows - y) * 1.1) / (size * 0.5))[..., None]
    strength = 0.9 if stage.scene.time in ("night", "dusk") or stage.scene.has("dark") else 0.18
    warm = rgb(255, 176, 96)
    lit = stage.image * (1 + near * warm * strength) + near * warm * strength * 0.25
    stage.image = np.clip(lit, 0, 1).astype(np.float32)


def shadow(stage: Stage, lit: Array, left: int, spot: Spot) -> None:
    """A dark pool under the feet, and the outline thrown away from the sun."""
    height, width = lit.shape[:2]
    strength = stage.shadow * (0.7 if stage.light.overcast else 1.0)
    alpha = lit[..., 3]
    flat = resize(alpha, max(2, round(height * 0.16)), width)[::-1]
    away = 1 if stage.sun[0] < stage.width / 2 else -1
    low = stage.scene.time in ("sunset", "sunrise")
    _darken(
        stage,
        flat,
        left + round(away * width * (0.14 if low else 0.06)),
        round(spot.foot - flat.shape[0] * 0.34),
        max(1.5, width * 0.03),
        strength * (0.8 if low else 0.62),
    )
    foot = alpha[round(height * 0.9) :].max(axis=0) if height > 10 else alpha.max(axis=0)
    pool = np.repeat(foot[None], max(2, round(height * 0.05)), 0)
    _darken(stage, pool, left, round(spot.foot - pool.shape[0] * 0.6), max(1.2, width * 0.022), strength)


def _darken(stage: Stage, mask: Array, left: int, top: int, softness: float, strength: float) -> None:
    pad = int(softness * 3) + 1
    soft = blur(np.pad(mask, pad), softness)
    shade = np.dstack(
        [np.broadcast_to(stage.light.ambient * 0.12, (*soft.shape, 3)), np.clip(soft, 0, 1) * strength]
    ).astype(np.float32)
    stamp(stage.image, shade, left - pad, top - pad)


def mirror(stage: Stage, lit: Array, left: int, spot: Spot) -> None:
    visible = lit[: max(2, round(lit.shape[0] * (1 - spot.sunk)))]
    flipped = visible[::-1].copy()
    height = flipped.shape[0]
    fade = np.clip(
        1 - np.arange(height, dtype=np.float32) / (height * (0.95 if spot.contact == "water" else 0.5)), 0, 1
    )
    flipped[..., 3] *= fade[:, None] * (0.58 if spot.contact == "water" else stage.reflect)
    if spot.contact == "water":
        shift = (
            stage.noise.line(height, 9 * stage.unit + 2, octaves=3, layer=320)
            * (2 + np.arange(height) * 0.05)
            * 1.6
            * stage.unit
        )
        columns = np.clip(np.arange(flipped.shape[1])[None] + shift[:, None], 0, flipped.shape[1] - 1).astype(int)
        flipped = np.take_along_axis(flipped, columns[..., None], axis=1)
        flipped[..., :3] = mix(flipped[..., :3], stage.light.ambient * rgb(40, 96, 126) * 1.6, 0.3)
    if spot.contact == "water" and stage.water is not None:
        flipped[..., 3] *= _beneath(stage.water, flipped.shape[:2], left, round(spot.foot) - 2)
    stamp(stage.image, blur(flipped, 1.6 * stage.unit), left, round(spot.foot) - 2)


def _beneath(mask: Array, shape: tuple[int, int], left: int, top: int) -> Array:
    """The part of the picture's mask that lies under a cut-out; nothing outside the frame."""
    found = np.zeros(shape, np.float32)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(mask.shape[1], left + shape[1]), min(mask.shape[0], top + shape[0])
    if x1 > x0 and y1 > y0:
        found[y0 - top : y1 - top, x0 - left : x1 - left] = mask[y0:y1, x0:x1]
    return found


def tuck(stage: Stage, before: Array, lit: Array, left: int, top: int, share: float = 0.09) -> None:
    """The ground's own blades and drifts over the feet."""
    height, width = lit.shape[:2]
    band = max(3, round(min(height * share, 24 * stage.unit)))
    y0, y1, x0, x1 = (
        max(0, top + height - band),
        min(stage.height, top + height),
        max(0, left),
        min(stage.width, left + width),
    )
    if y1 <= y0 or x1 <= x0:
        return
    ragged = stage.noise.line(stage.width, 6 * stage.unit + 1.5, octaves=2, layer=330)[x0:x1]
    rows = np.arange(y0, y1, dtype=np.float32)[:, None]
    mask = smooth(0.0, band * 0.4, rows - (top + height - band * (0.45 + 0.4 * ragged))[None, :])
    stage.image[y0:y1, x0:x1] = over(stage.image[y0:y1, x0:x1], before[y0:y1, x0:x1], mask)


def bank(stage: Stage) -> None:
    """A near shore for those who do not swim."""
    rows = np.arange(stage.height, dtype=np.float32)[:, None]
    line = stage.noise.line(stage.width, stage.width * 0.5, octaves=5, layer=331)
    crest = stage.height * 0.8 + line * stage.height * 0.035
    grain = stage.noise.field(stage.shape, 60 * stage.unit, octaves=6, gain=0.62, stretch=2.4, layer=332)
    low, high = rgb(44, 74, 38), rgb(124, 146, 74)
    if stage.scene.has("snow", "winter"):
        low, high = rgb(196, 208, 226), rgb(246, 249, 254)
    elif stage.scene.has("autumn"):
        low, high = rgb(110, 70, 36), rgb(196, 146, 66)
    colour = mix(low, high, np.clip(grain * 0.6 + 0.5, 0, 1)[..., None]) * (
        stage.light.ambient * 0.6 + stage.light.key * 0.5
    )
    depth = np.clip((rows - crest[None]) / (stage.height * 0.2), 0, 1)
    stage.image = over(
        stage.image,
        colour * (1.1 - 0.35 * depth)[..., None],
        smooth(-1.5, 1.5, rows - crest[None] + grain * 5 * stage.unit),
    )
    stage.ground, stage.tuck = stage.height * 0.92, True


def stamp_mask(mask: Array, alpha: Array, left: int, top: int) -> None:
    height, width = mask.shape
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + alpha.shape[1]), min(height, top + alpha.shape[0])
    if x1 > x0 and y1 > y0:
        mask[y0:y1, x0:x1] = np.maximum(mask[y0:y1, x0:x1], alpha[y0 - top : y1 - top, x0 - left : x1 - left])


def stamp(image: Array, lit: Array, left: int, top: int, strength: float = 1.0) -> None:
    """Lays RGBA over the picture in place, cut to the frame."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + lit.shape[1]), min(height, top + lit.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = lit[y0 - top : y1 - top, x0 - left : x1 - left]
    image[y0:y1, x0:x1] = over(image[y0:y1, x0:x1], part[..., :3], part[..., 3] * np.float32(strength))
