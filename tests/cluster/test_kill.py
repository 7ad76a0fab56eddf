"""Machines that share a database and a bucket, killed one after the other while the database itself goes down twice:
nothing is lost, nothing is bought twice, the books are what the providers charged."""

import hashlib
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import JobState
from imgforge_mcp.storage.registry.sql.rows import MILLIONTHS
from tests.cluster.postgres import Postgres
from tests.cluster.s3 import Bucket
from tests.emulators import Emulator
from tests.faults import test_kill as one_machine
from tests.faults._processes import LaterClock

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]
JOBS, KILLS = 40, 12
"""Jobs of each of two clients."""
RESTARTS = (4, 8)
"""Before which kill the database goes down."""


async def test_machines_that_are_killed_and_a_database_that_restarts_leave_true_books(
    emulate: Callable[[str], Emulator],
    environment: dict[str, str],
    postgres: Postgres,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psycopg

    monkeypatch.setattr(one_machine, "JOBS", JOBS)
    monkeypatch.setattr(one_machine, "KILLS", KILLS)
    address = postgres.registry()
    shared = {**environment, **bucket.environment}
    shared |= {"IMGFORGE_DATABASE_URL": address, "IMGFORGE_STORE_URL": bucket.place()}
    clients = one_machine.two_clients(emulate("together"), emulate("bfl"), shared, tmp_path)
    kills = iter(range(KILLS))

    def wait_then_restart(*given: object) -> None:
        if next(kills) in RESTARTS:
            postgres.stop("immediate")
            postgres.start()
        wait(*given)  # type: ignore[arg-type]

    wait = one_machine.wait_for_calls
    monkeypatch.setattr(one_machine, "wait_for_calls", wait_then_restart)
    await anyio.to_thread.run_sync(one_machine.run_and_kill, clients)
    async with AsyncExitStack() as stack:
        forges = [
            await stack.enter_async_context(open_forge(load_config(client.settings), LaterClock()))
            for client in clients
        ]
        jobs = [await one_machine.ended(forge, client.job_ids) for forge, client in zip(forges, clients, strict=True)]
        usage = await forges[0].usage("all", None, forges[0].caller())
        assert await forges[0].usage_drift() == []
        never_arrived = 0.0
        for client, its_jobs in zip(clients, jobs, strict=True):
            assert {job.request.prompt for job in its_jobs} == {f"{client.name} fox {n}" for n in range(JOBS)}
            assert len(its_jobs) == JOBS
            never_arrived += one_machine.of_those_that_never_arrived(its_jobs, client)
            for job in its_jobs:
                assert job.state is JobState.COMPLETED or (job.error or {})["code"] == "interrupted", job
                for asset in job.assets:
                    _, data = await forges[1].asset(asset.asset_id)
                    assert hashlib.sha256(data).hexdigest() == asset.asset_id
    charged = sum(client.ledger_usd for client in clients)
    booked = usage["cost_usd"] + usage["maybe_billed_usd"]
    assert round(booked * MILLIONTHS) == round((charged + never_arrived) * MILLIONTHS)
    with psycopg.connect(address) as connection:
        [(unfinished,)] = connection.execute("SELECT count(*) FROM jobs WHERE completed_at IS NULL").fetchall()
        [(reserved, spent)] = connection.execute("SELECT sum(reserved), sum(spent) FROM spend").fetchall()
    assert (unfinished, reserved) == (0, 0)
    assert spent == sum(round((job.cost_usd or 0.0) * MILLIONTHS) for its_jobs in jobs for job in its_jobs)
