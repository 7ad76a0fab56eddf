"""Jobs and attempts, durable: opened, claimed under a lease, fenced by their owner, finished once."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import anyio

from imgforge_mcp.base.errors import QuotaExceeded, Unavailable, no_job
from imgforge_mcp.base.types import Asset, Job, JobState, Json, Outcome, Progress, cost_of
from imgforge_mcp.storage.registry.contract import (
    ANY,
    DAYS_TOLD,
    LEASE_SECONDS,
    CancelRequested,
    Caps,
    Claim,
    Ending,
    EndingOf,
    Figures,
    LeaseLost,
    NewAttempt,
    NewJob,
    NoPlace,
    Settlement,
    UsageSum,
    Wanted,
)
from imgforge_mcp.storage.registry.queue import QUEUE, News
from imgforge_mcp.storage.registry.sql.access import admit
from imgforge_mcp.storage.registry.sql.assets import count_renditions, needed_images, note_inputs, record, secure
from imgforge_mcp.storage.registry.sql.budget import book, committed, not_held, reserve
from imgforge_mcp.storage.registry.sql.eviction import count_added
from imgforge_mcp.storage.registry.sql.lists import batch, page, searchable, with_parts
from imgforge_mcp.storage.registry.sql.rows import (
    MILLIONTHS,
    from_text,
    is_understood,
    new_job_row,
    progress_text,
    to_calls,
    to_job,
    to_millionths,
    to_outcome,
    to_state,
    to_text,
    to_usage,
)
from imgforge_mcp.storage.registry.sql.statements import Database, Row, Statements

T = TypeVar("T")
Found = tuple[Row, Sequence[Row], Sequence[Row]]
"""What is on record of a job: its own row, those of its attempts, those of its images."""

KEY_LIFE_SECONDS = 24 * 3600.0
LATE = "The job had been given up; its image came after all."
ABANDONED = 200
"""How many of them are read in one go."""


class SqlJobs:
    """The job half of the registry. `owner` names this process in every lease."""

    def __init__(self, database: Database, now: Callable[[], datetime], owner: str) -> None:
        self._database = database
        self._now = now
        self.owner = owner

    def _seconds(self) -> float:
        return self._now().timestamp()

    # A job's life -----------------------------------------------------------------------------------------------

    async def open(self, new: NewJob, caps: Caps) -> tuple[Job, bool]:
        row = new_job_row(new, self._now())

        def act(sql: Statements) -> tuple[Job, bool]:
            if new.request.idempotency_key is not None:
                existing = _claim_key(sql, new, row["now"])
                if existing is not None:
                    return _job(sql, existing), False
            elif new.digest is not None and new.join_within is not None:
                sql.lock("digest", new.digest)
                equal = _join(sql, new.digest, new.tenant, row["now"], new.join_within)
                if equal is not None:
                    return equal, False
            if new.tenant:
                admit(sql, new.tenant, new.allowance, new.request.n, self._now(), row["reserved"])
            sql.lock("image", *needed_images(new.request))
            [inserted] = sql.all("insert_job", **row, **self._holder(sql, new, row["now"]))
            note_inputs(sql, new.job_id, new.request)
            sql.change("insert_job_text", job_id=new.job_id, text=searchable(new.request.prompt))
            if (url := new.request.webhook_url) is not None:
                sql.change("insert_webhook", job_id=new.job_id, tenant=new.tenant, url=url, base_url=new.base_url)
            if new.owner == QUEUE:
                sql.tell(News.OPENED, new.routes[0])
            if row["reserved"]:
                _lock_spend(sql, row["budget_day"])
                reserve(sql, row["budget_day"], row["reserved"], caps)
            return to_job(inserted, (), ()), True

        return await self._to_the_end(act)  # a caller that goes away now must not leave a job that nobody runs

    def _holder(self, sql: Statements, new: NewJob, now: float) -> Json:
        """In whose name a new job stands, and until when; what waits is held by nobody."""
        is_queued = new.owner == QUEUE
        return {
            "owner": new.owner or self.owner,
            "lease_until": sql.lease_time(now) - 1 if is_queued else _lease_end(sql, now),
            "route": new.routes[0] if is_queued else None,
            "door": self.owner if is_queued else None,
        }

    async def _to_the_end(self, act: Callable[[Statements], T]) -> T:
        results: list[T] = []
        with anyio.CancelScope(shield=True):
            results.append(await self._database.write(act))
        return results[0]

    async def claim(self, idempotency_key: str, tenant: str) -> Claim | None:
        key, now = _stored_key(idempotency_key, tenant), self._seconds()
        row = await self._database.read(lambda sql: sql.one("live_key", key=key, now=now))
        return None if row is None else Claim(**dict(row))

    async def get(self, job_id: str) -> Job:
        return await self._database.read(lambda sql: _job(sql, job_id))

    async def tenant(self, job_id: str) -> str | None:
        row = await self._database.read(lambda sql: sql.one("job", job_id=job_id))
        return None if row is None else str(row["tenant"])

    async def recent(
        self, limit: int, tenant: str | None = None, *, wanted: Wanted = ANY, before: str | None = None
    ) -> list[Job]:
        return await self._database.read(lambda sql: page(sql, limit, tenant, wanted, before))

    async def add_batch(self, batch_id: str, tenant: str, items: Sequence[str | Json]) -> None:
        def act(sql: Statements) -> None:
            for number, item in enumerate(items):
                job_id, error = (item, None) if isinstance(item, str) else (None, to_text(item))
                sql.change(
                    "insert_batch_item", batch_id=batch_id, item=number, tenant=tenant, job_id=job_id, error=error
                )

        await self._database.write(act)

    async def of_batch(self, batch_id: str, tenant: str | None = None) -> list[Job | Json]:
        return await self._database.read(lambda sql: batch(sql, batch_id, tenant))

    async def state(self, job_id: str) -> JobState:
        row = await self._database.read(lambda sql: sql.one("job_state", job_id=job_id))
        return to_state(row) if row else JobState.FAILED

    async def finish(self, job_id: str, ending: Ending) -> Job:
        def act(sql: Statements) -> Job:
            held = self._fence(sql, job_id)
            sql.lock("image", *ending.renditions)
            job = _finish(sql, _found(sql, job_id), lambda _: ending, held, self._seconds())
            if held["reserved"]:
                _lock_spend(sql, held["budget_day"])
                book(sql, held["budget_day"], reserved=-held["reserved"])
            count_renditions(sql, ending.renditions)
            return job

        return await self._database.write(act)

    async def set_progress(self, job_id: str, progress: Progress) -> None:
        text = progress_text(progress)
        await self._database.write(
            lambda sql: sql.change("set_progress", job_id=job_id, owner=self.owner, progress=text), is_durable=False
        )

    async def cut_off(self, job_id: str) -> None:
        now = self._seconds()
        await self._database.write(lambda sql: sql.change("cut_off", job_id=job_id, now=now))

    async def join(self, digest: str, tenant: str, within: float) -> Job | None:
        now = self._seconds()

        # Not by the reading connection, so that it comes after the mark of a call that was cut off a moment ago; and to
        # its end, so that a call that is cut off now leaves its own mark.
        def act(sql: Statements) -> Job | None:
            sql.lock("digest", digest)
            return _join(sql, digest, tenant, now, within)

        return await self._to_the_end(act)

    async def request_cancel(self, job_id: str) -> bool:
        def act(sql: Statements) -> bool:
            is_open = sql.change("request_cancel", job_id=job_id) > 0
            if is_open:
                sql.tell(News.CANCEL, job_id)
            return is_open

        return await self._database.write(act)

    async def cancel_requests(self) -> list[str]:
        rows = await self._database.read(lambda sql: sql.all("cancel_requests", owner=self.owner))
        return [row["job_id"] for row in rows]

    # Leases -------------------------------------------------------------------------------------------------------

    async def renew(self, job_ids: Sequence[str]) -> None:
        ids, now = to_text(list(job_ids)), self._seconds()
        await self._database.write(
            lambda sql: sql.change("renew_leases", owner=self.owner, ids=ids, until=_lease_end(sql, now)),
            is_durable=False,
        )

    async def abandoned(self, *, is_last_resort: bool = False, claims: Collection[str] = ()) -> list[Job]:
        own, text = self._seconds(), to_text(list(claims))
        asks = {"is_last_resort": int(is_last_resort), "claims": text, "most": ABANDONED}

        def act(sql: Statements) -> list[Job]:
            rows = sql.all("abandoned_jobs", now=sql.lease_time(own), **asks)
            return with_parts(sql, [row for row in rows if row["deadline"] < own or is_understood(row)])

        return await self._database.read(act)

    async def take_over(self, job_id: str) -> bool:
        own = self._seconds()

        def act(sql: Statements) -> int:
            now = sql.lease_time(own)
            return sql.change("take_over", job_id=job_id, owner=self.owner, now=now, until=now + LEASE_SECONDS)

        return await self._database.write(act, is_durable=False) > 0

    async def take(self, job_id: str, owner: str) -> Job | None:
        values, now = {"job_id": job_id, "giver": owner, "owner": self.owner}, self._seconds()

        def act(sql: Statements) -> list[Job]:
            return [_job(sql, job_id)] if sql.change("take_from", **values, until=_lease_end(sql, now)) else []

        return next(iter(await self._database.write(act, is_durable=False)), None)

    async def release(self, owner: str | None = None) -> None:
        holder, now = owner or self.owner, self._seconds()

        def act(sql: Statements) -> None:
            if sql.change("release_leases", owner=holder, until=sql.lease_time(now) - 1):
                sql.tell(News.LEFT)

        await self._database.write(act)

    async def let_go(self, job_id: str) -> None:
        now = self._seconds()

        def act(sql: Statements) -> None:
            if sql.change("let_go", job_id=job_id, owner=self.owner, until=sql.lease_time(now) - 1):
                sql.tell(News.LEFT)

        await self._database.write(act)

    async def held_by(self, owner: str) -> list[str]:
        rows = await self._database.read(lambda sql: sql.all("held_by", owner=owner))
        return [row["job_id"] for row in rows]

    async def others_hold(self) -> bool:
        return await self._database.read(lambda sql: sql.one("held_by_others", owner=self.owner)) is not None

    # Attempts -----------------------------------------------------------------------------------------------------

    async def start_attempt(self, job_id: str, new: NewAttempt, caps: Caps) -> int:
        now = self._seconds()

        def act(sql: Statements) -> int:
            held = self._fence(sql, job_id)
            if held["cancel_requested"]:
                raise CancelRequested
            if new.is_trial or any(limit is not None for limit in (new.per_minute, new.per_day, new.at_once)):
                sql.lock("provider", new.provider)
            _check_places(sql, new, now)
            _check_limits(sql, new, now)
            _check_trial(sql, new, now)
            sql.change("start_job", job_id=job_id, provider=new.provider, model=new.model, now=now)
            missing = not_held(sql, job_id, held, to_millionths(new.price_usd) or 0)
            if missing > 0:
                sql.change("set_reserved", job_id=job_id, amount=held["reserved"] + missing)
            _lock_spend(sql, held["budget_day"])
            reserve(sql, held["budget_day"], missing, caps)
            return sql.insert(
                "insert_attempt",
                job_id=job_id,
                part=new.part,
                provider=new.provider,
                model=new.model,
                images=new.images,
                reason=new.reason,
                price=to_millionths(new.price_usd),
                settings=new.settings,
                now=now,
            )

        return await self._database.write(act)

    async def accept(self, job_id: str, attempt_id: int, operation: Json) -> None:
        def act(sql: Statements) -> None:
            self._fence(sql, job_id)
            sql.change("accept_attempt", attempt_id=attempt_id, operation=to_text(operation))

        await self._database.write(act)

    async def settle(
        self,
        job_id: str,
        attempt_id: int,
        end: Settlement,
        assets: tuple[Asset, ...] = (),
        ending: EndingOf | None = None,
    ) -> Job | None:
        now = self._seconds()

        # What adds up comes last: until it is committed every other process that ends a call waits.
        def act(sql: Statements) -> Job | None:
            held = self._fence(sql, job_id)
            secure(sql, *assets)
            row, attempts, _ = _found(sql, job_id)
            [call] = (attempt for attempt in attempts if attempt["attempt_id"] == attempt_id)
            if not _may_be_ended(call):
                return None
            added = _insert_assets(sql, job_id, attempt_id, assets, now)
            freed, job = _freed(held, call, end), None
            if ending is not None:
                ended = {**dict(call), **_end_row(attempt_id, end, now)}
                attempts = [ended if attempt is call else attempt for attempt in attempts]
                found = row, attempts, sql.all("job_assets", job_id=job_id)
                job = _finish(sql, found, ending, held, now)
                freed = held["reserved"]
            elif freed:
                sql.change("set_reserved", job_id=job_id, amount=held["reserved"] - freed)
            _end_call(sql, call, end, held["budget_day"], freed, now)
            count_added(sql, added)
            return job

        return await self._database.write(act)

    async def settle_late(self, job_id: str, attempt_id: int, end: Settlement, assets: tuple[Asset, ...] = ()) -> bool:
        now = self._seconds()

        def act(sql: Statements) -> bool:
            sql.one("lock_job_of", attempt_id=attempt_id)
            secure(sql, *assets)
            row = sql.one("call", attempt_id=attempt_id)
            if row is None or not _may_be_ended(row):
                return False
            added = _insert_assets(sql, job_id, attempt_id, assets, now)
            if freed := _freed(row, row, end):
                sql.change("set_reserved", job_id=job_id, amount=row["reserved"] - freed)
            _end_call(sql, row, end, row["budget_day"], freed, now)
            count_added(sql, added)
            if row["completed_at"] is not None:
                _revise_job(sql, job_id, row, has_assets=bool(assets), now=now)
            return True

        return await self._database.write(act)

    async def outcomes_since(self, after: int, oldest: float) -> list[Outcome]:
        rows = await self._database.read(lambda sql: sql.all("outcomes_since", after=after, oldest=oldest))
        return [to_outcome(row) for row in rows]

    async def usage(self, first_day: date, project_id: str | None, tenant: str | None) -> list[UsageSum]:
        first_told = max(first_day, self._now().date() - timedelta(days=DAYS_TOLD - 1))
        first_whole = (
            first_day if first_day.day == 1 else (first_day.replace(day=1) + timedelta(days=32)).replace(day=1)
        )
        values = {
            "first_day": first_day.isoformat(),
            "first_whole": first_whole.isoformat(),
            "first_told": first_told.isoformat(),
            "project_id": project_id,
            "tenant": tenant,
        }
        return [to_usage(row) for row in await self._database.read(lambda sql: sql.all("usage", **values))]

    async def figures(self) -> Figures:
        now = self._seconds()

        def act(sql: Statements) -> Figures:
            lease_time = sql.lease_time(now)
            held, staff = sql.one("living_leases", now=lease_time), sql.one("living_workers", now=lease_time)
            oldest = sql.one("longest_queued")
            return Figures(
                jobs={row["state"]: row["jobs"] for row in sql.all("jobs_by_state")},
                leases=held["jobs"] if held else 0,
                calls=tuple(to_calls(row) for row in sql.all("calls_by_outcome")),
                longest_wait=max(0.0, now - oldest["created_at"]) if oldest else 0.0,
                workers=staff["workers"] if staff else 0,
                places=staff["places"] if staff else 0,
            )

        return await self._database.read(act)

    async def usage_drift(self) -> list[Json]:
        return [dict(row) for row in await self._database.read(lambda sql: sql.all("usage_drift"))]

    async def calls_since(self, provider: str, since: datetime) -> int:
        values = {"provider": provider, "since": since.timestamp()}
        row = await self._database.read(lambda sql: sql.one("attempts_in_window", **values))
        return 0 if row is None else int(row["calls"])

    async def committed(self) -> tuple[float, float]:
        row = await self._database.read(lambda sql: committed(sql, self._now().date().isoformat()))
        return row[0] / MILLIONTHS, row[1] / MILLIONTHS

    def _fence(self, sql: Statements, job_id: str) -> Json:
        held = sql.one("fence", job_id=job_id, owner=self.owner)
        if held is None:
            raise LeaseLost
        return dict(held)


def _job(sql: Statements, job_id: str) -> Job:
    """Raises NotFound."""
    return to_job(*_found(sql, job_id))


def _found(sql: Statements, job_id: str) -> Found:
    """Raises NotFound."""
    row = sql.one("job", job_id=job_id)
    if row is None:
        raise no_job(job_id)
    return row, sql.all("job_attempts", job_id=job_id), sql.all("job_assets", job_id=job_id)


def _join(sql: Statements, digest: str, tenant: str, now: float, within: float) -> Job | None:
    """The equal job that a call joins, from now on; nobody else joins it."""
    row = sql.one("joinable", digest=digest, tenant=tenant, now=sql.lease_time(now), since=now - within)
    if row is None:
        return None
    sql.change("joined", job_id=row["job_id"])
    return replace(_job(sql, row["job_id"]), is_joined=True)


def _lease_end(sql: Statements, now: float) -> float:
    return sql.lease_time(now) + LEASE_SECONDS


def _lock_spend(sql: Statements, day: str) -> None:
    """Before anything that adds up, in the books of usage as well, so that all come to it in the same order."""
    sql.lock("spend", day[:7])


def _may_be_ended(attempt: Row) -> bool:
    """Whether the end of a call is not known: it is still out as far as its row says, was taken for lost by another
    process, or was given up by one that cannot say whether it was billed."""
    return attempt["ended_at"] is None or attempt["outcome"] == "interrupted" or bool(attempt["maybe_billed"])


def _end_row(attempt_id: int, end: Settlement, now: float) -> Json:
    return {
        "attempt_id": attempt_id,
        "state": "succeeded" if end.succeeded else "failed",
        "outcome": end.outcome,
        "message": end.message,
        "latency_ms": end.latency_ms,
        "cost": to_millionths(end.cost_usd),
        "maybe_billed": int(end.maybe_billed),
        "health_cost": end.health_cost,
        "rest_until": None if end.rest_seconds is None else now + end.rest_seconds,
        "ended_at": now,
    }


def _freed(held: Row | Json, attempt: Row, end: Settlement) -> int:
    """What a job need no longer hold when a call ends; nothing where that was given back when the call was given up."""
    return min(held["reserved"], to_millionths(end.cost_usd) or 0) if attempt["ended_at"] is None else 0


def _end_call(sql: Statements, attempt: Row, end: Settlement, day: str, freed: int, now: float) -> None:
    """Put the end of a call on record, or a better known one in the place of a guess, and what it cost among what is
    spent, with so much less held back. Late in a transaction, for it locks the month's spend."""
    _lock_spend(sql, day)
    sql.change("count_outcome")
    sql.change("end_attempt", **_end_row(attempt["attempt_id"], end, now))
    booked = 0 if attempt["ended_at"] is None else attempt["cost"] or 0
    book(sql, day, reserved=-freed, spent=(to_millionths(end.cost_usd) or 0) - booked)


def _finish(sql: Statements, found: Found, ending_of: EndingOf, held: Json, now: float) -> Job:
    """End a job at what its calls cost by now, and tell of it; the job as it ended. What it held is to be given back in
    the same transaction."""
    _, attempts, assets = found
    job = to_job(*found)
    job_id, ending, (cost, basis) = job.job_id, ending_of(job), cost_of(job)
    [row] = sql.all(
        "finish_job",
        job_id=job_id,
        state=ending.state.value,
        error=to_text(ending.error),
        warnings=to_text(list(ending.warnings)),
        drawn=to_text(list(ending.drawn)),
        not_drawn=to_text(list(ending.not_drawn)),
        shortfalls=to_text([asdict(shortfall) for shortfall in ending.shortfalls]),
        saved_to=to_text(list(ending.saved_to)),
        cost=to_millionths(cost),
        cost_basis=basis.value if basis else None,
        now=now,
    )
    sql.change("post_webhook", job_id=job_id, now=now)
    if held["door"] is not None:
        sql.change("cut_off_with_its_door", job_id=job_id, own=now, now=sql.lease_time(now))
    sql.tell(News.ENDED, job_id)
    return to_job(row, attempts, assets)


def _revise_job(sql: Statements, job_id: str, row: Row, *, has_assets: bool, now: float) -> None:
    """What an ended job cost, now that one of its calls is known better; completed, if it had only been given up."""
    if has_assets and row["job_state"] == "failed" and (from_text(row["error"]) or {}).get("code") == "interrupted":
        warnings = to_text([*(from_text(row["warnings"]) or ()), LATE])
        sql.change("revive_job", job_id=job_id, warnings=warnings, now=now)
    cost, basis = cost_of(_job(sql, job_id))
    sql.change("set_cost", job_id=job_id, cost=to_millionths(cost), cost_basis=basis.value if basis else None)


def _insert_assets(sql: Statements, job_id: str, attempt_id: int, assets: tuple[Asset, ...], now: float) -> int:
    """The bytes that are new among them."""
    added = 0
    for asset in assets:
        added += record(sql, asset, now)
        sql.change(
            "insert_job_asset",
            job_id=job_id,
            attempt_id=attempt_id,
            asset_id=asset.asset_id,
            seed=asset.seed,
            mime_type=asset.mime_type,
            width=asset.width,
            height=asset.height,
            bytes=asset.bytes,
        )
    return added


def _claim_key(sql: Statements, new: NewJob, now: float) -> str | None:
    """Claim the request's idempotency key; the job that has it already, if one has. Raises IdempotencyConflict."""
    assert new.request.idempotency_key is not None
    key, fingerprint = _stored_key(new.request.idempotency_key, new.tenant), new.request.fingerprint()
    values = {"key": key, "job_id": new.job_id, "fingerprint": fingerprint, "asked": new.asked}
    if sql.change("claim_key", **values, now=now, expires_at=now + KEY_LIFE_SECONDS):
        return None
    row = sql.one("live_key", key=key, now=now)
    assert row is not None
    claim = Claim(**dict(row))
    if claim.fingerprint != fingerprint:
        raise claim.conflict()
    return claim.job_id


def _stored_key(idempotency_key: str, tenant: str) -> str:
    """What an idempotency key is stored as: it carries no text of the caller's."""
    return hashlib.sha256(f"{tenant}\0{idempotency_key}".encode()).hexdigest()


def _check_limits(sql: Statements, new: NewAttempt, now: float) -> None:
    windows = [(new.per_minute, now - 60, "minute")]
    if new.day_start is not None:
        windows.append((new.per_day, new.day_start.timestamp(), "day"))
    for limit, since, name in windows:
        if limit is None:
            continue
        row = sql.one("attempts_in_window", provider=new.provider, since=since)
        if row is not None and row["calls"] >= limit:
            raise QuotaExceeded(f"Your own limit of {limit} calls a {name} for {new.provider} is used up.")


def _check_places(sql: Statements, new: NewAttempt, now: float) -> None:
    if new.at_once is None:
        return
    row = sql.one("calls_out", provider=new.provider, now=sql.lease_time(now))
    if row is not None and row["calls"] >= new.at_once:
        raise NoPlace


def _check_trial(sql: Statements, new: NewAttempt, now: float) -> None:
    values = {"provider": new.provider, "model": new.model}
    if new.is_trial and sql.one("trial_in_flight", **values, now=sql.lease_time(now)):
        raise Unavailable("Another call is trying whether this model is back.")
