"""A soak: `python -m tests.faults.soak [MINUTES]` (20).

Callers over stdio, SSE, Streamable HTTP and REST; one provider's call in twenty fails, one caller in ten goes away in
the middle. Afterwards memory, descriptors, threads, child processes, the write-ahead log and half-written files must be
back where they were, and every caller that waited have its answer.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client

from tests import emulators
from tests.e2e import _program
from tests.emulators import Emulator

PROVIDERS = ("together", "bfl", "ideogram", "fal", "openai")
FAULTS = ("500", "503", "cut", "html")
FAULTY, VANISHING = 0.05, 0.1
CALLERS = 2
"""At once, over each transport."""
PATIENCE = 300.0
"""Seconds that a caller waits: the machine may be busy with other things."""
WARM_CALLS = 250
"""After which what is made once has been made: pools, threads, decode processes, caches."""
QUIET_SECONDS = 75.0
"""After which idle decode processes and connections have gone."""
MORE_MEMORY, MORE_DESCRIPTORS, MORE_THREADS, MOST_LOG = 1.2, 5, 3, 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a process holds; bytes and numbers."""

    memory: int
    descriptors: int
    threads: int
    children: int

    @classmethod
    def of(cls, pid: int) -> "Measures":
        root = Path(f"/proc/{pid}")
        status = dict(line.split(":", 1) for line in (root / "status").read_text().splitlines())
        children: list[str] = []
        for path in root.glob("task/*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
                children += path.read_text().split()
        return cls(
            memory=int(status["VmRSS"].split()[0]) * 1024,
            descriptors=len(list((root / "fd").iterdir())),
            threads=int(status["Threads"]),
            children=len(children),
        )

    def faults(self, before: "Measures") -> list[str]:
        """What is not back where it was."""
        found = []
        if self.memory > before.memory * MORE_MEMORY:
            found.append(f"memory {before.memory >> 20} to {self.memory >> 20} MiB")
        if self.descriptors > before.descriptors + MORE_DESCRIPTORS:
            found.append(f"descriptors {before.descriptors} to {self.descriptors}")
        if self.threads > before.threads + MORE_THREADS:
            found.append(f"threads {before.threads} to {self.threads}")
        if self.children > before.children:
            found.append(f"children {before.children} to {self.children}")
        return found

    def __str__(self) -> str:
        return f"{self.memory >> 20} MiB, {self.descriptors} fds, {self.threads} threads, {self.children} children"


class Soak:
    """The servers, the callers, and what became of the calls."""

    def __init__(self, folder: Path, stack: ExitStack, seconds: float) -> None:
        self.chance = random.Random(1)
        self.outcomes: Counter[str] = Counter()
        self.until = time.monotonic() + seconds
        self.home = folder / "home"
        self._number = 0
        self._emulators: list[Emulator] = [emulators.load(name) for name in PROVIDERS]
        (folder / "config.toml").touch()
        self.variables = {
            **_program.fresh_account(folder),
            "IMGFORGE_HOME": str(self.home),
            "IMGFORGE_CONFIG": str(folder / "config.toml"),
            "IMGFORGE_OUTPUT_DIRS": str(folder / "out"),
            "IMGFORGE_WORKER": "inline",
        }
        for emulator in self._emulators:
            stack.enter_context(emulator.serve())
            self.variables |= emulator.environment()
        self.server = stack.enter_context(_program.serve(self.variables))

    def arguments(self) -> dict[str, Any]:
        """Another picture each time, and now and then a provider that fails."""
        self._number += 1
        emulator = self.chance.choice(self._emulators)
        if self.chance.random() < FAULTY:
            known = [kind for kind in FAULTS if (kind, "submit") in emulator.supported_faults]
            emulator.fault(self.chance.choice(known), times=1)
            self.outcomes["faults"] += 1
        return {"prompt": f"a red fox, number {self._number}", "provider": emulator.name, "width": 512, "height": 512}

    async def calls(self, name: str, call: Callable[[], Awaitable[Any]], *, once: bool = False) -> None:
        """Call until the time is over, or until this caller goes away in the middle."""
        while time.monotonic() < self.until:
            if self.chance.random() < VANISHING:
                with anyio.move_on_after(self.chance.random() * 0.3):
                    await call()
                self.outcomes[f"{name} vanished"] += 1
                return
            with anyio.move_on_after(PATIENCE) as scope:
                await call()
                self.outcomes[f"{name} answered"] += 1
            if scope.cancelled_caught:
                self.outcomes[f"{name} LOST"] += 1
            if once:
                return

    async def on(self, name: str, client: Client) -> None:
        """What a client of MCP asks, over any transport."""

        async def call() -> None:
            await client.call_tool("generate_image", self.arguments())
            if self.chance.random() < 0.2:
                await client.call_tool("check_job", {})

        await self.calls(name, call)

    async def over_http(self) -> None:
        async with Client(f"{self.server.base_url}/mcp") as client:
            await self.on("Streamable HTTP", client)

    async def over_sse(self) -> None:
        async with Client(sse_client(f"{self.server.base_url}/sse", timeout=PATIENCE), mode="legacy") as client:
            await self.on("SSE", client)

    async def over_stdio(self) -> None:
        words = StdioServerParameters(command=sys.executable, args=["-m", "imgforge_mcp"], env=self.variables)
        async with Client(stdio_client(words)) as client:
            await self.on("stdio", client)

    async def over_rest(self) -> None:
        async with httpx.AsyncClient(base_url=self.server.base_url, timeout=PATIENCE) as http:

            async def call() -> None:
                said = self.arguments()
                body = {"prompt": said["prompt"], "size": "512x512", "provider": said["provider"]}
                (await http.post("/v1/images/generations", json=body)).read()

            await self.calls("REST", call)

    async def again(self, caller: Callable[[], Awaitable[None]]) -> None:
        """Whoever went away is followed by another."""
        while time.monotonic() < self.until:
            try:
                await caller()
            except Exception as error:  # noqa: BLE001 - whatever a client's library raises is told at the end
                self.outcomes[f"{caller.__name__}: {type(error).__name__}"] += 1
                await anyio.sleep(0.1)

    async def run(self) -> list[str]:
        """What was wrong at the end."""
        pid = self.server.process.pid
        before = None
        async with anyio.create_task_group() as tasks:
            for caller in (self.over_http, self.over_sse, self.over_stdio, self.over_rest):
                for _ in range(CALLERS):
                    tasks.start_soon(self.again, caller)
            while time.monotonic() < self.until:
                now = Measures.of(pid)
                if self.outcomes.total() >= WARM_CALLS:
                    before = before or now
                tell(f"{now}; {sum(self.outcomes.values())} calls")
                await anyio.sleep(15)
        assert before is not None, "too short a soak"
        await anyio.sleep(QUIET_SECONDS)
        after = Measures.of(pid)
        tell(f"before: {before}\nafter:  {after}")
        found = after.faults(before)
        log = sum(path.stat().st_size for path in self.home.glob("*.db-wal"))
        found += [f"write-ahead log of {log} bytes"] if log > MOST_LOG else []
        parts = list(self.home.rglob("*.part"))
        if len(parts) > self.outcomes["stdio vanished"]:  # a server on stdio whose client went away is killed with it
            found.append(f"left half-written: {parts}")
        found += [f"{number} × {outcome}" for outcome, number in self.outcomes.items() if "LOST" in outcome]
        return found


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        soak = Soak(folder, stack, minutes * 60)
        found = anyio.run(soak.run)
        tell(json.dumps(dict(sorted(soak.outcomes.items())), indent=1))
    tell("\n".join(found) or "all is back where it was")
    return 1 if found else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
