"""The stage: a picture being painted, with its light, its ground and its dice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from PIL import Image

from imgforge_mcp.local.light import Light, light_for
from imgforge_mcp.local.marks import Marks
from imgforge_mcp.local.noise import Noise
from imgforge_mcp.local.pixels import Array
from imgforge_mcp.local.scene import Scene
from imgforge_mcp.local.vector import Layer, lay

Report = Callable[[float, str], None]
Surface = Literal["ground", "water", "table", "float", "air", "flat"]


@dataclass(slots=True)
class Stage:
    """Places paint `image` and say where subjects may stand: `horizon`, `ground` and `surface`, in pixels.

    `focus` is where the subjects are, 0 to 1, for styles that spare them; `marks` is where every part is; `trees` are
    those that grow here, once one has been wanted."""

    scene: Scene
    width: int
    height: int
    noise: Noise
    rng: np.random.Generator
    light: Light
    report: Report
    image: Array
    horizon: int
    ground: float
    sun: tuple[float, float]
    marks: Marks
    surface: Surface = "ground"
    water: Array | None = None
    shadow: float = 0.42
    reflect: float = 0.0
    tuck: bool = False
    focus: Array | None = None
    trees: list[Image.Image] = field(default_factory=list)

    @property
    def unit(self) -> float:
        """One pixel of a picture whose shorter side is 1024."""
        return min(self.width, self.height) / 1024

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def dice(self, layer: int) -> np.random.Generator:
        """Dice of their own for one layer, so that a change in one room does not change the others."""
        return self.noise.rng(5000 + layer)

    @contextmanager
    def part(self, *names: str) -> Iterator[None]:
        """What is painted inside is these things: the cells of the picture that it changes are theirs."""
        before = self.marks.sampled(self.image)
        yield
        self.marks.own(names, self.marks.changed(before, self.marks.sampled(self.image)))

    @contextmanager
    def veil(self, *names: str) -> Iterator[None]:
        """What is painted inside lies over everything and hides nothing: mist, rain, a style."""
        before = self.marks.sampled(self.image)
        yield
        self.marks.veil(names, int(self.marks.changed(before, self.marks.sampled(self.image)).sum()))

    def tell(self, *names: str) -> None:
        """The picture as a whole is this: its hour, its season, its place."""
        self.marks.veil(names, self.marks.owner.size)

    def lay(self, layer: Layer, strength: float = 1.0) -> None:
        """Lays a layer over the picture, and notes which of its parts are where."""
        painted = layer.render()
        self.image = lay(self.image, painted, strength)
        self.note(layer, painted)

    def note(self, layer: Layer, painted: Array) -> None:
        for names, mask in layer.parts(self.marks.owner.shape, self.marks.sampled(painted[..., 3])):
            self.marks.own(names, mask)


def open_stage(scene: Scene, width: int, height: int, seed: int, report: Report, marks: Marks | None = None) -> Stage:
    noise = Noise(seed, min(width, height))
    rng = noise.rng(1)
    light = light_for(scene)
    horizon = int(height * 0.52)
    side = float(rng.choice([rng.uniform(0.2, 0.42), rng.uniform(0.58, 0.8)]))
    return Stage(
        scene=scene,
        width=width,
        height=height,
        noise=noise,
        rng=rng,
        light=light,
        report=report,
        image=np.zeros((height, width, 3), np.float32),
        horizon=horizon,
        ground=height * 0.86,
        sun=(side * width, horizon * (1 - light.height)),
        marks=marks or Marks(height, width),
    )
