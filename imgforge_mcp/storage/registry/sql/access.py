"""Keys, and the limits of tenants: counted in the transaction that opens a job, so that no two processes both take the
last place."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta

from imgforge_mcp.base.clock import first_id
from imgforge_mcp.base.errors import AllowanceUsed, BudgetExceeded, InvalidRequest, LimitReached
from imgforge_mcp.base.types import Allowance, Json
from imgforge_mcp.storage.registry.access import ApiKey, Standing
from imgforge_mcp.storage.registry.sql.rows import MILLIONTHS, from_text, to_millionths, to_text, to_time
from imgforge_mcp.storage.registry.sql.statements import Database, Row, Statements

MINUTE = 60.0
WINDOWS = ("day", "month")
BUSY_RETRY = 2.0
"""Seconds after which a caller whose jobs are all under way may try again."""


class SqlAccess:
    """The door's half of the registry."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add_key(self, key: ApiKey) -> None:
        values = {
            "name": key.name,
            "tenant": key.tenant,
            "digest": key.digest,
            "start": key.start,
            "project_id": key.project_id,
            "allowance": json.dumps(
                {name: value for name, value in asdict(key.allowance).items() if value is not None}
            ),
            "webhook_secret": key.webhook_secret,
            "created_at": key.created_at.timestamp(),
            "expires_at": key.expires_at.timestamp() if key.expires_at else None,
        }
        if not await self._database.write(lambda sql: sql.change("insert_key", **values)):
            raise InvalidRequest(f"There is a key of the name {key.name!r} already; choose another.", field="name")

    async def key_of(self, digest: str) -> ApiKey | None:
        row = await self._database.read(lambda sql: sql.one("key_of", digest=digest))
        if row is None:
            return None
        now = self._now().timestamp()
        if (row["last_used_at"] or 0.0) < now - MINUTE:
            await self._database.write(lambda sql: sql.change("touch_key", digest=digest, now=now))
        return _key(row)

    async def keys(self) -> list[ApiKey]:
        return [_key(row) for row in await self._database.read(lambda sql: sql.all("all_keys"))]

    async def has_keys(self) -> bool:
        row = await self._database.read(lambda sql: sql.one("count_keys"))
        return bool(row and row["keys"])

    async def revoke_key(self, name: str) -> bool:
        now = self._now().timestamp()
        return await self._database.write(lambda sql: sql.change("revoke_key", name=name, now=now)) > 0

    async def replace_key(self, name: str, digest: str, start: str) -> bool:
        values = {"name": name, "digest": digest, "start": start, "now": self._now().timestamp()}
        return await self._database.write(lambda sql: sql.change("replace_key", **values)) > 0

    async def standings(self, tenant: str, allowance: Allowance) -> list[Standing]:
        now = self._now()
        found = await self._database.read(lambda sql: _standings(sql, tenant, allowance, now))
        return sorted(found, key=lambda standing: standing.left / max(1, standing.limit))

    async def requests(self, tenant: str | None) -> dict[str, tuple[int, int]]:
        now = self._now()

        def act(sql: Statements) -> dict[str, tuple[int, int]]:
            if tenant is None:
                return {name: _asked_since(sql, began) for name, began in zip(WINDOWS, _began(now), strict=True)}
            return {name: _admitted(sql, tenant, period) for name, period in zip(WINDOWS, _periods(now), strict=True)}

        return await self._database.read(act)

    async def owns(self, tenant: str, asset_id: str) -> bool:
        values = {"tenant": tenant, "asset_id": asset_id}
        return await self._database.read(lambda sql: sql.one("tenant_has_asset", **values)) is not None

    async def is_tenant(self, tenant: str) -> bool:
        return await self._database.read(lambda sql: sql.one("tenant_has_job", tenant=tenant)) is not None

    async def templates(self, tenant: str) -> list[Json]:
        rows = await self._database.read(lambda sql: sql.all("templates", tenant=tenant))
        return [from_text(row["body"]) for row in rows]

    async def add_template(self, tenant: str, template: Json) -> None:
        values = {"template_id": template["id"], "tenant": tenant, "body": to_text(template)}
        await self._database.write(lambda sql: sql.change("insert_template", **values))

    async def remove_template(self, tenant: str, template_id: str) -> bool:
        values = {"template_id": template_id, "tenant": tenant}
        return await self._database.write(lambda sql: sql.change("delete_template", **values)) > 0


def admit(sql: Statements, tenant: str, allowance: Allowance, images: int, now: datetime, price: int) -> None:
    """Count a request of `images` against a tenant's limits, within the transaction that opens its job.

    Raises:
        LimitReached, AllowanceUsed, BudgetExceeded: a limit stands in the way; nothing is counted.
    """
    sql.lock("tenant", tenant)
    for standing in _standings(sql, tenant, allowance, now):
        if standing.used + images > standing.limit:
            raise _reached(sql, tenant, standing, images, now)
    if allowance.concurrency is not None:
        row = sql.one("unfinished_jobs_of", tenant=tenant)
        if row is not None and row["jobs"] >= allowance.concurrency:
            raise LimitReached(
                f"Your limit of {allowance.concurrency} requests at once is reached; wait for one of them to end.",
                retry_after=BUSY_RETRY,
                limit="concurrency",
            )
    _check_budget(sql, tenant, allowance, now, price)
    seconds = now.timestamp()
    sql.change("forget_admissions", tenant=tenant, since=seconds - MINUTE)
    sql.change("insert_admission", tenant=tenant, now=seconds, images=images)
    for period in _periods(now):
        sql.change("count_admitted", tenant=tenant, period=period, images=images)


def _check_budget(sql: Statements, tenant: str, allowance: Allowance, now: datetime, price: int) -> None:
    cap = to_millionths(allowance.budget_usd_month)
    if cap is None:
        return
    row = sql.one("tenant_committed", tenant=tenant, first_id=first_id(_began(now)[1]))
    so_far = 0 if row is None else int(row["amount"])
    if so_far + price > cap:
        raise BudgetExceeded(
            f"Your budget of ${cap / MILLIONTHS:.2f} a month does not allow this (${so_far / MILLIONTHS:.4f} spent or "
            f"reserved, ${price / MILLIONTHS:.4f} needed); nothing was sent.",
            budget="key",
            cap_usd=cap / MILLIONTHS,
            committed_usd=so_far / MILLIONTHS,
            needed_usd=price / MILLIONTHS,
        )


def _standings(sql: Statements, tenant: str, allowance: Allowance, now: datetime) -> list[Standing]:
    found = []
    if allowance.per_minute is not None:
        row = sql.one("admitted_since", tenant=tenant, since=now.timestamp() - MINUTE)
        used, first = (row["images"], row["first"]) if row else (0, None)
        reset = MINUTE if first is None else first + MINUTE - now.timestamp()
        found.append(Standing(window="minute", limit=allowance.per_minute, used=used, reset=reset))
    ends = _ends(now)
    limits = (allowance.per_day, allowance.per_month)
    for window, limit, period, end in zip(WINDOWS, limits, _periods(now), ends, strict=True):
        if limit is not None:
            _, used = _admitted(sql, tenant, period)
            found.append(Standing(window=window, limit=limit, used=used, reset=end))
    return found


def _admitted(sql: Statements, tenant: str, period: str) -> tuple[int, int]:
    """Requests and images of a day or a month."""
    row = sql.one("admitted", tenant=tenant, period=period)
    return (0, 0) if row is None else (row["requests"], row["images"])


def _asked_since(sql: Statements, moment: datetime) -> tuple[int, int]:
    """Everybody's requests, and the pictures that came of them."""
    row = sql.one("asked_since", first_id=first_id(moment))
    assert row is not None
    return row["requests"], row["images"]


def _reached(sql: Statements, tenant: str, standing: Standing, images: int, now: datetime) -> LimitReached:
    details = {"limit": standing.window, "allowed": standing.limit, "used": standing.used}
    if standing.window != "minute":
        return AllowanceUsed(
            f"Your limit of {standing.limit} images a {standing.window} is used up.",
            retry_after=standing.reset,
            **details,
        )
    wait, over = MINUTE, standing.used + images - standing.limit
    for row in sql.all("admission_after", tenant=tenant, since=now.timestamp() - MINUTE):
        over -= row["images"]
        if over <= 0:
            wait = row["at"] + MINUTE - now.timestamp()
            break
    return LimitReached(f"Your limit of {standing.limit} images a minute is reached.", retry_after=wait, **details)


def _periods(now: datetime) -> tuple[str, str]:
    day = now.astimezone(UTC).date().isoformat()
    return day, day[:7]


def _began(now: datetime) -> tuple[datetime, datetime]:
    """When the day and the month began, by UTC."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight, midnight.replace(day=1)


def _ends(now: datetime) -> tuple[float, float]:
    """Seconds until the day and the month end, by UTC."""
    midnight, month = _began(now)
    next_month = (month + timedelta(days=32)).replace(day=1)
    return (midnight + timedelta(days=1) - now).total_seconds(), (next_month - now).total_seconds()


def _key(row: Row) -> ApiKey:
    created = to_time(row["created_at"])
    assert created is not None
    known = {field.name for field in fields(Allowance)}
    allowance = {name: value for name, value in json.loads(row["allowance"]).items() if name in known}
    return ApiKey(
        name=row["name"],
        tenant=row["tenant"],
        digest=row["digest"],
        start=row["start"],
        created_at=created,
        project_id=row["project_id"],
        allowance=Allowance(**allowance),
        webhook_secret=row["webhook_secret"],
        expires_at=to_time(row["expires_at"]),
        revoked_at=to_time(row["revoked_at"]),
        last_used_at=to_time(row["last_used_at"]),
    )
