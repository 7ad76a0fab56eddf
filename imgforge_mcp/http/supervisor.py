"""The parent of several processes on one port: starts them, begins anew what dies, and ends with all of them."""

import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import anyio.abc

from imgforge_mcp.base.children import command_of, with_package
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import Json
from imgforge_mcp.http.relay import Member
from imgforge_mcp.http.turns import Turns
from imgforge_mcp.jobs.detached.wire import LONGEST_PATH

SIGNALS = (signal.SIGTERM, signal.SIGINT)
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
"""Seconds before a process that died is begun anew; each time twice as long, until one has lived for a while."""
STEADY_SECONDS = 60.0
PARTING_SECONDS = 30.0
"""What those that are told to end may take before they are killed."""
COUNTED = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client counts for several processes, if it is set when that loads."""

logger = logging.getLogger(__name__)


def supervise(listener: socket.socket, workers: int, serving: Json, environment: Mapping[str, str]) -> int:
    """Have so many processes serve on the socket, each told how by `serving`, until a signal comes; the exit code."""
    with _folder() as folder:
        supervisor = _Supervisor(listener, workers, serving, environment, folder)
        anyio.run(supervisor.run)
    if supervisor.ended_by == signal.SIGTERM:
        signal.raise_signal(signal.SIGTERM)  # as a single process ends by it
    return 0


class _Supervisor:
    def __init__(
        self, listener: socket.socket, workers: int, serving: Json, environment: Mapping[str, str], folder: str
    ) -> None:
        self._clock = Clock()
        self._turns = Turns(listener, self._clock)
        self._workers = workers
        self._serving = serving
        self._environment = {**with_package(environment), COUNTED: folder}
        self._folder = folder
        self._alive = set[anyio.abc.Process]()
        self._over = anyio.Event()
        self.ended_by: int | None = None

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._heed_signals)
            tasks.start_soon(self._turns.accept)
            async with anyio.create_task_group() as kept:
                for number in range(self._workers):
                    kept.start_soon(self._keep, number, tasks)
            tasks.cancel_scope.cancel()

    async def _keep(self, number: int, tasks: anyio.abc.TaskGroup) -> None:
        """One of them, again and again."""
        pause = FIRST_PAUSE
        while not self._over.is_set():
            began = self._clock.monotonic()
            how = await self._lived(number, tasks)
            if self._over.is_set():
                return
            pause = FIRST_PAUSE if self._clock.monotonic() - began > STEADY_SECONDS else pause
            logger.error("Process %d of %d ended (%s); it is begun anew.", number + 1, self._workers, how)
            with self._clock.move_on_after(pause):
                await self._over.wait()
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _lived(self, number: int, tasks: anyio.abc.TaskGroup) -> str:
        """From its start to its end, and how that was. It ends by itself when its stdin does, and so with us."""
        member = Member(number=number, workers=self._workers, folder=self._folder)
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                tasks.start_soon(self._turns.give, ours)
                seat = theirs.fileno()
                told = json.dumps({"serving": self._serving, "member": member.told(), "seat": seat})
                process = await anyio.open_process(
                    command_of("imgforge_mcp", "serve", "--member", told),
                    stdin=subprocess.PIPE,
                    stdout=None,
                    stderr=None,
                    env=self._environment,
                    pass_fds=(seat,),
                    start_new_session=True,
                )
        except OSError as error:
            return str(error.strerror)
        async with process:
            self._alive.add(process)
            if self._over.is_set():
                self._tell(signal.SIGTERM)
            code = await process.wait()
            self._alive.remove(process)
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    async def _heed_signals(self) -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.open_signal_receiver(*SIGNALS) as signals:
                async for number in signals:
                    self._tell(number)
                    if not self._over.is_set():
                        self.ended_by = number
                        self._over.set()
                        self._turns.close()
                        tasks.start_soon(self._end_at_last)

    async def _end_at_last(self) -> None:
        await self._clock.sleep(PARTING_SECONDS)
        self._tell(signal.SIGKILL)

    def _tell(self, number: signal.Signals) -> None:
        for process in self._alive:
            with suppress(ProcessLookupError):
                process.send_signal(number)


@contextmanager
def _folder() -> Iterator[str]:
    """A folder for their user alone, for what they have together; locked, so that nobody clears it up as forgotten."""
    path = tempfile.mkdtemp(prefix="imgforge-")
    if len(os.fsencode(Path(path, "1000.sock"))) > LONGEST_PATH:
        os.rmdir(path)
        path = tempfile.mkdtemp(prefix="imgforge-", dir="/tmp")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(descriptor)
        shutil.rmtree(path, ignore_errors=True)
