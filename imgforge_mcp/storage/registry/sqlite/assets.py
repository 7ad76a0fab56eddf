"""The records beside the images: what is stored, when it was last used, where it came from."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from imgforge_mcp.base.types import Asset, Json
from imgforge_mcp.storage.registry.sqlite.database import Database, Statements
from imgforge_mcp.storage.registry.sqlite.rows import from_text, to_asset, to_dollars, to_time

EVICT_TO = 0.9


class SqliteAssets:
    """The asset half of the registry."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(self, asset: Asset) -> None:
        """Record a stored image that no attempt brought: a reference."""
        now = self._now().timestamp()
        await self._database.write(lambda sql: record(sql, asset, now))

    async def find(self, asset_id: str) -> Asset | None:
        """The record, and a note that it was used."""
        row = await self._database.read(lambda sql: sql.one("asset", asset_id=asset_id))
        if row is None:
            return None
        now = self._now().timestamp()
        if row["accessed_at"] < now - 60:
            await self._database.write(lambda sql: sql.change("touch_asset", asset_id=asset_id, now=now))
        return to_asset(row)

    async def recent(self, limit: int) -> list[Asset]:
        return [to_asset(row) for row in await self._database.read(lambda sql: sql.all("recent_assets", limit=limit))]

    async def origins(self, asset_id: str) -> list[Json]:
        """The jobs that made an image: prompt, provider, model, seed, cost, time."""
        rows = await self._database.read(lambda sql: sql.all("asset_origins", asset_id=asset_id))
        return [_origin(row) for row in rows]

    async def forget(self, asset: Asset) -> None:
        def act(sql: Statements) -> None:
            if sql.change("delete_asset", asset_id=asset.asset_id):
                sql.change("add_asset_bytes", amount=-asset.bytes)

        await self._database.write(act)

    async def total_bytes(self) -> int:
        row = await self._database.read(lambda sql: sql.one("asset_bytes"))
        return 0 if row is None else int(row["value"])

    async def evict(self, cap: int) -> list[Asset]:
        """Forget the least recently used images until nine tenths of `cap` bytes are left; they are returned for their
        files to be removed."""
        if await self.total_bytes() <= cap:
            return []
        now = self._now().timestamp()

        def act(sql: Statements) -> list[Asset]:
            row = sql.one("asset_bytes")
            total = 0 if row is None else row["value"]
            gone: list[Asset] = []
            for candidate in sql.all("evictable_assets", now=now):
                if total <= cap * EVICT_TO:
                    break
                sql.change("delete_asset", asset_id=candidate["asset_id"])
                sql.change("add_asset_bytes", amount=-candidate["bytes"])
                total -= candidate["bytes"]
                gone.append(_evicted(candidate))
            return gone

        return await self._database.write(act)


def record(sql: Statements, asset: Asset, now: float) -> None:
    """Note a stored image, within somebody's transaction; one that is known already was used now."""
    if sql.one("asset_exists", asset_id=asset.asset_id) is None:
        sql.change("add_asset_bytes", amount=asset.bytes)
    sql.change(
        "insert_asset",
        asset_id=asset.asset_id,
        mime_type=asset.mime_type,
        width=asset.width,
        height=asset.height,
        bytes=asset.bytes,
        now=now,
    )


def _evicted(row: sqlite3.Row) -> Asset:
    return Asset(asset_id=row["asset_id"], mime_type=row["mime_type"], width=0, height=0, bytes=row["bytes"])


def _origin(row: sqlite3.Row) -> Json:
    created = to_time(row["created_at"])
    return {
        "job_id": row["job_id"],
        "prompt": from_text(row["request"])["prompt"],
        "final_prompt": row["final_prompt"],
        "provider": row["provider"],
        "model": row["model"],
        "seed": row["seed"],
        "cost_usd": to_dollars(row["cost"]),
        "created_at": created.isoformat() if created else None,
    }
