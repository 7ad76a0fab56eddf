"""What PostgreSQL has to stand up to beside the suite of every registry: many at once, other clocks, restarts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from importlib import resources
from typing import Any, Literal

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import BudgetExceeded, StorageError, UnusableDatabase
from imgforge_mcp.base.types import Allowance, ImageRequest, Job, JobState, QualityTier
from imgforge_mcp.storage.registry.contract import Caps, Ending, LeaseLost, NewAttempt, NewJob, Registry, Settlement
from imgforge_mcp.storage.registry.sql.queries import load_queries, sql_files
from tests.cluster.postgres import Postgres

pytestmark = pytest.mark.anyio

Start = Callable[..., Registry]
CENT = 0.01
SQLITES_OWN = {"0015_job_counts"}
"""Sums that PostgreSQL counts instead: all machines would wait for one row."""
POSTGRES_OWN = {"0017_commits"}
"""Only the answer to another machine's commit can be lost."""


@pytest.fixture
def address(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
async def start(address: str) -> AsyncIterator[Start]:
    """`start("one")`: a process of that name, `start("two", ahead=3600)` one whose clock goes wrong."""
    from imgforge_mcp.storage.registry.postgres import PostgresRegistry

    async with AsyncExitStack() as stack:

        def started(owner: str, ahead: float = 0.0) -> Registry:
            def now() -> datetime:
                return Clock().now() + timedelta(seconds=ahead)

            registry = PostgresRegistry(address, now, owner)
            stack.push_async_callback(registry.close)
            return registry

        yield started


def new(price: float = 0.0, **more: object) -> NewJob:
    clock = Clock()
    values = {
        "job_id": clock.new_id(),
        "request": ImageRequest(prompt="a red fox"),
        "request_id": "req_test",
        "final_prompt": "a red fox",
        "enhancement_logic": "",
        "quality_tier": QualityTier.STANDARD,
        "deadline": clock.now() + timedelta(seconds=600),
        "reserve_usd": price,
    }
    return NewJob(**{**values, **more})  # type: ignore[arg-type]


def call(price: float | None = None) -> NewAttempt:
    return NewAttempt(
        part=0, provider="together", model="flux", images=1, reason="", price_usd=price, settings="s", per_minute=100
    )


async def all_at_once(acts: Sequence[Callable[[], Awaitable[object]]]) -> list[object]:
    """What each came to: its result, or what it raised."""
    results: list[object] = []

    async def one(act: Callable[[], Awaitable[object]]) -> None:
        try:
            results.append(await act())
        except (StorageError, BudgetExceeded, LeaseLost) as error:
            results.append(error)

    async with anyio.create_task_group() as tasks:
        for act in acts:
            tasks.start_soon(one, act)
    return results


def test_both_databases_are_asked_the_same_and_keep_the_same(postgres: Postgres) -> None:
    own = ["imgforge_mcp.storage.registry.sqlite", "imgforge_mcp.storage.registry.postgres"]
    one, other = (load_queries(package).keys() for package in own)
    assert one == other
    later, started = (
        {name for name, _ in sql_files(resources.files(package).joinpath("migrations")) if name > "0011_webhooks"}
        for package in own
    )
    assert later | POSTGRES_OWN == started | SQLITES_OWN, "a migration of one is one of the other"


async def test_of_many_who_open_at_once_a_cap_lets_in_as_many_as_it_holds(start: Start) -> None:
    processes = [start(f"process {number}") for number in range(4)]
    caps = Caps(monthly_usd=40 * CENT)
    acts = [partial(each.jobs.open, new(CENT), caps) for each in processes for _ in range(15)]
    results = await all_at_once(acts)
    assert [result for result in results if not isinstance(result, tuple | BudgetExceeded)] == []
    assert sum(isinstance(result, tuple) for result in results) == 40
    assert sum(isinstance(result, BudgetExceeded) for result in results) == 20
    assert await processes[0].jobs.committed() == pytest.approx((0.4, 0.4))


async def test_of_many_who_open_at_once_a_tenants_limit_lets_in_as_many_as_it_holds(start: Start) -> None:
    from imgforge_mcp.base.errors import LimitReached

    processes = [start(f"process {number}") for number in range(3)]
    refused = 0

    async def one(each: Registry) -> None:
        nonlocal refused
        try:
            await each.jobs.open(new(tenant="one", allowance=Allowance(per_minute=7)), Caps())
        except LimitReached:
            refused += 1

    async with anyio.create_task_group() as tasks:
        for each in processes * 5:
            tasks.start_soon(one, each)
    assert refused == 8


async def test_jobs_that_end_at_once_leave_books_that_add_up(start: Start) -> None:
    processes = [start(f"process {number}") for number in range(4)]

    async def one(each: Registry) -> None:
        job, _ = await each.jobs.open(new(CENT), Caps(daily_usd=100.0))
        attempt_id = await each.jobs.start_attempt(
            job.job_id,
            NewAttempt(part=0, provider="p", model="m", images=1, reason="", price_usd=CENT, settings="s"),
            Caps(daily_usd=100.0),
        )
        end = Settlement(outcome="ok_listed", succeeded=True, cost_usd=CENT, latency_ms=5)
        await each.jobs.settle(job.job_id, attempt_id, end)
        await each.jobs.finish(job.job_id, Ending(state=JobState.COMPLETED))

    async with anyio.create_task_group() as tasks:
        for each in processes * 10:
            tasks.start_soon(one, each)
    assert await processes[0].jobs.usage_drift() == []
    assert await processes[0].jobs.committed() == pytest.approx((0.4, 0.4))
    outcomes = await processes[0].jobs.outcomes_since(0, 0.0)
    assert [outcome.outcome_id for outcome in outcomes] == list(range(1, 41))


async def test_a_process_whose_clock_is_an_hour_ahead_takes_no_living_job(start: Start) -> None:
    here, ahead = start("here"), start("ahead", ahead=3600.0)
    job, _ = await here.jobs.open(new(), Caps())
    assert await ahead.jobs.abandoned() == []
    assert await ahead.jobs.take_over(job.job_id) is False
    await here.jobs.release()
    assert [found.job_id for found in await ahead.jobs.abandoned()] == [job.job_id]
    taken = await all_at_once([partial(each.jobs.take_over, job.job_id) for each in (here, ahead) * 5])
    assert sum(result is True for result in taken) == 1


async def test_a_lease_of_one_whose_clock_is_behind_holds(start: Start) -> None:
    behind, here = start("behind", ahead=-3600.0), start("here")
    job, _ = await behind.jobs.open(new(), Caps())
    await behind.jobs.renew([job.job_id])
    assert await here.jobs.abandoned() == []


async def test_processes_that_start_together_make_the_tables_once(start: Start) -> None:
    results = await all_at_once([start(f"process {number}").migrate for number in range(5)])
    made = [result for result in results if result]
    assert len(results) == 5
    assert [isinstance(result, list) and result[0] for result in made] == ["0001_start"]


async def test_tables_of_a_newer_version_are_left_as_they_are(start: Start, address: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE migrations (name text PRIMARY KEY)")
        connection.execute("INSERT INTO migrations VALUES ('2031_whatever')")
        with pytest.raises(StorageError, match="newer imgforge-mcp; upgrade"):
            await start("one").jobs.get("none")
        assert connection.execute("SELECT name FROM migrations").fetchall() == [("2031_whatever",)]


async def test_money_and_bytes_go_beyond_thirty_two_bits(start: Start) -> None:
    from imgforge_mcp.base.types import Asset

    registry = start("one")
    job, _ = await registry.jobs.open(new(5000.0), Caps())
    attempt_id = await registry.jobs.start_attempt(job.job_id, call(5000.0), Caps())
    large = Asset(asset_id="a" * 64, mime_type="image/png", width=8, height=8, bytes=3 * 2**30)
    end = Settlement(outcome="ok_listed", succeeded=True, cost_usd=5000.0)
    await registry.jobs.settle(job.job_id, attempt_id, end, (large,))
    assert await registry.jobs.committed() == (5000.0, 5000.0)
    assert await registry.assets.total_bytes() == 3 * 2**30


@pytest.mark.parametrize("how", ["fast", "immediate"])
async def test_a_restart_of_the_database_is_waited_out(
    start: Start, postgres: Postgres, how: Literal["fast", "immediate"]
) -> None:
    registry = start("one")
    jobs: list[Job] = []

    async def work() -> None:
        for _ in range(30):
            job, _ = await registry.jobs.open(new(CENT), Caps(daily_usd=100.0))
            attempt_id = await registry.jobs.start_attempt(job.job_id, call(CENT), Caps(daily_usd=100.0))
            await registry.jobs.settle(job.job_id, attempt_id, Settlement(outcome="ok_listed", cost_usd=CENT))
            jobs.append(await registry.jobs.finish(job.job_id, Ending(state=JobState.COMPLETED)))

    await registry.migrate()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(work)
        await anyio.to_thread.run_sync(postgres.stop, how)
        await anyio.to_thread.run_sync(postgres.start)
    assert len({job.job_id for job in jobs}) == 90
    assert all(len(job.attempts) == 1 for job in jobs)
    assert await registry.jobs.committed() == pytest.approx((0.9, 0.9))
    assert await registry.jobs.usage_drift() == []


@pytest.mark.parametrize("is_committed", [True, False])
async def test_what_a_database_lost_in_a_crash_is_done_again_whoever_has_its_number_now(
    start: Start, postgres: Postgres, address: str, monkeypatch: pytest.MonkeyPatch, *, is_committed: bool
) -> None:
    import psycopg

    registry = start("one")
    await registry.migrate()
    execute, crashes = psycopg.Connection.execute, iter([True])

    def crash(connection: "psycopg.Connection[Any]", query: Any, *given: Any, **more: Any) -> Any:
        """Before the commit or before its answer."""
        if query != "COMMIT" or next(crashes, None) is None:
            return execute(connection, query, *given, **more)
        if is_committed:
            execute(connection, query)
        postgres.stop("immediate")
        postgres.start()
        with psycopg.connect(address, autocommit=True) as other:
            for number in range(20):  # those who come next have the numbers of what was lost
                execute(other, f"CREATE TABLE other_{number} (x int)".encode())
        return execute(connection, query)

    monkeypatch.setattr(psycopg.Connection, "execute", crash)
    job, is_new = await registry.jobs.open(new(CENT), Caps(daily_usd=100.0))
    assert is_new
    assert (await registry.jobs.get(job.job_id)).job_id == job.job_id
    assert await registry.jobs.committed() == pytest.approx((0.01, 0.01))


async def test_what_nobody_can_ask_for_any_more_of_a_commit_is_forgotten(start: Start, address: str) -> None:
    import psycopg

    registry = start("one")
    await registry.migrate()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("INSERT INTO commits VALUES ('old', now() - interval '2 hours'), ('young', now())")
        await registry.jobs.open(new(), Caps())
        tokens = [token for (token,) in connection.execute("SELECT token FROM commits").fetchall()]
    assert len(tokens) == 2
    assert "young" in tokens


async def test_a_database_that_is_not_there_is_named_without_its_password(postgres: Postgres) -> None:
    from imgforge_mcp.storage.registry.postgres import PostgresRegistry

    registry = PostgresRegistry("postgresql://me:canary-pw@127.0.0.1:1/books", Clock().now, "one")
    with pytest.raises(UnusableDatabase, match=r"postgresql://127\.0\.0\.1:1/books") as raised:
        await registry.jobs.get("none")
    assert "canary" not in str(raised.value) + repr(raised.value.details)
