"""What list_models answers: one line a model that can be used now, or each with its offers in full. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Json, QualityTier
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.contract import ModelSpec, Sizing
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.routing.fitting import CLASS_SIDES
from imgforge_mcp.routing.health import Health, Vitals
from imgforge_mcp.routing.pricing import Quote, dollars, usual

PAGE = 50
PAGE_BYTES = 15_000
"""What a page's models may come to as JSON: with tiers and envelope a page stays below 20 KB for a model to read."""
STATES = ("available", "cooling_down", "quota_exhausted", "no_key", "retired")
"""Best first: a slug that several providers carry has the best of their states."""
ALSO = 3
"""How many further providers a line names."""

Purpose = Literal["text", "photo", "logo", "edit", "transparent", "vector", "upscale", "cheap", "fast"]
NEEDS: Mapping[str, str] = {
    "text": "text_to_image",
    "photo": "text_to_image",
    "logo": "text_to_image",
    "edit": "edit",
    "transparent": "transparent",
    "vector": "vector",
    "upscale": "upscale",
    "cheap": "text_to_image",
    "fast": "text_to_image",
}
"""What a model must be able to do to be of use for a purpose."""
CAPABILITIES = (
    *("text_to_image", "edit", "inpaint", "references", "by_reference", "transparent", "vector", "text_rendering"),
    *("upscale", "remove_background", "vectorize", "extend", "crop", "resize", "convert"),
    *("seed", "negative_prompt", "steps", "style", "output_format", "strength"),
)
"""What `capability` may be, whether a model has it or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which models are asked for, for which purpose, and in which form."""

    tier: QualityTier | None = None
    provider: str | None = None
    capability: str | None = None
    available_only: bool = True
    purpose: Purpose | None = None
    model: str | None = None
    is_full: bool = True

    def fits(self, spec: ModelSpec) -> bool:
        """Whether a row has the capability, serves the purpose and is the provider's; whatever its tier."""
        if self.provider is not None and spec.provider != self.provider:
            return False
        able = able_to(spec)
        needed = {need for need in (self.capability, NEEDS.get(self.purpose or "")) if need}
        return needed <= able


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model at one provider, as it stands now."""

    spec: ModelSpec
    state: str
    vitals: Vitals | None
    quote: Quote

    @property
    def order(self) -> tuple[int, float, bool]:
        return STATES.index(self.state), self.quote.usd, self.quote.is_bound


def able_to(spec: ModelSpec) -> frozenset[str]:
    """Everything of CAPABILITIES that the row has."""
    return spec.capabilities | spec.accepts | ({"references"} if spec.max_inputs else set())


def offered(
    catalog: Catalog, providers: ConfiguredProviders, health: Health, now: datetime, wanted: Filter
) -> list[list[Offer]]:
    """The offers of every model that fits, by slug, the best offer first: as usual in the order of the tiers, or the
    fittest for the purpose first."""
    by_slug: dict[str, list[Offer]] = {}
    named = {spec.name_in_full for spec in catalog.find(wanted.model)} if wanted.model else None
    for spec in catalog.models:
        if named is not None and spec.name_in_full not in named:
            continue
        if not wanted.fits(spec) or (wanted.tier and catalog.tiers[wanted.tier].rank(spec.slug) is None):
            continue
        by_slug.setdefault(spec.slug, []).append(_offer(spec, providers, health, now))
    groups = [sorted(offers, key=lambda offer: offer.order) for offers in by_slug.values()]
    if wanted.available_only and named is None:
        groups = [[o for o in offers if o.state not in ("no_key", "retired")] for offers in groups]
    return sorted((offers for offers in groups if offers), key=lambda offers: _place(offers, catalog, wanted.purpose))


def _offer(spec: ModelSpec, providers: ConfiguredProviders, health: Health, now: datetime) -> Offer:
    configured = providers.get(spec.provider)
    vitals = None
    if configured is not None:
        vitals = health.vitals(spec.provider, spec.slug, configured.settings_hash, spec.latency, now.timestamp())
    return Offer(spec=spec, state=_state(spec, vitals, now), vitals=vitals, quote=usual(spec))


def _state(spec: ModelSpec, vitals: Vitals | None, now: datetime) -> str:
    if spec.is_retired(now.date()):
        return "retired"
    if vitals is None:
        return "no_key"
    if vitals.rest > 0:
        return "quota_exhausted" if vitals.reason == "quota_exceeded" else "cooling_down"
    return "available"


def _place(offers: Sequence[Offer], catalog: Catalog, purpose: Purpose | None) -> tuple[float, ...]:
    """Where a model stands in the list: who can be used first, then by purpose, else by tier; shut ones last."""
    best = offers[0]
    shut = float(STATES.index(best.state))
    tiers = [tier for tier in QualityTier if catalog.tiers[tier].rank(best.spec.slug) is not None]
    highest = max((tier.rank for tier in tiers), default=-1)
    match purpose:
        case None:
            return shut, float(min((tier.rank for tier in tiers), default=9)), best.quote.usd
        case "cheap":
            return shut, min(offer.quote.usd for offer in offers if offer.state == best.state), -highest
        case "fast":
            return shut, min(_latency(offer) for offer in offers if offer.state == best.state), best.quote.usd
        case "text" | "photo" | "logo" | "edit":
            fitness = catalog.fitness[purpose]
            rank = fitness.index(best.spec.slug) if best.spec.slug in fitness else len(fitness)
            letters = purpose in ("text", "logo") and "text_rendering" not in best.spec.capabilities
            return shut, float(rank), float(letters), float(-highest), best.quote.usd
        case _:
            return shut, best.quote.usd


def _latency(offer: Offer) -> float:
    return offer.vitals.latency if offer.vitals else offer.spec.latency


# In short ------------------------------------------------------------------------------------------------------------


def line(offers: Sequence[Offer]) -> str:
    """A model in one line: what it costs at which size, through whom, what it is good at, how large."""
    best = offers[0]
    others = [offer.spec.provider for offer in offers[1:]]
    more = f" +{len(others) - ALSO}" if len(others) > ALSO else ""
    also = f" (also {', '.join(others[:ALSO])}{more})" if others else ""
    sizing = best.spec.sizing
    parts = [
        f"{price(best.quote)} at {sizing.default_width}x{sizing.default_height} via {best.spec.provider}{also}",
        best.spec.description.rstrip("."),
        f"up to {max((largest(offer.spec.sizing) for offer in offers), key=lambda size: size[0])[1]}",
    ]
    if best.state != "available":
        parts.append(shut(best))
    return f"{best.spec.slug}: {'; '.join(parts)}"


def shut(offer: Offer) -> str:
    """Why a model cannot be used now, in words."""
    if offer.state == "retired":
        return f"withdrawn {offer.spec.retired}" + (f", use {offer.spec.successor}" if offer.spec.successor else "")
    if offer.vitals is None:
        return "no key"
    return offer.vitals.why_shut


def price(quote: Quote) -> str:
    if not quote.is_known:
        return "price not listed"
    if quote.usd == 0:
        return "free"
    return f"at most {dollars(quote.usd)}" if quote.is_bound else dollars(quote.usd)


def largest(sizing: Sizing) -> tuple[int, str]:
    """The largest picture that can be made: its pixels, and in words."""
    match sizing.kind:
        case "pixels" if sizing.max_pixels and sizing.max_pixels < sizing.maximum**2:
            return sizing.max_pixels, f"{sizing.maximum} px a side, {sizing.max_pixels / 1e6:.3g} MP"
        case "pixels":
            return sizing.maximum**2, f"{sizing.maximum}x{sizing.maximum}"
        case "list":
            sizes = [(int(width) * int(height), size) for size in sizing.sizes for width, height in [size.split("x")]]
            return max(sizes)
        case "ratio" if sizing.image_sizes:
            name = max(sizing.image_sizes, key=lambda name: CLASS_SIDES.get(name, 0))
            return CLASS_SIDES.get(name, 0) ** 2, name
        case _:
            return sizing.default_width * sizing.default_height, f"{sizing.default_width}x{sizing.default_height}"


def tier_line(tier: QualityTier, ranked: Sequence[Candidate]) -> str:
    """Who would be asked for a tier now, and who is shut."""
    ready = [c for c in ranked if not c.vitals.rest]
    resting = [c for c in ranked if c.vitals.rest]
    named = [f"{c.name} {price(c.quote)}{', of a lower tier' if c.tiers_below else ''}" for c in ready[:2]]
    named += [f"{c.name} {c.vitals.why_shut}" for c in resting[:1]]
    return f"{tier.value}: {', then '.join(named) or 'nobody that is configured'}"


# In full -------------------------------------------------------------------------------------------------------------


def entry(offers: Sequence[Offer], catalog: Catalog) -> Json:
    """One model: what at least one of its providers can do with it, and each provider's own state and price."""
    specs = [offer.spec for offer in offers]
    spec = specs[0]
    return {
        "slug": spec.slug,
        "name": spec.name,
        "description": spec.description,
        "tiers": [tier.value for tier in QualityTier if catalog.tiers[tier].rank(spec.slug) is not None],
        "state": offers[0].state,
        "capabilities": sorted(frozenset[str]().union(*(each.capabilities for each in specs))),
        "settings": sorted(frozenset[str]().union(*(each.accepts for each in specs))),
        "size": _size(spec.sizing),
        "max_input_images": max(each.max_inputs for each in specs),
        "providers": [_offer_json(offer) for offer in offers],
    }


def _offer_json(offer: Offer) -> Json:
    spec, vitals, sizing = offer.spec, offer.vitals, offer.spec.sizing
    shown: Json = {
        "provider": spec.provider,
        "id": spec.model_id,
        "state": offer.state,
        **_price_json(offer.quote),
        "price_for": f"one image of {sizing.default_width}x{sizing.default_height}",
        "source": spec.source,
        "checked": None if spec.checked is None else str(spec.checked),
        "latency_seconds": round(_latency(offer), 1),
        "images_per_call": spec.max_n,
    }
    rates = spec.price.by_tier or spec.price_bound.by_tier
    if rates:
        shown["price_for"] += ", quality_tier standard"
        shown["price_by_tier"] = {tier.value: usual(spec, tier).usd for tier in QualityTier}
    if spec.retired is not None:
        shown["retired"] = str(spec.retired)
    if spec.successor is not None:
        shown["successor"] = spec.successor
    if vitals is not None and vitals.is_measured:
        shown["success_rate"] = round(vitals.success, 2)
    if vitals is not None and vitals.is_timed:
        shown["measured_latency_seconds"] = round(vitals.latency, 1)
    if vitals is not None and vitals.rest > 0:
        shown |= {"retry_in_seconds": round(vitals.rest), "why": vitals.why_shut}
    return {name: value for name, value in shown.items() if value is not None}


def _price_json(quote: Quote) -> Json:
    if not quote.is_known:
        return {"price_basis": "unknown"}
    if quote.is_bound:
        return {"price_bound_usd": quote.usd, "price_basis": "bound", "bound_reason": quote.bound_reason}
    return {"price_usd": quote.usd, "price_basis": "free" if quote.usd == 0 else "listed"}


def _size(sizing: Sizing) -> str:
    match sizing.kind:
        case "pixels":
            return f"{sizing.minimum} to {sizing.maximum} px a side, multiples of {sizing.multiple}"
        case "list":
            return ", ".join(sizing.sizes)
        case "ratio":
            classes = f"; {', '.join(sizing.image_sizes)}" if sizing.image_sizes else ""
            return ", ".join(sizing.ratios) + classes
        case "fixed":
            return f"{sizing.default_width}x{sizing.default_height}"


def tier_json(tier: QualityTier, ranked: Sequence[Candidate], catalog: Catalog) -> Json:
    """A tier's live routing order: the first who can be asked now and why, those that are shut last."""
    ready = [c for c in ranked if not c.vitals.rest][:3]
    order = [*ready, *(c for c in ranked if c.vitals.rest)][:5]
    return {
        "tier": tier.value,
        "description": catalog.tiers[tier].description,
        "order": [{"candidate": c.name, "why": c.reason} for c in order],
    }


def page(entries: Sequence[Json], cursor: str | None) -> tuple[list[Json], str | None]:
    """One page and the cursor of the next; a cursor is the number of entries before it.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        raise InvalidRequest(
            "cursor must be the next_cursor of the page before; leave it out to begin.", field="cursor"
        )
    start, left = int(cursor or 0), PAGE_BYTES
    shown: list[Json] = []
    for each in entries[start : start + PAGE]:
        left -= len(json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode())
        if shown and left < 0:
            break
        shown.append(each)
    following = start + len(shown)
    return shown, str(following) if following < len(entries) else None


def elsewhere(models: Iterable[ModelSpec], wanted: Filter, now: datetime) -> list[str]:
    """Providers whose living models would fit."""
    return sorted({spec.provider for spec in models if wanted.fits(spec) and not spec.is_retired(now.date())})
