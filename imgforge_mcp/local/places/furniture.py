"""What stands in rooms: pieces of furniture, each drawn from the front on the wall and the floor that it is given."""

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
_OAK: Colour = (150, 104, 68)
_DARK_OAK: Colour = (104, 70, 46)
_CREAM: Colour = (232, 228, 218)
_STEEL: Colour = (186, 192, 198)


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
        shade = colour if isinstance(colour, str) else _shaded(self.layer, colour)
        self.layer.rect(x, y, wide, tall, shade, radius=radius)


def _shaded(layer: Layer, colour: Paint) -> str:
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


def cupboards(site: Site, x: float, y: float, wide: float, tall: float, doors: int) -> None:
    """A row of cupboards with panelled doors and knobs."""
    layer = site.layer
    layer.begin("cupboard")
    site.box(x, y, wide, tall, _CREAM, radius=3 * site.unit)
    each = wide / doors
    for k in range(doors):
        left, gap = x + k * each, 6 * site.unit
        site.box(left + gap, y + gap, each - 2 * gap, tall - 2 * gap, (214, 209, 198), radius=4 * site.unit)
        layer.rect(
            left + gap * 2.4, y + gap * 2.6, each - 4.8 * gap, tall - 5.2 * gap, (224, 220, 210), radius=3 * site.unit
        )
        knob = left + (each - 3 * gap if k % 2 == 0 else 3 * gap)
        layer.ellipse(knob, y + tall * 0.5, 5 * site.unit, 5 * site.unit, (120, 96, 70))


def kitchen(site: Site, x: float, wide: float) -> None:
    """Wall and floor cupboards, a worktop with jars, a stove with its hood and pots."""
    layer, top, foot = site.layer, site.floor - 0.15 * site.height, site.floor + 0.04 * site.height
    shadow_on_floor(site, x, foot, wide)
    stove = wide * 0.3
    cupboards(site, x, 0.1 * site.height, wide - stove * 1.1, 0.17 * site.height, 3)
    cupboards(site, x, top, wide - stove, foot - top, 3)
    layer.begin("stove")
    left = x + wide - stove
    site.box(left, top, stove, foot - top, (64, 66, 72), radius=4 * site.unit)
    layer.rect(
        left + stove * 0.12,
        top + (foot - top) * 0.34,
        stove * 0.76,
        (foot - top) * 0.5,
        (24, 25, 30),
        radius=5 * site.unit,
    )
    layer.rect(
        left + stove * 0.16, top + (foot - top) * 0.4, stove * 0.68, (foot - top) * 0.2, (255, 176, 90), opacity=0.22
    )
    layer.rect(left + stove * 0.12, top + (foot - top) * 0.24, stove * 0.76, 6 * site.unit, _STEEL)
    for k in range(4):
        layer.ellipse(left + stove * (0.2 + 0.2 * k), top + (foot - top) * 0.13, 7 * site.unit, 7 * site.unit, _STEEL)
    hood = 0.1 * site.height
    layer.polygon(
        [
            (left + stove * 0.3, 0),
            (left + stove * 0.7, 0),
            (left + stove * 0.7, hood),
            (left + stove, hood * 1.7),
            (left, hood * 1.7),
            (left + stove * 0.3, hood),
        ],
        _shaded(layer, _STEEL),
    )
    layer.begin("counter", "surface")
    site.box(x - 8 * site.unit, top - 14 * site.unit, wide - stove + 8 * site.unit, 18 * site.unit, (128, 90, 62))
    layer.begin("kitchen")
    pot, middle = stove * 0.32, left + stove * 0.5
    layer.rect(middle - pot, top - pot * 0.95, pot * 2, pot * 0.95, _shaded(layer, (176, 66, 56)), radius=6 * site.unit)
    layer.rect(middle - pot * 1.1, top - pot * 1.08, pot * 2.2, pot * 0.2, (196, 84, 72), radius=4 * site.unit)
    layer.ellipse(middle, top - pot * 1.16, pot * 0.16, pot * 0.14, (60, 50, 48))
    for k, colour in enumerate(((188, 92, 70), (88, 122, 110), (222, 180, 96))):
        jar = x + wide * (0.06 + 0.1 * k)
        site.box(jar, top - 0.075 * site.height, wide * 0.075, 0.062 * site.height, colour, radius=5 * site.unit)
        layer.rect(
            jar - 2 * site.unit, top - 0.082 * site.height, wide * 0.085, 0.014 * site.height, (110, 78, 54), radius=3
        )
    board = x + wide * 0.44
    layer.rect(board, top - 0.06 * site.height, wide * 0.14, 0.05 * site.height, (196, 150, 98), radius=8 * site.unit)


def bedroom(site: Site, x: float, wide: float) -> None:
    """A bed seen from its foot's side, with pillows and a folded quilt, and a table with a lamp beside it."""
    layer, foot = site.layer, site.floor + 0.2 * site.height
    cloth = BOOKS[int(site.stage.dice(192).integers(6))]
    shadow_on_floor(site, x, foot, wide)
    head, seat = site.floor - 0.2 * site.height, site.floor - 0.03 * site.height
    layer.begin("bed", "bedroom")
    site.box(x + wide * 0.02, head, wide * 0.96, seat - head + 0.08 * site.height, _DARK_OAK, radius=26 * site.unit)
    site.box(x + wide * 0.08, head + 0.03 * site.height, wide * 0.84, seat - head, _OAK, radius=18 * site.unit)
    layer.polygon(
        [(x + wide * 0.06, seat), (x + wide * 0.94, seat), (x + wide * 1.02, foot), (x - wide * 0.02, foot)],
        (238, 234, 226),
    )
    layer.begin("pillow", "bed")
    for k in range(2):
        left = x + wide * (0.11 + 0.42 * k)
        site.box(
            left, seat - 0.06 * site.height, wide * 0.36, 0.09 * site.height, (250, 248, 244), radius=30 * site.unit
        )
    layer.begin("blanket", "bed")
    top = seat + 0.055 * site.height
    quilt = rgb(*cloth) * 0.6 + 0.34
    layer.polygon(
        [(x + wide * 0.03, top), (x + wide * 0.97, top), (x + wide * 1.04, foot), (x - wide * 0.04, foot)],
        layer.gradient([(0, np.minimum(quilt * 1.12, 1), 1), (1, quilt * 0.78, 1)]),
    )
    layer.polygon(
        [
            (x + wide * 0.03, top),
            (x + wide * 0.97, top),
            (x + wide * 0.98, top + 0.03 * site.height),
            (x + wide * 0.02, top + 0.03 * site.height),
        ],
        np.minimum(quilt * 1.3, 1),
    )
    for k in range(1, 4):
        layer.line(
            [(x + wide * (0.03 + 0.235 * k), top + 0.03 * site.height), (x + wide * (-0.04 + 0.27 * k), foot)],
            quilt * 0.7,
            2 * site.unit,
            opacity=0.5,
        )
    layer.begin("nightstand")
    side = wide * 0.2
    left = x - side * 1.12 if x > 0.3 * site.width else x + wide + side * 0.12
    site.box(left, site.floor - 0.05 * site.height, side, 0.13 * site.height, _OAK, radius=5 * site.unit)
    layer.rect(
        left + side * 0.1, site.floor - 0.02 * site.height, side * 0.8, 0.035 * site.height, (124, 84, 56), radius=3
    )
    layer.begin("lamp")
    middle, base = left + side * 0.5, site.floor - 0.05 * site.height
    layer.rect(middle - 5 * site.unit, base - 0.06 * site.height, 10 * site.unit, 0.06 * site.height, (110, 90, 76))
    shade = (
        f"M{middle - side * 0.2} {base - 0.12 * site.height} H{middle + side * 0.2} L{middle + side * 0.34} "
        f"{base - 0.05 * site.height} H{middle - side * 0.34}Z"
    )
    layer.path(shade, layer.gradient([(0, (255, 234, 190), 1), (1, (248, 204, 132), 1)]))
    site.lights.path(shade, (255, 204, 130), opacity=0.7)


def office(site: Site, x: float, wide: float) -> None:
    """A desk with a screen, a keyboard, papers and a lamp, and a swivel chair before it."""
    layer, top, foot = site.layer, site.floor - 0.06 * site.height, site.floor + 0.13 * site.height
    shadow_on_floor(site, x, foot, wide)
    layer.begin("computer")
    screen, middle = wide * 0.42, x + wide * 0.46
    tall = screen * 0.62
    layer.rect(middle - screen * 0.06, top - 0.05 * site.height, screen * 0.12, 0.05 * site.height, (90, 94, 102))
    layer.rect(middle - screen * 0.2, top - 8 * site.unit, screen * 0.4, 8 * site.unit, (70, 74, 82))
    site.box(middle - screen / 2, top - 0.04 * site.height - tall, screen, tall, (38, 41, 48), radius=8 * site.unit)
    layer.rect(
        middle - screen * 0.47,
        top - 0.04 * site.height - tall * 0.95,
        screen * 0.94,
        tall * 0.86,
        layer.gradient([(0, (86, 150, 214), 1), (1, (44, 92, 168), 1)]),
        radius=4 * site.unit,
    )
    for k in range(4):
        layer.rect(
            middle - screen * 0.4,
            top - 0.04 * site.height - tall * (0.84 - 0.16 * k),
            screen * (0.5 - 0.08 * (k % 2)),
            tall * 0.06,
            (236, 244, 252),
            opacity=0.75,
        )
    layer.begin("lamp")
    post = x + wide * 0.88
    layer.line(
        [(post, top), (post - wide * 0.03, top - 0.1 * site.height), (post - wide * 0.1, top - 0.15 * site.height)],
        (60, 62, 68),
        7 * site.unit,
    )
    layer.polygon(
        [
            (post - wide * 0.15, top - 0.13 * site.height),
            (post - wide * 0.06, top - 0.17 * site.height),
            (post - wide * 0.05, top - 0.12 * site.height),
        ],
        (216, 92, 64),
    )
    layer.begin("desk", "tables", "office")
    site.box(x, top, wide, 0.028 * site.height, _OAK, radius=3 * site.unit)
    for share in (0.02, 0.9):
        site.box(
            x + wide * share, top + 0.028 * site.height, wide * 0.08, foot - top - 0.028 * site.height, (120, 82, 54)
        )
    site.box(x + wide * 0.68, top + 0.028 * site.height, wide * 0.24, (foot - top) * 0.62, (134, 94, 62))
    for k in range(3):
        layer.rect(
            x + wide * 0.7,
            top + 0.028 * site.height + (foot - top) * (0.03 + 0.2 * k),
            wide * 0.2,
            (foot - top) * 0.16,
            (160, 116, 78),
            radius=3,
        )
    layer.rect(x + wide * 0.3, top - 7 * site.unit, wide * 0.3, 8 * site.unit, (216, 218, 222), radius=3)
    layer.begin("chairs")
    back, low = x + wide * 0.36, foot + 0.05 * site.height
    layer.line([(back, low), (back, top + 0.09 * site.height)], (54, 56, 62), 12 * site.unit)
    for side in (-1, 0, 1):
        layer.line([(back, low), (back + side * wide * 0.12, low + 0.025 * site.height)], (54, 56, 62), 8 * site.unit)
    site.box(
        back - wide * 0.13,
        top + 0.075 * site.height,
        wide * 0.26,
        0.04 * site.height,
        (70, 74, 84),
        radius=14 * site.unit,
    )
    site.box(
        back - wide * 0.12,
        top - 0.035 * site.height,
        wide * 0.24,
        0.105 * site.height,
        (84, 90, 104),
        radius=20 * site.unit,
    )


def classroom(site: Site, x: float, wide: float) -> None:
    """A blackboard with writing, a clock, and two rows of pupils' desks."""
    layer = site.layer
    layer.begin("blackboard", "classroom")
    top, tall = 0.13 * site.height, 0.27 * site.height
    site.box(
        x - 8 * site.unit, top - 8 * site.unit, wide + 16 * site.unit, tall + 16 * site.unit, _OAK, radius=4 * site.unit
    )
    layer.rect(x, top, wide, tall, layer.gradient([(0, (46, 84, 70), 1), (1, (34, 62, 52), 1)]))
    chalk = (230, 236, 228)
    for k, long in enumerate((0.34, 0.28, 0.4)):
        y = top + tall * (0.24 + 0.2 * k)
        layer.path(
            f"M{x + wide * 0.08} {y} q{wide * 0.03} {-tall * 0.07} {wide * 0.06} 0 t{wide * 0.06} 0 t{wide * 0.06} "
            f"0 h{wide * (long - 0.2)}",
            stroke=chalk,
            width=3.4 * site.unit,
            opacity=0.85,
        )
    layer.path(
        f"M{x + wide * 0.66} {top + tall * 0.72} l{wide * 0.12} {-tall * 0.46} l{wide * 0.12} {tall * 0.46}Z",
        stroke=chalk,
        width=3.4 * site.unit,
        opacity=0.85,
    )
    layer.rect(x, top + tall, wide, 9 * site.unit, (176, 130, 88))
    for row, (foot, scale) in enumerate(
        ((site.floor + 0.1 * site.height, 0.8), (site.floor + 0.26 * site.height, 1.1))
    ):
        for k in range(4 - row):
            _pupil_desk(site, site.width * ((k + 0.5) / (4 - row)), foot, 0.17 * site.width * scale)


def _pupil_desk(site: Site, middle: float, foot: float, wide: float) -> None:
    layer, top = site.layer, foot - wide * 0.56
    shadow_on_floor(site, middle - wide / 2, foot, wide)
    layer.begin("desk", "tables")
    for side in (-0.42, 0.42):
        layer.line([(middle + side * wide, top), (middle + side * wide, foot)], (92, 96, 104), wide * 0.04)
    site.box(middle - wide / 2, top, wide, wide * 0.13, (206, 160, 106), radius=4 * site.unit)
    layer.rect(middle - wide * 0.28, top - wide * 0.035, wide * 0.26, wide * 0.045, (222, 92, 78), radius=2)
    layer.begin("chairs")
    layer.line(
        [(middle - wide * 0.2, foot + wide * 0.1), (middle - wide * 0.2, top + wide * 0.24)], (70, 74, 82), wide * 0.035
    )
    layer.line(
        [(middle + wide * 0.2, foot + wide * 0.1), (middle + wide * 0.2, top + wide * 0.24)], (70, 74, 82), wide * 0.035
    )
    site.box(middle - wide * 0.24, top + wide * 0.3, wide * 0.48, wide * 0.09, (70, 118, 168), radius=5 * site.unit)
    site.box(middle - wide * 0.24, top + wide * 0.08, wide * 0.48, wide * 0.14, (78, 130, 184), radius=8 * site.unit)


def pendants(site: Site) -> None:
    layer = site.layer
    layer.begin("lamp")
    for k in range(3):
        x, y = site.width * (0.25 + 0.25 * k), site.height * (0.12 + 0.03 * (k % 2))
        layer.line([(x, 0), (x, y)], (40, 36, 36), 3 * site.unit)
        size = 34 * site.unit
        layer.path(
            f"M{x - size} {y + size} Q{x - size} {y} {x} {y} Q{x + size} {y} {x + size} {y + size}Z", (52, 50, 54)
        )
        for target in (layer, site.lights):
            target.ellipse(x, y + size * 1.1, size * 0.42, size * 0.42, (255, 226, 160))


def cafe(site: Site, x: float, wide: float) -> None:
    """A bar with its machine and a slate, lamps above, small round tables with cups before it."""
    layer, top, foot = site.layer, site.floor - 0.12 * site.height, site.floor + 0.05 * site.height
    pendants(site)
    layer.begin("blackboard")
    board = (x + wide * 0.08, 0.2 * site.height, wide * 0.36, 0.22 * site.height)
    site.box(
        board[0] - 6 * site.unit,
        board[1] - 6 * site.unit,
        board[2] + 12 * site.unit,
        board[3] + 12 * site.unit,
        _DARK_OAK,
    )
    layer.rect(*board, (40, 42, 44))
    for k in range(5):
        layer.line(
            [
                (board[0] + board[2] * 0.14, board[1] + board[3] * (0.18 + 0.16 * k)),
                (board[0] + board[2] * (0.8 - 0.12 * (k % 2)), board[1] + board[3] * (0.18 + 0.16 * k)),
            ],
            (232, 226, 208),
            3 * site.unit,
            opacity=0.8,
        )
    shelf_top = 0.3 * site.height
    layer.begin("shelf", "shelves")
    layer.rect(x + wide * 0.54, shelf_top, wide * 0.44, 8 * site.unit, (116, 78, 52))
    for k in range(5):
        cup = x + wide * (0.57 + 0.08 * k)
        site.box(
            cup,
            shelf_top - 0.035 * site.height,
            wide * 0.055,
            0.035 * site.height,
            BOOKS[(k * 3) % 8],
            radius=4 * site.unit,
        )
    layer.begin("cafe")
    machine = x + wide * 0.56
    site.box(machine, top - 0.09 * site.height, wide * 0.28, 0.09 * site.height, _STEEL, radius=8 * site.unit)
    layer.rect(
        machine + wide * 0.03, top - 0.055 * site.height, wide * 0.22, 0.045 * site.height, (58, 60, 66), radius=4
    )
    for k in range(2):
        layer.rect(
            machine + wide * (0.06 + 0.1 * k),
            top - 0.03 * site.height,
            wide * 0.05,
            0.028 * site.height,
            (246, 244, 240),
            radius=4,
        )
    layer.begin("counter", "cafe")
    shadow_on_floor(site, x, foot, wide)
    layer.begin("counter", "cafe")
    site.box(x, top, wide, foot - top, (96, 66, 48))
    for k in range(1, 8):
        layer.line([(x + wide * k / 8, top), (x + wide * k / 8, foot)], (70, 46, 34), 3 * site.unit)
    site.box(x - 8 * site.unit, top - 4 * site.unit, wide + 16 * site.unit, 18 * site.unit, (196, 150, 106))
    for k, (share, near) in enumerate(((0.2, 0.16), (0.82, 0.2))):
        _round_table(site, site.width * share, site.floor + near * site.height, 0.17 * site.width, k)


def _round_table(site: Site, middle: float, foot: float, wide: float, number: int) -> None:
    layer, top = site.layer, foot - wide * 0.74
    shadow_on_floor(site, middle - wide / 2, foot, wide)
    layer.begin("chairs")
    for side in (-1, 1):
        seat = middle + side * wide * 0.66
        for leg in (-0.14, 0.14):
            layer.line(
                [(seat + leg * wide, foot - wide * 0.36), (seat + leg * 1.3 * wide, foot + wide * 0.03)],
                (70, 48, 36),
                wide * 0.035,
            )
        site.box(seat - wide * 0.2, foot - wide * 0.4, wide * 0.4, wide * 0.07, (120, 80, 54), radius=4 * site.unit)
        layer.path(
            f"M{seat + side * wide * 0.16} {foot - wide * 0.4} v{-wide * 0.46}", stroke=(90, 60, 42), width=wide * 0.05
        )
    layer.begin("tables")
    layer.line([(middle, top), (middle, foot)], (52, 46, 44), wide * 0.06)
    layer.ellipse(middle, foot, wide * 0.24, wide * 0.05, (52, 46, 44))
    layer.ellipse(middle, top + wide * 0.03, wide * 0.5, wide * 0.1, (120, 80, 54))
    layer.ellipse(
        middle, top, wide * 0.5, wide * 0.1, layer.gradient([(0, (204, 158, 112), 1), (1, (176, 128, 86), 1)])
    )
    layer.ellipse(
        middle + wide * 0.12 * (1 - 2 * number), top - wide * 0.01, wide * 0.14, wide * 0.035, (236, 232, 226)
    )
    cup = middle + wide * 0.12 * (1 - 2 * number)
    layer.path(
        f"M{cup - wide * 0.07} {top - wide * 0.13} h{wide * 0.14} q0 {wide * 0.13} {-wide * 0.04} {wide * 0.13} "
        f"h{-wide * 0.06} q{-wide * 0.04} 0 {-wide * 0.04} {-wide * 0.13}Z",
        (250, 248, 244),
    )
    layer.ellipse(cup, top - wide * 0.13, wide * 0.07, wide * 0.018, (104, 66, 42))


def shop(site: Site, x: float, wide: float, *, bread: bool = False) -> None:
    """Shelves full of goods, or of loaves, and a counter with a till, or with a glass case."""
    layer, rng = site.layer, site.stage.dice(193)
    for k in range(3):
        _goods(site, x, (0.13 + 0.145 * k) * site.height, wide, 0.105 * site.height, rng, bread=bread)
    top, foot = site.floor - 0.06 * site.height, site.floor + 0.15 * site.height
    left, long = site.width * 0.1, site.width * 0.8
    shadow_on_floor(site, left, foot, long)
    layer.begin("counter", "bakery" if bread else "shop")
    site.box(left, top, long, foot - top, (186, 140, 96) if bread else (92, 126, 142))
    site.box(left - 8 * site.unit, top - 8 * site.unit, long + 16 * site.unit, 20 * site.unit, (236, 226, 208))
    if bread:
        layer.rect(
            left + long * 0.06,
            top + (foot - top) * 0.18,
            long * 0.88,
            (foot - top) * 0.6,
            (232, 240, 244),
            opacity=0.55,
            radius=6,
        )
        layer.begin("bread", "goods")
        for k in range(9):
            _loaf(site, left + long * (0.11 + 0.095 * k), top + (foot - top) * 0.74, long * 0.075, k)
        return
    layer.begin("shop")
    till = left + long * 0.66
    site.box(till, top - 0.07 * site.height, long * 0.16, 0.064 * site.height, (70, 74, 82), radius=6 * site.unit)
    layer.polygon(
        [
            (till, top - 0.07 * site.height),
            (till + long * 0.16, top - 0.07 * site.height),
            (till + long * 0.14, top - 0.11 * site.height),
            (till + long * 0.02, top - 0.11 * site.height),
        ],
        (96, 102, 112),
    )
    layer.rect(till + long * 0.035, top - 0.1 * site.height, long * 0.09, 0.022 * site.height, (150, 226, 170))


def _goods(site: Site, x: float, y: float, wide: float, tall: float, rng: np.random.Generator, *, bread: bool) -> None:
    layer = site.layer
    layer.begin("shelf", "shelves")
    layer.rect(x, y, wide, tall, (90, 66, 48) if bread else (206, 200, 190))
    layer.rect(x - 6 * site.unit, y + tall, wide + 12 * site.unit, 12 * site.unit, (140, 100, 68))
    layer.begin("bread", "goods") if bread else layer.begin("goods")
    at, number = x + wide * 0.03, 0
    while at < x + wide * 0.9:
        thick = wide * float(rng.uniform(0.075, 0.12))
        high = tall * float(rng.uniform(0.5, 0.86))
        colour = BOOKS[int(rng.integers(len(BOOKS)))]
        if bread:
            _loaf(site, at + thick / 2, y + tall, thick * 0.95, number)
        elif number % 3 == 1:
            site.box(at + thick * 0.2, y + tall - high, thick * 0.6, high, colour, radius=thick * 0.2)
            layer.rect(at + thick * 0.36, y + tall - high * 1.14, thick * 0.28, high * 0.2, (240, 236, 226), radius=2)
            layer.rect(at + thick * 0.2, y + tall - high * 0.6, thick * 0.6, high * 0.3, (250, 244, 230))
        else:
            site.box(at, y + tall - high, thick * 0.92, high, colour, radius=2 * site.unit)
            layer.rect(
                at + thick * 0.16, y + tall - high * 0.72, thick * 0.6, high * 0.28, (250, 244, 230), opacity=0.9
            )
        at += thick * 1.06
        number += 1


def _loaf(site: Site, middle: float, foot: float, wide: float, number: int) -> None:
    layer, tall = site.layer, wide * (0.62 if number % 2 else 0.5)
    crust = ((206, 138, 68), (186, 112, 52), (222, 164, 92))[number % 3]
    layer.path(
        f"M{middle - wide / 2} {foot} Q{middle - wide * 0.56} {foot - tall} {middle} {foot - tall} "
        f"Q{middle + wide * 0.56} {foot - tall} {middle + wide / 2} {foot}Z",
        layer.gradient([(0, np.minimum(rgb(*crust) * 1.2, 1), 1), (1, rgb(*crust) * 0.74, 1)]),
    )
    for k in (-0.2, 0.0, 0.2):
        layer.line(
            [(middle + wide * (k - 0.05), foot - tall * 0.8), (middle + wide * (k + 0.05), foot - tall * 0.5)],
            (246, 214, 158),
            wide * 0.045,
        )


def library(site: Site, x: float, wide: float) -> None:
    """Bookcases from floor to ceiling, and a reading table with a lamp."""
    layer = site.layer
    for k in range(5):
        y = (0.035 + 0.128 * k) * site.height
        shelf(site, x, y, wide, 0.116 * site.height, 185 + k, backed=True)
    layer.begin("shelf", "library")
    for side in (x - 10 * site.unit, x + wide):
        site.box(side, 0.02 * site.height, 12 * site.unit, 0.67 * site.height, _DARK_OAK)
    top, foot, left, long = (
        site.floor + 0.02 * site.height,
        site.floor + 0.2 * site.height,
        site.width * 0.24,
        site.width * 0.52,
    )
    shadow_on_floor(site, left, foot, long)
    layer.begin("tables", "desk")
    for share in (0.06, 0.88):
        site.box(left + long * share, top, long * 0.06, foot - top, _DARK_OAK)
    site.box(left, top, long, 0.026 * site.height, _OAK, radius=3 * site.unit)
    layer.begin("lamp")
    middle = left + long * 0.5
    layer.line([(middle, top), (middle, top - 0.07 * site.height)], (176, 142, 70), 7 * site.unit)
    shade = (
        f"M{middle - long * 0.12} {top - 0.065 * site.height} Q{middle} {top - 0.12 * site.height} "
        f"{middle + long * 0.12} {top - 0.065 * site.height}Z"
    )
    layer.path(shade, (38, 116, 84))
    site.lights.path(shade, (190, 230, 170), opacity=0.3)
    layer.begin("books")
    for k in range(3):
        layer.rect(
            left + long * 0.16,
            top - (0.012 + 0.014 * k) * site.height,
            long * (0.2 - 0.02 * k),
            0.013 * site.height,
            BOOKS[k],
        )
    layer.path(
        f"M{left + long * 0.66} {top} q{long * 0.06} {-0.02 * site.height} {long * 0.1} 0 q{long * 0.05} "
        f"{-0.02 * site.height} {long * 0.1} 0Z",
        (246, 240, 226),
    )
