"""Jobs and images as the JSON that every door shows: MCP, HTTP and the command line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from imgforge_mcp.base.types import (
    CUT_OUT,
    FITTED,
    LOWER_TIER,
    Asset,
    Attempt,
    AttemptState,
    Caller,
    CostBasis,
    ImageRequest,
    Job,
    JobState,
    Json,
    Saved,
)

PROMPT_SHOWN = 300
WARNING_SHOWN = 200
MISSING_NAMED = 5
JOINED = "An equal call had been cut off before, so this one joined its job and bought nothing. "
FOR_FAILURES = frozenset({"attempts", "request_id"})
BRIEFLY_LEFT_OUT = FOR_FAILURES | {
    *("final_prompt", "enhancement_logic", "created_at", "started_at", "completed_at"),
}
NO_PROVIDER = (
    "No image provider is configured; photographs need a key (TOGETHER_API_KEY, …) or "
    "imgforge-mcp models --pull lcm-dreamshaper."
)


class House(Protocol):
    """Whose jobs are shown, as far as showing them needs it."""

    @property
    def draws_alone(self) -> bool:
        """Whether nothing but the embedded engine draws here."""

    def place(self, asset: Asset) -> str:
        """Where an image lies: a path on this machine, or an address that is good for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How results are shown: paths on stdio, or URLs below `base_url` over HTTP; and who asks, by the request's
    context."""

    base_url: str | None = None
    identify: Callable[[Any, Any], Caller] | None = None

    def caller(self, forge: Any, context: Any) -> Caller:
        return self.identify(forge, context) if self.identify is not None else replace(forge.caller(), is_alone=True)


def job_json(forge: House, base_url: str | None, job: Job, *, shown: int = PROMPT_SHOWN) -> Json:
    """The public form of a job: `message` first, empty fields left out, texts cut after `shown` characters (the
    registry has them whole)."""
    return _filled(_job_values(forge, base_url, job, shown, shown * WARNING_SHOWN // PROMPT_SHOWN))


def brief_json(forge: House, base_url: str | None, job: Job, ids: Mapping[str, str], *, shown: int = 100) -> Json:
    """A job in few words, for a model that pays for each: attempts and request id only where something failed, asset
    ids as short as `ids` has them."""
    values = _job_values(forge, base_url, job, shown, 2 * shown)
    values["request"].pop("transform", None)  # the prompt says it in words
    values["assets"] = [_brief_asset(forge, base_url, asset, ids) for asset in job.assets]
    has_failed = job.error is not None or any(attempt.state is AttemptState.FAILED for attempt in job.attempts)
    left_out = BRIEFLY_LEFT_OUT - FOR_FAILURES if has_failed else BRIEFLY_LEFT_OUT
    return _filled({name: value for name, value in values.items() if name not in left_out})


def _filled(values: Json) -> Json:
    return {name: value for name, value in values.items() if value not in (None, [], {}, "")}


def _brief_asset(forge: House, base_url: str | None, asset: Asset, ids: Mapping[str, str]) -> Json:
    values = asset_json(forge, base_url, asset)
    del values["uri"]
    return {**values, "asset_id": ids.get(asset.asset_id, asset.asset_id)}


def _job_values(forge: House, base_url: str | None, job: Job, shown: int, less: int) -> Json:
    """Prompts cut after `shown` characters, what we say ourselves after `less`."""
    request = job.request
    prompt = _cut(request.prompt, shown)
    return {
        "message": message(forge, base_url, job),
        "job_id": job.job_id,
        "state": job.state.value,
        "request": request_json(job),
        "original_prompt": prompt,
        "final_prompt": _cut(job.final_prompt, shown) if job.final_prompt != request.prompt else prompt,
        "enhancement_logic": _cut(job.enhancement_logic, less),
        "quality_tier": job.quality_tier.value,
        "model": job.model,
        "provider": job.provider,
        "assets": [asset_json(forge, base_url, asset) for asset in job.assets],
        "saved_to": list(job.saved_to),
        "attempts": [_attempt_json(attempt, less) for attempt in job.attempts],
        "cost_usd": job.cost_usd,
        "cost_basis": job.cost_basis.value if job.cost_basis else None,
        "drawn": [_cut(entry, less) for entry in job.drawn],
        "not_drawn": [_cut(entry, less) for entry in job.not_drawn],
        "shortfalls": [asdict(shortfall) for shortfall in job.shortfalls],
        "warnings": [_cut(warning, less) for warning in job.warnings],
        "error": job.error,
        "progress": _progress_json(job),
        "poll_after_seconds": None if job.state.is_final else 2 if request.urgency == "now" else 600,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.completed_at),
        "request_id": job.request_id,
        "project_id": request.project_id,
        "metadata": request.metadata,
        "idempotency_key": request.idempotency_key,
    }


def request_json(job: Job) -> Json:
    """What was asked for beside the prompt, as far as it was said: enough to ask for it again."""
    request = job.request
    size = [str(side or "") for side in (request.width, request.height)] if request.width or request.height else []
    seeds = [asset.seed for asset in job.assets if asset.seed is not None]
    tool = "transform_image" if request.transform else "edit_image" if request.is_edit else "generate_image"
    values: Json = {
        "tool": tool,
        "size": "×".join(size) or request.aspect_ratio,
        "image_size": request.image_size,
        "seed": request.seed if request.seed is not None else seeds[0] if seeds else None,
        "n": request.n if request.n > 1 else None,
        "like": request.like,
        "inputs": [reference[:12] for reference in request.input_images or ()],
        "reference": request.reference,
        "mask": request.mask[:12] if request.mask else None,
        "transform": request.transform.model_dump(exclude_none=True) if request.transform else None,
    }
    for name in ("style", "template", "background", "output_format", "negative_prompt", "strength", "fit"):
        value = getattr(request, name)
        if value != ImageRequest.model_fields[name].default:
            values[name] = _cut(value, 60) if isinstance(value, str) else value
    return _filled(values)


def job_line(job: Job, ids: Mapping[str, str] | None = None) -> Json:
    """A job in a list; its asset ids as `ids` has them."""
    ids = ids or {}
    values = {
        "job_id": job.job_id,
        "state": job.state.value,
        "prompt": _cut(job.request.prompt, 80),
        "model": job.model,
        "provider": job.provider,
        "assets": [ids.get(asset.asset_id, asset.asset_id) for asset in job.assets],
        "cost_usd": job.cost_usd,
        "error": (job.error or {}).get("code"),
        "created_at": iso(job.created_at),
    }
    return {name: value for name, value in values.items() if value not in (None, [])}


def numbered_line(
    forge: House, base_url: str | None, number: int, job: Job, ids: Mapping[str, str] | None = None
) -> Json:
    """The same for whoever sees the jobs on a contact sheet too: number, size and place of the first picture, and the
    reason of a failure."""
    first = job.assets[0] if job.assets else None
    reason = (job.error or {}).get("error")
    further: Json = {
        "size": f"{first.width}×{first.height}" if first else None,
        ("url" if base_url else "path"): _place(forge, base_url, first) if first else None,
        "reason": _cut(reason, 120) if reason else None,
    }
    return _filled({"number": number, **job_line(job, ids), **further})


def batch_json(
    forge: House,
    base_url: str | None,
    batch_id: str,
    items: Sequence[Job | Json],
    ids: Mapping[str, str] | None = None,
) -> Json:
    """A batch: what became of each item, in their order; an item that never became a job shows its error."""
    jobs = [item for item in items if isinstance(item, Job)]
    done = sum(job.state is JobState.COMPLETED for job in jobs)
    left = sum(not job.state.is_final for job in jobs)
    after = f" Call check_job with job_id {batch_id} for the rest." if left else ""
    return {
        "message": f"{done} of {len(items)} items done, {left} under way, {len(items) - done - left} failed.{after}",
        "batch_id": batch_id,
        "cost_usd": round(sum({job.job_id: job.cost_usd or 0.0 for job in jobs}.values()), 6),
        "items": [{"item": number, **_item_json(forge, base_url, item, ids)} for number, item in enumerate(items)],
    }


def _item_json(forge: House, base_url: str | None, item: Job | Json, ids: Mapping[str, str] | None) -> Json:
    if not isinstance(item, Job):
        return {"state": JobState.FAILED.value, "error": item}
    assets = [
        asset_json(forge, base_url, asset) if ids is None else _brief_asset(forge, base_url, asset, ids)
        for asset in item.assets
    ]
    line = job_line(item)
    if ids is not None:
        line.pop("created_at", None)
    return {**line, "assets": assets, **({"error": item.error} if item.error else {})}


def asset_json(forge: House, base_url: str | None, asset: Asset) -> Json:
    place = {"url": asset_url(base_url, asset)} if base_url is not None else {"path": _path(forge, asset)}
    values = {
        "asset_id": asset.asset_id,
        "uri": f"imgforge://assets/{asset.asset_id}",
        **place,
        "mime_type": asset.mime_type,
        "width": asset.width,
        "height": asset.height,
        "bytes": asset.bytes,
        "seed": asset.seed,
    }
    return {name: value for name, value in values.items() if value is not None}


def saved_json(saved: Saved) -> Json:
    """A file that was written."""
    kind = saved.path.suffix.lstrip(".")
    return {
        "message": f"Saved as {saved.path} ({saved.width}×{saved.height}, {kind}, {_size_told(saved.bytes)}).",
        "path": str(saved.path),
        "mime_type": saved.mime_type,
        "width": saved.width,
        "height": saved.height,
        "bytes": saved.bytes,
    }


def _size_told(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def message(forge: House, base_url: str | None, job: Job) -> str:
    """One or two plain sentences for a client that shows only text: state, what was made by whom, where, what next."""
    joined = JOINED if job.is_joined else ""
    return joined + _outcome_told(forge, base_url, job)


def _outcome_told(forge: House, base_url: str | None, job: Job) -> str:
    match job.state:
        case JobState.COMPLETED:
            return _done(forge, base_url, job)
        case JobState.FAILED:
            return f"The job failed: {(job.error or {}).get('error', 'no reason is recorded')}"
        case JobState.CANCELED:
            return _canceled(job)
        case _:
            by = f" by {job.provider}/{job.model}" if job.provider else ""
            return (
                f"The image is being made{by}. Call check_job with job_id {job.job_id} and wait_seconds 30 to get it; "
                "do not send the request again, it would be paid twice."
            )


def _canceled(job: Job) -> str:
    """What a cancellation came too late for was paid, and is there."""
    if job.cost_basis is CostBasis.FREE:
        return "The job was canceled; nothing was spent on it."
    billed = any(attempt.maybe_billed for attempt in job.attempts)
    cost = "an unknown amount" if job.cost_usd is None else f"${job.cost_usd:.4g}"
    spent = f"{cost} {'may have been billed' if billed else 'had been spent'} by then"
    kept = len(job.assets)
    pictures = "" if not kept else "; its image is kept" if kept == 1 else f"; its {kept} images are kept"
    return f"The job was canceled; {spent}{pictures}."


def _done(forge: House, base_url: str | None, job: Job) -> str:
    sizes = " and ".join(dict.fromkeys(f"{asset.width}x{asset.height}" for asset in job.assets))
    what = "The image is" if len(job.assets) == 1 else f"{len(job.assets)} images are"
    places = [_place(forge, base_url, asset) for asset in job.assets]
    price = (
        "free"
        if job.cost_basis is CostBasis.FREE
        else "cost unknown"
        if job.cost_usd is None
        else f"${job.cost_usd:.4g}"
    )
    where = ", ".join(job.saved_to or places)
    lower = " ".join(warning for warning in job.warnings if warning.startswith(LOWER_TIER))
    text = f"{lower} " if lower else ""
    missed = ", ".join(f"{shortfall.got} instead of {shortfall.asked}" for shortfall in job.shortfalls)
    text += f"{what} ready, but not as asked: {missed}. {sizes}" if missed else f"{what} ready, {sizes}"
    text += f", made by {job.provider}/{job.model} ({price}): {where}"
    for note in job.warnings:
        text += f". {note.removesuffix('.')}" if note.startswith((CUT_OUT, FITTED)) else ""
    if forge.draws_alone and job.request.transform is None:
        text += f". {NO_PROVIDER}"
    if job.not_drawn:
        more = len(job.not_drawn) - MISSING_NAMED
        named = ", ".join(_cut(entry, 60) for entry in job.not_drawn[:MISSING_NAMED])
        text += f"{'' if text.endswith('.') else '.'} Not drawn: {named}{f' (and {more} more)' if more > 0 else ''}."
    return text


def _attempt_json(attempt: Attempt, shown: int) -> Json:
    values: Json = {
        "provider": attempt.provider,
        "model": attempt.model,
        "outcome": attempt.state.value if attempt.ended_at is None else _outcome(attempt),
        "error": _cut(attempt.message, shown) if attempt.message else None,
        "reason": _cut(attempt.reason, min(120, shown)),
        "latency_ms": attempt.latency_ms,
        "cost_usd": attempt.cost_usd,
        "maybe_billed": attempt.maybe_billed or None,
    }
    if attempt.outcome and not attempt.outcome.startswith("ok"):
        values["error_code"] = attempt.outcome
    return {name: value for name, value in values.items() if value is not None}


def _outcome(attempt: Attempt) -> str:
    return "succeeded" if (attempt.outcome or "").startswith("ok") else "failed"


def _progress_json(job: Job) -> Json | None:
    if job.progress is None:
        return None
    return {
        "message": job.progress.message,
        **({} if job.progress.fraction is None else {"fraction": job.progress.fraction}),
    }


def _path(forge: House, asset: Asset) -> str:
    return forge.place(asset)


def _place(forge: House, base_url: str | None, asset: Asset) -> str:
    """Where an image is: a path on this machine, or its URL."""
    return asset_url(base_url, asset) if base_url is not None else _path(forge, asset)


def iso(moment: datetime | None) -> str | None:
    """A moment as every door writes it: UTC, milliseconds, Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _cut(text: str, length: int) -> str:
    """The text within a length, cut between words where it has any."""
    if len(text) <= length:
        return text
    start, space, _ = text[:length].rpartition(" ")
    return (start if space and len(start) > length // 2 else text[: length - 1]).rstrip(" ,;:") + "…"


def asset_url(base_url: str, asset: Asset) -> str:
    return f"{base_url}/v2/assets/{asset.asset_id}"
