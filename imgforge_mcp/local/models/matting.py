"""Cutting out by a matting model, inside the process of a pulled model: ONNX, read by OpenVINO."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imgforge_mcp.base.errors import Unsupported
from imgforge_mcp.local.models.by_openvino import DEVICE
from imgforge_mcp.local.models.engines import said_of
from imgforge_mcp.local.models.pipelines import matting_graph

SIDE = 1024
"""Pixels that a picture is scaled to where neither the model nor its papers say."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that such models are trained with; their papers may say others."""
CONFIG = "preprocessor_config.json"


class Matting:
    """A model in memory that tells subject from background, pixel by pixel."""

    def __init__(self, folder: str) -> None:
        import openvino

        graph = matting_graph(Path(folder))
        if graph is None:
            raise Unsupported(f"{folder} holds no model that cuts out.")
        try:
            self._model = openvino.Core().compile_model(graph, DEVICE)
        except RuntimeError as error:
            raise Unsupported(f"The model cannot be loaded: {said_of(error, folder)}") from None
        papers = _papers(Path(folder))
        self._size = _fixed_size(self._model) or _said_size(papers)
        self._mean = np.array(papers.get("image_mean", MEAN), np.float32)
        self._deviation = np.array(papers.get("image_std", DEVIATION), np.float32)

    def cut_out(self, picture: Image.Image) -> Image.Image:
        """The picture with what is not its subject transparent."""
        width, height = self._size
        small = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
        values = (np.asarray(small, np.float32) / 255.0 - self._mean) / self._deviation
        answer = self._model(values.transpose(2, 0, 1)[None])[0]
        mask = np.asarray(answer, np.float32).reshape(-1, *answer.shape[-2:])[0]
        if mask.min() < 0.0 or mask.max() > 1.0:  # logits; others give the share itself
            mask = 1.0 / (1.0 + np.exp(-np.clip(mask, -60.0, 60.0)))
        alpha = Image.fromarray((mask * 255.0 + 0.5).astype(np.uint8)).resize(picture.size, Image.Resampling.BICUBIC)
        shown = picture.convert("RGBA")
        shown.putalpha(Image.fromarray(np.minimum(np.asarray(alpha), np.asarray(shown.getchannel("A")))))
        return shown


def _papers(folder: Path) -> dict[str, Any]:
    """What the model's papers say of how a picture is prepared; nothing where there are none."""
    try:
        said = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _fixed_size(model: Any) -> tuple[int, int] | None:
    shape = model.input(0).partial_shape
    if shape.rank.is_dynamic or any(shape[axis].is_dynamic for axis in (2, 3)):
        return None
    return int(shape[3].get_length()), int(shape[2].get_length())


def _said_size(papers: dict[str, Any]) -> tuple[int, int]:
    size = papers.get("size")
    match size:
        case {"width": int(width), "height": int(height)}:
            return width, height
        case {"shortest_edge": int(side)} | int(side):
            return side, side
    return SIDE, SIDE
