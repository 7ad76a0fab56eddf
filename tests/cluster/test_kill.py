"""Machines that share a database and a bucket, killed one after the other while the database itself goes down twice:
nothing is lost, nothing is bought twice, the books are what the providers charged."""

import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import open_forge
from imgforge_mcp.base.config import load_config
from tests.cluster import storm
from tests.cluster.books import check
from tests.cluster.postgres import Postgres
from tests.cluster.s3 import Bucket
from tests.emulators import Emulator
from tests.faults import test_kill as one_machine
from tests.faults._processes import LaterClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
JOBS, KILLS = 40, 12
"""Jobs of each of two clients."""
RESTARTS = (4, 8)
"""Before which kill the database goes down."""
SMALL = storm.Size(jobs=120, kills=8, restarts=2)
"""`python -m tests.cluster.storm` plays it with the figures of the promise."""


@pytest.mark.anyio
async def test_machines_that_are_killed_and_a_database_that_restarts_leave_true_books(
    emulate: Callable[[str], Emulator],
    environment: dict[str, str],
    postgres: Postgres,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
        for client, its_jobs in zip(clients, jobs, strict=True):
            assert {job.request.prompt for job in its_jobs} == {f"{client.name} fox {n}" for n in range(JOBS)}
            assert len(its_jobs) == JOBS
        by_name = {client.name: its_jobs for client, its_jobs in zip(clients, jobs, strict=True)}
        await check(address, forges[0], by_name, clients)


def test_servers_and_workers_that_are_killed_while_the_database_restarts_lose_nothing_and_buy_nothing_twice(
    emulate: Callable[[str], Emulator],
    environment: dict[str, str],
    postgres: Postgres,
    bucket: Bucket,
    tmp_path: Path,
) -> None:
    shared = {name: value for name, value in environment.items() if name not in ("IMGFORGE_WORKER", "IMGFORGE_HOME")}
    shared["IMGFORGE_HOME"] = str(tmp_path / "judge")
    storm.play(SMALL, tmp_path, shared, postgres, bucket, [emulate("together"), emulate("bfl")])
