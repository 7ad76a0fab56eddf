"""What every registry promises about calls whose end becomes known late, and about those made a second time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from imgforge_mcp.base.errors import NotFound
from imgforge_mcp.base.types import Asset, CostBasis, Job, JobState
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, LeaseLost, Settlement
from tests.storage.registries import NO_CAPS, Process

pytestmark = pytest.mark.anyio

Start = Callable[[str], Process]
PRICE = 0.5
WITHIN = 600.0
MAYBE = {"succeeded": False, "outcome": "interrupted", "cost_usd": PRICE, "maybe_billed": True}
"""What a process says of a call that another one has out."""
INTERRUPTED = {"error": "The process ended.", "code": "interrupted"}


# An end that comes late ---------------------------------------------------------------------------------------------


async def lost(mine: Process, other: Process, **request: Any) -> tuple[Job, int]:
    """A job with a call out, whose process stood still for longer than its lease, so that another took it over."""
    job = await mine.open(reserve=PRICE, **request)
    attempt_id = await mine.start(job, price=PRICE)
    mine.clock.advance(LEASE_SECONDS + 1)
    assert await other.registry.jobs.take_over(job.job_id)
    with pytest.raises(LeaseLost):
        await mine.settle(job, attempt_id, cost_usd=0.4)
    return job, attempt_id


async def told_late(process: Process, job: Job, attempt_id: int, *pictures: Asset, **end: Any) -> bool:
    values = {"outcome": "ok_listed", "succeeded": True, "cost_usd": 0.4, **end}
    return await process.registry.jobs.settle_late(job.job_id, attempt_id, Settlement(**values), pictures)


async def given_up(process: Process, job: Job, attempt_id: int, **ending: Any) -> None:
    """The job as the process that took it over ends it."""
    await process.settle(job, attempt_id, **MAYBE)
    values = {"state": JobState.FAILED, "error": INTERRUPTED}
    await process.finish(job, **{**values, **ending})


async def test_a_late_end_is_on_record_before_anybody_else_knew_one(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    picture = await mine.store(1)
    assert await told_late(mine, job, attempt_id, picture, latency_ms=1200)
    found = await mine.registry.jobs.get(job.job_id)
    assert (found.state, found.assets, found.cost_usd) == (JobState.PROCESSING, (picture,), None)
    [call] = found.attempts
    assert (call.outcome, call.cost_usd, call.latency_ms, call.ended_at) == ("ok_listed", 0.4, 1200, mine.clock.now())
    assert await mine.registry.jobs.committed() == (PRICE, PRICE)
    await other.finish(job)
    assert await mine.registry.jobs.committed() == (0.4, 0.4)
    assert await mine.registry.assets.find(picture.asset_id) == picture
    assert await mine.registry.jobs.usage_drift() == []


async def test_a_picture_that_comes_late_completes_a_job_that_was_given_up_and_corrects_what_was_spent(
    start_process: Start,
) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    await given_up(other, job, attempt_id, warnings=("Fitted.",))
    assert await mine.registry.jobs.committed() == (PRICE, PRICE)
    seen = len(await other.registry.jobs.outcomes_since(0, 0.0))
    mine.clock.advance(10)
    picture = await mine.store(1)
    assert await told_late(mine, job, attempt_id, picture)
    done = await mine.registry.jobs.get(job.job_id)
    assert (done.state, done.error, done.assets) == (JobState.COMPLETED, None, (picture,))
    assert (done.cost_usd, done.cost_basis, done.completed_at) == (0.4, CostBasis.LISTED, mine.clock.now())
    assert done.warnings == ("Fitted.", "The job had been given up; its image came after all.")
    assert [(call.outcome, call.maybe_billed) for call in done.attempts] == [("ok_listed", False)]
    assert await mine.registry.jobs.committed() == (0.4, 0.4)
    assert await mine.registry.jobs.usage_drift() == []
    news = await other.registry.jobs.outcomes_since(seen, 0.0)
    assert [(outcome.outcome, outcome.succeeded) for outcome in news] == [("ok_listed", True)]
    assert not await told_late(mine, job, attempt_id, cost_usd=0.1)
    assert await mine.registry.jobs.committed() == (0.4, 0.4)


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param({"error": {"error": "No image in time.", "code": "timeout"}}, id="out of time"),
        pytest.param({"error": None}, id="no reason"),
        pytest.param({"state": JobState.CANCELED, "error": None}, id="canceled"),
    ],
)
async def test_a_job_that_ended_otherwise_stays_so_and_costs_what_it_cost(
    start_process: Start, ending: dict[str, Any]
) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    await given_up(other, job, attempt_id, **ending)
    before = await mine.registry.jobs.get(job.job_id)
    picture = await mine.store(1)
    assert await told_late(mine, job, attempt_id, picture, outcome="ok_reported", cost_usd=0.7)
    after = await mine.registry.jobs.get(job.job_id)
    assert (after.state, after.error, after.warnings) == (before.state, before.error, ())
    assert (after.assets, after.cost_usd, after.cost_basis) == ((picture,), 0.7, CostBasis.REPORTED)
    assert await mine.registry.jobs.committed() == (0.7, 0.7)


async def test_a_refusal_that_comes_late_gives_the_money_back_and_completes_nothing(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    await given_up(other, job, attempt_id)
    assert await told_late(mine, job, attempt_id, succeeded=False, outcome="unavailable", cost_usd=None)
    after = await mine.registry.jobs.get(job.job_id)
    assert (after.state, after.error) == (JobState.FAILED, INTERRUPTED)
    assert (after.cost_usd, after.cost_basis) == (0.0, CostBasis.FREE)
    assert await mine.registry.jobs.committed() == (0.0, 0.0)


async def test_a_late_end_leaves_a_job_that_goes_on_to_whoever_has_it(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    await other.settle(job, attempt_id, **MAYBE)
    second = await other.start(job, price=PRICE)
    assert await told_late(mine, job, attempt_id, await mine.store(1))
    under_way = await mine.registry.jobs.get(job.job_id)
    assert (under_way.state, under_way.cost_usd, under_way.completed_at) == (JobState.PROCESSING, None, None)
    await other.settle(job, second, await other.store(2), cost_usd=PRICE)
    await other.finish(job)
    assert await mine.registry.jobs.committed() == (0.9, 0.9)


async def test_whoever_has_the_job_brings_its_picture_though_the_one_before_gave_the_call_up_meanwhile(
    start_process: Start,
) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    assert await told_late(mine, job, attempt_id, **{**MAYBE, "outcome": "ambiguous"})
    picture = await other.store(1)
    await other.settle(job, attempt_id, picture, cost_usd=0.4)
    found = await mine.registry.jobs.get(job.job_id)
    assert (found.assets, [call.outcome for call in found.attempts]) == ((picture,), ["ok_listed"])
    await other.finish(job)
    assert await mine.registry.jobs.committed() == (0.4, 0.4)
    assert await mine.registry.jobs.usage_drift() == []


async def test_a_job_costs_what_its_calls_cost_though_one_is_known_better_while_it_ends(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    await other.settle(job, attempt_id, **MAYBE)
    assert await told_late(mine, job, attempt_id, succeeded=False, outcome="auth", cost_usd=0.0)
    await other.finish(job, JobState.FAILED, error=INTERRUPTED)
    assert (await mine.registry.jobs.get(job.job_id)).cost_usd == 0.0


async def test_what_is_known_already_is_not_corrected(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, attempt_id = await lost(mine, other)
    await other.settle(job, attempt_id, succeeded=False, outcome="unavailable")
    picture = await mine.store(1)
    assert not await told_late(mine, job, attempt_id, picture)
    assert not await told_late(mine, job, attempt_id + 1, picture)
    found = await mine.registry.jobs.get(job.job_id)
    assert (found.assets, found.attempts[0].outcome, found.attempts[0].cost_usd) == ((), "unavailable", 0.0)


async def test_an_end_that_comes_twice_counts_once(process: Process) -> None:
    job = await process.open()
    attempt_id = await process.start(job, price=PRICE)
    first, second = await process.store(1), await process.store(2)
    await process.settle(job, attempt_id, first, cost_usd=0.4)
    await process.settle(job, attempt_id, second, cost_usd=0.3)
    found = await process.registry.jobs.get(job.job_id)
    assert (found.assets, found.attempts[0].cost_usd) == ((first,), 0.4)
    await process.finish(job)
    assert await process.registry.jobs.committed() == (0.4, 0.4)


# A call that is made a second time ----------------------------------------------------------------------------------


async def opened(process: Process, digest: str = "same", tenant: str = "") -> Job:
    job, _ = await process.registry.jobs.open(process.new(digest=digest, tenant=tenant), NO_CAPS)
    return job


async def joined(process: Process, digest: str = "same", tenant: str = "") -> str | None:
    job = await process.registry.jobs.join(digest, tenant, WITHIN)
    return None if job is None else job.job_id


async def test_a_call_that_was_cut_off_is_joined_once_by_an_equal_one(process: Process) -> None:
    job = await opened(process)
    assert await joined(process) is None
    await process.registry.jobs.cut_off(job.job_id)
    assert await joined(process, digest="another") is None
    assert await joined(process, tenant="ann") is None
    assert await process.registry.jobs.join("same", "", WITHIN) == replace(job, is_joined=True)
    assert await joined(process) is None
    process.clock.advance(LEASE_SECONDS + 1)
    assert await joined(process) is None
    await process.registry.jobs.cut_off(job.job_id)
    assert await joined(process) == job.job_id


async def test_a_job_whose_process_is_gone_is_joined_too(process: Process) -> None:
    job = await opened(process)
    process.clock.advance(LEASE_SECONDS - 1)
    assert await joined(process) is None
    process.clock.advance(2)
    assert await joined(process) == job.job_id


async def test_the_newest_of_several_is_joined(process: Process) -> None:
    jobs = [await opened(process, tenant="ann") for _ in range(3)]
    for job in jobs[:2]:
        await process.registry.jobs.cut_off(job.job_id)
    assert [await joined(process, tenant="ann") for _ in range(3)] == [jobs[1].job_id, jobs[0].job_id, None]


@pytest.mark.parametrize(
    ("state", "billed", "is_joined"),
    [
        pytest.param(JobState.COMPLETED, False, True, id="completed"),
        pytest.param(JobState.FAILED, True, True, id="failed, maybe billed"),
        pytest.param(JobState.FAILED, False, False, id="failed for nothing"),
        pytest.param(JobState.CANCELED, True, False, id="canceled"),
    ],
)
async def test_a_job_that_ended_lately_is_joined_for_what_it_brought_or_may_have_cost(
    process: Process, state: JobState, billed: bool, is_joined: bool
) -> None:
    job = await opened(process)
    await process.registry.jobs.cut_off(job.job_id)
    await process.settle(job, await process.start(job), maybe_billed=billed)
    await process.finish(job, state)
    process.clock.advance(WITHIN - 1)
    assert await joined(process) == (job.job_id if is_joined else None)
    await process.registry.jobs.cut_off(job.job_id)
    process.clock.advance(1)
    assert await joined(process) is None


async def test_a_job_that_was_interrupted_is_joined_though_nobody_cut_it_off(process: Process) -> None:
    jobs = [await opened(process) for _ in range(2)]
    for job, code in zip(jobs, ("interrupted", "timeout"), strict=True):
        await process.settle(job, await process.start(job), **MAYBE)
        await process.finish(job, JobState.FAILED, error={"error": "…", "code": code})
    assert await joined(process) == jobs[0].job_id


async def test_who_is_unknown_has_no_tenant_and_no_job(process: Process) -> None:
    job = await process.open(tenant="ann")
    assert await process.registry.jobs.tenant(job.job_id) == "ann"
    with pytest.raises(NotFound) as caught:
        await process.registry.jobs.get("x" * 100)
    assert caught.value.message == f"There is no job {'x' * 64}; call check_job without job_id to list the recent ones."
    assert caught.value.details["job_id"] == "x" * 64
    assert await process.registry.jobs.state("nobody") is JobState.FAILED
