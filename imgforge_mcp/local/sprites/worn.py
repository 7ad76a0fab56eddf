"""What is worn: a scarf at the neck, a hat on the head, headphones, glasses, each where the wearer has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from imgforge_mcp.local.pixels import Array
from imgforge_mcp.local.scene import Subject
from imgforge_mcp.local.sprites.library import rasterise
from imgforge_mcp.local.sprites.relight import relight
from imgforge_mcp.local.sprites.spot import Spot, is_person
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.vector import css

_HATTED = {"snowman": 0.27, "snowman-without-snow": 0.27}
"""Whose drawing has a hat already, and how far down that reaches: another hat covers it."""


@dataclass(frozen=True, slots=True)
class Wearer:
    """The last thing painted: its name, its middle, the middle of its head, its top and its height in pixels."""

    name: str
    is_person: bool
    x: float
    head: float
    top: float
    height: float


def wearer(spot: Spot, lit: Array, left: int, top: int) -> Wearer:
    """The thing as it was painted; its head is where its topmost parts are, a tail apart."""
    person = is_person(spot.subject)
    crown = lit[: max(2, round(lit.shape[0] * 0.16)), :, 3].sum(axis=0)
    columns = np.arange(lit.shape[1], dtype=np.float32)
    middle = float((crown * columns).sum() / max(float(crown.sum()), 1e-3))
    head = spot.x if person else left + middle
    return Wearer(spot.subject.name, person, spot.x, head, float(top), float(lit.shape[0]))


def fitted(stage: Stage, subject: Subject, sprite: Image.Image, by: Wearer) -> tuple[Array, int, int]:
    """What is worn in its size, and where its left upper corner goes."""
    name = subject.name
    if name == "scarf":
        lit = relight(stage, _scarf(subject.colour or (196, 48, 52), round(by.height * 0.62)))
        return lit, round(by.x - lit.shape[1] * 0.54), round(by.top + by.height * 0.42)
    if by.is_person and stage.surface != "air":
        return _on_a_person(stage, sprite, name, by)
    share, place = (0.4, 0.16) if "glasses" in name else (0.44, -0.02)
    if name == "headphone":
        share, place = 0.34, 0.38
    size = max(8, round(by.height * share))
    worn = _sized(sprite, size)
    lit = relight(stage, worn)
    if "glasses" in name and stage.surface == "air":
        return lit, round(by.x - size * 0.5), round(by.top + by.height * 0.345 - worn.height * 0.5)
    if by.name in _HATTED and "glasses" not in name and name != "headphone":
        return lit, round(by.head - size * 0.5), round(by.top + by.height * _HATTED[by.name] - worn.height)
    sunk = 0.7 if "glasses" not in name else 0.0
    return lit, round(by.head - size * 0.5), round(by.top + by.height * place - worn.height * sunk)


def _on_a_person(stage: Stage, sprite: Image.Image, name: str, by: Wearer) -> tuple[Array, int, int]:
    """On the head of a whole figure: a hat above the brows, headphones from ear to ear, glasses at the eyes."""
    size = max(8, round(by.height * (0.17 if "glasses" in name else 0.33 if name == "headphone" else 0.29)))
    worn = _sized(sprite, size)
    drop = by.height * 0.1 - worn.height
    if "glasses" in name:
        drop = by.height * 0.14 - worn.height * 0.5
    elif name == "headphone":
        drop = -by.height * 0.045
    return relight(stage, worn), round(by.x - size * 0.5), round(by.top + drop)


def _sized(sprite: Image.Image, width: int) -> Image.Image:
    return sprite.resize((width, max(2, round(sprite.height * width / sprite.width))), Image.Resampling.LANCZOS)


def _scarf(colour: tuple[int, int, int], width: int) -> Image.Image:
    base, dark = css(colour), css([v * 0.72 for v in colour])
    return rasterise(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 150" width="{max(8, width)}" '
        f'height="{max(6, round(width * 0.75))}">'
        f'<path d="M30 24 Q100 62 170 20 Q180 44 168 56 Q100 92 34 60 Q22 44 30 24Z" fill="{base}"/><path '
        f'd="M36 44 Q100 76 170 40" stroke="{dark}" stroke-width="5" fill="none" opacity=".6"/>'
        f'<path d="M112 62 L142 56 L158 132 L126 138Z" fill="{dark}"/><path d="M126 138 l2 10 M134 137 l2 '
        f'10 M142 135 l2 10 M150 134 l2 10" stroke="{dark}" stroke-width="4"/></svg>'
    )
