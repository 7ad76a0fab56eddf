"""Where furniture stands: a room's wall and floor, what every piece is made of, and what hangs in any room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imgforge_mcp.local.pixels import rgb
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, Paint

BOOKS: tuple[Colour, ...] = (
    (176, 62, 58),
    (54, 96, 132),
    (222, 176, 84),
    (74, 120, 92),
    (120, 82, 128),
    (206, 120, 76),
    (236, 226, 206),
    (52, 58, 74),
)
OAK: Colour = (150, 104, 68)
DARK_OAK: Colour = (104, 70, 46)
CREAM: Colour = (232, 228, 218)
STEEL: Colour = (186, 192, 198)


@dataclass(frozen=True, slots=True)
class Site:
    """Where furniture is drawn: the layers of things and of lamps, and the frame's measures in pixels."""

    stage: Stage
    layer: Layer
    lights: Layer

    @property
    def width(self) -> int:
        return self.stage.width

    @property
    def height(self) -> int:
        return self.stage.height

    @property
    def floor(self) -> float:
        """Where the wall ends."""
        return float(self.stage.horizon)

    @property
    def unit(self) -> float:
        return self.stage.unit

    def box(self, x: float, y: float, wide: float, tall: float, colour: Paint, *, radius: float = 0.0) -> None:
        """A body with light from above on it."""
        shade = colour if isinstance(colour, str) else shaded(self.layer, colour)
        self.layer.rect(x, y, wide, tall, shade, radius=radius)


def shaded(layer: Layer, colour: Paint) -> str:
    base = rgb(*colour) if not isinstance(colour, np.ndarray) else colour
    return layer.gradient([(0, np.minimum(base * 1.07, 1), 1), (1, base * 0.84, 1)])


def shadow_on_floor(site: Site, x: float, foot: float, wide: float) -> None:
    site.layer.begin()
    site.layer.ellipse(x + wide / 2, foot, wide * 0.54, 14 * site.unit, (20, 14, 12), opacity=0.22)


def shelf(site: Site, x: float, y: float, wide: float, tall: float, dice: int, *, backed: bool = False) -> None:
    """A board with books on it."""
    rng, layer = site.stage.dice(dice), site.layer
    layer.begin("shelf")
    if backed:
        layer.rect(x, y, wide, tall, (84, 58, 42))
    layer.rect(x, y + tall, wide, 9 * site.unit, (116, 78, 52))
    layer.rect(x, y + tall + 9 * site.unit, wide, 8 * site.unit, (0, 0, 0), opacity=0.16)
    layer.begin("books")
    at = x + wide * 0.03
    while at < x + wide * 0.92:
        thick = float(rng.uniform(0.03, 0.062)) * wide * min(1.0, 0.42 * site.width / wide)
        if rng.random() < 0.14:
            at += thick * 1.6
            continue
        high = tall * float(rng.uniform(0.6, 0.92))
        colour = rgb(*BOOKS[int(rng.integers(len(BOOKS)))]) * 0.92
        spine = layer.gradient([(0, colour * 1.08, 1), (1, colour * 0.74, 1)], x2=1, y2=0)
        layer.rect(at, y + tall - high, thick, high, spine, radius=1.5)
        layer.rect(at, y + tall - high * 0.82, thick, high * 0.05, (240, 220, 170), opacity=0.6)
        at += thick * 1.04


def picture(site: Site, x: float, y: float) -> None:
    width, height, layer = 0.17 * site.width, 0.2 * site.height, site.layer
    layer.begin("picture")
    layer.rect(x + 5 * site.unit, y + 7 * site.unit, width, height, (0, 0, 0), opacity=0.16)
    layer.rect(x, y, width, height, (92, 66, 50))
    layer.rect(x + width * 0.06, y + height * 0.05, width * 0.88, height * 0.9, (246, 240, 228))
    layer.ellipse(x + width * 0.6, y + height * 0.36, width * 0.13, width * 0.13, (226, 140, 90))
    layer.path(
        f"M{x + width * 0.12} {y + height * 0.84} L{x + width * 0.4} {y + height * 0.46} "
        f"L{x + width * 0.58} {y + height * 0.68} L{x + width * 0.7} {y + height * 0.56} "
        f"L{x + width * 0.88} {y + height * 0.84}Z",
        (88, 112, 120),
    )
