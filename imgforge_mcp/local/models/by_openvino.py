"""Drawing by OpenVINO's own pipelines, on the processor."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imgforge_mcp.base.errors import Unsupported
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.models.engines import Step, said_of
from imgforge_mcp.local.serving import Stopped

DEVICE = "CPU"
KINDS = ("InpaintingPipeline", "Image2ImagePipeline", "Text2ImagePipeline")


class OpenVino:
    """A pipeline in memory: for inpainting where it can, which the other kinds then share; else for what it can."""

    def __init__(self, folder: str) -> None:
        """Raises Unsupported: it cannot be loaded. ImportError: the runtime is not installed."""
        import openvino_genai

        self._pipes: dict[str, Any] = {}
        first: Any = None
        failure: Exception | None = None
        for kind in KINDS if (Path(folder) / "vae_encoder").is_dir() else KINDS[2:]:
            try:
                first = getattr(openvino_genai, kind)(first or folder, *(() if first else (DEVICE,)))
                self._pipes[kind] = first
            except (RuntimeError, TypeError) as error:  # this pipeline does not do that
                failure = error
        if "Text2ImagePipeline" not in self._pipes:
            raise Unsupported(f"The model cannot be loaded: {said_of(failure, folder)}")

    def draw(self, order: Json, source: Image.Image | None, mask: Image.Image | None, step: Step) -> Image.Image:
        """As engines.Engine has it."""
        is_over = False

        def stepped(number: int, steps: int, latent: object) -> bool:
            """Asked by a thread of the runtime, which takes True for an end."""
            nonlocal is_over
            is_over = is_over or not step(number, steps)
            return is_over

        drawn = self._generated(order, source, mask, stepped)
        if is_over:
            raise Stopped
        return Image.fromarray(np.array(drawn.data[0], dtype=np.uint8))

    def _generated(self, order: Json, source: Image.Image | None, mask: Image.Image | None, stepped: Any) -> Any:
        settings = {
            "width": order["width"],
            "height": order["height"],
            "num_inference_steps": order["steps"],
            "rng_seed": order["seed"],
            "guidance_scale": order["guidance"],
            "negative_prompt": order["negative_prompt"],
            "strength": order["strength"] if source is not None else None,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        kind = KINDS[2] if source is None else KINDS[1] if mask is None else KINDS[0]
        pictures = [_tensor(each.convert("RGB")) for each in (source, mask) if each is not None]
        return self._pipe(kind).generate(order["prompt"], *pictures, **given, callback=stepped)

    def _pipe(self, kind: str) -> Any:
        if kind not in self._pipes:
            what = {KINDS[0]: "paint into a picture", KINDS[1]: "start from a picture"}[kind]
            raise Unsupported(f"This model cannot {what}.")
        return self._pipes[kind]


def _tensor(picture: Image.Image) -> Any:
    import openvino

    return openvino.Tensor(np.ascontiguousarray(np.asarray(picture)[None]))
