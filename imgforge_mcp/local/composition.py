"""What the illustrator is asked for: pictures composed from a prompt, or a picture changed as it says."""

from dataclasses import dataclass, fields

from imgforge_mcp.local.orders import Order

MODULE = "imgforge_mcp.local.illustrator_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """`n` pictures with seeds that count up from `seed`; sizes in pixels, left out for a picture that keeps its own.
    `canvas` is a packed `base.canvas.Canvas` to change, empty where there is none."""

    prompt: str
    seed: int
    n: int = 1
    width: int | None = None
    height: int | None = None
    style: str | None = None
    negative_prompt: str | None = None
    canvas: bytes = b""

    def order(self) -> Order:
        said = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "canvas"}
        return Order(module=MODULE, name="the illustrator", said=said, data=self.canvas)
