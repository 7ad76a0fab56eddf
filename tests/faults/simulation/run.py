"""One seed: processes with different keys on one home, jobs and cancellations, kills; then what must always hold."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.to_thread

from imgforge_mcp.app.jobs import Arrangement, Ground, job_parts, router_for
from imgforge_mcp.base.config import Config, load_config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.types import Caller, ImageRequest, Job, JobState
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.configured import ConfiguredProviders, open_configured
from imgforge_mcp.routing.router import Router
from imgforge_mcp.storage.registry.sql.jobs import SqlJobs
from imgforge_mcp.storage.registry.sql.rows import MILLIONTHS, to_millionths
from tests.faults.simulation.world import Books, Killed, Life, Loop, LoopClock, Shelf, Upstream, World

KEYS = {"TOGETHER_API_KEY": "together-key", "BFL_API_KEY": "bfl-key", "FAL_KEY": "fal-key"}
MODELS = (None, None, "together/flux-schnell", "bfl/flux-1.1-pro", "fal/flux-2-pro")
KNOWN = {
    *("flux-schnell", "flux-1.1-pro", "flux-2-pro", "flux-2-klein-4b", "flux-2-klein-9b", "flux-dev", "qwen-image"),
    *("illustrator", "adjust"),
}
"""Enough to fail over from one provider to another; the whole catalogue would take twice as long."""
CHAOS_SECONDS = 60.0
GRACE_SECONDS = 3600.0 + 120.0


class _Registry:
    """The job half over the simulated file."""

    def __init__(self, books: Books, clock: LoopClock, owner: str) -> None:
        self.jobs = SqlJobs(cast(Any, books), clock.now, owner)


class _Housekeeping:
    def poke(self) -> None:
        """Nothing is ever thrown away here."""


@cache
def _configured(names: frozenset[str]) -> tuple[Config, ConfiguredProviders, Router]:
    here = Path("/nonexistent")
    settings = {"IMGFORGE_HOME": str(here), "IMGFORGE_CONFIG": "", "IMGFORGE_JOB_DEADLINE": "60"}
    config = load_config({**settings, **{name: KEYS[name] for name in names}})
    whole = load_catalog(config.catalog, config.source)
    catalog = replace(whole, models=tuple(model for model in whole.models if model.slug in KNOWN))
    providers = open_configured(config, catalog)
    return config, providers, router_for(config, catalog, providers)


class Process:
    """What `open_forge` builds, over simulated disks and providers."""

    def __init__(self, life: Life, clock: LoopClock) -> None:
        config, providers, router = _configured(life.keys)
        ground = Ground(
            config=config,
            providers=providers,
            router=router,
            registry=cast(Any, _Registry(Books(life), clock, clock.new_id())),
            assets=cast(Any, Shelf(life)),
            decoder=cast(Any, None),
            driver=cast(Any, Upstream(life, clock)),
            transport=cast(Any, None),
            post=cast(Any, None),
            housekeeping=cast(Any, _Housekeeping()),
            clock=clock,
            redactor=Redactor([]),
        )
        parts = job_parts(ground, Arrangement.INLINE)
        self.worker, self.service = parts.worker, parts.service


CALLER = Caller(sees_all=True)


@dataclass(slots=True, kw_only=True)
class Simulation:
    """One seed."""

    seed: int
    world: World
    clock: LoopClock

    async def play(self) -> list[Job]:
        chance = self.world.chance
        async with anyio.create_task_group() as tasks:
            for _ in range(chance.randrange(2, 4)):
                names = frozenset(chance.sample(sorted(KEYS), chance.randrange(1, 4)))
                tasks.start_soon(self._process, names, chance.choice((0.0, 0.002, 0.01, 0.03)))
        return await self._finish()

    async def _process(self, names: frozenset[str], deadliness: float) -> None:
        """A client that is started again and again: it lives, submits, cancels, and dies or is stopped."""
        chance = self.world.chance
        started = self.clock.monotonic()
        while self.clock.monotonic() - started < CHAOS_SECONDS:
            life = Life(self.world, deadliness, keys=names)
            try:
                with anyio.move_on_after(chance.uniform(5.0, CHAOS_SECONDS)):
                    await self._one_life(Process(life, self.clock))
            except BaseExceptionGroup as group:
                if group.split(Killed)[1] is not None:
                    raise
            except Killed:
                pass
            life.is_dead = True
            await anyio.sleep(chance.uniform(0.0, 20.0))

    async def _one_life(self, process: Process) -> None:
        chance = self.world.chance
        async with anyio.create_task_group() as tasks:
            await tasks.start(process.worker.serve)
            for _ in range(chance.randrange(1, 4)):
                tasks.start_soon(self._use, process)
            await anyio.sleep_forever()

    async def _use(self, process: Process) -> None:
        chance = self.world.chance
        number = chance.randrange(6)
        key = f"key {number}" if chance.random() < 0.6 else None
        request = ImageRequest(
            prompt=f"fox {number}",
            model=MODELS[number % len(MODELS)],
            n=1 + number % 2,
            enhance=False,
            idempotency_key=key,
        )
        with suppress(ForgeError):
            job = await process.service.submit(request, CALLER)
            await process.service.wait(job.job_id, chance.uniform(0.0, 30.0))
            if chance.random() < 0.4:
                await process.service.cancel(job.job_id, CALLER)

    async def _finish(self) -> list[Job]:
        """A process with every key comes and stays, until all jobs have ended or none will."""
        process = Process(Life(self.world, 0.0, keys=frozenset(KEYS)), self.clock)
        ids = [row[0] for row in self.world.connection.execute("SELECT job_id FROM jobs")]
        async with anyio.create_task_group() as tasks:
            await tasks.start(process.worker.serve)
            await process.service.wait_for_all(ids, CHAOS_SECONDS + GRACE_SECONDS)
            jobs = [await process.service.job(job_id, CALLER) for job_id in ids]
            tasks.cancel_scope.cancel()
        return jobs

    # What must always hold -----------------------------------------------------------------------------------------

    def check(self, jobs: list[Job]) -> None:
        for job in jobs:
            assert job.state.is_final, f"{job.job_id} has not ended by its deadline and grace"
            assert job.completed_at, f"{job.job_id} has an end without a time"
            late = (job.completed_at - job.deadline).total_seconds() - GRACE_SECONDS
            assert late <= 0, f"{job.job_id} ended {late:.0f} s after its deadline and grace"
            assert all(a.ended_at is not None for a in job.attempts), f"{job.job_id} ended with a call that is open"
            if job.state is JobState.COMPLETED:
                assert job.assets, f"{job.job_id} is completed without a picture"
            assert {asset.asset_id for asset in job.assets} <= self.world.pictures, f"{job.job_id}'s picture is lost"
        self._check_orders(jobs)
        self._check_books(jobs)

    def _check_orders(self, jobs: list[Job]) -> None:
        for key, order in self.world.ledger.items():
            assert order.arrivals <= 1, f"{key} was sent {order.arrivals} times"
        keyed = [job.request.idempotency_key for job in jobs if job.request.idempotency_key]
        assert len(keyed) == len(set(keyed)), "one key has two jobs"
        recorded = {f"{a.job_id}-{a.part}:{a.provider}/{a.model}" for job in jobs for a in job.attempts}
        assert self.world.ledger.keys() <= recorded, "something was sent that is not on record"

    def _check_books(self, jobs: list[Job]) -> None:
        """To the cent: what each call is booked at is what its provider charged; a call whose process was gone before
        it knew, or before it could put on record that the work had failed or had been called off, is maybe billed at
        its price."""
        ((reserved, spent),) = self.world.connection.execute("SELECT sum(reserved), sum(spent) FROM spend").fetchall()
        assert not reserved, f"{reserved} are reserved for nothing"
        booked = 0
        for attempt in (attempt for job in jobs for attempt in job.attempts):
            booked += to_millionths(attempt.cost_usd) or 0
            order = self.world.ledger.get(f"{attempt.job_id}-{attempt.part}:{attempt.provider}/{attempt.model}")
            charged = order.charged if order is not None else 0.0
            fate = order.fate if order is not None else None
            is_unknown = attempt.outcome == "interrupted" or fate in ("failed", "canceled")
            if attempt.maybe_billed and is_unknown:
                assert attempt.cost_usd == attempt.price_usd
            elif charged:
                assert attempt.cost_usd == charged, f"{attempt} was charged {charged}"
            else:
                assert not attempt.cost_usd, f"{attempt} was charged nothing"
        assert booked == (spent or 0), f"the calls add up to {booked}, spent are {spent}"
        of_jobs = sum(round((job.cost_usd or 0.0) * MILLIONTHS) for job in jobs)
        assert of_jobs == booked, f"the jobs cost {of_jobs}, the calls {booked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """How a seed went: how many jobs it had, how many processes were killed, and what is broken."""

    jobs: int = 0
    kills: int = 0
    error: str = ""


def simulate(seed: int) -> Seed:
    """Play one seed and check it. Raises AssertionError: an invariant is broken."""
    return anyio.run(partial(_simulate, seed), backend_options={"loop_factory": Loop})


async def _simulate(seed: int) -> Seed:
    world = World(random.Random(seed))
    simulation = Simulation(seed=seed, world=world, clock=LoopClock())
    try:
        jobs = await simulation.play()
        simulation.check(jobs)
    except AssertionError as broken:
        raise AssertionError(f"seed {seed}: {broken}") from broken
    finally:
        world.connection.close()
    return Seed(jobs=len(jobs), kills=world.kills)


@contextmanager
def without_threads() -> Iterator[None]:
    """Work that is given to a thread is done at once: the virtual time would not wait for it."""
    given = anyio.to_thread.run_sync

    async def at_once(act: Any, *arguments: Any, **_: Any) -> Any:
        return act(*arguments)

    anyio.to_thread.run_sync = cast(Any, at_once)
    try:
        yield
    finally:
        anyio.to_thread.run_sync = given


def played(seed: int) -> Seed:
    """A seed, what is broken about it included."""
    logging.disable(logging.CRITICAL)
    with without_threads():
        try:
            return simulate(seed)
        except AssertionError as error:
            return Seed(error=str(error))
