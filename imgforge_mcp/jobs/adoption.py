"""Which abandoned jobs this process may take up: only those that it can do as whoever recorded them would have."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Job
from imgforge_mcp.jobs.planner import Planner
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.routing.candidates import Candidate

GRACE = timedelta(minutes=1)
"""How long after its deadline an abandoned job waits for somebody who can do it; then anybody may record its end."""
PAID_GRACE = timedelta(hours=1)
"""The same for a job with work that a provider had accepted: whoever holds that provider's key can still fetch it."""


class Adoption:
    """Judges by keys and configuration; the lease is the registry's matter."""

    def __init__(
        self,
        planner: Planner,
        providers: ConfiguredProviders,
        clock: Clock,
        *,
        is_last_resort: bool = False,
        claims: Collection[str] = (),
    ) -> None:
        self.is_last_resort = is_last_resort
        """Whether it leaves to a living worker whatever that could take."""
        self.claims = claims
        """For which routes this process claims what waits, as much as it has room for."""
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
        return await self.ranked(job) is not None

    async def ranked(self, job: Job) -> Sequence[Candidate] | None:
        """Whom to ask for a job that no provider has accepted, if whoever recorded it would have asked the first of
        them too."""
        try:
            ranked = await self._planner.candidates(job.request)
        except ForgeError:
            return None
        if job.routes and job.routes[0] not in {candidate.route for candidate in ranked}:
            return None
        return [candidate for candidate in ranked if not job.routes or candidate.route in job.routes]


def last_call(job: Job) -> timedelta:
    """How long after its deadline the job is left to those who can do it."""
    return PAID_GRACE if job.accepted_work else GRACE
