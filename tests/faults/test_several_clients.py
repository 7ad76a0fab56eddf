"""Several clients on one home, each with keys of its own: a worker takes only what it can do, and keeps what it has."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import Forge, ImageRequest, Job, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import JobState
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS
from imgforge_mcp.storage.registry.sql.jobs import SqlJobs
from tests.answers import committed, on_hang
from tests.conftest import OpenForge
from tests.e2e._program import fresh_account, run
from tests.emulators import Emulator
from tests.faults._processes import Worker, until, write_requests
from tests.faults._registry import execute
from tests.virtual_clock import START, VirtualClock

pytestmark = [pytest.mark.long, pytest.mark.anyio]

Emulate = Callable[[str], Emulator]
KLEIN, SCHNELL = "bfl/flux-2-klein-4b", "together/flux-schnell"
LATER = LEASE_SECONDS + 1


async def submit(forge: Forge, **values: Any) -> Job:
    wanted = {"prompt": "a red fox", "width": 256, "height": 256} | values
    return await forge.submit(ImageRequest.model_validate(wanted), forge.caller())


async def seen(condition: Callable[[], bool], what: str) -> None:
    await anyio.to_thread.run_sync(until, condition, what)


async def some_turns() -> None:
    """Enough for every duty of a worker to have come up."""
    for _ in range(400):
        await anyio.to_thread.run_sync(int)


async def looked_at(settings: dict[str, str], job: Job, seconds: float, *, adopts: bool = True) -> Job:
    """The job as another client leaves it, who comes some seconds after the start and stays a while."""
    clock = VirtualClock(START + timedelta(seconds=seconds))
    async with open_forge(load_config(settings), clock, adopts=adopts) as forge:
        await some_turns()
        clock.advance(10)
        await some_turns()
        return await forge.job(job.job_id, forge.caller())


async def ended(settings: dict[str, str], job: Job, seconds: float) -> Job:
    async with open_forge(load_config(settings), VirtualClock(START + timedelta(seconds=seconds))) as forge:
        return await forge.job(job.job_id, forge.caller(), wait_seconds=36000.0)


@pytest.mark.parametrize("others", [(), ("together",), ("bfl",)], ids=["no key", "another key", "another account"])
async def test_work_that_a_provider_accepted_goes_only_to_whoever_holds_the_same_key(
    emulate: Emulate, environment: dict[str, str], others: tuple[str, ...]
) -> None:
    bfl = emulate("bfl")
    mine = environment | bfl.environment()
    theirs = dict(environment)
    for name in others:
        theirs |= emulate(name).environment() if name != "bfl" else {**bfl.environment(), "BFL_API_KEY": "another-key"}
    bfl.fault("never", "poll")
    async with open_forge(load_config(mine), VirtualClock()) as forge:
        job = await submit(forge, model=KLEIN)
        await seen(lambda: len(bfl.calls) >= 2, "a first question")
    bfl.clear()
    for seconds in (LATER, 620.0, 3600.0):
        assert not (await looked_at(theirs, job, seconds)).state.is_final
    done = await ended(mine, job, LATER)
    assert (done.state, len(bfl.submits)) == (JobState.COMPLETED, 1)


@pytest.mark.parametrize("key", [False, True], ids=["no key", "another key"])
async def test_a_job_that_waits_is_made_by_whoever_would_have_asked_the_same_provider(
    emulate: Emulate, environment: dict[str, str], key: bool
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    together.fault("429", times=1, retry_after=25)
    mine = environment | together.environment()
    theirs = environment | (bfl.environment() if key else {})
    clock = VirtualClock()
    async with open_forge(load_config(mine), clock) as forge:
        first = await submit(forge)
        await forge.wait(first.job_id, 10.0)
    async with open_forge(load_config(mine), VirtualClock(START + timedelta(seconds=11)), adopts=False) as forge:
        job = await submit(forge)
    assert not (await looked_at(theirs, job, 60.0)).state.is_final
    assert not bfl.calls
    done = await ended(mine, job, 60.0)
    assert (done.state, done.provider) == (JobState.COMPLETED, "together")


async def test_long_after_its_deadline_anybody_records_the_end_of_a_job(
    emulate: Emulate, environment: dict[str, str]
) -> None:
    bfl = emulate("bfl")
    mine = environment | bfl.environment()
    bfl.fault("never", "poll")
    async with open_forge(load_config(mine), VirtualClock()) as forge:
        job = await submit(forge, model=KLEIN)
        await seen(lambda: len(bfl.calls) >= 2, "a first question")
    async with open_forge(load_config(environment), VirtualClock(START + timedelta(hours=2))) as forge:
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=36000.0)
    assert done.state is JobState.FAILED
    assert [(attempt.outcome, attempt.maybe_billed) for attempt in done.attempts] == [("interrupted", True)]
    assert done.cost_usd == done.attempts[0].price_usd


async def test_what_does_one_thing_and_ends_adopts_nothing(emulate: Emulate, environment: dict[str, str]) -> None:
    bfl = emulate("bfl")
    mine = environment | bfl.environment()
    bfl.fault("never", "poll")
    async with open_forge(load_config(mine), VirtualClock()) as forge:
        job = await submit(forge, model=KLEIN)
        await seen(lambda: len(bfl.calls) >= 2, "a first question")
    bfl.clear()
    asked = len(bfl.calls)
    assert not (await looked_at(mine, job, LATER, adopts=False)).state.is_final
    assert len(bfl.calls) == asked


async def test_a_provider_that_does_not_answer_a_cancellation_costs_nobody_the_lease(
    emulate: Emulate, environment: dict[str, str]
) -> None:
    fal = emulate("fal")
    settings = environment | fal.environment()
    fal.fault("never")
    here, there = VirtualClock(), VirtualClock()
    async with open_forge(load_config(settings), here) as forge:
        job = await submit(forge, provider="fal")
        await seen(lambda: len(fal.calls) >= 2, "a first question")
        hangs = anyio.Event()
        on_hang(fal, hangs.set)
        fal.stop_answering("poll")  # else each further question would move the clock on
        await hangs.wait()
        fal.stop_answering("cancel")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(forge.cancel, job.job_id, forge.caller())
            await seen(lambda: any(call.method == "PUT" for call in fal.calls), "the question that hangs")
            there.advance(here.monotonic())
            for _ in range(6):  # shorter than the question hangs, longer than a lease that was renewed once
                here.advance(3.1)
                there.advance(3.1)
                await some_turns()
            async with open_forge(load_config(settings), there) as other:
                await some_turns()
                owner = (await other.job(job.job_id, other.caller())).owner
            tasks.cancel_scope.cancel()
        assert owner == job.owner


async def test_a_process_that_stands_still_with_a_new_job_in_its_hands_buys_it_once(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than its lease: its own adoption finds the job before whoever recorded it can start it."""
    together = emulate("together")
    recorded = SqlJobs.open

    async def standing_still(*given: Any) -> tuple[Job, bool]:
        answer = await recorded(*given)
        clock.advance(LATER)
        await seen(lambda: len(together.submits) == 1, "the job to be taken up")
        return answer

    monkeypatch.setattr(SqlJobs, "open", standing_still)
    async with forge_on(together) as forge:
        job = await forge.job((await submit(forge, model=SCHNELL)).job_id, forge.caller(), wait_seconds=600.0)
        await some_turns()
    assert (job.state, len(together.submits)) == (JobState.COMPLETED, 1)


async def test_an_outcome_that_is_committed_late_is_learned(emulate: Emulate, environment: dict[str, str]) -> None:
    together = emulate("together")
    settings = environment | together.environment()
    ahead, behind = VirtualClock(START + timedelta(seconds=60)), VirtualClock()
    async with open_forge(load_config(settings), ahead) as first, open_forge(load_config(settings), behind) as second:
        for _ in range(2):  # the second time it learns what became of the first
            assert (await _drawn(first)).state is JobState.COMPLETED
        together.fault("429", times=1, retry_after=600)
        assert (await _drawn(second)).state is JobState.FAILED
        asked = len(together.calls)
        with pytest.raises(Exception, match="cooling down"):
            await _drawn(first)
        assert len(together.calls) == asked
        assert await committed(first) > 0


async def _drawn(forge: Forge) -> Job:
    job = await submit(forge, model=SCHNELL)
    return await forge.job(job.job_id, forge.caller(), wait_seconds=36000.0)


@pytest.mark.parametrize(
    "command",
    [("doctor",), ("jobs",), ("usage",), ("models",), ("generate", "a lake", "--provider", "local", "--size", "64x64")],
    ids=lambda command: command[0],
)
def test_a_command_leaves_the_jobs_of_others_alone(
    emulate: Emulate, environment: dict[str, str], home: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    bfl.fault("never", "poll")
    settings = environment | together.environment() | bfl.environment()
    asked = write_requests(tmp_path / "requests.json", [{"prompt": "a red fox", "model": KLEIN}])
    worker = Worker(settings, asked)
    worker.go()
    until(lambda: len(bfl.calls) >= 2, "a first question")
    worker.kill()
    before = _abandoned(home, leave=True)
    asked_before = len(bfl.calls)
    answer = run(fresh_account(tmp_path / "account", **settings), *command)
    assert answer.returncode == 0, answer.stderr
    assert _abandoned(home) == before
    assert [call.path for call in bfl.calls[asked_before:] if "get_result" in call.path] == []


async def test_a_limit_of_calls_at_once_holds_over_all_processes(emulate: Emulate, environment: dict[str, str]) -> None:
    together = emulate("together")
    await anyio.Path(environment["IMGFORGE_CONFIG"]).write_text("[providers.together]\nconcurrency = 1\n", "utf-8")
    settings = environment | together.environment()
    together.fault("hang", times=1)
    async with open_forge(load_config(settings)) as one, open_forge(load_config(settings)) as two:
        first = await submit(one, model=SCHNELL)
        assert await anyio.to_thread.run_sync(together.wait_for_submits)
        second = await submit(two, model=SCHNELL)
        canceled = await submit(two, model=SCHNELL, seed=2)
        await some_turns()
        assert (await two.cancel(canceled.job_id, two.caller()))[0].state is JobState.CANCELED
        assert len(together.submits) == 1
        together.clear()
        for forge, job in ((one, first), (two, second)):
            assert (await forge.job(job.job_id, forge.caller(), wait_seconds=60.0)).state is JobState.COMPLETED
    assert len(together.submits) == 2


def _abandoned(home: Path, *, leave: bool = False) -> list[Any]:
    """Who has which unfinished job; with `leave` their leases run out now."""
    leaving = ["UPDATE jobs SET lease_until = 0 WHERE completed_at IS NULL"] if leave else []
    found = execute(home, *leaving, "SELECT job_id, owner, lease_until FROM jobs WHERE completed_at IS NULL")
    assert len(found) == 1
    return found
