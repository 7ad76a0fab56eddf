"""Doors on one home share the worker beside them, and so the one model that it has loaded."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.base.config import load_config
from imgforge_mcp.jobs.detached.mark import mark_of
from imgforge_mcp.mcp import rendered
from imgforge_mcp.providers.configured import inputs_of, open_configured
from imgforge_mcp.providers.pulled import catalog_of
from tests.e2e._program import executable

Pull = Callable[..., None]
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "mcp", "version": "0.1.0"},
}


class Door:
    """A client's server on stdio, as its own process."""

    def __init__(self, account: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [executable()],
            env={name: value for name, value in account.items() if name != "IMGFORGE_WORKER"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._number = 0
        self.ask("initialize", HELLO)
        self._send({"method": "notifications/initialized"})

    def draw(self, **said: Any) -> dict[str, Any]:
        answer = self.ask("tools/call", {"name": "generate_image", "arguments": said})
        job: dict[str, Any] = json.loads(answer["result"]["content"][0]["text"])
        return job

    def ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        assert self.process.stdout is not None
        while True:
            line = self.process.stdout.readline()
            assert line, "the server ended"
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == self._number:
                return answer

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def on_home(home: Path, module: str) -> list[Any]:
    """The processes of a module that work for a home: its worker, and what that started."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if module in process.cmdline() and str(home) in [*process.cmdline(), *process.environ().values()]:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture
def workers(home: Path) -> Iterator[Callable[[], list[Any]]]:
    """Those that were started on the home of this test; they end with it."""

    def found() -> list[Any]:
        return on_home(home, "worker")

    yield found
    for process in found():
        process.terminate()
        process.wait(60)


def test_two_clients_on_one_home_share_one_loaded_model(
    pull: Pull, pipeline: Path, home: Path, account: dict[str, str], workers: Callable[[], list[Any]]
) -> None:
    pull(pipeline)
    doors = [Door(account), Door(account)]
    try:
        jobs = [door.draw(prompt="a lake", width=64, height=64, seed=seed) for seed, door in enumerate(doors)]
        assert [job["model"] for job in jobs] == ["tiny", "tiny"], jobs
        (worker,) = workers()
        (holding,) = [each for each in worker.children() if str(home / "models" / "tiny") in each.cmdline()]
    finally:
        for door in doors:
            door.close()
    worker.terminate()
    worker.wait(60)
    assert not holding.is_running()


def test_neither_a_worker_nor_answers_of_before_the_pull_are_used_after_it(
    pull: Pull, pipeline: Path, environment: dict[str, str]
) -> None:
    def marks() -> tuple[str, str]:
        config = load_config(environment)
        answers = rendered.inputs(*inputs_of(config), environment)
        return mark_of(config, open_configured(config, catalog_of(config))), answers

    before = marks()
    pull(pipeline)
    after = marks()
    assert all(old != new for old, new in zip(before, after, strict=True))
