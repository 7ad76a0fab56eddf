"""What the catalogue knows of models on the user's own machine: those it can name, and what each class of pipeline
takes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from imgforge_mcp.base.types import Json
from imgforge_mcp.catalog import bundled_table, model_of
from imgforge_mcp.catalog.model import ModelSpec

ABOUT = ("repository", "licence", "bytes", "memory")
"""What a row says of a model before it is pulled; the rest is about drawing with it."""

FORMS = ("openvino", "diffusers")
"""In which a pipeline of most classes may lie; a row names them where it is not both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pullable:
    """A model that has a name here: where it is, under which licence, how large (bytes, about), the bytes of memory
    that it takes, and the seconds of a picture on two cores."""

    name: str
    description: str
    repository: str
    licence: str
    bytes: int
    memory: int
    seconds: float


def all_pullable() -> dict[str, Pullable]:
    """By name."""
    found = {}
    for name, row in bundled_table()["pullable"].items():
        about = {part: row[part] for part in ABOUT}
        found[name] = Pullable(name=name, description=row["description"], seconds=_seconds(row), **about)
    return found


def pipelines() -> Mapping[str, Collection[str]]:
    """The classes of pipelines that can be run, by the form in which their weights lie."""
    rows = _kinds().items()
    return {form: frozenset(kind for kind, row in rows if form in row.get("forms", FORMS)) for form in FORMS}


def row_of(
    provider: str, name: str, pipeline: str, repository: str, *, takes_pictures: bool, options: Mapping[str, Any]
) -> ModelSpec:
    """The row of a model that lies on this machine, by its pipeline and by what is known of its repository."""
    known: Json = next((row for row in bundled_table()["pullable"].values() if row["repository"] == repository), {})
    row = {**_kinds()[pipeline], **{part: value for part, value in known.items() if part not in ABOUT}}
    pictures, guidance, more = row.pop("pictures"), row.pop("guidance"), row.pop("options", {})
    row.pop("forms", None)
    said = {
        "id": name,
        "name": name,
        "description": f"A {pipeline} on this machine, from {repository}.",
        "capabilities": ["text_to_image", *(pictures if takes_pictures else ())],
        "max_inputs": 1 if takes_pictures else 0,
        "price": {"image": 0.0},
        "source": "pulled",
        "lane": "models",
        **row,
    }
    return model_of(provider, name, {**said, "options": {**more, **options, "guidance": guidance}})


def _seconds(row: Mapping[str, Any]) -> float:
    """Of the row itself; where it says nothing, of the class that its repository has (LCM, the fast one)."""
    return float(row.get("latency", _kinds()["LatentConsistencyModelPipeline"]["latency"]))


def _kinds() -> Mapping[str, Any]:
    """What the models of each class take."""
    kinds: Mapping[str, Any] = bundled_table()["pipelines"]
    return kinds
