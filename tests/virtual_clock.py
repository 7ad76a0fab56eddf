"""A clock that moves only when a program sleeps or a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel

from imgforge_mcp.base.clock import Clock

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TURNS = 20
"""How often the others may run before time moves on."""


class VirtualClock(Clock):
    """Sleeping takes no time and moves the clock; a bounded wait ends when the clock passes its end."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._waits: list[tuple[float, anyio.CancelScope]] = []
        self._ticks: list[tuple[float, anyio.Event]] = []
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self._elapsed + seconds
        for _ in range(TURNS):
            await anyio.lowlevel.checkpoint()
        self.advance(until - self._elapsed)

    async def tick(self, seconds: float) -> None:
        """Housekeeping must not drag the clock along: its time comes when somebody else has moved on so far."""
        due = anyio.Event()
        self._ticks.append((self._elapsed + seconds, due))
        await due.wait()

    @contextmanager
    def move_on_after(self, seconds: float) -> Iterator[anyio.CancelScope]:
        with anyio.CancelScope() as scope:
            wait = (self._elapsed + seconds, scope)
            self._waits.append(wait)
            try:
                yield scope
            finally:
                self._waits.remove(wait)

    async def run_out(self, seconds: float) -> None:
        """Let a wait that is bounded by so many seconds come to its end, as soon as somebody waits so."""
        await self.awaited(seconds)
        self.advance(seconds)

    async def awaited(self, seconds: float) -> None:
        """Return as soon as somebody waits who began just now and is bounded by so many seconds."""
        while not any(end == self._elapsed + seconds for end, _ in self._waits):
            await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        """Move on, and end every wait whose time has come. Call it in the event loop's thread."""
        self._elapsed += max(0.0, seconds)
        for end, due in [tick for tick in self._ticks if tick[0] <= self._elapsed]:
            self._ticks.remove((end, due))
            due.set()
        for end, scope in list(self._waits):
            if end <= self._elapsed:
                scope.cancel()
