"""Rows to nouns and back. Rows are read leniently: what a newer version wrote, or what is damaged, is named, stays in
the file as it is, and stands in nobody's way."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError

from imgforge_mcp.base.types import (
    Asset,
    Attempt,
    AttemptState,
    CostBasis,
    ImageRequest,
    Job,
    JobState,
    Json,
    Outcome,
    Progress,
    QualityTier,
    Shortfall,
)
from imgforge_mcp.storage.registry.contract import Calls, NewJob, UsageSum
from imgforge_mcp.storage.registry.queue import Process
from imgforge_mcp.storage.registry.sql.statements import Row

MILLIONTHS = 1_000_000
UNREADABLE = "(the prompt cannot be read)"

E = TypeVar("E", bound=StrEnum)


def to_millionths(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * MILLIONTHS)


def to_dollars(millionths: int | None) -> float | None:
    return None if millionths is None else millionths / MILLIONTHS


def to_time(seconds: float | None) -> datetime | None:
    """None also for a time that no calendar has."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def to_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str | None) -> Any:
    """What a text decodes to; None when it is no JSON."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


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
        "routes": to_text(list(new.routes)),
        "digest": new.digest,
        "now": now.timestamp(),
    }


def to_job(row: Row, attempts: Sequence[Row], assets: Sequence[Row]) -> Job:
    request, not_understood = to_request(row["request"])
    lost: list[str] = list(not_understood)
    state = _word(JobState, row["state"], JobState.PROCESSING if row["completed_at"] is None else JobState.FAILED, lost)
    tried = tuple(to_attempt(attempt, lost) for attempt in attempts)
    return Job(
        job_id=row["job_id"],
        state=state,
        request=request,
        request_id=row["request_id"],
        final_prompt=row["final_prompt"],
        enhancement_logic=row["enhancement_logic"],
        quality_tier=_word(QualityTier, row["quality_tier"], QualityTier.STANDARD, lost),
        created_at=_time(row["created_at"], lost),
        deadline=_time(row["deadline"], lost),
        owner=row["owner"],
        provider=row["provider"],
        model=row["model"],
        assets=tuple(to_asset(asset) for asset in assets),
        attempts=tried,
        cost_usd=to_dollars(row["cost"]),
        cost_basis=_word(CostBasis, row["cost_basis"], CostBasis.UNKNOWN, lost) if row["cost_basis"] else None,
        warnings=_texts(row["warnings"]),
        drawn=_texts(row["drawn"]),
        not_drawn=_texts(row["not_drawn"]),
        shortfalls=_shortfalls(row["shortfalls"]),
        error=_object(row["error"]),
        progress=_progress(row["progress"]),
        started_at=to_time(row["started_at"]),
        completed_at=to_time(row["completed_at"]),
        save_root=row["save_root"],
        saved_to=_texts(row["saved_to"]),
        routes=_texts(row["routes"]),
        not_understood=tuple(dict.fromkeys(lost)),
    )


def to_state(row: Row) -> JobState:
    """Of a job; one in a state that this version does not know is under way until it has an end."""
    return _word(JobState, row["state"], JobState.PROCESSING if row["completed_at"] is None else JobState.FAILED, [])


def is_understood(row: Row) -> bool:
    """Whether a job's state and request say nothing that this version does not know."""
    return row["state"] in set(JobState) and not to_request(row["request"])[1]


@lru_cache(maxsize=256)  # a job's row is read with each of its steps
def to_request(text: str) -> tuple[ImageRequest, tuple[str, ...]]:
    """A stored request, and the names of what was left out: fields that this version does not know, or values that it
    does not take."""
    try:
        return ImageRequest.model_validate_json(text), ()
    except ValidationError:
        stored = from_text(text)
    if not isinstance(stored, dict):
        return ImageRequest(prompt=UNREADABLE), ("request",)
    values, left_out = {**stored}, list[str]()
    while True:
        try:
            return ImageRequest.model_validate_json(json.dumps({"prompt": UNREADABLE, **values})), tuple(left_out)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]} & values.keys()
            if not wrong:
                return ImageRequest(prompt=UNREADABLE), ("request",)
            left_out.extend(sorted(wrong))
            values = {name: value for name, value in values.items() if name not in wrong}


def to_attempt(row: Row, lost: list[str]) -> Attempt:
    is_over = row["ended_at"] is not None
    unknown = AttemptState.FAILED if is_over else AttemptState.ACCEPTED if row["operation"] else AttemptState.SENT
    return Attempt(
        attempt_id=row["attempt_id"],
        job_id=row["job_id"],
        part=row["part"],
        provider=row["provider"],
        model=row["model"],
        state=_word(AttemptState, row["state"], unknown, lost),
        reason=row["reason"],
        settings=row["settings"],
        outcome=row["outcome"],
        message=row["message"],
        latency_ms=row["latency_ms"],
        price_usd=to_dollars(row["price"]),
        cost_usd=to_dollars(row["cost"]),
        maybe_billed=bool(row["maybe_billed"]),
        operation=_object(row["operation"]),
        started_at=_time(row["started_at"], lost),
        ended_at=to_time(row["ended_at"]),
    )


def to_asset(row: Row) -> Asset:
    return Asset(
        asset_id=row["asset_id"],
        mime_type=row["mime_type"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        seed=row["seed"] if "seed" in tuple(row.keys()) else None,
        is_pinned=bool(row["pinned"]) if "pinned" in tuple(row.keys()) else False,
    )


def to_outcome(row: Row) -> Outcome:
    return Outcome(
        outcome_id=row["outcome_id"],
        attempt_id=row["attempt_id"],
        provider=row["provider"],
        model=row["model"],
        succeeded=row["state"] == AttemptState.SUCCEEDED,
        outcome=row["outcome"] or "",
        latency=None if row["latency_ms"] is None else row["latency_ms"] / 1000,
        health_cost=row["health_cost"],
        rest_until=row["rest_until"],
        settings=row["settings"],
        ended_at=row["ended_at"],
    )


def to_usage(row: Row) -> UsageSum:
    return UsageSum(
        kind=row["kind"],
        name=row["name"],
        calls=row["calls"],
        images=row["images"],
        cost_usd=row["cost"] / MILLIONTHS,
        maybe_billed_usd=row["maybe_billed"] / MILLIONTHS,
    )


def to_calls(row: Row) -> Calls:
    return Calls(
        provider=row["provider"],
        outcome=row["outcome"],
        calls=row["calls"],
        cost_usd=row["cost"] / MILLIONTHS,
        maybe_billed_usd=row["maybe_billed"] / MILLIONTHS,
    )


def to_process(row: Row, routes: Iterable[str]) -> Process:
    about = _object(row["about"]) or {}
    return Process(
        owner=row["owner"],
        is_worker=bool(row["is_worker"]),
        started_at=_time(row["started_at"], []),
        at_once=row["at_once"],
        routes=frozenset(routes),
        host=str(about.get("host", "")),
        pid=int(about.get("pid", 0)),
        version=str(about.get("version", "")),
    )


def progress_text(progress: Progress) -> str | None:
    return to_text(asdict(progress))


def _word(kind: Callable[[str], E], text: str, otherwise: E, lost: list[str]) -> E:
    try:
        return kind(text)
    except ValueError:
        lost.append(f"{type(otherwise).__name__} {text[:40]!r}")
        return otherwise


def _time(seconds: float, lost: list[str]) -> datetime:
    if (moment := to_time(seconds)) is not None:
        return moment
    lost.append("a time")
    return datetime.fromtimestamp(0, UTC)


def _texts(text: str | None) -> tuple[str, ...]:
    if text == "[]":  # as most are
        return ()
    values = from_text(text)
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _shortfalls(text: str | None) -> tuple[Shortfall, ...]:
    if text == "[]":
        return ()
    values = from_text(text)
    return tuple(
        Shortfall(asked=value["asked"], got=value["got"])
        for value in (values if isinstance(values, list) else ())
        if isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("asked", "got"))
    )


def _object(text: str | None) -> Json | None:
    value = from_text(text)
    return value if isinstance(value, dict) else None


def _progress(text: str | None) -> Progress | None:
    value = _object(text)
    if value is None or not isinstance(value.get("message"), str):
        return None
    fraction = value.get("fraction")
    return Progress(message=value["message"], fraction=fraction if isinstance(fraction, int | float) else None)
