"""What the page shows of jobs and figures, as plain values for the templates. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from imgforge_mcp.base.formats import SVG
from imgforge_mcp.base.types import Asset, AttemptState, CostBasis, Job, JobState, Json

STATES = {
    JobState.QUEUED: "waiting",
    JobState.PROCESSING: "being made",
    JobState.COMPLETED: "ready",
    JobState.FAILED: "failed",
    JobState.CANCELED: "canceled",
}
OUTCOMES = {
    AttemptState.SENT: "sent",
    AttemptState.ACCEPTED: "accepted",
    AttemptState.SUCCEEDED: "succeeded",
    AttemptState.FAILED: "failed",
}
OPERATIONS = {
    "remove_background": "cut out",
    "upscale": "enlarge 2×",
    "vectorize": "trace as a drawing",
    "crop": "crop to size",
    "extend": "extend to size",
    "resize": "resize",
    "convert": "convert",
}
"""What can be done to a picture without a prompt, as a person would say it."""
ALT_SHOWN = 160
BAR_HEIGHT, BAR_WIDTH, GAP = 120, 22, 6
MOST_BARS = 31
MOST_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A job in the grid."""

    job_id: str
    state: str
    said: str
    prompt: str
    alt: str
    thumbnail: str | None
    more: int
    """Pictures beside the first."""
    made_by: str
    cost: str
    at: str
    reason: str | None
    fraction: float | None
    progress: str


def card(job: Job) -> Card:
    first = job.assets[0] if job.assets else None
    return Card(
        job_id=job.job_id,
        state=job.state.value,
        said=STATES[job.state],
        prompt=job.request.prompt,
        alt=shortened(job.request.prompt),
        thumbnail=thumbnail(first) if first else None,
        more=max(0, len(job.assets) - 1),
        made_by=made_by(job),
        cost=cost(job),
        at=iso(job.created_at),
        reason=(job.error or {}).get("error"),
        fraction=job.progress.fraction if job.progress else None,
        progress=job.progress.message if job.progress else "",
    )


def mark(job: Job) -> tuple[object, ...]:
    """Changes whenever a card would."""
    progress = (job.progress.fraction, job.progress.message) if job.progress else None
    return (job.state, progress, len(job.assets), job.cost_usd, job.provider)


def thumbnail(asset: Asset) -> str:
    """Its address below the page's own."""
    return original(asset) if asset.mime_type == SVG else f"/page/thumbnails/{asset.asset_id}"


def original(asset: Asset) -> str:
    return f"/v2/assets/{asset.asset_id}"


def made_by(job: Job) -> str:
    return f"{job.provider}/{job.model}" if job.provider else ""


def cost(job: Job) -> str:
    if not job.state.is_final:
        return ""
    if job.cost_basis is CostBasis.FREE:
        return "free"
    if job.cost_usd is None:
        return "cost unknown"
    billed = any(attempt.maybe_billed for attempt in job.attempts)
    return f"{dollars(job.cost_usd)}{', maybe billed' if billed else ''}"


def dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}".rstrip("0").rstrip(".")


def iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def shortened(text: str) -> str:
    return text if len(text) <= ALT_SHOWN else text[: ALT_SHOWN - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One upstream call, as a row."""

    asked: str
    reason: str
    outcome: str
    error: str
    seconds: str
    cost: str


def tries(job: Job) -> list[Try]:
    return [
        Try(
            asked=f"{attempt.provider}/{attempt.model}",
            reason=attempt.reason,
            outcome=OUTCOMES[attempt.state],
            error=attempt.message or "",
            seconds="" if attempt.latency_ms is None else f"{attempt.latency_ms / 1000:.1f} s",
            cost=("" if attempt.cost_usd is None else dollars(attempt.cost_usd))
            + (" maybe billed" if attempt.maybe_billed else ""),
        )
        for attempt in job.attempts
    ]


# Charts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A column of a chart by its day, in the chart's own units, or a row of a table by its share (0 to 100)."""

    name: str
    value: str
    images: int
    x: int = 0
    y: int = 0
    height: int = 0
    share: int = 0


def columns(days: Mapping[str, Json], measure: str) -> list[Bar]:
    """The newest days, oldest first, as columns of at most 120 units."""
    shown = list(days.items())[-MOST_BARS:]
    highest = max((entry[measure] for _, entry in shown), default=0) or 1
    bars = []
    for number, (day, entry) in enumerate(shown):
        height = max(1, round(BAR_HEIGHT * entry[measure] / highest)) if entry[measure] else 0
        x = number * (BAR_WIDTH + GAP)
        bars.append(
            Bar(
                name=day, value=_said(entry, measure), images=entry["images"], x=x, y=BAR_HEIGHT - height, height=height
            )
        )
    return bars


def rows(entries: Mapping[str, Json], measure: str) -> list[Bar]:
    """The largest first."""
    ordered = sorted(entries.items(), key=lambda item: (-item[1][measure], item[0]))[:MOST_ROWS]
    highest = max((entry[measure] for _, entry in ordered), default=0) or 1
    return [
        Bar(
            name=name,
            value=_said(entry, measure),
            images=entry["images"],
            share=max(1, round(100 * entry[measure] / highest)) if entry[measure] else 0,
        )
        for name, entry in ordered
    ]


def _said(entry: Json, measure: str) -> str:
    return dollars(entry[measure]) if measure == "cost_usd" else f"{entry['images']}"
