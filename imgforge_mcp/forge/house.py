"""What whoever looks after the server asks: storage, workers, figures, webhooks."""

from collections.abc import Sequence
from datetime import datetime

import anyio.to_thread

from imgforge_mcp.base.types import Json, Outcome
from imgforge_mcp.forge.parts import Parts
from imgforge_mcp.jobs.detached.place import living
from imgforge_mcp.storage.registry.contract import Figures
from imgforge_mcp.storage.registry.outbox import Webhook


class HouseCases(Parts):
    """What can be asked of the house itself."""

    async def check_storage(self) -> None:
        """Raises StorageError: the registry or the store cannot be used."""
        await self._registry.jobs.committed()
        await self._pictures.check_writable()

    async def migrate(self) -> list[str]:
        """Bring the registry's tables up to date; the names of what was missing. Raises StorageError."""
        return await self._registry.migrate()

    async def workers(self) -> list[Json]:
        """The workers of this home, and those of the registry on any machine, that are alive: process, version, since
        when, and the jobs that each has."""
        found = []
        for station in await anyio.to_thread.run_sync(living, self.config.home):
            job_ids = await self._registry.jobs.held_by(station.owner)
            about = {"pid": station.pid, "version": station.version, "started_at": station.started_at}
            found.append({**about, "jobs": job_ids})
        for each in await self._registry.queue.living():
            if each.is_worker:
                job_ids = await self._registry.jobs.held_by(each.owner)
                about = {"pid": each.pid, "host": each.host, "version": each.version, "at_once": each.at_once}
                started_at = each.started_at.isoformat(timespec="seconds")
                found.append({**about, "started_at": started_at, "jobs": job_ids})
        return found

    async def store_bytes(self) -> int:
        """Bytes of all stored images."""
        return await self._pictures.total_bytes()

    async def figures(self) -> Figures:
        """How it stands with all jobs and calls on record; for who looks after the server."""
        return await self._registry.jobs.figures()

    async def outcomes_since(self, after: int, oldest: datetime) -> Sequence[Outcome]:
        """The ends of upstream calls that became known after the one of that number, in that order; none that ended
        before `oldest`."""
        return await self._registry.jobs.outcomes_since(after, oldest.timestamp())

    async def webhooks(self, limit: int) -> list[Webhook]:
        """Who is or was to be told of a job's end, the newest jobs' first."""
        return await self._webhooks.recent(limit)

    async def replay_webhook(self, webhook_id: str) -> Webhook:
        """Deliver a webhook now, whatever became of it before; how it went. Raises NotFound."""
        return await self._webhooks.replay(webhook_id)
