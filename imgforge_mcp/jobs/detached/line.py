"""A door's line to the worker: questions with their answers, and word of jobs that have ended."""

from collections.abc import Callable
from typing import Any

import anyio

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.jobs.detached.place import Station
from imgforge_mcp.jobs.detached.wire import Wire, call

ANSWER_SECONDS = 10.0


class Line:
    """Open until either end closes it; then every question is answered with None, as one that takes too long is."""

    def __init__(self, wire: Wire, clock: Clock, on_end: Callable[[str], None]) -> None:
        self._wire = wire
        self._clock = clock
        self._on_end = on_end
        self._last = 0
        self._asked: dict[int, anyio.Event] = {}
        self._answers: dict[int, Any] = {}
        self.is_open = True

    @classmethod
    async def to(cls, station: Station, clock: Clock, on_end: Callable[[str], None]) -> "Line | None":
        """None when nobody is there."""
        wire = await call(station.address)
        if wire is None:
            return None
        await wire.send(secret=station.secret)
        return cls(wire, clock, on_end)

    async def serve(self) -> None:
        """Listen until the worker is gone."""
        try:
            while (message := await self._wire.receive()) is not None:
                self._heard(message)
        finally:
            await self.close()
            for asked in self._asked.values():
                asked.set()

    async def close(self) -> None:
        self.is_open = False
        await self._wire.close()

    async def ask(self, what: str, seconds: float = ANSWER_SECONDS, **values: Any) -> Any:
        """The answer, or None."""
        self._last += 1
        number, answered = self._last, anyio.Event()
        self._asked[number] = answered
        try:
            with self._clock.move_on_after(seconds):
                if self.is_open and await self._wire.send(number=number, ask=what, **values):
                    await answered.wait()
            return self._answers.pop(number, None)
        finally:
            del self._asked[number]

    def _heard(self, message: dict[str, Any]) -> None:
        if "ended" in message:
            self._on_end(str(message["ended"]))
        elif (asked := self._asked.get(message.get("number", 0))) is not None:
            self._answers[message["number"]] = message.get("answer")
            asked.set()
