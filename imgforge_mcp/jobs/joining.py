"""Which job a repeated call joins instead of buying another: one that is equal in every field, of the same caller with
the same keys, whose own call was cut off."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from imgforge_mcp.base.types import ImageRequest

JOIN_SECONDS = 600.0
"""How long after its end a job may still be joined."""
SILENCE_SECONDS = 3.0
"""How long a call must have waited before an equal one of the same client means that it was given up without a word, as
the Python SDK does (1.x: `read_timeout_seconds`; openai-agents and ADK after 5 s). Calls that are meant to be two come
together."""


def equal_calls(request: ImageRequest, settings: Iterable[str]) -> str:
    """What two calls have in common that may join: every field but how the answer is awaited, references by their
    content; and the configuration of every provider, for another key is another customer."""
    said = request.model_dump(exclude={"sync", "confirm_cost_usd"})
    text = json.dumps([said, sorted(settings)], sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class Listener:
    """A call that waits for its answer, since when (seconds), and how long an equal one before it had waited."""

    digest: str
    job_id: str
    since: float
    patience: float | None = None


class Listeners:
    """The waiting calls of this process's one client, by what equal calls have in common."""

    def __init__(self) -> None:
        self._latest: dict[str, Listener] = {}
        self._waiting: Counter[str] = Counter()
        self._leaving: dict[str, set[anyio.Event]] = {}

    def left(self, digest: str, now: float) -> str | None:
        """The job of an equal call that has waited so long that a new one means it was given up."""
        before = self._latest.get(digest)
        return before.job_id if before is not None and now - before.since >= SILENCE_SECONDS else None

    def listens(self, digest: str, job_id: str, now: float) -> Listener:
        """A call begins to wait."""
        self._waiting[job_id] += 1
        before = self._latest.get(digest)
        patience = now - before.since if before is not None and before.job_id == job_id else None
        self._latest[digest] = listener = Listener(digest=digest, job_id=job_id, since=now, patience=patience)
        return listener

    def ends(self, listener: Listener, now: float) -> bool:
        """A call has its answer; whether it waited longer than the last one did, so that nobody may have heard it."""
        self._waiting -= Counter((listener.job_id,))
        if self._latest.get(listener.digest) is not listener:
            return False
        del self._latest[listener.digest]
        return listener.patience is not None and now - listener.since >= listener.patience

    def awaits(self, job_id: str) -> bool:
        """Whether a call waits for the job, as two may that have one idempotency key."""
        return job_id in self._waiting

    @contextmanager
    def leaving(self, digests: Iterable[str]) -> Iterator[None]:
        """While it goes on record that calls were cut off, which may take a worker's answer."""
        gone = anyio.Event()
        left = set(digests)
        for digest in left:
            self._leaving.setdefault(digest, set()).add(gone)
        try:
            yield
        finally:
            gone.set()
            for digest in left:
                self._leaving[digest].remove(gone)
                if not self._leaving[digest]:
                    del self._leaving[digest]

    async def all_left(self, digest: str) -> None:
        """Return when every equal call that was cut off by now is on record as such."""
        for gone in tuple(self._leaving.get(digest, ())):
            await gone.wait()
