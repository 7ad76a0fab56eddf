"""The world outside of our processes: time, one registry on disk, a store of pictures, providers and their ledger."""

import asyncio
import hashlib
import random
import selectors
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import anyio

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import (
    Ambiguous,
    BadReply,
    ContentRefused,
    ForgeError,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
    StorageError,
    Unavailable,
)
from imgforge_mcp.base.types import Asset, Progress
from imgforge_mcp.media.decoder import Sound
from imgforge_mcp.providers.contract import Operation
from imgforge_mcp.providers.driver import Made, Result, Run
from imgforge_mcp.storage.images.contract import Staged
from imgforge_mcp.storage.registry.sql.queries import load_queries
from imgforge_mcp.storage.registry.sql.statements import Statements
from imgforge_mcp.storage.registry.sqlite.database import SqliteStatements
from imgforge_mcp.storage.registry.sqlite.schema import migrate

T = TypeVar("T")

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LONGEST_STILLSTAND = 40.0
MOST_TURNS = 100
"""How often the loop turns at one moment before time moves on all the same."""
REFUSALS: tuple[Callable[[], ForgeError], ...] = (
    lambda: Unavailable("503"),
    lambda: RateLimited("429", retry_after=5.0),
    lambda: QuotaExceeded("402"),
    lambda: ProviderAuth("401"),
    lambda: Rejected("422"),
    lambda: ContentRefused("refused"),
)
LOSSES: tuple[Callable[[], Exception], ...] = (
    lambda: Ambiguous("cut"),
    lambda: BadReply("no picture"),
    lambda: KeyError("data"),
    lambda: ExceptionGroup("several", [ValueError("a decoder")]),
)


class Killed(BaseException):
    """SIGKILL: nothing that a process does after it has any effect."""


class _Selector(selectors.SelectSelector):
    """Never waits: it tells the loop how far to move on. A loop that turns and turns without time passing waits too: so
    it does while something that was cancelled is shielded."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0
        self.turns = 0
        self.next_timer: Callable[[], float | None] = lambda: None

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits for ever")
        self.turns = self.turns + 1 if timeout <= 0 else 0
        self.elapsed += max(0.0, timeout)
        if self.turns > MOST_TURNS and (due := self.next_timer()) is not None:
            self.elapsed, self.turns = max(self.elapsed, due), 0
        return []


class Loop(asyncio.SelectorEventLoop):
    """A loop whose time moves on when nothing is left to do at this moment."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self._virtual.next_timer = self._next_timer

    def time(self) -> float:
        return self._virtual.elapsed

    def _next_timer(self) -> float | None:
        timers: list[asyncio.TimerHandle] = getattr(self, "_scheduled", [])
        return min((timer.when() for timer in timers if not timer.cancelled()), default=None)


class LoopClock(Clock):
    """The time of the loop, as a clock of the machine shows it."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


@cache
def _empty_registry() -> bytes:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return connection.serialize()


@dataclass(slots=True, kw_only=True)
class Ordered:
    """One call as its provider's ledger has it: how often it arrived, what was charged and not given back."""

    arrivals: int = 0
    charged: float = 0.0
    fate: str = ""
    left: int = 0


@dataclass(slots=True)
class World:
    """What outlives every process."""

    chance: random.Random
    ledger: dict[str, Ordered] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)
    kills: int = 0
    connection: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.deserialize(_empty_registry())
        self.connection.row_factory = sqlite3.Row

    def order(self, key: str) -> Ordered:
        return self.ledger.setdefault(key, Ordered())


class Life:
    """One process as far as it may die or stand still: every step to the outside goes through here."""

    def __init__(self, world: World, deadliness: float, *, keys: frozenset[str]) -> None:
        self.world = world
        self.keys = keys
        self._deadliness = deadliness
        self._still_until = 0.0
        self.is_dead = False

    async def step(self) -> None:
        """A moment at which the process may be killed, or stand still for longer than its leases. Raises Killed."""
        await anyio.lowlevel.checkpoint()
        self.check()
        drawn = self.world.chance.random()
        now = asyncio.get_running_loop().time()
        if drawn < self._deadliness:
            self.is_dead = True
            self.world.kills += 1
            self.check()
        elif drawn < self._deadliness * 1.5:
            self._still_until = now + self.world.chance.uniform(1.0, LONGEST_STILLSTAND)
        if self._still_until > now:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(self._still_until - now)
        self.check()

    def check(self) -> None:
        if self.is_dead:
            raise Killed


class Books:
    """Stands for `Database`: each process has one over the same file; before and after each step it may die."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._sql = SqliteStatements(life.world.connection, _queries(), None)

    async def write(self, act: Callable[[Statements], T], *, is_durable: bool = True) -> T:
        await self._life.step()
        connection = self._life.world.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = act(self._sql)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        await self._life.step()
        return result

    async def read(self, act: Callable[[Statements], T]) -> T:
        await self._life.step()
        return act(self._sql)

    async def close(self) -> None:
        return


@cache
def _queries() -> dict[str, str]:
    return load_queries("imgforge_mcp.storage.registry.sqlite")


class Shelf:
    """Stands for the store of pictures."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def prepare(self) -> None:
        self._life.check()

    def keep(self, staged: Staged, mime_type: str, width: int, height: int) -> Asset:
        self._life.check()
        if self._life.world.chance.random() < 0.01:
            raise StorageError("the disk is full")
        self._life.world.pictures.add(staged.asset_id)
        return Asset(asset_id=staged.asset_id, mime_type=mime_type, width=width, height=height, bytes=staged.bytes)

    def rescue(self, staged: Staged, mime_type: str) -> Path | None:
        return None

    def take_rendition_bytes(self) -> dict[str, int]:
        return {}


class Upstream:
    """Stands for the driver: providers that answer, refuse, take work, lose it, charge for it, each by chance."""

    def __init__(self, life: Life, clock: Clock) -> None:
        self._life = life
        self._clock = clock
        self._world = life.world

    async def run(self, run: Run, operation: Operation | None = None) -> Result:
        chance = self._world.chance
        price = run.call.listed_cost() or 0.0
        if operation is None:
            if chance.random() < 0.02:
                raise KeyError("a request that cannot be made")
            if run.deadline <= self._clock.monotonic():
                raise Unavailable("no time left")
            key = f"{run.call.reference}:{run.settings.name}/{run.call.model.slug}"
            run.sent()
            await self._life.step()
            order = self._world.order(key)
            order.arrivals += 1
            order.charged = price
            await self._wait(chance.uniform(0.1, 6.0))
            drawn = chance.random()
            if drawn < 0.25:
                order.charged = 0.0
                raise chance.choice(REFUSALS)()
            if drawn < 0.35:
                raise chance.choice(LOSSES)()
            if drawn < 0.40:
                await self._until_deadline(run)
            if drawn < 0.65:
                return self._picture(key)
            order.fate = chance.choice(("ready", "ready", "ready", "failed", "lost", "never"))
            order.left = chance.randrange(1, 6)
            operation = Operation(operation_id=key, url="/x", cancel_url=chance.choice((None, "/cancel")))
            await run.accepted(operation)
        return await self._asked_about(run, operation)

    async def _asked_about(self, run: Run, operation: Operation) -> Result:
        order = self._world.order(operation.operation_id)
        while True:
            await self._wait(2.0)
            if order.fate == "canceled":
                raise Unavailable("it was called off")
            if run.deadline <= self._clock.monotonic():
                raise Ambiguous("the deadline passed")
            run.report(Progress(message="at work"))
            order.left -= 1
            if order.left <= 0 and order.fate == "failed":
                order.charged = 0.0
                raise Unavailable("it failed and is not billed")
            if order.left <= 0 and order.fate == "lost":
                raise self._world.chance.choice(LOSSES)()
            if order.left <= 0 and order.fate == "ready":
                return self._picture(operation.operation_id)

    async def cancel(self, provider: Any, settings: Any, call: Any, operation: Operation) -> bool:
        await self._wait(self._world.chance.choice((0.5, 20.0)))
        order = self._world.order(operation.operation_id)
        if operation.cancel_url is None or order.left <= 0 or self._world.chance.random() < 0.3:
            return False
        order.fate, order.charged = "canceled", 0.0
        return True

    async def _until_deadline(self, run: Run) -> None:
        await self._wait(max(0.0, run.deadline - self._clock.monotonic()))
        raise Ambiguous("no answer")

    async def _wait(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        await self._life.step()

    def _picture(self, key: str) -> Result:
        data = key.encode()
        staged = Staged(asset_id=hashlib.sha256(data).hexdigest(), data=data)
        sound = Sound(mime_type="image/png", width=1, height=1)
        return Result(images=(Made(staged=staged, sound=sound, seed=None),))
