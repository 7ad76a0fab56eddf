"""What a pulled model is asked for: one picture."""

import base64
from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.base.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """One picture that a pulled model is to make; or, where it `cuts_out`, to cut out of `image`. `image` and `mask`
    (white: to be painted) are encoded pictures; `memory` is what loading may take, in bytes."""

    name: str
    folder: Path
    memory: int
    prompt: str = ""
    width: int
    height: int
    seed: int = 0
    steps: int = 1
    guidance: float | None = None
    negative_prompt: str | None = None
    image: bytes | None = None
    mask: bytes | None = None
    strength: float | None = None
    cuts_out: bool = False

    def to_json(self) -> Json:
        pictures = {name: _text(getattr(self, name)) for name in ("image", "mask")}
        plain = ("prompt", "width", "height", "seed", "steps", "guidance", "negative_prompt", "strength", "cuts_out")
        return {"name": self.name, "memory": self.memory, **{n: getattr(self, n) for n in plain}, **pictures}


def _text(picture: bytes | None) -> str | None:
    return None if picture is None else base64.b64encode(picture).decode()
