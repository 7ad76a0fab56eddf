"""A café: a bar, lamps above it, small tables before it."""

from __future__ import annotations

from imgforge_mcp.local.places.furniture.site import BOOKS, DARK_OAK, STEEL, Site, shadow_on_floor


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
        DARK_OAK,
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
    site.box(machine, top - 0.09 * site.height, wide * 0.28, 0.09 * site.height, STEEL, radius=8 * site.unit)
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
