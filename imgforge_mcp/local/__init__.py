"""The embedded engine: composes an illustration from a prompt, with no key and no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

VERSION = "1.0"
SMALLEST, LARGEST = 64, 2048
Report = Callable[[float, str], None]

__all__ = ["LARGEST", "SMALLEST", "VERSION", "Drawing", "Report", "adjust", "draw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A finished picture; the same prompt, seed, size and VERSION give the same bytes.

    `drawn` and `not_drawn` are words and phrases of the prompt, by what was painted; 'toad: drawn as a frog' where one
    thing stood in for another. `warnings` are sentences for a reader."""

    data: bytes
    width: int
    height: int
    seed: int
    warnings: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()


def draw(
    prompt: str,
    *,
    width: int,
    height: int,
    seed: int,
    style: str | None = None,
    negative_prompt: str | None = None,
    progress: Report | None = None,
) -> Drawing:
    """Any text gives a picture; what could not be drawn is named. Raise in `progress` to cancel."""
    _check_size(width, height)
    from imgforge_mcp.local import engine

    composed = engine.compose(
        prompt, width, height, seed, style=style, negative=negative_prompt, progress=progress or _silent
    )
    return Drawing(
        data=engine.encode(composed.picture, composed.note),
        width=width,
        height=height,
        seed=seed,
        warnings=composed.warnings,
        drawn=composed.account.drawn,
        not_drawn=composed.account.not_drawn,
    )


def adjust(
    data: bytes,
    instruction: str,
    *,
    width: int | None = None,
    height: int | None = None,
    seed: int = 0,
    progress: Report | None = None,
) -> Drawing:
    """Restyle, recolour, crop, extend, caption or resize any picture, given as a packed `base.canvas.Canvas`.

    Raises:
        ValueError: says what is possible.
    """
    if width is not None or height is not None:
        _check_size(width or SMALLEST, height or SMALLEST)
    from imgforge_mcp.local import adjusting, engine

    adjusted = adjusting.adjust(data, instruction, width, height, seed, progress or _silent)
    return Drawing(
        data=engine.encode(adjusted.picture, adjusted.note),
        width=adjusted.picture.width,
        height=adjusted.picture.height,
        seed=seed,
        warnings=adjusted.warnings,
        drawn=adjusted.drawn,
        not_drawn=adjusted.not_drawn,
    )


def _check_size(width: int, height: int) -> None:
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise ValueError(
            f"The embedded illustrator draws {SMALLEST} to {LARGEST} pixels a side, not {width}x{height}; "
            "ask for a size within that."
        )


def _silent(_fraction: float, _what: str) -> None:
    return None
