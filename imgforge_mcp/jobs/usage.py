"""What was drawn and what it cost, as the registry adds it up; and what is left of budgets and quotas. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from imgforge_mcp.base.types import Json
from imgforge_mcp.storage.registry.contract import UsageSum


def start_of(period: str, now: datetime) -> datetime:
    """When a period began, by UTC: `day`, `month`, or `all`."""
    if period == "all":
        return datetime.fromtimestamp(0, now.tzinfo)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.replace(day=1) if period == "month" else midnight


def summary(sums: Iterable[UsageSum]) -> Json:
    """Images, calls and US dollars in all and by provider, model, project, month and day: what is known to be spent,
    beside it what may have been billed; reported against listed cost."""
    total: Json = {}
    groups: dict[str, dict[str, Json]] = {name: {} for name in ("provider", "model", "project", "month", "day")}
    basis: defaultdict[str, float] = defaultdict(float)
    for line in sums:
        if line.kind == "total":
            total = _entry(line)
        elif line.kind == "outcome":
            basis["reported" if line.name == "ok_reported" else "listed"] += line.cost_usd
            basis["maybe_billed"] += line.maybe_billed_usd
        else:
            groups[line.kind][line.name or "(none)"] = _entry(line)
    return {
        **total,
        "cost_by_basis_usd": {name: round(cost, 6) for name, cost in sorted(basis.items()) if round(cost, 6)},
        **{f"by_{name}": dict(sorted(entries.items())) for name, entries in groups.items()},
    }


def budgets(caps: Mapping[str, float | None], committed: Mapping[str, float]) -> Json:
    """Each spend cap in US dollars with what is committed (spent or reserved) and left; no cap, no `left_usd`."""
    return {name: _budget(cap, committed[name]) for name, cap in caps.items()}


def _budget(cap: float | None, committed: float) -> Json:
    if cap is None:
        return {"committed_usd": round(committed, 6)}
    return {"cap_usd": cap, "committed_usd": round(committed, 6), "left_usd": round(max(0.0, cap - committed), 6)}


def _entry(line: UsageSum) -> Json:
    return {
        "images": line.images,
        "calls": line.calls,
        "cost_usd": round(line.cost_usd, 6),
        "maybe_billed_usd": round(line.maybe_billed_usd, 6),
    }
