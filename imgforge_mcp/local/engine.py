"""From words to a finished picture: parse, paint the place, set the subjects, finish in a style, encode."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imgforge_mcp.base.canvas import NOTE
from imgforge_mcp.local import places
from imgforge_mcp.local.account import Account, account_of
from imgforge_mcp.local.language.parse import parse
from imgforge_mcp.local.marks import Marks
from imgforge_mcp.local.pixels import to_image
from imgforge_mcp.local.recalled import note
from imgforge_mcp.local.scene import Scene
from imgforge_mcp.local.sprites import arrange
from imgforge_mcp.local.stage import Report, open_stage
from imgforge_mcp.local.styles import finish
from imgforge_mcp.local.styles.made import pixelate
from imgforge_mcp.local.text import letter, unwritable

_MOST_PIXELS = 1_280_000
_LEAST_SIDE = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A picture, its account, the sentences a reader should see, the note of its scene, and its map of parts."""

    picture: Image.Image
    account: Account
    warnings: tuple[str, ...]
    note: str
    marks: Marks


def compose(
    prompt: str, width: int, height: int, seed: int, *, style: str | None, negative: str | None, progress: Report
) -> Composed:
    progress(0.02, "reading the prompt")
    scene = parse(prompt, style=style, negative=negative, width=width, height=height)
    progress(0.08, "setting the scene")
    picture, marks = paint(scene, width, height, seed, progress)
    progress(1.0, "done")
    account = account_of(scene.claims, marks.shown())
    return Composed(
        picture=picture,
        account=account,
        warnings=(*_notes(scene), *account.sentences, *scene.readings),
        note=note(scene, seed),
        marks=marks,
    )


def paint(scene: Scene, width: int, height: int, seed: int, progress: Report) -> tuple[Image.Image, Marks]:
    """The picture, and what of it is what."""
    scale = _working_scale(width, height)
    inner_width, inner_height = max(8, round(width * scale)), max(8, round(height * scale))
    stage = open_stage(scene, inner_width, inner_height, seed, progress)
    places.paint(stage)
    progress(0.6, "the place")
    arrange.set_subjects(stage)
    progress(0.75, "the subjects")
    finish(stage)
    progress(0.9, "the style")
    np.clip(stage.image, 0, 1, out=stage.image)
    picture = to_image(stage.image)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    if "pixel" in scene.styles:
        picture = pixelate(picture)
        stage.tell("style:pixel")
    return letter(picture, stage), stage.marks


def _notes(scene: Scene) -> tuple[str, ...]:
    notes = []
    if scene.fallback:
        notes.append(
            "Nothing in the prompt could be drawn by the embedded illustrator, so this is an abstract picture."
        )
    missing = unwritable(scene.text) if scene.text else ""
    if missing:
        notes.append(f"The typeface has no {' '.join(missing[:12])}.")
    return tuple(notes)


def encode(picture: Image.Image, remembered: str = "") -> bytes:
    stream = io.BytesIO()
    chunks = PngInfo()
    if remembered:
        chunks.add_text(NOTE, remembered)
    picture.convert("RGB").save(stream, "PNG", compress_level=3, pnginfo=chunks)
    return stream.getvalue()


def _working_scale(width: int, height: int) -> float:
    """Small pictures are painted larger and reduced, huge ones smaller and enlarged."""
    scale = max(1.0, _LEAST_SIDE / min(width, height))
    return float(min(scale, (_MOST_PIXELS / (width * height)) ** 0.5))
