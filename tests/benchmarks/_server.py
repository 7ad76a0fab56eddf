"""An MCP server as a stdio child, spoken to in bare JSON-RPC, so that no client's own work is measured."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

OURS = (sys.executable, "-m", "imgforge_mcp")
PASSED_ON = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")
GREETING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "benchmark", "version": "1"},
}
ROOT = Path(__file__).parents[2]


class Server:
    """A running child; requests are answered in any order."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input: BinaryIO = process.stdin  # type: ignore[assignment]
        self._output: BinaryIO = process.stdout  # type: ignore[assignment]
        self._number = 0

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request and wait for its result."""
        number = self.send(method, **params)
        while (reply := self.receive()).get("id") != number:
            pass
        return reply["result"]

    def send(self, method: str, **params: Any) -> int:
        """Send a request without waiting; its id."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        return self._number

    def receive(self) -> Any:
        """The next message."""
        line = self._output.readline()
        if not line:
            raise RuntimeError("the server ended")
        return json.loads(line)

    def initialize(self) -> None:
        self.ask("initialize", **GREETING)
        self._write({"method": "notifications/initialized"})

    def draw(self, **arguments: Any) -> Any:
        """Call generate_image; the job, which must be completed."""
        result = self.ask("tools/call", name="generate_image", arguments=arguments)
        return job(result)

    def peak_memory(self) -> int | None:
        """The most that was ever resident, in bytes; None where the system does not tell."""
        return _told(self._process.pid, "status", "VmHWM:")

    def memory(self) -> int | None:
        """What is resident now, in bytes."""
        return _told(self._process.pid, "status", "VmRSS:")

    def proportional_memory(self) -> int:
        """Of the server and all that it started, in bytes, what is shared counted once; 0 where nobody tells."""
        family, found = {self._process.pid}, -1
        parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
        while found != len(family):
            found = len(family)
            family |= {pid for pid, parent in parents.items() if parent in family}
        return sum(_told(pid, "smaps_rollup", "Pss:") or 0 for pid in family)

    def _write(self, message: Mapping[str, Any]) -> None:
        self._input.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._input.flush()


def _told(pid: int, page: str, name: str) -> int | None:
    """A line of a process's page in /proc, in bytes; None where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/{page}").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def job(result: Any) -> Any:
    """The job in a tool result. Raises RuntimeError when it brought no image: a failure must not count as fast."""
    found = json.loads(result["content"][0]["text"])
    if found.get("state") != "completed" or not found.get("assets"):
        raise RuntimeError(f"no image came: {found}")
    return found


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """Spawn a server and end it by closing its stdin, as clients do."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=whole(environment),
        cwd=ROOT,
    )
    try:
        yield Server(process)
    finally:
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        process.wait(10)


def whole(environment: Mapping[str, str]) -> dict[str, str]:
    """A child's environment: these variables and what any program needs, nothing else of ours."""
    return {**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, **environment}


def home(folder: Path, config: str = "", worker: str = "inline") -> dict[str, str]:
    """The variables of a fresh installation below `folder`, with that configuration file and arrangement of workers."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text(config, "utf-8")
    return {
        "IMGFORGE_HOME": str(folder / "home"),
        "IMGFORGE_OUTPUT_DIRS": str(folder / "out"),
        "IMGFORGE_CONFIG": str(path),
        "IMGFORGE_WORKER": worker,
    }
