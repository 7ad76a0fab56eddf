"""Vector drawing: shapes gathered as SVG, rasterised once with smooth edges."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgforge_mcp.local.pixels import Array, blur, grid, smooth
from imgforge_mcp.local.sprites.library import rasterise

_MARKER_STEP = 1
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
# commands of a path whose numbers are not points of the picture
_OTHER_COMMANDS = re.compile(r"[a-df-yAHV]")
_COLOURED = re.compile(r'(fill|stroke)="(?!none)[^"]*"')
_FADED = re.compile(r' opacity="[^"]*"')
Point = tuple[float, float]
Paint = str | Array | Sequence[float]


def css(colour: Paint) -> str:
    """A colour for SVG from 0-255 numbers, a 0-1 array, or itself."""
    if isinstance(colour, str):
        return colour
    red, green, blue = [v * 255 for v in colour.tolist()] if isinstance(colour, np.ndarray) else colour
    return f"#{_byte(red):02x}{_byte(green):02x}{_byte(blue):02x}"


def _byte(value: float) -> int:
    return 0 if value < 0 else 255 if value > 255 else int(value)


class Layer:
    """Shapes in pixel coordinates, later ones above; `render` gives RGBA floats."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []
        self._defs: list[str] = []
        self._named: list[tuple[tuple[str, ...], int]] = []
        self._reach = (math.inf, math.inf, -math.inf, -math.inf)

    def begin(self, *names: str) -> None:
        """The shapes that follow are these things; with no name they are nothing that is told of."""
        self._named.append((names, len(self._parts)))

    def parts(self, shape: tuple[int, int], alpha: Array) -> list[tuple[tuple[str, ...], NDArray[np.bool_]]]:
        """Every named thing with its cells on a grid, later ones above: drawn again, each in one flat colour."""
        if not any(names for names, _ in self._named):
            return []
        ends = [start for _, start in self._named[1:]] + [len(self._parts)]
        groups = []
        for number, ((_, start), end) in enumerate(zip(self._named, ends, strict=True)):
            groups += [_flat(part, _MARKER_STEP * (number + 1)) for part in self._parts[start:end]]
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{shape[1]}" height="{shape[0]}" '
            f'preserveAspectRatio="none" shape-rendering="crispEdges" viewBox="0 0 {self.width} {self.height}">'
            f"{''.join(groups)}</svg>"
        )
        drawn = np.asarray(rasterise(svg)).astype(np.int32)
        numbers = np.where(
            (drawn[..., 3] > 127) & (alpha > 0.12), (drawn[..., 0] * 256 + drawn[..., 1]) // _MARKER_STEP, 0
        )
        return [(names, numbers == k + 1) for k, (names, _) in enumerate(self._named)]

    def gradient(
        self, stops: Sequence[tuple[float, Paint, float]], *, x1: float = 0, y1: float = 0, x2: float = 0, y2: float = 1
    ) -> str:
        """A linear gradient over each shape's own box; stops are (place, colour, opacity)."""
        name = f"g{len(self._defs)}"
        body = "".join(f'<stop offset="{p:.3f}" stop-color="{css(c)}" stop-opacity="{o:.3f}"/>' for p, c, o in stops)
        self._defs.append(
            f'<linearGradient id="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}">{body}</linearGradient>'
        )
        return f"url(#{name})"

    def radial(
        self, stops: Sequence[tuple[float, Paint, float]], *, cx: float = 0.5, cy: float = 0.5, r: float = 0.5
    ) -> str:
        name = f"g{len(self._defs)}"
        body = "".join(f'<stop offset="{p:.3f}" stop-color="{css(c)}" stop-opacity="{o:.3f}"/>' for p, c, o in stops)
        self._defs.append(f'<radialGradient id="{name}" cx="{cx}" cy="{cy}" r="{r}">{body}</radialGradient>')
        return f"url(#{name})"

    def rect(
        self, x: float, y: float, width: float, height: float, fill: Paint, *, opacity: float = 1, radius: float = 0
    ) -> None:
        if width > 0 and height > 0:
            self._reaches((x, x + width), (y, y + height))
            self._parts.append(
                f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" rx="{radius:.2f}" '
                f'fill="{css(fill)}"{_opacity(opacity)}/>'
            )

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: Paint, *, opacity: float = 1, turn: float = 0
    ) -> None:
        wide, tall = (rx, ry) if not turn else (max(rx, ry),) * 2
        self._reaches((x - wide, x + wide), (y - tall, y + tall))
        turned = f' transform="rotate({turn:.1f} {x:.2f} {y:.2f})"' if turn else ""
        self._parts.append(
            f'<ellipse cx="{x:.2f}" cy="{y:.2f}" rx="{rx:.2f}" ry="{ry:.2f}" '
            f'fill="{css(fill)}"{_opacity(opacity)}{turned}/>'
        )

    def polygon(self, points: Iterable[Point], fill: Paint, *, opacity: float = 1) -> None:
        corners = list(points)
        self._reaches([x for x, _ in corners], [y for _, y in corners])
        joined = " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)
        self._parts.append(f'<polygon points="{joined}" fill="{css(fill)}"{_opacity(opacity)}/>')

    def ellipses(self, many: Iterable[tuple[float, float, float, float]], fill: Paint) -> None:
        """As `ellipse`, all of one colour: x, y and the two radii of each."""
        each = list(many)
        if not each:
            return
        d = "".join(
            f"M{x - a:.2f} {y:.2f}a{a:.2f} {b:.2f} 0 1 1 {2 * a:.2f} 0a{a:.2f} {b:.2f} 0 1 1 {-2 * a:.2f} 0z"
            for x, y, a, b in each
        )
        self._reaches(
            [x - a for x, _, a, _ in each] + [x + a for x, _, a, _ in each],
            [y - b for _, y, _, b in each] + [y + b for _, y, _, b in each],
        )
        self._parts.append(f'<path d="{d}" fill="{css(fill)}"/>')

    def path(
        self, d: str, fill: Paint = "none", *, stroke: Paint = "none", width: float = 0, opacity: float = 1
    ) -> None:
        line = (
            f' stroke="{css(stroke)}" stroke-width="{width:.2f}" stroke-linecap="round" stroke-linejoin="round"'
            if width
            else ""
        )
        xs, ys = _corners_of(d, self.width, self.height)
        self._reaches(xs, ys, 1 + width)
        self._parts.append(f'<path d="{d}" fill="{css(fill)}"{line}{_opacity(opacity)}/>')

    def line(self, points: Sequence[Point], stroke: Paint, width: float, *, opacity: float = 1) -> None:
        d = "M" + " L".join(f"{x:.2f} {y:.2f}" for x, y in points)
        self.path(d, stroke=stroke, width=width, opacity=opacity)

    def render(self, *, soft: float = 0.0, detail: float = 1.0) -> Array:
        """RGBA floats; `soft` blurs them, `detail` below 1 draws smaller and enlarges what will be blurred anyway."""
        values = np.zeros((self.height, self.width, 4), np.float32)
        painted, left, top = self._painted(soft, detail)
        values[top : top + painted.shape[0], left : left + painted.shape[1]] = painted
        return values

    def lay_on(self, picture: Array, *, soft: float = 0.0, detail: float = 1.0) -> None:
        """As `lay` of what `render` gives, within the picture itself and no further than the shapes reach."""
        painted, left, top = self._painted(soft, detail)
        below = picture[top : top + painted.shape[0], left : left + painted.shape[1]]
        below += (painted[..., :3] - below) * painted[..., 3:]

    def _painted(self, soft: float, detail: float) -> tuple[Array, int, int]:
        """RGBA floats of the part of the picture that the shapes reach, and its left and top."""
        if soft > 2.5:
            detail = min(detail, 0.5)
        left, top, right, bottom = self._bounds(math.ceil(3 * soft))
        across, down = right - left, bottom - top
        if across <= 0 or down <= 0:
            return np.zeros((0, 0, 4), np.float32), 0, 0
        width, height = max(1, round(across * detail)), max(1, round(down * detail))
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" preserveAspectRatio="none" '
            f'viewBox="{left} {top} {across} {down}"><defs>{"".join(self._defs)}</defs>{"".join(self._parts)}</svg>'
        )
        drawn = rasterise(svg)
        if drawn.size != (across, down):
            drawn = drawn.resize((across, down), Image.Resampling.BILINEAR)
        painted = np.multiply(np.asarray(drawn), np.float32(1 / 255))
        return _softened(painted, soft) if soft else painted, left, top

    def _bounds(self, margin: int) -> tuple[int, int, int, int]:
        """What of the picture the shapes can reach, and so much around: left, top, right and bottom."""
        if not self._parts:
            return 0, 0, 0, 0
        x0, y0, x1, y1 = self._reach
        return (
            max(0, math.floor(max(x0, -1)) - margin),
            max(0, math.floor(max(y0, -1)) - margin),
            min(self.width, math.ceil(min(x1, self.width + 1)) + margin),
            min(self.height, math.ceil(min(y1, self.height + 1)) + margin),
        )

    def _reaches(self, xs: Sequence[float], ys: Sequence[float], pad: float = 1.0) -> None:
        x0, y0, x1, y1 = self._reach
        self._reach = (min(x0, *xs) - pad, min(y0, *ys) - pad, max(x1, *xs) + pad, max(y1, *ys) + pad)


def _corners_of(d: str, width: float, height: float) -> tuple[list[float], list[float]]:
    """Points between which a path lies: its own where it is written in whole points, else the whole picture's."""
    numbers = [float(number) for number in _NUMBER.findall(d)]
    if _OTHER_COMMANDS.search(d) or len(numbers) % 2 or len(numbers) < 2:
        return [0.0, width], [0.0, height]
    return numbers[::2], numbers[1::2]


def _softened(layer: Array, radius: float) -> Array:
    """Blurred with the colour weighted by its opacity, so that no dark rim appears."""
    weighted = layer.copy()
    weighted[..., :3] *= layer[..., 3:]
    spread = blur(weighted, radius)
    spread[..., :3] /= np.maximum(spread[..., 3:], np.float32(1e-3))
    return spread


def _flat(part: str, number: int) -> str:
    """One shape of a layer in the flat colour of its number."""
    colour = f"#{number // 256:02x}{number % 256:02x}00"
    return _FADED.sub("", _COLOURED.sub(rf'\1="{colour}"', part))


def _opacity(value: float) -> str:
    return "" if value >= 1 else f' opacity="{max(0.0, value):.3f}"'


def lay(below: Array, layer: Array, strength: float = 1.0) -> Array:
    """An RGBA layer over a picture."""
    alpha = layer[..., 3:] * np.float32(strength)
    result = layer[..., :3] - below
    result *= alpha
    result += below
    return np.asarray(result, np.float32)


def dot(
    picture: Array, x: float, y: float, radius: float, colour: Array, *, soft: float = 0.5, opacity: float = 1.0
) -> None:
    """A disc on the picture itself; it fades from `soft` within its edge to as much beyond."""
    end = radius + soft
    top, left = max(0, math.floor(y - end)), max(0, math.floor(x - end))
    below = picture[top : max(0, math.ceil(y + end)), left : max(0, math.ceil(x + end))]
    rows, columns = grid(*below.shape[:2])
    away = np.hypot(rows + np.float32(top + 0.5 - y), columns + np.float32(left + 0.5 - x))
    below += (colour - below) * (opacity * (1 - smooth(radius - soft, end, away)))[..., None]
