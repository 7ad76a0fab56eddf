"""Mountains, lakes, hills, dunes and other planets: places made of heights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imgforge_mcp.local import heightfield
from imgforge_mcp.local.cards import is_flat
from imgforge_mcp.local.heightfield import Field, View
from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import Array, blur, luma, mix, resize, rgb, smooth
from imgforge_mcp.local.places.falls import falls
from imgforge_mcp.local.places.layered import paint_sheets
from imgforge_mcp.local.places.space import planet
from imgforge_mcp.local.places.ways import road
from imgforge_mcp.local.sky import paint_sky
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.trees import frame_with_pines, plant, turf
from imgforge_mcp.local.water import paint_water

_SEA = -0.12
_NO_SEA = -99.0
_COARSE = 4
_BLACK = ((0.0, (4.0, 5.0, 12.0)), (1.0, (16.0, 18.0, 30.0)))
_DUST = ((0.0, (148.0, 112.0, 92.0)), (0.6, (206.0, 160.0, 120.0)), (1.0, (240.0, 200.0, 154.0)))


@dataclass(slots=True)
class Ground:
    """The ground's samples: height, colour before light, snow, and where trees may stand."""

    heights: Array
    colour: Array
    snow: Array
    wood: Array
    haze: float = 26.0


def alpine(stage: Stage) -> None:
    if stage.scene.has("waterfall"):
        falls(stage)
        return
    _paint(stage, _alpine_ground, water=stage.scene.has("lake", "reflection"))


def lake(stage: Stage) -> None:
    if stage.scene.has("waterfall"):
        falls(stage)
        return
    _paint(stage, _alpine_ground, water=True)


def fuji(stage: Stage) -> None:
    _paint(stage, _cone_ground, water=not stage.scene.has("dry"))


def meadow(stage: Stage) -> None:
    _paint(stage, _meadow_ground, water=stage.scene.has("lake"))
    stage.tuck = True


def desert(stage: Stage) -> None:
    _paint(stage, _dune_ground, water=False)


def mars(stage: Stage) -> None:
    if not stage.scene.has("moonscape"):
        stage.tell("mars", "planet")
    if stage.scene.has("moonscape"):
        stage.light = replace(
            stage.light,
            sky=_BLACK,
            stars=True,
            overcast=False,
            cover=-1.0,
            haze=0.12,
            mist=rgb(30, 32, 40),
            ambient=rgb(96, 98, 106),
            key=rgb(255, 252, 244),
            glow=0.12,
        )
    elif stage.scene.time == "day":
        stage.light = replace(
            stage.light, sky=_DUST, mist=rgb(226, 176, 132), ambient=rgb(150, 118, 98), overcast=False
        )
    _paint(stage, _mars_ground, water=False)


def _paint(stage: Stage, make: Callable[[Stage, Field], Ground], *, water: bool) -> None:
    stage.horizon = int(stage.height * (0.5 if water else 0.47))
    stage.sun = (stage.sun[0], stage.horizon * (1 - stage.light.height))
    paint_sky(stage, clouds=not stage.scene.has("moonscape"))
    if stage.scene.has("moonscape"):
        stage.tell("moon-ground", "earth")
        planet(stage, (stage.width * 0.24, stage.horizon * 0.4), min(stage.shape) * 0.11, ring=False, earth=True)
    stage.report(0.2, "the sky")
    if is_flat(stage) and not stage.scene.has("moonscape"):
        paint_sheets(stage, water=water)
        return
    is_wooded, lake_mask = _land(stage, make, _SEA if water else _NO_SEA)
    if not water and is_wooded:
        turf(stage)
    if stage.scene.has("road") and not water:
        road(stage)
    if water:
        first = np.where(lake_mask.any(0), lake_mask.argmax(0), stage.height).astype(np.float32)
        fold = np.minimum(first, stage.horizon + 0.03 * stage.height)
        paint_water(stage, lake_mask, shore=_still(fold), calm=1.2)
        stage.marks.own(("water", "lake"), stage.marks.sampled(lake_mask) > 0.5)
        stage.surface = "water" if stage.scene.has("boat") else "ground"
    if is_wooded and not stage.scene.subjects and stage.scene.place in ("alpine", "lake"):
        frame_with_pines(stage)
    elif stage.scene.has("pine") and stage.scene.place in ("alpine", "lake", "meadow"):
        frame_with_pines(stage, both=True)
    stage.report(0.55, "water and trees")


def _land(stage: Stage, make: Callable[[Stage, Field], Ground], sea: float) -> tuple[bool, Array]:
    """The ground in its light with its trees; returned are whether there is wood, and the mask of what lies under the
    sea's level."""
    field = heightfield.open_field(stage)
    ground = make(stage, field)
    wet = ground.heights < sea
    heights = np.maximum(ground.heights, np.float32(sea))
    view = heightfield.see(stage, field, heights)
    _lay_land(stage, view, _light(stage, field, ground))
    _note_land(stage, _whole(stage, view.visible))
    stage.report(0.4, "the land")
    plant(stage, view, heights, ground.wood * (~wet), haze=ground.haze)
    under = (
        _whole(stage, (view.look(wet.astype(np.float32)) > 0.5) & view.visible)
        if wet.any()
        else np.zeros_like(stage.image[..., 0])
    )
    return bool(ground.wood.any()), under


def _lay_land(stage: Stage, view: View, colours: Array) -> None:
    change = view.look(colours)
    change -= stage.image[view.top :]
    change[~view.visible] = 0
    change *= blur(view.visible.astype(np.float32), 0.6)[..., None]
    stage.image[view.top :] += change


def _whole(stage: Stage, lower: NDArray[np.bool_]) -> Array:
    """A mask of the picture's lower rows as one of all of it."""
    mask = np.zeros(stage.shape, np.float32)
    mask[stage.height - len(lower) :] = lower
    return mask


def _parts_of_land(stage: Stage) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the land is called where it rises over the horizon, and where it lies before us."""
    white = ("snow", "winter") if stage.scene.has("snow", "winter") else ()
    season = tuple(s for s in ("autumn", "spring", "summer") if s == stage.scene.season)
    field = tuple(part for part, name in (("wheat", "field"), ("terraces", "terraces")) if stage.scene.has(name))
    return {
        "alpine": (("mountain", "hill", "rock", *white), ("grass", "ground", *white, *season)),
        "lake": (("mountain", "hill", "rock", *white), ("grass", "ground", *white, *season)),
        "fuji": (("volcano", "mountain", "hill"), ("ground",)),
        "desert": (("dunes", "sand"), ("sand", "ground")),
        "mars": (("rock", "hill"), ("rock", "ground")),
    }.get(stage.scene.place, (("hill", *white), ("grass", "ground", *white, *season, *field)))


def _note_land(stage: Stage, mask: Array) -> None:
    """The nearer half of the land is ground; what rises behind it has names of its own."""
    high, low = _parts_of_land(stage)
    split = int(stage.horizon + stage.height * 0.03)
    far, near = mask.copy(), mask.copy()
    far[split:], near[:split] = 0, 0
    stage.marks.own(high, stage.marks.sampled(far) > 0.5)
    stage.marks.own(low, stage.marks.sampled(near) > 0.5)


def hills_behind(stage: Stage) -> None:
    """Rolling country as the ground for something else."""
    _paint(stage, _meadow_ground, water=False)


def _still(fold: Array) -> Array:
    """The shore line smoothed, so that the mirror does not tear."""
    return blur(np.repeat(fold[None], 3, 0), 6)[1:2].reshape(fold.shape)


def _noise(
    stage: Stage, u: Array, v: Array, layer: int, *, cells: int = 8, octaves: int = 6, ridged: bool = False
) -> Array:
    return sample(stage.noise.tile(cells, octaves=octaves, layer=layer, ridged=ridged), u, v)


def _alpine_ground(stage: Stage, field: Field) -> Ground:
    x, z = field.x, np.broadcast_to(field.z, field.x.shape)
    shift = stage.dice(10).uniform(0, 1, 2)
    ridge = _noise(stage, x * 0.019 + shift[0], z * 0.019 + shift[1], 50, cells=6, octaves=7, ridged=True)
    bend = _noise(stage, x * 0.02, z * 0.02, 51, cells=4, octaves=3)
    basin = smooth(4.2, 20, z + x * x * 0.012 + 2.4 * bend)
    rough = _noise(stage, x * 0.05, z * 0.05, 52, cells=6, octaves=5)
    tall = _massifs(stage, x, z)
    heights = (
        -0.34
        + basin * (0.24 + 0.3 * rough)
        + basin * tall * (0.36 + np.clip(ridge - 0.12, 0, 1) ** 1.25 * 1.7)
        + rough * 0.1
    )
    heights += (1 - smooth(0.6, 1.9, z)) * (-0.02 + 0.1 * np.abs(x) ** 1.4)
    if not stage.scene.has("lake", "reflection") and stage.scene.place != "lake":
        heights += smooth(1.0, 9.0, z) * (0.25 + 0.7 * bend) * (1 - smooth(14, 30, z))
    side, away = heightfield.slopes(field, heights)
    steep = np.hypot(side, away)
    dapple = _noise(stage, x * 0.09, z * 0.09, 53, cells=8, octaves=5)
    rock = mix(rgb(82, 82, 92), rgb(142, 134, 130), np.clip(dapple * 0.7 + 0.5, 0, 1)[..., None])
    grass = _grass(stage, dapple * 0.7 + rough * 0.5)
    colour = mix(grass, rock, smooth(0.62, 1.1, steep + dapple * 0.25 + smooth(1.2, 3.0, heights) * 0.5)[..., None])
    line = 1.0 if stage.scene.has("snow", "winter") else 2.7
    snow = smooth(line, line + 1.5, heights + dapple * 1.3 - steep * 0.55)
    if stage.scene.has("snow", "winter"):
        snow = np.maximum(snow, np.clip(1.25 - smooth(0.8, 1.7, steep), 0, 1))
    clump = _noise(stage, x * 0.03 + 0.3, z * 0.03, 54, cells=6, octaves=5)
    bare = -0.5 if stage.scene.has("forest", "trees") else -0.05
    wood = ((heights > _SEA + 0.04) & (heights < 2.2) & (steep < 1.3) & (clump > bare)).astype(np.float32)
    return Ground(heights.astype(np.float32), colour, snow, wood, haze=30.0)


def _massifs(stage: Stage, x: Array, z: Array) -> Array:
    """Where the great mountains stand: one off the middle, one across from it, a far range behind."""
    rng = stage.dice(13)
    side = 1.0 if stage.sun[0] < stage.width / 2 else -1.0
    spread = stage.width / stage.height
    peaks = [(side * float(rng.uniform(2.0, 5.5)), float(rng.uniform(17, 22)), 4.6, float(rng.uniform(7.4, 9.4)))]
    peaks.append(
        (
            -side * float(rng.uniform(8, 13)) * max(0.8, spread),
            float(rng.uniform(20, 27)),
            5.6,
            float(rng.uniform(3.6, 5.6)),
        )
    )
    peaks.append(
        (
            side * float(rng.uniform(12, 17)) * max(0.8, spread),
            float(rng.uniform(24, 30)),
            6.5,
            float(rng.uniform(4.0, 6.4)),
        )
    )
    peaks += [
        (float(rng.uniform(-26, 26)) * max(1.0, spread), float(rng.uniform(36, 50)), 8.0, float(rng.uniform(5, 8.5)))
        for _ in range(4)
    ]
    scale = min(1.0, 0.9 * stage.height / max(stage.width * 0.62, stage.height * 0.9) * 1.35)
    some, away_from_us = x[:, ::_COARSE], z[:, ::_COARSE]  # they are so smooth that every fourth column tells all
    tall = np.zeros_like(some)
    for centre, away, reach, height in peaks:
        distance = np.hypot((some - centre) / 1.15, away_from_us - away) / (reach * 1.25)
        tall = np.maximum(tall, height * scale * np.exp(-(distance**1.25)))
    return resize(tall, *x.shape)


def _grass(stage: Stage, dapple: Array) -> Array:
    low, high = rgb(48, 82, 42), rgb(112, 138, 66)
    if stage.scene.has("autumn"):
        low, high = rgb(140, 90, 42), rgb(198, 150, 64)
    elif stage.scene.has("spring", "summer") or stage.scene.place == "meadow":
        low, high = rgb(62, 118, 44), rgb(146, 178, 74)
    return mix(low, high, np.clip(dapple * 0.8 + 0.5, 0, 1)[..., None])


def _cone_ground(stage: Stage, field: Field) -> Ground:
    x, z = field.x, np.broadcast_to(field.z, field.x.shape)
    centre = float(stage.dice(11).uniform(-2.4, 2.4))
    away, side = z - 24, x - centre
    radius, angle = np.hypot(away, side), np.arctan2(side, -away)
    gully = _noise(stage, angle * 0.35, radius * 0.012, 55, cells=12, octaves=5)
    cone = 9.0 * np.exp(-radius / 5.6)
    cone = np.minimum(cone, 6.8 + 0.12 * _noise(stage, x * 0.2, z * 0.2, 56)) + gully * 0.36 * np.clip(cone / 5, 0, 1)
    rolling = _noise(stage, x * 0.012, z * 0.012, 57, cells=7, octaves=6)
    foot = smooth(7, 16, z) * (rolling * 1.0 + 0.16)
    heights = -0.25 + np.maximum(cone - 0.5, foot) + _noise(stage, x * 0.1, z * 0.1, 58) * 0.03
    colour = mix(rgb(62, 92, 84), rgb(72, 78, 112), smooth(0.4, 2.4, heights + gully)[..., None])
    ragged = _noise(stage, angle * 0.9, radius * 0.02, 59, cells=16, octaves=4)
    snow = smooth(3.0, 3.9, heights + ragged * 1.5)
    wood = ((heights > _SEA + 0.03) & (heights < 0.7) & (rolling > -0.1)).astype(np.float32)
    return Ground(heights.astype(np.float32), colour, snow, wood, haze=34.0)


def _meadow_ground(stage: Stage, field: Field) -> Ground:
    x, z = field.x, np.broadcast_to(field.z, field.x.shape)
    shift = stage.dice(12).uniform(0, 1, 2)
    roll = _noise(stage, x * 0.013 + shift[0], z * 0.013 + shift[1], 60, cells=8, octaves=4)
    fine = _noise(stage, x * 0.1, z * 0.1, 61, cells=8, octaves=5)
    heights: Array = roll * 1.5 * smooth(2.2, 17, z) + fine * 0.05 - 0.1
    far = smooth(24, 48, z)
    heights = heights + far * (
        _noise(stage, x * 0.007, z * 0.007 + shift[0], 62, cells=7, octaves=6, ridged=True) * 5.2 - 1.2
    )
    patch = _noise(stage, x * 0.045, z * 0.03, 63, cells=8, octaves=5)
    colour = _grass(stage, patch * 0.8 + fine * 0.4)
    if stage.scene.has("terraces"):
        heights, colour = _terraced(stage, field, heights, colour)
    if stage.scene.has("field"):
        rows = 0.5 + 0.5 * np.sin((x + roll) * 26)
        colour = mix(colour, rgb(206, 170, 80), (0.6 * rows * (1 - smooth(8, 22, z)))[..., None])
    distant = mix(rgb(70, 98, 86), rgb(96, 110, 120), np.clip(fine + 0.5, 0, 1)[..., None])
    colour = mix(colour, distant, far[..., None])
    snow = np.zeros_like(x)
    if stage.scene.has("snow", "winter"):
        snow = np.clip(0.96 + patch * 0.15, 0, 1)
    elif stage.scene.has("terraces"):
        pass
    elif not stage.scene.has("autumn"):
        snow = smooth(3.2, 4.2, heights + fine)
    nearest = 2.6 if stage.scene.has("pine") else 6.5
    wood = ((z > nearest) & (z < 26) & (patch > (0.12 if not stage.scene.has("trees", "forest") else -0.2))).astype(
        np.float32
    )
    return Ground(heights.astype(np.float32), colour, snow.astype(np.float32), wood)


def _terraced(stage: Stage, field: Field, heights: Array, colour: Array) -> tuple[Array, Array]:
    """A hillside in steps: flat fields, some under water, each with a bank of earth and grass at its edge."""
    x, z = field.x, np.broadcast_to(field.z, heights.shape)
    curve = _noise(stage, x * 0.03, z * 0.03, 75, cells=6, octaves=3)
    slope = smooth(0.9, 20, z) * (2.2 + 0.1 * np.abs(x)) + curve * 0.5 * smooth(0.9, 7, z) + 0.06 * z
    step = slope * 5.5
    level, share = np.floor(step), np.mod(step, 1)
    rise = smooth(0.78, 1.0, share)
    flooded = ((np.mod(level * 0.618, 1) < 0.45) & (level > 0)).astype(np.float32)
    fine = _noise(stage, x * 0.4, z * 0.4, 76, cells=12, octaves=3)
    plants = mix(rgb(86, 142, 56), rgb(150, 190, 84), np.clip(fine + 0.5, 0, 1)[..., None])
    crop = mix(plants, rgb(176, 200, 214), (flooded * 0.8)[..., None])
    bank = mix(rgb(96, 92, 50), rgb(84, 122, 50), np.clip(fine + 0.5, 0, 1)[..., None])
    near = 1 - smooth(20, 30, z)
    colour = mix(colour, mix(crop, bank, smooth(0.62, 0.8, share)[..., None]), near[..., None])
    return np.asarray(heights * (1 - near) + near * ((level + rise) / 5.5 - 0.1), np.float32), colour


def _dune_ground(stage: Stage, field: Field) -> Ground:
    x, z = field.x, np.broadcast_to(field.z, field.x.shape)
    bend = _noise(stage, x * 0.012, z * 0.012, 64, cells=6, octaves=4)
    phase = np.mod(x * 0.16 + z * 0.13 + bend * 1.7, 1)
    crest = np.where(phase < 0.7, (phase / 0.7) ** 1.5, ((1 - phase) / 0.3) ** 1.1)
    swell = _noise(stage, x * 0.02, z * 0.02, 65, cells=6, octaves=3)
    heights = crest * 0.75 * smooth(1.2, 8, z) + swell * 0.9 * smooth(2, 14, z) - 0.15
    windmarks = np.sin(x * 34 + z * 22 + bend * 60) * np.exp(-z * 0.35)
    colour = mix(rgb(204, 146, 84), rgb(240, 198, 132), np.clip(swell * 0.4 + 0.55 + windmarks * 0.14, 0, 1)[..., None])
    none = np.zeros_like(x)
    return Ground(heights.astype(np.float32), colour, none, none, haze=30.0)


def _mars_ground(stage: Stage, field: Field) -> Ground:
    x, z = field.x, np.broadcast_to(field.z, field.x.shape)
    mesa = _noise(stage, x * 0.012 + 0.2, z * 0.012, 66, cells=7, octaves=5)
    rough = _noise(stage, x * 0.07, z * 0.07, 67, cells=8, octaves=6)
    table = smooth(0.1, 0.26, mesa) * 2.4 * smooth(8, 16, z) + smooth(0.3, 0.42, mesa) * 1.8 * smooth(12, 22, z)
    heights = table + rough * 0.09 - 0.1
    stones = _noise(stage, x * 0.3, z * 0.3, 68, cells=12, octaves=4)
    heights += np.clip(stones - 0.35, 0, 1) * 0.25 * np.exp(-z * 0.1)
    colour = mix(rgb(140, 66, 40), rgb(214, 120, 72), np.clip(rough * 0.6 + 0.5 + stones * 0.15, 0, 1)[..., None])
    bands = 0.5 + 0.5 * np.sin(heights * 14 + rough * 2)
    colour = colour * (1 - 0.16 * bands * smooth(0.2, 0.8, heights))[..., None]
    if stage.scene.has("moonscape"):
        colour = luma(colour)[..., None] * rgb(255, 253, 248) * 1.25
    none = np.zeros_like(x)
    return Ground(heights.astype(np.float32), colour.astype(np.float32), none, none, haze=22.0)


def _light(stage: Stage, field: Field, ground: Ground) -> Array:
    """Sun on slopes, sky in the shade, mist with distance."""
    side, away = heightfield.slopes(field, ground.heights)
    normal = 1 / np.sqrt(1 + side * side + away * away)
    sun = np.clip((-side * (direction := _sun_direction(stage))[0] + direction[1] - away * direction[2]) * normal, 0, 1)
    colour = mix(ground.colour, rgb(226, 233, 244), ground.snow[..., None])
    ambient, key = stage.light.ambient, stage.light.key
    shaded = colour * (ambient * (0.5 + 0.4 * normal[..., None]) + key * (sun * 1.0)[..., None])
    shaded = _kept_below_white(stage, field, shaded, ground.snow)
    haze = 1 - np.exp(-np.maximum(field.z - 1.5, 0) * stage.light.haze / ground.haze)
    haze = haze * np.exp(-np.maximum(ground.heights, 0) * (0.1 if not stage.scene.has("fog") else 0.03))
    valley = np.exp(-np.maximum(ground.heights + 0.1, 0) * 1.3) * smooth(
        6, 22, np.broadcast_to(field.z, ground.heights.shape)
    )
    mist = np.clip(np.maximum(haze, valley * (0.55 if not stage.scene.has("fog") else 0.95)), 0, 1) * 0.92
    return mix(shaded, stage.light.mist, mist[..., None])


def _kept_below_white(stage: Stage, field: Field, shaded: Array, snow: Array) -> Array:
    """Snow in full light is dimmed to leave room for its drifts, blue in the hollows."""
    if not stage.scene.has("snow", "winter"):
        return shaded
    z = np.broadcast_to(field.z, snow.shape)
    drift = _noise(stage, field.x * 0.05, z * 0.11, 69, cells=8, octaves=5)
    fine = _noise(stage, field.x * 0.3, z * 0.8, 74, cells=10, octaves=4) * np.exp(-z * 0.12)
    hollow = np.clip(0.5 - drift * 1.1 - fine * 0.5, 0, 1)
    top = np.maximum(shaded.max(axis=-1, keepdims=True), 1e-3)
    kept = shaded * (np.minimum(top, 0.9 + 0.05 * np.tanh(top - 0.9)) / top)
    toned = kept * mix(rgb(255, 254, 250), rgb(196, 214, 240), hollow[..., None]) * 0.94
    return mix(shaded, toned, snow[..., None])


def _sun_direction(stage: Stage) -> Array:
    across = (stage.sun[0] - stage.width / 2) / stage.width * 2.4
    if stage.scene.time in ("sunset", "sunrise", "dusk"):
        direction = np.array([np.sign(across) * 0.86, 0.44, -0.28], np.float32)
    else:
        direction = np.array([across + np.sign(across) * 0.3, 0.72, -0.3], np.float32)
    return np.asarray(direction / np.linalg.norm(direction), np.float32)
