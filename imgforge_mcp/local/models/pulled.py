"""The models that have been pulled: a folder each below the home, with a paper that says what it is."""

import json
import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.base.errors import InvalidRequest, NotFound
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.models.forms import FORMS, OPENVINO, Form

PAPER = "imgforge.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
STAGING = ".pulling-"
"""How the folder of a model starts that is still on its way; a broken pull goes on where it was."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One of them. `bytes` are those of all its files, `memory` what it is reckoned to take when loaded."""

    name: str
    folder: Path
    form: Form
    pipeline: str
    takes_pictures: bool
    bytes: int
    memory: int
    licence: str
    origin: str

    @property
    def repository(self) -> str:
        """Where it came from, without the revision."""
        return self.origin.partition("@")[0]

    def to_json(self) -> Json:
        said = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "folder"}
        return {**said, "form": self.form.name}


def models_of(home: Path) -> Path:
    """Where the models of a home lie."""
    return home / "models"


def all_pulled(home: Path) -> tuple[Pulled, ...]:
    """By name. A folder whose paper cannot be read is left out, and said so in the log; a home that cannot be used has
    none, which whoever opens it says."""
    try:
        papers = sorted(models_of(home).glob(f"[!.]*/{PAPER}"))
    except OSError:
        return ()
    return tuple(model for paper in papers if (model := _read(paper)) is not None)


def _read(paper: Path) -> Pulled | None:
    try:
        said = json.loads(paper.read_text("utf-8"))
        return Pulled(
            name=paper.parent.name,
            folder=paper.parent,
            form=FORMS[said.get("form", OPENVINO.name)],
            pipeline=str(said["pipeline"]),
            takes_pictures=bool(said["takes_pictures"]),
            bytes=int(said["bytes"]),
            memory=int(said["memory"]),
            licence=str(said["licence"]),
            origin=str(said["origin"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        logger.warning("%s cannot be read; pull the model again", paper)
        return None


def checked_name(name: str) -> str:
    """A name under which a model can be kept: that of `owner/repository` is its last part, in lower case.

    Raises:
        InvalidRequest: it is none.
    """
    kept = name.rsplit("/", 1)[-1].lower()
    if not NAME.fullmatch(kept):
        raise InvalidRequest(
            "A model's name is 1 to 64 small letters, digits and . _ - characters, such as lcm-dreamshaper, or "
            "owner/repository of the hub.",
            field="name",
        )
    return kept


def remove(home: Path, name: str) -> int:
    """Delete a model, or what there is of one that was never finished; how many bytes that gives back. Blocks.

    Raises:
        NotFound: there is none of that name.
    """
    kept = checked_name(name)
    places = [models_of(home) / kept, models_of(home) / f"{STAGING}{kept}"]
    found = [place for place in places if place.is_dir()]
    if not found:
        names = ", ".join(model.name for model in all_pulled(home)) or "none"
        raise NotFound(f"No model of that name is pulled; there is {names}.", name=kept)
    size = sum(path.stat().st_size for place in found for path in place.rglob("*") if path.is_file())
    for place in found:
        shutil.rmtree(place)
    return size
