"""What a pulled model is asked for: one picture."""

from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.local.orders import Order

MODULE = "imgforge_mcp.local.models.runtime_process"


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

    def order(self) -> Order:
        plain = ("name", "memory", "prompt", "width", "height", "seed", "steps", "guidance", "negative_prompt")
        said = {name: getattr(self, name) for name in (*plain, "strength", "cuts_out")}
        image, mask = self.image or b"", self.mask or b""
        return Order(
            module=MODULE,
            arguments=(str(self.folder),),
            name=self.name,
            said={**said, "image": len(image)},
            data=image + mask,
        )
