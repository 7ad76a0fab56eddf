"""The manners a picture can be finished in; `finish` applies those of the scene, `restyle` any one to any picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from imgforge_mcp.local.pixels import Array, blur, mix
from imgforge_mcp.local.stage import Stage
from imgforge_mcp.local.styles import camera, drawn, made, painted
from imgforge_mcp.local.styles.brush import Brush
from imgforge_mcp.local.weather import fall

STYLES: dict[str, Callable[[Array, Brush], Array]] = {
    "watercolour": painted.watercolour,
    "oil": painted.oil,
    "pastel": painted.pastel,
    "pencil": drawn.pencil,
    "ink": drawn.ink,
    "anime": drawn.anime,
    "pop": drawn.pop,
    "flat": made.flat,
    "papercut": made.papercut,
    "glass": made.glass,
    "clay": made.clay,
    "neon": camera.neon,
    "noir": camera.noir,
    "cinematic": camera.cinematic,
    "vintage": camera.vintage,
    "pixel": made.quiet,
}
_COARSE = frozenset({"flat", "papercut", "glass", "clay", "pop", "watercolour", "oil", "pastel", "anime"})
_GRADES = frozenset({"neon", "noir", "cinematic", "vintage"})
_LIT_ALREADY = frozenset({"city", "street"})


def finish(stage: Stage) -> None:
    """Weather, then the scene's style of the hand, then its style of the camera."""
    fall(stage)
    names = list(dict.fromkeys(name for name in stage.scene.styles if name in STYLES))
    if "neon" in names and stage.scene.place in _LIT_ALREADY:
        names.remove("neon")
    brush = Brush(stage.noise, stage.shape, stage.unit, stage.light.overcast)
    is_drawn = any(name not in _GRADES for name in names)
    stage.tell(*(f"style:{name}" for name in _used(names)))
    if not is_drawn and stage.surface != "flat":
        stage.image = camera.develop(stage.image, brush)
    stage.image = restyle(stage.image, names, brush, stage.focus)


def restyle(picture: Array, names: list[str], brush: Brush, focus: Array | None = None) -> Array:
    """At most one style of the hand, then the grades; what stands in `focus` keeps more of its detail."""
    used = _used(names)
    hands = [name for name in used if name not in _GRADES]
    grades = [name for name in used if name in _GRADES]
    for name in hands:
        picture = np.clip(picture, 0, 1)
        styled = STYLES[name](picture, brush)
        if focus is not None and name in _COARSE:
            styled = _refocus(picture, styled, name, brush, focus)
        picture = np.clip(styled, 0, 1).astype(np.float32)
    for name in grades:
        picture = np.clip(STYLES[name](picture, brush), 0, 1).astype(np.float32)
    return picture


def _used(names: list[str]) -> list[str]:
    """One of the hand, and the grades that go with it."""
    hands = [name for name in names if name not in _GRADES][:1]
    return hands + [name for name in names if name in _GRADES and not (name == "cinematic" and hands)]


def _refocus(picture: Array, styled: Array, name: str, brush: Brush, focus: Array) -> Array:
    """The subjects done again with a finer hand, on their own part of the picture."""
    rows, columns = np.nonzero(focus.max(axis=1) > 0.5)[0], np.nonzero(focus.max(axis=0) > 0.5)[0]
    if not len(rows) or not len(columns):
        return styled
    pad = int(24 * brush.unit) + 2
    top, bottom = max(0, rows[0] - pad), min(brush.shape[0], rows[-1] + pad)
    left, right = max(0, columns[0] - pad), min(brush.shape[1], columns[-1] + pad)
    if bottom - top < 16 or right - left < 16:
        return styled
    part = np.ascontiguousarray(picture[top:bottom, left:right])
    finer = replace(brush, shape=part.shape[:2], fine=0.4)
    mask = focus[top:bottom, left:right]
    if name == "watercolour":
        redone = painted.wash(part, finer)
    elif name == "papercut":
        redone = made.papercut(part, finer, base=styled[top:bottom, left:right], mask=mask)
    else:
        redone = STYLES[name](part, finer)
    result = styled.copy()
    result[top:bottom, left:right] = mix(
        result[top:bottom, left:right], redone, blur(mask, 1.2 * brush.unit)[..., None]
    )
    return result
