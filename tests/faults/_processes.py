"""Real processes for the tests of this folder: workers over a forge, and the server as a stdio child."""

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.jobs.detached.place import Place, living
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Generous: the machine may be busy. A test that passes never waits so long."""
HANDSHAKE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "imgforge-tests", "version": "1"},
}


class LaterClock(Clock):
    """The machine's clock, set forward: by default until every lease of a killed process has run out."""

    def __init__(self, seconds: float = LEASE_SECONDS + 1) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._ahead


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """A process's whole environment: these settings and what Python needs, nothing of the user's own."""
    kept = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "VIRTUAL_ENV", "PYTHONPATH")
    home = str(Path(settings["IMGFORGE_CONFIG"]).parent)
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": home} | dict(settings)


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for another process to bring something about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


class Worker:
    """One `_worker` process; `said` is all it has said so far."""

    def __init__(
        self, settings: Mapping[str, str], requests: Path, *, callers: int = 1, seed: int = 0, finish: bool = False
    ) -> None:
        words = [sys.executable, "-m", "tests.faults._worker", str(requests), str(callers), str(seed)]
        self.process = subprocess.Popen(
            [*words, "--finish"] if finish else words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment_of(settings),
            cwd=ROOT,
        )
        self.said: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        until(lambda: bool(self.said), "a worker to open its forge")

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self) -> None:
        """Until it has ended by itself."""
        assert self.process.wait(PATIENCE * 4) == 0
        self._reader.join(PATIENCE)
        self._close()

    def kill(self) -> None:
        """SIGKILL, wherever it stands; what it said before is kept."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def write_requests(path: Path, requests: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text(json.dumps(list(requests)), "utf-8")
    return path


class Child:
    """The server on stdio, spoken to in raw lines; `lines` holds everything that ever came out of stdout."""

    def __init__(
        self,
        settings: Mapping[str, str],
        stderr: IO[bytes] | int | None = subprocess.DEVNULL,
        command: Sequence[str] = (sys.executable, "-m", "imgforge_mcp"),
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment_of(settings),
            cwd=Path(settings["IMGFORGE_CONFIG"]).parent,
            start_new_session=True,
        )
        self.lines: list[bytes] = []
        self._arrived: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._kept: list[dict[str, Any]] = []
        self._last_id = 0
        self._is_deaf = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Killed, if it has not ended by itself."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def greet(self) -> "Child":
        """The handshake."""
        self.ask("initialize", HANDSHAKE)
        self.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return self

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        self._last_id += 1
        message = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params or {}}
        self.write(json.dumps(message).encode() + b"\n")
        return self._last_id

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a request."""
        return self.answer(self.send(method, params))

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool call."""
        result: dict[str, Any] = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        return result

    def answer(self, request_id: object) -> dict[str, Any]:
        """The answer with that id, which may be None; others are kept for later."""
        for message in self._kept:
            if _answers(message, request_id):
                self._kept.remove(message)
                return message
        while True:
            found = self._arrived.get(timeout=PATIENCE)
            assert found is not None, f"the server ended before it answered {request_id!r}"
            if _answers(found, request_id):
                return found
            self._kept.append(found)

    def end(self, how: str) -> None:
        """End the child in one of the ways of `ENDS`, or with its whole group of processes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        match how:
            case "stdin_eof":
                self.process.stdin.close()
            case "closed_stdout":
                self._is_deaf.set()
                self._reader.join(PATIENCE)
                self.process.stdout.close()
            case "group_killed":
                os.killpg(self.process.pid, signal.SIGKILL)
            case _:
                self.process.send_signal(getattr(signal, how))

    def _read(self) -> None:
        """Never blocks in a read: a pipe that somebody reads from is not closed by closing it."""
        assert self.process.stdout is not None
        descriptor, rest = self.process.stdout.fileno(), b""
        while not self._is_deaf.is_set():
            if not select.select([descriptor], [], [], 0.02)[0]:
                continue
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.lines.append(line)
                self._arrived.put(json.loads(line))
        self.lines.extend(filter(None, [rest]))
        self._arrived.put(None)


def workers_of(home: Path) -> list[int]:
    """The processes of the workers that are alive on a home."""
    return [station.pid for station in living(home)]


def end_workers(home: Path) -> None:
    """No worker outlives its test, one that is about to start included."""
    places = {Place(home, path.stem) for path in (home / "workers").glob("*.lock")}
    for place in places:
        while place.is_held():
            if (station := place.station()) is not None:
                with suppress(ProcessLookupError):
                    os.kill(station.pid, signal.SIGKILL)
            time.sleep(0.02)


def _answers(message: Mapping[str, Any], request_id: object) -> bool:
    return "method" not in message and type(message.get("id")) is type(request_id) and message["id"] == request_id
