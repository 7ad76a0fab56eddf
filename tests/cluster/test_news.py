"""What processes of many machines hear of each other: at once where they listen, soon where a pooler is in between."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.storage.registry.contract import Caps, Registry
from imgforge_mcp.storage.registry.queue import News, Notice
from tests.cluster.pgbouncer import pooled
from tests.cluster.postgres import Postgres
from tests.cluster.test_postgres import new

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
Open = Callable[[str], Registry]


@pytest.fixture
async def open_on() -> AsyncIterator[Open]:
    from imgforge_mcp.storage.registry.postgres import PostgresRegistry

    async with AsyncExitStack() as stack:

        def opened(address: str) -> Registry:
            registry = PostgresRegistry(address, Clock().now, Clock().new_id())
            stack.push_async_callback(registry.close)
            return registry

        yield opened


async def test_what_one_does_the_others_hear_also_after_the_database_was_away(
    open_on: Open, postgres: Postgres
) -> None:
    address = postgres.registry()
    here, there = open_on(address), open_on(address)
    send, heard = anyio.create_memory_object_stream[Notice | None](1000)

    async def until(notice: Notice | None) -> None:
        with anyio.fail_after(PATIENCE):
            while await heard.receive() != notice:
                pass

    with send, heard:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(there.queue.listen, send.send_nowait)
            await until(None)  # it listens from now on
            job, _ = await here.jobs.open(new(), Caps())
            await here.jobs.request_cancel(job.job_id)
            await until(Notice(news=News.CANCEL, about=job.job_id))
            await anyio.to_thread.run_sync(postgres.stop, "fast")
            await anyio.to_thread.run_sync(postgres.start)
            with anyio.fail_after(PATIENCE):
                is_heard = False
                while not is_heard:  # it may be said before it is listened anew: then it is to be looked for
                    await here.jobs.request_cancel(job.job_id)
                    with anyio.move_on_after(1.0):
                        await until(Notice(news=News.CANCEL, about=job.job_id))
                        is_heard = True
            tasks.cancel_scope.cancel()


async def test_behind_a_pooler_that_shares_sessions_everything_works_and_it_is_looked_for_news(
    open_on: Open, postgres: Postgres
) -> None:
    with pooled(postgres.registry()) as address:
        here = open_on(address)
        looks, looked = 0, anyio.Event()

        def look(notice: Notice | None) -> None:
            nonlocal looks
            looks += notice is None
            if looks == 3:
                looked.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(here.queue.listen, look)
            for _ in range(12):  # more often than it takes until a statement is kept prepared
                await here.jobs.open(new(), Caps(daily_usd=100.0))
            assert len(await here.jobs.recent(20)) == 12
            with anyio.fail_after(PATIENCE):
                await looked.wait()
            tasks.cancel_scope.cancel()
