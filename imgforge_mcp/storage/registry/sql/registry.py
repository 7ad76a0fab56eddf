"""The registry over one database."""

from collections.abc import Callable
from datetime import datetime

from imgforge_mcp.storage.registry.sql.access import SqlAccess
from imgforge_mcp.storage.registry.sql.assets import SqlAssets
from imgforge_mcp.storage.registry.sql.grants import SqlGrants
from imgforge_mcp.storage.registry.sql.jobs import SqlJobs
from imgforge_mcp.storage.registry.sql.outbox import SqlOutbox
from imgforge_mcp.storage.registry.sql.queue import SqlQueue
from imgforge_mcp.storage.registry.sql.references import SqlReferences
from imgforge_mcp.storage.registry.sql.retention import SqlRetention
from imgforge_mcp.storage.registry.sql.statements import Database


class SqlRegistry:
    """`owner` names this process in every lease."""

    def __init__(self, database: Database, now: Callable[[], datetime], owner: str) -> None:
        self.owner = owner
        self._database = database
        self.jobs = SqlJobs(database, now, owner)
        self.assets = SqlAssets(database, now)
        self.retention = SqlRetention(database, now)
        self.access = SqlAccess(database, now)
        self.grants = SqlGrants(database, now)
        self.outbox = SqlOutbox(database, now)
        self.queue = SqlQueue(database, now, owner)
        self.references = SqlReferences(database, now)

    async def migrate(self) -> list[str]:
        return await self._database.migrate()

    async def close(self) -> None:
        await self._database.close()
