"""Runs jobs whose leases this process holds: keeps the leases, takes up abandoned jobs, passes on cancellations.

Each of these duties has a task of its own, and none of them asks a provider anything: a provider that hangs must not
cost a living process its jobs.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import ImageRequest, Job
from imgforge_mcp.jobs.adoption import Adoption
from imgforge_mcp.jobs.execution import Execution
from imgforge_mcp.jobs.running import Followed, HandedBack, RunningJob
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, CancelRequested, LeaseLost, Registry

RENEW_SECONDS = LEASE_SECONDS / 5
ADOPT_SECONDS = 3.0
CANCEL_SECONDS = 3.0
PROGRESS_SECONDS = 2.0
"""How often progress is written for readers in other processes."""
PARTING_SECONDS = 5.0
"""What a process that ends takes at most to record what became of its jobs."""

logger = logging.getLogger(__name__)


class Works(Protocol):
    """Whoever runs the jobs of a door: this process, or one beside it."""

    def opens_as(self, request: ImageRequest, first: Candidate) -> str | None:
        """In whose name a job is opened whose first candidate is this one; None: this process's."""

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None: ...

    def start(self, job: Job, ranked: Sequence[Candidate], owner: str | None) -> None:
        """See that a job is run that was just opened in this name."""

    def running(self, job_id: str) -> Followed | None:
        """The job, if its end will be told here."""

    async def attend(self, job_id: str) -> Followed | None:
        """The same for an unfinished job that somebody waits for, whoever runs it; where nobody does, it is seen to
        that somebody will."""

    async def call_off(self, job_id: str) -> bool:
        """End a job that is run here, as far as it can be ended, and wait for that; False when it is not."""

    async def cut_off(self, job_id: str) -> None:
        """Nobody waits for the job any more: what was not sent is ended, for the rest an equal call may come."""


class Worker:
    """Runs jobs in a task group of its own, so that a caller who goes away loses nothing. With an `adoption`,
    also those that other processes left behind and that it takes: it looks for them again and again, or, where it is
    told (`look_around`) when there may be some, only while others have unfinished ones."""

    def __init__(
        self,
        execution: Execution,
        registry: Registry,
        clock: Clock,
        adoption: Adoption | None,
        *,
        is_told: bool = False,
    ) -> None:
        self._execution = execution
        self._registry = registry
        self._clock = clock
        self._adoption = adoption
        self._is_told = is_told
        self._is_retired = False
        self._running: dict[str, RunningJob] = {}
        self._tasks: anyio.abc.TaskGroup | None = None
        self._busy = anyio.Event()
        self._idle = anyio.Event()
        self._idle.set()
        self._room = anyio.Event()
        self._wanted = anyio.Event()

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; then every lease is let go, so that the next process resumes at once."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._while_busy, RENEW_SECONDS, self._renew)
                tasks.start_soon(self._while_busy, CANCEL_SECONDS, self.pass_on_cancellations)
                tasks.start_soon(self._while_busy, PROGRESS_SECONDS, self._write_progress)
                if self._adoption is not None:
                    tasks.start_soon(self._keep_adopting)
                task_status.started()
        finally:
            self._tasks = None
            with anyio.move_on_after(PARTING_SECONDS, shield=True), suppress(ForgeError):
                await self._registry.jobs.release()

    def opens_as(self, request: ImageRequest, first: Candidate) -> str | None:
        return None

    def start(self, job: Job, ranked: Sequence[Candidate] | None = None, owner: str | None = None) -> None:
        """Run a job whose lease this process holds, once: one that had just been recorded when the process stood still
        may have been taken up as abandoned by then. When `serve` has ended meanwhile, the job is left to the process
        that finds its lease run out."""
        if self._tasks is None or self._is_retired or job.job_id in self._running:
            return
        running = self._execution.begin(job, ranked)
        self._running[job.job_id] = running
        if not self._busy.is_set():
            self._busy.set()
            self._idle = anyio.Event()
        self._tasks.start_soon(self._run, running, name=f"job {job.job_id}")

    def running(self, job_id: str) -> RunningJob | None:
        return self._running.get(job_id)

    async def attend(self, job_id: str) -> RunningJob | None:
        return self.running(job_id)

    async def call_off(self, job_id: str) -> bool:
        running = self._running.get(job_id)
        if running is None:
            return False
        await self.cancel(job_id)
        if not running.is_out:
            await running.done.wait()
        return True

    async def cut_off(self, job_id: str) -> None:
        running = self._running.get(job_id)
        if running is not None and not running.is_sent:
            await self.cancel(job_id)
        else:
            await self._registry.jobs.cut_off(job_id)

    async def take(self, job_id: str, owner: str) -> bool:
        """Run a job that its owner hands over, or that was left behind; whether it runs here now. Raises ForgeError."""
        if not self._is_retired and job_id not in self._running:
            with anyio.CancelScope(shield=True):  # what is ours must run, though whoever handed it over is gone
                if (job := await self._registry.jobs.take(job_id, owner)) is not None:
                    self.start(job)
            if job is None:
                await self.adopt()
        return job_id in self._running

    def look_around(self) -> None:
        """There may be jobs to take up."""
        self._wanted.set()

    def retire(self) -> None:
        """Take and begin nothing more; what is out goes on."""
        self._is_retired = True
        for running in self._running.values():
            running.part()

    async def wait_for_room(self, at_once: int) -> int:
        """Until fewer than so many jobs are under way here; how many fewer. What waits a day for its price takes no
        place."""
        while (free := at_once - sum(each.job.request.urgency == "now" for each in self._running.values())) <= 0:
            await self._room.wait()
        return free

    async def wait_until_busy(self) -> None:
        await self._busy.wait()

    async def wait_until_idle(self) -> None:
        await self._idle.wait()

    async def cancel(self, job_id: str) -> None:
        """End a job that runs here, as far as it can be ended: what has been sent to a provider that does not call it
        off goes on."""
        running = self._running.get(job_id)
        if running is None:
            return
        async with running.cancelling:  # the caller and the watch may both come here
            if not (running.done.is_set() or running.scope.cancel_called):
                await self._execution.cancel(running)

    # One job ----------------------------------------------------------------------------------------------------------

    async def _run(self, running: RunningJob) -> None:
        job = running.job
        try:
            await self._to_its_end(running)
        except LeaseLost:
            logger.info("job %s was taken over by another process", job.job_id)
        except HandedBack:
            logger.info("job %s is left to the next process", job.job_id)
            await _attempted(partial(self._registry.jobs.let_go, job.job_id))
        except ForgeError as error:
            logger.error("job %s could not be recorded: %s", job.job_id, error.message)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(PARTING_SECONDS, shield=True):
                await self._execution.let_go(running)
            raise
        finally:
            self._running.pop(job.job_id, None)
            running.done.set()
            self._room.set()
            self._room = anyio.Event()
            if not self._running:
                self._busy = anyio.Event()
                self._idle.set()

    async def _to_its_end(self, running: RunningJob) -> None:
        """Run a job; whatever happens, it has an end on record, or another process has it.

        Raises:
            LeaseLost, ForgeError: it could not be recorded.
            HandedBack: it is for the next process.
        """
        try:
            with running.scope:
                await self._execution.run(running)
                return
        except CancelRequested:
            pass
        except (LeaseLost, HandedBack, ForgeError):
            raise
        except Exception:  # one defect must not take the other jobs down
            logger.exception("job %s failed by a defect, request %s", running.job.job_id, running.job.request_id)
            await self._execution.finish_defective(running)
            return
        with anyio.CancelScope(shield=True):
            await self._execution.finish_canceled(running)

    # Duties -----------------------------------------------------------------------------------------------------------

    async def _while_busy(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._busy.wait()
            await self._clock.tick(seconds)
            if self._running:
                await _attempted(act)

    async def _renew(self) -> None:
        await self._registry.jobs.renew(list(self._running))

    async def _keep_adopting(self) -> None:
        while True:
            self._wanted = wanted = anyio.Event()
            await _attempted(self.adopt)
            if not self._is_told:
                await self._clock.tick_or(ADOPT_SECONDS, wanted)
                continue
            with self._clock.move_on_after(ADOPT_SECONDS if await self._others_hold() else math.inf):
                await wanted.wait()

    async def _others_hold(self) -> bool:
        try:
            return await self._registry.jobs.others_hold()
        except ForgeError as error:
            logger.error("%s", error.message)
            return True

    async def adopt(self) -> None:
        """Take up what was left behind and is for this process. Raises ForgeError."""
        if self._adoption is None:
            return
        by = self._adoption
        for job in await self._registry.jobs.abandoned(is_last_resort=by.is_last_resort, claims=by.claims):
            if self._is_retired:
                return
            if job.job_id in self._running or not await self._adoption.takes(job):
                continue
            with anyio.CancelScope(shield=True):
                if not await self._registry.jobs.take_over(job.job_id):
                    continue
                found = await self._registry.jobs.get(job.job_id)
                # Somebody may have had it meanwhile, and begun what only others can go on with: its lease runs out.
                if found.attempts == job.attempts or await self._adoption.takes(found):
                    logger.info("resuming job %s", job.job_id)
                    self.start(found)

    async def pass_on_cancellations(self) -> None:
        """End those of the jobs here whose end somebody has asked for. Raises ForgeError."""
        for job_id in await self._registry.jobs.cancel_requests():
            running = self._running.get(job_id)
            if running is not None and not running.is_canceled and self._tasks is not None:
                self._tasks.start_soon(self.cancel, job_id)

    async def _write_progress(self) -> None:
        for job_id, running in list(self._running.items()):
            if running.progress is not None and not running.is_told:
                running.is_told = True
                await self._registry.jobs.set_progress(job_id, running.progress)


async def _attempted(act: Callable[[], Awaitable[None]]) -> None:
    """A duty that fails is tried again when its time has come."""
    try:
        await act()
    except ForgeError as error:
        logger.error("%s", error.message)
