"""One SQLite file over two connections, each used from one thread at a time: one writes in transactions that begin
IMMEDIATE, the other reads snapshots (WAL), so that no reader waits for a writer."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.storage.registry.contract import Shelf
from imgforge_mcp.storage.registry.queue import Hear, News
from imgforge_mcp.storage.registry.sql.queries import load_queries
from imgforge_mcp.storage.registry.sql.statements import Cursor, Statements
from imgforge_mcp.storage.registry.sqlite.schema import migrate

T = TypeVar("T")

BUSY_SECONDS = 5.0
"""How long anybody waits for a file that another process holds."""
LEAST_BUSY_SECONDS = 0.25
"""What is left of that to who had to queue behind one that waited in vain."""
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY")


class SqliteStatements(Statements):
    """One connection's. The file has one writer at a time, and that is every lock there is."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str], shelf: Shelf | None) -> None:
        super().__init__(queries, shelf)
        self._connection = connection

    def _run(self, text: str, values: Mapping[str, Any]) -> Cursor:
        return self._connection.execute(text, values)

    def lock(self, kind: str, *names: str) -> None:
        return

    def lease_time(self, own: float) -> float:
        return own

    def tell(self, news: News, about: str = "") -> None:
        return


class SqliteDatabase:
    """A file, opened with the first use. `write` runs a function inside one transaction, `read` over one snapshot."""

    def __init__(self, path: Path, shelf: Shelf | None = None) -> None:
        self._path = path
        self._first_use = threading.Lock()
        self._is_ready = False
        self._writer = _Connection(path, shelf, is_reader=False)
        self._reader = _Connection(path, shelf, is_reader=True)

    async def write(self, act: Callable[[Statements], T], *, is_durable: bool = True) -> T:
        """Run `act` in a transaction that holds the write lock from its start; an exception rolls it back. One that
        need not be durable is not synced to the disk by itself.

        Raises:
            StorageError: the database cannot be used, or another process has held it for 5 s.
        """
        return await self._run(self._writer, "BEGIN IMMEDIATE", act, is_durable=is_durable)

    async def read(self, act: Callable[[Statements], T]) -> T:
        """Run `act` over one snapshot, beside whatever is written meanwhile. Raises StorageError as `write` does."""
        return await self._run(self._reader, "BEGIN DEFERRED", act)

    async def migrate(self) -> list[str]:
        return await self._guarded(self._prepare, self._writer)

    async def listen(self, hear: Hear) -> None:
        """A file tells nobody; its processes speak with each other by themselves."""
        await anyio.sleep_forever()

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            for connection in (self._reader, self._writer):
                await anyio.to_thread.run_sync(connection.close, limiter=connection.turn)

    async def _run(
        self, connection: "_Connection", begin: str, act: Callable[[Statements], T], *, is_durable: bool = True
    ) -> T:
        asked = monotonic()

        def run() -> T:
            self._prepare()
            return connection.transaction(begin, act, asked, is_durable=is_durable)

        return await self._guarded(run, connection)

    async def _guarded(self, run: Callable[[], T], connection: "_Connection") -> T:
        def guarded() -> T:
            try:
                return run()
            except (sqlite3.Error, OSError) as error:
                raise self._storage_error(error) from None

        return await anyio.to_thread.run_sync(guarded, limiter=connection.turn)

    def _prepare(self) -> list[str]:
        """Make the file, owner-only, and bring it up to date, before either connection is used; what was missing."""
        if self._is_ready:
            return []
        with self._first_use:
            applied = list[str]()
            if not self._is_ready:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._path.touch(mode=0o600)
                connection = _connect(self._path)
                try:
                    applied = migrate(connection)
                finally:
                    connection.close()
                self._is_ready = True
            return applied

    def _storage_error(self, error: sqlite3.Error | OSError) -> StorageError:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in BUSY:
            reason, fix = "another process has held it for some seconds", "end that process, or try again"
        else:
            names = (getattr(error, name, None) for name in ("sqlite_errorname", "strerror"))
            reason = next(filter(None, names), type(error).__name__)
            fix = "check free space and permissions, or set IMGFORGE_HOME"
        return StorageError(f"The job registry {self._path} cannot be used ({reason}); {fix}.", path=str(self._path))


class _Connection:
    """One connection and its turns; waits for a file that another holds, but not once for everyone in the queue."""

    def __init__(self, path: Path, shelf: Shelf | None, *, is_reader: bool) -> None:
        self.turn = anyio.CapacityLimiter(1)
        self._path = path
        self._shelf = shelf
        self._is_reader = is_reader
        self._connection: sqlite3.Connection | None = None
        self._statements: SqliteStatements | None = None
        self._is_blocked = False

    def transaction(self, begin: str, act: Callable[[Statements], T], asked: float, *, is_durable: bool) -> T:
        connection, statements = self._open()
        if self._is_blocked:
            left = max(LEAST_BUSY_SECONDS, BUSY_SECONDS - (monotonic() - asked))
            connection.execute(f"PRAGMA busy_timeout = {round(left * 1000)}")
        try:
            with _synced(connection, is_durable=is_durable):
                result = _in_transaction(connection, begin, lambda: act(statements))
        except sqlite3.Error as error:
            self._is_blocked = getattr(error, "sqlite_errorcode", 0) & 0xFF in BUSY
            raise
        if self._is_blocked:
            self._is_blocked = False
            connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
        return result

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._statements = None

    def _open(self) -> tuple[sqlite3.Connection, SqliteStatements]:
        if self._connection is None or self._statements is None:
            connection = _connect(self._path)
            connection.row_factory = sqlite3.Row
            if self._is_reader:
                connection.execute("PRAGMA query_only = ON")
            self._connection, self._statements = (
                connection,
                SqliteStatements(connection, load_queries(__package__), self._shelf),
            )
        return self._connection, self._statements


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=128
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _synced(connection: sqlite3.Connection, *, is_durable: bool) -> Iterator[None]:
    if is_durable:
        yield
        return
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _in_transaction(connection: sqlite3.Connection, begin: str, act: Callable[[], T]) -> T:
    connection.execute(begin)
    try:
        result = act()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
