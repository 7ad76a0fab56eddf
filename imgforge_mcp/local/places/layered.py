"""Landscapes for flat colour and cut paper: sheets one behind another, where the camera's world would turn to blots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imgforge_mcp.local.pixels import Array, Rgb, mix, rgb
from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer, Point, lay

_NEAR: dict[str, tuple[Colour, Colour]] = {
    "alpine": ((112, 140, 150), (34, 92, 62)),
    "fuji": ((112, 140, 170), (40, 98, 84)),
    "desert": ((236, 186, 120), (186, 110, 62)),
    "mars": ((224, 140, 96), (134, 58, 40)),
    "meadow": ((142, 186, 120), (52, 128, 62)),
}


def paint_sheets(stage: Stage, *, water: bool) -> None:
    """Mountains or hills by the place, trees on the middle sheets, and still water if there is any."""
    stage.horizon = int(stage.height * (0.56 if water else 0.5))
    layer = Layer(stage.width, stage.height)
    place = {"lake": "alpine", "village": "meadow", "garden": "meadow"}.get(stage.scene.place, stage.scene.place)
    colours = _sheet_colours(stage, place, 5)
    high = place in ("alpine", "fuji", "mars")
    if place == "fuji":
        layer.begin("volcano", "mountain")
        _cone(stage, layer, colours[0])
    elif high:
        layer.begin(*(("rock", "hill") if place == "mars" else ("mountain",)))
        _ridge(stage, layer, colours[0], 0, snowy=place == "alpine")
        _ridge(stage, layer, colours[1], 1, snowy=False)
    last = 4 if water else 5
    for k in range(2 if high else 1, last):
        _hill(stage, layer, colours[k], k, last, trees=place in ("alpine", "fuji", "meadow") and k in (2, 3))
    stage.lay(layer)
    if water:
        _mirror(stage)


def _sheet_colours(stage: Stage, place: str, count: int) -> list[Array]:
    far, near = (rgb(*colour) for colour in _NEAR.get(place, _NEAR["meadow"]))
    if stage.scene.has("snow", "winter"):
        far, near = rgb(206, 220, 238), rgb(246, 249, 255)
    elif stage.scene.has("autumn") and place in ("alpine", "meadow"):
        far, near = rgb(224, 178, 108), rgb(160, 78, 36)
    light = np.minimum(stage.light.ambient * 0.6 + stage.light.key * 0.55, 1.05)
    sheets = []
    for k in range(count):
        t = k / (count - 1)
        sheets.append(mix(mix(far, near, t) * light, stage.light.mist, 0.5 * (1 - t) ** 1.5))
    return sheets


def _ridge(stage: Stage, layer: Layer, colour: Array, number: int, *, snowy: bool) -> None:
    """A chain of peaks with one side in shade, and snow on the highest."""
    rng = stage.dice(240 + number)
    base = stage.horizon + stage.height * 0.1
    lit = stage.sun[0] < stage.width / 2
    count = max(3, round((3.2 + number) * stage.width / stage.height))
    order = sorted(range(count), key=lambda k: rng.random())
    for k in order:
        x = (k + 0.5 + float(rng.uniform(-0.25, 0.25))) / count * stage.width
        tall = stage.height * float(rng.uniform(0.28, 0.44)) * (1.0 if number == 0 else 0.55)
        half = tall * float(rng.uniform(0.85, 1.15))
        top = (x, base - tall)
        bend = (x + half * 0.1, base - tall * 0.45)
        layer.polygon([top, (x + half, base), (x - half, base)], colour * (1.06 if lit else 0.86))
        layer.polygon([top, bend, (x - half * 0.06, base), (x + half, base)], colour * (0.86 if lit else 1.06))
        if snowy:
            s = 0.3
            cap: list[Point] = [top, (x + half * s, base - tall * (1 - s))]
            for j, dip in enumerate((0.10, -0.02, 0.12, 0.0)):
                cap.append((x + half * s * (0.5 - 0.37 * j), base - tall * (1 - s - dip * 0.6)))
            cap.append((x - half * s, base - tall * (1 - s)))
            layer.polygon(cap, mix(rgb(252, 253, 255), colour, 0.12))


def _cone(stage: Stage, layer: Layer, colour: Array) -> None:
    x, base = stage.width * float(stage.dice(246).uniform(0.42, 0.58)), stage.horizon + stage.height * 0.1
    tall, half = stage.height * 0.44, stage.height * 0.56

    def flank(side: float, share: float) -> Point:
        """A point on the slope, `share` of the way down; steeper towards the top."""
        return x + side * (0.05 + 0.95 * share**1.45) * half, base - tall * (1 - share)

    shares = [k / 12 for k in range(13)]
    layer.polygon([flank(-1, s) for s in reversed(shares)] + [flank(1, s) for s in shares], colour)
    snow = [s for s in shares if s <= 0.36]
    teeth = [(x + half * (0.17 - 0.0425 * k), base - tall * (0.6 if k % 2 else 0.71)) for k in range(9)]
    layer.polygon([flank(-1, s) for s in reversed(snow)] + [flank(1, s) for s in snow] + teeth, rgb(252, 252, 255))


def _hill(stage: Stage, layer: Layer, colour: Array, number: int, last: int, *, trees: bool) -> None:
    """One rolling sheet down to the frame's edge, with its trees standing on it."""
    t = (number - 1) / 3
    line = stage.noise.line(stage.width, stage.width * (0.5 + 0.2 * t), octaves=2, gain=0.3, layer=250 + number)
    top = stage.horizon + stage.height * (0.3 * t**1.2 - 0.02) + line * stage.height * (0.035 + 0.03 * t)
    step = max(1, stage.width // 90)
    edge = [(float(x), float(top[min(x, stage.width - 1)])) for x in range(0, stage.width + step, step)]
    if trees:
        layer.begin("trees", *(("pine",) if stage.scene.place in ("alpine", "lake", "fuji") else ()))
        _wood(stage, layer, colour * 0.82, top, number)
    season = ("autumn",) if stage.scene.has("autumn") else ("snow",) if stage.scene.has("snow", "winter") else ()
    land = {"desert": ("dunes", "sand"), "mars": ("rock",)}.get(stage.scene.place, ("hill", "grass", *season))
    layer.begin("ground", *land)
    layer.polygon([*edge, (stage.width + step, stage.height + 2), (0, stage.height + 2)], colour)


def _wood(stage: Stage, layer: Layer, colour: Array, top: Array, number: int) -> None:
    rng = stage.dice(260 + number)
    pointed = stage.scene.place in ("alpine", "lake", "fuji") or stage.scene.has("pine", "snow", "winter")
    if stage.scene.has("autumn"):
        colour = mix(colour, rgb(206, 96, 36), 0.6)
    size = stage.height * (0.075 if number == 2 else 0.11)
    clumps = [float(v) for v in rng.uniform(0, 1, 4)]
    for _ in range(26 if pointed else 14):
        x = (clumps[int(rng.integers(4))] + float(rng.normal(0, 0.06))) % 1 * stage.width
        foot, tall = float(top[int(min(x, stage.width - 1))]) + size * 0.1, size * float(rng.uniform(0.7, 1.15))
        shade = colour * float(rng.uniform(0.88, 1.06))
        if pointed:
            layer.polygon([(x, foot - tall), (x + tall * 0.24, foot), (x - tall * 0.24, foot)], shade)
        else:
            layer.rect(x - tall * 0.04, foot - tall * 0.5, tall * 0.08, tall * 0.55, colour * 0.6)
            layer.ellipse(x, foot - tall * 0.6, tall * 0.3, tall * 0.36, shade)


def _mirror(stage: Stage) -> None:
    """The picture turned over below the shore, under a blue sheet with a few ruled ripples."""
    shore = int(stage.height * 0.66)
    rows = np.clip(2 * shore - np.arange(shore, stage.height), 0, shore - 1)
    body = np.minimum(stage.light.ambient * 0.7 + stage.light.key * 0.5, 1) * rgb(78, 150, 190)
    with stage.part("water", "lake", "reflection"):
        stage.image[shore:] = mix(stage.image[rows], body, 0.9 if stage.scene.has("papercut") else 0.55)
    rng, layer = stage.dice(270), Layer(stage.width, stage.height)
    for _ in range(12):
        y = shore + (stage.height - shore) * float(rng.uniform(0.05, 0.95))
        near = (y - shore) / (stage.height - shore)
        long = stage.width * float(rng.uniform(0.06, 0.16)) * (0.6 + near)
        x = float(rng.normal(stage.sun[0], stage.width * 0.22))
        thick = stage.height * (0.005 + 0.008 * near)
        layer.rect(x - long / 2, y, long, thick, stage.light.sun, opacity=0.5, radius=thick / 2)
    with stage.part("water", "lake", "reflection"):
        stage.image = lay(stage.image, layer.render())
    down = np.arange(stage.height, dtype=np.float32)[:, None]
    stage.water = np.repeat((down >= shore).astype(np.float32), stage.width, axis=1)
    stage.horizon = shore
    stage.surface = "water" if stage.scene.has("boat") else "ground"


def paint_wood(stage: Stage, glow: Sequence[Rgb], leaves: Sequence[Rgb], floor: Sequence[Rgb], light: Array) -> None:
    """A wood as four sheets: a pale clearing, two rows of trees growing darker, the ground and a path of light."""
    layer, rng = Layer(stage.width, stage.height), stage.dice(290)
    pointed = stage.scene.has("pine", "snow", "winter")
    back, shade = rgb(*glow[1]) * light, rgb(*glow[2]) * light
    layer.rect(0, 0, stage.width, stage.height, back)
    for reach, share in ((0.5, 0.35), (0.34, 0.65), (0.2, 1.0)):
        side = reach * min(stage.shape)
        layer.ellipse(*stage.sun, side, side * 1.1, mix(back, rgb(*glow[0]) * light, share))
    ground = mix(rgb(*floor[0]), rgb(*floor[1]), 0.55) * light
    for row in range(3):
        t = (row + 1) / 3
        foot = stage.horizon + stage.height * (0.02 + 0.1 * row)
        tone = mix(back, shade, 0.28 + 0.24 * row)
        for k in range((13, 9, 6)[row]):
            x = (k + float(rng.uniform(0.1, 0.9))) / (13, 9, 6)[row]
            clear = 0.08 + 0.11 * row
            if abs(x - 0.5) < clear:
                x = 0.5 + (clear if x > 0.5 else -clear)
            leaf = mix(back, rgb(*leaves[int(rng.integers(len(leaves)))]) * light, 0.35 + 0.2 * row)
            if pointed and stage.scene.has("snow", "winter"):
                leaf = mix(back, rgb(84, 128, 138) * light, 0.4 + 0.22 * row)
            size = stage.height * (0.36 + 0.16 * row) * float(rng.uniform(0.85, 1.15))
            layer.begin("trees", *(("pine",) if pointed else ()))
            _card_tree(layer, x * stage.width, foot + 0.02 * stage.height, size, tone, leaf, pointed=pointed)
        bend = stage.height * 0.012
        layer.begin("ground")
        layer.path(
            f"M0 {foot:.1f} Q{stage.width * 0.5:.1f} {foot - bend * 3:.1f} {stage.width} {foot + bend:.1f} "
            f"V{stage.height + 2} H0Z",
            mix(mix(back, ground, 0.35 + 0.5 * t), shade, 0.16 * row),
        )
    stage.lay(layer)
    stage.ground, stage.shadow = stage.height * 0.9, 0.45


def _card_tree(layer: Layer, x: float, foot: float, size: float, trunk: Array, leaf: Array, *, pointed: bool) -> None:
    layer.rect(x - size * 0.025, foot - size * 0.6, size * 0.05, size * 0.6, trunk)
    if pointed:
        for k in range(3):
            top, base, half = foot - size * (1 - 0.22 * k), foot - size * (0.52 - 0.2 * k), size * (0.13 + 0.045 * k)
            layer.polygon([(x, top), (x + half, base), (x - half, base)], leaf * (1 - 0.05 * k))
        return
    for dx, dy, reach in ((0.0, 0.78, 0.19), (-0.12, 0.66, 0.13), (0.13, 0.64, 0.14)):
        layer.ellipse(x + dx * size, foot - dy * size, reach * size, reach * size * 1.05, leaf)
