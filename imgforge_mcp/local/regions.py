"""Where in a picture an instruction wants its change: a side of any picture, or a thing in one of our own drawings."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np
from PIL import Image

from imgforge_mcp.local.language import depicted
from imgforge_mcp.local.language.lexicon import singular
from imgforge_mcp.local.marks import Marks
from imgforge_mcp.local.pixels import Array, blur, from_image, mix, resize, smooth, to_image
from imgforge_mcp.local.scene import Scene

_SIDES = {
    "top": r"\b(?:the )?(?:top|upper)(?: half| part| third| edge)?\b",
    "bottom": r"\b(?:the )?(?:bottom|lower)(?: half| part| third| edge)?\b",
    "left": r"\b(?:the )?left(?: half| part| side| third| edge)?\b",
    "right": r"\b(?:the )?right(?: half| part| side| third| edge)?\b",
    "middle": r"\bthe (?:middle|cent(?:er|re))\b",
    "edges": r"\bthe (?:edges|corners|borders)\b",
}
_BEHIND = re.compile(r"\b(?:the )?(?:background|backdrop|everything (?:else|behind)|surroundings)\b")
_BEFORE = re.compile(r"\b(?:the )?(?:foreground|main subject|subject|face|figure)\b")
# "the sky", "the fox": what an article stands before, unless it is the picture as a whole
_NAMED = re.compile(r"\bthe ([a-z]+(?: [a-z]+)?)")
_WHOLE = frozenset(str.split("picture image photo photograph drawing painting whole text title caption colours colors"))


@dataclass(frozen=True, slots=True)
class Region:
    """What it is called and how much of the change each pixel takes, 0 to 1, on a grid of any size."""

    name: str
    share: Array

    def apply(self, before: Image.Image, after: Image.Image) -> Image.Image:
        """The change where the region is; a change of shape cannot be kept to a part of the picture."""
        if before.size != after.size:
            raise ValueError(f"The shape of the picture cannot be changed in one part of it alone ({self.name}).")
        mask = np.clip(resize(self.share, before.height, before.width), 0, 1)[..., None]
        return to_image(mix(from_image(before), from_image(after), mask))


def region_of(instruction: str, ours: tuple[Scene, Marks] | None) -> Region | None:
    """The part of the picture that the instruction speaks of; None for all of it.

    Raises ValueError where it names a thing and the picture is not one whose things are known."""
    if _BEHIND.search(instruction) or _BEFORE.search(instruction):
        if ours is None:
            raise ValueError(
                "What is background and what is subject is known only in drawings that the illustrator made and that "
                "were not changed since; in any other picture it can change the whole, or the top, bottom, left, "
                "right, middle or edges."
            )
        return _figure_or_ground(ours[1], behind=bool(_BEHIND.search(instruction)))
    if ours is not None and (named := _thing(instruction, *ours)) is not None:
        return named
    for name, pattern in _SIDES.items():
        if re.search(pattern, instruction):
            return Region(name, _side(name))
    return None


def side_of(instruction: str) -> str:
    """'top', 'bottom' or 'middle' where the instruction says so; else ''."""
    return next((name for name in ("top", "bottom", "middle") if re.search(_SIDES[name], instruction)), "")


def unknown_thing(instruction: str, ours: tuple[Scene, Marks] | None) -> str:
    """A thing that a change is wanted of and that cannot be found; '' if there is none."""
    if ours is not None and _thing(instruction, *ours) is not None:
        return ""
    for found in _NAMED.finditer(instruction):
        for phrase in (found.group(1), found.group(1).split()[0]):
            if depicted.parts_of(phrase) or depicted.parts_of(singular(phrase)):
                return phrase
    return ""


def _figure_or_ground(marks: Marks, *, behind: bool) -> Region:
    things = [number for number, names in enumerate(marks.names) if any(n.startswith("thing:") for n in names)]
    share = np.isin(marks.owner, things).astype(np.float32)
    share = np.clip(blur(share, 1.0) * 1.6, 0, 1)
    return Region("the background", 1 - share) if behind else Region("the subject", share)


def _thing(instruction: str, scene: Scene, marks: Marks) -> Region | None:
    for found in _NAMED.finditer(instruction):
        for phrase in (found.group(1), found.group(1).split()[0]):
            if phrase in _WHOLE:
                continue
            wanted = set(depicted.parts_of(phrase)) | set(depicted.parts_of(singular(phrase)))
            wanted |= {
                f"thing:{subject.key}"
                for subject in scene.subjects
                if singular(subject.word.split()[-1]) == singular(phrase.split()[-1])
            }
            numbers = [number for number, names in enumerate(marks.names) if wanted & set(names)]
            share = np.isin(marks.owner, numbers)
            if share.any():
                return Region(f"the {phrase}", np.clip(blur(share.astype(np.float32), 0.8), 0, 1))
    return None


@functools.cache
def _side(name: str) -> Array:
    rows, columns = np.linspace(0, 1, 128, dtype=np.float32)[:, None], np.linspace(0, 1, 128, dtype=np.float32)[None]
    field = {
        "top": 1 - smooth(0.44, 0.56, rows + columns * 0),
        "bottom": smooth(0.44, 0.56, rows + columns * 0),
        "left": 1 - smooth(0.44, 0.56, columns + rows * 0),
        "right": smooth(0.44, 0.56, columns + rows * 0),
        "middle": 1 - smooth(0.5, 0.75, np.hypot(rows - 0.5, columns - 0.5) * 2),
        "edges": smooth(0.6, 0.95, np.maximum(np.abs(rows - 0.5), np.abs(columns - 0.5)) * 2),
    }[name]
    return np.asarray(field, np.float32)
