"""`imgforge-mcp models --pull`, `--pulled` and `--remove`: the models on this machine."""

import argparse
import re
import sys
from pathlib import Path

from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError, InvalidRequest, StorageError
from imgforge_mcp.base.legible import legible
from imgforge_mcp.base.types import Json
from imgforge_mcp.catalog.pullable import all_pullable, pipelines
from imgforge_mcp.cli.lists import of_pullable, of_pulled
from imgforge_mcp.cli.output import BAR, SHOWN, amount_of, failed, overwrite, show
from imgforge_mcp.local.models import pulled
from imgforge_mcp.local.models.forms import DIFFUSERS, FORMS, OPENVINO
from imgforge_mcp.local.models.pulling import Plan, planned, pull
from imgforge_mcp.local.models.sources import Folder, Hub, Source, cached, is_offline
from imgforge_mcp.storage.home import prepare_home

DONE, FAILED, WRONG_USAGE = 0, 1, 2
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
SHOWN_EACH = 2 * 1024 * 1024
"""Bytes after which the line of progress is written anew."""


def run(config: Config, options: argparse.Namespace) -> int:
    """The exit code: 1 where the model could not be had, 2 where it was not agreed to or not said rightly."""
    try:
        prepare_home(config.home)
        if options.pulled:
            return _list(config, options)
        if options.remove:
            return _remove(config, options)
        return _pull(config, options)
    except ForgeError as error:
        return failed(error, options)
    except ImportError as error:
        missing = f"{error.name} is not installed here: {OPENVINO.install}; with an NVIDIA card: {DIFFUSERS.install}"
        print(f"imgforge-mcp: {missing}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on where it was.", file=sys.stderr)
        return FAILED


def _list(config: Config, options: argparse.Namespace) -> int:
    models, known = pulled.all_pulled(config.home), all_pullable()
    here = {model.name for model in models}
    offered = [row for row in known.values() if row.name not in here]
    lines = of_pulled(models) if models else ["No model is pulled."]
    idle = [form for form in FORMS.values() if not form.is_runnable and any(model.form is form for model in models)]
    lines += [f"What draws with some of them ({form.package}) is not installed: {form.install}" for form in idle]
    lines += [
        "",
        "For imgforge-mcp models --pull (any owner/repository of the hub as well):",
        *of_pullable(offered),
    ]
    found: Json = {
        "pulled": [model.to_json() for model in models],
        "can_be_pulled": [{n: getattr(row, n) for n in row.__dataclass_fields__} for row in offered],
        "runtimes_installed": [form.package for form in FORMS.values() if form.is_runnable],
    }
    show(found, options, lines)
    return DONE


def _remove(config: Config, options: argparse.Namespace) -> int:
    name = pulled.checked_name(options.remove)
    try:
        size = pulled.remove(config.home, name)
    except OSError as error:
        raise StorageError(f"{name} could not be deleted ({error.strerror}); is it in use?", name=name) from error
    show({"removed": name, "bytes": size}, options, [f"Removed {name}; {amount_of(size)} are free again."])
    return DONE


def _pull(config: Config, options: argparse.Namespace) -> int:
    known = all_pullable().get(options.pull)
    name = pulled.checked_name(options.pull)
    repository = known.repository if known else options.pull
    source = _source(repository, options)
    source.form.check_runnable(options.source or repository)
    plan = planned(name, source, config.home, known.memory if known and not options.source else None)
    if not _is_agreed(plan, options):
        print("Nothing was fetched.", file=sys.stderr)
        return WRONG_USAGE
    model = pull(plan, config.home, pipelines(), _Shown(is_quiet=options.json))
    lines = [
        f"local/{model.name} is ready: {model.licence}, {amount_of(model.bytes)}, from {model.origin}.",
        "auto draws with it where no provider has a key, otherwise when it is named. A server that is running sees it "
        "when it is started again.",
    ]
    show({"pulled": model.to_json()}, options, lines)
    return DONE


def _source(repository: str, options: argparse.Namespace) -> Source:
    if options.source:
        return Folder(Path(options.source).expanduser().absolute())
    if not REPOSITORY.fullmatch(repository):
        names = ", ".join(all_pullable())
        raise InvalidRequest(
            f"No model is called {repository[:64]} here; there are {names}, any owner/repository of the hub, and any "
            "folder with --from.",
            field="name",
        )
    return cached(repository) if is_offline() else Hub(repository)


def _is_agreed(plan: Plan, options: argparse.Namespace) -> bool:
    """Licence and size are shown first; nobody to ask means no.

    Raises:
        InvalidRequest: nobody can be asked here, and --yes was not said.
    """
    more = "" if plan.missing == plan.bytes else f", {amount_of(plan.missing)} of it still to come"
    said = (
        f"{plan.name} from {plan.source.origin}\n  licence: {plan.source.licence}\n"
        f"  size: {amount_of(plan.bytes)}{more}\n  memory to draw: about {amount_of(plan.memory)}"
    )
    if not options.json:
        print(legible(said, SHOWN), file=sys.stderr)
    if options.yes:
        return True
    if options.json or not sys.stdin.isatty():
        raise InvalidRequest(
            f"{plan.name} ({plan.source.licence}, {amount_of(plan.bytes)}) is fetched when you agree to it: add --yes.",
            field="--yes",
        )
    return input("Fetch it? [y/N] ").strip().lower() in ("y", "yes")


class _Shown:
    """The line of progress, on a terminal."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_shown = sys.stderr.isatty() and not is_quiet
        self._last = -SHOWN_EACH

    def __call__(self, done: int, total: int, what: str) -> None:
        if not self._is_shown or (done < total and done - self._last < SHOWN_EACH):
            return
        self._last = done
        filled = round(done / max(1, total) * BAR)
        overwrite(f"[{'#' * filled}{'-' * (BAR - filled)}] {amount_of(done)} of {amount_of(total)} {what}")
        if done >= total:
            overwrite("")
