"""Every storage call of one picture's life as a point where the process dies or the system refuses, by strace.

`python -m tests.faults.points [--kills 150] [--errors 60] [--seed 0] [--processes 2]`; 0 stands for all. Ends with 1 if
an acknowledged job was lost, anything was sent twice, or the next start needed a hand.
"""

import argparse
import json
import multiprocessing
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests import emulators
from tests.emulators import Emulator
from tests.faults._processes import ROOT, environment_of

CALLS = ("openat", "mkdir", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "link")
ERRORS = ("ENOSPC", "EIO", "EROFS", "EMFILE")
DEATH = "SIGKILL"


@dataclass(frozen=True, slots=True)
class Point:
    """The `nth` call of that name (in whichever thread gets there first), and what happens to it: SIGKILL or an error
    of the system's, once or from then on; in the life on an empty home, or in a later one."""

    call: str
    nth: int
    fate: str
    is_first: bool = False
    lasts: bool = False

    def __str__(self) -> str:
        return f"{'first ' if self.is_first else ''}{self.call} {self.nth}{'+' if self.lasts else ''} {self.fate}"

    @property
    def injection(self) -> str:
        fate = f"signal={self.fate}" if self.fate == DEATH else f"error={self.fate}"
        return f"{self.call}:{fate}:when={self.nth}{'+' if self.lasts else ''}"


class Lives:
    """One process that forks a life (or a later look at it) for each order; under strace where one is asked for."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.faults._life"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment_of(settings),
            cwd=ROOT,
        )
        assert self._heard() == {"ready": True}

    def __enter__(self) -> "Lives":
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._in, self._out):
            pipe.close()
        self._zygote.wait(30)

    @property
    def _in(self) -> IO[bytes]:
        assert self._zygote.stdin is not None
        return self._zygote.stdin

    @property
    def _out(self) -> IO[bytes]:
        assert self._zygote.stdout is not None
        return self._zygote.stdout

    def run(self, what: str, *tracing: str) -> list[dict[str, Any]]:
        """All that a child said, its exit code last. It goes on only once the tracer holds it."""
        self._in.write(f"{what}\n".encode())
        self._in.flush()
        pid = self._heard()["pid"]
        tracer = _attached(pid, tracing) if tracing else None
        self._in.write(b"go\n")
        self._in.flush()
        said = []
        while "ended" not in (line := self._heard()):
            said.append(line)
        if tracer is not None:
            tracer.communicate(timeout=30)
        return [*said, line]

    def load_all(self) -> None:
        """Let every later life have loaded what this one loads."""
        said = self.run("first")
        self._in.write(f"load {' '.join(said[-2]['imported'])}\n".encode())
        self._in.flush()
        assert "loaded" in self._heard()

    def _heard(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(self._out.readline())
        return heard


def can_trace() -> bool:
    """Whether strace is here and may attach to a process of ours."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        tracer = _attached(child.pid, ("-e", "trace=write"))
    except RuntimeError:
        return False
    finally:
        child.communicate(b"\n")
    tracer.communicate(timeout=30)
    return True


def _attached(pid: int, tracing: tuple[str, ...]) -> subprocess.Popen[str]:
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), *tracing], stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    if "attached" not in line:
        raise RuntimeError(line)
    return tracer


def points_of(log: Path) -> Iterator[tuple[str, int]]:
    """Each call of a traced life that changes or opens something, by name and number within its thread."""
    most: Counter[str] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    for line in log.read_text("utf-8", "replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            thread, call = found.groups()
            counts[thread, call] += 1
            most[call] = max(most[call], counts[thread, call])
    for call, number in most.items():
        yield from ((call, nth) for nth in range(1, number + 1))


def check(said: list[dict[str, Any]], later: list[dict[str, Any]], together: Emulator, home: Path) -> str:
    """What must hold once somebody has looked again, with no hand lent; the name of how it went."""
    *_, last, ended = later
    acknowledged = {line["job_id"] for line in (*said, *later) if "job_id" in line}
    assert ended == {"ended": 0}, later
    assert said[-1]["ended"] in (0, -signal.SIGKILL), "the life ended in an error that is none of ours"
    assert len(acknowledged) == 1, "an acknowledged job was lost"
    assert len(together.orders) <= 1, "sent twice"
    if last["state"] == "completed":
        assert len(together.orders) == 1
        assert all(last["pictures"])
    else:
        assert last["state"] == "failed", last
        assert last["code"], last
    _check_books(home, len(together.orders))
    left = [path for path in home.rglob("*.part") if path.is_file()]
    assert len(left) <= 1, left
    return str(last["code"] or "completed")


def _check_books(home: Path, sent: int) -> None:
    with sqlite3.connect(home / "registry.db") as registry:
        assert registry.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ((open_jobs,),) = registry.execute("SELECT count(*) FROM jobs WHERE completed_at IS NULL")
        ((open_attempts,),) = registry.execute("SELECT count(*) FROM attempts WHERE ended_at IS NULL")
        ((reserved,),) = registry.execute("SELECT coalesce(sum(reserved), 0) FROM spend")
        ((booked,),) = registry.execute("SELECT count(*) FROM attempts WHERE cost > 0 OR maybe_billed")
    registry.close()
    assert (open_jobs, open_attempts, reserved) == (0, 0, 0)
    if sent:
        assert booked, "a charge is not in the books"


class Stage:
    """A home, a provider and a process that lives on them again and again. A life starts on an empty home, or on one
    that has seen other pictures."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.together = emulators.load("together")
        stack.enter_context(self.together.serve())
        self.home, self._seen, self._log = folder / "home", folder / "seen", folder / "log"
        config = folder / "config.toml"
        config.touch()
        settings = {
            "IMGFORGE_HOME": str(self.home),
            "IMGFORGE_OUTPUT_DIRS": str(folder / "out"),
            "IMGFORGE_CONFIG": str(config),
        }
        self.lives = stack.enter_context(Lives(settings | self.together.environment()))
        self.lives.load_all()
        self._set(is_first=True)
        self.lives.run("open")
        shutil.copytree(self.home, self._seen)

    def points(self, *, is_first: bool) -> list[tuple[str, int]]:
        """All there are in a life."""
        self._set(is_first=is_first)
        said = self.lives.run("live", "-o", str(self._log), "-e", f"trace={','.join(CALLS)}")
        assert said[-2]["state"] == "completed", said
        return list(points_of(self._log))

    def play(self, point: Point) -> str:
        """How a life went that met its fate there. Raises AssertionError when a promise was broken."""
        self._set(is_first=point.is_first)
        tracing = ("-o", "/dev/null", "-e", f"trace={point.call}", "-e", f"inject={point.injection}")
        said = self.lives.run("live", *tracing)
        return check(said, self.lives.run("look"), self.together, self.home)

    def _set(self, *, is_first: bool) -> None:
        self.together.reset()
        shutil.rmtree(self.home, ignore_errors=True)
        if not is_first:
            shutil.copytree(self._seen, self.home)


def chosen(stage: Stage, kills: int, errors: int, seed: int) -> list[Point]:
    """So many of both kinds, or all where that is 0."""
    places = [(call, nth, is_first) for is_first in (False, True) for call, nth in stage.points(is_first=is_first)]
    deaths = [Point(call, nth, DEATH, is_first=is_first) for call, nth, is_first in places]
    refusals = [
        Point(call, nth, error, is_first=is_first, lasts=lasts)
        for call, nth, is_first in places
        for error in ERRORS
        for lasts in (False, True)
    ]
    chance = random.Random(seed)
    return _some(deaths, kills, chance) + _some(refusals, errors, chance)


def _some(points: list[Point], number: int, chance: random.Random) -> list[Point]:
    return chance.sample(points, number) if 0 < number < len(points) else points


def played(points: Sequence[Point]) -> list[tuple[Point, str, bool]]:
    """Each point, how it went, and whether a promise was broken."""
    found = []
    with ExitStack() as stack:
        stage = Stage(Path(stack.enter_context(tempfile.TemporaryDirectory())), stack)
        for point in points:
            try:
                found.append((point, stage.play(point), False))
            except AssertionError as error:
                found.append((point, str(error), True))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.points")
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--errors", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if not can_trace():
        sys.stdout.write("strace is not here, or may not attach to a process\n")
        return 1
    with ExitStack() as stack:
        stage = Stage(Path(stack.enter_context(tempfile.TemporaryDirectory())), stack)
        points = chosen(stage, options.kills, options.errors, options.seed)
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        shares = [points[start :: options.processes] for start in range(options.processes)]
        found = [each for share in pool.map(played, shares) for each in share]
    for point, how, is_broken in found:
        if is_broken:
            sys.stdout.write(f"{point}: {how}\n")
    for (fate, how), number in sorted(Counter((point.fate, how) for point, how, bad in found if not bad).items()):
        sys.stdout.write(f"{fate:8} {how:20} {number:5}\n")
    broken = sum(is_broken for *_, is_broken in found)
    sys.stdout.write(f"{len(found)} points, {broken} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
