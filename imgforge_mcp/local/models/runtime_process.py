"""The inside of the process of a pulled model: loads its pipeline once, and asks after each step whether to go on."""

import io
import sys
from pathlib import Path

from PIL import Image, ImageFilter

from imgforge_mcp.base.errors import Rejected, Unsupported
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.models import memory
from imgforge_mcp.local.models.by_diffusers import Diffusers
from imgforge_mcp.local.models.by_openvino import OpenVino
from imgforge_mcp.local.models.engines import Engine, said_of
from imgforge_mcp.local.models.forms import OPENVINO, form_of
from imgforge_mcp.local.models.matting import Matting
from imgforge_mcp.local.models.pipelines import files_of
from imgforge_mcp.local.orders import Made
from imgforge_mcp.local.serving import Line, serve

LOAD_SHARE = 0.1
DRAW_SHARE = 0.8
"""Of the progress of a picture: loading, all steps; the rest is for turning what came of them into pixels."""
PATIENCE = 5
"""Of a process that keeps every processor at work for minutes."""
FEATHER = 4.0
"""Over how many pixels a painted place passes into what was there."""


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
                picture = _drawn(engine, order, pictures, line)
        except (RuntimeError, ValueError, TypeError) as error:  # what the runtime raises: it has no kinds of its own
            raise Rejected(f"{order['name']} could not draw it: {said_of(error, folder)}") from error
        return Made(pictures=((_encoded(picture), order["seed"]),))

    serve(drawn, patience=PATIENCE)


def _loaded(folder: str, order: Json) -> Engine | Matting:
    """Raises Unsupported: the runtime is not installed, or there is not the memory; what to do stands in the
    message."""
    form = form_of(folder, files_of(Path(folder)))
    try:
        free = memory.available()
        if order["memory"] > free:
            raise Unsupported(
                f"{order['name']} takes about {memory.gib(order['memory'])} of memory and {memory.gib(free)} are free; "
                "close something (another client's server may hold a model of its own), or ask for model illustrator."
            )
        if order["cuts_out"]:
            return Matting(folder)
        return OpenVino(folder) if form is OPENVINO else Diffusers(folder)
    except ImportError:
        raise Unsupported(f"The runtime of {order['name']} is not installed: {form.install}.") from None


def _drawn(engine: Engine, order: Json, pictures: bytes, line: Line) -> Image.Image:
    """Raises Stopped: it was called off."""
    size = (order["width"], order["height"])
    source = _picture(pictures[: order["image"]], size, "RGB")
    mask = _picture(pictures[order["image"] :], size, "L")

    def step(number: int, steps: int) -> bool:
        share = LOAD_SHARE + DRAW_SHARE * (number + 1) / steps
        return line.may_go_on(share, f"step {number + 1} of {steps}")

    picture = engine.draw(order, source, mask, step)
    if source is None or mask is None:
        return picture
    return Image.composite(picture, source, mask.filter(ImageFilter.GaussianBlur(FEATHER)))


def _picture(data: bytes, size: tuple[int, int], mode: str) -> Image.Image | None:
    if not data:
        return None
    picture = Image.open(io.BytesIO(data)).convert(mode)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=3)
    return stream.getvalue()


if __name__ == "__main__":
    main(sys.argv[1])
