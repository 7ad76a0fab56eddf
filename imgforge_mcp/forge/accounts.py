"""What was spent, and what is left."""

from datetime import datetime

from imgforge_mcp.base.clock import day_start
from imgforge_mcp.base.types import Caller, Json
from imgforge_mcp.forge.parts import Parts
from imgforge_mcp.jobs import usage


class AccountCases(Parts):
    """What can be asked of the books."""

    async def usage(self, period: str, project_id: str | None, caller: Caller) -> Json:
        """Images and cost of a period (`day`, `month` or `all`, by UTC), what is left of the budgets, and of the user's
        own daily limits. A tenant is told of its own alone."""
        now = self._clock.now()
        since = usage.start_of(period, now)
        tenant = None if caller.sees_all else caller.tenant
        sums = await self._registry.jobs.usage(since.date(), project_id, tenant)
        standing = await self._own_standing(caller, now) if tenant is not None else await self._whole_standing(now)
        return {"period": period, "since": since.isoformat(), **usage.summary(sums), **standing}

    async def _own_standing(self, caller: Caller, now: datetime) -> Json:
        month = await self._registry.jobs.usage(usage.start_of("month", now).date(), None, caller.tenant)
        spent = sum(line.cost_usd for line in month if line.kind == "total")
        caps = {"monthly": caller.allowance.budget_usd_month}
        return {"budgets": usage.budgets(caps, {"monthly": spent}), "quotas": {}}

    async def _whole_standing(self, now: datetime) -> Json:
        day, month = await self._registry.jobs.committed()
        caps = {"daily": self.config.daily_budget_usd, "monthly": self.config.monthly_budget_usd}
        quotas = {}
        for name, configured in self._providers.items():
            if (most := configured.settings.limits.per_day) is not None:
                midnight = day_start(now, configured.settings.limits.reset_timezone)
                used = await self._registry.jobs.calls_since(name, midnight)
                quotas[name] = {"calls_a_day": most, "used": used, "left": max(0, most - used)}
        return {"budgets": usage.budgets(caps, {"daily": day, "monthly": month}), "quotas": quotas}

    async def usage_drift(self) -> list[Json]:
        """Where the sums that `usage` shows are not what the attempts add up to; none, if all is well."""
        return await self._registry.jobs.usage_drift()
