"""Runs jobs whose leases this process holds: keeps the leases, takes up abandoned jobs, passes on cancellations.

Each of these duties has a task of its own, and none of them asks a provider anything: a provider that hangs must not
cost a living process its jobs.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Job
from imgforge_mcp.jobs.adoption import Adoption
from imgforge_mcp.jobs.execution import Execution
from imgforge_mcp.jobs.running import RunningJob
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


class Worker:
    """Runs jobs in a task group of its own, so that a caller who goes away loses nothing. With an `adoption`,
    also those that other processes left behind and that it takes."""

    def __init__(self, execution: Execution, registry: Registry, clock: Clock, adoption: Adoption | None) -> None:
        self._execution = execution
        self._registry = registry
        self._clock = clock
        self._adoption = adoption
        self._running: dict[str, RunningJob] = {}
        self._tasks: anyio.abc.TaskGroup | None = None

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; then every lease is let go, so that the next process resumes at once."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._every, RENEW_SECONDS, self._renew)
                tasks.start_soon(self._every, CANCEL_SECONDS, self._pass_on_cancellations)
                tasks.start_soon(self._every, PROGRESS_SECONDS, self._write_progress)
                if self._adoption is not None:
                    tasks.start_soon(self._every, ADOPT_SECONDS, self._adopt)
                task_status.started()
        finally:
            self._tasks = None
            with anyio.move_on_after(PARTING_SECONDS, shield=True), suppress(ForgeError):
                await self._registry.jobs.release()

    def start(self, job: Job, ranked: Sequence[Candidate] | None = None) -> None:
        """Run a job whose lease this process holds. When `serve` has ended meanwhile, the job is left to the process
        that finds its lease run out."""
        if self._tasks is None:
            return
        running = self._execution.begin(job, ranked)
        self._running[job.job_id] = running
        self._tasks.start_soon(self._run, running, name=f"job {job.job_id}")

    def running(self, job_id: str) -> RunningJob | None:
        return self._running.get(job_id)

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
        except ForgeError as error:
            logger.error("job %s could not be recorded: %s", job.job_id, error.message)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(PARTING_SECONDS, shield=True):
                await self._execution.let_go(running)
            raise
        finally:
            self._running.pop(job.job_id, None)
            running.done.set()

    async def _to_its_end(self, running: RunningJob) -> None:
        """Run a job; whatever happens, it has an end on record, or another process has it.

        Raises:
            LeaseLost, ForgeError: it could not be recorded.
        """
        try:
            with running.scope:
                await self._execution.run(running)
                return
        except CancelRequested:
            pass
        except (LeaseLost, ForgeError):
            raise
        except Exception:  # one defect must not take the other jobs down
            logger.exception("job %s failed by a defect, request %s", running.job.job_id, running.job.request_id)
            await self._execution.finish_defective(running)
            return
        with anyio.CancelScope(shield=True):
            await self._execution.finish_canceled(running)

    # Duties -----------------------------------------------------------------------------------------------------------

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
            except ForgeError as error:
                logger.error("%s", error.message)
            await self._clock.tick(seconds)

    async def _renew(self) -> None:
        if self._running:
            await self._registry.jobs.renew(list(self._running))

    async def _adopt(self) -> None:
        assert self._adoption is not None
        for job in await self._registry.jobs.abandoned():
            if job.job_id in self._running or not await self._adoption.takes(job):
                continue
            if await self._registry.jobs.take_over(job.job_id):
                logger.info("resuming job %s", job.job_id)
                self.start(await self._registry.jobs.get(job.job_id))

    async def _pass_on_cancellations(self) -> None:
        assert self._tasks is not None
        for job_id in await self._registry.jobs.cancel_requests() if self._running else ():
            running = self._running.get(job_id)
            if running is not None and not running.is_canceled:
                self._tasks.start_soon(self.cancel, job_id)

    async def _write_progress(self) -> None:
        for job_id, running in list(self._running.items()):
            if running.progress is not None and not running.is_told:
                running.is_told = True
                await self._registry.jobs.set_progress(job_id, running.progress)
