"""What every registry promises about forgetting: what is old goes, whole, and what is needed stays."""

from datetime import timedelta

import pytest

from imgforge_mcp.base.errors import NotFound
from imgforge_mcp.base.types import JobState
from imgforge_mcp.storage.registry.contract import Forgotten, Wanted
from tests.storage.registries import HOUR, Process

pytestmark = pytest.mark.anyio

DAY = 24 * HOUR


async def forget(process: Process, days: float) -> Forgotten:
    """What is older than so many days."""
    return await process.registry.retention.forget_before(process.clock.now() - timedelta(days=days))


async def test_old_jobs_go_with_all_that_is_theirs(process: Process) -> None:
    old_picture, new_picture = await process.store(1), await process.store(2)
    old = await process.draw(old_picture, prompt="an old fox")
    process.clock.advance(5 * DAY)
    new = await process.draw(new_picture, prompt="a new fox")
    assert await forget(process, 3) == Forgotten(jobs=1, images=1)
    with pytest.raises(NotFound):
        await process.registry.jobs.get(old.job_id)
    assert await process.registry.jobs.recent(10, wanted=Wanted(text="fox")) == [new]
    assert await process.registry.jobs.recent(10) == [new]
    assert await process.registry.assets.find(old_picture.asset_id) is None
    assert not await process.is_there(old_picture)
    assert await process.is_there(new_picture)
    assert await process.registry.assets.total_bytes() == 1000
    assert await forget(process, 3) == Forgotten(jobs=0, images=0)


async def test_what_was_called_is_counted_on_when_its_job_is_gone(process: Process) -> None:
    """A counter that went back would be a restart to whoever watches it."""
    await process.draw(await process.store(1))
    process.clock.advance(5 * DAY)
    before = (await process.registry.jobs.figures()).calls
    assert sum(each.calls for each in before) == 1
    assert (await forget(process, 3)).jobs == 1
    assert (await process.registry.jobs.figures()).calls == before


async def test_the_jobs_of_each_state_are_counted_as_they_come_end_and_go(process: Process) -> None:
    async def counts() -> dict[str, int]:
        return dict((await process.registry.jobs.figures()).jobs)

    failing, waiting = await process.open(), await process.open()
    assert await counts() == {"queued": 2}
    await process.finish(failing, JobState.FAILED)
    assert await counts() == {"queued": 1, "failed": 1}
    await process.finish(waiting, JobState.COMPLETED)
    assert await counts() == {"completed": 1, "failed": 1}
    process.clock.advance(5 * DAY)
    await forget(process, 3)
    assert await counts() == {}


async def test_many_old_jobs_go_as_well_as_few(process: Process) -> None:
    for number in range(120):
        job = await process.open()
        await process.finish(job, JobState.FAILED)
        process.clock.advance(1 + number / 100)
    process.clock.advance(5 * DAY)
    assert (await forget(process, 3)).jobs == 120
    assert await process.registry.jobs.recent(10) == []


async def test_a_job_that_has_not_ended_stays(process: Process) -> None:
    picture = await process.store(1)
    await process.registry.assets.add(picture)
    job = await process.open(input_images=[picture.asset_id])
    process.clock.advance(5 * DAY)
    assert await forget(process, 3) == Forgotten(jobs=0, images=0)
    assert (await process.registry.jobs.get(job.job_id)).state is JobState.QUEUED
    assert await process.is_there(picture)


async def test_a_picture_that_a_kept_job_has_or_needed_stays(process: Process) -> None:
    shared, source = await process.store(1), await process.store(2)
    await process.draw(shared)
    await process.draw(source)
    process.clock.advance(5 * DAY)
    await process.draw(shared, input_images=[source.asset_id])
    process.clock.advance(2 * HOUR)
    assert await forget(process, 3) == Forgotten(jobs=2, images=0)
    assert await process.is_there(shared)
    assert await process.is_there(source)


async def test_a_pinned_picture_stays_and_a_reference_that_no_job_needed_goes(process: Process) -> None:
    pinned, reference = await process.store(1), await process.store(2)
    await process.draw(pinned)
    await process.registry.assets.add(reference)
    await process.registry.assets.pin(pinned.asset_id, None, is_pinned=True)
    process.clock.advance(5 * DAY)
    assert await forget(process, 3) == Forgotten(jobs=1, images=1)
    assert await process.is_there(pinned)
    assert not await process.is_there(reference)


async def test_a_picture_used_within_the_hour_stays_for_now(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture)
    process.clock.advance(5 * DAY)
    await process.registry.assets.find(picture.asset_id)
    assert await forget(process, 3) == Forgotten(jobs=1, images=0)
    process.clock.advance(2 * HOUR)
    assert await forget(process, 3) == Forgotten(jobs=0, images=1)


async def test_what_was_spent_is_told_all_the_same(process: Process) -> None:
    await process.draw(await process.store(1), project_id="book", cost=0.5)
    process.clock.advance(5 * DAY)
    await process.draw(await process.store(2), project_id="book", cost=0.25)
    before = await process.registry.jobs.usage(process.clock.now().date().min, None, None)
    assert (await forget(process, 3)).jobs == 1
    assert await process.registry.jobs.usage(process.clock.now().date().min, None, None) == before
    assert await process.registry.jobs.usage_drift() == []


async def test_batches_go_by_their_age_and_items_that_are_gone_say_so(process: Process) -> None:
    old = await process.draw(await process.store(1))
    first = f"batch_{process.clock.new_id()}"
    await process.registry.jobs.add_batch(first, "", [old.job_id, {"error": "refused"}])
    process.clock.advance(2 * DAY)
    second = f"batch_{process.clock.new_id()}"
    await process.registry.jobs.add_batch(second, "", [old.job_id, {"error": "refused"}])
    process.clock.advance(2 * DAY)
    assert (await forget(process, 3)).jobs == 1
    assert await process.registry.jobs.of_batch(first) == []
    gone, refused = await process.registry.jobs.of_batch(second)
    assert isinstance(gone, dict)
    assert (gone["code"], refused) == ("not_found", {"error": "refused"})


async def test_a_key_that_stands_keeps_its_job(process: Process) -> None:
    job = await process.open(idempotency_key="order")
    await process.finish(job)
    process.clock.advance(DAY / 2)
    assert (await forget(process, 0.1)).jobs == 0
    assert (await process.open(idempotency_key="order")).job_id == job.job_id
    process.clock.advance(DAY / 2)
    assert (await forget(process, 0.1)).jobs == 1


async def test_ended_keys_are_forgotten_and_standing_ones_are_not(process: Process) -> None:
    old = await process.open(idempotency_key="old")
    process.clock.advance(DAY / 2)
    new = await process.open(idempotency_key="new")
    process.clock.advance(DAY / 2)
    assert await process.registry.retention.forget_ended_keys() == 1
    assert await process.registry.retention.forget_ended_keys() == 0
    standing = await process.registry.jobs.claim("new", "")
    assert standing is not None
    assert standing.job_id == new.job_id
    assert (await process.open(idempotency_key="old")).job_id != old.job_id
