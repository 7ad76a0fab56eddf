"""What the command line lists, as tables: jobs, models, images, sums, keys."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imgforge_mcp.base.types import Asset, Job, Json, KeptReference
from imgforge_mcp.cli.output import Column, age, amount_of, money, table, wrapped

if TYPE_CHECKING:
    from imgforge_mcp.catalog.pullable import Pullable
    from imgforge_mcp.local.models.pulled import Pulled
    from imgforge_mcp.storage.registry.access import ApiKey

GROUPS = ("provider", "model", "project", "month", "day")


def of_jobs(jobs: Sequence[Job]) -> list[str]:
    columns = [
        *(Column(title="JOB"), Column(title="AGE", to_right=True), Column(title="STATE")),
        *(Column(title="COST", to_right=True), Column(title="PROMPT", gives=True)),
    ]
    rows = [
        (
            job.job_id,
            age(job.created_at),
            str((job.error or {}).get("code") or job.state.value),
            money(job.cost_usd),
            job.request.prompt,
        )
        for job in jobs
    ]
    return table(columns, rows)


def of_models(models: Sequence[Json]) -> list[str]:
    """A line for each model: the best offer's price and time, and who else has it."""
    columns = [
        *(Column(title="MODEL"), Column(title="TIER", gives=True), Column(title="PRICE", to_right=True)),
        *(Column(title="TIME", to_right=True), Column(title="STATE"), Column(title="VIA", gives=True)),
    ]
    rows = [
        (
            entry["slug"],
            ", ".join(entry["tiers"]),
            _price(entry["providers"][0]),
            f"{entry['providers'][0]['latency_seconds']:g} s",
            "" if entry["state"] == "available" else entry["state"],
            ", ".join(offer["provider"] for offer in entry["providers"]),
        )
        for entry in models
    ]
    return table(columns, rows)


def of_model(entry: Json) -> list[str]:
    """One in full: what it is, what it does and takes, and each provider that has it."""
    words = ", ".join(each.replace("_", " ") for each in entry["capabilities"])
    settings = ", ".join(each.replace("_", " ") for each in entry["settings"]) or "no settings"
    columns = [
        *(Column(title="VIA"), Column(title="PRICE", to_right=True), Column(title="TIME", to_right=True)),
        *(Column(title="STATE"), Column(title="CHECKED"), Column(title="ID", whole=True)),
    ]
    rows = [
        (
            *(offer["provider"], _price(offer), f"{offer['latency_seconds']:g} s", offer["state"]),
            *(offer.get("checked") or "", offer["id"]),
        )
        for offer in entry["providers"]
    ]
    return [
        *wrapped(f"{entry['slug']} ({entry['name']}): {entry['description']}", "  "),
        *wrapped(f"  does: {words}", "    "),
        *wrapped(f"  takes: {settings}; {entry['max_input_images'] or 'no'} pictures", "    "),
        *wrapped(f"  tiers: {', '.join(entry['tiers']) or 'none, it is asked by name'}", "    "),
        *table(columns, rows),
    ]


def of_tiers(tiers: Sequence[Json]) -> list[str]:
    """Whom each tier would ask first, why, and who comes then."""
    columns = [
        *(Column(title="TIER"), Column(title="FIRST"), Column(title="WHY", gives=True)),
        Column(title="THEN", gives=True),
    ]
    rows = []
    for tier in tiers:
        first, *others = tier["order"] or [{"candidate": "nobody yet", "why": ""}]
        then = ", ".join(place["candidate"] for place in others)
        rows.append((tier["tier"], first["candidate"], first["why"], then))
    return table(columns, rows)


def of_assets(assets: Sequence[Asset], ids: Mapping[str, str], places: Sequence[str]) -> list[str]:
    columns = [
        *(Column(title="IMAGE"), Column(title="SIZE", to_right=True), Column(title="BYTES", to_right=True)),
        Column(title="FILE", whole=True),
    ]
    rows = [
        (ids[each.asset_id], f"{each.width}x{each.height}", amount_of(each.bytes), place)
        for each, place in zip(assets, places, strict=True)
    ]
    return table(columns, rows)


def of_origins(origins: Sequence[Mapping[str, Any]]) -> list[str]:
    """The jobs that made an image."""
    columns = [
        *(Column(title="JOB"), Column(title="BY"), Column(title="SEED", to_right=True)),
        *(Column(title="COST", to_right=True), Column(title="PROMPT", gives=True)),
    ]
    rows = [
        (
            str(origin.get("job_id") or ""),
            f"{origin.get('provider')}/{origin.get('model')}",
            "" if origin.get("seed") is None else str(origin["seed"]),
            money(origin.get("cost_usd")),
            str(origin.get("prompt") or ""),
        )
        for origin in origins
    ]
    return table(columns, rows) if rows else []


def of_usage(answer: Json) -> list[str]:
    columns = [
        *(Column(title="BY"), Column(title="NAME", gives=True), Column(title="IMAGES", to_right=True)),
        *(Column(title="COST", to_right=True), Column(title="MAYBE BILLED", to_right=True)),
    ]
    rows = [
        (group, name, str(entry["images"]), money(entry["cost_usd"]), _if_any(entry.get("maybe_billed_usd")))
        for group in GROUPS
        for name, entry in answer[f"by_{group}"].items()
    ]
    return table(columns, rows) if rows else []


def of_references(references: Sequence[KeptReference]) -> list[str]:
    columns = [Column(title="NAME"), Column(title="PICTURES", to_right=True), Column(title="WORDS", gives=True)]
    return table(columns, [(kept.name, str(len(kept.pictures)), kept.words) for kept in references])


def of_keys(keys: "Sequence[ApiKey]") -> list[str]:
    columns = [
        *(Column(title="NAME", gives=True), Column(title="KEY"), Column(title="STATE"), Column(title="USED")),
        *(Column(title="ENDS"), Column(title="PROJECT", gives=True)),
    ]
    rows = [
        (
            key.name,
            f"{key.start}…",
            key.state(datetime.now(UTC)),
            f"{age(key.last_used_at)} ago" if key.last_used_at else "never",
            key.expires_at.astimezone(UTC).date().isoformat() if isinstance(key.expires_at, datetime) else "",
            key.project_id or "",
        )
        for key in keys
    ]
    return table(columns, rows)


def of_pulled(models: "Sequence[Pulled]") -> list[str]:
    columns = [
        *(Column(title="MODEL"), Column(title="SIZE", to_right=True), Column(title="MEMORY", to_right=True)),
        *(Column(title="LICENCE", gives=True), Column(title="FROM", gives=True)),
    ]
    rows = [(f"local/{m.name}", amount_of(m.bytes), amount_of(m.memory), m.licence, m.origin) for m in models]
    return table(columns, rows)


def of_pullable(models: "Sequence[Pullable]") -> list[str]:
    columns = [
        *(Column(title="NAME"), Column(title="SIZE", to_right=True), Column(title="MEMORY", to_right=True)),
        *(Column(title="TIME", to_right=True), Column(title="LICENCE"), Column(title="WHAT", gives=True)),
    ]
    rows = [
        (m.name, amount_of(m.bytes), amount_of(m.memory), f"{m.seconds:g} s", m.licence, m.description) for m in models
    ]
    return table(columns, rows)


def _price(offer: Json) -> str:
    price, bound = offer.get("price_usd"), offer.get("price_bound_usd")
    return money(price) if price is not None else f"<= {money(bound)}" if bound is not None else "?"


def _if_any(amount: float | None) -> str:
    return money(amount) if amount else ""
