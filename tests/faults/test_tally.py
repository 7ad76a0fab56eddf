"""The figures of the table are those of the runs that it was made of."""

import os
import subprocess
import sys
from pathlib import Path

from tests.faults import tally
from tests.faults.tally import OUT, Record

SAMPLE = "tests/base/test_redaction.py"
GENERATED = "tests/faults/test_generated_inputs.py::test_no_path_leads_out_of_the_allowed_folder"
ROOT = Path(__file__).parents[2]


def test_a_run_that_is_shared_out_leaves_the_record_of_every_test(tmp_path: Path) -> None:
    words = ["-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", SAMPLE, GENERATED]
    subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), OUT: str(tmp_path)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    record = Record.read(tmp_path)
    counts, amiss = record.of([SAMPLE])
    assert (counts["hand"], counts["failed"], amiss) == (len(record.tests) - 1, 0, [])
    counts, _ = record.of([GENERATED])
    assert (counts["hand"], counts["generated"]) == (1, tally.size(5_000))


def test_what_failed_or_never_ran_is_named() -> None:
    record = Record(
        {"a.py::test_b[c]": {"hand": 1, "failed": 1}, "a.py::test_b2": {"hand": 1}, "ab.py::x": {"hand": 1}}
    )
    assert record.of(["a.py::test_b"]) == ({"hand": 1, "failed": 1}, ["a.py::test_b[c]"])
    assert record.of(["a.py", "c.py"]) == ({"hand": 2, "failed": 1}, ["a.py::test_b[c]", "c.py: not run"])


def test_of_a_test_that_is_run_again_the_later_record_counts(tmp_path: Path) -> None:
    (tmp_path / "2.json").write_text('{"a.py::b": {"failed": 0}}', "utf-8")
    (tmp_path / "1.json").write_text('{"a.py::b": {"failed": 1}, "a.py::c": {"hand": 1}}', "utf-8")
    counts, amiss = Record.read(tmp_path).of(["a.py"])
    assert (counts["failed"], counts["hand"], amiss) == (0, 1, [])
