"""The registry over one database file."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from imgforge_mcp.storage.registry.contract import Shelf
from imgforge_mcp.storage.registry.sqlite.access import SqliteAccess
from imgforge_mcp.storage.registry.sqlite.assets import SqliteAssets
from imgforge_mcp.storage.registry.sqlite.database import Database
from imgforge_mcp.storage.registry.sqlite.jobs import SqliteJobs
from imgforge_mcp.storage.registry.sqlite.outbox import SqliteOutbox
from imgforge_mcp.storage.registry.sqlite.retention import SqliteRetention


class SqliteRegistry:
    """Opened with the first use, and made with owner-only permissions; `owner` names this process in every lease.
    Without a shelf it keeps books only."""

    def __init__(self, path: Path, now: Callable[[], datetime], owner: str, shelf: Shelf | None = None) -> None:
        self.owner = owner
        self._database = Database(path, shelf)
        self.jobs = SqliteJobs(self._database, now, owner)
        self.assets = SqliteAssets(self._database, now)
        self.retention = SqliteRetention(self._database, now)
        self.access = SqliteAccess(self._database, now)
        self.outbox = SqliteOutbox(self._database, now)

    async def close(self) -> None:
        await self._database.close()
