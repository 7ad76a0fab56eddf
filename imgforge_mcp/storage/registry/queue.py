"""What many machines need of a registry beside jobs: a queue that workers claim from, the processes that are alive, and
word of what others did, as soon as it is on record.

The queue is the table of jobs itself: one that waits is owned by `QUEUE`. A second queue beside it, of a library that
carries job ids (procrastinate), would have to be kept true to it: who may take a job is decided by the keys that a
worker holds and by the job's own lease, cancellation and end, which stand in its row; and what claims that row under a
lock has no use for another row that points to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from imgforge_mcp.base.types import Job

QUEUE = "queue"
"""The owner of a job that waits for whichever worker claims it first."""


class News(StrEnum):
    """What processes tell each other."""

    OPENED = "opened"
    """A job waits in the queue; about: its route."""
    ENDED = "ended"
    """A job has ended; about: its id."""
    CANCEL = "cancel"
    """Somebody asks for the end of a job; about: its id."""
    LEFT = "left"
    """Jobs were let go that have not ended."""
    STAFF = "staff"
    """A worker has come, or has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One piece of news."""

    news: News
    about: str = ""


Hear = Callable[[Notice | None], None]
"""Told of each notice; of None where one may have been missed, so that whoever waits for any looks for himself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A living process of the registry: a worker, which takes jobs for the `routes` that it holds, `at_once` so many;
    or a door, which takes none."""

    owner: str
    is_worker: bool
    started_at: datetime
    at_once: int = 0
    routes: frozenset[str] = frozenset()
    """Each a provider with the mark of its configuration, as in `NewJob.routes`."""
    host: str = ""
    pid: int = 0
    version: str = ""


class QueueRegistry(Protocol):
    """Jobs that wait, and who is there to take them."""

    async def enlist(self, process: Process) -> None:
        """Say that this process is alive, for another LEASE_SECONDS."""

    async def resign(self) -> None:
        """Say that it is gone, or takes nothing more."""

    async def living(self) -> list[Process]:
        """The processes that are alive, those that came first before the others."""

    async def claim(self, most: int, routes: Sequence[str]) -> list[Job]:
        """Take what has waited longest of the jobs for these routes, at most so many. Lock: the jobs' rows; those that
        another is about to take are passed over."""

    async def put_back(self, job_id: str) -> None:
        """Leave a job that this process has claimed, and that is not for its like, to anybody who can do it."""

    async def cancel_unsent(self, job_id: str) -> bool:
        """Ask for a job's end, whoever has it, unless one of its calls is on record. Lock: the job's row."""

    async def ended_among(self, job_ids: Sequence[str]) -> list[str]: ...

    async def listen(self, hear: Hear) -> None:
        """Tell of what others do until cancelled, however often the database goes away meanwhile."""
