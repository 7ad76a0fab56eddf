"""The records beside the images: what is stored, when it was last used, where it came from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from imgforge_mcp.base.errors import Deleted, InvalidRequest, no_image
from imgforge_mcp.base.types import Asset, ImageRequest, Json
from imgforge_mcp.storage.registry.sql.eviction import count_added, count_removed, remove, total_bytes
from imgforge_mcp.storage.registry.sql.rows import to_asset, to_dollars, to_request, to_time
from imgforge_mcp.storage.registry.sql.statements import Database, Row, Statements

EVICT_TO = 0.9
SLICE = 8
"""How many images are removed in one transaction: a call waits for each that comes before its own."""
EVERYBODY = "*"
"""The tenant of a tombstone that holds for all."""


class SqlAssets:
    """The asset half of the registry."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def _seconds(self) -> float:
        return self._now().timestamp()

    async def add(self, asset: Asset, tenant: str = "") -> None:
        now = self._seconds()

        def act(sql: Statements) -> None:
            secure(sql, asset)
            count_added(sql, record(sql, asset, now, tenant))

        await self._database.write(act)

    async def find(self, asset_id: str) -> Asset | None:
        row, tombstone = await self._database.read(
            lambda sql: (sql.one("asset", asset_id=asset_id), sql.one("tombstone", asset_id=asset_id))
        )
        if row is None:
            if tombstone is not None and (when := to_time(tombstone["deleted_at"])) is not None:
                raise Deleted(f"This image was deleted on {when:%Y-%m-%d}.", asset_id=asset_id)
            return None
        now = self._seconds()
        if row["accessed_at"] < now - 60:
            await self._database.write(lambda sql: sql.change("touch_asset", asset_id=asset_id, now=now))
        return to_asset(row)

    async def begins_with(self, start: str, limit: int) -> list[Asset]:
        values = {"first": start, "last": f"{start}g", "limit": limit}  # a "g" sorts behind every hex digit
        return [to_asset(row) for row in await self._database.read(lambda sql: sql.all("assets_between", **values))]

    async def recent(self, limit: int, after: str | None = None) -> list[Asset]:
        name, values = ("recent_assets", {}) if after is None else ("assets_after", {"after": after})
        rows = await self._database.read(lambda sql: sql.all(name, limit=limit, **values))
        return [to_asset(row) for row in rows]

    async def origins(self, asset_id: str) -> list[Json]:
        rows = await self._database.read(lambda sql: sql.all("asset_origins", asset_id=asset_id))
        return [_origin(row) for row in rows]

    async def pin(self, asset_id: str, tenant: str | None, *, is_pinned: bool) -> Asset:
        def act(sql: Statements) -> Asset:
            row = _owned(sql, asset_id, tenant)
            sql.change("pin_asset", asset_id=asset_id, pinned=int(is_pinned))
            return to_asset(row)

        return await self._database.write(act)

    async def delete(self, asset_id: str, tenant: str | None) -> None:
        now = self._seconds()

        def act(sql: Statements) -> None:
            sql.lock("image", asset_id)
            row = _owned(sql, asset_id, tenant)
            if (job := sql.one("needed_by", asset_id=asset_id)) is not None:
                raise InvalidRequest(
                    f"Job {job['job_id']} needs this image and has not ended; wait for it, or cancel it.",
                    field="asset_id",
                )
            kept = [row["name"] for row in sql.all("kept_with", asset_id=asset_id) if tenant in (None, row["tenant"])]
            if kept:
                name = kept[0]
                raise InvalidRequest(
                    f"The kept reference {name} has this image; 'imgforge-mcp references remove {name}' gives it up.",
                    field="asset_id",
                )
            owner = EVERYBODY if tenant is None else tenant
            sql.change("insert_tombstone", asset_id=asset_id, tenant=owner, now=now)
            if tenant is None or not sql.all("asset_tenants", asset_id=asset_id):
                count_removed(sql, [row] if remove(sql, row) else [])

        await self._database.write(act)

    async def deleted(self, asset_ids: Iterable[str], tenant: str | None) -> set[str]:
        whose = {"tenant": EVERYBODY if tenant is None else tenant, "everybody": EVERYBODY}

        def act(sql: Statements) -> set[str]:
            return {each for each in asset_ids if sql.one("deleted_for", asset_id=each, **whose) is not None}

        return await self._database.read(act)

    async def count_renditions(self, added: Mapping[str, int]) -> None:
        def act(sql: Statements) -> None:
            sql.lock("image", *added)
            count_renditions(sql, added)

        if added:
            await self._database.write(act)

    async def total_bytes(self) -> int:
        return await self._database.read(total_bytes)

    async def evict(self, cap: int) -> int:
        if await self.total_bytes() <= cap:
            return 0
        gone = 0
        while count := await self._database.write(lambda sql: self._slice(sql, int(cap * EVICT_TO))):
            gone += count
        return gone

    def _slice(self, sql: Statements, target: int) -> int:
        surplus, gone = total_bytes(sql) - target, list[Row]()
        for row in self._oldest(sql) if surplus > 0 else ():
            if surplus <= 0:
                break
            if remove(sql, row):
                surplus -= row["bytes"] + row["rendition_bytes"]
                gone.append(row)
            else:  # the others first, and this one in an hour
                sql.change("touch_asset", asset_id=row["asset_id"], now=self._seconds())
        count_removed(sql, gone)
        return len(gone)

    def _oldest(self, sql: Statements) -> Sequence[Row]:
        """What may go first, and is nobody else's meanwhile: looked for once more when that is certain."""
        values = {"now": self._seconds(), "limit": SLICE}
        locked = [row["asset_id"] for row in sql.all("evictable_assets", **values)]
        sql.lock("image", *locked)
        return [row for row in sql.all("evictable_assets", **values) if row["asset_id"] in locked]


def count_renditions(sql: Statements, added: Mapping[str, int]) -> None:
    """Add bytes of renditions to the total, within somebody's transaction. Lock: the images."""
    known = [
        amount
        for asset_id, amount in added.items()
        if sql.change("add_rendition_bytes", asset_id=asset_id, amount=amount)
    ]
    count_added(sql, sum(known))


def secure(sql: Statements, *assets: Asset) -> None:
    """Hold images, within somebody's transaction, and see that their bytes are there: another process may have removed
    them a moment ago. Raises StorageError: they are gone."""
    sql.lock("image", *(asset.asset_id for asset in assets))
    if sql.shelf is not None:
        for asset in assets:
            sql.shelf.secure(asset)


def record(sql: Statements, asset: Asset, now: float, tenant: str = "") -> int:
    """Note a stored image that is secured; one that is known already was used now. The bytes to be counted as added."""
    is_new = sql.change(
        "insert_asset",
        asset_id=asset.asset_id,
        mime_type=asset.mime_type,
        width=asset.width,
        height=asset.height,
        bytes=asset.bytes,
        now=now,
    )
    if not is_new:
        sql.change("touch_asset", asset_id=asset.asset_id, now=now)
    sql.change("lift_tombstones", asset_id=asset.asset_id, tenant=tenant, everybody=EVERYBODY)
    return asset.bytes if is_new else 0


def note_inputs(sql: Statements, job_id: str, request: ImageRequest) -> None:
    """Note which images a job needs, so that they are there when it comes to them."""
    for asset_id in needed_images(request):
        sql.change("insert_job_input", job_id=job_id, asset_id=asset_id)


def needed_images(request: ImageRequest) -> tuple[str, ...]:
    """The ids of the images that a request names."""
    references = (*(request.input_images or ()), *((request.mask,) if request.mask else ()))
    return tuple(reference for reference in references if len(reference) == 64)


def _owned(sql: Statements, asset_id: str, tenant: str | None) -> Row:
    """The row of an image that a tenant's jobs have. Raises NotFound."""
    row = sql.one("asset", asset_id=asset_id)
    if row is None or (
        tenant is not None and tenant not in [found["tenant"] for found in sql.all("asset_tenants", asset_id=asset_id)]
    ):
        raise no_image(asset_id)
    return row


def _origin(row: Row) -> Json:
    created = to_time(row["created_at"])
    return {
        "job_id": row["job_id"],
        "prompt": to_request(row["request"])[0].prompt,
        "final_prompt": row["final_prompt"],
        "provider": row["provider"],
        "model": row["model"],
        "seed": row["seed"],
        "cost_usd": to_dollars(row["cost"]),
        "created_at": created.isoformat() if created else None,
    }
