"""The table of reliability and security, with the figures of this very run: `python -m tests.faults.table`.

`--quick` makes up a fiftieth of the generated inputs and leaves the programs out; `--only A,H` runs those classes;
`--from FOLDER` takes the hand-made inputs from the record that a run of the tests has left there (IMGFORGE_TEST_TALLY)
and runs what is generated, and the programs; `--readme` writes the table into README.md. Ends with 1 if anything
failed. Two classes run at a time.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults import tally
from tests.faults.classes import CLASSES, Class
from tests.readme_tables import END, README

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
HEAD = "| class | hand-made inputs | generated | faults injected | failures | seconds |"
GENERATES = "test_generated_"
LONGEST_FIRST = "EALBDJPHKCFNGIM"
START = "<!-- faults: made by python -m tests.faults.table --readme -->\n"
_said = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a class did; `amiss` are the tests that failed or never ran."""

    counts: Mapping[str, int]
    seconds: float
    amiss: tuple[str, ...] = ()

    def row(self, name: str) -> str:
        cells = [f"{self.counts.get(key, 0):,}" for key in ("hand", "generated", "injected", "failed")]
        return f"| {name} | {' | '.join(cells)} | {self.seconds:.0f} |"


def measured(letter: str, wanted: Class, *, is_quick: bool, record: tally.Record | None) -> Figures:
    """Run a class's tests and programs; with a record of an earlier run only what makes up its inputs, in full."""
    started = time.monotonic()
    run = wanted.tests if record is None else [each for each in wanted.tests if GENERATES in each]
    recorded = () if record is None else [each for each in wanted.tests if GENERATES not in each]
    counts, amiss = (record or tally.Record({})).of(recorded)
    earlier = counts.pop("milliseconds", 0) / 1000
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | ({} if is_quick else {tally.FULL: "1"})
    if run:
        found, failed = _tested(run, environment)
        counts.update(found)
        amiss += failed
    for program in () if is_quick else wanted.programs:
        ran = subprocess.run(program.command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        said = program.read(ran.stdout)
        counts.update(said)
        if said.get("failed") or ran.returncode:
            amiss.append(f"{' '.join(program.words)}: {(ran.stdout + ran.stderr)[-1000:]}")
            counts["failed"] += not said.get("failed")
    counts["failed"] = max(counts["failed"], len(amiss))
    figures = Figures(counts=counts, seconds=earlier + time.monotonic() - started, amiss=tuple(amiss))
    with _said:
        sys.stderr.write(figures.row(f"{letter} {wanted.title}") + "\n" + "".join(f"  {each}\n" for each in amiss))
        sys.stderr.flush()
    return figures


def _tested(named: Sequence[str], environment: Mapping[str, str]) -> tuple[Counter[str], list[str]]:
    """What these tests did when they were run, and what was amiss."""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named],
            cwd=ROOT,
            env={**environment, tally.OUT: folder},
            capture_output=True,
            text=True,
            check=False,
        )
        counts, amiss = tally.Record.read(Path(folder)).of(named)
    if ran.returncode not in (0, 1):
        amiss.append(f"pytest ended with {ran.returncode}: {ran.stdout[-500:]}")
    return counts, amiss


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
    parser.add_argument("--from", type=Path, dest="record")
    parser.add_argument("--readme", action="store_true")
    options = parser.parse_args()
    letters = options.only.split(",") if options.only else sorted(CLASSES, key=LONGEST_FIRST.index)
    record = tally.Record.read(options.record) if options.record else None
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        measure = partial(measured, is_quick=options.quick, record=record)
        runs = {letter: pool.submit(measure, letter, CLASSES[letter]) for letter in letters}
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
