"""Which candidates can do what was asked, best first, and why. Pure: it is told health, time and configuration.

Order: tier before the user's own order before the index, the classical cost over success for trials in sequence:
[p·price + (1−p)·waste + w·(p·L_ok + (1−p)·L_fail)] / p.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from imgforge_mcp.base.errors import (
    BudgetExceeded,
    ForgeError,
    InvalidModel,
    InvalidRequest,
    ModelRetired,
    NoImageProvider,
    Unsupported,
)
from imgforge_mcp.base.types import ImageRequest, QualityTier
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.routing.candidates import Candidate, Entry
from imgforge_mcp.routing.fitting import dropped_settings, fit
from imgforge_mcp.routing.health import Health, Vitals

WASTE = 0.2
UNKNOWN_PRICE = 0.05
"""What an unlisted price counts as in the index, in US dollars; it is never shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """The configured providers, the catalogue, and what the user said about order, money and waiting."""

    catalog: Catalog
    entries: tuple[Entry, ...]
    order: tuple[str, ...] = ()
    wait_value: float = 0.0005
    local_fallback: bool = False
    known_providers: Mapping[str, str] = field(default_factory=dict)
    """Every provider this program has, by name and alias: its own name. For messages about one that has no key."""
    vanished: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Model ids by provider that its own list no longer holds: no tier leads to them, their name still does."""
    key_hints: Mapping[str, str] = field(default_factory=dict)
    """How to configure each provider, by name."""

    def rank(
        self, request: ImageRequest, health: Health, now: datetime, *, max_cost_usd: float | None, priced_only: bool
    ) -> list[Candidate]:
        """Every candidate that can do what was asked, best first, those that rest last.

        Raises:
            InvalidModel, ModelRetired, Unsupported, BudgetExceeded, NoImageProvider, InvalidRequest: none can; why.
        """
        models = self._named(request, now) if request.model else self._of_tier(request, now)
        models = self._able(request, models)
        candidates = [self._candidate(entry, model, request, health, now) for entry, model in models]
        affordable = [c for c in candidates if _is_affordable(c, max_cost_usd, priced_only)]
        if candidates and not affordable:
            raise _too_dear(candidates, max_cost_usd)
        return sorted(affordable, key=lambda c: (c.vitals.rest > 0, c.rank, self._place(c.provider), c.index))

    def entry(self, name: str) -> Entry | None:
        lowered = name.lower()
        return next((e for e in self.entries if lowered == e.name or lowered in e.aliases), None)

    def order_of_tier(self, tier: QualityTier, health: Health, now: datetime) -> list[Candidate]:
        """The live routing order of a tier, for list_models."""
        request = ImageRequest(prompt="-", quality_tier=tier)
        pairs = self._of_tier(request, now)
        candidates = [self._candidate(entry, model, request, health, now) for entry, model in pairs]
        return sorted(candidates, key=lambda c: (c.vitals.rest > 0, c.rank, self._place(c.provider), c.index))

    # Which models are meant ---------------------------------------------------------------------------------------

    def _named(self, request: ImageRequest, now: datetime) -> list[tuple[Entry, ModelSpec]]:
        assert request.model is not None
        specs = self.catalog.find(request.model)
        if not specs:
            nearest = self.catalog.nearest(request.model)
            hint = f"the nearest are {', '.join(nearest)}" if nearest else "list_models shows those that there are"
            raise InvalidModel(
                f"There is no model of that name; {hint}.",
                field="model",
                nearest=nearest,
            )
        live = [spec for spec in specs if not spec.is_retired(now.date())]
        if not live:
            raise _retired(specs[0])
        pairs = [(e, spec) for spec in live if (e := self._allowed(request, spec.provider)) is not None]
        if not pairs:
            names = sorted({spec.provider for spec in live})
            raise NoImageProvider(
                f"No configured provider carries {live[0].slug}; "
                + " or ".join(self.key_hints.get(name, f"configure {name}") for name in names[:3])
                + ".",
                model=live[0].slug,
                carried_by=names,
            )
        return pairs

    def _of_tier(self, request: ImageRequest, now: datetime) -> list[tuple[Entry, ModelSpec]]:
        pinned = self._pinned(request)
        entries = [pinned] if pinned else [e for e in self.entries if not e.is_local]
        if not entries or (self.local_fallback and not pinned):
            entries += [e for e in self.entries if e.is_local]
        live = [(e, m) for e in entries for m in e.models if not m.is_retired(now.date())]
        pairs = [(e, m) for e, m in live if m.model_id not in self.vanished.get(e.name, frozenset())]
        if not pairs:
            raise NoImageProvider("No image provider is configured; set a provider's key, such as TOGETHER_API_KEY.")
        return pairs

    def _allowed(self, request: ImageRequest, provider: str) -> Entry | None:
        pinned = self._pinned(request)
        if pinned is not None:
            return pinned if pinned.name == provider else None
        return next((e for e in self.entries if e.name == provider), None)

    def _pinned(self, request: ImageRequest) -> Entry | None:
        if request.provider is None or request.provider.lower() == "auto":
            return None
        entry = self.entry(request.provider)
        if entry is not None:
            return entry
        known = self.known_providers.get(request.provider.lower())
        if known is not None:
            raise NoImageProvider(
                f"The provider {known} is not configured; {self.key_hints.get(known, 'see the README')}.",
                provider=known,
            )
        names = sorted(set(self.known_providers.values()) | {e.name for e in self.entries})
        raise InvalidRequest(
            f"There is no provider of that name; there are {', '.join(names)}.",
            field="provider",
            value=request.provider,
            allowed=names,
        )

    # Which of them can ----------------------------------------------------------------------------------------------

    def _able(self, request: ImageRequest, pairs: list[tuple[Entry, ModelSpec]]) -> list[tuple[Entry, ModelSpec]]:
        able = [(e, m) for e, m in pairs if _can(m, request) and (request.model or "vector" not in m.capabilities)]
        if able:
            return able
        others = sorted({m.slug for e in self.entries for m in e.models if _can(m, request)})
        hint = f"; these can: {', '.join(others[:12])}" if others else "; no configured model can"
        asked = "The model asked for" if request.model else "What this would be routed to"
        raise Unsupported(f"{asked} cannot {_task(request)}{hint}.", field="model", able=others)

    def _candidate(
        self, entry: Entry, model: ModelSpec, request: ImageRequest, health: Health, now: datetime
    ) -> Candidate:
        tier = request.quality_tier
        rank, warning = (0, None) if request.model else self._rank(entry, model, tier)
        vitals = health.vitals(entry.name, model.slug, entry.settings_hash, model.latency, now.timestamp())
        call = fit(request, model, prompt=request.prompt, tier=tier, n=request.n)
        each = replace(call, n=request.n).listed_cost()
        index = _index(vitals, UNKNOWN_PRICE * request.n if each is None else each, self.wait_value)
        return Candidate(
            model=model,
            provider=entry.name,
            settings_hash=entry.settings_hash,
            rank=rank * 10 + dropped_settings(request, model),
            index=index,
            reason=_reason(vitals, each, warning),
            vitals=vitals,
            price_usd=each,
            warnings=(warning,) if warning else (),
            is_local=entry.is_local,
        )

    def _rank(self, entry: Entry, model: ModelSpec, tier: QualityTier) -> tuple[int, str | None]:
        """How far a model is from a tier: its place in the tier's groups, else a lower tier's, at last a higher
        one's."""
        own = self.catalog.tiers[tier].rank(model.slug)
        if own is not None:
            return own, None
        below = [t for t in reversed(QualityTier) if t.rank < tier.rank]
        above = [t for t in QualityTier if t.rank > tier.rank]
        for distance, other in enumerate([*below, *above], 1):
            place = self.catalog.tiers[other].rank(model.slug)
            if place is not None:
                side = "lower" if other in below else "higher"
                return 100 * distance + place, f"Served from the {side} tier {other.value}: {model.name}."
        if entry.is_local:
            return 10_000, None
        return 1_000, f"{model.name} belongs to no tier; it was the only model that could."

    def _place(self, provider: str) -> int:
        return self.order.index(provider) if provider in self.order else len(self.order)


def _can(model: ModelSpec, request: ImageRequest) -> bool:
    inputs = len(request.input_images or ())
    if request.strength is not None and "strength" not in model.accepts:
        return False
    if request.mask is not None:
        return "inpaint" in model.capabilities and model.max_inputs >= inputs
    if request.is_edit:
        return "edit" in model.capabilities and model.max_inputs >= inputs
    return model.max_inputs >= inputs if inputs else "text_to_image" in model.capabilities


def _task(request: ImageRequest) -> str:
    """What was asked for, as part of a sentence."""
    inputs = len(request.input_images or ())
    strength = "" if request.strength is None else " with a strength"
    if request.mask is not None:
        return f"change an image inside a mask{strength}"
    if request.is_edit:
        return f"edit an image{strength}" if inputs == 1 else f"edit an image by {inputs - 1} further ones{strength}"
    return f"take {inputs} input image{'s' if inputs > 1 else ''}" if inputs else "make an image from text alone"


def _index(vitals: Vitals, price: float, wait_value: float) -> float:
    p = vitals.success
    waiting = wait_value * (p * vitals.latency + (1 - p) * vitals.latency_fail)
    return (p * price + (1 - p) * WASTE * price + waiting) / p


def _reason(vitals: Vitals, price: float | None, warning: str | None) -> str:
    cost = "price not listed" if price is None else "free" if price == 0 else f"${price:.4g}"
    parts = [cost, f"{vitals.success:.0%} success", f"{vitals.latency:.0f} s"]
    if vitals.rest > 0:
        parts.append(f"{vitals.reason}, may be tried in {vitals.rest:.0f} s")
    if warning:
        parts.append(warning.split(":")[0].lower())
    return ", ".join(parts)


def _is_affordable(candidate: Candidate, max_cost_usd: float | None, priced_only: bool) -> bool:
    if candidate.price_usd is None:
        return not priced_only
    return max_cost_usd is None or candidate.price_usd <= max_cost_usd + 1e-9


def _too_dear(candidates: Sequence[Candidate], max_cost_usd: float | None) -> ForgeError:
    prices = sorted(c.price_usd for c in candidates if c.price_usd is not None)
    if not prices:
        return BudgetExceeded(
            "A spend cap is set and no model that can do this has a listed price; name one with a price, "
            "or give it a price in the configuration file."
        )
    limit = "the spend caps" if max_cost_usd is None else f"the limit of ${max_cost_usd:.4g}"
    return BudgetExceeded(
        f"The cheapest model that can do this is listed at ${prices[0]:.4g}, above {limit}; nothing was sent. "
        "Raise max_cost_usd (IMGFORGE_MAX_COST_USD) or ask for a lower tier.",
        cheapest_usd=prices[0],
        max_cost_usd=max_cost_usd,
    )


def _retired(spec: ModelSpec) -> ModelRetired:
    successor = f" Use {spec.successor} instead." if spec.successor else " Choose another from list_models."
    return ModelRetired(
        f"{spec.name} was withdrawn by {spec.provider} on {spec.retired}.{successor}",
        model=spec.slug,
        successor=spec.successor,
        retired=str(spec.retired),
    )
