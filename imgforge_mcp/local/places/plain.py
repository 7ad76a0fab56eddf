"""Plain grounds for icons, logos and posters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imgforge_mcp.local.pixels import Array, grid, luma, mix, rgb, smooth
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer

_GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((64, 120, 242), (110, 70, 226)),
    ((250, 128, 92), (240, 72, 120)),
    ((24, 178, 150), (22, 120, 176)),
    ((255, 196, 84), (246, 134, 66)),
    ((48, 56, 84), (26, 30, 50)),
)


def plain(stage: Stage) -> None:
    """A soft gradient tile with rounded corners; white when a white ground is asked for."""
    rows, columns = grid(*stage.shape)
    first, second = _colours(stage)
    slope = np.clip((rows / stage.height + columns / stage.width) / 2, 0, 1)
    ground = mix(first, second, slope[..., None])
    if not stage.scene.has("white-background", "no-background") and not stage.scene.text:
        paper = rgb(250, 250, 252)
        ground = mix(paper * np.ones((*stage.shape, 1), np.float32), ground, _tile(stage)[..., None])
    stage.image = np.asarray(ground * np.ones((*stage.shape, 1), np.float32), np.float32)
    _tell(stage)
    stage.surface, stage.ground, stage.shadow, stage.horizon = "flat", stage.height * 0.72, 0.0, int(stage.height * 0.6)
    stage.light = replace(stage.light, ambient=rgb(176, 176, 182), key=rgb(255, 254, 250), stars=False, overcast=False)


def poster(stage: Stage) -> None:
    """For words alone: a quiet gradient with a large pale disc."""
    rows, columns = grid(*stage.shape)
    first, second = _colours(stage)
    stage.image = mix(first, second, np.clip(rows / stage.height * 0.8 + columns / stage.width * 0.2, 0, 1)[..., None])
    reach = np.hypot(columns - stage.width * 0.72, rows - stage.height * 0.3) / min(stage.shape)
    for size, strength in ((0.46, 0.08), (0.34, 0.1), (0.22, 0.14)):
        stage.image = mix(
            stage.image, rgb(255, 255, 255), ((1 - smooth(size - 0.002, size + 0.002, reach)) * strength)[..., None]
        )
    _tell(stage)
    stage.tell("poster")
    stage.surface, stage.ground, stage.shadow = "flat", stage.height * 0.8, 0.0


def card(stage: Stage) -> None:
    """A card of thick paper on a quiet ground: a printed border, leaves in its corners, room for words."""
    poster(stage)
    stage.image = stage.image * 0.9 + 0.06
    layer, side = Layer(stage.width, stage.height), min(stage.shape)
    ink = rgb(*stage.scene.colours[0]) * 0.8 if stage.scene.colours else rgb(*_INKS[int(stage.dice(212).integers(4))])
    edge = side * 0.06
    wide, tall = stage.width - 2 * edge, stage.height - 2 * edge
    layer.begin("card")
    layer.rect(edge + side * 0.008, edge + side * 0.014, wide, tall, (20, 18, 24), opacity=0.22, radius=side * 0.014)
    layer.rect(
        edge, edge, wide, tall, layer.gradient([(0, (255, 252, 245), 1), (1, (246, 240, 228), 1)]), radius=side * 0.014
    )
    layer.begin("card", "border")
    for inset, width in ((0.03, 0.006), (0.044, 0.002)):
        a = edge + side * inset
        b, c = stage.width - a, stage.height - a
        layer.line([(a, a), (b, a), (b, c), (a, c), (a, a)], ink, side * width)
    corners = ((0, 0, 1, 1), (1, 0, -1, 1), (0, 1, 1, -1), (1, 1, -1, -1))
    for x, y, right, down in corners if not stage.scene.subjects else ():
        corner = (edge + side * 0.07 + x * (wide - side * 0.14), edge + side * 0.07 + y * (tall - side * 0.14))
        for k in range(4):
            reach = side * (0.03 + 0.022 * k)
            for turn in (0.2, 1.0):
                tip = (corner[0] + right * reach * (1.2 - turn * 0.8), corner[1] + down * reach * (0.3 + turn * 0.6))
                layer.ellipse(*tip, side * 0.014, side * 0.006, ink, turn=right * down * (24 + 50 * turn), opacity=0.85)
    stage.lay(layer)
    stage.tell("card", *(f"colour:{colour}" for colour in stage.scene.colours[:1]))
    stage.ground = stage.height * 0.5


_INKS: tuple[Colour, ...] = ((168, 62, 70), (44, 94, 118), (86, 112, 64), (150, 108, 44))


def _tell(stage: Stage) -> None:
    if stage.scene.has("white-background"):
        stage.tell("white-background", f"colour:{(242, 242, 242)}")
    else:
        stage.tell("gradient", *(f"colour:{colour}" for colour in stage.scene.colours[:2]))


def _colours(stage: Stage) -> tuple[Array, Array]:
    if stage.scene.has("white-background"):
        return rgb(250, 251, 253), rgb(240, 242, 246)
    if stage.scene.colours:
        colour = rgb(*stage.scene.colours[0])
        second = (
            rgb(*stage.scene.colours[1])
            if len(stage.scene.colours) > 1
            else colour * (0.74 if float(luma(colour)) > 0.2 else 1.4)
        )
        return colour, second
    first, other = _GROUNDS[int(stage.dice(211).integers(len(_GROUNDS)))]
    return rgb(*first), rgb(*other)


def _tile(stage: Stage) -> Array:
    rows, columns = grid(*stage.shape)
    side = min(stage.shape) * 0.44
    corner = side * 0.42
    dx = np.maximum(np.abs(columns - stage.width / 2) - side + corner, 0)
    dy = np.maximum(np.abs(rows - stage.height / 2) - side + corner, 0)
    return 1 - smooth(-0.7, 0.7, np.hypot(dx, dy) - corner)
