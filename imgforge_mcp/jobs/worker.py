"""Takes jobs from the registry and runs them: leases, heart-beat, take-over of abandoned jobs, cancellation."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Job, Progress
from imgforge_mcp.jobs.execution import Execution, Underway
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, CancelRequested, LeaseLost, Registry

HEARTBEAT = LEASE_SECONDS / 5
PROGRESS_SECONDS = 2.0
"""How often progress is written for readers in other processes."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Running:
    """A job in this process; `done` is set when it has ended here."""

    underway: Underway
    done: anyio.Event = field(default_factory=anyio.Event)
    progress: Progress | None = None
    written_at: float = 0.0
    is_written: bool = True
    cancelling: anyio.Lock = field(default_factory=anyio.Lock)


class Worker:
    """Runs jobs in a task group of its own, so that a caller who goes away loses nothing."""

    def __init__(self, execution: Execution, registry: Registry, clock: Clock) -> None:
        self._execution = execution
        self._registry = registry
        self._clock = clock
        self._running: dict[str, Running] = {}
        self._tasks: anyio.abc.TaskGroup | None = None

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; then every lease is let go, so that the next process resumes at once."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                task_status.started()
                while True:
                    await self._beat()
                    await self._clock.tick(HEARTBEAT)
        finally:
            self._tasks = None
            with anyio.move_on_after(1.0, shield=True), suppress(ForgeError):
                await self._registry.jobs.release()

    def start(self, job: Job) -> Running:
        """Run a job whose lease this process holds. Must be called while `serve` runs."""
        assert self._tasks is not None
        running = Running(underway=self._execution.begin(job, lambda progress: self._note(job.job_id, progress)))
        self._running[job.job_id] = running
        self._tasks.start_soon(self._run, running, name=f"job {job.job_id}")
        return running

    def running(self, job_id: str) -> Running | None:
        return self._running.get(job_id)

    async def cancel(self, job_id: str) -> None:
        """End a job that runs here, unless it has been sent to a provider that cannot call it off."""
        running = self._running.get(job_id)
        if running is None:
            return
        async with running.cancelling:  # the caller and the heart-beat may both come here
            is_over = running.done.is_set() or running.underway.scope.cancel_called
            if not is_over and await self._execution.cancel_upstream(running.underway):
                running.underway.scope.cancel()

    async def _run(self, running: Running) -> None:
        job = running.underway.job
        try:
            await self._to_its_end(running.underway)
        except LeaseLost:
            logger.info("job %s was taken over by another process", job.job_id)
        except ForgeError as error:
            logger.error("job %s could not be recorded: %s", job.job_id, error.message)
        finally:
            self._running.pop(job.job_id, None)
            running.done.set()

    async def _to_its_end(self, underway: Underway) -> None:
        """Run a job; whatever happens, it has an end on record, or another process has it.

        Raises:
            LeaseLost, ForgeError: it could not be recorded.
        """
        try:
            with underway.scope:
                await self._execution.run(underway)
                return
        except CancelRequested:
            pass
        except (LeaseLost, ForgeError):
            raise
        except Exception:  # one defect must not take the other jobs down
            logger.exception("job %s failed by a defect, request %s", underway.job.job_id, underway.job.request_id)
            await self._execution.finish_defective(underway)
            return
        with anyio.CancelScope(shield=True):
            await self._execution.finish_canceled(underway)

    async def _beat(self) -> None:
        """Keep our own leases, resume what others left, pass on cancellations and progress."""
        try:
            if self._running:
                await self._registry.jobs.renew()
            for job_id in await self._registry.jobs.take_over_abandoned():
                if job_id not in self._running:
                    logger.info("resuming job %s", job_id)
                    self.start(await self._registry.jobs.get(job_id))
            for job_id, running in list(self._running.items()):
                await self._write_progress(job_id, running)
                if await self._registry.jobs.is_cancel_requested(job_id):
                    await self.cancel(job_id)
        except ForgeError as error:
            logger.error("%s", error.message)

    def _note(self, job_id: str, progress: Progress) -> None:
        running = self._running.get(job_id)
        if running is not None:
            running.progress, running.is_written = progress, False

    async def _write_progress(self, job_id: str, running: Running) -> None:
        now = self._clock.monotonic()
        if running.progress is not None and not running.is_written and now - running.written_at >= PROGRESS_SECONDS:
            running.written_at, running.is_written = now, True
            await self._registry.jobs.set_progress(job_id, running.progress)
