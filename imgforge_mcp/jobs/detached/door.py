"""A door's hands: its jobs are recorded here and run by the worker beside, which is started when it is wanted."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.tracing import carried
from imgforge_mcp.base.types import ImageRequest, Job, Progress
from imgforge_mcp.jobs.adoption import Adoption
from imgforge_mcp.jobs.detached.host import LEAVING
from imgforge_mcp.jobs.detached.launch import HANDS_LOCK_ON, launch
from imgforge_mcp.jobs.detached.line import Line
from imgforge_mcp.jobs.detached.place import Lock, Place, Station
from imgforge_mcp.jobs.running import Followed
from imgforge_mcp.jobs.worker import Worker
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage.registry.contract import Registry

START_SECONDS = 30.0
"""How long a worker that is alive may take to start. A job that waits for it longer than its lease may be taken by
anybody who can do it."""
START_STEP = 0.02
RETRY_SECONDS = 3.0
CALL_OFF_SECONDS = 30.0
PARTING_SECONDS = 1.0

logger = logging.getLogger(__name__)


class NoWorker(Exception):
    """None can be reached or started; the message says why."""


@dataclass(slots=True, kw_only=True)
class HandedJob:
    """A job that the worker runs, is about to run, or knows the end of."""

    job_id: str
    ranked: Sequence[Candidate] | None = None
    traceparent: str | None = None
    """The span of whoever asked for it."""
    is_ours: bool = True
    """Whether this door recorded it, so that it sees to it that somebody runs it."""
    is_taken: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)
    handing: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    progress: Progress | None = None
    """Never known here: the worker puts it on record."""
    ended: Job | None = None
    """Likewise."""


class DetachedWorker:
    """Hands every job to the worker of this home and these settings. Where none can be had, it runs the job itself."""

    def __init__(
        self,
        *,
        inline: Worker,
        registry: Registry,
        adoption: Adoption,
        clock: Clock,
        place: Place,
        environment: Mapping[str, str],
    ) -> None:
        self._giver = f"{registry.owner} hands over"
        self._inline = inline
        self._registry = registry
        self._adoption = adoption
        self._clock = clock
        self._place = place
        self._environment = environment
        self._handed: dict[str, HandedJob] = {}
        self._line: Line | None = None
        self._reaching = anyio.Lock()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; what no worker has by then is left to the next one."""
        try:
            async with anyio.create_task_group() as tasks:
                await tasks.start(self._inline.serve)
                self._tasks = tasks
                tasks.start_soon(self._look_around)
                task_status.started()
        finally:
            self._tasks = None
            if any(not handed.is_taken for handed in self._handed.values()):
                with anyio.move_on_after(PARTING_SECONDS, shield=True), suppress(ForgeError):
                    await self._registry.jobs.release(self._giver)

    # What a door asks for ---------------------------------------------------------------------------------------------

    def opens_as(self, request: ImageRequest, first: Candidate) -> str | None:
        return self._giver

    def start(self, job: Job, ranked: Sequence[Candidate], owner: str | None) -> None:
        if self._tasks is None:
            return
        handed = self._handed[job.job_id] = HandedJob(job_id=job.job_id, ranked=ranked, traceparent=carried())
        self._tasks.start_soon(self._hand_over, handed)

    def running(self, job_id: str) -> Followed | None:
        return self._inline.running(job_id) or self._handed.get(job_id)

    async def attend(self, job_id: str) -> Followed | None:
        known = self.running(job_id)
        if known is not None or self._tasks is None:
            return known
        try:
            line = await self._open_line() or (await self._reach() if await self._is_worker_wanted() else None)
        except NoWorker as error:
            logger.warning("%s", error)
            return None
        if line is None:
            return None
        followed = self._handed.setdefault(job_id, HandedJob(job_id=job_id, is_ours=False, is_taken=True))
        if not await line.ask("follow", job=job_id):
            self._forget(job_id)
        return followed

    async def call_off(self, job_id: str) -> bool:
        if await self._taken_back(job_id) or self._inline.running(job_id):
            return await self._inline.call_off(job_id)
        line = await self._open_line()
        return line is not None and bool(await line.ask("call_off", CALL_OFF_SECONDS, job=job_id))

    async def cut_off(self, job_id: str) -> None:
        if await self._taken_back(job_id) or self._inline.running(job_id):
            await self._inline.cut_off(job_id)
            return
        line = await self._open_line()
        if line is None or not await line.ask("cut_off", job=job_id):
            await self._registry.jobs.cut_off(job_id)

    # Handing over -----------------------------------------------------------------------------------------------------

    async def _hand_over(self, handed: HandedJob) -> None:
        """Until a worker has the job, it runs here, or it has ended."""
        with anyio.CancelScope() as handed.handing:
            while not handed.done.is_set():
                try:
                    line = await self._reach()
                    said: dict[str, Any] = {"owner": self._giver, "traceparent": handed.traceparent}
                    answer = await line.ask("run", job=handed.job_id, **said)
                    if answer not in (True, False) and line.is_open:
                        await line.close()
                        if answer != LEAVING:
                            raise NoWorker("The worker does not answer")
                except NoWorker as error:
                    logger.warning("%s; job %s is run without it.", error, handed.job_id)
                    with anyio.CancelScope(shield=True):  # what is ours must run
                        is_run_here = await self._is_run_here(handed)
                    if is_run_here:
                        return
                    await self._clock.tick(RETRY_SECONDS)
                    continue
                if answer is True:
                    handed.is_taken = True
                    return
                if answer is False:
                    self._forget(handed.job_id)

    async def _is_run_here(self, handed: HandedJob) -> bool:
        """Run a job in this process, unless somebody else has it or it has ended; False while a lease stands in the
        way of finding out."""
        jobs = self._registry.jobs
        try:
            job = await jobs.take(handed.job_id, self._giver)
            if job is None and await jobs.take_over(handed.job_id):
                job = await jobs.get(handed.job_id)
            is_over = job is not None or (await jobs.state(handed.job_id)).is_final
        except ForgeError as error:
            logger.error("%s", error.message)
            return False
        if job is not None:
            self._inline.start(job, handed.ranked)
        if is_over:
            self._forget(handed.job_id)
        return is_over

    async def _taken_back(self, job_id: str) -> bool:
        """Whether a job that no worker had yet is run here now."""
        handed = self._handed.get(job_id)
        if handed is None or handed.is_taken:
            return False
        handed.handing.cancel()
        job = await self._registry.jobs.take(job_id, self._giver)
        self._forget(job_id)
        if job is not None:
            self._inline.start(job, handed.ranked)
        return job is not None

    def _forget(self, job_id: str) -> None:
        """Nothing more is told of a job here: it has ended, or somebody else has it."""
        if (handed := self._handed.pop(job_id, None)) is not None:
            handed.done.set()

    # The worker -------------------------------------------------------------------------------------------------------

    async def _look_around(self) -> None:
        """Where something was left behind, a worker is wanted."""
        try:
            if await self._is_worker_wanted():
                await self._reach()
        except NoWorker as error:
            logger.warning("%s", error)

    async def _is_worker_wanted(self) -> bool:
        """Whether there are jobs that nobody runs and that the worker would take, or webhooks that are to be sent."""
        try:
            if await anyio.to_thread.run_sync(self._place.is_bereaved):
                return True
            if await self._registry.outbox.next_due([]) is not None:
                return True
            return any([await self._adoption.takes(job) for job in await self._registry.jobs.abandoned()])
        except ForgeError as error:
            logger.error("%s", error.message)
            return False

    async def _open_line(self) -> Line | None:
        """A line to the worker if one is alive."""
        async with self._reaching:
            if self._line is None or not self._line.is_open:
                self._line = await self._called()
            return self._line

    async def _reach(self) -> Line:
        """A line to the worker, which is started where there is none. Raises NoWorker."""
        async with self._reaching:
            if self._line is not None and self._line.is_open:
                return self._line
            until = self._clock.monotonic() + START_SECONDS
            is_started = False
            while (line := await self._called()) is None:
                is_coming = is_started and not HANDS_LOCK_ON
                lock = None if is_coming else await anyio.to_thread.run_sync(self._lock)
                if lock is not None and is_started:
                    lock.drop()
                    raise NoWorker(f"The worker ended at once; its log is {self._place.log}")
                if lock is not None:
                    await self._launch(lock)
                    is_started = True
                if self._clock.monotonic() > until:
                    raise NoWorker(f"The worker takes too long to start; its log is {self._place.log}")
                await self._clock.sleep(START_STEP)
            self._line = line
            return line

    async def _called(self) -> Line | None:
        station: Station | None = await anyio.to_thread.run_sync(self._place.station)
        line = await Line.to(station, self._clock, self._forget) if station and self._tasks else None
        if line is not None and self._tasks is not None:
            self._tasks.start_soon(self._listen, line)
        return line

    async def _listen(self, line: Line) -> None:
        """Until the worker is gone: what it had of ours is handed over again, of the rest nobody tells any more."""
        await line.serve()
        for handed in [each for each in self._handed.values() if each.is_taken]:
            if not handed.is_ours:
                self._forget(handed.job_id)
            elif self._tasks is not None:
                handed.is_taken = False
                self._tasks.start_soon(self._hand_over, handed)

    def _lock(self) -> Lock | None:
        try:
            self._place.prepare()
            return Lock.tried(self._place.lock)
        except OSError as error:
            raise NoWorker(f"No worker can be started: {error.strerror or error}") from error

    async def _launch(self, lock: Lock) -> None:
        """Raises NoWorker."""
        try:
            with anyio.CancelScope(shield=True):  # a door that ends now leaves a worker that finds its job
                await anyio.to_thread.run_sync(partial(launch, self._place, lock, self._environment))
        except OSError as error:
            raise NoWorker(f"No worker can be started: {error}") from error
