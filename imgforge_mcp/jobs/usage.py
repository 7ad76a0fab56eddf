"""What was drawn and what it cost, added up from the attempts; and what is left of budgets and quotas. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from imgforge_mcp.base.types import Json


def start_of(period: str, now: datetime) -> datetime:
    """When a period began, by UTC: `day`, `month`, or `all`."""
    if period == "all":
        return datetime.fromtimestamp(0, now.tzinfo)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.replace(day=1) if period == "month" else midnight


def summary(rows: Iterable[Json]) -> Json:
    """Images, calls and US dollars in all and by provider, model, project and day; listed against reported cost."""
    total: Json = {"images": 0, "calls": 0, "cost_usd": 0.0}
    groups: dict[str, dict[str, Json]] = {name: {} for name in ("provider", "model", "project", "day")}
    basis: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        keys = {
            "provider": row["provider"],
            "model": f"{row['provider']}/{row['model']}",
            "project": row["project_id"] or "(none)",
            "day": row["day"],
        }
        for entry in (total, *(groups[name].setdefault(key, _empty()) for name, key in keys.items())):
            entry["images"] += row["images"]
            entry["calls"] += row["calls"]
            entry["cost_usd"] = round(entry["cost_usd"] + row["cost"], 6)
        basis[_basis(row["outcome"])] += row["cost"]
    return {
        **total,
        "cost_by_basis_usd": {name: round(cost, 6) for name, cost in sorted(basis.items()) if cost},
        **{f"by_{name}": dict(sorted(entries.items())) for name, entries in groups.items()},
    }


def budgets(caps: Mapping[str, float | None], committed: Mapping[str, float]) -> Json:
    """Each spend cap in US dollars with what is committed (spent or reserved) and left; no cap, no `left_usd`."""
    return {name: _budget(cap, committed[name]) for name, cap in caps.items()}


def _budget(cap: float | None, committed: float) -> Json:
    if cap is None:
        return {"committed_usd": round(committed, 6)}
    return {"cap_usd": cap, "committed_usd": round(committed, 6), "left_usd": round(max(0.0, cap - committed), 6)}


def _empty() -> Json:
    return {"images": 0, "calls": 0, "cost_usd": 0.0}


def _basis(outcome: str | None) -> str:
    match outcome:
        case "ok_reported":
            return "reported"
        case "ok_listed":
            return "listed"
        case _:
            return "maybe_billed"
