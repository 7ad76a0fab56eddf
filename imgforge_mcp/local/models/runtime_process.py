"""The inside of that process: loads one pipeline once, draws one picture after the other from stdin, and asks after
each step whether to go on, until stdin ends."""

import base64
import io
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
from PIL import Image, ImageFilter

from imgforge_mcp.base.errors import ForgeError, Unsupported
from imgforge_mcp.local.models import memory
from imgforge_mcp.local.models.matting import Matting
from imgforge_mcp.local.models.pulled import INSTALL
from imgforge_mcp.local.models.runtime import DRAW_SHARE, GO_ON, LOAD_SHARE

DEVICE = "CPU"
KINDER = 5
"""How much more willing than others this process is to wait for a processor."""
FEATHER = 4.0
"""Over how many pixels a painted place passes into what was there."""
SAID = 300
"""Characters of a library's own complaint that are passed on."""


class Line:
    """To the parent and back; the engine's callback comes from a thread of its own."""

    def __init__(self, answers: IO[bytes], orders: IO[bytes]) -> None:
        self._answers = answers
        self._orders = orders
        self._lock = Lock()

    def order(self) -> dict[str, Any] | None:
        line = self._orders.readline()
        return json.loads(line) if line else None

    def say(self, **said: Any) -> None:
        self._answers.write(json.dumps(said).encode() + b"\n")
        self._answers.flush()

    def may_go_on(self, fraction: float, what: str) -> bool:
        with self._lock:
            self.say(at=round(fraction, 3), what=what)
            return self._orders.readline() == GO_ON


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

    def draw(self, order: dict[str, Any], line: Line) -> Image.Image | None:
        """The picture, or None where it was called off."""
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
        source = _picture(order["image"], size, "RGB")
        mask = _picture(order["mask"], size, "L")
        drawn = self._generated(order, source, mask, given, step)
        if is_over:
            return None
        picture = Image.fromarray(np.array(drawn.data[0], dtype=np.uint8))
        if source is None or mask is None:
            return picture
        return Image.composite(picture, source, mask.filter(ImageFilter.GaussianBlur(FEATHER)))

    def _generated(
        self, order: dict[str, Any], source: Image.Image | None, mask: Image.Image | None, given: Any, step: Any
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
    """Standard output carries answers only: a library that prints does so elsewhere."""
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(KINDER)
    line = Line(answers, sys.stdin.buffer)
    engine: Engine | Matting | None = None
    while (order := line.order()) is not None:
        try:
            if engine is None and not line.may_go_on(0.0, f"loading {order['name']}"):
                line.say(stopped=True)
                continue
            engine = engine or _loaded(folder, order)
            drawn = engine.draw(order, line) if isinstance(engine, Engine) else engine.cut_out(_source(order))
        except ForgeError as error:
            line.say(error=error.message)
        except MemoryError:
            line.say(error=f"The memory did not suffice for {order['name']} at {order['width']}x{order['height']}.")
        except (RuntimeError, ValueError, TypeError) as error:  # what the runtime raises: it has no kinds of its own
            line.say(error=f"{order['name']} could not draw it: {_said(error)}")
        else:
            line.say(**({"stopped": True} if drawn is None else {"picture": _encoded(drawn)}))


def _loaded(folder: str, order: dict[str, Any]) -> Engine | Matting:
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


def _source(order: dict[str, Any]) -> Image.Image:
    """The picture that is to be cut out, as it came."""
    return Image.open(io.BytesIO(base64.b64decode(order["image"])))


def _picture(text: str | None, size: tuple[int, int], mode: str) -> Image.Image | None:
    if text is None:
        return None
    picture = Image.open(io.BytesIO(base64.b64decode(text))).convert(mode)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=3)
    return base64.b64encode(stream.getvalue()).decode()


def _said(error: Exception | None) -> str:
    """The last line of a complaint that says anything: the runtime puts its own places before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:SAID].rstrip(".") + "."


if __name__ == "__main__":
    main(sys.argv[1])
