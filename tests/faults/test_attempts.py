"""Every call that was sent is settled, whatever ends it, and the books say what happened."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import Forge, ImageRequest, Job, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import IdempotencyConflict
from imgforge_mcp.base.types import CostBasis, JobState
from imgforge_mcp.jobs.delivery import Delivery
from imgforge_mcp.jobs.preparation import Preparation
from imgforge_mcp.presentation import message
from imgforge_mcp.providers.contract import Call
from imgforge_mcp.providers.services import together as together_adapter
from imgforge_mcp.storage.registry.sql import jobs
from imgforge_mcp.storage.registry.sqlite.database import SqliteDatabase
from tests.answers import committed
from tests.conftest import OpenForge
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, until
from tests.virtual_clock import START, VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
PRICED = '[models."together/flux-schnell"]\nprice = { image = 0.04 }\n'
BFL = '[models."bfl/flux-1.1-pro"]\nprice = { image = %s }\n'
FAL = '[models."fal/flux-2-pro"]\nprice = { image = %s }\n'
TWO_PARTS = FAL % "0.04"


def configure(environment: dict[str, str], text: str) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(text, "utf-8")


async def submit(forge: Forge, **values: Any) -> Job:
    wanted = {"prompt": "a red fox", "model": "together/flux-schnell", "width": 256, "height": 256} | values
    return await forge.submit(ImageRequest.model_validate(wanted), forge.caller())


async def draw(forge: Forge, **values: Any) -> Job:
    """Submit and wait until the job has ended."""
    return await forge.job((await submit(forge, **values)).job_id, forge.caller(), wait_seconds=3600.0)


async def seen(condition: Callable[[], bool], what: str) -> None:
    await anyio.to_thread.run_sync(until, condition, what)


def check_settled(job: Job) -> None:
    assert job.state.is_final
    assert all(attempt.ended_at is not None for attempt in job.attempts)


# Defects ------------------------------------------------------------------------------------------------------------


def defect(*_: object) -> NoReturn:
    raise KeyError("data")


async def test_a_defect_after_sending_is_settled_as_maybe_billed_at_the_price_that_was_held(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    monkeypatch.setattr(together_adapter.Together, "parse", defect)
    async with forge_on(together) as forge:
        job = await draw(forge)
        assert await committed(forge) == 0.04
    check_settled(job)
    assert (job.state, job.cost_usd) == (JobState.FAILED, 0.04)
    assert [(attempt.maybe_billed, attempt.cost_usd) for attempt in job.attempts] == [(True, 0.04)]
    assert (job.error or {})["code"] == "provider_error"
    assert len(together.submits) == 1


async def test_a_defect_before_sending_is_free(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    monkeypatch.setattr(together_adapter.Together, "submit", defect)
    async with forge_on(together) as forge:
        job = await draw(forge)
        assert await committed(forge) == 0
    check_settled(job)
    assert (job.state, job.cost_usd, job.cost_basis) == (JobState.FAILED, 0.0, CostBasis.FREE)
    assert not together.calls


async def test_a_defect_in_how_the_job_ends_leaves_no_call_open(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    monkeypatch.setattr(Delivery, "good_ending", defect)
    async with forge_on(together) as forge:
        job = await draw(forge)
        assert await committed(forge) == 0.04
    check_settled(job)
    assert (job.state, job.cost_usd) == (JobState.FAILED, 0.04)
    assert [(attempt.maybe_billed, attempt.cost_usd) for attempt in job.attempts] == [(True, 0.04)]
    assert len(together.submits) == 1


async def test_a_trial_that_ends_by_a_defect_does_not_keep_a_healthy_provider_shut(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = emulate("together")
    together.fault("503", times=2)
    async with forge_on(together) as forge:
        for _ in range(2):
            assert (await draw(forge)).state is JobState.FAILED
        clock.advance(60)
        with monkeypatch.context() as broken:
            broken.setattr(together_adapter.Together, "parse", defect)
            assert (await draw(forge)).state is JobState.FAILED
        clock.advance(120)
        assert (await draw(forge)).state is JobState.COMPLETED


# Cancellation -------------------------------------------------------------------------------------------------------


async def test_a_cancellation_takes_each_part_as_it_stands(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str]
) -> None:
    configure(environment, TWO_PARTS)
    fal = emulate("fal")
    fal.fault("hang", times=1)
    async with forge_on(fal) as forge:
        job = await submit(forge, model="fal/flux-2-pro", n=2)
        await seen(lambda: len(fal.calls) >= 3, "one part accepted and asked about, the other hanging")
        asked, was_over = await forge.cancel(job.job_id, forge.caller())
        assert (was_over, asked.state) == (False, JobState.PROCESSING)
        fal.clear()
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
        spent = await committed(forge)
    check_settled(done)
    free, other = sorted(done.attempts, key=lambda attempt: attempt.cost_usd or 0.0)
    assert (free.outcome, free.cost_usd) == ("canceled", 0.0)
    assert done.cost_usd == spent == other.cost_usd
    assert "PUT" in [call.method for call in fal.calls]


async def test_a_cancellation_after_the_first_image_was_paid_tells_the_true_cost_and_keeps_it(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], home: Path
) -> None:
    configure(environment, TWO_PARTS)
    fal = emulate("fal")
    fal.fault("never", times=1)
    async with forge_on(fal) as forge:
        job = await submit(forge, model="fal/flux-2-pro", n=2)
        with anyio.fail_after(PATIENCE):
            while not (await forge.job(job.job_id, forge.caller())).assets:
                await anyio.lowlevel.checkpoint()
        done, _ = await forge.cancel(job.job_id, forge.caller())
        assert await committed(forge) == 0.04
        said = message(forge, None, done)
    check_settled(done)
    assert (done.state, done.cost_usd, done.cost_basis) == (JobState.CANCELED, 0.04, CostBasis.LISTED)
    assert len(done.assets) == 1
    assert said == "The job was canceled; $0.04 had been spent by then; its image is kept."


async def test_a_cancellation_that_the_provider_does_not_confirm_lets_the_work_go_on(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str]
) -> None:
    configure(environment, BFL % "0.04")
    bfl = emulate("bfl")
    bfl.fault("never", "poll", times=None) if ("never", "poll") in bfl.supported_faults else bfl.fault("never")
    async with forge_on(bfl) as forge:
        job = await submit(forge, model="bfl/flux-1.1-pro")
        await seen(lambda: len(bfl.calls) >= 2, "a first question")
        asked, was_over = await forge.cancel(job.job_id, forge.caller())
        assert (was_over, asked.state) == (False, JobState.PROCESSING)
        bfl.clear()
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    check_settled(done)
    assert done.cost_usd == 0.04


async def test_work_found_after_a_restart_is_called_off_though_its_end_is_asked_for_before_it_is_taken_up(
    emulate: Emulate, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(environment, TWO_PARTS)
    fal = emulate("fal")
    settings = environment | fal.environment()
    fal.fault("never", "poll")
    async with open_forge(load_config(settings), VirtualClock()) as forge:
        job = await submit(forge, model="fal/flux-2-pro")
        await seen(lambda: len(fal.calls) >= 2, "a first question")
    prepared = Preparation.call
    later = VirtualClock(START + timedelta(seconds=60))
    async with anyio.create_task_group() as tasks, open_forge(load_config(settings), later) as forge:

        async def called_off_meanwhile(*given: Any, **named: Any) -> Call:
            tasks.start_soon(forge.cancel, job.job_id, forge.caller())
            for _ in range(200):
                await anyio.to_thread.run_sync(int)
            return await prepared(*given, **named)

        monkeypatch.setattr(Preparation, "call", called_off_meanwhile)
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
        spent = await committed(forge)
    check_settled(done)
    assert (done.state, done.cost_usd, spent) == (JobState.CANCELED, 0.0, 0.0)
    assert [call.method for call in fal.calls].count("PUT") == 1


async def test_a_defect_when_accepted_work_is_taken_up_settles_it_and_ends_the_job(
    emulate: Emulate, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(environment, TWO_PARTS)
    fal = emulate("fal")
    settings = environment | fal.environment()
    fal.fault("never", "poll")
    async with open_forge(load_config(settings), VirtualClock()) as forge:
        job = await submit(forge, model="fal/flux-2-pro")
        await seen(lambda: len(fal.calls) >= 2, "a first question")
    monkeypatch.setattr(Preparation, "call", defect)
    later = VirtualClock(START + timedelta(seconds=60))
    async with open_forge(load_config(settings), later) as forge:
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
        spent = await committed(forge)
    check_settled(done)
    assert (done.state, (done.error or {})["code"], spent) == (JobState.FAILED, "internal", 0.04)
    assert [(attempt.outcome, attempt.maybe_billed) for attempt in done.attempts] == [("interrupted", True)]


# Time and price -----------------------------------------------------------------------------------------------------


async def test_a_call_that_finds_no_free_place_before_its_deadline_is_free(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock
) -> None:
    configure(environment, PRICED + "[providers.together]\nconcurrency = 1\n")
    together = emulate("together")
    together.fault("hang", times=1)
    async with forge_on(together, IMGFORGE_JOB_DEADLINE="100") as forge:
        first = await submit(forge)
        await seen(lambda: len(together.submits) == 1, "the first call to hold the only place")
        second = await submit(forge, prompt="a blue fox")
        for _ in range(200):
            await anyio.lowlevel.checkpoint()
        clock.advance(101)
        both = [await forge.job(job.job_id, forge.caller(), wait_seconds=1000.0) for job in (first, second)]
        assert await committed(forge) == 0.04
    assert [[attempt.maybe_billed for attempt in job.attempts] for job in both] == [[True], []]
    assert [(job.error or {})["code"] for job in both] == ["timeout", "timeout"]
    assert [job.cost_usd for job in both] == [0.04, 0.0]
    assert len(together.submits) == 1


async def test_a_call_whose_time_runs_out_while_it_is_recorded_is_free_and_never_sent(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock, monkeypatch: Any
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    recorded = jobs.SqlJobs.start_attempt

    async def takes_long(self: jobs.SqlJobs, *values: Any) -> int:
        attempt_id = await recorded(self, *values)
        clock.advance(101)
        return attempt_id

    monkeypatch.setattr(jobs.SqlJobs, "start_attempt", takes_long)
    async with forge_on(together, IMGFORGE_JOB_DEADLINE="100") as forge:
        job = await draw(forge)
        assert await committed(forge) == 0
    check_settled(job)
    assert [(attempt.maybe_billed, attempt.cost_usd) for attempt in job.attempts] == [(False, 0.0)]
    assert ((job.error or {})["code"], job.cost_usd, job.cost_basis) == ("timeout", 0.0, CostBasis.FREE)
    assert not together.calls


async def test_a_resumed_call_is_booked_at_the_price_in_its_own_record(
    emulate: Emulate, environment: dict[str, str]
) -> None:
    fal = emulate("fal")  # which names no cost of its own
    settings = environment | fal.environment()
    fal.fault("never", "poll")
    configure(environment, FAL % "0.04")
    async with open_forge(load_config(settings)) as forge:
        job = await submit(forge, model="fal/flux-2-pro")
        await seen(lambda: len(fal.calls) >= 2, "a first question")
    fal.clear()
    configure(environment, FAL % "0.20")
    async with open_forge(load_config(settings)) as forge:
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=30.0)
        spent = await committed(forge)
    assert (done.state, done.cost_usd, spent) == (JobState.COMPLETED, 0.04, 0.04)


async def test_a_cost_that_is_no_more_than_a_bound_says_so(emulate: Emulate, forge_on: OpenForge) -> None:
    async with forge_on(emulate("together")) as forge:
        job = await draw(forge, model="together/flux-2-pro")
    assert (job.cost_usd, job.cost_basis) == (0.03, CostBasis.LISTED)
    [warning] = [warning for warning in job.warnings if "most" in warning]
    assert warning.startswith("$0.03 is the most that it can have cost: Together says $0.03 or more")


# Idempotency --------------------------------------------------------------------------------------------------------


async def test_a_key_stands_for_its_job_though_the_file_that_it_named_is_gone(
    emulate: Emulate, forge_on: OpenForge, tmp_path: Path
) -> None:
    bfl = emulate("bfl")
    folder = tmp_path / "out"
    folder.mkdir()
    async with forge_on(bfl) as forge:
        pictures = [await draw(forge, provider="local", model=None, seed=seed) for seed in (1, 2)]
        one, two = [(await forge.asset(job.assets[0].asset_id))[1] for job in pictures]
        file = folder / "fox.png"
        file.write_bytes(one)
        asked = {
            "model": "bfl/flux-2-pro",
            "is_edit": True,
            "input_images": [str(file)],
            "idempotency_key": "order",
        }
        first = await draw(forge, **asked)
        assert (await draw(forge, **asked)).job_id == first.job_id
        (folder / "same.png").write_bytes(one)
        again = await draw(forge, **{**asked, "input_images": [str(folder / "same.png")]})
        assert again.job_id == first.job_id
        file.write_bytes(two)
        with pytest.raises(IdempotencyConflict):
            await draw(forge, **asked)
        file.unlink()
        assert (await draw(forge, **asked)).job_id == first.job_id
        with pytest.raises(IdempotencyConflict):
            await draw(forge, **asked, seed=7)
    assert len(bfl.submits) == 1


# The registry's part ------------------------------------------------------------------------------------------------


async def test_one_picture_takes_one_read_and_three_writes_of_the_registry(
    emulate: Emulate, forge_on: OpenForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the connection that they take. What nobody waits for, such as keeping the cap, is not counted."""
    together = emulate("together")
    counted: list[str] = []
    read, write = SqliteDatabase.read, SqliteDatabase.write

    def watched(kind: str, act: Any) -> Any:
        if act.__module__ == jobs.__name__:
            counted.append(kind)
        return act

    monkeypatch.setattr(SqliteDatabase, "read", lambda self, act: read(self, watched("read", act)))
    monkeypatch.setattr(SqliteDatabase, "write", lambda self, act, **how: write(self, watched("write", act), **how))
    request = ImageRequest(prompt="a blue fox", model="together/flux-schnell", width=256, height=256)
    async with forge_on(together) as forge:
        await draw(forge)
        counted.clear()
        job = await forge.generate(request, forge.caller())
        assert job.state is JobState.COMPLETED
        assert (counted.count("read"), counted.count("write")) == (1, 3)
