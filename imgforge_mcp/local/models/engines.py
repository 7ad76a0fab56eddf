"""What a pulled model does when it is loaded, whatever runs it."""

from collections.abc import Callable
from typing import Protocol

from PIL import Image

from imgforge_mcp.base.types import Json

SAID = 300
"""Characters of a library's own complaint that are passed on."""
Step = Callable[[int, int], bool]
"""Told after each step its number from 0 on and how many there are; whether to go on."""


class Engine(Protocol):
    """A pipeline in memory."""

    def draw(self, order: Json, source: Image.Image | None, mask: Image.Image | None, step: Step) -> Image.Image:
        """A picture by what rendering.Rendering orders, from a picture and into where a mask is white, where there are
        any; both are of the size that was ordered.

        Raises:
            Stopped: it was called off.
            Unsupported: this pipeline does not do that.
            RuntimeError, ValueError, TypeError: what the libraries raise; they have no kinds of their own.
        """


def said_of(error: Exception | None, folder: str) -> str:
    """The last line of a complaint that says anything: a runtime puts its own places before it. Where the model lies is
    left out: others may read it."""
    lines = [line.strip() for line in str(error).replace(folder, "").splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:SAID].rstrip(".") + "."
