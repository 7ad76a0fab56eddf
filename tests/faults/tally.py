"""Counts what a run of tests has tried, for the table: `pytest -p tests.faults.tally`. Without that nobody reads it.

A test is one hand-made input, unless it says otherwise here; a fault that an emulator is told to have is counted where
it is told.
"""

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.emulators._faults import Fault, Switch

FULL = "IMGFORGE_TEST_FULL"
"""Set for the table: generated inputs in their whole number."""
OUT = "IMGFORGE_TEST_TALLY"
counts = Counter[str]()
failed: list[str] = []


def size(full: int, least: int = 20) -> int:
    """So many, or in an everyday run a fiftieth."""
    return full if os.environ.get(FULL) else max(least, full // 50)


def many(full: int) -> int:
    """So many generated inputs, or in an everyday run a fiftieth of them; counted."""
    number = size(full)
    counts["generated"] += number
    return number


def generated(number: int) -> None:
    counts["generated"] += number


def tried(number: int) -> None:
    """Hand-made inputs beyond the one that each test is."""
    counts["hand"] += number


def injected(number: int = 1) -> None:
    """Faults that no emulator was told to have."""
    counts["injected"] += number


def pytest_configure() -> None:
    act = Switch.set

    def counting(switch: Switch, fault: Fault) -> None:
        injected(fault.times or 1)
        act(switch, fault)

    setattr(Switch, "set", counting)  # noqa: B010 - a method is replaced on purpose


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        counts[report.outcome] += 1
        counts["hand"] += report.when == "call"
    if report.failed:
        failed.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: Any) -> None:
    """What Hypothesis has made up."""
    said = getattr(item, "hypothesis_statistics", "")
    counts["generated"] += sum(map(_examples, said.splitlines()))


def _examples(line: str) -> int:
    """Of a line such as "- 100 passing examples, 0 failing examples, 3 invalid examples"."""
    words = line.replace(",", "").split()
    return sum(int(number) for number, kind in pairwise(words) if kind == "passing")


def pytest_sessionfinish() -> None:
    if path := os.environ.get(OUT):
        Path(path).write_text(json.dumps({**counts, "names": failed}), "utf-8")
