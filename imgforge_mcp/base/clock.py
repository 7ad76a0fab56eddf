"""The only place that knows the time: now, a monotonic count, sleep, a bounded wait, and ids that sort by time."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import anyio

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Scope(Protocol):
    """A bounded wait; `cancelled_caught` says that it ran out."""

    @property
    def cancelled_caught(self) -> bool: ...


class Clock:
    """The machine's clock. Tests pass one that moves only when they say so."""

    _last = (0, 0)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back; for durations and deadlines within this process."""
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def tick(self, seconds: float) -> None:
        """Wait until the next round of housekeeping; unlike `sleep`, no request waits for it."""
        await anyio.sleep(seconds)

    async def tick_or(self, seconds: float, wanted: anyio.Event) -> None:
        """The same, or until the event, whichever comes first."""
        async with anyio.create_task_group() as waits:

            async def until(wait: Callable[[], Awaitable[None]]) -> None:
                await wait()
                waits.cancel_scope.cancel()

            waits.start_soon(until, partial(self.tick, seconds))
            waits.start_soon(until, wanted.wait)

    def move_on_after(self, seconds: float) -> AbstractContextManager[Scope]:
        """Leave the block after `seconds`, as anyio's function of that name does."""
        return anyio.move_on_after(seconds)

    def new_id(self) -> str:
        """A ULID: 26 characters, 48 bits of milliseconds, then 80 random bits (github.com/ulid/spec). Within one
        millisecond of one process the random part counts up, so that ids sort in the order in which they were made."""
        moment = int(self.now().timestamp() * 1000)
        self._last = (moment, self._last[1] + 1) if moment == self._last[0] else (moment, secrets.randbits(79))
        return _ulid(*self._last)


def first_id(moment: datetime) -> str:
    """The lowest id that can have been made at a time."""
    return _ulid(int(moment.timestamp() * 1000), 0)


def day_start(now: datetime, zone: str) -> datetime:
    """The last midnight in a time zone; an unknown zone counts as UTC."""
    try:
        local = now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = now
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight <= local else midnight - timedelta(days=1)


def _ulid(milliseconds: int, rest: int) -> str:
    number = (milliseconds << 80) | rest
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
