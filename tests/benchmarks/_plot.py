"""Lines over sizes as an SVG, both scales logarithmic."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 230, 34, 44
COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#0f766e", "#b91c1c")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#57606a}.grid{stroke:#8884;stroke-width:1}"
    "polyline{fill:none;stroke-width:2.5}"
)


def write(path: Path, sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    """`lines`: milliseconds at each of the sizes, by name."""
    values = [value for line in lines.values() for value in line]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return LEFT + (math.log10(size) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - low) / max(1, high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 20, "milliseconds of a call, by how many jobs are on record (both scales logarithmic)")]
    for power in range(low, high + 1):
        height = y(10**power)
        parts.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, height + 4, f"{10.0**power:g}", "end"))
    for size in sizes:
        parts.append(f'<path class="grid" d="M{x(size):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(_text(x(size), HEIGHT - BOTTOM + 20, f"{size:,}", "middle"))
    ends = _apart([y(line[-1]) for line in lines.values()])
    for (name, line), colour, end in zip(lines.items(), COLOURS, ends, strict=False):
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, line, strict=True))
        parts.append(f'<polyline points="{points}" stroke="{colour}"/>')
        parts.append(_text(WIDTH - RIGHT + 8, end + 4, name, colour=colour))
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>\n<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"
    path.parent.mkdir(exist_ok=True)
    path.write_text(svg, "utf-8")


def _apart(heights: Sequence[float], least: float = 17.0) -> list[float]:
    """The heights, moved so that what is written there can be read."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=lambda number: moved[number])
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str | None = None) -> str:
    style = f' style="fill:{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'
