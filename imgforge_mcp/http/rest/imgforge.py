"""img-forge: /v2/generate, /v2/transform, /v2/jobs/{id}, /v2/models, /v2/guide, /v2/health; assets are served beside
it."""

import html
from importlib import resources
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from imgforge_mcp import __version__
from imgforge_mcp.base import kindly
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Job, JobState, Json, QualityTier, Transform
from imgforge_mcp.forge import Filter
from imgforge_mcp.http.answers import answer, default_error
from imgforge_mcp.http.images import PRESETS
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


PRESET = "output_preset"
"""Stands with the job's metadata: what it was asked for, so that its address is told whoever asks."""


class Asked(Body):
    """What both ways of asking have."""

    sync: bool = False
    """Wait for the picture; false: 202 and a job to ask about."""
    idempotency_key: str | None = None
    """The same key within 24 hours returns the existing job."""
    input_job_id: str | None = None
    input_asset_url: str | None = None
    input_image: str | None = None
    metadata: dict[str, str] | None = None
    project_id: str | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""

    def picture(self, call: Call) -> str | None:
        """The picture that is meant, however it is named; one of our own addresses as the asset that lies there."""
        url, marker = self.input_asset_url, "/v2/assets/"
        if url is not None and (url.startswith(marker) or url.startswith(call.base_url + marker)):
            url = url.partition(marker)[2].split("?")[0]
        return self.input_job_id or self.input_image or url

    def kept(self, call: Call) -> Json:
        """The fields that a request takes over as they are."""
        return {
            "idempotency_key": self.idempotency_key,
            "metadata": self.metadata,
            "project_id": self.project_id or call.caller.project_id,
            "webhook_url": self.webhook_url or None,
            "sync": self.sync,
        }


class Generation(Asked):
    """POST /v2/generate."""

    prompt: Annotated[str, Field(min_length=1, examples=["a red fox in fresh snow"])]
    """What to draw."""
    quality_tier: str = "standard"
    """draft, standard, premium, ultra or ultra_plus."""
    negative_prompt: str | None = None
    model: str | None = None
    cf_model: str | None = None
    openai_model: str | None = None
    aspect_ratio: str | None = None
    image_size: str | None = None
    seed: int | None = None
    mode: str | None = None
    """txt2img, img2img or inpaint."""
    mask_image: str | None = None
    input_strength: float | None = None
    output_format: str | None = None
    """png, jpeg or webp."""
    output_preset: str | None = None
    """thumbnail, standard, hero or portrait: preset_url is the picture at that width."""
    background_removal: bool = False
    """The picture with a transparent background, which bg_removed_url names too."""
    urgency: str | None = None
    """day: within 24 hours at half price, where a provider has that; day_else_now: then at once, at the whole price."""

    @property
    def passed_over(self) -> list[str]:
        return [*super().passed_over, *(["output_format=avif"] if self.output_format == "avif" else [])]


class Change(Asked, Transform):
    """POST /v2/transform: a picture cut out, enlarged, traced, extended, cropped, resized or converted."""

    model_config = ConfigDict(extra="allow", frozen=False, strict=False, use_attribute_docstrings=True)

    image: str | None = None
    """asset id, job id (id#2 for its second), https URL or data URL."""
    provider: str | None = None
    """local: on this machine, free."""
    max_cost_usd: float | None = None

    def picture(self, call: Call) -> str | None:
        return self.image or super().picture(call)


async def generate(call: Call, body: Generation) -> Response:
    return await _answered(call, _request(call, body))


async def transform(call: Call, body: Change) -> Response:
    picture = body.picture(call)
    if picture is None:
        raise InvalidRequest("image is missing: an asset id, a job id, an https URL or a data URL.", field="image")
    wanted = kindly.read(Transform, body.model_dump(include=set(Transform.model_fields)))
    request = image_request(
        prompt=wanted.words,
        transform=wanted,
        input_images=[picture],
        is_edit=True,
        provider=body.provider,
        max_cost_usd=body.max_cost_usd,
        **body.kept(call),
    )
    return await _answered(call, request)


async def _answered(call: Call, request: ImageRequest) -> Response:
    """The job: 202 when it is taken, 201 when it was made while one waited, 200 when its key was known."""
    known = await call.forge.job_of_key(request, call.caller)
    if not request.sync:
        job = known or await call.forge.submit(request, call.caller, request_id=call.request_id)
        return answer(_shown(job), 200 if known else 202)
    job = await call.forge.generate(request, call.caller, call.request_id)
    if known is not None:
        return answer(_shown(job), 200)
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
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}}
q{{font-style:italic;quotes:none}}</style>
<main>{"".join(_paragraph(part) for part in text.split(chr(10) * 2))}</main></html>"""
    return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def _paragraph(text: str) -> str:
    """A part of the guide as HTML: a heading, a list whose entries may have an example below them, or plain words."""
    shown = html.escape(text.strip(), quote=False)
    if shown.startswith("#"):
        level = len(shown) - len(shown.lstrip("#"))
        return f"<h{level}>{shown[level:].strip()}</h{level}>"
    if not shown.startswith("- "):
        return f"<p>{shown}</p>"
    entries = [
        entry.replace("\n  ", "<br><q>") + ("</q>" if "\n  " in entry else "") for entry in shown[2:].split("\n- ")
    ]
    return f"<ul>{''.join(f'<li>{entry}</li>' for entry in entries)}</ul>"


async def health(call: Call, body: None) -> Response:
    return answer({"status": "ok", "version": __version__})


def _request(call: Call, body: Generation) -> ImageRequest:
    """Raises InvalidRequest."""
    if body.quality_tier not in list(QualityTier):
        raise InvalidRequest(
            f"quality_tier is one of {', '.join(QualityTier)}.", field="quality_tier", value=body.quality_tier[:40]
        )
    if body.output_preset is not None and body.output_preset not in PRESETS:
        raise InvalidRequest(f"output_preset is one of {', '.join(PRESETS)}.", field="output_preset")
    image = body.picture(call)
    if body.mode not in (None, "txt2img", "img2img", "inpaint"):
        raise InvalidRequest("mode is txt2img, img2img or inpaint.", field="mode")
    if body.mode in ("img2img", "inpaint") and image is None:
        raise InvalidRequest(f"{body.mode} needs input_job_id, input_asset_url or input_image.", field="input_job_id")
    if body.mode == "inpaint" and body.mask_image is None:
        raise InvalidRequest("inpaint needs mask_image: white or transparent where it may change.", field="mask_image")
    is_edit = image is not None and body.mode != "txt2img"
    kept = body.kept(call)
    if body.output_preset is not None:
        kept["metadata"] = {**(kept["metadata"] or {}), PRESET: body.output_preset}
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
        output_format=None if body.output_format == "avif" else body.output_format,
        background="transparent" if body.background_removal else None,
        urgency=body.urgency,
        **kept,
    )


def _shown(job: Job) -> Json:
    """A job in img-forge's words; what there is not yet is null, as its documentation has it."""
    first = job.assets[0] if job.assets else None
    url = f"/v2/assets/{first.asset_id}" if first else None
    metadata = dict(job.request.metadata or {})
    preset = metadata.pop(PRESET, None)
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
        "asset_url": url,
        "preset_url": f"{url}?preset={preset}" if url and preset else None,
        "bg_removed_url": url if _is_cut_out(job) else None,
        "asset_urls": [f"/v2/assets/{asset.asset_id}" for asset in job.assets],
        "output_format": first.mime_type.removeprefix("image/") if first else None,
        "seed_used": first.seed if first else None,
        "error": error.get("error"),
        "code": error.get("code"),
        "details": error.get("details"),
        "warnings": list(job.warnings),
        "shortfalls": [{"asked": each.asked, "got": each.got} for each in job.shortfalls],
        "cost_usd": job.cost_usd,
        "metadata": metadata,
        "created_at": iso(job.created_at),
        "completed_at": iso(job.completed_at),
    }
    return {name: value for name, value in values.items() if name in ALWAYS or value not in (None, [], {})}


def _is_cut_out(job: Job) -> bool:
    """Whether a transparent background was asked for, and came."""
    return job.request.background == "transparent" and not any("transparent" in each.asked for each in job.shortfalls)


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
    root="/v2/",
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
        Endpoint(
            method="POST",
            path="/v2/transform",
            handle=transform,
            takes=Change,
            gives=JOB,
            status=202,
            scope="generate",
            summary="Cut out, enlarge, trace, extend, crop, resize or convert an image",
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
