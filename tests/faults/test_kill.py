"""Two clients with different keys on one home, whose processes are killed again and again: nothing is lost, nothing is
bought twice, every job ends where its key is, and the books say to the cent what the providers charged."""

import hashlib
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import Forge, Job, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import Attempt, JobState
from imgforge_mcp.storage.registry.sql.rows import MILLIONTHS
from tests.emulators import Emulator
from tests.emulators.bfl import MODELS
from tests.faults._processes import LaterClock, Worker, until, write_requests

pytestmark = [
    pytest.mark.long,
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]

JOBS = 100
"""Of each client."""
TWO_PICTURES = 10
"""Every tenth job wants two, which takes two calls where a model makes one at a time."""
KILLS = 32
PROCESSES = 2
"""Of each client at once."""
CALLERS = 4
SEED = 20261121
MOST_CALLS = 16
"""Between two kills the providers see one to so many calls."""
PRICE = 0.004
PRICED = f"""
[models."together/flux-schnell"]
price = {{ image = {PRICE} }}
max_n = 1
"""
CREDIT_USD = 0.01


@dataclass(kw_only=True)
class Client:
    """One user of the home, with one provider's key; its processes share what they are asked to do."""

    name: str
    model: str
    emulator: Emulator
    settings: dict[str, str]
    requests: Path
    said: list[dict[str, object]] = field(default_factory=list)

    def start(self, chance: random.Random, callers: int = CALLERS) -> Worker:
        worker = Worker(self.settings, self.requests, callers=callers, seed=chance.randrange(10**6))
        worker.go()
        return worker

    def end(self, worker: Worker) -> None:
        worker.kill()
        self.said += worker.said

    @property
    def job_ids(self) -> set[str]:
        """Every job that a process of it ever named."""
        return {str(line["job_id"]) for line in self.said if "job_id" in line}

    @property
    def ledger_usd(self) -> float:
        """What its provider says it has charged."""
        if self.name == "together":
            return len(self.emulator.orders) * PRICE
        return sum(MODELS[order.model][1] * CREDIT_USD for order in self.emulator.orders)


async def test_two_clients_whose_processes_are_killed_lose_no_job_buy_none_twice_and_have_true_books(
    emulate: Callable[[str], Emulator], environment: dict[str, str], home: Path, tmp_path: Path
) -> None:
    clients = two_clients(emulate("together"), emulate("bfl"), environment, tmp_path)
    await anyio.to_thread.run_sync(run_and_kill, clients)
    async with AsyncExitStack() as stack:
        forges = [
            await stack.enter_async_context(open_forge(load_config(client.settings), LaterClock()))
            for client in clients
        ]
        jobs = [await ended(forge, client.job_ids) for forge, client in zip(forges, clients, strict=True)]
        every_job = await forges[0].recent_jobs(10 * JOBS, forges[0].caller())
        usage = await forges[0].usage("all", None, forges[0].caller())
        drift = await forges[0].usage_drift()

    assert {job.job_id for job in every_job} == clients[0].job_ids | clients[1].job_ids
    never_arrived = 0.0
    for client, its_jobs in zip(clients, jobs, strict=True):
        assert {job.request.prompt for job in its_jobs} == {f"{client.name} fox {number}" for number in range(JOBS)}
        assert len(its_jobs) == JOBS
        for job in its_jobs:
            assert {attempt.provider for attempt in job.attempts} == {client.name}
            check_end(job, home)
        assert sum(job.state is JobState.COMPLETED for job in its_jobs) > JOBS / 5
        assert not client.emulator.surprises
        never_arrived += of_those_that_never_arrived(its_jobs, client)
    charged = sum(client.ledger_usd for client in clients)
    booked = usage["cost_usd"] + usage["maybe_billed_usd"]
    assert round(booked * MILLIONTHS) == round((charged + never_arrived) * MILLIONTHS)
    assert drift == []
    check_file(home, [job for its_jobs in jobs for job in its_jobs])


def two_clients(together: Emulator, bfl: Emulator, environment: dict[str, str], folder: Path) -> list[Client]:
    """One whose provider answers with the picture, and one whose provider is asked again and again."""
    Path(environment["IMGFORGE_CONFIG"]).write_text(PRICED, "utf-8")
    together.latency = 0.15
    bfl.polls = 2
    return [
        _client("together", "together/flux-schnell", together, environment, folder),
        _client("bfl", "bfl/flux-2-klein-4b", bfl, environment, folder),
    ]


def _client(name: str, model: str, emulator: Emulator, environment: dict[str, str], folder: Path) -> Client:
    """The idempotency key lets each of its processes submit every request, again after each kill."""
    wanted = [
        {
            "prompt": (prompt := f"{name} fox {number}"),
            "model": model,
            "n": 1 if number % TWO_PICTURES else 2,
            "width": 256,
            "height": 256,
            "enhance": False,
            "idempotency_key": prompt,
        }
        for number in range(JOBS)
    ]
    return Client(
        name=name,
        model=model,
        emulator=emulator,
        settings=environment | emulator.environment(),
        requests=write_requests(folder / f"{name}.json", wanted),
    )


def run_and_kill(clients: Sequence[Client]) -> None:
    """Keep both clients' processes at it, kill one at a time when the providers have seen some more calls, and let the
    last ones submit what is left."""
    chance = random.Random(SEED)
    workers = [(client, client.start(chance)) for _ in range(PROCESSES) for client in clients]
    for _ in range(KILLS):
        wait_for_calls(clients, chance.randrange(1, MOST_CALLS))
        client, victim = workers.pop(0 if chance.random() < 0.7 else chance.randrange(len(workers)))
        client.end(victim)
        workers.append((client, client.start(chance)))
    for client, worker in workers:
        client.end(worker)
    finishers = [(client, client.start(chance, callers=JOBS)) for client in clients]
    for client, finisher in finishers:
        _wait_for_everything(finisher)
        client.end(finisher)
        assert not [line for line in client.said if "code" in line]


def wait_for_calls(clients: Sequence[Client], more: int) -> None:
    def seen() -> int:
        return sum(len(client.emulator.calls) for client in clients)

    wanted = seen() + more
    until(lambda: seen() >= wanted, "some more calls")


def _wait_for_everything(worker: Worker) -> None:
    until(lambda: len({line["prompt"] for line in worker.said if "job_id" in line}) == JOBS, "all to be submitted")


async def ended(forge: Forge, job_ids: set[str]) -> list[Job]:
    """The jobs, each looked at until it has ended."""
    jobs: list[Job] = []

    async def look(job_id: str) -> None:
        jobs.append(await forge.job(job_id, forge.caller(), wait_seconds=600.0))

    async with anyio.create_task_group() as tasks:
        for job_id in job_ids:
            tasks.start_soon(look, job_id)
    return jobs


def check_end(job: Job, home: Path) -> None:
    """Completed with its images, or interrupted, when the answer to a call was lost; no call is open."""
    assert job.state in (JobState.COMPLETED, JobState.FAILED), job
    assert all(attempt.ended_at is not None for attempt in job.attempts), job
    if job.state is JobState.FAILED:
        assert (job.error or {})["code"] == "interrupted", job.error
        assert any(attempt.maybe_billed for attempt in job.attempts)
        return
    assert job.assets
    for asset in job.assets:
        (path,) = (home / "assets" / asset.asset_id[:2]).glob(f"{asset.asset_id[2:]}.*")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == asset.asset_id


def of_those_that_never_arrived(jobs: Sequence[Job], client: Client) -> float:
    """US dollars of the calls whose process was killed between their record and their first byte: they are on record,
    the provider has never seen them, and they are booked as maybe billed."""
    arrived = Counter(order.prompt for order in client.emulator.orders)
    assert arrived.keys() <= {job.request.prompt for job in jobs}
    lost = 0.0
    for job in jobs:
        missing = len(job.attempts) - arrived[job.request.prompt]
        assert missing >= 0, f"{job.request.prompt!r} was sent more often than recorded"
        unknown = [attempt for attempt in job.attempts if attempt.maybe_billed]
        assert len(unknown) >= missing
        lost += sum(_price(attempt) for attempt in unknown[:missing])
    return lost


def _price(attempt: Attempt) -> float:
    assert attempt.price_usd is not None
    return attempt.price_usd


def check_file(home: Path, jobs: Sequence[Job]) -> None:
    """It is sound, no money is held any more, and what was spent is what the jobs cost."""
    registry = sqlite3.connect(home / "registry.db")
    try:
        assert registry.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert registry.execute("SELECT count(*) FROM jobs WHERE completed_at IS NULL").fetchall() == [(0,)]
        ((reserved, spent),) = registry.execute("SELECT sum(reserved), sum(spent) FROM spend")
        assert reserved == 0
        assert spent == sum(round((job.cost_usd or 0.0) * MILLIONTHS) for job in jobs)
    finally:
        registry.close()
