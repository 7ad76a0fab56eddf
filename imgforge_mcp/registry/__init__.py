"""The registry: every job, attempt and asset record of this machine, in one SQLite file shared by all processes."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from imgforge_mcp.registry.assets import AssetRecords
from imgforge_mcp.registry.database import Database
from imgforge_mcp.registry.jobs import LEASE_SECONDS, CancelRequested, Jobs, LeaseLost, Stop
from imgforge_mcp.registry.records import Caps, Ending, NewAttempt, NewJob, Settlement

__all__ = [
    "LEASE_SECONDS",
    "CancelRequested",
    "Caps",
    "Ending",
    "LeaseLost",
    "NewAttempt",
    "NewJob",
    "Registry",
    "Settlement",
    "Stop",
]


class Registry:
    """Both halves over one database file, opened with the first use and made with owner-only permissions."""

    def __init__(self, path: Path, now: Callable[[], datetime], owner: str) -> None:
        self._database = Database(path)
        self.jobs = Jobs(self._database, now, owner)
        self.assets = AssetRecords(self._database, now)

    async def close(self) -> None:
        await self._database.close()
