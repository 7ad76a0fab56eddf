"""What every registry promises about lists and sums: pages in order, every filter, and usage that is what happened."""

from datetime import date
from typing import Any

import pytest

from imgforge_mcp.base.types import Job, JobState
from imgforge_mcp.storage.registry.contract import ANY, UsageSum, Wanted
from tests.storage.registries import Process

pytestmark = pytest.mark.anyio

DAY = 24 * 3600.0


async def paged(process: Process, size: int, wanted: Wanted = ANY, tenant: str | None = None) -> list[str]:
    """The ids of all jobs that are wanted, read page by page."""
    ids, before = list[str](), None
    while page := await process.registry.jobs.recent(size, tenant, wanted=wanted, before=before):
        assert len(page) <= size
        ids += [job.job_id for job in page]
        before = ids[-1]
    return ids


async def drawn_by(process: Process, provider: str, model: str, **request: Any) -> Job:
    job = await process.open(**request)
    await process.settle(job, await process.start(job, provider=provider, model=model))
    await process.finish(job)
    return job


@pytest.mark.parametrize("size", [1, 2, 7, 100])
async def test_jobs_are_listed_newest_first_each_once(process: Process, size: int) -> None:
    jobs = [(await process.open(prompt=f"fox {number}")).job_id for number in range(7)]
    assert await paged(process, size) == jobs[::-1]


async def test_a_job_in_a_list_is_the_whole_job(process: Process) -> None:
    for number in range(3):
        job = await process.open(prompt=f"fox {number}", n=2)
        first, second = await process.start(job, part=0), await process.start(job, part=1)
        await process.settle(job, second, await process.store(number))
        await process.settle(job, first, await process.store(100 + number))
        await process.finish(job)
    listed = await process.registry.jobs.recent(10)
    assert listed == [await process.registry.jobs.get(job.job_id) for job in listed]
    assert [(len(job.attempts), len(job.assets)) for job in listed] == [(2, 2)] * 3


async def test_jobs_are_listed_by_every_filter_alone_and_together(process: Process) -> None:
    bfl = await drawn_by(process, "bfl", "flux", project_id="book", prompt="a red fox")
    together = await drawn_by(process, "together", "flux", project_id="film", prompt="a blue lake")
    process.clock.advance(DAY)
    waiting = await process.open(project_id="book", prompt="foxes at night")
    for wanted, expected in (
        (Wanted(provider="bfl"), [bfl]),
        (Wanted(model="flux"), [together, bfl]),
        (Wanted(state=JobState.QUEUED), [waiting]),
        (Wanted(state=JobState.COMPLETED), [together, bfl]),
        (Wanted(project_id="book"), [waiting, bfl]),
        (Wanted(project_id="book", state=JobState.COMPLETED), [bfl]),
        (Wanted(day=date(2026, 11, 21)), [together, bfl]),
        (Wanted(day=date(2026, 11, 22)), [waiting]),
        (Wanted(day=date(2026, 11, 23)), []),
        (Wanted(text="fox"), [waiting, bfl]),
        (Wanted(text="FOX red"), [bfl]),
        (Wanted(text="fox", day=date(2026, 11, 21)), [bfl]),
        (Wanted(text="fox", state=JobState.QUEUED, project_id="book"), [waiting]),
        (Wanted(text="wolf"), []),
        (Wanted(text='"* OR ('), []),
    ):
        for size in (1, 10):
            assert await paged(process, size, wanted) == [job.job_id for job in expected], wanted


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        pytest.param("Ein Fuchs über dem Fluß", "uber", id="accents"),
        pytest.param("雪の中の赤い狐", "狐", id="one Chinese character within"),
        pytest.param("雪の中の赤い狐", "赤い", id="two within"),
        pytest.param("красная лиса", "ЛИСА", id="Cyrillic"),
        pytest.param("it's a fox-like dog, isn't it?", "fox-like", id="a hyphen"),
        pytest.param("NEAR AND OR NOT", "not", id="words of the query language"),
    ],
)
async def test_words_are_found_in_any_script(process: Process, prompt: str, text: str) -> None:
    job = await process.open(prompt=prompt)
    await process.open(prompt="something else")
    assert await paged(process, 10, Wanted(text=text)) == [job.job_id]


async def test_a_tenant_lists_its_own_jobs(process: Process) -> None:
    mine = await process.open(tenant="ann", prompt="a fox")
    theirs = await process.open(tenant="bob", prompt="a fox")
    assert await paged(process, 1, tenant="ann") == [mine.job_id]
    assert await paged(process, 1, Wanted(text="fox"), "bob") == [theirs.job_id]
    assert await paged(process, 1) == [theirs.job_id, mine.job_id]


# Usage --------------------------------------------------------------------------------------------------------------


async def sums(process: Process, first_day: date = date.min, **more: str | None) -> dict[tuple[str, str], UsageSum]:
    """By kind and name; and they are what the attempts add up to."""
    assert await process.registry.jobs.usage_drift() == []
    values = {"project_id": None, "tenant": None, **more}
    return {(line.kind, line.name): line for line in await process.registry.jobs.usage(first_day, **values)}


def figures(line: UsageSum | None) -> tuple[int, int, float, float] | None:
    return None if line is None else (line.calls, line.images, line.cost_usd, line.maybe_billed_usd)


async def test_nothing_adds_up_to_nothing(process: Process) -> None:
    assert {key: figures(line) for key, line in (await sums(process)).items()} == {("total", ""): (0, 0, 0.0, 0.0)}


async def test_a_call_is_counted_from_its_start_and_once_however_it_goes_on(process: Process) -> None:
    job = await process.open(project_id="book")
    attempt_id = await process.start(job, price=0.5, images=2)
    open_call = await sums(process)
    assert figures(open_call["total", ""]) == (1, 0, 0.0, 0.0)
    assert ("outcome", "") in open_call
    await process.registry.jobs.accept(job.job_id, attempt_id, {"id": "x"})
    await process.settle(job, attempt_id, cost_usd=0.5)
    await process.finish(job)
    ended = await sums(process)
    expected = (1, 2, 0.5, 0.0)
    names = [("total", ""), ("provider", "together"), ("model", "together/flux"), ("project", "book")]
    names += [("month", "2026-11"), ("day", "2026-11-21"), ("outcome", "ok_listed")]
    assert {key: figures(line) for key, line in ended.items()} == dict.fromkeys(names, expected)


async def test_what_may_have_been_billed_stands_beside_what_is_known(process: Process) -> None:
    job = await process.open()
    known, unknown, free = [await process.start(job, part=part, price=0.5) for part in range(3)]
    await process.settle(job, known, cost_usd=0.25)
    await process.settle(job, unknown, succeeded=False, outcome="ambiguous", cost_usd=0.5, maybe_billed=True)
    await process.settle(job, free, succeeded=False, outcome="unavailable")
    found = await sums(process)
    assert figures(found["total", ""]) == (3, 1, 0.25, 0.5)
    assert figures(found["outcome", "ambiguous"]) == (1, 0, 0.0, 0.5)


async def test_sums_are_by_day_project_and_tenant(process: Process) -> None:
    await process.draw(await process.store(1), "ann", project_id="book", cost=0.5)
    process.clock.advance(DAY)
    await process.draw(await process.store(2), "bob", project_id="film", cost=0.25)
    total = ("total", "")
    assert figures((await sums(process))[total]) == (2, 2, 0.75, 0.0)
    assert figures((await sums(process, date(2026, 11, 22)))[total]) == (1, 1, 0.25, 0.0)
    assert figures((await sums(process, tenant="ann"))[total]) == (1, 1, 0.5, 0.0)
    assert figures((await sums(process, project_id="film"))[total]) == (1, 1, 0.25, 0.0)
    assert figures((await sums(process, project_id="film", tenant="ann"))[total]) == (0, 0, 0.0, 0.0)


async def test_a_period_may_begin_in_the_middle_of_a_month_and_reach_over_others(process: Process) -> None:
    for number, days in enumerate((0, 5, 30, 60)):
        process.clock.advance(days * DAY)
        await process.draw(await process.store(number), "ann" if number % 2 else "bob", cost=0.5)
    found = await sums(process, date(2026, 11, 25))
    assert [name for kind, name in sorted(found) if kind == "month"] == ["2026-11", "2026-12", "2027-02"]
    assert [name for kind, name in sorted(found) if kind == "day"] == ["2027-02-24"]
    assert figures(found["total", ""]) == (3, 3, 1.5, 0.0)
    assert figures((await sums(process, date(2026, 11, 25), tenant="ann"))["total", ""]) == (2, 2, 1.0, 0.0)
