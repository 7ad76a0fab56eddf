"""One SQLite connection, used from one thread at a time; every writing transaction begins IMMEDIATE."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.storage.registry.sqlite.queries import load_migrations, load_queries

T = TypeVar("T")

BUSY_SECONDS = 30.0
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY")


class Statements:
    """The named queries, bound to an open connection."""

    def __init__(self, connection: sqlite3.Connection, queries: dict[str, str]) -> None:
        self._connection = connection
        self._queries = queries

    def one(self, name: str, **values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(self._queries[name], values).fetchone()
        return row

    def all(self, name: str, **values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(self._queries[name], values).fetchall()

    def change(self, name: str, **values: Any) -> int:
        """Execute and return how many rows changed."""
        return self._connection.execute(self._queries[name], values).rowcount

    def insert(self, name: str, **values: Any) -> int:
        """Execute and return the new row's number."""
        return self._connection.execute(self._queries[name], values).lastrowid or 0


class Database:
    """A file, opened with the first use. `write` runs a function inside one transaction, `read` outside of any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = anyio.CapacityLimiter(1)
        self._connection: sqlite3.Connection | None = None
        self._statements: Statements | None = None

    async def write(self, act: Callable[[Statements], T]) -> T:
        """Run `act` in a transaction that holds the write lock from its start; an exception rolls it back.

        Raises:
            StorageError: the database cannot be used.
        """
        return await anyio.to_thread.run_sync(self._in_transaction, act, limiter=self._turn)

    async def read(self, act: Callable[[Statements], T]) -> T:
        return await anyio.to_thread.run_sync(self._outside, act, limiter=self._turn)

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close, limiter=self._turn)

    def _in_transaction(self, act: Callable[[Statements], T]) -> T:
        try:
            connection, statements = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = act(statements)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return result
        except sqlite3.Error as error:
            raise self._storage_error(error) from None

    def _outside(self, act: Callable[[Statements], T]) -> T:
        try:
            return act(self._open()[1])
        except sqlite3.Error as error:
            raise self._storage_error(error) from None

    def _open(self) -> tuple[sqlite3.Connection, Statements]:
        if self._connection is None or self._statements is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=128
            )
            connection.row_factory = sqlite3.Row
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            _migrate(connection)
            self._connection, self._statements = connection, Statements(connection, load_queries())
        return self._connection, self._statements

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _storage_error(self, error: sqlite3.Error) -> StorageError:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.rollback()
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return StorageError(
            f"The job registry {self._path} cannot be used ({name}); check free space and permissions, or set "
            "IMGFORGE_HOME.",
            path=str(self._path),
        )


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the file up to date; processes that start together wait for the one that migrates."""
    migrations = load_migrations()
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = connection.execute("PRAGMA user_version").fetchone()[0]
        if done > len(migrations):
            raise StorageError("The job registry was written by a newer imgforge-mcp; upgrade this one.")
        for _, script in migrations[done:]:
            for statement in _split(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _split(script: str) -> list[str]:
    """The statements of a migration; `executescript` would commit the transaction it runs in."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]
