"""What every registry promises about jobs: one owner each, one job a key, budgets that hold, ends that stay."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import pytest

from imgforge_mcp.base.errors import (
    BudgetExceeded,
    IdempotencyConflict,
    LimitReached,
    NotFound,
    QuotaExceeded,
    Unavailable,
)
from imgforge_mcp.base.types import Allowance, AttemptState, CostBasis, Job, JobState, Progress
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, CancelRequested, Caps, Ending, LeaseLost, NoPlace
from imgforge_mcp.storage.registry.outbox import WebhookState
from tests.storage.registries import Process

pytestmark = pytest.mark.anyio

Start = Callable[[str], Process]


# A job's life ---------------------------------------------------------------------------------------------------------


async def test_a_job_is_read_as_it_was_written(process: Process) -> None:
    job = await process.open(prompt="ein Fuchs 🦊", project_id="book", metadata={"a": "b"}, seed=7)
    assert await process.registry.jobs.get(job.job_id) == job
    assert (job.state, job.request.prompt, job.request.metadata) == (JobState.QUEUED, "ein Fuchs 🦊", {"a": "b"})
    picture = await process.store(1)
    attempt_id = await process.start(job, price=0.5)
    assert await process.registry.jobs.state(job.job_id) is JobState.PROCESSING
    await process.registry.jobs.accept(job.job_id, attempt_id, {"id": "upstream"})
    await process.registry.jobs.set_progress(job.job_id, Progress(message="half", fraction=0.5))
    under_way = await process.registry.jobs.get(job.job_id)
    assert under_way.progress == Progress(message="half", fraction=0.5)
    assert (under_way.attempts[0].state, under_way.attempts[0].operation) == (AttemptState.ACCEPTED, {"id": "upstream"})
    await process.settle(job, attempt_id, picture, cost_usd=0.5, latency_ms=1200)
    await process.finish(job, warnings=("one",), saved_to=("/tmp/fox.png",))
    ended = await process.registry.jobs.get(job.job_id)
    assert (ended.state, ended.cost_usd, ended.warnings, ended.saved_to, ended.progress) == (
        JobState.COMPLETED,
        0.5,
        ("one",),
        ("/tmp/fox.png",),
        None,
    )
    assert ended.assets == (picture,)
    assert (ended.attempts[0].state, ended.attempts[0].latency_ms) == (AttemptState.SUCCEEDED, 1200)
    assert await process.registry.jobs.state(job.job_id) is JobState.COMPLETED


async def test_an_unknown_job_is_not_found(process: Process) -> None:
    with pytest.raises(NotFound):
        await process.registry.jobs.get("nobody")
    assert await process.registry.jobs.tenant("nobody") is None


async def test_an_ended_job_takes_nothing_more(process: Process) -> None:
    job = await process.open()
    attempt_id = await process.start(job)
    await process.settle(job, attempt_id)
    await process.finish(job)
    with pytest.raises(LeaseLost):
        await process.finish(job, JobState.FAILED)
    with pytest.raises(LeaseLost):
        await process.start(job)
    with pytest.raises(LeaseLost):
        await process.settle(job, attempt_id)
    assert await process.registry.jobs.request_cancel(job.job_id) is False
    assert await process.registry.jobs.state(job.job_id) is JobState.COMPLETED


async def test_a_cancellation_stops_the_next_call(process: Process) -> None:
    job = await process.open()
    assert await process.registry.jobs.request_cancel(job.job_id) is True
    with pytest.raises(CancelRequested):
        await process.start(job)


# Leases ---------------------------------------------------------------------------------------------------------------


async def test_a_job_is_one_process_alone(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job = await mine.open()
    attempt_id = await mine.start(job)
    for act in (
        other.start(job),
        other.settle(job, attempt_id),
        other.finish(job),
        other.registry.jobs.accept(job.job_id, attempt_id, {"id": "x"}),
    ):
        with pytest.raises(LeaseLost):
            await act
    await other.registry.jobs.set_progress(job.job_id, Progress(message="not mine"))
    assert (await mine.registry.jobs.get(job.job_id)).progress is None


async def taken(process: Process) -> list[str]:
    """The abandoned jobs that a process gets when it claims them all."""
    jobs = process.registry.jobs
    return [job.job_id for job in await jobs.abandoned() if await jobs.take_over(job.job_id)]


async def test_a_job_is_taken_over_once_its_lease_has_run_out(start_process: Start) -> None:
    mine, other, third = start_process("mine"), start_process("other"), start_process("third")
    job = await mine.open()
    mine.clock.advance(LEASE_SECONDS - 1)
    assert await taken(other) == []
    mine.clock.advance(2)
    assert await taken(other) == [job.job_id]
    assert await taken(third) == []
    with pytest.raises(LeaseLost):
        await mine.start(job)
    await other.start(job)


async def test_of_several_that_want_a_job_one_gets_it(start_process: Start) -> None:
    mine = start_process("mine")
    jobs = [(await mine.open()).job_id for _ in range(5)]
    mine.clock.advance(LEASE_SECONDS + 1)
    ids: list[str] = []

    async def take(other: Process) -> None:
        ids.extend(await taken(other))

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(take, start_process(f"other-{number}"))
    assert sorted(ids) == jobs


async def test_what_is_let_go_may_be_taken_at_once(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job = await mine.open()
    await mine.registry.jobs.release()
    assert await taken(other) == [job.job_id]


async def test_an_ended_job_is_not_taken_over(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    await mine.finish(await mine.open())
    mine.clock.advance(LEASE_SECONDS + 1)
    assert await taken(other) == []


async def test_a_lease_is_renewed_for_the_jobs_that_are_named_and_by_their_owner_alone(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    kept, forgotten = await mine.open(), await mine.open()
    mine.clock.advance(LEASE_SECONDS - 1)
    await other.registry.jobs.renew([forgotten.job_id])
    await mine.registry.jobs.renew([kept.job_id, "nobody"])
    mine.clock.advance(2)
    assert await taken(other) == [forgotten.job_id]
    mine.clock.advance(LEASE_SECONDS - 3)
    assert await taken(other) == []
    mine.clock.advance(2)
    assert await taken(other) == [kept.job_id]


async def test_a_job_that_was_taken_over_has_a_lease_of_its_own(start_process: Start) -> None:
    mine, other, third = start_process("mine"), start_process("other"), start_process("third")
    job = await mine.open()
    await mine.registry.jobs.release()
    assert await taken(other) == [job.job_id]
    await mine.registry.jobs.release()
    assert await taken(third) == []
    mine.clock.advance(LEASE_SECONDS - 1)
    assert await taken(third) == []
    mine.clock.advance(2)
    assert await taken(third) == [job.job_id]


async def test_a_job_is_handed_over_by_the_one_that_has_it_and_by_nobody_else(start_process: Start) -> None:
    door, worker, third = start_process("door"), start_process("worker"), start_process("third")
    job, over = await door.open(), await door.open()
    await door.finish(over)
    assert await worker.registry.jobs.take(job.job_id, "third") is None
    assert await worker.registry.jobs.take(over.job_id, "door") is None
    assert await worker.registry.jobs.take(job.job_id, "door") == replace(job, owner="worker")
    with pytest.raises(LeaseLost):
        await door.start(job)
    await worker.start(job)
    door.clock.advance(LEASE_SECONDS - 1)
    assert await taken(third) == []
    door.clock.advance(2)
    assert await taken(third) == [job.job_id]


async def test_who_holds_unfinished_jobs_is_known(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    assert not await other.registry.jobs.others_hold()
    job = await mine.open()
    assert await other.registry.jobs.others_hold()
    assert not await mine.registry.jobs.others_hold()
    assert [await other.registry.jobs.held_by(owner) for owner in ("mine", "other")] == [[job.job_id], []]
    await mine.finish(job)
    assert not await other.registry.jobs.others_hold()
    assert await other.registry.jobs.held_by("mine") == []


async def test_whoever_is_to_be_told_of_an_end_is_on_record_with_the_job(process: Process) -> None:
    await process.open()
    job = await process.open(tenant="ann", webhook_url="https://example.org/hook")
    [webhook] = await process.registry.outbox.recent(10)
    assert (webhook.job_id, webhook.tenant, webhook.url) == (job.job_id, "ann", "https://example.org/hook")
    assert (webhook.state, webhook.base_url) == (WebhookState.WAITING, "")
    await process.finish(job)
    [webhook] = await process.registry.outbox.recent(10)
    assert (webhook.state, webhook.due_at) == (WebhookState.PENDING, process.clock.now())


async def test_who_asked_for_an_end_is_told_to_the_owner_until_it_comes(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, untouched = await mine.open(), await mine.open()
    theirs = await other.open()
    for each in (job, theirs):
        assert await other.registry.jobs.request_cancel(each.job_id)
    assert await mine.registry.jobs.cancel_requests() == [job.job_id]
    assert await other.registry.jobs.cancel_requests() == [theirs.job_id]
    await mine.finish(job, JobState.CANCELED)
    assert await mine.registry.jobs.cancel_requests() == []
    assert not await mine.registry.jobs.request_cancel("nobody")
    await mine.start(untouched)


# Calls ----------------------------------------------------------------------------------------------------------------


async def test_a_call_is_read_as_it_was_recorded_and_the_job_says_whom_it_asked_last(process: Process) -> None:
    job = await process.open()
    began = process.clock.now()
    await process.start(job, price=0.5, part=1, reason="choice 1", settings="hash", images=3)
    process.clock.advance(5)
    await process.start(job, provider="bfl", model="flux-2", reason="choice 2")
    found = await process.registry.jobs.get(job.job_id)
    assert (found.provider, found.model, found.started_at) == ("bfl", "flux-2", began)
    first, second = found.attempts
    assert (first.part, first.provider, first.model, first.reason) == (1, "together", "flux", "choice 1")
    assert (first.settings, first.price_usd, first.started_at) == ("hash", 0.5, began)
    assert (first.state, first.outcome, first.cost_usd, first.ended_at) == (AttemptState.SENT, None, None, None)
    assert (second.part, second.price_usd, second.started_at) == (0, None, process.clock.now())


async def test_an_end_is_read_as_it_was_settled_and_learned_by_everybody_in_its_order(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job = await mine.open()
    first, second = await mine.start(job, part=0), await mine.start(job, part=1, model="dev")
    mine.clock.advance(3)
    failure = {"outcome": "unavailable", "succeeded": False, "message": "503", "latency_ms": 3000}
    await mine.settle(job, second, **failure, health_cost=1.5, rest_seconds=20.0)
    await mine.settle(job, first, latency_ms=250)
    found = {call.attempt_id: call for call in (await other.registry.jobs.get(job.job_id)).attempts}
    assert (found[second].state, found[second].outcome, found[second].message) == (
        AttemptState.FAILED,
        "unavailable",
        "503",
    )
    assert (found[second].latency_ms, found[second].ended_at) == (3000, mine.clock.now())
    now = mine.clock.now().timestamp()
    late, early = await other.registry.jobs.outcomes_since(0, now)
    assert (late.attempt_id, late.model, late.succeeded, late.outcome) == (second, "dev", False, "unavailable")
    assert (late.latency, late.health_cost, late.rest_until, late.ended_at) == (3.0, 1.5, now + 20, now)
    assert (early.attempt_id, early.provider, early.succeeded, early.settings) == (first, "together", True, "s")
    assert (early.latency, early.health_cost, early.rest_until) == (0.25, 0.0, None)
    assert await other.registry.jobs.outcomes_since(late.outcome_id, now) == [early]
    assert await other.registry.jobs.outcomes_since(early.outcome_id, now) == []
    assert await other.registry.jobs.outcomes_since(0, now + 1) == []


async def test_a_call_without_a_price_is_booked_at_what_it_cost(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.1)
    await process.settle(job, await process.start(job, DAILY), cost_usd=0.4)
    await process.settle(job, await process.start(job, DAILY), cost_usd=None)
    assert await process.registry.jobs.committed() == (0.4, 0.4)
    await process.finish(job)
    assert await process.registry.jobs.committed() == (0.4, 0.4)


async def test_the_pictures_of_a_job_are_read_in_their_order_with_what_each_is(process: Process) -> None:
    job = await process.open()
    pictures = [replace(await process.store(number), seed=number) for number in (2, 1)]
    for part, picture in enumerate(pictures):
        await process.settle(job, await process.start(job, part=part), picture)
    assert (await process.registry.jobs.get(job.job_id)).assets == tuple(pictures)
    [origin] = await process.registry.assets.origins(pictures[0].asset_id)
    assert (origin["provider"], origin["seed"]) == ("together", 2)


async def test_an_end_of_a_job_is_read_as_it_was_recorded(process: Process) -> None:
    job = await process.open()
    await process.registry.jobs.set_progress(job.job_id, Progress(message="half", fraction=0.5))
    process.clock.advance(5)
    error = {"error": "no", "code": "timeout"}
    told: dict[str, Any] = {
        "warnings": ("w",),
        "drawn": ("a fox",),
        "not_drawn": ("a hat",),
        "saved_to": ("/tmp/a.png",),
    }
    ending = Ending(state=JobState.FAILED, error=error, **told)
    ended = await process.registry.jobs.finish(job.job_id, ending)
    assert ended == await process.registry.jobs.get(job.job_id)
    assert (ended.state, ended.error, ended.completed_at) == (JobState.FAILED, error, process.clock.now())
    assert (ended.cost_usd, ended.cost_basis, ended.progress) == (0.0, CostBasis.FREE, None)
    assert {name: getattr(ended, name) for name in told} == told
    other = await process.registry.jobs.finish((await process.open()).job_id, Ending(state=JobState.CANCELED))
    assert (other.cost_usd, other.error, other.warnings) == (0.0, None, ())


async def test_a_job_may_end_in_the_transaction_that_settles_its_call(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.75)
    attempt_id = await process.start(job, DAILY, 0.75)
    picture = await process.store(1)
    seen = list[Job]()

    def ending(found: Job) -> Ending:
        seen.append(found)
        return Ending(state=JobState.COMPLETED, warnings=("w",))

    ended = await process.settle_and_end(job, attempt_id, ending, picture, cost_usd=0.5)
    assert ended is not None
    assert ended == await process.registry.jobs.get(job.job_id)
    assert (ended.state, ended.assets, ended.warnings, ended.cost_usd) == (
        *(JobState.COMPLETED, (picture,)),
        *(("w",), 0.5),
    )
    [found] = seen
    assert (found.assets, found.attempts[0].cost_usd) == ((picture,), 0.5), "what is asked has the call settled"
    assert await process.registry.jobs.committed() == (0.5, 0.5), "nothing is held any more"
    with pytest.raises(LeaseLost):
        await process.settle_and_end(job, attempt_id, ending, picture)


async def test_an_end_that_cannot_be_told_settles_nothing(process: Process) -> None:
    job = await process.open()
    attempt_id = await process.start(job)

    def ending(found: Job) -> Ending:
        raise LookupError

    with pytest.raises(LookupError):
        await process.settle_and_end(job, attempt_id, ending)
    found = await process.registry.jobs.get(job.job_id)
    assert (found.attempts[0].ended_at, found.completed_at) == (None, None)


async def test_a_call_that_was_settled_before_ends_no_job(process: Process) -> None:
    job = await process.open()
    attempt_id = await process.start(job)
    await process.settle(job, attempt_id)
    assert await process.settle_and_end(job, attempt_id, lambda _: Ending(state=JobState.COMPLETED)) is None
    assert await process.registry.jobs.state(job.job_id) is JobState.PROCESSING


async def test_a_preview_that_was_made_meanwhile_is_counted_with_the_jobs_end(process: Process) -> None:
    job = await process.open()
    picture = await process.store(1)
    await process.settle(job, await process.start(job), picture)
    await process.finish(job, renditions={picture.asset_id: 64})
    assert await process.registry.assets.total_bytes() == picture.bytes + 64


async def test_a_tenant_has_what_its_limits_allow(process: Process) -> None:
    two_a_minute = Allowance(per_minute=2, budget_usd_month=1.0)

    async def ask(tenant: str, n: int = 1, price: float = 0.0) -> None:
        new = process.new(tenant=tenant, allowance=two_a_minute, n=n, reserve_usd=price)
        await process.registry.jobs.open(new, Caps())

    await ask("ann", n=2)
    with pytest.raises(LimitReached):
        await ask("ann")
    await ask("bob")
    await ask("")
    process.clock.advance(60)
    await ask("ann", price=0.75)
    with pytest.raises(BudgetExceeded):
        await ask("ann", price=0.5)


# Keys -----------------------------------------------------------------------------------------------------------------


async def test_a_key_has_one_job_for_a_day(process: Process) -> None:
    first, is_new = await process.open_or_known(idempotency_key="order")
    again, is_new_again = await process.open_or_known(idempotency_key="order")
    assert (is_new, is_new_again, again.job_id) == (True, False, first.job_id)
    claim = await process.registry.jobs.claim("order", "")
    assert claim is not None
    assert (claim.job_id, claim.fingerprint) == (first.job_id, first.request.fingerprint())
    process.clock.advance(24 * 3600 - 1)
    assert (await process.open(idempotency_key="order")).job_id == first.job_id
    process.clock.advance(1)
    assert await process.registry.jobs.claim("order", "") is None
    assert (await process.open(idempotency_key="order")).job_id != first.job_id


async def test_a_key_of_another_tenant_is_another_key(process: Process) -> None:
    first = await process.open(tenant="ann", idempotency_key="order")
    second = await process.open(tenant="bob", idempotency_key="order", prompt="a blue fox")
    assert first.job_id != second.job_id


PICTURE = "a" * 64


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"prompt": "a blue fox"}, id="prompt"),
        pytest.param({"seed": 8}, id="seed"),
        pytest.param({"n": 2}, id="n"),
        pytest.param({"input_images": [PICTURE]}, id="inputs"),
        pytest.param({"mask": PICTURE}, id="mask"),
        pytest.param({"width": 512}, id="width"),
        pytest.param({"quality_tier": "ultra"}, id="tier"),
    ],
)
async def test_a_key_with_another_request_is_a_conflict(process: Process, other: dict[str, Any]) -> None:
    first = await process.open(idempotency_key="order", seed=7)
    with pytest.raises(IdempotencyConflict) as caught:
        await process.open(idempotency_key="order", **{"seed": 7, **other})
    assert caught.value.details["job_id"] == first.job_id


async def test_how_the_answer_is_awaited_makes_no_other_request(process: Process) -> None:
    first = await process.open(idempotency_key="order")
    again = await process.open(idempotency_key="order", sync=False, save_to="/tmp/fox.png")
    assert again.job_id == first.job_id


async def test_of_many_with_one_key_one_opens_the_job(start_process: Start) -> None:
    new: list[bool] = []

    async def ask(process: Process) -> None:
        new.append((await process.open_or_known(idempotency_key="order"))[1])

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(ask, start_process(f"process-{number}"))
    assert sorted(new) == [False, False, False, True]


# Money ----------------------------------------------------------------------------------------------------------------

DAILY = Caps(daily_usd=1.0)


async def test_what_is_reserved_counts_until_the_job_has_ended(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.6)
    assert await process.registry.jobs.committed() == (0.6, 0.6)
    with pytest.raises(BudgetExceeded) as caught:
        await process.open(DAILY, reserve=0.5)
    assert caught.value.details == {"budget": "daily", "cap_usd": 1.0, "committed_usd": 0.6, "needed_usd": 0.5}
    assert caught.value.message == (
        "The daily budget of $1.00 does not allow this ($0.6000 spent or reserved, $0.5000 needed); nothing was sent. "
        "Raise IMGFORGE_DAILY_BUDGET_USD or wait until it is reset."
    )
    await process.finish(job)
    assert await process.registry.jobs.committed() == (0.0, 0.0)
    await process.open(DAILY, reserve=1.0)


async def test_a_cap_may_be_used_up_to_the_last_cent_and_not_beyond(process: Process) -> None:
    await process.open(DAILY, reserve=1.0)
    with pytest.raises(BudgetExceeded):
        await process.open(DAILY, reserve=0.000001)
    await process.open(DAILY, reserve=0.0)


async def test_what_a_call_cost_moves_from_reserved_to_spent(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.6)
    await process.settle(job, await process.start(job, DAILY, 0.6), cost_usd=0.4)
    assert await process.registry.jobs.committed() == (0.6, 0.6)
    await process.finish(job)
    assert await process.registry.jobs.committed() == (0.4, 0.4)


async def test_the_second_call_of_a_job_needs_money_of_its_own(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.6)
    await process.settle(job, await process.start(job, DAILY, 0.6), cost_usd=0.6)
    with pytest.raises(BudgetExceeded):
        await process.start(job, DAILY, 0.6)
    await process.start(job, DAILY, 0.4)
    assert await process.registry.jobs.committed() == (1.0, 1.0)
    await process.finish(job, JobState.FAILED)
    assert await process.registry.jobs.committed() == (0.6, 0.6)


async def test_beyond_a_cap_what_costs_nothing_goes_on(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.6)
    await process.settle(job, await process.start(job, DAILY, 0.6), cost_usd=1.5)
    await process.finish(job)
    free = await process.open(DAILY)
    await process.start(free, DAILY, 0.0)
    with pytest.raises(BudgetExceeded):
        await process.start(free, DAILY, 0.000001)


async def test_a_call_out_without_a_price_takes_nothing_of_what_the_next_one_needs(process: Process) -> None:
    job = await process.open(DAILY, reserve=1.0)
    await process.start(job, DAILY, None)
    await process.start(job, DAILY, 1.0, part=1)
    assert await process.registry.jobs.committed() == (1.0, 1.0)


async def test_parts_under_way_hold_their_money_together(process: Process) -> None:
    job = await process.open(DAILY, reserve=0.6)
    for part in range(2):
        await process.start(job, DAILY, 0.3, part=part)
    assert await process.registry.jobs.committed() == (0.6, 0.6)
    await process.start(job, DAILY, 0.4, part=2)
    assert await process.registry.jobs.committed() == (1.0, 1.0)
    with pytest.raises(BudgetExceeded):
        await process.start(job, DAILY, 0.000001, part=3)


async def test_a_month_holds_its_days(process: Process) -> None:
    monthly = Caps(monthly_usd=1.0)
    job = await process.open(monthly, reserve=0.6)
    await process.settle(job, await process.start(job, monthly, 0.6), cost_usd=0.6)
    await process.finish(job)
    process.clock.advance(24 * 3600)
    assert await process.registry.jobs.committed() == (0.0, 0.6)
    with pytest.raises(BudgetExceeded) as caught:
        await process.open(monthly, reserve=0.5)
    assert caught.value.details == {"budget": "monthly", "cap_usd": 1.0, "committed_usd": 0.6, "needed_usd": 0.5}
    assert "monthly budget" in caught.value.message
    assert "Raise IMGFORGE_MONTHLY_BUDGET_USD or" in caught.value.message
    process.clock.advance(10 * 24 * 3600)
    assert await process.registry.jobs.committed() == (0.0, 0.0)
    await process.open(monthly, reserve=0.5)


async def test_a_refused_call_leaves_no_attempt(process: Process) -> None:
    job = await process.open()
    with pytest.raises(BudgetExceeded):
        await process.start(job, Caps(daily_usd=0.1), 0.2)
    assert (await process.registry.jobs.get(job.job_id)).attempts == ()


# Limits and trials ----------------------------------------------------------------------------------------------------


async def test_a_limit_of_calls_counts_those_of_all_processes_in_its_window(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    await other.start(await other.open())
    job = await mine.open()
    await mine.start(job, per_minute=2)
    with pytest.raises(QuotaExceeded, match=r"^Your own limit of 2 calls a minute for together is used up\.$"):
        await mine.start(job, per_minute=2)
    await mine.start(job, per_minute=2, provider="bfl")
    mine.clock.advance(60.5)
    await mine.start(job, per_minute=2)
    midnight = mine.clock.now() - timedelta(hours=12)
    assert await mine.registry.jobs.calls_since("together", midnight) == 3
    with pytest.raises(QuotaExceeded, match="3 calls a day"):
        await mine.start(job, per_day=3, day_start=midnight)
    await mine.start(job, per_day=4, day_start=midnight)


async def test_a_limit_of_calls_at_once_counts_what_living_processes_have_out(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, theirs, day = await mine.open(), await other.open(), await other.open(urgency="day")
    attempt_id = await mine.start(job, at_once=2)
    await other.start(day)
    await other.start(theirs, at_once=2)
    for process, each in ((mine, job), (other, theirs)):
        with pytest.raises(NoPlace):
            await process.start(each, at_once=2)
    await mine.start(job, at_once=2, provider="bfl")
    await mine.settle(job, attempt_id)
    await mine.start(job, at_once=2)
    with pytest.raises(NoPlace):
        await mine.start(job, at_once=2)
    mine.clock.advance(LEASE_SECONDS - 1)
    await mine.registry.jobs.renew([job.job_id])
    mine.clock.advance(2)
    await mine.start(job, at_once=2)


async def test_one_trial_at_a_time(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    job, theirs = await mine.open(), await other.open()
    attempt_id = await mine.start(job, is_trial=True)
    with pytest.raises(Unavailable, match=r"^Another call is trying whether this model is back\.$"):
        await other.start(theirs, is_trial=True)
    await other.start(theirs, is_trial=True, model="another")
    await mine.settle(job, attempt_id, succeeded=False, outcome="unavailable")
    await other.start(theirs, is_trial=True)
    await mine.start(job)


async def test_one_trial_of_a_process_that_is_gone_stands_in_nobodys_way(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    await mine.start(await mine.open(), is_trial=True)
    mine.clock.advance(LEASE_SECONDS + 1)
    await other.start(await other.open(), is_trial=True)


# Batches --------------------------------------------------------------------------------------------------------------


async def test_a_batch_tells_what_became_of_each_item(process: Process) -> None:
    first, second = await process.open(tenant="ann"), await process.open(tenant="ann")
    refused = {"error": "no", "code": "invalid_request"}
    await process.registry.jobs.add_batch("batch_1", "ann", [first.job_id, refused, second.job_id, first.job_id])
    assert await process.registry.jobs.of_batch("batch_1", "ann") == [first, refused, second, first]
    assert len(await process.registry.jobs.of_batch("batch_1")) == 4
    assert await process.registry.jobs.of_batch("batch_1", "bob") == []
