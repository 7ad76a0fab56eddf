"""Machines of a cluster as processes: servers and workers of the installed program on one database and one bucket."""

import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e._program import executable, fresh_account
from tests.faults._processes import PATIENCE
from tests.faults._processes import until as within

GONE = (urllib.error.URLError, ConnectionError, TimeoutError)
SECONDS = 60.0
START_SECONDS = 180.0
"""Of several programs at once on a busy machine."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for another process to bring something about."""
    within(condition, what, START_SECONDS)


@dataclass(slots=True, kw_only=True)
class Machine:
    """One process; `log` grows with what it says on stderr."""

    process: "subprocess.Popen[str]"
    log: list[str] = field(default_factory=list)
    _reader: threading.Thread | None = None

    def start_reading(self) -> None:
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True)
        self._reader.start()

    def said(self, pattern: str) -> "re.Match[str] | None":
        return next(filter(None, (re.search(pattern, line) for line in list(self.log))), None)

    def wait_until_said(self, pattern: str) -> "re.Match[str]":
        until(lambda: self.said(pattern) is not None or self.process.poll() is not None, f"{pattern} in a log")
        found = self.said(pattern)
        assert found is not None, f"the process ended: {self.log}"
        return found

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        if self._reader is not None:
            self._reader.join(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()


class Cluster:
    """Starts machines in an environment that all of them share, each with a home of its own; ends them all."""

    def __init__(self, folder: Path, shared: Mapping[str, str]) -> None:
        self._folder = folder
        self._shared = dict(shared)
        self._number = 0
        self.machines: list[Machine] = []

    def start(self, *arguments: str, **more: str) -> Machine:
        self._number += 1
        home = self._folder / f"machine-{self._number}"
        environment = fresh_account(home, **{**self._shared, "IMGFORGE_HOME": str(home / "home"), **more})
        process = subprocess.Popen(
            [executable(), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        machine = Machine(process=process)
        machine.start_reading()
        self.machines.append(machine)
        return machine

    def worker(self, *arguments: str, **more: str) -> tuple[Machine, str]:
        """A worker that is about to start, and where its health is told."""
        machine = self.start("worker", "--health", "0", *arguments, IMGFORGE_LOG_LEVEL="info", **more)
        return machine, machine.wait_until_said(r"health is told at (http://\S+)/health")[1]

    def server(self, **more: str) -> tuple[Machine, str]:
        """A server that listens, and its address."""
        machine = self.start("serve", "--port", "0", **more)
        return machine, machine.wait_until_said(r"(http://\S+)/mcp")[1]

    def stop(self) -> None:
        for machine in self.machines:
            if machine.process.poll() is None:
                machine.process.kill()
        for machine in self.machines:
            machine.kill()


@contextmanager
def cluster(folder: Path, shared: Mapping[str, str]) -> Iterator[Cluster]:
    started = Cluster(folder, shared)
    try:
        yield started
    finally:
        started.stop()


def ask(url: str, body: Any = None, seconds: float = SECONDS) -> tuple[int, Any]:
    """Status and JSON of an answer, an error's too. Raises what is in GONE."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _json(error.read())


def _json(data: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(data)
    return data


def is_ready(url: str) -> bool:
    try:
        return ask(f"{url}/health/ready")[0] == 200
    except GONE:
        return False


def figure(url: str, name: str) -> float:
    """One figure of a server's /metrics."""
    _, text = ask(f"{url}/metrics")
    found = re.search(rf"^{name} (\S+)$", text.decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def signal(machine: Machine, number: int) -> None:
    os.kill(machine.process.pid, number)
