"""In which form a pipeline's weights lie, and what runs it: OpenVINO's graphs on the processor, or the safetensors of
diffusers on an NVIDIA card. Pickled weights are none: loading one runs what is in it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePosixPath

from imgforge_mcp.base.errors import Unsupported

INDEX = "model_index.json"
GRAPH = "openvino_model.xml"
ONNX = ("onnx/model.onnx", "model.onnx")
"""Where a model that cuts out, one graph and no pipeline, keeps it."""
CONVERT = "optimum-cli export openvino --model {folder} OUT makes one of it (pip install 'optimum[openvino]')"
PAPERS = (".json", ".xml", ".txt", ".model", ".jinja")
"""What lies beside the weights in every form; pictures and programs are left where they are."""
DEEPEST = 2
"""A pipeline's parts lie in folders beside each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`package` is what runs it, `extra` what brings that; `weights` are the paths of its large files, `otherwise` what
    can be done where it is not installed."""

    name: str
    package: str
    extra: str
    weights: re.Pattern[str]
    otherwise: str = ""

    @property
    def is_runnable(self) -> bool:
        """Whether what runs it is installed; nothing is loaded."""
        return find_spec(self.package) is not None

    @property
    def install(self) -> str:
        return f"pip install 'imgforge-mcp[{self.extra}]'"

    def check_runnable(self, what: str) -> None:
        """Raises Unsupported: what runs it is not installed; the message says what to do."""
        if self.is_runnable:
            return
        otherwise = self.otherwise.format(folder=what)
        raise Unsupported(f"{what} is run by {self.package}, which is not installed: {self.install}{otherwise}.")

    def has(self, path: str) -> bool:
        """Whether a file belongs to a model of this form: one of its kinds, in no hidden folder, with no way out of its
        own."""
        pure = PurePosixPath(path)
        is_plain = not pure.is_absolute() and not any(part == ".." or part.startswith(".") for part in pure.parts)
        is_known = pure.suffix in PAPERS or self.weighs(path)
        return is_plain and is_known and "\\" not in path and ":" not in path and len(pure.parts) <= DEEPEST

    def weighs(self, path: str) -> bool:
        """Whether a file holds weights."""
        return self.weights.fullmatch(path) is not None


OPENVINO = Form(
    name="openvino",
    package="openvino_genai",
    extra="models",
    weights=re.compile("|".join((r"(.+/)?openvino_[^/]*\.bin", *map(re.escape, ONNX)))),
)
DIFFUSERS = Form(
    name="diffusers",
    package="diffusers",
    extra="cuda",
    # Those of a part; with one more dot in its name it is a smaller variant of what is there in full.
    weights=re.compile(r"[^/]+/[^/.]+\.safetensors"),
    otherwise=f", or {CONVERT}",
)
FORMS = {form.name: form for form in (OPENVINO, DIFFUSERS)}


def form_of(what: str, paths: Collection[str]) -> Form:
    """By the list of its files alone; where there are both, OpenVINO's, which needs no card.

    Raises:
        Unsupported: it holds nothing that can be run here; nothing need be fetched to know that.
    """
    if INDEX not in paths:
        if any(name in paths for name in ONNX):
            return OPENVINO
        raise Unsupported(f"{what} holds no pipeline: it has no {INDEX}.")
    if any(path.endswith(f"/{GRAPH}") for path in paths):
        return OPENVINO
    if any(map(DIFFUSERS.weighs, paths)):
        return DIFFUSERS
    raise Unsupported(
        f"{what} has neither {GRAPH} nor .safetensors in its parts: it is for another runtime, or pickled, which is "
        f"not loaded here since it may run anything. {CONVERT.format(folder=what)}."
    )
