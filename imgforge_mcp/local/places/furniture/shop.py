"""A shop or a bakery: shelves of goods or of loaves, a counter."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.pixels import rgb
from imgforge_mcp.local.places.furniture.site import BOOKS, Site, shadow_on_floor


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
