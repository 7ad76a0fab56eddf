"""A worker's hands in the queue: what becomes of the jobs of one claim."""

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from imgforge_mcp import ImageRequest, open_forge
from imgforge_mcp.app.open import open_cluster_worker
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.base.types import JobState
from imgforge_mcp.jobs.attempts import PLACE_SECONDS
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.pulled import catalog_of
from imgforge_mcp.storage.registry.sql.queue import SqlQueue
from tests.answers import on_hang
from tests.cluster.queued import leave
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio


async def test_a_job_that_cannot_be_put_back_does_not_hold_up_those_claimed_with_it(
    emulate: Callable[[str], Emulator],
    environment: dict[str, str],
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = emulate("together")
    tried: list[str] = []

    async def refuse(self: SqlQueue, job_id: str) -> None:
        tried.append(job_id)
        raise StorageError("The database went away.")

    monkeypatch.setattr(SqlQueue, "put_back", refuse)
    config = load_config({**environment, **together.environment()})
    route = open_configured(config, catalog_of(config))["together"].entry.route
    async with open_cluster_worker(config, clock, 4) as (claims, ground), anyio.create_task_group() as tasks:
        registry = ground.registry
        strange = await leave(registry, route, clock, "bfl/flux-2-pro", "a red fox")  # which this worker cannot do
        own = [await leave(registry, route, clock, "together/flux-schnell", "a red fox") for _ in range(2)]
        tasks.start_soon(claims.serve)
        with anyio.fail_after(60):
            while not all([(await registry.jobs.state(each)).is_final for each in own]):
                await anyio.lowlevel.checkpoint()
        assert tried == [strange]
        assert len(together.submits) == 2
        tasks.cancel_scope.cancel()


@pytest.fixture
def one_place(environment: dict[str, str]) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text("[providers.together]\nconcurrency = 1\n", "utf-8")


@pytest.mark.usefixtures("one_place")
async def test_a_worker_that_leaves_hands_back_at_once_what_waits_for_a_place_here_or_elsewhere(
    emulate: Callable[[str], Emulator], environment: dict[str, str], clock: VirtualClock
) -> None:
    together = emulate("together")
    together.fault("hang", times=1)
    hangs = anyio.Event()
    on_hang(together, hangs.set)
    config = load_config({**environment, **together.environment()})
    route = open_configured(config, catalog_of(config))["together"].entry.route
    async with open_forge(config, clock) as busy:
        first = await busy.submit(ImageRequest(prompt="a fox", model="together/flux-schnell"), busy.caller())
        await hangs.wait()  # it has the only place that the provider leaves to all of us
        async with open_cluster_worker(config, clock, 2) as (claims, ground):
            models = ["together/flux-schnell"] * 2
            waiting = [await leave(ground.registry, route, clock, model, "a red fox") for model in models]
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(claims.serve)
                with anyio.fail_after(60):
                    while PLACE_SECONDS not in clock.slept:
                        await anyio.lowlevel.checkpoint()
                claims.leave()
            left = [await ground.registry.jobs.get(job_id) for job_id in waiting]
            assert [(job.state, job.attempts) for job in left] == [(JobState.QUEUED, ())] * 2
            assert len(together.submits) == 1
        together.clear()
        ended = [await busy.job(job_id, busy.caller(), wait_seconds=3600.0) for job_id in (first.job_id, *waiting)]
    assert [job.state for job in ended] == [JobState.COMPLETED] * 3
    assert len(together.submits) == 3
