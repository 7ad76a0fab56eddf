"""What list_models answers: the live routing order of every tier, and each model with its state, price and health.
Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Json, QualityTier
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.contract import ModelSpec, Sizing
from imgforge_mcp.routing.health import Health, Vitals

PAGE = 50
PAGE_BYTES = 15_000
"""What a page's models may come to as JSON: with tiers and envelope a page stays below 20 KB for a model to read."""
STATES = ("available", "cooling_down", "quota_exhausted", "no_key", "retired")
"""Best first: a slug that several providers carry has the best of their states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which models are asked for."""

    tier: QualityTier | None = None
    provider: str | None = None
    capability: str | None = None
    available_only: bool = True


def list_models(
    catalog: Catalog, providers: ConfiguredProviders, health: Health, now: datetime, wanted: Filter
) -> list[Json]:
    """Every model that fits, one entry a slug, those that can be used first."""
    by_slug: dict[str, list[Json]] = {}
    specs: dict[str, list[ModelSpec]] = {}
    for spec in catalog.models:
        if _fits(spec, catalog, wanted):
            specs.setdefault(spec.slug, []).append(spec)
            by_slug.setdefault(spec.slug, []).append(_offer(spec, providers, health, now))
    entries = [_entry(specs[slug], offers, catalog) for slug, offers in by_slug.items()]
    shown = [e for e in entries if not wanted.available_only or e["state"] not in ("no_key", "retired")]
    return sorted(shown, key=lambda entry: (STATES.index(entry["state"]), -len(entry["tiers"]), entry["slug"]))


def _fits(spec: ModelSpec, catalog: Catalog, wanted: Filter) -> bool:
    if wanted.provider is not None and spec.provider != wanted.provider:
        return False
    if wanted.tier is not None and catalog.tiers[wanted.tier].rank(spec.slug) is None:
        return False
    able = spec.capabilities | spec.accepts | ({"references"} if spec.max_inputs else set())
    return wanted.capability is None or wanted.capability in able


def _entry(specs: Sequence[ModelSpec], offers: Sequence[Json], catalog: Catalog) -> Json:
    """One model: what at least one of its providers can do with it, and each provider's own state and price."""
    spec = specs[0]
    ranked = sorted(offers, key=lambda offer: STATES.index(offer["state"]))
    return {
        "slug": spec.slug,
        "name": spec.name,
        "description": spec.description,
        "tiers": [tier.value for tier in QualityTier if catalog.tiers[tier].rank(spec.slug) is not None],
        "state": ranked[0]["state"],
        "capabilities": sorted(frozenset[str]().union(*(each.capabilities for each in specs))),
        "settings": sorted(frozenset[str]().union(*(each.accepts for each in specs))),
        "size": _size(spec.sizing),
        "max_input_images": max(each.max_inputs for each in specs),
        "providers": ranked,
    }


def _offer(spec: ModelSpec, providers: ConfiguredProviders, health: Health, now: datetime) -> Json:
    configured = providers.get(spec.provider)
    vitals = None
    if configured is not None:
        vitals = health.vitals(spec.provider, spec.slug, configured.settings_hash, spec.latency, now.timestamp())
    offer: Json = {
        "provider": spec.provider,
        "id": spec.model_id,
        "state": _state(spec, vitals, now),
        "price_usd": _listed(spec),
        "price_basis": "free" if _listed(spec) == 0 else "listed" if spec.price.is_known else "unknown",
        "latency_seconds": round(vitals.latency if vitals else spec.latency, 1),
        "images_per_call": spec.max_n,
    }
    if spec.retired is not None:
        offer["retired"] = str(spec.retired)
    if spec.successor is not None:
        offer["successor"] = spec.successor
    if vitals is not None:
        offer["success_rate"] = round(vitals.success, 2)
        if vitals.rest > 0:
            offer["retry_in_seconds"] = round(vitals.rest)
    return {name: value for name, value in offer.items() if value is not None}


def _state(spec: ModelSpec, vitals: Vitals | None, now: datetime) -> str:
    if spec.is_retired(now.date()):
        return "retired"
    if vitals is None:
        return "no_key"
    if vitals.rest > 0:
        return "quota_exhausted" if vitals.reason == "quota_exceeded" else "cooling_down"
    return "available"


def _listed(spec: ModelSpec) -> float | None:
    """The listed price in US dollars of one image of the usual size."""
    sizing = spec.sizing
    return spec.price.of(width=sizing.default_width, height=sizing.default_height, steps=spec.steps[2])


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


def capabilities(models: Iterable[ModelSpec]) -> list[str]:
    """Everything that `capability` may be."""
    known: set[str] = {"references"}
    for model in models:
        known |= model.capabilities | model.accepts
    return sorted(known)


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
    for entry in entries[start : start + PAGE]:
        left -= len(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())
        if shown and left < 0:
            break
        shown.append(entry)
    following = start + len(shown)
    return shown, str(following) if following < len(entries) else None


def by_tier(orders: Mapping[QualityTier, Sequence[Json]], catalog: Catalog) -> list[Json]:
    return [
        {"tier": tier.value, "description": catalog.tiers[tier].description, "order": list(order)}
        for tier, order in orders.items()
    ]
