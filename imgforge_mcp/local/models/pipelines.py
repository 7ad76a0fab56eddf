"""What kind of pipeline a folder holds, by its own papers, before anything of it is loaded."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgforge_mcp.base.errors import Unsupported
from imgforge_mcp.local.models.forms import CONVERT, DIFFUSERS, GRAPH, INDEX, ONNX, OPENVINO, Form, form_of

WEIGHTS = "openvino_model.bin"
TOKENIZER = "tokenizer/openvino_tokenizer.xml"
MATTING = "Matting"
"""The kind of a model that cuts out: one ONNX graph, no pipeline."""
DENOISERS = ("unet", "transformer")
Kinds = Mapping[str, Collection[str]]
"""The classes of pipelines that can be run, by the name of their form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """`kind` is the class that its model_index.json names."""

    kind: str
    form: Form
    takes_pictures: bool
    """Whether it has the part that reads a picture, for image to image and inpainting."""


def examined(folder: Path, known: Kinds) -> Pipeline:
    """The pipeline in a folder, one of the `known` classes; or a model that cuts out, which is none.

    Raises:
        Unsupported: there is none, or none that can be loaded; the message says what to do.
    """
    form = form_of(str(folder), files_of(folder))
    if matting_graph(folder) is not None:
        return Pipeline(kind=MATTING, form=form, takes_pictures=True)
    index = _index(folder)
    kind, kinds = str(index["_class_name"]), known[form.name]
    if kind not in kinds:
        raise Unsupported(f"A {kind} cannot be run here; what can: {', '.join(sorted(kinds))}.", allowed=sorted(kinds))
    return _of_openvino(folder, kind) if form is OPENVINO else _of_diffusers(folder, kind, index)


def files_of(folder: Path) -> list[str]:
    """Every file below a folder, as its list would have it."""
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]


def matting_graph(folder: Path) -> Path | None:
    """The graph of a model that cuts out; None where the folder holds a pipeline, or neither."""
    if (folder / INDEX).is_file():
        return None
    return next((folder / name for name in ONNX if (folder / name).is_file()), None)


def _index(folder: Path) -> dict[str, Any]:
    """Raises Unsupported: it cannot be read, or names no class."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        str(index["_class_name"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Unsupported(f"{folder} holds no pipeline: it has no {INDEX} that names one.") from None
    return dict(index)


def _of_openvino(folder: Path, kind: str) -> Pipeline:
    parts = {path.parent.name for path in folder.glob(f"*/{GRAPH}") if path.with_name(WEIGHTS).is_file()}
    missing = [f"{part}/{GRAPH}" for part in ("text_encoder", "vae_decoder") if part not in parts]
    missing += [] if parts.intersection(DENOISERS) else [f"unet/{GRAPH}"]
    missing += [] if (folder / TOKENIZER).is_file() else [TOKENIZER]
    if missing:
        raise Unsupported(
            f"{folder} is no pipeline in OpenVINO's form: it lacks {', '.join(missing)}. "
            f"{CONVERT.format(folder=folder)}."
        )
    return Pipeline(kind=kind, form=OPENVINO, takes_pictures="vae_encoder" in parts)


def _of_diffusers(folder: Path, kind: str, index: Mapping[str, Any]) -> Pipeline:
    """Whatever its index names is there; a part by itself is null in it."""
    named = [name for name, value in index.items() if isinstance(value, list) and value and value[0] is not None]
    missing = [f"{name}/" for name in named if not (folder / name).is_dir()]
    weighted = ("text_encoder", "vae", next((name for name in DENOISERS if name in named), DENOISERS[0]))
    missing += [f"{name}/*.safetensors" for name in weighted if not any((folder / name).glob("*.safetensors"))]
    if missing:
        raise Unsupported(f"{folder} is no pipeline in diffusers' form: it lacks {', '.join(missing)}.")
    return Pipeline(kind=kind, form=DIFFUSERS, takes_pictures=True)
