"""The queue and the processes of a registry."""

from collections.abc import Callable, Sequence
from datetime import datetime

from imgforge_mcp.base.types import Job
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS
from imgforge_mcp.storage.registry.queue import Hear, News, Process
from imgforge_mcp.storage.registry.sql.lists import with_parts
from imgforge_mcp.storage.registry.sql.rows import to_process, to_text
from imgforge_mcp.storage.registry.sql.statements import Database, Statements

LONG_GONE_SECONDS = 3600.0


class SqlQueue:
    """The queue's part of the registry. `owner` names this process in every lease."""

    def __init__(self, database: Database, now: Callable[[], datetime], owner: str) -> None:
        self._database = database
        self._now = now
        self._owner = owner

    async def enlist(self, process: Process) -> None:
        own = self._seconds()
        about = {"host": process.host, "pid": process.pid, "version": process.version}
        values = {
            "owner": process.owner,
            "is_worker": int(process.is_worker),
            "at_once": process.at_once,
            "about": to_text(about),
            "started_at": process.started_at.timestamp(),
        }

        def act(sql: Statements) -> None:
            now = sql.lease_time(own)
            is_new = sql.one("is_enlisted", owner=process.owner) is None
            sql.change("enlist", **values, until=now + LEASE_SECONDS)
            if is_new:
                for row in sql.all("long_gone", before=now - LONG_GONE_SECONDS):
                    _resign(sql, row["owner"])
                for route in sorted(process.routes):
                    sql.change("enlist_route", route=route, owner=process.owner)
                if process.is_worker:
                    sql.tell(News.STAFF)

        await self._database.write(act, is_durable=False)

    async def resign(self) -> None:
        def act(sql: Statements) -> None:
            _resign(sql, self._owner)
            sql.tell(News.STAFF)

        await self._database.write(act)

    async def living(self) -> list[Process]:
        own = self._seconds()

        def act(sql: Statements) -> list[Process]:
            routes: dict[str, set[str]] = {}
            for row in sql.all("routes_of_processes"):
                routes.setdefault(row["owner"], set()).add(row["route"])
            rows = sql.all("living_processes", now=sql.lease_time(own))
            return [to_process(row, routes.get(row["owner"], ())) for row in rows]

        return await self._database.read(act)

    async def claim(self, most: int, routes: Sequence[str]) -> list[Job]:
        own, text = self._seconds(), to_text(list(routes))

        def act(sql: Statements) -> list[Job]:
            until = sql.lease_time(own) + LEASE_SECONDS
            rows = sql.all("claim_jobs", owner=self._owner, routes=text, most=most, until=until)
            return with_parts(sql, sorted(rows, key=lambda row: str(row["job_id"])))

        return await self._database.write(act, is_durable=False)

    async def put_back(self, job_id: str) -> None:
        own = self._seconds()

        def act(sql: Statements) -> None:
            sql.change("put_back", job_id=job_id, owner=self._owner, until=sql.lease_time(own) - 1)
            sql.tell(News.LEFT)

        await self._database.write(act)

    async def cancel_unsent(self, job_id: str) -> bool:
        def act(sql: Statements) -> bool:
            is_asked = sql.change("cancel_unsent", job_id=job_id) > 0
            if is_asked:
                sql.tell(News.CANCEL, job_id)
            return is_asked

        return await self._database.write(act)

    async def ended_among(self, job_ids: Sequence[str]) -> list[str]:
        ids = to_text(list(job_ids))
        return [row["job_id"] for row in await self._database.read(lambda sql: sql.all("ended_among", ids=ids))]

    async def listen(self, hear: Hear) -> None:
        await self._database.listen(hear)

    def _seconds(self) -> float:
        return self._now().timestamp()


def _resign(sql: Statements, owner: str) -> None:
    sql.change("resign", owner=owner)
    sql.change("resign_routes", owner=owner)
