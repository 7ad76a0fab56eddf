"""What a database is to the registry: transactions, and the named queries that run in them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from imgforge_mcp.storage.registry.contract import Shelf
from imgforge_mcp.storage.registry.queue import Hear, News

T = TypeVar("T")


class Row(Protocol):
    """A row by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...

    def keys(self) -> Iterable[str]: ...


class Cursor(Protocol):
    """What came of a statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> Sequence[Row]: ...


class Statements(ABC):
    """What a transaction has at hand: the named queries over its connection, and the shelf with the images' bytes."""

    def __init__(self, queries: Mapping[str, str], shelf: Shelf | None) -> None:
        self._queries = queries
        self.shelf = shelf

    @abstractmethod
    def _run(self, text: str, values: Mapping[str, Any]) -> Cursor: ...

    @abstractmethod
    def lock(self, kind: str, *names: str) -> None:
        """Hold what these names stand for until the transaction ends, so that nobody else looks and acts meanwhile. Who
        holds several kinds asks for them in this order: grant, digest, tenant, image, provider, spend."""

    @abstractmethod
    def lease_time(self, own: float) -> float:
        """When the transaction began (seconds since 1970) by the clock that leases run by, where the process's own says
        `own`."""

    @abstractmethod
    def tell(self, news: News, about: str = "") -> None:
        """Tell other processes, once the transaction is on record."""

    def one(self, name: str, /, **values: Any) -> Row | None:
        return next(iter(self.all(name, **values)), None)

    def all(self, name: str, /, **values: Any) -> Sequence[Row]:
        return self._run(self._queries[name], values).fetchall()

    def under(self, name: str, /, conditions: Sequence[str], **values: Any) -> Sequence[Row]:
        """The rows of a query that leaves its conditions open; they are named as it is."""
        text = self._queries[name].format(conditions=" AND ".join(self._queries[condition] for condition in conditions))
        return self._run(text, values).fetchall()

    def change(self, name: str, /, **values: Any) -> int:
        """Execute and return how many rows changed."""
        return self._run(self._queries[name], values).rowcount

    def insert(self, name: str, /, **values: Any) -> int:
        """Execute and return the number of the new row, which the query calls `number`."""
        [row] = self.all(name, **values)
        return int(row["number"])


class Database(Protocol):
    """Opened with the first use. `write` runs a function inside one transaction, `read` over one snapshot."""

    async def write(self, act: Callable[[Statements], T], *, is_durable: bool = True) -> T:
        """Run `act` in a transaction; an exception rolls it back. It may be run again, when the database gave up the
        first time, so it changes nothing but what its statements change. One that need not be durable does not wait for
        the disk: a power failure may undo it, unless a durable one has come after it, which takes it along. That is
        enough for who has a job: before anything is sent for it, that is recorded durably. Raises StorageError."""

    async def read(self, act: Callable[[Statements], T]) -> T:
        """Run `act` over one snapshot, beside whatever is written meanwhile. Raises StorageError."""

    async def migrate(self) -> list[str]:
        """Bring the tables up to date; the names of what was missing. Raises StorageError."""

    async def listen(self, hear: Hear) -> None:
        """Tell of what others did, until cancelled."""

    async def close(self) -> None: ...
