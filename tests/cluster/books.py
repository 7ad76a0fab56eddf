"""What must be true of jobs and money after machines and the database were ended at random."""

import hashlib
from collections.abc import Mapping, Sequence

from imgforge_mcp import Forge, Job
from imgforge_mcp.base.types import JobState
from imgforge_mcp.storage.registry.sql.rows import MILLIONTHS
from tests.faults.test_kill import Client, of_those_that_never_arrived


async def check(address: str, forge: Forge, jobs: Mapping[str, Sequence[Job]], clients: Sequence[Client]) -> None:
    """No job lost or bought twice, every picture readable, and the books what the providers charged, to the cent. Jobs
    by their client's name."""
    import psycopg

    assert await forge.usage_drift() == []
    never_arrived = 0.0
    for client in clients:
        never_arrived += of_those_that_never_arrived(jobs[client.name], client)
        for job in jobs[client.name]:
            assert job.state is JobState.COMPLETED or (job.error or {})["code"] == "interrupted", job
            for asset in job.assets:
                _, data = await forge.asset(asset.asset_id)
                assert hashlib.sha256(data).hexdigest() == asset.asset_id
    usage = await forge.usage("all", None, forge.caller())
    charged = sum(client.ledger_usd for client in clients)
    booked = usage["cost_usd"] + usage["maybe_billed_usd"]
    assert round(booked * MILLIONTHS) == round((charged + never_arrived) * MILLIONTHS)
    with psycopg.connect(address) as connection:
        [(unfinished,)] = connection.execute("SELECT count(*) FROM jobs WHERE completed_at IS NULL").fetchall()
        [(reserved, spent)] = connection.execute("SELECT sum(reserved), sum(spent) FROM spend").fetchall()
    assert (unfinished, reserved) == (0, 0)
    assert spent == sum(round((job.cost_usd or 0.0) * MILLIONTHS) for each in jobs.values() for job in each)
