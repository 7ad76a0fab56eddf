"""Candidates for a request, with health as the registry knows it at this moment."""

import math
from collections.abc import Callable, Sequence

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import AllKeysRejected, AllProvidersFailed, AllQuotasUsed, AllRateLimited
from imgforge_mcp.base.looks import Look
from imgforge_mcp.base.types import ImageRequest, Json
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.jobs.preparation import input_sizes
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.routing.health import MEMORY_SECONDS, Health
from imgforge_mcp.routing.router import Limit, Router
from imgforge_mcp.storage.registry.contract import Registry

NAMED = 3
"""How many of those that rest a message names, with the reason."""
PATIENCE = 30.0
"""Seconds that a request waits for the first candidate to come back."""


class Planner:
    """Keeps the health figures of all processes on this machine up to date, by the attempts that ended."""

    def __init__(self, router: Router, registry: Registry, clock: Clock, config: Config) -> None:
        self.router = router
        self.health = Health()
        self._registry = registry
        self._clock = clock
        self._config = config
        self.refresh = Look(self._learn)
        """Learn what has become of calls since; whoever plans at the same time learns it with it."""

    async def _learn(self) -> None:
        oldest = self._clock.now().timestamp() - MEMORY_SECONDS
        self.health.learn(await self._registry.jobs.outcomes_since(self.health.latest, oldest))

    async def candidates(self, request: ImageRequest) -> list[Candidate]:
        """Best first, those that rest last. Raises what Router.rank raises."""
        await self.refresh()
        return self.router.rank(
            request,
            self.health,
            self._clock.now(),
            limit=self.limit(request),
            input_sizes=await input_sizes(self._registry, request),
        )

    async def order_of_tier(
        self, request: ImageRequest, is_wanted: Callable[[ModelSpec], bool] = lambda _: True
    ) -> list[Candidate]:
        """Who would be asked for a request of a tier now, whatever it costs; empty where nobody can."""
        return self.router.order_of_tier(request, self.health, self._clock.now(), is_wanted)

    def limit(self, request: ImageRequest) -> Limit | None:
        """The smaller of the request's own cap and the configured one; an infinite one where only budgets are set."""
        caps = (
            (request.max_cost_usd, "max_cost_usd"),
            (self._config.max_cost_usd, "IMGFORGE_MAX_COST_USD"),
        )
        limits = [Limit(usd=usd, name=name) for usd, name in caps if usd is not None]
        budgets = (self._config.daily_budget_usd, self._config.monthly_budget_usd)
        if any(budget is not None for budget in budgets):
            limits.append(Limit(usd=math.inf, name="the spend budget"))
        return min(limits, key=lambda limit: limit.usd, default=None)

    def max_cost(self, request: ImageRequest) -> float | None:
        """The cap on one request in US dollars."""
        limit = self.limit(request)
        return None if limit is None or math.isinf(limit.usd) else limit.usd


def nearest_rest(candidates: Sequence[Candidate]) -> float:
    """Seconds until the first of them may be tried; 0 when one may be now."""
    return min((candidate.vitals.rest for candidate in candidates), default=0.0)


def all_resting(candidates: Sequence[Candidate]) -> AllProvidersFailed:
    """Why nobody can be tried now, and when somebody can."""
    seconds = nearest_rest(candidates)
    reasons = {candidate.vitals.reason for candidate in candidates}
    details: Json = {"candidates": [{"candidate": c.name, "reason": c.reason} for c in candidates[:10]]}
    if reasons == {"auth"}:
        names = sorted({candidate.provider for candidate in candidates})
        return AllKeysRejected(
            f"The key was rejected by {', '.join(names)}; check the key, then run 'imgforge-mcp doctor'.", **details
        )
    named = "; ".join(f"{candidate.name}: {candidate.vitals.why_shut}" for candidate in candidates[:NAMED])
    more = f"; and {len(candidates) - NAMED} more" if len(candidates) > NAMED else ""
    when = f"the earliest may be tried again in {max(1, round(seconds))} s, nothing was sent ({named}{more})"
    if reasons == {"quota_exceeded"}:
        return AllQuotasUsed(
            f"The quota of every provider that can do this is used up; {when}.", retry_after=seconds, **details
        )
    return AllRateLimited(f"Every provider that can do this is cooling down; {when}.", retry_after=seconds, **details)
