"""What kind of pipeline a folder holds, by its own papers, before anything of it is loaded."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.base.errors import Unsupported

INDEX = "model_index.json"
WEIGHTS = "openvino_model.bin"
GRAPH = "openvino_model.xml"
TOKENIZER = "tokenizer/openvino_tokenizer.xml"
MATTING = "Matting"
"""The kind of a model that cuts out: one ONNX graph, no pipeline."""
ONNX = ("onnx/model.onnx", "model.onnx")
"""Where such a model keeps it."""
CONVERT = "optimum-cli export openvino --model {folder} OUT makes one of it (pip install 'optimum[openvino]')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """`kind` is the class that its model_index.json names; `weights` are bytes."""

    kind: str
    weights: int
    takes_pictures: bool
    """Whether it has the part that reads a picture, for image to image and inpainting."""


def examined(folder: Path, known: Collection[str]) -> Pipeline:
    """The pipeline in a folder, one of the `known` classes; or a model that cuts out, which is none.

    Raises:
        Unsupported: there is none, or none that the runtime can load; the message says what to do.
    """
    graph = matting_graph(folder)
    if graph is not None and MATTING in known:
        return Pipeline(kind=MATTING, weights=graph.stat().st_size, takes_pictures=True)
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        kind = str(index["_class_name"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Unsupported(f"{folder} holds no pipeline: it has no {INDEX} that names one.") from None
    if kind not in known:
        raise Unsupported(f"A {kind} cannot be run here; what can: {', '.join(sorted(known))}.", allowed=sorted(known))
    parts = {path.parent.name for path in folder.glob(f"*/{GRAPH}") if path.with_name(WEIGHTS).is_file()}
    missing = [f"{part}/{GRAPH}" for part in ("text_encoder", "vae_decoder") if part not in parts]
    missing += [] if parts & {"unet", "transformer"} else [f"unet/{GRAPH}"]
    missing += [] if (folder / TOKENIZER).is_file() else [TOKENIZER]
    if missing:
        raise Unsupported(
            f"{folder} is no pipeline in OpenVINO's form: it lacks {', '.join(missing)}. "
            f"{CONVERT.format(folder=folder)}."
        )
    return Pipeline(
        kind=kind,
        weights=sum(path.stat().st_size for path in folder.glob("*/*.bin")),
        takes_pictures="vae_encoder" in parts,
    )


def matting_graph(folder: Path) -> Path | None:
    """The graph of a model that cuts out; None where the folder holds a pipeline, or neither."""
    if (folder / INDEX).is_file():
        return None
    return next((folder / name for name in ONNX if (folder / name).is_file()), None)
