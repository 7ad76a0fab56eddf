"""A door's hands on many machines: a job that a living worker holds the key for is left in the queue; any other, and
every one while there is no such worker, is run here."""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import ImageRequest, Job, Progress
from imgforge_mcp.jobs.cluster.presence import BEAT_SECONDS, Presence
from imgforge_mcp.jobs.running import Followed
from imgforge_mcp.jobs.worker import Worker
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage.registry.contract import Registry
from imgforge_mcp.storage.registry.queue import QUEUE, News, Notice

HEARD = 2000
"""How many jobs' ends are remembered: word of one may come before anybody here waits for it."""

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class QueuedJob:
    """A job of another process, whose end will be heard."""

    job_id: str
    done: anyio.Event = field(default_factory=anyio.Event)
    progress: Progress | None = None
    """Never known here: whoever runs it puts it on record."""
    ended: Job | None = None
    """Likewise."""


class ClusterDoor:
    """One per process; what it runs itself runs in `inline`."""

    def __init__(self, *, inline: Worker, registry: Registry, clock: Clock, presence: Presence) -> None:
        self._inline = inline
        self._registry = registry
        self._clock = clock
        self._presence = presence
        self._routes: frozenset[str] = frozenset()
        """What the living workers hold."""
        self._followed: dict[str, QueuedJob] = {}
        self._heard: deque[str] = deque(maxlen=HEARD)
        self._is_staff_news = anyio.Event()
        self._is_silent = anyio.Event()

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with anyio.create_task_group() as tasks:
            await tasks.start(self._inline.serve)
            tasks.start_soon(self._presence.serve, self._hear)
            tasks.start_soon(self._know_the_staff)
            tasks.start_soon(self._look_for_ends)
            task_status.started()

    # What a door asks for ---------------------------------------------------------------------------------------------

    def opens_as(self, request: ImageRequest, first: Candidate) -> str | None:
        """A file of the caller's is written on this machine, so that such a job stays here."""
        return QUEUE if first.route in self._routes and request.save_to is None else None

    def start(self, job: Job, ranked: Sequence[Candidate], owner: str | None) -> None:
        if owner == QUEUE:
            self._follow(job.job_id)
        else:
            self._inline.start(job, ranked)

    def running(self, job_id: str) -> Followed | None:
        return self._inline.running(job_id) or self._followed.get(job_id)

    async def attend(self, job_id: str) -> Followed | None:
        return self.running(job_id) or self._follow(job_id)

    async def call_off(self, job_id: str) -> bool:
        await self._take_back(job_id)
        return await self._inline.call_off(job_id)

    async def cut_off(self, job_id: str) -> None:
        await self._take_back(job_id)
        if self._inline.running(job_id) is not None:
            await self._inline.cut_off(job_id)
        elif not await self._registry.queue.cancel_unsent(job_id):
            await self._registry.jobs.cut_off(job_id)

    async def _take_back(self, job_id: str) -> None:
        """Run a job here that no worker has claimed, so that it is ended here."""
        with anyio.CancelScope(shield=True):  # what is ours must run
            job = await self._registry.jobs.take(job_id, QUEUE)
            if job is not None:
                self._inline.start(job)

    def _follow(self, job_id: str) -> QueuedJob:
        followed = self._followed.setdefault(job_id, QueuedJob(job_id=job_id))
        if job_id in self._heard:
            self._forget(job_id)
        return followed

    def _forget(self, job_id: str) -> None:
        if (followed := self._followed.pop(job_id, None)) is not None:
            followed.done.set()

    # What others say --------------------------------------------------------------------------------------------------

    def _hear(self, notice: Notice | None) -> None:
        match None if notice is None else notice.news:
            case News.ENDED if notice:
                self._heard.append(notice.about)
                self._forget(notice.about)
            case News.STAFF:
                self._is_staff_news.set()
            case News.LEFT:
                self._inline.look_around()
            case None:
                self._is_silent.set()
                self._inline.look_around()

    async def _know_the_staff(self) -> None:
        """Which routes living workers hold; a worker that died without a word is missed when its lease has run out."""
        while True:
            self._is_staff_news = news = anyio.Event()
            try:
                staff = await self._registry.queue.living()
                self._routes = frozenset(route for each in staff if each.is_worker for route in each.routes)
            except ForgeError as error:
                logger.error("%s", error.message)
            await self._clock.tick_or(BEAT_SECONDS, news)

    async def _look_for_ends(self) -> None:
        """Where word may have been missed, it is looked for what has ended."""
        while True:
            await self._is_silent.wait()
            self._is_silent = anyio.Event()
            try:
                for job_id in await self._registry.queue.ended_among(list(self._followed)) if self._followed else ():
                    self._forget(job_id)
            except ForgeError as error:
                logger.error("%s", error.message)
