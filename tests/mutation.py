"""Changes the code that money, keys and files hang on, line by line, and counts the changes that no test notices.

`python -m tests.mutation [--keep DIR] [NAME …]` runs mutmut for each module with the tests that judge it, and ends with
1 where fewer than 85 of 100 changes are noticed. Below DIR/NAME `mutmut results` and `mutmut show` tell which were not.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

AIM = 0.85
ROOT = Path(__file__).parent.parent
COPIED = ("imgforge_mcp", "tests", "README.md")
SETTINGS = r"""[mutmut]
source_paths = imgforge_mcp
only_mutate =
    {sources}
do_not_mutate_patterns = logger\.\w+
pytest_add_cli_args =
    -p
    no:cacheprovider
    -k
    not machines
pytest_add_cli_args_test_selection =
    {tests}
timeout_constant = 5.0
timeout_multiplier = 3.0
use_git_change_detection = false
"""
"""What a log says is for people; nobody tests it. What registries of many machines share with the one in a file is
judged by that one: the others would be started anew for every change."""
UNNOTICED = (0, 33)
"""mutmut's exit codes of a change that all its tests outlived, and of one that no test came by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Modules below `imgforge_mcp`, the tests that judge them, and which of the changes, as mutmut names them."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    only: tuple[str, ...] = ()


REGISTRY = "storage/registry/sql"
SEEDS = "faults/test_simulation.py::test_whatever_fails_and_whoever_dies_the_books_say_what_happened[0]"
JUDGED = {
    "redaction": Judged(sources=("base/redaction.py",), tests=("base/test_redaction.py",)),
    "addresses": Judged(sources=("net/addresses.py",), tests=("net/test_addresses.py",)),
    "paths": Judged(sources=("storage/paths.py", "storage/names.py"), tests=("storage/test_paths.py",)),
    "budget": Judged(sources=(f"{REGISTRY}/budget.py",), tests=("storage/test_registry_jobs.py",)),
    "eviction": Judged(
        sources=(f"{REGISTRY}/eviction.py", f"{REGISTRY}/assets.py"), tests=("storage/test_registry_assets.py",)
    ),
    "lease": Judged(
        sources=(f"{REGISTRY}/jobs.py",),
        tests=tuple(f"storage/test_registry_{part}.py" for part in ("jobs", "late", "lists", "queue")),
    ),
    "idempotency": Judged(
        sources=("base/types.py", "jobs/joining.py"),
        tests=("jobs/test_joining.py",),
        only=("*fingerprint*", "*equal_calls*"),
    ),
    "attempts": Judged(
        sources=("jobs/attempts.py",),
        tests=("faults/test_settling.py", "faults/test_attempts.py", "faults/test_late.py", SEEDS),
    ),
}


def judge(name: str, folder: Path) -> tuple[int, int]:
    """How many changes there were, and how many of them a test noticed. Raises CalledProcessError: mutmut failed."""
    judged = JUDGED[name]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in COPIED:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    settings = {
        "sources": "\n    ".join(f"imgforge_mcp/{source}" for source in judged.sources),
        "tests": "\n    ".join(f"tests/{test}" for test in judged.tests),
    }
    (folder / "setup.cfg").write_text(SETTINGS.format(**settings), "utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *judged.only]
    with (folder / "mutmut.log").open("w") as log:
        subprocess.run(run, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, check=True)
    codes = [code for source in judged.sources for code in exit_codes(folder / f"mutants/imgforge_mcp/{source}.meta")]
    return len(codes), sum(code not in UNNOTICED for code in codes)


def exit_codes(meta: Path) -> list[int]:
    """mutmut's exit codes of the changes of one module, as far as they were tried."""
    found = json.loads(meta.read_text("utf-8"))["exit_code_by_key"].values()
    return [code for code in found if code is not None]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*JUDGED, []], metavar="NAME", help=", ".join(JUDGED))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the changed code stays; else it is removed")
    options = parser.parse_args()
    is_reached = True
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.names or JUDGED:
            changes, noticed = judge(name, (options.keep or Path(temporary)).resolve() / name)
            print(f"{name:12} {changes:4} changes, {noticed:4} noticed: {100 * noticed / changes:.1f} %", flush=True)
            is_reached = is_reached and noticed / changes >= AIM
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
