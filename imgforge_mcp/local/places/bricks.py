"""A wall of bricks behind a pavement."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.pixels import grid, mix, rgb, smooth
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer

_BRICKS = np.array([(172, 86, 64), (190, 104, 78), (158, 76, 60), (204, 122, 92), (146, 84, 72)], np.float32) / 255
_IVY = ((58, 104, 52), (82, 136, 62), (112, 160, 76), (46, 86, 48))


def brick_wall(stage: Stage) -> None:
    """Courses of bricks, each of its own red, ivy from one corner, slabs before it."""
    stage.horizon = int(stage.height * 0.74)
    rows, columns = grid(*stage.shape)
    light = stage.light.ambient * 0.6 + stage.light.key * 0.55
    with stage.part("wall", "brick"):
        stage.image = _courses(stage) * light
    down = np.clip((rows - stage.horizon) / (stage.height - stage.horizon), 0, 1)
    depth = 1 / (0.35 + down)
    across = (columns / stage.width - 0.5) * depth * 3.2
    joint = np.minimum(
        np.abs(np.mod(across + 0.5 * np.floor(depth * 3), 1) - 0.5), np.abs(np.mod(depth * 3, 1) - 0.5) * 1.2
    )
    grain = stage.noise.field(stage.shape, 40 * stage.unit, octaves=5, layer=196)
    slab = (
        rgb(178, 170, 160) * (1 + 0.07 * grain)[..., None] * (0.72 + 0.28 * smooth(0.0, 0.05, 0.5 - joint))[..., None]
    )
    slab = slab * light * (0.66 + 0.34 * smooth(0.0, 0.3, down))[..., None]
    with stage.part("pavement", "ground"):
        stage.image[stage.horizon :] = slab[stage.horizon :]
    _ivy(stage, light)
    reach = np.hypot(columns / stage.width - 0.38, rows / stage.height - 0.3)
    stage.image = np.clip(stage.image * (1.12 - 0.42 * reach)[..., None], 0, 1).astype(np.float32)
    stage.ground, stage.shadow = stage.height * 0.84, 0.45


def _courses(stage: Stage) -> np.ndarray:
    rows, columns = grid(*stage.shape)
    tall = 46 * stage.unit
    v = rows / tall
    course = np.floor(v).astype(np.int64)
    u = columns / (tall * 2.5) + 0.5 * (course % 2) + 1
    brick = np.floor(u).astype(np.int64)
    kinds = stage.dice(195).integers(0, len(_BRICKS), (int(course.max()) + 1, int(brick.max()) + 1))
    tone = _BRICKS[kinds[np.broadcast_to(course, u.shape), brick]]
    grain = stage.noise.field(stage.shape, 30 * stage.unit, octaves=5, gain=0.65, layer=197)
    wide, high = np.mod(u, 1), np.broadcast_to(np.mod(v, 1), u.shape)
    inside = smooth(0.015, 0.045, np.minimum(wide, 1 - wide)) * smooth(0.04, 0.1, np.minimum(high, 1 - high))
    lit = 1 + 0.12 * (0.5 - high) + 0.12 * grain
    mortar = rgb(196, 186, 172) * (1 + 0.06 * grain)[..., None]
    return np.asarray(mix(mortar * 0.86, tone * lit[..., None] * 1.08, inside[..., None]), np.float32)


def _ivy(stage: Stage, light: np.ndarray) -> None:
    """Leaves that hang in from the corner the light comes from, thinner the further down."""
    rng, layer = stage.dice(198), Layer(stage.width, stage.height)
    left = stage.sun[0] < stage.width / 2
    leaves: list[list[tuple[float, float, float, float]]] = [[] for _ in _IVY]
    for _ in range(420):
        far, drop = float(rng.random()) ** 1.7, float(rng.random()) ** 1.5
        x = far * 0.52 * stage.width
        y = drop * stage.height * 0.46 * (1 - far) ** 1.4 + float(rng.uniform(-0.02, 0.03)) * stage.height
        size = stage.unit * float(rng.uniform(9, 20))
        tone = int(rng.integers(len(_IVY)))
        leaves[tone].append((x if left else stage.width - x, y, size, size * 0.78))
    layer.begin()
    for colour, there in zip(_IVY, leaves, strict=True):
        layer.ellipses(
            [(x + 3 * stage.unit, y + 5 * stage.unit, a, b) for x, y, a, b in there], rgb(*colour) * light * 0.45
        )
        layer.ellipses(there, rgb(*colour) * light)
    stage.lay(layer)
