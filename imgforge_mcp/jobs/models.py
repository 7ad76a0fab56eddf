"""Which models there are, who would be asked first, and how each of them is doing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import InvalidModel, InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Json, QualityTier
from imgforge_mcp.jobs.planner import Planner
from imgforge_mcp.providers.checks import KeyCheck, KeyChecks
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.listing import (
    CAPABILITIES,
    NEEDS,
    Filter,
    Offer,
    elsewhere,
    entry,
    line,
    offered,
    page,
    tier_json,
    tier_line,
)
from imgforge_mcp.providers.neighbours import Neighbours
from imgforge_mcp.routing.candidates import Candidate


class Models:
    """The catalogue as this installation can use it."""

    def __init__(
        self,
        planner: Planner,
        providers: ConfiguredProviders,
        key_checks: KeyChecks,
        neighbours: Neighbours,
        clock: Clock,
    ) -> None:
        self._planner = planner
        self._providers = providers
        self._key_checks = key_checks
        self._neighbours = neighbours
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

    async def servers_here(self) -> list[tuple[str, str]]:
        """Image servers that run on this machine and are not used: what each is, and the line that turns it on."""
        return await self._neighbours.found(c.settings.base_url for c in self._providers.values())

    async def refresh(self) -> Json:
        """Ask every configured provider which models it offers today, keep what was learnt, and report it."""
        return await self._key_checks.refresh()

    async def listed(self, wanted: Filter, cursor: str | None = None, *, is_paged: bool = True) -> Json:
        """What can be used now: in short one line a model and a tier, in full each tier's live routing order and the
        models (a page of them) with state, price and health.

        Raises:
            InvalidRequest: no such provider or capability.
            InvalidModel: no such model.
        """
        await self._planner.refresh()
        wanted = self._known(wanted)
        catalog, now = self._planner.router.catalog, self._clock.now()
        groups = offered(catalog, self._providers, self._planner.health, now, wanted)
        tiers = [wanted.tier] if wanted.tier else [] if wanted.model else list(QualityTier)
        orders = {tier: await self._order(tier, wanted) for tier in tiers}
        if not (wanted.is_full or wanted.model):
            return {
                "message": self._account(wanted, groups),
                "tiers": [tier_line(tier, order) for tier, order in orders.items()],
                "models": [line(offers) for offers in groups],
                "total": len(groups),
            }
        entries = [entry(offers, catalog) for offers in groups]
        shown, following = page(entries, cursor) if is_paged else (entries, None)
        answer: Json = {
            "tiers": [tier_json(tier, order, catalog) for tier, order in orders.items()],
            "models": shown,
            "total": len(entries),
        }
        return answer | ({"next_cursor": following} if following else {})

    def _known(self, wanted: Filter) -> Filter:
        """The same with the provider's own name. Raises InvalidRequest, InvalidModel."""
        if wanted.capability is not None and wanted.capability not in CAPABILITIES:
            allowed = ", ".join(CAPABILITIES)
            raise InvalidRequest(
                f"There is no such capability; there are {allowed}.", field="capability", allowed=list(CAPABILITIES)
            )
        catalog = self._planner.router.catalog
        if wanted.model is not None:
            wanted = replace(wanted, model=self._planner.router.in_own_words(wanted.model))
        if wanted.model is not None and not catalog.find(wanted.model):
            nearest = catalog.nearest(wanted.model)
            hint = f"the nearest are {', '.join(nearest)}" if nearest else "leave model out to see those that there are"
            raise InvalidModel(f"There is no model of that name; {hint}.", field="model", nearest=nearest)
        if wanted.provider is None:
            return wanted
        return replace(wanted, provider=self._provider_name(wanted.provider))

    def _account(self, wanted: Filter, groups: Sequence[Sequence[Offer]]) -> str:
        """What the list is, and what to do where it is empty."""
        if not groups:
            names = elsewhere(self._planner.router.catalog.models, wanted, self._clock.now())
            hints = [self._planner.router.key_hints[name] for name in names if name in self._planner.router.key_hints]
            can = f" To have one: {' or '.join(hints[:3])}." if hints else ""
            return f"No model that can be used now fits.{can} available_only false shows all that are known."
        order = f", the fittest for {wanted.purpose} first" if wanted.purpose else ""
        source = self._planner.router.catalog.fitness_sources.get(wanted.purpose or "", "")
        return (
            f"{len(groups)} models can be used now{order}{f' ({source})' if source else ''}; a price is that of one "
            "image at quality_tier standard. Name one as model to see all about it."
        )

    async def _order(self, tier: QualityTier, wanted: Filter) -> list[Candidate]:
        """Who would be asked for a tier now, of those that fit."""
        needed = {wanted.capability, NEEDS.get(wanted.purpose or "")}
        pictures = ["-"] if needed & {"edit", "inpaint", "references"} else None
        request = ImageRequest(
            prompt="-",
            quality_tier=tier,
            provider=wanted.provider,
            input_images=pictures,
            is_edit="edit" in needed,
            mask="-" if "inpaint" in needed else None,
        )
        return await self._planner.order_of_tier(request, wanted.fits)

    def _provider_name(self, name: str) -> str:
        router = self._planner.router
        known = router.provider_named(name)
        if known is None:
            names = sorted({*router.known_providers.values(), *self._providers})
            raise InvalidRequest(
                f"There is no provider of that name; there are {', '.join(names)}.", field="provider", allowed=names
            )
        return known
