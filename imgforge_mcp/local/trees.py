"""Trees: conifers, round crowns and palms, made once a picture and planted by the hundred."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from imgforge_mcp.local.heightfield import View
from imgforge_mcp.local.pixels import Array, from_image, mix, rgb, to_image
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import Layer

_AUTUMN = ((206, 98, 36), (226, 144, 44), (182, 62, 36), (222, 178, 70), (158, 90, 40))
_BLOSSOM = ((246, 188, 208), (238, 164, 190), (250, 214, 226), (206, 150, 176))
_GREEN = ((74, 116, 48), (92, 134, 56), (58, 98, 50), (110, 146, 66))
_BANDS = 9
_TONES = 10
_STEP = 0.1
"""Of the logarithm of a tree's height: from one size that is made to the next."""


def conifer(rng: np.random.Generator, *, snow: bool = False, height: int = 240) -> Image.Image:
    width = int(height * 0.46)
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    middle = width / 2
    draw.rectangle([middle - height * 0.014, height * 0.8, middle + height * 0.014, height], fill=(62, 46, 36, 255))
    tiers = 15
    for tier in range(tiers):
        t = tier / (tiers - 1)
        base = height * (0.1 + 0.83 * t)
        half = (0.012 + 0.44 * t**0.92) * width * rng.uniform(0.82, 1.1)
        rise = height * 0.13
        shade = np.array([42, 74, 52]) * (0.72 + 0.42 * rng.random())
        edge = [
            (middle + s * half * rng.uniform(0.8, 1.06), base + rng.uniform(-0.012, 0.028) * height)
            for s in np.linspace(1, -1, 9)
        ]
        top = (middle, base - rise)
        draw.polygon([top, *edge], fill=(*_bytes(shade), 255))
        draw.polygon([top, *edge[4:]], fill=(*_bytes(shade * 0.7), 255))
        if snow:
            caps = [(middle + s * half * 0.66, base - rise * 0.26 + rng.uniform(-3, 3)) for s in np.linspace(1, -1, 6)]
            draw.polygon([top, *caps], fill=(228, 237, 247, 255))
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def crown(
    rng: np.random.Generator,
    palette: tuple[tuple[int, int, int], ...],
    *,
    height: int = 240,
    clumps: int = 300,
    leaf: float = 1.0,
) -> Image.Image:
    """A broadleaf tree: hundreds of leaf clumps, light above, dark below."""
    width = int(height * 0.86)
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    middle, unit = width / 2, height / 260
    draw.polygon(
        [
            (middle - 8 * unit, height),
            (middle + 8 * unit, height),
            (middle + 4 * unit, height * 0.45),
            (middle - 4 * unit, height * 0.45),
        ],
        fill=(72, 54, 42, 255),
    )
    lobes = [(rng.uniform(-0.3, 0.3), rng.uniform(-0.26, 0.2), rng.uniform(0.45, 0.75)) for _ in range(7)]
    base = np.array(palette[int(rng.integers(len(palette)))], float)
    dx, dy, size = np.array(lobes)[rng.integers(0, 7, clumps)].T
    angle, reach = rng.uniform(0, 6.283, clumps), np.sqrt(rng.random(clumps)) * size
    px = middle + (dx + np.cos(angle) * reach * 0.55) * width * 0.62
    py = height * (0.38 + (dy + np.sin(angle) * reach * 0.5) * 0.62)
    light = 0.6 + 0.56 * (1 - py / height / 0.78) + rng.uniform(-0.13, 0.13, clumps)
    spot = rng.uniform(5, 13, clumps) * unit * leaf
    boxes = np.stack([px - spot, py - spot, px + spot, py + spot * 0.8], 1).tolist()
    fills = np.clip(base * light[:, None], 0, 255).astype(np.uint8).tolist()
    for box, (red, green, blue) in zip(boxes, fills, strict=True):
        draw.ellipse(box, fill=(red, green, blue, 255))
    return picture.filter(ImageFilter.GaussianBlur(0.5))


def grown(stage: Stage, height: int, *, conifer_only: bool = False) -> Image.Image:
    """One tree large enough to be a subject, of the scene's season."""
    rng, scene = stage.dice(54), stage.scene
    if conifer_only:
        return conifer(rng, snow=scene.has("snow", "winter"), height=height)
    palette = _AUTUMN if scene.has("autumn") else _BLOSSOM if scene.has("blossom") else _GREEN
    clumps = min(4200, height * 6)  # so that a leaf of a small tree is no smaller than a few pixels
    return crown(rng, palette, height=height, clumps=clumps, leaf=0.42 * math.sqrt(4200 / clumps))


def kinds(stage: Stage) -> list[Image.Image]:
    """The trees that belong to the scene."""
    if not stage.trees:
        stage.trees = _kinds(stage, min(240, max(60, stage.height // 2)))
    return stage.trees


def _kinds(stage: Stage, height: int) -> list[Image.Image]:
    rng = stage.dice(50)
    scene = stage.scene
    if scene.has("autumn"):
        return [*(crown(rng, _AUTUMN, height=height) for _ in range(5)), conifer(rng, height=height)]
    if scene.has("blossom"):
        return [crown(rng, _BLOSSOM, height=height) for _ in range(5)]
    if scene.place in ("meadow", "village", "garden", "street", "city") and not scene.has("pine", "snow", "winter"):
        return [crown(rng, _GREEN, height=height) for _ in range(5)]
    if scene.has("jungle"):
        return [crown(rng, _GREEN, height=height) for _ in range(5)]
    return [conifer(rng, snow=scene.has("snow", "winter"), height=height) for _ in range(6)]


def plant(stage: Stage, view: View, heights: Array, wood: Array, *, haze: float) -> None:
    """Trees on the ground samples where `wood` is 1 and the ground is seen, far ones first."""
    z = view.field.z[:, 0]
    allowed = (wood > 0.5) & (view.screen <= view.crest + 0.5) & (z > 1.9)[:, None] & (z < 34)[:, None]
    rows, columns = np.nonzero(allowed)
    if not len(rows):
        return
    rng = stage.dice(51)
    count = min(len(rows), 1300 if stage.scene.has("forest", "trees") else 850)
    weight = 1 / z[rows]
    chosen = rng.choice(len(rows), count, replace=False, p=weight / weight.sum())
    chosen = chosen[np.argsort(-z[rows[chosen]], kind="stable")]
    rows, columns = rows[chosen], columns[chosen]
    sizes = view.field.focal * rng.uniform(0.15, 0.32, count) / z[rows]
    fades = 1 - np.exp(-np.maximum(z[rows] - 1.5, 0) * stage.light.haze / haze)
    each = np.stack([columns, view.screen[rows, columns] - sizes * 0.97, sizes, fades * _BANDS], 1)
    which = rng.integers(0, 1 << 30, count)
    fits = (sizes >= 3) & (sizes <= stage.height * 0.34)
    if not fits.any():
        return
    copse = _Copse(stage, kinds(stage))
    top = max(0, int(each[fits, 1].min()))
    picture = to_image(stage.image[top:])
    for number, (x, y, size, band) in zip(which[fits].tolist(), each[fits].tolist(), strict=True):
        tree, mask = copse.tree(number, min(_BANDS - 1, int(band)), size)
        picture.paste(tree, (int(x - tree.width / 2), int(y) - top), mask)
    with stage.part("trees", *_kind_of_tree(stage)):
        stage.image[top:] = from_image(picture)


def _kind_of_tree(stage: Stage) -> tuple[str, ...]:
    """What the trees of `kinds` can also be called."""
    scene = stage.scene
    if scene.has("autumn"):
        return ("autumn",)
    if scene.has("blossom"):
        return ("blossom",)
    if scene.place in ("meadow", "village", "garden", "street", "city") and not scene.has("pine", "snow", "winter"):
        return ()
    return () if scene.has("jungle") else ("pine",)


def frame_with_pines(stage: Stage, *, both: bool = False) -> None:
    """A few near trees at one side or both, dark against the light, that give the distance its scale."""
    side = -1 if stage.sun[0] > stage.width / 2 else 1
    _frame_side(stage, side, stage.dice(52))
    if both:
        _frame_side(stage, -side, stage.dice(55))


def _frame_side(stage: Stage, side: int, rng: np.random.Generator) -> None:
    light = stage.light.ambient * 0.5 + stage.light.key * 0.2
    canvas = to_image(stage.image)
    shapes = kinds(stage)
    for k in range(4):
        tall = stage.height * float(rng.uniform(0.42, 0.66)) * (1 - 0.13 * k)
        tree = shapes[int(rng.integers(len(shapes)))]
        tree = tree.resize((max(4, int(tree.width * tall / tree.height)), max(8, int(tall))), Image.Resampling.BICUBIC)
        shade = to_image(np.asarray(tree, np.float32)[..., :3] / 255 * light)
        x = stage.width * (0.5 + side * (0.5 - 0.02 - 0.085 * k)) + float(rng.uniform(-0.02, 0.02)) * stage.width
        canvas.paste(shade, (int(x - tree.width / 2), int(stage.height * (1.03 + 0.02 * (k % 2)) - tall)), tree)
    with stage.part("trees", *_kind_of_tree(stage)):
        stage.image = from_image(canvas)


_FALLEN = ((196, 72, 34), (226, 124, 40), (240, 178, 62), (150, 62, 34), (212, 152, 60))
_WILD = ((252, 252, 248), (252, 252, 248), (250, 226, 110), (236, 150, 190), (176, 150, 226))


def turf(stage: Stage, share: float = 1.0) -> None:
    """Blades of grass in the foreground, a share of what a meadow has; wild flowers there, fallen leaves in autumn."""
    scene = stage.scene
    if scene.has("snow", "winter") or scene.place in ("desert", "mars"):
        return
    rng, layer = stage.dice(53), Layer(stage.width, stage.height)
    light = stage.light.ambient * 0.6 + stage.light.key * 0.52
    low, high = (rgb(126, 84, 36), rgb(206, 160, 74)) if scene.has("autumn") else (rgb(66, 116, 40), rgb(186, 210, 100))
    for band in range(9):
        t = band / 8
        foot = stage.height * (0.7 + 0.34 * t)
        tall = stage.unit * (9 + 52 * t**1.3)
        count = int(130 * share * stage.width / stage.height * (1 - 0.35 * t))
        where = np.sort(rng.uniform(-0.02, 1.02, count)) * stage.width
        clump = stage.noise.line(stage.width, 130 * stage.unit, octaves=3, layer=340 + band)
        blades: list[list[str]] = [[] for _ in range(_TONES)]
        thicks = clump[np.clip(where, 0, stage.width - 1).astype(np.intp)]
        chances = rng.random((count, 4))
        for x, thick, (grown, bent, sunk, shade) in zip(where.tolist(), thicks.tolist(), chances.tolist(), strict=True):
            if thick < -0.12:
                continue
            reach, lean = tall * (0.5 + 0.6 * grown) * (0.6 + thick), tall * 0.7 * (bent - 0.5)
            y = foot + 0.04 * (sunk - 0.5) * stage.height
            tone = int(shade * _TONES)
            width = max(0.6, tall * 0.05)
            blades[tone].append(
                f"M{x - width:.1f} {y:.1f} Q{x:.1f} {y - reach * 0.6:.1f} {x + lean:.1f} {y - reach:.1f} "
                f"Q{x + width:.1f} {y - reach * 0.5:.1f} {x + width:.1f} {y:.1f}Z"
            )
        for tone, there in enumerate(blades):
            if there:
                layer.path("".join(there), mix(low, high, (tone + 0.5) / _TONES * 0.8) * light)
    if scene.has("autumn"):
        _fallen_leaves(stage, layer, rng, light)
    elif scene.place == "meadow" and not scene.has("field"):
        _wild_flowers(stage, layer, rng, light)
    with stage.part("grass"):
        layer.lay_on(stage.image)


def _fallen_leaves(stage: Stage, layer: Layer, rng: np.random.Generator, light: Array) -> None:
    """Leaves that lie on the ground, larger towards the eye."""
    near = np.sort(rng.uniform(0, 1, 420) ** 0.8)
    for k, colour in enumerate(_FALLEN):
        shapes = []
        for t in near[k :: len(_FALLEN)]:
            x, y = float(rng.uniform(-0.02, 1.02)) * stage.width, stage.height * (0.62 + 0.4 * float(t))
            size, turn = stage.unit * (3 + 15 * float(t)), float(rng.uniform(0, 6.28))
            dx, dy = math.cos(turn) * size, math.sin(turn) * size * 0.5
            shapes.append(
                f"M{x - dx:.1f} {y - dy:.1f} Q{x - dy:.1f} {y - size * 0.4:.1f} {x + dx:.1f} {y + dy:.1f} "
                f"Q{x + dy:.1f} {y + size * 0.35:.1f} {x - dx:.1f} {y - dy:.1f}Z"
            )
        layer.path("".join(shapes), rgb(*colour) * light)


def _wild_flowers(stage: Stage, layer: Layer, rng: np.random.Generator, light: Array) -> None:
    """Daisies and buttercups in loose groups, larger towards the eye and to the sides."""
    for _ in range(13):
        colour = _WILD[int(rng.integers(len(_WILD)))]
        near, aside = float(rng.uniform(0, 1)), float(rng.uniform(0, 1)) ** 0.7
        middle = stage.width * (0.5 + (0.5 if rng.random() < 0.5 else -0.5) * aside)
        foot, size = stage.height * (0.74 + 0.26 * near), stage.unit * (3.5 + 9 * near)
        heads = [
            (middle + float(rng.normal(0, 7)) * size, foot + float(rng.normal(0, 1.6)) * size)
            for _ in range(int(rng.integers(4, 9)))
        ]
        stalks = "".join(f"M{x:.1f} {y:.1f} l{size * 0.3:.1f} {size * 3:.1f}" for x, y in heads)
        layer.path(stalks, stroke=rgb(74, 126, 48) * light, width=max(0.8, size * 0.28))
        petals = [
            (x + size * math.cos(turn), y + size * 0.62 * math.sin(turn), size * 0.62, size * 0.42)
            for x, y in heads
            for turn in (0.3, 1.56, 2.81, 4.07, 5.33)
        ]
        layer.ellipses(petals, rgb(*colour) * light)
        layer.ellipses([(x, y, size * 0.5, size * 0.36) for x, y in heads], rgb(246, 196, 62) * light)


class _Copse:
    """The scene's trees in its light, at each depth of mist, in any size; made when one is first planted."""

    def __init__(self, stage: Stage, trees: list[Image.Image]) -> None:
        light = stage.light.ambient * 0.72 + stage.light.key * 0.52
        self._mist = _bytes(stage.light.mist * 255)
        self._halves = [_halves(_lit(tree, light)) for tree in trees]
        self._grown: dict[tuple[int, int, int], tuple[Image.Image, Image.Image]] = {}

    def tree(self, which: int, band: int, size: float) -> tuple[Image.Image, Image.Image]:
        """One and its mask: `size` pixels tall, to the step below, for a forest has trees of a few dozen sizes."""
        step = int(math.log(max(size, 3.0)) / _STEP)
        key = (which % len(self._halves), band, step)
        if key not in self._grown:
            self._grown[key] = self._made(self._halves[key[0]], band, math.exp(step * _STEP))
        return self._grown[key]

    def _made(self, halves: list[Image.Image], band: int, size: float) -> tuple[Image.Image, Image.Image]:
        whole = next((half for half in reversed(halves) if half.height >= size), halves[0])
        wide, tall = max(2, round(whole.width * size / whole.height)), max(3, round(size))
        mask = whole.resize((wide, tall), Image.Resampling.BILINEAR)
        mist = Image.new("RGBA", mask.size, (*self._mist, 255))
        return Image.blend(mask, mist, (band + 0.5) / _BANDS * 0.9), mask


def _lit(tree: Image.Image, light: Array) -> Image.Image:
    values = np.asarray(tree, np.float32) * np.append(light, np.float32(1))
    return Image.fromarray(np.minimum(values, 255, out=values).astype(np.uint8))


def _halves(tree: Image.Image) -> list[Image.Image]:
    """The tree, and smaller and smaller copies of it, from which a small one is soon made."""
    halves = [tree]
    while halves[-1].height > 15:
        halves.append(halves[-1].reduce(2))
    return halves


def _bytes(colour: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = (int(min(255, max(0, v))) for v in colour)
    return red, green, blue
