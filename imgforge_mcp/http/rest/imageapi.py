"""ImageAPI: /api/v1/generate (one, or items), product, logo, prompt/enhance, prompt/build, models, usage, health."""

import base64
from collections.abc import Sequence
from math import ceil
from typing import Annotated, Any

import anyio
from pydantic import Field, SkipValidation
from starlette.responses import Response

from imgforge_mcp.base.errors import ForgeError, InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Job, Json
from imgforge_mcp.forge import Filter
from imgforge_mcp.http.answers import answer
from imgforge_mcp.http.rest.face import Body, Call, Endpoint, Face, body_of, image_request

STANDARD_MODEL = "flux-schnell"
SIDE = 512
MAX_ITEMS = 50
AT_ONCE = 8
SIDES = Annotated[int, Field(ge=256, le=1024)]
PURPOSES = {
    "product": "professional product photography, centered on a seamless background, soft studio light, sharp focus",
    "logo": "logo design, simple flat vector style, clean shapes, centered on a plain background, no photograph",
}
"""What /generate/product and /generate/logo add to a prompt."""


class Picture(Body):
    """One picture."""

    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    """1 to 2000 characters."""
    negative_prompt: Annotated[str, Field(max_length=1000)] | None = None
    width: SIDES = SIDE
    """256 to 1024 pixels."""
    height: SIDES = SIDE
    num_inference_steps: Annotated[int, Field(ge=1, le=50)] | None = None
    seed: int | None = None
    model: str | None = None
    """A model's slug; left out: flux-schnell where it is configured, else what the router picks."""
    project_id: str | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""


class Generation(Picture):
    """POST /api/v1/generate: one picture, or several as `items`."""

    prompt: Annotated[str, Field(min_length=1, max_length=2000)] | None = None  # type: ignore[assignment]
    items: Annotated[list[SkipValidation[Picture]], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    """Each is read by itself: one that is wrong says so in its place."""


class Idea(Body):
    """POST /api/v1/prompt/enhance."""

    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    tone: Annotated[str, Field(max_length=200)] | None = None
    seed: int | None = None


class Parts(Body):
    """POST /api/v1/prompt/build: all optional, at least one."""

    subject: str | None = None
    setting: str | None = None
    mood: str | None = None
    art_style: str | None = None
    lighting: str | None = None
    camera: str | None = None
    extras: str | None = None


def _generating(purpose: str | None) -> Any:
    async def generate(call: Call, body: Generation) -> Response:
        if body.items is not None:
            return _success(call, {"results": await _all(call, body.items, purpose)})
        if body.prompt is None:
            raise InvalidRequest("prompt is required, or items.", field="prompt")
        return _success(call, await _one(call, body, purpose))

    return generate


async def _all(call: Call, items: Sequence[object], purpose: str | None) -> list[Json]:
    """Every item at once; one that is wrong, or fails, says so in its place."""
    results: list[Json] = [{} for _ in items]
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def draw(number: int, item: object) -> None:
        async with limiter:
            try:
                results[number] = {"success": True, **await _one(call, body_of(Picture, item), purpose)}
            except ForgeError as error:
                shown: Json = {"success": False, "error": error.message, "code": error.code}
                if error.retry_after is not None:
                    shown["retry_after"] = max(1, ceil(error.retry_after))
                results[number] = shown

    async with anyio.create_task_group() as tasks:
        for number, item in enumerate(items):
            tasks.start_soon(draw, number, item)
    return results


async def _one(call: Call, body: Picture, purpose: str | None) -> Json:
    job = await call.drawn(_request(call, body, purpose))
    asset = job.assets[0]
    is_stored = call.forge.config.hosted_images
    return {
        "image": call.url(asset) if is_stored else await _data_url(call, asset.asset_id),
        "seed": asset.seed if asset.seed is not None else body.seed,
        "model": job.model,
        "storage": {"enabled": is_stored, "stored": is_stored, "plan": _plan_name(call)},
        **_details(job),
    }


def _request(call: Call, body: Picture, purpose: str | None) -> ImageRequest:
    prompt = f"{body.prompt}, {PURPOSES[purpose]}" if purpose else str(body.prompt)
    return image_request(
        prompt=prompt,
        negative_prompt=body.negative_prompt or None,
        width=body.width,
        height=body.height,
        steps=body.num_inference_steps,
        seed=body.seed,
        model=body.model or call.default_model(STANDARD_MODEL),
        project_id=body.project_id or call.caller.project_id,
        webhook_url=body.webhook_url or None,
    )


async def _data_url(call: Call, asset_id: str) -> str:
    asset, data = await call.forge.asset(asset_id)
    return f"data:{asset.mime_type};base64,{base64.b64encode(data).decode('ascii')}"


def _details(job: Job) -> Json:
    return {"job_id": job.job_id, **({"warnings": list(job.warnings)} if job.warnings else {})}


async def enhance(call: Call, body: Idea) -> Response:
    prompt, by = await call.forge.enhanced_prompt(body.prompt, body.tone, body.seed, call.caller)
    return _success(call, {"prompt": prompt, "enhanced_by": by})


async def build(call: Call, body: Parts) -> Response:
    parts = {
        name: value
        for name, value in body.model_dump().items()
        if isinstance(value, str) and name in Parts.model_fields
    }
    return _success(call, {"prompt": call.forge.built_prompt(parts)})


async def models(call: Call, body: None) -> Response:
    listed = await call.forge.models(Filter(available_only=False), is_paged=False)
    shown = [
        {
            "slug": entry["slug"],
            "name": entry["name"],
            "description": entry["description"],
            "available": entry["state"] == "available",
        }
        for entry in listed["models"]
        if entry["state"] != "retired"
    ]
    return answer({"success": True, "data": shown, "models": shown, "request_id": call.request_id})


async def usage(call: Call, body: None) -> Response:
    counts = await call.forge.requests(call.caller)
    allowance = call.caller.allowance
    shown = {name: {"requestCount": requests, "imageCount": images} for name, (requests, images) in counts.items()}
    plan: Json = {
        "name": _plan_name(call),
        "slug": (call.caller.name or "local").lower(),
        "requests_per_minute": allowance.per_minute,
        "requests_per_month": allowance.per_month,
        "requests_per_day": allowance.per_day,
        "remaining_today": _left(allowance.per_day, counts["day"][1]),
        "remaining_month": _left(allowance.per_month, counts["month"][1]),
    }
    return _success(call, {"usage": {"today": shown["day"], "this_month": shown["month"]}, "plan": plan})


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)


def _plan_name(call: Call) -> str:
    return call.caller.name or "Local"


async def health(call: Call, body: None) -> Response:
    try:
        await call.forge.check_storage()
        components = {"registry": "ok", "assets": "ok", "providers": "ok" if call.forge.manifests else "none"}
    except ForgeError as error:
        components = {"storage": error.message}
    is_healthy = "storage" not in components
    return answer(
        {"status": "healthy" if is_healthy else "degraded", "components": components, "request_id": call.request_id},
        200 if is_healthy else 503,
    )


def _success(call: Call, data: Json) -> Response:
    return answer({"success": True, "data": data, "request_id": call.request_id})


def error(error: ForgeError, request_id: str) -> tuple[int, Json]:
    """ImageAPI's error: a failed generation is 500, as its documentation has it."""
    body = error.body(request_id)
    status = 500 if error.status >= 500 and error.status != 503 else error.status
    retry = {"retry_after": body["retry_after_seconds"]} if "retry_after_seconds" in body else {}
    return status, {"success": False, **body, "status": status, **retry}


IMAGE = {
    "type": "object",
    "properties": {
        "image": {"type": "string"},
        "seed": {"type": ["integer", "null"]},
        "model": {"type": "string"},
        "storage": {"type": "object"},
    },
}
ANSWER = {
    "type": "object",
    "required": ["success", "data", "request_id"],
    "properties": {"success": {"const": True}, "data": {"type": "object"}, "request_id": {"type": "string"}},
}

FACE = Face(
    name="imageapi",
    title="ImageAPI",
    root="/api/v1/",
    error=error,
    endpoints=(
        Endpoint(
            method="POST",
            path="/api/v1/generate",
            handle=_generating(None),
            takes=Generation,
            gives=ANSWER,
            scope="generate",
            summary="Generate an image, or several",
        ),
        Endpoint(
            method="POST",
            path="/api/v1/generate/product",
            handle=_generating("product"),
            takes=Generation,
            gives=ANSWER,
            scope="generate",
            summary="Product pictures",
        ),
        Endpoint(
            method="POST",
            path="/api/v1/generate/logo",
            handle=_generating("logo"),
            takes=Generation,
            gives=ANSWER,
            scope="generate",
            summary="Logos",
        ),
        Endpoint(
            method="POST",
            path="/api/v1/prompt/enhance",
            handle=enhance,
            takes=Idea,
            gives=ANSWER,
            summary="A richer prompt from a short idea",
        ),
        Endpoint(
            method="POST",
            path="/api/v1/prompt/build",
            handle=build,
            takes=Parts,
            gives=ANSWER,
            summary="One prompt from its parts",
        ),
        Endpoint(
            method="GET",
            path="/api/v1/models",
            handle=models,
            is_open=True,
            gives={"type": "object"},
            summary="Every model",
        ),
        Endpoint(method="GET", path="/api/v1/usage", handle=usage, gives=ANSWER, summary="Usage and limits"),
        Endpoint(
            method="GET", path="/api/v1/health", handle=health, is_open=True, gives={"type": "object"}, summary="Health"
        ),
    ),
)
