"""Rows to nouns and back."""

import json
import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from imgforge_mcp.base.types import (
    Asset,
    Attempt,
    AttemptState,
    CostBasis,
    ImageRequest,
    Job,
    JobState,
    Outcome,
    Progress,
    QualityTier,
)
from imgforge_mcp.storage.registry.contract import NewJob

MILLIONTHS = 1_000_000


def to_millionths(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * MILLIONTHS)


def to_dollars(millionths: int | None) -> float | None:
    return None if millionths is None else millionths / MILLIONTHS


def to_time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def to_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def new_job_row(new: NewJob, now: datetime) -> dict[str, Any]:
    return {
        "job_id": new.job_id,
        "request": new.request.model_dump_json(exclude_none=True, exclude_defaults=True),
        "request_id": new.request_id,
        "final_prompt": new.final_prompt,
        "enhancement_logic": new.enhancement_logic,
        "quality_tier": new.quality_tier.value,
        "project_id": new.request.project_id,
        "tenant": new.tenant,
        "deadline": new.deadline.timestamp(),
        "budget_day": now.date().isoformat(),
        "reserved": to_millionths(new.reserve_usd) or 0,
        "save_root": new.save_root,
        "warnings": to_text(list(new.warnings)),
        "now": now.timestamp(),
    }


def to_job(row: sqlite3.Row, attempts: list[sqlite3.Row], assets: list[sqlite3.Row]) -> Job:
    progress = from_text(row["progress"])
    created, deadline = to_time(row["created_at"]), to_time(row["deadline"])
    assert created is not None
    assert deadline is not None
    return Job(
        job_id=row["job_id"],
        state=JobState(row["state"]),
        request=ImageRequest.model_validate_json(row["request"]),
        request_id=row["request_id"],
        final_prompt=row["final_prompt"],
        enhancement_logic=row["enhancement_logic"],
        quality_tier=QualityTier(row["quality_tier"]),
        created_at=created,
        deadline=deadline,
        owner=row["owner"],
        provider=row["provider"],
        model=row["model"],
        assets=tuple(to_asset(asset) for asset in assets),
        attempts=tuple(to_attempt(attempt) for attempt in attempts),
        cost_usd=to_dollars(row["cost"]),
        cost_basis=CostBasis(row["cost_basis"]) if row["cost_basis"] else None,
        warnings=tuple(from_text(row["warnings"])),
        error=from_text(row["error"]),
        progress=Progress(**progress) if progress else None,
        started_at=to_time(row["started_at"]),
        completed_at=to_time(row["completed_at"]),
        save_root=row["save_root"],
        saved_to=tuple(from_text(row["saved_to"])),
    )


def to_attempt(row: sqlite3.Row) -> Attempt:
    started = to_time(row["started_at"])
    assert started is not None
    return Attempt(
        attempt_id=row["attempt_id"],
        job_id=row["job_id"],
        part=row["part"],
        provider=row["provider"],
        model=row["model"],
        state=AttemptState(row["state"]),
        reason=row["reason"],
        outcome=row["outcome"],
        message=row["message"],
        latency_ms=row["latency_ms"],
        price_usd=to_dollars(row["price"]),
        cost_usd=to_dollars(row["cost"]),
        maybe_billed=bool(row["maybe_billed"]),
        operation=from_text(row["operation"]),
        started_at=started,
        ended_at=to_time(row["ended_at"]),
    )


def to_asset(row: sqlite3.Row) -> Asset:
    return Asset(
        asset_id=row["asset_id"],
        mime_type=row["mime_type"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        seed=row["seed"] if "seed" in tuple(row.keys()) else None,
    )


def to_outcome(row: sqlite3.Row) -> Outcome:
    return Outcome(
        attempt_id=row["attempt_id"],
        provider=row["provider"],
        model=row["model"],
        succeeded=row["state"] == AttemptState.SUCCEEDED,
        outcome=row["outcome"],
        latency=None if row["latency_ms"] is None else row["latency_ms"] / 1000,
        health_cost=row["health_cost"],
        rest_until=row["rest_until"],
        settings=row["settings"],
        ended_at=row["ended_at"],
    )


def progress_text(progress: Progress) -> str | None:
    return to_text(asdict(progress))
