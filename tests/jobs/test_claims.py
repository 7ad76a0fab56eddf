"""A worker's hands in the queue: what becomes of the jobs of one claim."""

from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from imgforge_mcp.app.open import open_cluster_worker
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.pulled import catalog_of
from imgforge_mcp.storage.registry.sql.queue import SqlQueue
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
