"""The registry over one database file."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from imgforge_mcp.storage.registry.contract import Shelf
from imgforge_mcp.storage.registry.sql.registry import SqlRegistry
from imgforge_mcp.storage.registry.sqlite.database import SqliteDatabase


class SqliteRegistry(SqlRegistry):
    """Opened with the first use, and made with owner-only permissions. Without a shelf it keeps books only."""

    def __init__(self, path: Path, now: Callable[[], datetime], owner: str, shelf: Shelf | None = None) -> None:
        super().__init__(SqliteDatabase(path, shelf), now, owner)
