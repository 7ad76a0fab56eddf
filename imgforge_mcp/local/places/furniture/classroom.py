"""A classroom: a blackboard, rows of desks."""

from __future__ import annotations

from imgforge_mcp.local.places.furniture.site import OAK, Site, shadow_on_floor


def classroom(site: Site, x: float, wide: float) -> None:
    """A blackboard with writing, and two rows of pupils' desks with an aisle between."""
    layer = site.layer
    layer.begin("blackboard", "classroom")
    top, tall = 0.13 * site.height, 0.27 * site.height
    site.box(
        x - 8 * site.unit, top - 8 * site.unit, wide + 16 * site.unit, tall + 16 * site.unit, OAK, radius=4 * site.unit
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
        for place in ((0.1, 0.31, 0.69, 0.9), (0.14, 0.86))[row]:
            _pupil_desk(site, site.width * place, foot, 0.17 * site.width * scale)


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
