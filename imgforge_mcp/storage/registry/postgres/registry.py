"""The registry over one PostgreSQL database."""

from collections.abc import Callable
from datetime import datetime

from imgforge_mcp.storage.registry.contract import Shelf
from imgforge_mcp.storage.registry.postgres.database import PostgresDatabase
from imgforge_mcp.storage.registry.sql.registry import SqlRegistry


class PostgresRegistry(SqlRegistry):
    """Connects, and makes its tables, with the first use. Without a shelf it keeps books only. Leases run by the
    database's clock; by the process's own where `leases_by` is that."""

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime],
        owner: str,
        shelf: Shelf | None = None,
        *,
        leases_by: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(PostgresDatabase(url, shelf, has_own_time=leases_by is None), now, owner)
