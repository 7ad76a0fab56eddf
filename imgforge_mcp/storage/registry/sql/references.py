"""Kept references: their pictures are noted in the transaction that sees to it that they are still there."""

from collections.abc import Callable, Sequence
from datetime import datetime

from imgforge_mcp.base.types import Asset, KeptHandle, KeptReference
from imgforge_mcp.storage.registry.sql.assets import record, secure
from imgforge_mcp.storage.registry.sql.eviction import count_added
from imgforge_mcp.storage.registry.sql.rows import to_asset
from imgforge_mcp.storage.registry.sql.statements import Database, Statements

APART = ","
"""What stands between names; no name has one."""


class SqlReferences:
    """The part of the registry that keeps references."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def of_tenant(self, tenant: str) -> list[KeptReference]:
        return await self._database.read(lambda sql: _of_tenant(sql, tenant))

    async def add(self, tenant: str, name: str, words: str | None, pictures: Sequence[Asset]) -> KeptReference:
        now = self._now().timestamp()
        kept = {"tenant": tenant, "name": name}

        def act(sql: Statements) -> KeptReference:
            sql.lock("tenant", tenant)
            secure(sql, *pictures)
            sql.change("keep_reference", **kept, now=now)
            if words is not None:
                sql.change("describe_reference", **kept, words=words)
            present = sql.all("pictures_of_reference", **kept)
            ids = [row["asset_id"] for row in present]
            new = {picture.asset_id: picture for picture in pictures if picture.asset_id not in ids}
            first = present[-1]["position"] + 1 if present else 0
            added = 0
            for position, picture in enumerate(new.values(), first):
                added += record(sql, picture, now, tenant)
                sql.change("keep_picture", **kept, position=position, asset_id=picture.asset_id)
            count_added(sql, added)
            return next(each for each in _of_tenant(sql, tenant) if each.name == name)

        return await self._database.write(act)

    async def remove(self, tenant: str, name: str) -> bool:
        def act(sql: Statements) -> bool:
            sql.lock("tenant", tenant)
            sql.change("remove_kept_pictures", tenant=tenant, name=name)
            for row in sql.all("kept_handles", tenant=tenant):
                if name in row["names"].split(APART):
                    sql.change("forget_handles", tenant=tenant, names=row["names"])
            return sql.change("remove_reference", tenant=tenant, name=name) > 0

        return await self._database.write(act)

    async def handle(self, kept: KeptHandle) -> str | None:
        row = await self._database.read(lambda sql: sql.one("kept_handle", **_place(kept), made_of=kept.made_of))
        return None if row is None else str(row["handle"])

    async def keep_handle(self, kept: KeptHandle) -> None:
        now = self._now().timestamp()

        def act(sql: Statements) -> None:
            sql.lock("tenant", kept.tenant)
            if {*kept.names} <= {row["name"] for row in sql.all("kept_references", tenant=kept.tenant)}:
                sql.change("keep_handle", **_place(kept), made_of=kept.made_of, handle=kept.handle, now=now)

        await self._database.write(act)

    async def forget_handle(self, kept: KeptHandle) -> None:
        await self._database.write(lambda sql: sql.change("forget_handle", **_place(kept), handle=kept.handle))


def _place(kept: KeptHandle) -> dict[str, str]:
    return {"tenant": kept.tenant, "names": APART.join(kept.names), "provider": kept.provider}


def _of_tenant(sql: Statements, tenant: str) -> list[KeptReference]:
    pictures: dict[str, list[Asset]] = {}
    for row in sql.all("kept_pictures", tenant=tenant):
        pictures.setdefault(row["name"], []).append(to_asset(row))
    return [
        KeptReference(name=row["name"], words=row["words"], pictures=tuple(pictures.get(row["name"], ())))
        for row in sql.all("kept_references", tenant=tenant)
    ]
