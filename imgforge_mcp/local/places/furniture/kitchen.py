"""A kitchen: cupboards, a worktop, a stove."""

from __future__ import annotations

from imgforge_mcp.local.places.furniture.site import CREAM, STEEL, Site, shaded, shadow_on_floor


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
    layer.rect(left + stove * 0.12, top + (foot - top) * 0.24, stove * 0.76, 6 * site.unit, STEEL)
    for k in range(4):
        layer.ellipse(left + stove * (0.2 + 0.2 * k), top + (foot - top) * 0.13, 7 * site.unit, 7 * site.unit, STEEL)
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
        shaded(layer, STEEL),
    )
    layer.begin("counter", "surface")
    site.box(x - 8 * site.unit, top - 14 * site.unit, wide - stove + 8 * site.unit, 18 * site.unit, (128, 90, 62))
    layer.begin("kitchen")
    pot, middle = stove * 0.32, left + stove * 0.5
    layer.rect(middle - pot, top - pot * 0.95, pot * 2, pot * 0.95, shaded(layer, (176, 66, 56)), radius=6 * site.unit)
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


def cupboards(site: Site, x: float, y: float, wide: float, tall: float, doors: int) -> None:
    """A row of cupboards with panelled doors and knobs."""
    layer = site.layer
    layer.begin("cupboard")
    site.box(x, y, wide, tall, CREAM, radius=3 * site.unit)
    each = wide / doors
    for k in range(doors):
        left, gap = x + k * each, 6 * site.unit
        site.box(left + gap, y + gap, each - 2 * gap, tall - 2 * gap, (214, 209, 198), radius=4 * site.unit)
        layer.rect(
            left + gap * 2.4, y + gap * 2.6, each - 4.8 * gap, tall - 5.2 * gap, (224, 220, 210), radius=3 * site.unit
        )
        knob = left + (each - 3 * gap if k % 2 == 0 else 3 * gap)
        layer.ellipse(knob, y + tall * 0.5, 5 * site.unit, 5 * site.unit, (120, 96, 70))
