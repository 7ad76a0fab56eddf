"""The table of reliability and security, with the figures of this very run: `python -m tests.faults.table`.

`--quick` makes up a fiftieth of the generated inputs and leaves the programs out; `--only A,H` runs those classes;
`--readme` writes the table into README.md. Ends with 1 if anything failed. Two classes run at a time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import tally
from tests.faults.classes import CLASSES, Class
from tests.readme_tables import END, README

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
HEAD = "| class | hand-made inputs | generated | faults injected | failures | seconds |"
LONGEST_FIRST = "EALBDJPHKCFNGIM"
START = "<!-- faults: made by python -m tests.faults.table --readme -->\n"
_said = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a class did; `names` are the tests that failed."""

    counts: Mapping[str, int]
    seconds: float
    names: tuple[str, ...] = ()

    def row(self, name: str) -> str:
        cells = [f"{self.counts.get(key, 0):,}" for key in ("hand", "generated", "injected", "failed")]
        return f"| {name} | {' | '.join(cells)} | {self.seconds:.0f} |"


def measured(letter: str, wanted: Class, *, is_quick: bool) -> Figures:
    started, counts, names = time.monotonic(), Counter[str](), list[str]()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if not is_quick:
        environment[tally.FULL] = "1"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tally.json"
        words = [sys.executable, "-m", "pytest", "-q", "-p", "tests.faults.tally", "-p", "no:cacheprovider"]
        log = subprocess.run(
            [*words, *wanted.tests],
            cwd=ROOT,
            env=environment | {tally.OUT: str(out)},
            capture_output=True,
            text=True,
            check=False,
        )
        if out.exists():
            found: dict[str, Any] = json.loads(out.read_text("utf-8"))
            names += found.pop("names")
            counts.update(found)
        if log.returncode not in (0, 1):
            counts["failed"] += 1
            names.append(f"pytest ended with {log.returncode}: {log.stdout[-500:]}")
    for program in () if is_quick else wanted.programs:
        run = subprocess.run(program.command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        said = program.read(run.stdout)
        counts.update(said)
        if said.get("failed") or run.returncode:
            names.append(f"{' '.join(program.words)}: {(run.stdout + run.stderr)[-1000:]}")
            counts["failed"] += not said.get("failed")
    figures = Figures(counts=counts, seconds=time.monotonic() - started, names=tuple(names))
    with _said:
        sys.stderr.write(figures.row(f"{letter} {wanted.title}") + "\n" + "".join(f"  {name}\n" for name in names))
        sys.stderr.flush()
    return figures


def table(found: Mapping[str, Figures], seconds: float) -> str:
    total = Counter[str]()
    for figures in found.values():
        total.update(figures.counts)
    rows = [figures.row(f"{letter} {CLASSES[letter].title}") for letter, figures in sorted(found.items())]
    return "\n".join([HEAD, "|---|---|---|---|---|---|", *rows, Figures(counts=total, seconds=seconds).row("sum")])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.table")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--readme", action="store_true")
    options = parser.parse_args()
    letters = options.only.split(",") if options.only else sorted(CLASSES, key=LONGEST_FIRST.index)
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {letter: pool.submit(measured, letter, CLASSES[letter], is_quick=options.quick) for letter in letters}
        found = {letter: run.result() for letter, run in runs.items()}
    made = table(found, time.monotonic() - started)
    sys.stdout.write(made + "\n")
    if options.readme:
        text = README.read_text("utf-8")
        before, _, rest = text.partition(START)
        README.write_text(f"{before}{START}{made}\n{END}{rest.partition(END)[2]}", "utf-8")
    return 1 if any(figures.counts.get("failed") for figures in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
