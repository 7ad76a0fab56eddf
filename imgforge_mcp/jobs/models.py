"""Which models there are, who would be asked first, and how each of them is doing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Json, QualityTier
from imgforge_mcp.jobs.planner import Planner
from imgforge_mcp.providers.checks import KeyCheck, KeyChecks
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.listing import Filter, by_tier, capabilities, list_models, page


class Models:
    """The catalogue as this installation can use it."""

    def __init__(self, planner: Planner, providers: ConfiguredProviders, key_checks: KeyChecks, clock: Clock) -> None:
        self._planner = planner
        self._providers = providers
        self._key_checks = key_checks
        self._clock = clock

    @property
    def slugs(self) -> list[str]:
        """Every model that a configured provider has, by slug."""
        return sorted({model.slug for configured in self._providers.values() for model in configured.models})

    def usable(self, names: Iterable[str]) -> set[str]:
        """Those names that stand for a live model of a configured provider."""
        catalog, today = self._planner.router.catalog, self._clock.now().date()
        return {
            name
            for name in names
            if any(m.provider in self._providers and not m.is_retired(today) for m in catalog.find(name))
        }

    async def check_providers(self) -> Mapping[str, KeyCheck]:
        """Whether each configured provider answers and takes its key; free."""
        return await self._key_checks.ask_all()

    async def refresh(self) -> Json:
        """Ask every configured provider which models it offers today, keep what was learnt, and report it."""
        return await self._key_checks.refresh()

    async def listed(self, wanted: Filter, cursor: str | None = None, *, is_paged: bool = True) -> Json:
        """The tiers with their live routing order, and the models (a page of them) with state, price and health.

        Raises:
            InvalidRequest: no such provider or capability.
        """
        await self._planner.refresh()
        router, now = self._planner.router, self._clock.now()
        catalog = router.catalog
        if wanted.provider is not None:
            wanted = replace(wanted, provider=self._provider_name(wanted.provider))
        known = capabilities(catalog.models)
        if wanted.capability is not None and wanted.capability not in known:
            raise InvalidRequest(
                f"There is no such capability; there are {', '.join(known)}.", field="capability", allowed=known
            )
        tiers = [wanted.tier] if wanted.tier else list(QualityTier)
        orders = {tier: await self._order(tier) for tier in tiers}
        entries = list_models(catalog, self._providers, self._planner.health, now, wanted)
        shown, following = page(entries, cursor) if is_paged else (entries, None)
        answer: Json = {"tiers": by_tier(orders, catalog), "models": shown, "total": len(entries)}
        return answer | ({"next_cursor": following} if following else {})

    async def _order(self, tier: QualityTier, limit: int = 3) -> list[Json]:
        """Who would be tried first for a tier now, and why."""
        ranked = await self._planner.order_of_tier(ImageRequest(prompt="-", quality_tier=tier))
        return [{"candidate": candidate.name, "why": candidate.reason} for candidate in ranked[:limit]]

    def _provider_name(self, name: str) -> str:
        known = dict(self._planner.router.known_providers) | {configured: configured for configured in self._providers}
        if name.lower() not in known:
            names = sorted(set(known.values()))
            raise InvalidRequest(
                f"There is no provider of that name; there are {', '.join(names)}.", field="provider", allowed=names
            )
        return known[name.lower()]
