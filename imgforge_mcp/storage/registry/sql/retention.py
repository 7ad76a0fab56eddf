"""What is no longer kept: ended keys, and past a day that the user chose jobs, attempts, batches and images."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from imgforge_mcp.base.clock import first_id
from imgforge_mcp.storage.registry.contract import Forgotten
from imgforge_mcp.storage.registry.sql.eviction import count_removed, remove
from imgforge_mcp.storage.registry.sql.rows import to_text
from imgforge_mcp.storage.registry.sql.statements import Database, Row, Statements

SLICE = 50
"""How many jobs, batches or images go in one transaction: others wait for it."""
KEYS = 500
LOOKED_AT = 500
"""How many images one read looks at."""


class SqlRetention:
    """The part of the registry that forgets."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def _seconds(self) -> float:
        return self._now().timestamp()

    async def forget_ended_keys(self) -> int:
        gone = 0
        while count := await self._database.write(
            lambda sql: sql.change("forget_keys", now=self._seconds(), limit=KEYS)
        ):
            gone += count
        return gone

    async def forget_before(self, before: datetime) -> Forgotten:
        jobs = 0
        while count := await self._database.write(lambda sql: self._forget_jobs(sql, before)):
            jobs += count
        await self._database.write(lambda sql: sql.change("forget_tombstones", before=before.timestamp()))
        first_batch = f"batch_{first_id(before)}"
        while await self._database.write(
            lambda sql: sql.change("forget_batches", first_batch=first_batch, limit=SLICE)
        ):
            pass
        return Forgotten(jobs=jobs, images=await self._forget_images(before))

    def _forget_jobs(self, sql: Statements, before: datetime) -> int:
        rows = sql.all("jobs_ended_before", before=before.timestamp(), now=self._seconds(), limit=SLICE)
        if not rows:
            return 0
        ids = to_text([row["job_id"] for row in rows])
        sql.change("add_forgotten_usage", ids=ids)
        for part in ("attempts", "job_assets", "job_inputs", "job_texts", "webhooks", "jobs"):
            sql.change(f"forget_{part}", ids=ids)
        return len(rows)

    async def _forget_images(self, before: datetime) -> int:
        """Images that no kept job has: found by reading, a few at a time, and looked at again under the lock."""
        gone, place = 0, (0.0, "")
        while rows := await self._database.read(partial(self._old_images, before.timestamp(), place)):
            place = (rows[-1]["accessed_at"], rows[-1]["asset_id"])
            orphans = [row["asset_id"] for row in rows if row["is_orphan"]]
            for start in range(0, len(orphans), SLICE):
                gone += await self._database.write(partial(self._remove_orphans, orphans[start : start + SLICE]))
        return gone

    def _old_images(self, before: float, place: tuple[float, str], sql: Statements) -> Sequence[Row]:
        at, after = place
        return sql.all("old_assets", before=before, now=self._seconds(), at=at, after=after, limit=LOOKED_AT)

    def _remove_orphans(self, asset_ids: list[str], sql: Statements) -> int:
        sql.lock("image", *asset_ids)
        found = [sql.one("orphan", asset_id=asset_id, now=self._seconds()) for asset_id in asset_ids]
        gone = [row for row in found if row is not None and remove(sql, row)]
        count_removed(sql, gone)
        return len(gone)
