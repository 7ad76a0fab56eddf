"""img-forge: /v2/generate, /v2/jobs/{id}, /v2/models, /v2/guide, /v2/health; assets are served beside it."""

import html
from importlib import resources
from typing import Any

from starlette.responses import HTMLResponse, Response

from imgforge_mcp import __version__
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Job, JobState, Json, QualityTier
from imgforge_mcp.forge import Filter
from imgforge_mcp.http.answers import answer, default_error
from imgforge_mcp.http.rest.face import Body, Call, Endpoint, Face, image_request
from imgforge_mcp.presentation import iso

CAPABILITIES = {
    "txt2img": "text_to_image",
    "img2img": "edit",
    "inpaint": "inpaint",
    "negative_prompt": "negative_prompt",
    "seed_control": "seed",
}
"""img-forge's words for what a model can do, and ours."""
ALWAYS = frozenset(
    {
        "job_id",
        "state",
        "original_prompt",
        "final_prompt",
        "enhancement_logic",
        "quality_tier",
        "asset_url",
        "asset_urls",
    }
) | {"output_format", "seed_used", "error", "created_at", "completed_at"}
"""Fields of a job that are there from the start, null until they are known."""


class Generation(Body):
    """POST /v2/generate."""

    prompt: str
    """What to draw."""
    quality_tier: str = "standard"
    """draft, standard, premium, ultra or ultra_plus."""
    sync: bool = False
    """Wait for the picture; false: 202 and a job to ask about."""
    negative_prompt: str | None = None
    idempotency_key: str | None = None
    """The same key within 24 hours returns the existing job."""
    model: str | None = None
    cf_model: str | None = None
    openai_model: str | None = None
    aspect_ratio: str | None = None
    image_size: str | None = None
    seed: int | None = None
    mode: str | None = None
    """txt2img or img2img."""
    input_job_id: str | None = None
    input_asset_url: str | None = None
    input_image: str | None = None
    mask_image: str | None = None
    input_strength: float | None = None
    output_format: str | None = None
    metadata: dict[str, str] | None = None
    project_id: str | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""
    urgency: str | None = None
    """day: within 24 hours at half price, where a provider has that; day_else_now: then at once, at the whole price."""


async def generate(call: Call, body: Generation) -> Response:
    request = _request(call, body)
    known = await call.forge.job_of_key(request, call.caller)
    if known is not None:
        return answer(_shown(known), 200)
    if not request.sync:
        job = await call.forge.submit(request, call.caller, request_id=call.request_id)
        return answer(_shown(job), 202)
    job = await call.forge.generate(request, call.caller, call.request_id)
    if job.state is JobState.FAILED:
        status, shown = _failure(job)
        return answer(shown, status)
    return answer(_shown(job), 201 if job.state is JobState.COMPLETED else 202)


async def job(call: Call, body: None) -> Response:
    found = await call.forge.job(call.request.path_params["job_id"], call.caller)
    return answer(_shown(found))


async def models(call: Call, body: None) -> Response:
    wanted = call.request.query_params.get("capability")
    if wanted is not None and wanted not in CAPABILITIES:
        raise InvalidRequest(f"capability is one of {', '.join(CAPABILITIES)}.", field="capability")
    listed = await call.forge.models(Filter(capability=CAPABILITIES.get(wanted or "")), is_paged=False)
    defaults = {order["tier"]: (order["order"] or [{}])[0].get("candidate", "") for order in listed["tiers"]}
    return answer({"models": [_model(entry, defaults) for entry in listed["models"]]})


async def guide(call: Call, body: None) -> Response:
    """The prompt guide as a page: what each tier is for, and examples of it."""
    text = resources.files("imgforge_mcp").joinpath("guide.md").read_text("utf-8")
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Prompt guide</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto}}pre{{white-space:pre-wrap;font:inherit}}</style>
<main><pre>{html.escape(text)}</pre></main></html>"""
    return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


async def health(call: Call, body: None) -> Response:
    return answer({"status": "ok", "version": __version__})


def _request(call: Call, body: Generation) -> ImageRequest:
    if body.quality_tier not in list(QualityTier):
        raise InvalidRequest(
            f"quality_tier is one of {', '.join(QualityTier)}.", field="quality_tier", value=body.quality_tier[:40]
        )
    image = body.input_job_id or body.input_image or _absolute(call, body.input_asset_url)
    if body.mode == "img2img" and image is None:
        raise InvalidRequest("img2img needs input_job_id, input_asset_url or input_image.", field="input_job_id")
    if body.mode not in (None, "txt2img", "img2img"):
        raise InvalidRequest("mode is txt2img or img2img.", field="mode")
    is_edit = image is not None and body.mode != "txt2img"
    return image_request(
        prompt=body.prompt,
        quality_tier=body.quality_tier,
        model=body.cf_model or body.openai_model or body.model,
        negative_prompt=body.negative_prompt,
        aspect_ratio=body.aspect_ratio,
        image_size=body.image_size,
        seed=body.seed,
        input_images=[image] if image else None,
        is_edit=is_edit or None,
        mask=body.mask_image if is_edit else None,
        strength=body.input_strength if is_edit else None,
        output_format=None if body.output_format in (None, "avif") else body.output_format,
        idempotency_key=body.idempotency_key,
        metadata=body.metadata,
        project_id=body.project_id or call.caller.project_id,
        urgency=body.urgency,
        webhook_url=body.webhook_url or None,
        sync=body.sync,
    )


def _absolute(call: Call, url: str | None) -> str | None:
    """One of our own addresses as the asset it names; others as they are."""
    marker = "/v2/assets/"
    if url is not None and (url.startswith(marker) or url.startswith(call.base_url + marker)):
        return url.partition(marker)[2].split("?")[0]
    return url


def _shown(job: Job) -> Json:
    """A job in img-forge's words; what there is not yet is null, as its documentation has it."""
    first = job.assets[0] if job.assets else None
    error = job.error or {}
    values: dict[str, Any] = {
        "job_id": job.job_id,
        "state": job.state.value,
        "original_prompt": job.request.prompt,
        "final_prompt": job.final_prompt,
        "enhancement_logic": job.enhancement_logic,
        "quality_tier": job.quality_tier.value,
        "model": job.model,
        "provider": job.provider,
        "asset_url": f"/v2/assets/{first.asset_id}" if first else None,
        "asset_urls": [f"/v2/assets/{asset.asset_id}" for asset in job.assets],
        "output_format": first.mime_type.removeprefix("image/") if first else None,
        "seed_used": first.seed if first else None,
        "error": error.get("error"),
        "code": error.get("code"),
        "details": error.get("details"),
        "warnings": list(job.warnings),
        "cost_usd": job.cost_usd,
        "metadata": job.request.metadata,
        "created_at": iso(job.created_at),
        "completed_at": iso(job.completed_at),
    }
    return {name: value for name, value in values.items() if name in ALWAYS or value not in (None, [], {})}


def _failure(job: Job) -> tuple[int, Json]:
    """A job that failed while somebody waited: the one shape of every error, and the job beside it."""
    error = job.error or {}
    status = int(error.get("status", 500))
    return status, {**_shown(job), **error}


def _model(entry: Json, defaults: Json) -> Json:
    able = set(entry["capabilities"]) | set(entry["settings"])
    offer = entry["providers"][0]
    name = f"{offer['provider']}/{entry['slug']}"
    tiers = [tier for tier, first in defaults.items() if first == name]
    return {
        "id": offer["id"],
        "slug": entry["slug"],
        "name": entry["name"],
        "quality_tier": (tiers or entry["tiers"] or [None])[0],
        "is_default": bool(tiers),
        "provider": offer["provider"],
        "capabilities": {word: ours in able for word, ours in CAPABILITIES.items()},
        "price_usd": offer.get("price_usd"),
        "default_size": entry["size"],
        "is_available": entry["state"] == "available",
    }


JOB = {
    "type": "object",
    "required": ["job_id", "state", "original_prompt", "final_prompt", "asset_url", "created_at", "completed_at"],
    "properties": {
        "job_id": {"type": "string"},
        "state": {"enum": [state.value for state in JobState]},
        "original_prompt": {"type": "string"},
        "final_prompt": {"type": "string"},
        "enhancement_logic": {"type": "string"},
        "asset_url": {"type": ["string", "null"]},
        "error": {"type": ["string", "null"]},
        "created_at": {"type": "string", "format": "date-time"},
        "completed_at": {"type": ["string", "null"], "format": "date-time"},
    },
}

FACE = Face(
    name="img-forge",
    title="img-forge",
    error=default_error,
    endpoints=(
        Endpoint(
            method="POST",
            path="/v2/generate",
            handle=generate,
            takes=Generation,
            gives=JOB,
            status=202,
            scope="generate",
            summary="Generate an image",
        ),
        Endpoint(method="GET", path="/v2/jobs/{job_id}", handle=job, gives=JOB, summary="A job"),
        Endpoint(method="GET", path="/v2/models", handle=models, gives={"type": "object"}, summary="Models by tier"),
        Endpoint(
            method="GET", path="/v2/guide", handle=guide, is_open=True, media_type="text/html", summary="Prompt guide"
        ),
        Endpoint(
            method="GET", path="/v2/health", handle=health, is_open=True, gives={"type": "object"}, summary="Liveness"
        ),
    ),
)
