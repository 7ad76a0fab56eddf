"""A worker's hands in the queue: what becomes of the jobs of one claim."""

from collections.abc import Callable
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from imgforge_mcp import ImageRequest
from imgforge_mcp.app.open import open_cluster_worker
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.pulled import catalog_of
from imgforge_mcp.storage.registry.contract import Caps, NewJob, Registry
from imgforge_mcp.storage.registry.queue import QUEUE
from imgforge_mcp.storage.registry.sql.queue import SqlQueue
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio


async def leave(registry: Registry, route: str, clock: VirtualClock, model: str) -> str:
    """A job in the queue for a route; its id."""
    request = ImageRequest(prompt="a red fox", model=model, width=64, height=64, enhance=False)
    new = NewJob(
        job_id=clock.new_id(),
        request=request,
        request_id="req_test",
        final_prompt=request.prompt,
        enhancement_logic="Nothing added.",
        quality_tier=QualityTier.STANDARD,
        deadline=clock.now() + timedelta(hours=1),
        reserve_usd=0.0,
        routes=(route,),
        owner=QUEUE,
    )
    job, _ = await registry.jobs.open(new, Caps())
    return job.job_id


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
        strange = await leave(registry, route, clock, "bfl/flux-2-pro")  # which this worker cannot do
        own = [await leave(registry, route, clock, "together/flux-schnell") for _ in range(2)]
        tasks.start_soon(claims.serve)
        with anyio.fail_after(60):
            while not all([(await registry.jobs.state(each)).is_final for each in own]):
                await anyio.lowlevel.checkpoint()
        assert tried == [strange]
        assert len(together.submits) == 2
        tasks.cancel_scope.cancel()
