"""The outbox of webhooks, over the same file as the jobs whose end they tell."""

from collections.abc import Callable, Sequence
from datetime import datetime

from imgforge_mcp.storage.registry.outbox import Tried, Webhook, WebhookState
from imgforge_mcp.storage.registry.sql.rows import to_text, to_time
from imgforge_mcp.storage.registry.sql.statements import Database, Row, Statements


class SqlOutbox:
    """The webhooks' part of the registry."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def next_due(self, busy: Sequence[str]) -> datetime | None:
        row = await self._database.read(lambda sql: sql.one("next_webhook", busy=to_text(list(busy))))
        return None if row is None else to_time(row["due_at"])

    async def take(self, hold_seconds: float, busy: Sequence[str]) -> list[Webhook]:
        return await self._take("due_webhooks", hold_seconds, busy=to_text(list(busy)))

    async def take_one(self, job_id: str, hold_seconds: float) -> Webhook | None:
        return next(iter(await self._take("due_webhook", hold_seconds, job_id=job_id)), None)

    async def _take(self, name: str, hold_seconds: float, **values: str | None) -> list[Webhook]:
        now = self._now().timestamp()
        until = now + hold_seconds

        def act(sql: Statements) -> list[Webhook]:
            due = sql.all(name, now=now, **values)
            ids = [
                row["job_id"] for row in due if sql.change("take_webhook", job_id=row["job_id"], now=now, until=until)
            ]
            return [_webhook(row) for each in ids for row in sql.all("webhook", job_id=each)]

        return await self._database.write(act)

    async def settle(self, webhook: Webhook, tried: Tried) -> None:
        values = {
            "job_id": webhook.job_id,
            "tries": webhook.tries,
            "state": tried.state.value,
            "status": tried.status,
            "error": tried.error,
            "due_at": tried.again_at.timestamp() if tried.again_at else None,
            "ended_at": None if tried.again_at else self._now().timestamp(),
        }
        await self._database.write(lambda sql: sql.change("settle_webhook", **values))

    async def replay(self, job_id: str) -> bool:
        now = self._now().timestamp()
        return await self._database.write(lambda sql: sql.change("replay_webhook", job_id=job_id, now=now)) > 0

    async def find(self, job_id: str) -> Webhook | None:
        row = await self._database.read(lambda sql: sql.one("webhook", job_id=job_id))
        return None if row is None else _webhook(row)

    async def recent(self, limit: int) -> list[Webhook]:
        return [_webhook(row) for row in await self._database.read(lambda sql: sql.all("recent_webhooks", limit=limit))]

    async def secret(self, tenant: str, otherwise: str) -> str:
        def act(sql: Statements) -> str:
            row = sql.one("webhook_secret", tenant=tenant)
            if row is not None and row["secret"]:
                return str(row["secret"])
            sql.change("keep_webhook_secret", tenant=tenant, secret=otherwise)
            return otherwise

        return await self._database.write(act)


def _webhook(row: Row) -> Webhook:
    known = set(WebhookState)
    return Webhook(
        job_id=row["job_id"],
        tenant=row["tenant"],
        url=row["url"],
        base_url=row["base_url"],
        state=WebhookState(row["state"]) if row["state"] in known else WebhookState.PENDING,
        tries=row["tries"],
        due_at=to_time(row["due_at"]),
        last_status=row["last_status"],
        last_error=row["last_error"],
        ended_at=to_time(row["ended_at"]),
    )
