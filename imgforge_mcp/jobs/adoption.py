"""Which abandoned jobs this process may take up: only those that it can do as whoever recorded them would have."""

from datetime import timedelta

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Job
from imgforge_mcp.jobs.planner import Planner
from imgforge_mcp.providers.configured import ConfiguredProviders

GRACE = timedelta(minutes=1)
"""How long after its deadline an abandoned job waits for somebody who can do it; then anybody may record its end."""
PAID_GRACE = timedelta(hours=1)
"""The same for a job with work that a provider had accepted: whoever holds that provider's key can still fetch it."""


class Adoption:
    """Judges by keys and configuration; the lease is the registry's matter."""

    def __init__(self, planner: Planner, providers: ConfiguredProviders, clock: Clock) -> None:
        self._planner = planner
        self._providers = providers
        self._clock = clock

    async def takes(self, job: Job) -> bool:
        """Whether the job is for this process: work that a provider accepted for whoever holds the same key, anything
        else for whoever would have asked the same provider first; long after its deadline, for anybody."""
        if self._clock.now() > job.deadline + last_call(job):
            return True
        if job.accepted_work:
            return all(self._providers.holds(attempt.provider, attempt.settings) for attempt in job.accepted_work)
        try:
            ranked = await self._planner.candidates(job.request)
        except ForgeError:
            return False
        return not job.routes or job.routes[0] in {candidate.route for candidate in ranked}


def last_call(job: Job) -> timedelta:
    """How long after its deadline the job is left to those who can do it."""
    return PAID_GRACE if job.accepted_work else GRACE
