"""A bedroom: a bed, a table with a lamp beside it."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.pixels import rgb
from imgforge_mcp.local.places.furniture.site import BOOKS, DARK_OAK, OAK, Site, shadow_on_floor


def bedroom(site: Site, x: float, wide: float) -> None:
    """A bed seen from its foot's side, with pillows and a folded quilt, and a table with a lamp beside it."""
    layer, foot = site.layer, site.floor + 0.2 * site.height
    cloth = BOOKS[int(site.stage.dice(192).integers(6))]
    shadow_on_floor(site, x, foot, wide)
    head, seat = site.floor - 0.2 * site.height, site.floor - 0.03 * site.height
    layer.begin("bed", "bedroom")
    site.box(x + wide * 0.02, head, wide * 0.96, seat - head + 0.08 * site.height, DARK_OAK, radius=26 * site.unit)
    site.box(x + wide * 0.08, head + 0.03 * site.height, wide * 0.84, seat - head, OAK, radius=18 * site.unit)
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
    site.box(left, site.floor - 0.05 * site.height, side, 0.13 * site.height, OAK, radius=5 * site.unit)
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
