"""Bringing a model here: listed, weighed, fetched file by file, each compared with what it must be, and only then in
its place."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.base.errors import StorageError, Unavailable, Unsupported
from imgforge_mcp.local.models import memory
from imgforge_mcp.local.models.pipelines import Kinds, examined, files_of
from imgforge_mcp.local.models.pulled import PAPER, STAGING, Pulled, models_of
from imgforge_mcp.local.models.sources import Listed, Source

SPARE = 512 * 1024 * 1024
"""Bytes of the disk that a model leaves free."""
TRIES = 2
"""How often a file is fetched that does not come as it was listed."""
HUBS_OWN = ".cache"
"""Where the hub's library keeps what it has of a file that is still on its way."""
Report = Callable[[int, int, str], None]
"""Told bytes that are here, bytes in all, and what is coming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be fetched: `bytes` in all, `missing` of them still to come, `memory` as far as it is known."""

    name: str
    source: Source
    staging: Path
    bytes: int
    missing: int
    memory: int


def planned(name: str, source: Source, home: Path, memory_needed: int | None = None) -> Plan:
    """What pulling takes, after a look at this machine's disk and memory. Blocks.

    Raises:
        StorageError: the disk has no room for it.
        Unsupported: the machine has not the memory that it takes.
    """
    staging = models_of(home) / f"{STAGING}{name}"
    size = sum(listed.size for listed in source.files)
    weights = sum(listed.size for listed in source.files if source.form.weighs(str(listed.path)))
    here = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file()) if staging.is_dir() else 0
    missing = max(0, size - here)
    needed = memory_needed or memory.estimated(weights)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    if missing + SPARE > free:
        raise StorageError(
            f"{name} takes {memory.gib(missing)} more in {models_of(home)}, where {memory.gib(free)} are free.",
            path=str(models_of(home)),
        )
    if needed > memory.total():
        raise Unsupported(
            f"{name} takes about {memory.gib(needed)} of memory to draw; this machine has {memory.gib(memory.total())}."
        )
    return Plan(name=name, source=source, staging=staging, bytes=size, missing=missing, memory=needed)


def pull(plan: Plan, home: Path, known: Kinds, report: Report) -> Pulled:
    """Fetch and compare every file, then put the model in the place of an older one of its name. Blocks; may be broken
    off at any moment and goes on from there.

    Raises:
        Unavailable: the source does not answer, or what it sends is not what it lists.
        Unsupported: it is no pipeline that can be run here.
        StorageError: it cannot be written.
    """
    try:
        return _pulled(plan, home, known, report)
    except OSError as error:
        raise StorageError(
            f"The model could not be written to {plan.staging} ({error.strerror}).", path=str(plan.staging)
        ) from error


def _pulled(plan: Plan, home: Path, known: Kinds, report: Report) -> Pulled:
    plan.staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    _leave_only(plan)
    digests: dict[str, str] = {}
    done = 0
    for listed in plan.source.files:
        digests[str(listed.path)] = _brought(plan, listed, done, report)
        done += listed.size
        report(done, plan.bytes, str(listed.path))
    pipeline = examined(plan.staging, known)
    shutil.rmtree(plan.staging / HUBS_OWN, ignore_errors=True)
    said = {
        "pipeline": pipeline.kind,
        "takes_pictures": pipeline.takes_pictures,
        "bytes": plan.bytes,
        "memory": plan.memory,
        "licence": plan.source.licence,
        "origin": plan.source.origin,
    }
    paper = {"form": pipeline.form.name, **said, "sha256": digests}
    (plan.staging / PAPER).write_text(json.dumps(paper, indent=2), "utf-8")
    folder = models_of(home) / plan.name
    if folder.exists():
        shutil.rmtree(folder)
    plan.staging.rename(folder)
    return Pulled(name=plan.name, folder=folder, form=pipeline.form, **said)  # type: ignore[arg-type]


def _leave_only(plan: Plan) -> None:
    """What an earlier try from elsewhere left under this name is no part of this model."""
    wanted = {str(listed.path) for listed in plan.source.files}
    for name in files_of(plan.staging):
        if name not in wanted and not name.startswith(HUBS_OWN):
            (plan.staging / name).unlink()


def _brought(plan: Plan, listed: Listed, done: int, report: Report) -> str:
    """The SHA-256 of one file, which is there and is what was listed."""
    place = plan.staging / listed.path
    place.parent.mkdir(parents=True, exist_ok=True)
    come = 0

    def told(more: int) -> None:
        nonlocal come
        come = min(listed.size, come + more)
        report(done + come, plan.bytes, str(listed.path))

    for _ in range(TRIES):
        plan.source.bring(listed, plan.staging, told)
        if (digest := listed.is_like(place)) is not None:
            return digest
        place.unlink()
        come = 0
    raise Unavailable(f"{listed.path} came twice with another SHA-256 than the source lists; nothing of it is used.")
