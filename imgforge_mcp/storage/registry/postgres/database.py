"""One PostgreSQL database over a pool of connections. What it gives up for no fault of ours (a deadlock, a restart) is
done again; whether a commit whose answer was lost took place is asked of the database."""

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from itertools import count
from time import monotonic, sleep
from typing import Any, TypeVar
from uuid import uuid4

import anyio
import anyio.to_thread
import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from imgforge_mcp.base.errors import StorageError, UnusableDatabase
from imgforge_mcp.storage.registry.contract import Shelf
from imgforge_mcp.storage.registry.postgres.connecting import (
    OPTIONS,
    Connection,
    configure,
    first_connected,
    reason_of,
    shown,
)
from imgforge_mcp.storage.registry.postgres.news import CHANNEL, listen
from imgforge_mcp.storage.registry.postgres.schema import migrate
from imgforge_mcp.storage.registry.queue import Hear, News
from imgforge_mcp.storage.registry.sql.queries import load_queries
from imgforge_mcp.storage.registry.sql.statements import Cursor, Statements

T = TypeVar("T")
MOST_CONNECTIONS = 8
PATIENCE_SECONDS = 30.0
"""How long a database that was there is waited for: one that restarts is back by then."""
FIRST_SECONDS = 5.0
"""How long one is waited for that was never there: it may start with us, or its address may be wrong."""
PAUSE_SECONDS = 0.05, 1.0
"""Between two tries, at first and at most."""
STANDSTILL = "30s"
"""After how long a process that stands still in the middle of a transaction loses it, for others wait for its locks."""
SET = f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = '{STANDSTILL}'"
NOW = "extract(epoch FROM clock_timestamp())::float8 AS now"
WRITE = f"{SET}; INSERT INTO commits (token) VALUES ('{{token}}'); SELECT pg_current_xact_id()::text AS number, {NOW}"
WRITE_SOON = f"{SET}; SET LOCAL synchronous_commit = off; SELECT NULL AS number, {NOW}"
READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT NULL AS number, {NOW}"
FORGET = "DELETE FROM commits WHERE at < now() - interval '1 hour'"
FORGET_EVERY = 1000
"""Durable transactions of a process: with the first of so many, tokens that nobody can ask for any more are deleted."""
PLACEHOLDER = re.compile(r"(?<![:\w]):(\w+)")


class PostgresStatements(Statements):
    """One transaction's."""

    def __init__(self, connection: Connection, shelf: Shelf | None, began: float | None) -> None:
        super().__init__(_queries(), shelf)
        self._connection = connection
        self._began = began

    def _run(self, text: str, values: Mapping[str, Any]) -> Cursor:
        return self._connection.execute(text.encode(), values)

    def lock(self, kind: str, *names: str) -> None:
        numbers = sorted(_lock_number(kind, name) for name in set(names))
        if numbers:
            self._connection.execute("SELECT pg_advisory_xact_lock(n) FROM unnest(%s::bigint[]) AS n", (numbers,))

    def lease_time(self, own: float) -> float:
        return own if self._began is None else self._began

    def tell(self, news: News, about: str = "") -> None:
        self._connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{news} {about}"))


class _InDoubt(Exception):
    """The connection was lost while a commit was on its way: of a transaction by this number, under this token."""

    def __init__(self, number: str, token: str, result: Any) -> None:
        super().__init__(number)
        self.number = number
        self.token = token
        self.result = result


class PostgresDatabase:
    """Every method blocks in a thread of its own; as many at once as there are connections."""

    def __init__(self, url: str, shelf: Shelf | None, *, has_own_time: bool) -> None:
        self._url = url
        self._shelf = shelf
        self._has_own_time = has_own_time
        self._turns = anyio.CapacityLimiter(MOST_CONNECTIONS)
        self._first_use = threading.Lock()
        self._pool: ConnectionPool[Connection] | None = None
        self._applied: list[str] = []
        self._commits = count()

    async def write(self, act: Callable[[Statements], T], *, is_durable: bool = True) -> T:
        begin = WRITE if is_durable else WRITE_SOON
        return await anyio.to_thread.run_sync(self._persistently, begin, act, limiter=self._turns)

    async def read(self, act: Callable[[Statements], T]) -> T:
        return await anyio.to_thread.run_sync(self._persistently, READ, act, limiter=self._turns)

    async def migrate(self) -> list[str]:
        await anyio.to_thread.run_sync(self._usable, limiter=self._turns)
        return self._applied

    async def listen(self, hear: Hear) -> None:
        await listen(self._url, hear)

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            if self._pool is not None:
                await anyio.to_thread.run_sync(self._pool.close)
                self._pool = None

    def _persistently(self, begin: str, act: Callable[[Statements], T]) -> T:
        pool = self._usable()
        until, pause = monotonic() + PATIENCE_SECONDS, PAUSE_SECONDS[0]
        while True:
            try:
                with pool.connection(timeout=max(1.0, until - monotonic())) as connection:
                    return self._transaction(connection, begin, act)
            except _InDoubt as doubt:
                if self._has_committed(pool, doubt, until):
                    result: T = doubt.result
                    return result
            except psycopg.Error as error:
                if not _is_passing(error) or monotonic() > until:
                    raise self._error(error) from None
            sleep(pause)
            pause = min(pause * 2, PAUSE_SECONDS[1])

    def _transaction(self, connection: Connection, begin: str, act: Callable[[Statements], T]) -> T:
        token = uuid4().hex
        try:
            begun = connection.execute(begin.format(token=token).encode())
            while begun.nextset():
                pass
            [row] = begun
            began = float(row["now"]) if self._has_own_time else None
            result = act(PostgresStatements(connection, self._shelf, began))
            if row["number"] is not None and next(self._commits) % FORGET_EVERY == 0:
                connection.execute(FORGET)
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise
        try:
            connection.execute("COMMIT")
        except psycopg.OperationalError:
            if row["number"] is None or connection.info.transaction_status is not TransactionStatus.UNKNOWN:
                raise
            raise _InDoubt(row["number"], token, result) from None
        return result

    def _has_committed(self, pool: "ConnectionPool[Connection]", doubt: _InDoubt, until: float) -> bool:
        """By the token, once it is certain that nothing goes on: a database that has crashed may give the number of
        what it lost to another transaction. Raises StorageError: the database does not come back to tell."""
        while True:
            try:
                with pool.connection(timeout=max(1.0, until - monotonic())) as connection:
                    if not _is_in_progress(connection, doubt.number):
                        asked = "SELECT EXISTS (SELECT 1 FROM commits WHERE token = %s) AS is_known"
                        [row] = connection.execute(asked, (doubt.token,))
                        return bool(row["is_known"])
            except psycopg.Error as error:
                if monotonic() > until:
                    raise self._error(error) from None
            sleep(PAUSE_SECONDS[0])

    def _usable(self) -> "ConnectionPool[Connection]":
        """Connect once, to see that it can be done, and bring the tables up to date. Raises UnusableDatabase."""
        with self._first_use:
            if self._pool is None:
                try:
                    with first_connected(self._url, FIRST_SECONDS) as connection:
                        self._applied = migrate(connection)
                except (psycopg.Error, OSError) as error:
                    raise self._error(error, UnusableDatabase) from None
                self._pool = ConnectionPool(
                    self._url,
                    connection_class=Connection,
                    kwargs=OPTIONS,
                    min_size=1,
                    max_size=MOST_CONNECTIONS,
                    configure=configure,
                    open=True,
                    reconnect_timeout=PATIENCE_SECONDS,
                    num_workers=1,
                    name="imgforge",
                )
            return self._pool

    def _error(self, error: psycopg.Error | OSError, kind: type[StorageError] = StorageError) -> StorageError:
        return kind(
            f"The job registry {shown(self._url)} cannot be used ({reason_of(error)}); see that the database runs and "
            "takes this user, or set IMGFORGE_DATABASE_URL.",
            setting="IMGFORGE_DATABASE_URL",
        )


def _is_in_progress(connection: Connection, number: str) -> bool:
    try:
        [row] = connection.execute("SELECT pg_xact_status(%s::xid8) AS status", (number,))
    except psycopg.errors.InvalidParameterValue:  # one that the database has never heard of
        return False
    return bool(row["status"] == "in progress")


def _is_passing(error: psycopg.Error) -> bool:
    """Whether it may well go the next time: a deadlock, a connection that was lost, a server that starts or stops."""
    if isinstance(error, psycopg.errors.DiskFull):
        return False
    return isinstance(error, psycopg.OperationalError | psycopg.errors.IdleInTransactionSessionTimeout)


def _lock_number(kind: str, name: str) -> int:
    digest = hashlib.sha256(f"{kind}\0{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@cache
def _queries() -> dict[str, str]:
    """The named queries, with psycopg's placeholders."""
    return {
        name: PLACEHOLDER.sub(r"%(\1)s", text.replace("%", "%%")) for name, text in load_queries(__package__).items()
    }
