"""Counts what each test of a run has tried, for the table: loaded where `IMGFORGE_TEST_TALLY` names a folder for it.

A test is one hand-made input, unless it says otherwise here; a fault that an emulator is told to have is counted where
it is told. Each process of a run writes a file of its own; of a test that is run again the later record counts.
"""

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.emulators._faults import Fault, Switch

FULL = "IMGFORGE_TEST_FULL"
"""Set for the table: generated inputs in their whole number."""
OUT = "IMGFORGE_TEST_TALLY"


@dataclass(slots=True)
class _Run:
    """What this process has counted, by test; what no test did (a fixture of a module, say) is the next one's."""

    test: str = ""
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, kind: str, number: int) -> None:
        self.counts[self.test][kind] += number


_run = _Run()


def size(full: int, least: int = 20) -> int:
    """So many, or in an everyday run a fiftieth."""
    return full if os.environ.get(FULL) else max(least, full // 50)


def many(full: int) -> int:
    """So many generated inputs, or in an everyday run a fiftieth of them; counted."""
    number = size(full)
    generated(number)
    return number


def generated(number: int) -> None:
    _run.add("generated", number)


def tried(number: int) -> None:
    """Hand-made inputs beyond the one that each test is."""
    _run.add("hand", number)


def injected(number: int = 1) -> None:
    """Faults that no emulator was told to have."""
    _run.add("injected", number)


@dataclass(frozen=True, slots=True)
class Record:
    """What the tests of earlier runs did, by test."""

    tests: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, folder: Path) -> "Record":
        tests: dict[str, Mapping[str, int]] = {}
        for path in sorted(folder.glob("*.json")):
            tests |= json.loads(path.read_text("utf-8"))
        return cls(tests)

    def of(self, named: Iterable[str]) -> tuple[Counter[str], list[str]]:
        """What these files and tests did, and what of them failed or never ran."""
        total, amiss = Counter[str](), list[str]()
        for name in named:
            found = {test: counts for test, counts in self.tests.items() if _belongs(test, name)}
            for counts in found.values():
                total.update(counts)
            amiss += [test for test, counts in found.items() if counts.get("failed")] if found else [f"{name}: not run"]
        return total, amiss


def _belongs(test: str, name: str) -> bool:
    return test == name or test.startswith((f"{name}::", f"{name}["))


# The plugin -----------------------------------------------------------------------------------------------------------


def pytest_configure() -> None:
    act = Switch.set

    def counting(switch: Switch, fault: Fault) -> None:
        injected(fault.times or 1)
        act(switch, fault)

    setattr(Switch, "set", counting)  # noqa: B010 - a method is replaced on purpose


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    _run.test = item.nodeid
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    _run.add("milliseconds", round(call.duration * 1000))
    _run.add("failed", int(report.failed))
    _run.add("hand", int(report.when == "call" and not report.skipped))
    return report


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: Any) -> None:
    """What Hypothesis has made up."""
    generated(sum(map(_examples, getattr(item, "hypothesis_statistics", "").splitlines())))


def _examples(line: str) -> int:
    """Of a line such as "- 100 passing examples, 0 failing examples, 3 invalid examples"."""
    words = line.replace(",", "").split()
    return sum(int(number) for number, kind in pairwise(words) if kind == "passing")


def pytest_sessionfinish() -> None:
    """Under xdist each worker has run some; who shares out the work has run none."""
    _run.counts.pop("", None)
    if _run.counts:
        folder = Path(os.environ[OUT])
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns()}-{os.getpid()}.json"
        (folder / name).write_text(json.dumps(_run.counts), "utf-8")
