"""Plain grounds for icons, logos and posters."""

from __future__ import annotations

import math
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
    if stage.scene.text and stage.scene.subjects and not stage.scene.has("white-background", "no-background"):
        _discs(stage, framed=True)
    _tell(stage)
    stage.surface, stage.ground, stage.shadow, stage.horizon = "flat", stage.height * 0.72, 0.0, int(stage.height * 0.6)
    stage.light = replace(stage.light, ambient=rgb(176, 176, 182), key=rgb(255, 254, 250), stars=False, overcast=False)


def poster(stage: Stage) -> None:
    """For words alone: a quiet gradient with a large pale disc."""
    rows, columns = grid(*stage.shape)
    first, second = _colours(stage)
    stage.image = mix(first, second, np.clip(rows / stage.height * 0.8 + columns / stage.width * 0.2, 0, 1)[..., None])
    _discs(stage, framed=bool(stage.scene.subjects) and stage.scene.place == "poster")
    _tell(stage)
    stage.tell("poster")
    stage.surface, stage.ground, stage.shadow = "flat", stage.height * 0.8, 0.0


def _discs(stage: Stage, *, framed: bool) -> None:
    """Pale discs one in another: in the middle as a frame for what stands there, else aside as an ornament."""
    rows, columns = grid(*stage.shape)
    middle = (0.5, 0.53) if framed else (0.72, 0.3)
    reach = np.hypot(columns - stage.width * middle[0], rows - stage.height * middle[1]) / min(stage.shape)
    for size, strength in ((0.29, 0.1), (0.265, 0.16)) if framed else ((0.46, 0.08), (0.34, 0.1), (0.22, 0.14)):
        inside = (1 - smooth(size - 0.002, size + 0.002, reach)) * strength
        stage.image = mix(stage.image, rgb(255, 255, 255), inside[..., None])


def card(stage: Stage) -> None:
    """A card of thick paper on a quiet ground: a printed border, leaves in its corners, room for words."""
    poster(stage)
    layer, side = Layer(stage.width, stage.height), min(stage.shape)
    ink = rgb(*stage.scene.colours[0]) * 0.8 if stage.scene.colours else rgb(*_INKS[int(stage.dice(212).integers(4))])
    if stage.scene.colours:
        stage.image = stage.image * 0.9 + 0.06
    else:
        stage.image = mix(ink, rgb(252, 240, 228), 0.62 + 0.2 * luma(stage.image)[..., None])
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
    layer.begin("card", "border")
    for right in (1, -1):
        _sprig(layer, stage.width / 2 - right * (wide / 2 - side * 0.075), edge + side * 0.075, side, right, 1, ink)
        if not stage.scene.subjects:
            low = edge + tall - side * 0.075
            _sprig(layer, stage.width / 2 - right * (wide / 2 - side * 0.075), low, side, right, -1, ink)
    stage.lay(layer)
    stage.tell("card", *(f"colour:{colour}" for colour in stage.scene.colours[:1]))
    stage.ground = stage.height * 0.5


def _sprig(layer: Layer, x: float, y: float, side: float, right: int, down: int, ink: Array) -> None:
    """A twig with leaves that runs both ways out of a corner."""
    for turned in (False, True):
        reach = side * 0.17
        along, off = (reach * right, 0.0), (0.0, side * 0.02 * down)
        if turned:
            along, off = (0.0, reach * down), (side * 0.02 * right, 0.0)
        tip = (x + along[0], y + along[1])
        layer.path(
            f"M{x:.1f} {y:.1f} Q{x + along[0] * 0.5 + off[0]:.1f} {y + along[1] * 0.5 + off[1]:.1f} {tip[0]:.1f} "
            f"{tip[1]:.1f}",
            stroke=ink,
            width=side * 0.003,
        )
        for k in range(5):
            share = 0.14 + 0.2 * k
            bow = 4 * share * (1 - share) * 0.5
            at = (x + along[0] * share + off[0] * bow, y + along[1] * share + off[1] * bow)
            for hand in (-1, 1):
                lean = math.radians(38) * hand
                dx = (along[0] * math.cos(lean) - along[1] * math.sin(lean)) / reach
                dy = (along[0] * math.sin(lean) + along[1] * math.cos(lean)) / reach
                size = side * (0.017 - 0.0016 * k)
                layer.ellipse(
                    at[0] + dx * size,
                    at[1] + dy * size,
                    size,
                    size * 0.42,
                    mix(ink, rgb(255, 250, 240), 0.12 * (k % 2)),
                    turn=math.degrees(math.atan2(dy, dx)),
                    opacity=0.9,
                )


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
