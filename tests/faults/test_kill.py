"""Processes that share one home and are killed again and again: nothing is lost, nothing is bought twice."""

import hashlib
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest

from imgforge_mcp import Forge, Job, open_forge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import JobState
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS
from imgforge_mcp.storage.registry.sqlite.rows import MILLIONTHS
from tests.emulators import Emulator
from tests.faults._processes import Worker, write_requests

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]

JOBS = 320
KILLS = 32
PROCESSES = 4
CALLERS = 6
SEED = 20261121
LONGEST_LIFE = 0.9
"""Seconds between two kills, at most; a process that starts takes longer than the shortest of them."""


class LaterClock(Clock):
    """The machine's clock, set forward until every lease of a killed process has run out."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=LEASE_SECONDS + 1)


async def test_thirty_two_kills_lose_no_job_and_buy_none_twice(
    emulate: Callable[[str], Emulator], environment: dict[str, str], home: Path, tmp_path: Path
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    together.latency = 0.15
    bfl.polls = 2
    settings = environment | together.environment() | bfl.environment()
    asked = write_requests(tmp_path / "requests.json", [_request(number) for number in range(JOBS)])

    acknowledged = await anyio.to_thread.run_sync(_run_and_kill, settings, asked)
    async with open_forge(load_config(settings), LaterClock()) as forge:
        jobs = await _recover(forge, acknowledged)
        every_job = await forge.recent_jobs(10 * JOBS, forge.caller())

    assert {job.request.prompt for job in jobs} == {f"fox number {number}" for number in range(JOBS)}
    assert {job.job_id for job in every_job} == acknowledged
    bought = Counter(order.prompt for order in (*together.orders, *bfl.orders))
    assert max(bought.values()) == 1
    assert set(bought) <= {job.request.prompt for job in jobs}
    for job in jobs:
        _check_end(job, bought, home)
    assert sum(job.state is JobState.COMPLETED for job in jobs) > JOBS / 2
    assert {job.provider for job in jobs} == {"together", "bfl"}
    assert not together.surprises
    assert not bfl.surprises
    _check_books(home, jobs)


def _request(number: int) -> dict[str, object]:
    """The idempotency key lets every process submit every request, again after each kill."""
    model = "together/flux-schnell" if number % 2 else "bfl/flux-2-klein-4b"
    prompt = f"fox number {number}"
    return {"prompt": prompt, "model": model, "width": 256, "height": 256, "enhance": False, "idempotency_key": prompt}


def _run_and_kill(settings: dict[str, str], asked: Path) -> set[str]:
    """Keep four workers at it, kill one at a time, and let the last ones finish; every job id that was ever said."""
    chance = random.Random(SEED)
    workers: list[Worker] = []
    said: list[dict[str, object]] = []

    def start() -> Worker:
        worker = Worker(settings, asked, callers=CALLERS, seed=chance.randrange(10**6))
        worker.go()
        return worker

    def end(worker: Worker) -> None:
        worker.kill()
        said.extend(worker.said)

    workers = [start() for _ in range(PROCESSES)]
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, LONGEST_LIFE))
        victim = workers.pop(0 if chance.random() < 0.7 else chance.randrange(PROCESSES))
        end(victim)
        workers.append(start())
    finisher = Worker(settings, asked, callers=JOBS, finish=False)
    finisher.go()
    for worker in workers:
        end(worker)
    while len({line["prompt"] for line in finisher.said if "job_id" in line}) < JOBS:
        assert finisher.process.poll() is None
        time.sleep(0.05)
    end(finisher)
    assert not [line for line in said if "code" in line]
    return {str(line["job_id"]) for line in said if "job_id" in line}


async def _recover(forge: Forge, job_ids: set[str]) -> list[Job]:
    """The jobs, each looked at until it has ended."""
    jobs: list[Job] = []

    async def look(job_id: str) -> None:
        jobs.append(await forge.job(job_id, forge.caller(), wait_seconds=60.0))

    async with anyio.create_task_group() as tasks:
        for job_id in job_ids:
            tasks.start_soon(look, job_id)
    return jobs


def _check_books(home: Path, jobs: list[Job]) -> None:
    """The file is sound, no money is held any more, and what was spent is what the jobs cost."""
    registry = sqlite3.connect(home / "registry.db")
    try:
        assert registry.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert registry.execute("SELECT count(*) FROM jobs WHERE completed_at IS NULL").fetchall() == [(0,)]
        ((reserved, spent),) = registry.execute("SELECT sum(reserved), sum(spent) FROM spend")
        assert reserved == 0
        assert spent == sum(round((job.cost_usd or 0.0) * MILLIONTHS) for job in jobs)
    finally:
        registry.close()


def _check_end(job: Job, bought: Counter[str], home: Path) -> None:
    """Completed with its image, bought once; or interrupted, when the answer to a submit was lost."""
    assert job.state in (JobState.COMPLETED, JobState.FAILED), job
    if job.state is JobState.FAILED:
        assert (job.error or {})["code"] == "interrupted", job.error
        assert any(attempt.maybe_billed for attempt in job.attempts)
        return
    assert bought[job.request.prompt] == 1
    (asset,) = job.assets
    (path,) = (home / "assets" / asset.asset_id[:2]).glob(f"{asset.asset_id[2:]}.*")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == asset.asset_id
