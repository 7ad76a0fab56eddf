"""Kept references: their pictures are noted in the transaction that sees to it that they are still there."""

from collections.abc import Callable, Sequence
from datetime import datetime

from imgforge_mcp.base.types import Asset, KeptReference
from imgforge_mcp.storage.registry.sql.assets import record, secure
from imgforge_mcp.storage.registry.sql.rows import to_asset
from imgforge_mcp.storage.registry.sql.statements import Database, Statements


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
            for position, picture in enumerate(new.values(), first):
                record(sql, picture, now, tenant)
                sql.change("keep_picture", **kept, position=position, asset_id=picture.asset_id)
            return next(each for each in _of_tenant(sql, tenant) if each.name == name)

        return await self._database.write(act)

    async def remove(self, tenant: str, name: str) -> bool:
        def act(sql: Statements) -> bool:
            sql.lock("tenant", tenant)
            sql.change("remove_kept_pictures", tenant=tenant, name=name)
            return sql.change("remove_reference", tenant=tenant, name=name) > 0

        return await self._database.write(act)


def _of_tenant(sql: Statements, tenant: str) -> list[KeptReference]:
    pictures: dict[str, list[Asset]] = {}
    for row in sql.all("kept_pictures", tenant=tenant):
        pictures.setdefault(row["name"], []).append(to_asset(row))
    return [
        KeptReference(name=row["name"], words=row["words"], pictures=tuple(pictures.get(row["name"], ())))
        for row in sql.all("kept_references", tenant=tenant)
    ]
