"""Servers and workers that are killed at random while the database goes down: `python -m tests.cluster.storm` with the
figures of the promise (3 servers, 4 workers, 2,000 jobs, 40 kills, 2 restarts), a smaller one in CI."""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio

from imgforge_mcp import Job, open_forge
from imgforge_mcp.base.config import load_config
from tests import emulators
from tests.cluster import books
from tests.cluster.machines import GONE, Cluster, Machine, ask, cluster, until
from tests.cluster.postgres import Postgres
from tests.cluster.postgres import served as served_postgres
from tests.cluster.s3 import Bucket
from tests.cluster.s3 import served as served_bucket
from tests.emulators import Emulator
from tests.faults.test_kill import Client, two_clients

CALLERS = 12
BOOSTERS = "high quality, detailed"
"""All that its tier would add, so that providers are asked for just the prompts that we know."""
CALLS_OF_A_JOB = 2.5
"""About: one that is answered at once, and one that is asked about."""
END_SECONDS = 600.0
AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of it."""

    servers: int = 3
    workers: int = 4
    jobs: int = 2000
    kills: int = 40
    restarts: int = 2
    seed: int = 20261126


@dataclass(slots=True, kw_only=True)
class Slot:
    """One machine's place: whoever is killed is followed by another. A server has an address once it listens."""

    kind: str
    machine: Machine
    url: str = ""


class Storm:
    """One run."""

    def __init__(self, size: Size, machines: Cluster, postgres: Postgres, clients: Sequence[Client]) -> None:
        self._size = size
        self._machines = machines
        self._postgres = postgres
        self._clients = clients
        self._chance = random.Random(size.seed)
        self._slots = [self._started("serve") for _ in range(size.servers)]
        self._slots += [self._started("worker") for _ in range(size.workers)]
        each = size.jobs // len(clients)
        self._left = [(client, number) for number in range(each) for client in clients]
        self._left.reverse()
        self.job_ids: dict[str, set[str]] = {client.name: set() for client in clients}
        self.killed = Counter[str]()
        self.refused: list[str] = []

    def run(self) -> None:
        """Until every job has been submitted and the last machine has been killed and followed."""
        callers = [threading.Thread(target=self._call, args=(number,), daemon=True) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        most = round(2 * self._size.jobs * CALLS_OF_A_JOB / self._size.kills * 0.9)
        restarts = {
            (number + 1) * self._size.kills // (self._size.restarts + 1) for number in range(self._size.restarts)
        }
        for kill in range(self._size.kills):
            self._wait_for_calls(self._chance.randrange(1, most))
            if kill in restarts:
                self._postgres.stop("immediate")
                self._postgres.start()
            slot = self._chance.choice(self._slots)
            slot.machine.kill()
            self.killed[slot.kind] += 1
            self._slots[self._slots.index(slot)] = self._started(slot.kind)
        for caller in callers:
            caller.join()

    def wait_until_ended(self, address: str) -> None:
        import psycopg

        until = time.monotonic() + END_SECONDS
        with psycopg.connect(address, autocommit=True) as connection:
            while connection.execute("SELECT 1 FROM jobs WHERE completed_at IS NULL LIMIT 1").fetchone() is not None:
                assert time.monotonic() < until, "jobs do not end"
                time.sleep(AGAIN_SECONDS)

    def _wait_for_calls(self, more: int) -> None:
        """As many, or as there are still to come."""

        def seen() -> int:
            return sum(len(client.emulator.calls) for client in self._clients)

        wanted = seen() + more
        until(lambda: seen() >= wanted or not self._left, "some more calls")

    def _started(self, kind: str) -> Slot:
        port = ("--port", "0") if kind == "serve" else ()
        return Slot(kind=kind, machine=self._machines.start(kind, *port))

    def _call(self, number: int) -> None:
        """One caller: asks any server that is there, again until it is answered, then for the next job."""
        chance = random.Random(self._size.seed + number)
        while True:
            try:
                client, fox = self._left.pop()
            except IndexError:
                return
            prompt = f"{client.name} fox {fox}, {BOOSTERS}"
            wanted = {"prompt": prompt, "model": client.model, "image_size": "512", "idempotency_key": prompt}
            while (job_id := self._asked(chance, wanted)) is None:
                time.sleep(AGAIN_SECONDS)
            self.job_ids[client.name].add(job_id)

    def _asked(self, chance: random.Random, wanted: dict[str, str]) -> str | None:
        servers = [slot for slot in self._slots if slot.kind == "serve"]
        slot = chance.choice(servers)
        if not slot.url and (found := slot.machine.said(r"(http://\S+)/mcp")) is not None:
            slot.url = found[1]
        if not slot.url:
            return None
        try:
            status, answer = ask(f"{slot.url}/v2/generate", wanted)
        except GONE:
            return None
        if status in (200, 201, 202):
            return str(answer["job_id"])
        if status not in (500, 502, 503):
            self.refused.append(f"{status} {answer}")
        return None


def play(
    size: Size, folder: Path, environment: dict[str, str], postgres: Postgres, bucket: Bucket, providers: list[Emulator]
) -> str:
    """The whole of it; one line that says what happened. Raises AssertionError."""
    address = postgres.registry()
    together, bfl = providers
    shared = environment | bucket.environment | together.environment() | bfl.environment()
    shared |= {"IMGFORGE_DATABASE_URL": address, "IMGFORGE_STORE_URL": bucket.place()}
    clients = two_clients(together, bfl, shared, folder)
    began = time.monotonic()
    with cluster(folder, shared) as machines:
        storm = Storm(size, machines, postgres, clients)
        storm.run()
        storm.wait_until_ended(address)
    took = time.monotonic() - began
    assert storm.refused == []
    jobs = anyio.run(_judged, shared, address, storm.job_ids, clients)
    states = Counter(job.state.value for job in jobs)
    return (
        f"{len(jobs)} jobs, {storm.killed['serve']} servers and {storm.killed['worker']} workers killed, "
        f"{size.restarts} restarts of the database, {took:.0f} s: {states['completed']} completed, "
        f"{states['failed']} interrupted, none twice, none lost, books equal"
    )


async def _judged(
    shared: dict[str, str], address: str, job_ids: dict[str, set[str]], clients: Sequence[Client]
) -> list[Job]:
    async with open_forge(load_config({**shared, "IMGFORGE_WORKER": "inline"})) as forge:
        jobs = {name: [await forge.job(each, forge.caller()) for each in ids] for name, ids in job_ids.items()}
        for client in clients:
            prompts = [job.request.prompt for job in jobs[client.name]]
            assert len(prompts) == len(set(prompts)), "a job was opened twice"
        await books.check(address, forge, jobs, clients)
    return [job for each in jobs.values() for job in each]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.storm")
    for name, value in (("servers", 3), ("workers", 4), ("jobs", 2000), ("kills", 40), ("restarts", 2), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    size = Size(**vars(parser.parse_args(arguments)))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        providers = [emulators.load(name) for name in ("together", "bfl")]
        for provider in providers:
            stack.enter_context(provider.serve())
        environment = {"IMGFORGE_CONFIG": str(folder / "config.toml"), "IMGFORGE_HOME": str(folder / "judge")}
        postgres, bucket = stack.enter_context(served_postgres()), stack.enter_context(served_bucket())
        print(play(size, folder, environment, postgres, bucket, providers))


if __name__ == "__main__":
    main(sys.argv[1:])
