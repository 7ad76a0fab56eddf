"""The inside of the process of a pulled model: loads its pipeline once, and asks after each step whether to go on."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from imgforge_mcp.base.errors import Rejected, Unsupported
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.models import memory
from imgforge_mcp.local.models.matting import Matting
from imgforge_mcp.local.models.pulled import INSTALL
from imgforge_mcp.local.orders import Made
from imgforge_mcp.local.serving import Line, Stopped, serve

LOAD_SHARE = 0.1
DRAW_SHARE = 0.8
"""Of the progress of a picture: loading, all steps; the rest is for turning what came of them into pixels."""
DEVICE = "CPU"
PATIENCE = 5
"""Of a process that keeps every processor at work for minutes."""
FEATHER = 4.0
"""Over how many pixels a painted place passes into what was there."""
SAID = 300
"""Characters of a library's own complaint that are passed on."""


class Engine:
    """A pipeline in memory: for inpainting where it can, which the other kinds then share; else for what it can."""

    def __init__(self, folder: str) -> None:
        import openvino_genai

        self._runtime = openvino_genai
        self._pipes: dict[str, Any] = {}
        kinds = ("InpaintingPipeline", "Image2ImagePipeline", "Text2ImagePipeline")
        first: Any = None
        failure: Exception | None = None
        for kind in kinds if (Path(folder) / "vae_encoder").is_dir() else kinds[2:]:
            try:
                first = getattr(openvino_genai, kind)(first or folder, *(() if first else (DEVICE,)))
                self._pipes[kind] = first
            except (RuntimeError, TypeError) as error:  # this pipeline does not do that
                failure = error
        if "Text2ImagePipeline" not in self._pipes:
            raise Unsupported(f"The model cannot be loaded: {_said(failure)}")

    def draw(self, order: Json, pictures: bytes, line: Line) -> Image.Image:
        """Raises Stopped: it was called off."""
        is_over = False

        def step(number: int, steps: int, latent: object) -> bool:
            nonlocal is_over
            share = LOAD_SHARE + DRAW_SHARE * (number + 1) / steps
            is_over = is_over or not line.may_go_on(share, f"step {number + 1} of {steps}")
            return is_over

        size = (order["width"], order["height"])
        settings = {
            "width": order["width"],
            "height": order["height"],
            "num_inference_steps": order["steps"],
            "rng_seed": order["seed"],
            "guidance_scale": order["guidance"],
            "negative_prompt": order["negative_prompt"],
        }
        given = {name: value for name, value in settings.items() if value is not None}
        source = _picture(pictures[: order["image"]], size, "RGB")
        mask = _picture(pictures[order["image"] :], size, "L")
        drawn = self._generated(order, source, mask, given, step)
        if is_over:
            raise Stopped
        picture = Image.fromarray(np.array(drawn.data[0], dtype=np.uint8))
        if source is None or mask is None:
            return picture
        return Image.composite(picture, source, mask.filter(ImageFilter.GaussianBlur(FEATHER)))

    def _generated(
        self, order: Json, source: Image.Image | None, mask: Image.Image | None, given: Any, step: Any
    ) -> Any:
        prompt = order["prompt"]
        if source is None:
            return self._pipe("Text2ImagePipeline").generate(prompt, **given, callback=step)
        if order["strength"] is not None:
            given["strength"] = order["strength"]
        if mask is None:
            return self._pipe("Image2ImagePipeline").generate(prompt, self._tensor(source), **given, callback=step)
        marks = self._tensor(mask.convert("RGB"))
        return self._pipe("InpaintingPipeline").generate(prompt, self._tensor(source), marks, **given, callback=step)

    def _pipe(self, kind: str) -> Any:
        if kind not in self._pipes:
            what = {"Image2ImagePipeline": "start from a picture", "InpaintingPipeline": "paint into a picture"}[kind]
            raise Unsupported(f"This model cannot {what}.")
        return self._pipes[kind]

    def _tensor(self, picture: Image.Image) -> Any:
        import openvino

        return openvino.Tensor(np.ascontiguousarray(np.asarray(picture)[None]))


def main(folder: str) -> None:
    engine: Engine | Matting | None = None

    def drawn(order: Json, pictures: bytes, line: Line) -> Made:
        """Raises Unsupported: it cannot be loaded, or cannot do that. Rejected: the runtime complained."""
        nonlocal engine
        try:
            if engine is None:
                line.step(0.0, f"loading {order['name']}")
                engine = _loaded(folder, order)
            if isinstance(engine, Matting):
                picture = engine.cut_out(Image.open(io.BytesIO(pictures)))
            else:
                picture = engine.draw(order, pictures, line)
        except (RuntimeError, ValueError, TypeError) as error:  # what the runtime raises: it has no kinds of its own
            raise Rejected(f"{order['name']} could not draw it: {_said(error)}") from error
        return Made(pictures=((_encoded(picture), order["seed"]),))

    serve(drawn, patience=PATIENCE)


def _loaded(folder: str, order: Json) -> Engine | Matting:
    """Raises Unsupported: the runtime is not installed, or there is not the memory; what to do stands in the
    message."""
    try:
        free = memory.available()
        if order["memory"] > free:
            raise Unsupported(
                f"{order['name']} takes about {memory.gib(order['memory'])} of memory and {memory.gib(free)} are free; "
                "close something (another client's server may hold a model of its own), or ask for model illustrator."
            )
        return Matting(folder, DEVICE) if order["cuts_out"] else Engine(folder)
    except ImportError:
        raise Unsupported(f"The runtime of {order['name']} is not installed: {INSTALL}.") from None


def _picture(data: bytes, size: tuple[int, int], mode: str) -> Image.Image | None:
    if not data:
        return None
    picture = Image.open(io.BytesIO(data)).convert(mode)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def _said(error: Exception | None) -> str:
    """The last line of a complaint that says anything: the runtime puts its own places before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:SAID].rstrip(".") + "."


if __name__ == "__main__":
    main(sys.argv[1])
