"""A worker's hands in the queue: it claims what it holds the key for, as much at once as it has room for."""

import logging
from functools import partial

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Job
from imgforge_mcp.jobs.adoption import Adoption
from imgforge_mcp.jobs.cluster.presence import Presence
from imgforge_mcp.jobs.worker import Worker
from imgforge_mcp.storage.registry.contract import Registry
from imgforge_mcp.storage.registry.queue import News, Notice

AT_ONCE = 32
"""Jobs of one worker at once, where nothing else is said."""
LOOK_SECONDS = 15.0
"""After how long it looks although nothing was heard."""
AGAIN_SECONDS = 1.0
"""The same after a look that failed."""
FINISH_SECONDS = 30.0
"""How long a worker that is told to end lets what is out go on."""

logger = logging.getLogger(__name__)


class Claims:
    """One per worker process."""

    def __init__(
        self, worker: Worker, registry: Registry, adoption: Adoption, clock: Clock, presence: Presence
    ) -> None:
        self._worker = worker
        self._registry = registry
        self._adoption = adoption
        self._clock = clock
        self._presence = presence
        self._routes = sorted(presence.process.routes)
        self._wanted = anyio.Event()
        self._over = anyio.Event()

    def leave(self) -> None:
        """Take nothing new, finish what is out, and end."""
        self._over.set()

    @property
    def is_ready(self) -> bool:
        """Whether it is there for new jobs."""
        return self._presence.is_known and not self._over.is_set()

    async def serve(self) -> None:
        """Until it is told to leave; then what has not been sent is handed back at once, and what is out has half a
        minute to end."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._presence.serve, partial(self._hear, tasks))
            claiming = anyio.CancelScope()
            tasks.start_soon(self._claim_on, claiming)
            await self._over.wait()
            claiming.cancel()
            await self._presence.resign()
            self._worker.retire()
            with self._clock.move_on_after(FINISH_SECONDS):
                await self._worker.wait_until_idle()
            tasks.cancel_scope.cancel()

    def _hear(self, tasks: anyio.abc.TaskGroup, notice: Notice | None) -> None:
        news = None if notice is None else notice.news
        if news is None or (news is News.OPENED and notice and notice.about in self._presence.process.routes):
            self._wanted.set()
        if news in (None, News.LEFT):
            self._worker.look_around()
        if news in (None, News.CANCEL):
            tasks.start_soon(self._pass_on_cancellations)

    async def _pass_on_cancellations(self) -> None:
        try:
            await self._worker.pass_on_cancellations()
        except ForgeError as error:
            logger.error("%s", error.message)

    async def _claim_on(self, scope: anyio.CancelScope) -> None:
        with scope:
            while True:
                free = await self._worker.wait_for_room(self._presence.process.at_once)
                wanted = self._wanted = anyio.Event()
                seconds = LOOK_SECONDS
                try:
                    if await self._claimed(free):
                        continue
                except ForgeError as error:
                    logger.error("%s", error.message)
                    seconds = AGAIN_SECONDS
                with self._clock.move_on_after(seconds):
                    await wanted.wait()

    async def _claimed(self, free: int) -> bool:
        """Take so many jobs at most; whether there were any. Raises ForgeError."""
        with anyio.CancelScope(shield=True):  # what is ours must run
            jobs = await self._registry.queue.claim(free, self._routes)
            async with anyio.create_task_group() as tasks:  # they learn of the providers' health by one look
                for job in jobs:
                    tasks.start_soon(self._begin, job)
        return bool(jobs)

    async def _begin(self, job: Job) -> None:
        """Run a job that was claimed, or leave it to others; where not even that is possible, its lease runs out."""
        waited = (self._clock.now() - job.created_at).total_seconds()
        logger.info("job %s is claimed after %.1f s", job.job_id, waited)
        try:
            if self._over.is_set():
                await self._registry.jobs.let_go(job.job_id)
            elif job.accepted_work or (ranked := await self._adoption.ranked(job)) is None:
                await self._registry.queue.put_back(job.job_id)
            else:
                self._worker.start(job, ranked)
        except ForgeError as error:
            logger.error("%s", error.message)
