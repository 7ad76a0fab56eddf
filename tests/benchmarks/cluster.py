"""Workers of many machines: pictures a second with one, two and four of them, and how long a job that is claimed waits
for its start, with ten thousand in the queue."""

import re
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from time import perf_counter

import anyio

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.pulled import catalog_of
from imgforge_mcp.storage.registry.contract import Registry
from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, milliseconds
from tests.cluster import postgres, s3
from tests.cluster.machines import cluster, is_ready, until
from tests.cluster.queued import leave

AT_ONCE = "8"
UPSTREAM_SECONDS = 1.0
WORKERS = (1, 2, 4)
ROUNDS = 3
"""Of each number in turn, for a shared machine is not equally fast in each minute; their medians count."""
JOBS = 900
"""More than the most of them can do until all have been measured."""
WARM_SECONDS, COUNT_SECONDS = 4.0, 12.0
QUEUED = 10_000
CLAIMS = 200
AIM_TIMES, AIM_SECONDS = 3.5, 0.020
SAID = re.compile(r"^(\S+ \S+) INFO \S+: job (\w+) (is claimed|asks )")


def measure(folder: Path) -> list[Figure]:
    with ExitStack() as stack:
        database, bucket = stack.enter_context(postgres.served()), stack.enter_context(s3.served())
        upstream = stack.enter_context(_upstream.serving())
        upstream.set("together", latency=UPSTREAM_SECONDS)
        shared = _server.home(folder) | upstream.of("together") | bucket.environment
        del shared["IMGFORGE_WORKER"]

        def ground() -> dict[str, str]:
            return {**shared, "IMGFORGE_DATABASE_URL": database.registry(), "IMGFORGE_STORE_URL": bucket.place()}

        rounds = [
            [_rate(folder / f"{turn}-{number}", ground(), number) for number in WORKERS] for turn in range(ROUNDS)
        ]
        claims, starts = _from_claim_to_start(folder / "queue", ground(), "1")
        _, together = _from_claim_to_start(folder / "together", ground(), AT_ONCE)
    rates = [statistics.median(each) for each in zip(*rounds, strict=True)]
    ratio = rates[-1] / rates[0]
    shown = ", ".join(f"{rate:.1f}" for rate in rates)
    return [
        Figure(
            name=f"cluster: pictures a second by 1, 2 and 4 workers, {AT_ONCE} jobs at once each, 1 s upstream",
            ours=shown,
            compared=f"{ratio:.2f}×",
            aim=f"at least {AIM_TIMES}×",
            is_met=ratio >= AIM_TIMES,
        ),
        Figure(
            name=f"cluster: a claim, {QUEUED:,} jobs in the queue",
            ours=milliseconds(claims),
        ),
        Figure(
            name=f"cluster: from the claim to the start of the call, {QUEUED:,} jobs in the queue",
            ours=milliseconds(starts),
            aim=f"below {AIM_SECONDS * 1000:g} ms",
            is_met=statistics.median(starts) < AIM_SECONDS,
        ),
        Figure(
            name=f"cluster: the same, where {AT_ONCE} jobs end and {AT_ONCE} begin in one moment",
            ours=milliseconds(together),
        ),
    ]


def _rate(folder: Path, settings: Mapping[str, str], number: int) -> float:
    """Pictures a second once all workers are at work."""
    import psycopg

    anyio.run(_fill, settings, JOBS)
    with (
        cluster(folder, settings) as machines,
        psycopg.connect(settings["IMGFORGE_DATABASE_URL"], autocommit=True) as connection,
    ):
        for health in [machines.worker("--at-once", AT_ONCE)[1] for _ in range(number)]:
            until(lambda health=health: is_ready(health), "a worker to be ready")  # type: ignore[misc]

        def done() -> tuple[float, int]:
            [(count,)] = connection.execute("SELECT count(*) FROM jobs WHERE state = 'completed'").fetchall()
            return perf_counter(), count

        time.sleep(WARM_SECONDS)
        began, before = done()
        time.sleep(COUNT_SECONDS)
        ended, after = done()
    return (after - before) / (ended - began)


def _from_claim_to_start(folder: Path, settings: Mapping[str, str], at_once: str) -> tuple[list[float], list[float]]:
    claims = anyio.run(_fill, settings, QUEUED)
    with cluster(folder, settings) as machines:
        worker, health = machines.worker("--at-once", at_once)
        until(lambda: is_ready(health), "the worker to be ready")
        time.sleep(WARM_SECONDS + COUNT_SECONDS)
        log = list(worker.log)
    claimed: dict[str, datetime] = {}
    starts: list[float] = []
    for line in log:
        if (found := SAID.match(line)) is None:
            continue
        moment, job_id = datetime.fromisoformat(found[1].replace(",", ".")), found[2]
        if found[3] == "is claimed":
            claimed[job_id] = moment
        elif job_id in claimed:
            starts.append((moment - claimed.pop(job_id)).total_seconds())
    return claims, starts[int(at_once) :]  # the first ones load what drawing needs


async def _fill(settings: Mapping[str, str], number: int) -> list[float]:
    """Put so many jobs into the queue; seconds of claims by one who is quick."""
    from imgforge_mcp.storage.registry.postgres import PostgresRegistry

    config, clock = load_config({**settings}), Clock()
    route = open_configured(config, catalog_of(config))["together"].entry.route
    registry = PostgresRegistry(settings["IMGFORGE_DATABASE_URL"], clock.now, clock.new_id())
    numbers = iter(range(number))
    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(_open, registry, clock, route, numbers)
        seconds = []
        for _ in range(CLAIMS if number == QUEUED else 0):
            started = perf_counter()
            await registry.queue.claim(1, [route])
            seconds.append(perf_counter() - started)
        return seconds
    finally:
        await registry.close()


async def _open(registry: Registry, clock: Clock, route: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        await leave(registry, route, clock, "together/flux-schnell", f"a red fox {number}")
