"""One thing to paint, and where: what composition hands to the painter."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from imgforge_mcp.local.scene import Subject
from imgforge_mcp.local.sprites.library import picture

MARGIN = 0.05
"""Of the picture's height, which stays free above all that stands on the ground."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing to paint: the middle of its foot, its longer side, its depth order, and how it meets the ground.

    `sunk` is the part of it that is below its foot, less than 0 for who jumps; `pose` is a person's, as `figures` has
    them; `told` are the relations and actions that its place and pose show."""

    subject: Subject
    x: float
    foot: float
    size: float
    depth: float
    contact: str = "ground"
    flip: bool = False
    turn: float = 0.0
    sunk: float = 0.0
    distance: float = 0.0
    pose: str = ""
    told: tuple[str, ...] = ()


@functools.cache
def aspect(name: str, contact: str = "") -> float:
    """How tall a drawing is for its longer side."""
    if name.startswith("figure:"):
        return 0.9
    drawn = picture(name, 64)
    return drawn.height / max(drawn.size)


def is_person(subject: Subject) -> bool:
    return subject.name.startswith("figure:")
