"""From words to a finished picture: parse, paint the place, set the subjects, finish in a style, encode."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imgforge_mcp.local import places
from imgforge_mcp.local.language.parse import parse
from imgforge_mcp.local.pixels import to_image
from imgforge_mcp.local.recalled import KEY, note
from imgforge_mcp.local.scene import Scene
from imgforge_mcp.local.sprites import arrange
from imgforge_mcp.local.stage import Report, open_stage
from imgforge_mcp.local.styles import finish
from imgforge_mcp.local.styles.made import pixelate
from imgforge_mcp.local.text import letter, unwritable

_MOST_PIXELS = 1_280_000
_LEAST_SIDE = 192


def compose(
    prompt: str, width: int, height: int, seed: int, *, style: str | None, negative: str | None, progress: Report
) -> tuple[Image.Image, tuple[str, ...], str]:
    """The picture, its warnings, and the note that it carries of its scene."""
    progress(0.02, "reading the prompt")
    scene = parse(prompt, style=style, negative=negative, width=width, height=height)
    progress(0.08, "setting the scene")
    picture = paint(scene, width, height, seed, progress)
    progress(1.0, "done")
    return picture, warnings_for(scene), note(scene, seed)


def paint(scene: Scene, width: int, height: int, seed: int, progress: Report) -> Image.Image:
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
    return letter(picture, stage)


def warnings_for(scene: Scene) -> tuple[str, ...]:
    notes = []
    if scene.fallback:
        notes.append(
            "Nothing in the prompt could be drawn by the embedded illustrator, so this is an abstract picture."
        )
    if scene.undrawn:
        notes.append("Not drawn: " + ", ".join(scene.undrawn[:12]) + ("…" if len(scene.undrawn) > 12 else "") + ".")
    missing = unwritable(scene.text) if scene.text else ""
    if missing:
        notes.append(f"The typeface has no {' '.join(missing[:12])}.")
    return tuple(notes)


def encode(picture: Image.Image, remembered: str = "") -> bytes:
    stream = io.BytesIO()
    chunks = PngInfo()
    if remembered:
        chunks.add_text(KEY, remembered)
    picture.convert("RGB").save(stream, "PNG", compress_level=3, pnginfo=chunks)
    return stream.getvalue()


def _working_scale(width: int, height: int) -> float:
    """Small pictures are painted larger and reduced, huge ones smaller and enlarged."""
    scale = max(1.0, _LEAST_SIDE / min(width, height))
    return float(min(scale, (_MOST_PIXELS / (width * height)) ** 0.5))
