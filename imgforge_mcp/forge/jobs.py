"""Making pictures: submit, wait, look, cancel, one by one or in batches."""

from collections.abc import Sequence

from imgforge_mcp.base.errors import ForgeError, require
from imgforge_mcp.base.types import Caller, ImageRequest, Job, Json
from imgforge_mcp.forge.parts import Parts
from imgforge_mcp.jobs.service import OnProgress
from imgforge_mcp.storage.registry.contract import ANY, Wanted


class JobCases(Parts):
    """What can be done with jobs."""

    async def submit(self, request: ImageRequest, caller: Caller, *, request_id: str | None = None) -> Job:
        """Record a job and start it; with an idempotency key that is known: the job that has it.

        Raises:
            RequestError: nothing was recorded and nothing will be spent.
            NoImageProvider, AllRateLimited: likewise.
        """
        require(caller.scopes, "generate")
        return await self._jobs.submit(request, caller, request_id=request_id)

    async def generate(
        self,
        request: ImageRequest,
        caller: Caller,
        request_id: str | None = None,
        on_progress: OnProgress | None = None,
        *,
        wait_seconds: float | None = None,
    ) -> Job:
        """Submit, and wait so long, by default as long as a client of MCP may be kept waiting. Raises what `submit`
        raises."""
        require(caller.scopes, "generate")
        return await self._jobs.generate(request, caller, request_id, on_progress, wait_seconds)

    async def quote(self, request: ImageRequest, caller: Caller) -> tuple[float, str]:
        """What the request would cost at list prices (US dollars), and from whom. Raises what `submit` raises."""
        return await self._jobs.quote(request, caller)

    async def wait(self, job_id: str, seconds: float, on_progress: OnProgress | None = None) -> Job:
        """The job when it has ended, or as it stands after `seconds`."""
        return await self._jobs.wait(job_id, seconds, on_progress)

    async def job(
        self, job_id: str, caller: Caller, wait_seconds: float = 0.0, on_progress: OnProgress | None = None
    ) -> Job:
        """Any job of the registry, whichever process made it; waits for its end at most `wait_seconds`.

        Raises:
            NotFound: no such job, or not this caller's.
        """
        return await self._jobs.job(job_id, caller, wait_seconds, on_progress)

    async def recent_jobs(
        self, limit: int, caller: Caller, *, wanted: Wanted = ANY, before: str | None = None
    ) -> list[Job]:
        """The newest first; with `before`, a job's id, those older than it."""
        return await self._jobs.recent_jobs(limit, caller, wanted, before)

    async def cancel(self, job_id: str, caller: Caller) -> tuple[Job, bool]:
        """Ask for a job's end; the job, and whether it had ended before. Raises NotFound."""
        require(caller.scopes, "generate")
        return await self._jobs.cancel(job_id, caller)

    async def submit_batch(self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str) -> str:
        """Each request as a job of its own under one batch id; one that is refused, or was when it was read, does not
        stop the others."""
        require(caller.scopes, "generate")
        return await self._jobs.submit_batch(requests, caller, request_id)

    async def generate_batch(
        self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str, wait_seconds: float
    ) -> tuple[str, list[Job | Json]]:
        """Submit a batch and wait for it: its id, and what became of each item so far."""
        require(caller.scopes, "generate")
        return await self._jobs.generate_batch(requests, caller, request_id, wait_seconds)

    async def cancel_all(self, caller: Caller) -> tuple[list[Job], list[Job]]:
        """Ask for the end of everything of the caller's that has not ended: the jobs that have ended with that, and
        those that cannot be called off and go on."""
        return await self._jobs.cancel_all(caller)

    async def batch(self, batch_id: str, caller: Caller, wait_seconds: float = 0.0) -> list[Job | Json]:
        """What became of each item of a batch, in their order: its job, or the error that stood in its way.

        Raises:
            NotFound: no such batch, or not this caller's.
        """
        return await self._jobs.batch(batch_id, caller, wait_seconds)

    async def job_of_key(self, request: ImageRequest, caller: Caller) -> Job | None:
        """The job that a request's idempotency key stands for already. Raises IdempotencyConflict."""
        return await self._jobs.of_key(request, caller)
