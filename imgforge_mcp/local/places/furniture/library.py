"""A library: bookcases, a reading table."""

from __future__ import annotations

from imgforge_mcp.local.places.furniture.site import BOOKS, DARK_OAK, OAK, Site, shadow_on_floor, shelf


def library(site: Site, x: float, wide: float) -> None:
    """Bookcases from floor to ceiling, and a reading table with a lamp."""
    layer = site.layer
    for k in range(5):
        y = (0.035 + 0.128 * k) * site.height
        shelf(site, x, y, wide, 0.116 * site.height, 185 + k, backed=True)
    layer.begin("shelf", "library")
    for side in (x - 10 * site.unit, x + wide):
        site.box(side, 0.02 * site.height, 12 * site.unit, 0.67 * site.height, DARK_OAK)
    top, foot, left, long = (
        site.floor + 0.02 * site.height,
        site.floor + 0.2 * site.height,
        site.width * 0.24,
        site.width * 0.52,
    )
    shadow_on_floor(site, left, foot, long)
    layer.begin("tables", "desk")
    for share in (0.06, 0.88):
        site.box(left + long * share, top, long * 0.06, foot - top, DARK_OAK)
    site.box(left, top, long, 0.026 * site.height, OAK, radius=3 * site.unit)
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
