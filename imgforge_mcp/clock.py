"""The only place that knows the time: now, a monotonic count, sleep, a bounded wait, and ids that sort by time."""

import secrets
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

import anyio

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Scope(Protocol):
    """A bounded wait; `cancelled_caught` says that it ran out."""

    @property
    def cancelled_caught(self) -> bool: ...


class Clock:
    """The machine's clock. Tests pass one that moves only when they say so."""

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

    def move_on_after(self, seconds: float) -> AbstractContextManager[Scope]:
        """Leave the block after `seconds`, as anyio's function of that name does."""
        return anyio.move_on_after(seconds)

    def new_id(self) -> str:
        """A ULID: 26 characters, 48 bits of milliseconds, then 80 random bits (github.com/ulid/spec)."""
        number = (int(self.now().timestamp() * 1000) << 80) | secrets.randbits(80)
        return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
