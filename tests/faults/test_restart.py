"""What a new process makes of a dead one's jobs: it runs, resumes or gives up each by how far it had come."""

import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import Forge, ImageRequest, Job, open_forge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import AttemptState, JobState
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, Settlement
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry
from tests.answers import committed
from tests.emulators import Emulator
from tests.faults._processes import LaterClock, Worker, until, write_requests
from tests.virtual_clock import VirtualClock

pytestmark = [
    pytest.mark.long,
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]

Emulate = Callable[[str], Emulator]
SCHNELL, KLEIN = "together/flux-schnell", "bfl/flux-2-klein-4b"


@pytest.fixture
def settings(environment: dict[str, str]) -> dict[str, str]:
    return dict(environment)


@contextmanager
def worker_on(settings: dict[str, str], folder: Path, *requests: dict[str, Any]) -> Iterator[Worker]:
    """A process that has submitted these requests, one after the other; killed at the end."""
    asked = write_requests(folder / "requests.json", [{"width": 256, "height": 256, **each} for each in requests])
    worker = Worker(settings, asked, callers=len(requests))
    worker.go()
    try:
        until(lambda: len(worker.said) == 1 + len(requests), "the worker to submit")
        yield worker
    finally:
        worker.kill()


def leave_behind(settings: dict[str, str], folder: Path, is_time: Callable[[], bool], **request: Any) -> str:
    """The id of a job whose process was killed when its time had come."""
    with worker_on(settings, folder, {"prompt": "a red fox", **request}) as worker:
        until(is_time, "the job to come so far")
        return str(worker.said[1]["job_id"])


@asynccontextmanager
async def successor(settings: dict[str, str], clock: Clock | None = None) -> AsyncIterator[Forge]:
    """A process that comes when the dead one's leases have run out."""
    async with open_forge(load_config(settings), clock or LaterClock()) as forge:
        yield forge


async def ended(forge: Forge, job_id: str, seconds: float = 30.0) -> Job:
    job = await forge.job(job_id, forge.caller(), wait_seconds=seconds)
    assert job.state.is_final, job
    return job


async def test_a_job_that_had_sent_nothing_is_run(emulate: Emulate, settings: dict[str, str], tmp_path: Path) -> None:
    together = emulate("together")
    settings |= together.environment()
    together.fault("429", times=1, retry_after=25)
    with worker_on(settings, tmp_path, {"prompt": "a grey fox", "model": SCHNELL}):
        until(lambda: len(together.calls) == 1, "the first call to be told to slow down")
        with worker_on(settings, tmp_path, {"prompt": "a red fox", "model": SCHNELL}) as waiting:
            job_id = str(waiting.said[1]["job_id"])
    assert not together.submits
    async with successor(settings, LaterClock(30)) as forge:
        before = await forge.job(job_id, forge.caller())
        assert not before.attempts
        job = await ended(forge, job_id)
    assert job.state is JobState.COMPLETED
    assert len(together.submits) == 1


async def test_an_accepted_job_is_asked_about_and_not_bought_again(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")
    job_id = leave_behind(settings, tmp_path, lambda: len(bfl.calls) >= 2, model=KLEIN)
    bfl.clear()
    async with successor(settings) as forge:
        job = await ended(forge, job_id)
        _, data = await forge.asset(job.assets[0].asset_id)
    assert (job.state, [attempt.state for attempt in job.attempts]) == (JobState.COMPLETED, [AttemptState.SUCCEEDED])
    assert len(data) == job.assets[0].bytes
    assert len(bfl.submits) == 1


async def test_all_calls_of_a_job_for_several_images_are_resumed(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")

    def both_are_asked_about() -> bool:
        return len({call.query["id"] for call in bfl.calls if "id" in call.query}) == 2

    job_id = leave_behind(settings, tmp_path, both_are_asked_about, model=KLEIN, n=2)
    bfl.clear()
    async with successor(settings) as forge:
        job = await ended(forge, job_id)
    assert job.state is JobState.COMPLETED
    assert len({asset.asset_id for asset in job.assets}) == 2
    assert job.cost_usd == sum(attempt.cost_usd or 0.0 for attempt in job.attempts) > 0
    assert len(bfl.submits) == 2


async def test_a_job_that_was_sent_and_not_answered_is_interrupted_and_counts_as_spent(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    settings |= together.environment() | bfl.environment()
    together.fault("hang")
    job_id = leave_behind(settings, tmp_path, lambda: len(together.submits) == 1, model=SCHNELL)
    together.clear()
    async with successor(settings) as forge:
        job = await ended(forge, job_id)
        spent = await committed(forge)
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "interrupted")
    (attempt,) = job.attempts
    assert (attempt.outcome, attempt.maybe_billed) == ("interrupted", True)
    assert job.cost_usd == spent == attempt.cost_usd
    assert spent > 0
    assert (len(together.submits), len(bfl.submits)) == (1, 0)


async def test_a_sent_job_stays_interrupted_when_the_next_process_dies_while_it_says_so(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path, home: Path
) -> None:
    together = emulate("together")
    settings |= together.environment()
    together.fault("hang")
    job_id = leave_behind(settings, tmp_path, lambda: len(together.submits) == 1, model=SCHNELL)
    together.clear()
    dying = SqliteRegistry(home / "registry.db", LaterClock().now, owner="dies in the middle")
    assert await dying.jobs.take_over(job_id)
    (attempt,) = (await dying.jobs.get(job_id)).attempts
    await dying.jobs.settle(job_id, attempt.attempt_id, Settlement(outcome="interrupted", maybe_billed=True))
    await dying.close()
    async with successor(settings, LaterClock(3 * LEASE_SECONDS)) as forge:
        job = await ended(forge, job_id)
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "interrupted")
    assert len(together.submits) == 1


async def test_a_provider_that_may_have_billed_is_not_asked_again_after_a_restart(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path, home: Path
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    settings |= together.environment() | bfl.environment()
    together.fault("hang")
    job_id = leave_behind(settings, tmp_path, lambda: len(together.submits) == 1, provider="together")
    together.clear()
    dying = SqliteRegistry(home / "registry.db", LaterClock().now, owner="dies before it fails over")
    assert await dying.jobs.take_over(job_id)
    (attempt,) = (await dying.jobs.get(job_id)).attempts
    lost = Settlement(outcome="ambiguous", maybe_billed=True, cost_usd=0.01)
    await dying.jobs.settle(job_id, attempt.attempt_id, lost)
    await dying.close()
    async with successor(settings, LaterClock(3 * LEASE_SECONDS)) as forge:
        job = await ended(forge, job_id)
    assert job.state is JobState.FAILED
    assert len(together.submits) == 1


async def test_a_job_whose_deadline_passed_before_anything_was_sent_times_out_for_nothing(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    together = emulate("together")
    settings |= together.environment()
    together.fault("429", times=1, retry_after=25)
    with worker_on(settings, tmp_path, {"prompt": "a grey fox", "model": SCHNELL}):
        until(lambda: len(together.calls) == 1, "the first call to be told to slow down")
        with worker_on(settings, tmp_path, {"prompt": "a red fox", "model": SCHNELL}) as waiting:
            job_id = str(waiting.said[1]["job_id"])
    async with successor(settings, LaterClock(3600)) as forge:
        job = await ended(forge, job_id)
        spent = await committed(forge)
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "timeout")
    assert (job.attempts, job.cost_usd, spent) == ((), 0.0, 0.0)
    assert not together.submits


async def test_accepted_work_is_asked_about_once_more_after_its_deadline_for_it_was_paid(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")
    job_id = leave_behind(settings, tmp_path, lambda: len(bfl.calls) >= 2, model=KLEIN)
    bfl.clear()
    async with successor(settings, LaterClock(3600)) as forge:
        job = await ended(forge, job_id)
    assert job.state is JobState.COMPLETED
    assert len(bfl.submits) == 1


async def test_accepted_work_that_is_not_ready_after_its_deadline_times_out(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never")
    job_id = leave_behind(settings, tmp_path, lambda: len(bfl.calls) >= 2, model=KLEIN)
    async with successor(settings, VirtualClock(datetime.now(UTC) + timedelta(hours=1))) as forge:
        job = await ended(forge, job_id, seconds=3600.0)
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "timeout")
    assert [attempt.maybe_billed for attempt in job.attempts] == [True]
    assert len(bfl.submits) == 1


async def test_a_forge_that_is_closed_lets_the_next_one_resume_at_once(
    emulate: Emulate, settings: dict[str, str]
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")
    async with open_forge(load_config(settings)) as forge:
        job_id = (await forge.submit(ImageRequest(prompt="a red fox", model=KLEIN), forge.caller())).job_id
        await anyio.to_thread.run_sync(until, lambda: len(bfl.calls) >= 2, "a first question")
    bfl.clear()
    async with successor(settings, Clock()) as forge:
        job = await ended(forge, job_id)
    assert job.state is JobState.COMPLETED
    assert len(bfl.submits) == 1


async def test_a_living_process_renews_its_lease_and_keeps_its_jobs(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path, home: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")
    with worker_on(settings, tmp_path, {"prompt": "a red fox", "model": KLEIN}) as worker:
        job_id = str(worker.said[1]["job_id"])
        first = lease(home, job_id)
        await anyio.to_thread.run_sync(until, lambda: lease(home, job_id) > first, "the lease to be renewed")
        owner = column(home, job_id, "owner")
        async with successor(settings, Clock()) as forge:
            bfl.clear()
            job = await ended(forge, job_id)
    assert (job.state, job.owner) == (JobState.COMPLETED, owner)
    assert len(bfl.submits) == 1


def column(home: Path, job_id: str, name: str) -> Any:
    """What a job's row says, read beside the processes that use it."""
    registry = sqlite3.connect(home / "registry.db")
    try:
        ((value,),) = registry.execute(f"SELECT {name} FROM jobs WHERE job_id = ?", (job_id,))
        return value
    finally:
        registry.close()


def lease(home: Path, job_id: str) -> float:
    """Until when a job belongs to its process, in seconds since 1970."""
    return float(column(home, job_id, "lease_until"))


# Two living processes -----------------------------------------------------------------------------------------------


async def test_a_job_of_another_process_can_be_waited_for(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")
    told: list[str] = []

    async def note(progress: Any) -> None:
        told.append(progress.message)
        bfl.clear()

    with worker_on(settings, tmp_path, {"prompt": "a red fox", "model": KLEIN}) as worker:
        job_id = str(worker.said[1]["job_id"])
        async with successor(settings, Clock()) as forge:
            job = await forge.job(job_id, forge.caller(), 30.0, note)
    assert job.state is JobState.COMPLETED
    assert told
    assert len(bfl.submits) == 1


async def test_a_job_of_another_process_is_canceled_there_where_its_provider_can(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    fal = emulate("fal")
    settings |= fal.environment()
    fal.fault("never")
    with worker_on(settings, tmp_path, {"prompt": "a red fox", "provider": "fal"}) as worker:
        job_id = str(worker.said[1]["job_id"])
        await anyio.to_thread.run_sync(until, lambda: len(fal.calls) >= 2, "a first question")
        async with successor(settings, Clock()) as forge:
            asked, was_over = await forge.cancel(job_id, forge.caller())
            job = await ended(forge, job_id)
            spent = await committed(forge)
    assert (was_over, job.state) == (False, JobState.CANCELED)
    assert asked.state in (JobState.PROCESSING, JobState.CANCELED)
    assert [call.method for call in fal.calls].count("PUT") == 1
    assert spent == 0


async def test_a_cancel_that_its_provider_cannot_do_leaves_the_job_to_its_end(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    settings |= bfl.environment()
    bfl.fault("never", "poll")
    with worker_on(settings, tmp_path, {"prompt": "a red fox", "model": KLEIN}) as worker:
        job_id = str(worker.said[1]["job_id"])
        await anyio.to_thread.run_sync(until, lambda: len(bfl.calls) >= 2, "a first question")
        async with successor(settings, Clock()) as forge:
            asked, was_over = await forge.cancel(job_id, forge.caller())
            assert (was_over, asked.state) == (False, JobState.PROCESSING)
            bfl.clear()
            job = await ended(forge, job_id)
    assert job.state is JobState.COMPLETED
    assert len(job.assets) == 1


async def test_a_canceled_job_whose_process_died_before_it_sent_anything_sends_nothing(
    emulate: Emulate, settings: dict[str, str], tmp_path: Path, home: Path
) -> None:
    together = emulate("together")
    settings |= together.environment()
    together.fault("429", times=1, retry_after=25)
    with worker_on(settings, tmp_path, {"prompt": "a grey fox", "model": SCHNELL}):
        until(lambda: len(together.calls) == 1, "the first call to be told to slow down")
        with worker_on(settings, tmp_path, {"prompt": "a red fox", "model": SCHNELL}) as waiting:
            job_id = str(waiting.said[1]["job_id"])
    registry = SqliteRegistry(home / "registry.db", Clock().now, owner="asks and leaves")
    assert await registry.jobs.request_cancel(job_id)
    await registry.close()
    async with successor(settings, LaterClock(30)) as forge:
        job = await ended(forge, job_id)
    assert job.state is JobState.CANCELED
    assert not together.submits
