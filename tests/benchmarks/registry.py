"""The registry's everyday steps with a thousand and with a million jobs in it: they should take the same time."""

import os
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import anyio

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import Asset, ImageRequest, JobState, QualityTier
from imgforge_mcp.routing.health import MEMORY_SECONDS
from imgforge_mcp.storage.registry.contract import Caps, Ending, NewAttempt, NewJob, Settlement, Wanted
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry
from tests.benchmarks._figure import Figure, ratio_figure

SMALL, LARGE = 1_000, 1_000_000
ROUNDS = 150
WARM_UP = 5
AIM = 1.5
CAPS = Caps(daily_usd=1_000.0, monthly_usd=10_000.0)
FILL = (
    """INSERT INTO assets (asset_id, mime_type, width, height, bytes, created_at, accessed_at)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :pictures)
       SELECT lower(hex(randomblob(32))), 'image/jpeg', 1024, 1024, 1200000, :now - 60.0 * (:pictures - i),
              :now - 60.0 * (:pictures - i)
       FROM n""",
    """INSERT INTO jobs (job_id, state, request, request_id, final_prompt, enhancement_logic, quality_tier, owner,
                         lease_until, deadline, budget_day, reserved, provider, model, cost, cost_basis, created_at,
                         started_at, completed_at)
       WITH RECURSIVE n (i, at) AS (SELECT 1, :now - 60.0 * (:rows - 1)
                                    UNION ALL SELECT i + 1, at + 60.0 FROM n WHERE i < :rows)
       SELECT printf('00%024d', i), 'completed', json_object('prompt', 'a red fox, number ' || i),
              'req_' || i, 'a red fox, number ' || i || ', sharp focus, soft light', 'Added: light boosters.',
              'standard', 'owner-' || (i / 1000), at + 15, at + 600, date(at, 'unixepoch'), 0, 'together',
              'flux-schnell', 2700, 'listed', at, at + 0.1, at + 5
       FROM n""",
    """INSERT INTO job_texts (rowid, text) SELECT rowid, request ->> '$.prompt' FROM jobs""",
    """INSERT INTO attempts (job_id, part, provider, model, images, state, reason, price, outcome, latency_ms, cost,
                             settings, started_at, ended_at)
       SELECT job_id, 0, 'provider-' || (rowid % 7), 'flux-schnell', 1, 'succeeded', 'choice 1: best expected cost',
              2700, 'ok_listed', 5000, 2700, 'mark', created_at + 0.1, created_at + 5
       FROM jobs""",
    """INSERT INTO job_assets (job_id, position, asset_id, attempt_id, seed, mime_type, width, height, bytes)
       SELECT printf('00%024d', rowid + :rows - :pictures), 0, asset_id, rowid + :rows - :pictures, 7, mime_type, width,
              height, bytes
       FROM assets""",
    """INSERT INTO spend (day, reserved, spent)
       SELECT date(created_at, 'unixepoch'), 0, 2700 * count(*) FROM jobs GROUP BY 1""",
    "UPDATE totals SET value = (SELECT sum(bytes) FROM assets) WHERE name = 'asset_bytes'",
)
"""A job a minute up to now, whatever the number: a long history, not a busier machine. The newest have a picture."""


def measure(folder: Path) -> list[Figure]:
    return anyio.run(_measure, folder)


async def _measure(folder: Path) -> list[Figure]:
    """Each step is taken in both files in turn."""
    async with _filled(folder / "small.db", SMALL) as small, _filled(folder / "large.db", LARGE) as large:
        return [await _compared(name, step, small, large) for name, step in STEPS.items()]


@asynccontextmanager
async def _filled(path: Path, rows: int) -> AsyncIterator[SqliteRegistry]:
    registry = SqliteRegistry(path, Clock().now, owner="benchmark")
    await registry.jobs.committed()
    await anyio.to_thread.run_sync(fill, path, rows)
    try:
        yield registry
    finally:
        await registry.close()


def fill(path: Path, rows: int, pictures: int | None = None) -> None:
    """Put so many jobs of the past, with their attempts, into a registry that is otherwise empty; with a picture each,
    or only so many that have not been evicted yet."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        for statement in FILL:
            values = {"rows": rows, "pictures": pictures or rows, "now": datetime.now(UTC).timestamp()}
            connection.execute(statement, values)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("rb+") as file:
        os.fsync(file.fileno())  # or the disk would still be busy with it while we measure


async def _compared(name: str, step: "Step", small: SqliteRegistry, large: SqliteRegistry) -> Figure:
    ours: list[float] = []
    baseline: list[float] = []
    for _ in range(ROUNDS + WARM_UP):
        for registry, rows, times in ((small, SMALL, baseline), (large, LARGE, ours)):
            started = perf_counter()
            await step(registry, rows)
            times.append(perf_counter() - started)
    return ratio_figure(f"registry: {name}, {LARGE:,} against {SMALL:,} jobs", ours[WARM_UP:], baseline[WARM_UP:], AIM)


# Steps ----------------------------------------------------------------------------------------------------------------

Step = Callable[[SqliteRegistry, int], Awaitable[object]]


async def _life(registry: SqliteRegistry, rows: int) -> None:
    """A job from its opening to its end, with its attempt and its image."""
    clock = Clock()
    new = NewJob(
        job_id=clock.new_id(),
        request=ImageRequest(prompt="a red fox", idempotency_key=clock.new_id()),
        request_id="req_benchmark",
        final_prompt="a red fox",
        enhancement_logic="Nothing added.",
        quality_tier=QualityTier.STANDARD,
        deadline=clock.now() + timedelta(seconds=600),
        reserve_usd=0.0027,
    )
    attempt = NewAttempt(
        part=0,
        provider="provider-1",
        model="flux-schnell",
        images=1,
        reason="choice 1",
        price_usd=0.0027,
        settings="mark",
        per_minute=100_000,
        per_day=100_000,
        day_start=clock.now().replace(hour=0, minute=0, second=0),
    )
    asset = Asset(
        asset_id=f"{hash(new.job_id) & (1 << 256) - 1:064x}", mime_type="image/png", width=8, height=8, bytes=80
    )
    job, _ = await registry.jobs.open(new, CAPS)
    attempt_id = await registry.jobs.start_attempt(job.job_id, attempt, CAPS)
    await registry.assets.add(asset)
    await registry.jobs.settle(
        job.job_id, attempt_id, Settlement(outcome="ok_listed", succeeded=True, cost_usd=0.0027), (asset,)
    )
    await registry.jobs.finish(job.job_id, Ending(state=JobState.COMPLETED))


async def _check_job(registry: SqliteRegistry, rows: int) -> None:
    """Any job of the history."""
    await registry.jobs.get(f"00{random.randint(1, rows):024d}")


async def _outcomes(registry: SqliteRegistry, rows: int) -> None:
    await registry.jobs.outcomes_since(0, datetime.now(UTC).timestamp() - MEMORY_SECONDS)


async def _origins(registry: SqliteRegistry, rows: int) -> None:
    [newest] = await registry.assets.recent(1)
    await registry.assets.origins(newest.asset_id)


STEPS: dict[str, Step] = {
    "open, start, settle, finish": _life,
    "check_job": _check_job,
    "the ten latest jobs": lambda registry, _: registry.jobs.recent(10),
    "outcomes of two hours": _outcomes,
    "money committed": lambda registry, _: registry.jobs.committed(),
    "the fifty latest jobs": lambda registry, _: registry.jobs.recent(50),
    "a later page of one provider's jobs": lambda registry, rows: registry.jobs.recent(
        10, wanted=Wanted(provider="together"), before=f"00{rows // 2:024d}"
    ),
    "jobs whose prompt has a word": lambda registry, _: registry.jobs.recent(10, wanted=Wanted(text="fox")),
    "usage of all time": lambda registry, _: registry.jobs.usage(date.min, None, None),
    "jobs left behind": lambda registry, _: registry.jobs.abandoned(),
    "the latest image's origin": _origins,
    "images to evict": lambda registry, _: registry.assets.evict(2**50),
}
