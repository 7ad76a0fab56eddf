"""The queue of a registry: what waits is claimed by one who holds its route, as long as such a one lives."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest

from imgforge_mcp.base.types import Job, JobState
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, CancelRequested, Caps
from imgforge_mcp.storage.registry.queue import QUEUE
from imgforge_mcp.storage.registry.queue import Process as Member
from tests.storage.registries import Process

pytestmark = pytest.mark.anyio

Start = Callable[[str], Process]
FOX, OWL = "together:f0", "bfl:0a"


async def leave(process: Process, route: str = FOX, **more: Any) -> Job:
    """A job in the queue."""
    new = replace(process.new(), owner=QUEUE, routes=(route,), **more)
    job, _ = await process.registry.jobs.open(new, Caps())
    return job


async def enlist(process: Process, *routes: str, at_once: int = 4) -> None:
    await process.registry.queue.enlist(
        Member(
            owner=process.registry.owner,
            is_worker=bool(routes),
            at_once=at_once,
            routes=frozenset(routes),
            started_at=process.clock.now(),
            host="here",
            pid=7,
            version="1",
        )
    )


async def claimed(process: Process, most: int = 10, *routes: str) -> list[str]:
    return [job.job_id for job in await process.registry.queue.claim(most, routes or (FOX,))]


async def abandoned(process: Process, *, is_last_resort: bool = False) -> list[str]:
    return [job.job_id for job in await process.registry.jobs.abandoned(is_last_resort=is_last_resort)]


async def test_what_has_waited_longest_is_claimed_first_and_only_for_routes_that_are_held(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    foxes = [(await leave(door)).job_id for _ in range(3)]
    owl = (await leave(door, OWL)).job_id
    assert await claimed(worker, 2) == foxes[:2]
    assert await claimed(worker) == foxes[2:]
    assert await claimed(worker) == []
    assert await claimed(worker, 10, FOX, OWL) == [owl]
    assert await worker.registry.jobs.held_by("worker") == [*foxes, owl]
    await worker.start(await door.registry.jobs.get(owl))


async def test_of_many_who_claim_at_once_each_job_has_one(start_process: Start) -> None:
    door = start_process("door")
    waiting = [(await leave(door)).job_id for _ in range(30)]
    workers, taken = [start_process(f"worker {number}") for number in range(5)], list[str]()

    async def work(worker: Process) -> None:
        while found := await claimed(worker, 3):
            taken.extend(found)

    async with anyio.create_task_group() as tasks:
        for worker in workers:
            tasks.start_soon(work, worker)
    assert sorted(taken) == waiting


async def test_what_waits_is_for_workers_as_long_as_one_lives_that_holds_its_route(start_process: Start) -> None:
    door, worker, other = start_process("door"), start_process("worker"), start_process("other")
    await enlist(worker, FOX)
    await enlist(other, OWL)
    job_id = (await leave(door)).job_id
    door.clock.advance(LEASE_SECONDS - 1)
    assert await abandoned(other) == []
    assert await abandoned(door, is_last_resort=True) == []
    await enlist(other, OWL)
    door.clock.advance(2)
    assert await abandoned(door, is_last_resort=True) == [job_id]
    await enlist(worker, FOX)
    assert await abandoned(door, is_last_resort=True) == []
    await worker.registry.queue.resign()
    assert await abandoned(other) == [job_id]
    assert await other.registry.jobs.take_over(job_id)
    assert await claimed(worker) == []


async def test_whoever_claims_what_waits_takes_it_up_in_no_other_way(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    waiting, left = await leave(door), await leave(door)
    assert await claimed(worker, 2) == [waiting.job_id, left.job_id]
    await worker.registry.queue.put_back(left.job_id)
    await worker.registry.jobs.let_go(waiting.job_id)
    fox, owl = await leave(door), await leave(door, OWL)
    found = await worker.registry.jobs.abandoned(claims=[FOX])
    assert {job.job_id for job in found} == {waiting.job_id, left.job_id, owl.job_id}
    assert {job.job_id for job in await worker.registry.jobs.abandoned()} == {job.job_id for job in (*found, fox)}


async def test_the_last_resort_takes_up_nothing_that_a_living_worker_could(start_process: Start) -> None:
    door, dead, alive = start_process("door"), start_process("dead"), start_process("alive")
    job_id = (await leave(door)).job_id
    assert await claimed(dead) == [job_id]
    door.clock.advance(LEASE_SECONDS + 1)
    await enlist(alive, FOX)
    assert await abandoned(door, is_last_resort=True) == []
    assert await abandoned(alive) == [job_id]
    await alive.registry.queue.resign()
    assert await abandoned(door, is_last_resort=True) == [job_id]


async def test_what_is_put_back_is_for_anybody_else(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    await enlist(worker, FOX)
    job_id = (await leave(door)).job_id
    assert await claimed(worker) == [job_id]
    await door.registry.queue.put_back(job_id)  # not by one who does not hold it
    assert await abandoned(door, is_last_resort=True) == []
    await worker.registry.queue.put_back(job_id)
    assert await claimed(worker) == []
    assert await abandoned(door, is_last_resort=True) == [job_id]


async def test_one_job_is_let_go_by_its_owner_alone(start_process: Start) -> None:
    mine, other = start_process("mine"), start_process("other")
    kept, left = await mine.open(), await mine.open()
    await other.registry.jobs.let_go(kept.job_id)
    await mine.registry.jobs.let_go(left.job_id)
    assert await abandoned(other) == [left.job_id]


async def test_a_job_is_canceled_as_long_as_none_of_its_calls_is_on_record(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    sent, unsent = await leave(door), await leave(door)
    assert len(await claimed(worker)) == 2
    await worker.start(sent)
    assert not await door.registry.queue.cancel_unsent(sent.job_id)
    assert await door.registry.queue.cancel_unsent(unsent.job_id)
    assert await worker.registry.jobs.cancel_requests() == [unsent.job_id]
    with pytest.raises(CancelRequested):
        await worker.start(unsent)


async def test_an_equal_call_joins_what_waits_or_is_worked_on_once_the_door_that_left_it_is_gone(
    start_process: Start,
) -> None:
    door, worker, next_door = start_process("door"), start_process("worker"), start_process("next door")
    await enlist(door)
    job = await leave(door, digest="fox")
    assert await next_door.registry.jobs.join("fox", "", 600.0) is None
    assert await claimed(worker) == [job.job_id]
    assert await next_door.registry.jobs.join("fox", "", 600.0) is None
    door.clock.advance(LEASE_SECONDS + 1)
    await worker.registry.jobs.renew([job.job_id])
    joined = await next_door.registry.jobs.join("fox", "", 600.0)
    assert joined is not None
    assert joined.job_id == job.job_id


@pytest.mark.parametrize("lives", [True, False], ids=["alive", "gone"])
async def test_what_ends_while_its_door_is_gone_is_for_an_equal_call(start_process: Start, lives: bool) -> None:
    door, worker = start_process("door"), start_process("worker")
    await enlist(door)
    job = await leave(door, digest="fox")
    await claimed(worker)
    door.clock.advance(0 if lives else LEASE_SECONDS + 1)
    await worker.settle(job, await worker.start(job), cost_usd=0.0)
    await worker.finish(job)
    assert (await worker.registry.jobs.join("fox", "", 600.0) is None) is lives


async def test_the_living_are_known_with_what_they_hold(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    await enlist(worker, FOX, OWL, at_once=8)
    door.clock.advance(1)
    await enlist(door)
    first, second = await door.registry.queue.living()
    assert (first.owner, first.routes, first.at_once, first.is_worker) == ("worker", frozenset({FOX, OWL}), 8, True)
    assert (second.owner, second.is_worker, second.host, second.pid) == ("door", False, "here", 7)
    door.clock.advance(LEASE_SECONDS - 1)
    await enlist(door)
    door.clock.advance(2)
    assert [each.owner for each in await worker.registry.queue.living()] == ["door"]


async def test_the_figures_tell_of_the_queue(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    empty = await door.registry.jobs.figures()
    assert (empty.longest_wait, empty.workers, empty.places) == (0.0, 0, 0)
    await enlist(worker, FOX, at_once=8)
    await enlist(door)
    await leave(door)
    door.clock.advance(5)
    await leave(door)
    told = await door.registry.jobs.figures()
    assert (told.longest_wait, told.workers, told.places, told.leases) == (5.0, 1, 8, 0)
    assert told.jobs == {"queued": 2}


async def test_the_figures_tell_of_jobs_and_calls_and_of_what_living_processes_hold(start_process: Start) -> None:
    mine = start_process("mine")
    job, _ = await mine.open(), await mine.open()
    await mine.settle(job, await mine.start(job), cost_usd=0.04)
    await mine.settle(job, await mine.start(job), outcome="unavailable", succeeded=False)
    told = await mine.registry.jobs.figures()
    assert (told.jobs, told.leases) == ({"processing": 1, "queued": 1}, 2)
    assert {(each.provider, each.outcome, each.calls, each.cost_usd) for each in told.calls} == {
        ("together", "ok_listed", 1, 0.04),
        ("together", "unavailable", 1, 0.0),
    }
    mine.clock.advance(LEASE_SECONDS + 1)
    assert (await mine.registry.jobs.figures()).leases == 0


async def test_who_waits_for_several_learns_which_have_ended(start_process: Start) -> None:
    door, worker = start_process("door"), start_process("worker")
    ended, open_ = await leave(door), await leave(door)
    await claimed(worker)
    await worker.finish(ended, JobState.FAILED)
    found = await door.registry.queue.ended_among([ended.job_id, open_.job_id, "none"])
    assert found == [ended.job_id]
