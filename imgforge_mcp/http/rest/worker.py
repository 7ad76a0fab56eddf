"""The Workers AI image service: /api/generate, /api/models, /api/templates, /api/batch, /api/images, /api/analytics."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from imgforge_mcp.base.errors import ContentRefused, ForgeError, InvalidModel, InvalidRequest, ModelRetired, NotFound
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.types import ImageRequest, Job, JobState, Json
from imgforge_mcp.forge import BATCH, Filter
from imgforge_mcp.http.answers import answer
from imgforge_mcp.http.rest.face import Body, Call, Endpoint, Face, JobFailed, image_request
from imgforge_mcp.presentation import iso

SHORTEST_PROMPT = 3
IMAGE_ID = re.compile(r"img_([0-9a-hjkmnp-tv-z]{26})")
MOST = 100
DEFAULT_USER = "default_user"


class Generation(Body):
    """POST /api/generate."""

    prompt: Annotated[str, Field(examples=["a red fox in fresh snow"])]
    """At least 3 characters."""
    model: str | None = None
    """A model's id; required unless the template names one."""
    template_id: str | None = None
    metadata: dict[str, Any] | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""


class Template(Body):
    """POST /api/templates."""

    name: str
    model: str | None = None
    default_prompt: str | None = None
    settings: dict[str, Any] | None = None


class Batch(Body):
    """POST /api/batch/generate."""

    prompts: list[str]
    model: str | None = None
    template_id: str | None = None
    webhook_url: str | None = None
    """https URL that is told of each image, when its job has ended."""
    urgency: str | None = None
    """day: within 24 hours at half price, where a provider has that; day_else_now: then at once, at the whole price."""


async def generate(call: Call, body: Generation) -> Response:
    request = await _request(call, body.prompt, body)
    return answer(_image(call, await call.drawn(request)))


async def models(call: Call, body: None) -> Response:
    """What /api/generate can be asked for."""
    listed = await call.forge.models(Filter(capability="text_to_image"), is_paged=False)
    return answer([_model(entry, offer) for entry in listed["models"] for offer in entry["providers"]])


def _model(entry: Json, offer: Json) -> Json:
    """What an image costs; where its price is not known, the most that it can cost, and says so."""
    cost = offer.get("price_usd")
    return {
        "id": offer["id"],
        "name": entry["name"],
        "description": entry["description"],
        "provider": offer["provider"],
        "cost_per_image": offer.get("price_bound_usd") if cost is None else cost,
        **({"is_upper_bound": True} if cost is None else {}),
        "is_available": offer["state"] == "available",
    }


async def batch_generate(call: Call, body: Batch) -> Response:
    if not body.prompts or len(body.prompts) > 50:
        raise InvalidRequest("prompts is a list of 1 to 50 prompts.", field="prompts")
    requests = [await _request(call, prompt, body) for prompt in body.prompts]
    batch_id = await call.forge.submit_batch(requests, call.caller, call.request_id)
    return answer(await _batch(call, batch_id), 202)


async def batch(call: Call, body: None) -> Response:
    return answer(await _batch(call, call.request.path_params["batch_id"]))


async def _batch(call: Call, batch_id: str) -> Json:
    if not batch_id.startswith(BATCH):
        raise NotFound("There is no batch of that id.", batch_id=batch_id[:64])
    items = await call.forge.batch(batch_id, call.caller)
    images: list[Json] = [
        _image(call, item) if isinstance(item, Job) else {"error": item["error"], "details": item} for item in items
    ]
    states = [item.state if isinstance(item, Job) else JobState.FAILED for item in items]
    done = sum(state.is_final for state in states)
    return {
        "batch_id": batch_id,
        "id": batch_id,
        "status": "completed" if done == len(states) else "processing",
        "total": len(states),
        "completed": sum(state is JobState.COMPLETED for state in states),
        "failed": sum(state in (JobState.FAILED, JobState.CANCELED) for state in states),
        "images": images,
    }


async def images(call: Call, body: None) -> Response:
    text = call.request.query_params.get("limit", "20")
    limit = min(MOST, int(text)) if text.isascii() and text.isdigit() and int(text[:6]) > 0 else 20
    jobs = [job for job in await call.forge.recent_jobs(limit, call.caller) if job.assets]
    gone = await _deleted(call, jobs)
    shown = [_image(call, job) for job in jobs if job.job_id not in gone]
    return answer({"images": shown, "total": len(shown)})


async def image(call: Call, body: None) -> Response:
    job = await _job(call)
    return answer(_image(call, job, is_deleted=bool(await _deleted(call, [job]))))


async def delete_image(call: Call, body: None) -> Response:
    job = await _job(call)
    if not await _deleted(call, [job]):
        for asset in job.assets:
            await call.forge.delete_asset(asset.asset_id, call.caller)
    return answer(_image(call, job, is_deleted=True))


async def _deleted(call: Call, jobs: Collection[Job]) -> set[str]:
    """The ids of those jobs whose picture the caller has deleted."""
    first = {job.job_id: job.assets[0].asset_id for job in jobs if job.assets}
    gone = await call.forge.deleted_assets(first.values(), call.caller)
    return {job_id for job_id, asset_id in first.items() if asset_id in gone}


async def _job(call: Call) -> Job:
    """Raises NotFound."""
    match = IMAGE_ID.fullmatch(call.request.path_params["image_id"])
    if match is None:
        raise NotFound("There is no image of that id.")
    return await call.forge.job(match[1].upper(), call.caller)


async def templates(call: Call, body: None) -> Response:
    return answer(await call.forge.saved_templates(call.caller))


async def template(call: Call, body: None) -> Response:
    return answer(await call.forge.saved_template(call.request.path_params["template_id"], call.caller))


async def add_template(call: Call, body: Template) -> Response:
    if not body.name.strip():
        raise InvalidRequest("A template needs a name.", field="name")
    values = {"model": body.model, "default_prompt": body.default_prompt, "settings": body.settings}
    return answer(await call.forge.save_template(body.name.strip()[:200], values, call.caller), 201)


async def delete_template(call: Call, body: None) -> Response:
    template_id = call.request.path_params.get("template_id") or call.request.query_params.get("id", "")
    await call.forge.delete_template(template_id, call.caller)
    return answer({"success": True, "id": template_id})


async def costs(call: Call, body: None) -> Response:
    usage = await call.forge.usage(call.request.query_params.get("period", "all"), None, call.caller)
    images, total = usage["images"], usage["cost_usd"]
    return answer(
        {
            "total_cost": total,
            "total_images": images,
            "average_cost": round(total / images, 6) if images else 0.0,
            "by_model": usage["by_model"],
            "by_day": usage["by_day"],
            "maybe_billed": usage.get("maybe_billed_usd", 0.0),
        }
    )


async def _request(call: Call, prompt: str, body: Generation | Batch) -> ImageRequest:
    """Raises InvalidRequest, InvalidModel, NotFound."""
    if len(prompt.strip()) < SHORTEST_PROMPT:
        raise InvalidRequest("Prompt must be at least 3 characters", field="prompt")
    template = await call.forge.saved_template(body.template_id, call.caller) if body.template_id else {}
    model = body.model or template.get("model")
    if not model:
        raise InvalidRequest("Model is required; GET /api/models lists them", field="model")
    extra = template.get("default_prompt")
    settings = template.get("settings") or {}
    metadata = body.metadata if isinstance(body, Generation) else None
    return image_request(
        prompt=f"{prompt}, {extra}" if extra else prompt,
        model=model,
        metadata=_as_texts(metadata) if metadata else None,
        project_id=call.caller.project_id,
        webhook_url=body.webhook_url or None,
        urgency=body.urgency if isinstance(body, Batch) else None,
        **{name: settings.get(name) for name in ("width", "height", "steps", "seed", "negative_prompt", "style")},
    )


def _as_texts(metadata: Mapping[str, Any]) -> Json:
    """Metadata as we keep it, a map of texts, from which `_as_sent` makes the same values again: what is no text, or a
    text that would be read as something else, is kept as its JSON."""
    return {
        name: value if isinstance(value, str) and _as_sent(value) == value else json.dumps(value, ensure_ascii=False)
        for name, value in metadata.items()
    }


def _as_sent(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _image(call: Call, job: Job, *, is_deleted: bool = False) -> Json:
    """A job in the service's words; one that is under way has its id and no address yet."""
    asset = job.assets[0] if job.assets else None
    image_id = f"img_{job.job_id.lower()}"
    extension = EXTENSIONS[asset.mime_type] if asset else "png"
    shown: Json = {
        "id": image_id,
        "prompt": job.request.prompt,
        "model": call.forge.model_id(job.provider, job.model) or job.request.model,
        "r2_key": f"generated/{image_id}.{extension}",
        "r2_url": call.url(asset) if asset else None,
        "width": asset.width if asset else None,
        "height": asset.height if asset else None,
        "created_at": iso(job.created_at),
        "user_id": call.caller.name or DEFAULT_USER,
        "cost": job.cost_usd,
        "is_deleted": is_deleted,
        "status": job.state.value,
    }
    if job.request.metadata:
        shown["metadata"] = {name: _as_sent(text) for name, text in job.request.metadata.items()}
    if job.error:
        shown["error"] = job.error.get("error")
    return shown


def error(error: ForgeError, request_id: str) -> tuple[int, Json]:
    """`error` names the kind, `details.message` says it; a failed generation is 500, as the documentation has it."""
    body = error.body(request_id)
    details: Json = {**error.details, "message": error.message}
    match error:
        case InvalidModel() | ModelRetired():
            kind = "Invalid model"
            details = {"model": error.details.get("model") or error.details.get("value"), **details}
            if isinstance(error, InvalidModel):
                details["message"] = f"Model not found or not supported. {error.message}"
        case InvalidRequest() if error.details.get("field") == "prompt":
            kind = "Invalid prompt"
        case InvalidRequest():
            kind = "Invalid request"
        case ContentRefused() | JobFailed():
            kind = "Image generation failed"
        case _ if error.status >= 500:
            kind = "Image generation failed"
        case _:
            kind = error.message
    is_failed = isinstance(error, JobFailed) and error.status >= 500
    status = 500 if is_failed or error.status in (502, 503, 504, 507) else error.status
    return status, {**body, "error": kind, "details": details, "status": status}


IMAGE = {
    "type": "object",
    "required": [
        "id",
        "prompt",
        "model",
        "r2_key",
        "r2_url",
        "width",
        "height",
        "created_at",
        "user_id",
        "cost",
        "is_deleted",
    ],
    "properties": {"id": {"type": "string"}, "cost": {"type": ["number", "null"]}, "is_deleted": {"type": "boolean"}},
}

FACE = Face(
    name="worker",
    title="Workers AI images",
    root="/api/",
    error=error,
    endpoints=(
        Endpoint(
            method="POST",
            path="/api/generate",
            handle=generate,
            takes=Generation,
            gives=IMAGE,
            scope="generate",
            summary="Generate an image",
        ),
        Endpoint(
            method="GET",
            path="/api/models",
            handle=models,
            gives={"type": "array"},
            summary="Models and what an image costs",
        ),
        Endpoint(
            method="GET", path="/api/templates", handle=templates, gives={"type": "array"}, summary="Your templates"
        ),
        Endpoint(
            method="POST",
            path="/api/templates",
            handle=add_template,
            takes=Template,
            gives={"type": "object"},
            status=201,
            scope="generate",
            summary="Keep a template",
        ),
        Endpoint(
            method="DELETE",
            path="/api/templates",
            handle=delete_template,
            gives={"type": "object"},
            scope="generate",
            summary="Forget a template (?id=)",
        ),
        Endpoint(
            method="GET",
            path="/api/templates/{template_id}",
            handle=template,
            gives={"type": "object"},
            summary="One of your templates",
        ),
        Endpoint(
            method="DELETE",
            path="/api/templates/{template_id}",
            handle=delete_template,
            gives={"type": "object"},
            scope="generate",
            summary="Forget a template",
        ),
        Endpoint(
            method="POST",
            path="/api/batch/generate",
            handle=batch_generate,
            takes=Batch,
            gives={"type": "object"},
            status=202,
            scope="generate",
            summary="Generate several images",
        ),
        Endpoint(method="GET", path="/api/batch/{batch_id}", handle=batch, gives={"type": "object"}, summary="A batch"),
        Endpoint(
            method="GET",
            path="/api/images",
            handle=images,
            gives={"type": "object"},
            summary="Your images, newest first",
        ),
        Endpoint(method="GET", path="/api/images/{image_id}", handle=image, gives=IMAGE, summary="An image"),
        Endpoint(
            method="DELETE",
            path="/api/images/{image_id}",
            handle=delete_image,
            gives=IMAGE,
            scope="generate",
            summary="Delete an image",
        ),
        Endpoint(
            method="GET", path="/api/analytics/costs", handle=costs, gives={"type": "object"}, summary="What was spent"
        ),
    ),
)
