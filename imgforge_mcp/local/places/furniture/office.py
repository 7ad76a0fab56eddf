"""An office: a desk with what is on it, a swivel chair."""

from __future__ import annotations

from imgforge_mcp.local.places.furniture.site import OAK, Site, shadow_on_floor


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
    site.box(x, top, wide, 0.028 * site.height, OAK, radius=3 * site.unit)
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
