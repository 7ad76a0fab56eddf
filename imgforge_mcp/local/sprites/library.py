"""The drawings: the packed library and our own, as pictures of any size."""

from __future__ import annotations

import functools
import io
import json
import lzma
from dataclasses import dataclass
from pathlib import Path

import resvg_py
from PIL import Image

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Art:
    """One drawing: the body of an SVG with its box, title, group and keywords."""

    body: str
    width: float
    height: float
    title: str
    group: str
    keywords: tuple[str, ...]


@functools.cache
def library() -> dict[str, Art]:
    with lzma.open(DATA / "art.json.xz") as file:
        packed = json.load(file)
    return {
        name: Art(entry["b"], entry["w"], entry["h"], entry["n"], entry["g"], tuple(entry["k"]))
        for name, entry in packed.items()
    }


@functools.cache
def own_drawings() -> dict[str, str]:
    """Drawings of our own by name, as whole SVG files."""
    return {path.stem: path.read_text("utf-8") for path in sorted((DATA / "drawings").glob("*.svg"))}


def rasterise(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA")


def picture(name: str, size: int) -> Image.Image:
    """The drawing with its longer side `size` pixels, cut to what is painted."""
    size = max(8, min(size, 1600))
    own = own_drawings().get(name)
    if own is not None:
        drawn = rasterise(_sized(own, size))
    else:
        art = library()[name]
        scale = size / max(art.width, art.height)
        drawn = rasterise(
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {art.width} {art.height}" width="{max(1, round(art.width * scale))}" '
            f'height="{max(1, round(art.height * scale))}">{art.body}</svg>'
        )
    box = drawn.getchannel("A").getbbox()
    return drawn.crop(box) if box else drawn


def _sized(svg: str, size: int) -> str:
    head, _, rest = svg.partition('viewBox="')
    box, _, tail = rest.partition('"')
    _, _, width, height = (float(v) for v in box.split())
    scale = size / max(width, height)
    return (
        f'{head}width="{max(1, round(width * scale))}" height="{max(1, round(height * scale))}" viewBox="{box}"{tail}'
    )
