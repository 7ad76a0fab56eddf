"""The OpenAI-compatible gateway: /v1/images/generations, /v1/images/edits, /v1/models, /v1/models/{model}."""

import base64
import json
import re
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from imgforge_mcp.base.errors import ForgeError, InvalidProject, InvalidRequest, NotFound
from imgforge_mcp.base.types import PROJECT, Asset, ImageRequest, Job, Json, QualityTier
from imgforge_mcp.forge import Filter
from imgforge_mcp.http.answers import answer
from imgforge_mcp.http.rest.face import Body, Call, Endpoint, Face, image_request

SIZE = re.compile(r"([0-9]{2,5})\s*[x×X]\s*([0-9]{2,5})")
SIDES = range(64, 8193)
"""Pixels."""
TIERS = {
    "low": QualityTier.DRAFT,
    "medium": QualityTier.STANDARD,
    "standard": QualityTier.STANDARD,
    "high": QualityTier.PREMIUM,
    "hd": QualityTier.PREMIUM,
}
"""OpenAI's words for quality, as our tiers; `auto` and others leave it to the default."""
INLINE = re.compile(r"(openai/)?(chat)?gpt-image")
"""Models whose pictures OpenAI never answers by address: programs written for them look for b64_json alone."""
TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class Generation(Body):
    """POST /v1/images/generations."""

    prompt: Annotated[str, Field(min_length=1, max_length=8000, examples=["a red fox in fresh snow"])]
    """Text description of the image, 1 to 8000 characters."""
    model: str = "auto"
    """A model, or `auto` for health-aware routing."""
    n: Annotated[int, Field(ge=1, le=4)] = 1
    """Number of images, 1 to 4."""
    size: str | None = None
    """Such as 1024x1024, or auto."""
    response_format: str | None = None
    """url or b64_json; left out: url, but b64_json for models called gpt-image, as OpenAI answers for those."""
    quality: str | None = None
    style: str | None = None
    project_id: str | None = None
    stream: bool = False
    output_format: str | None = None
    background: str | None = None
    """transparent, opaque or auto."""
    user: str | None = None
    moderation: str | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""


class Edit(Generation):
    """POST /v1/images/edits, a multipart form as OpenAI's."""

    image: str | list[str]
    """The image to change; further ones are looked at."""
    mask: str | None = None


async def generate(call: Call, body: Generation) -> Response:
    return await _answered(call, body, _request(call, body))


async def edit(call: Call, body: Edit) -> Response:
    images = body.image if isinstance(body.image, list) else [body.image]
    return await _answered(call, body, _request(call, body, input_images=images, mask=body.mask, is_edit=True))


async def models(call: Call, body: None) -> Response:
    """Every model that can be used now, in OpenAI's shape, with its state beside it."""
    return answer({"object": "list", "data": await _models(call)})


async def model(call: Call, body: None) -> Response:
    wanted = call.request.path_params["model"]
    for found in await _models(call):
        if wanted == found["id"] or wanted in {each["id"] for each in found.get("x_gateway", {}).get("providers", ())}:
            return answer(found)
    raise NotFound("There is no model of that name here; GET /v1/models lists those that there are.", field="model")


async def _models(call: Call) -> list[Json]:
    listed = await call.forge.models(Filter(), is_paged=False)
    entries = [
        {
            "id": entry["slug"],
            "object": "model",
            "created": 0,
            "owned_by": entry["providers"][0]["provider"],
            "name": entry["name"],
            "x_gateway": {"state": entry["state"], "providers": entry["providers"], "tiers": entry["tiers"]},
        }
        for entry in listed["models"]
    ]
    return [{"id": "auto", "object": "model", "created": 0, "owned_by": "imgforge"}, *entries]


def _request(call: Call, body: Generation, **further: Any) -> ImageRequest:
    """Raises InvalidRequest, InvalidProject."""
    if body.response_format not in (None, "url", "b64_json"):
        raise InvalidRequest("response_format is url or b64_json.", field="response_format")
    width, height = _size(body.size)
    model = None if body.model in ("", "auto") else body.model
    return image_request(
        prompt=body.prompt,
        model=model,
        quality_tier=TIERS.get(body.quality or "") if model is None else None,
        n=body.n,
        width=width,
        height=height,
        style=None if body.style in ("", "vivid", "natural") else body.style,
        output_format=body.output_format,
        background=body.background,
        project_id=_project(call, body),
        webhook_url=body.webhook_url or None,
        provider=call.request.headers.get("x-gateway-force-provider") or None,
        **further,
    )


def _project(call: Call, body: Generation) -> str | None:
    """Raises InvalidProject: malformed always; missing where the configuration requires one."""
    project = call.request.headers.get("x-gateway-project-id") or body.project_id or call.caller.project_id
    if project is None and call.forge.config.require_project:
        raise InvalidProject("A project is required: send the header x-gateway-project-id, or project_id in the body.")
    if project is not None and not PROJECT.fullmatch(project):
        raise InvalidProject("A project id is 1 to 64 characters of a-z, A-Z, 0-9 and . _ : -", field="project_id")
    return project


def _size(text: str | None) -> tuple[int | None, int | None]:
    """Raises InvalidRequest."""
    if text in (None, "", "auto"):
        return None, None
    match = SIZE.fullmatch(str(text).strip())
    sides = (int(match[1]), int(match[2])) if match is not None else (0, 0)
    if not all(side in SIDES for side in sides):
        said = f"size is WIDTHxHEIGHT, such as 1024x1024, each from {SIDES.start} to {SIDES.stop - 1}, or auto."
        raise InvalidRequest(said, field="size", value=str(text)[:32])
    return sides


async def _answered(call: Call, body: Generation, request: ImageRequest) -> Response:
    job = await call.drawn(request)
    is_inline = body.response_format == "b64_json" or (body.response_format is None and INLINE.match(body.model))
    data = [await _image(call, job, asset, is_inline=bool(is_inline)) for asset in job.assets]
    created = int((job.completed_at or job.created_at).timestamp())
    gateway = {
        "provider": job.provider,
        "model": call.forge.model_id(job.provider, job.model),
        "attempts": len({(attempt.provider, attempt.model) for attempt in job.attempts}),
        "request_id": call.request_id,
        "project_id": request.project_id,
        "job_id": job.job_id,
        "cost_usd": job.cost_usd,
    }
    if body.stream:
        return await _streamed(call, job, created, gateway)
    return answer({"created": created, "data": data, "x_gateway": gateway})


async def _image(call: Call, job: Job, asset: Asset, *, is_inline: bool) -> Json:
    if is_inline:
        _, data = await call.forge.asset(asset.asset_id)
        return {"b64_json": base64.b64encode(data).decode("ascii"), "revised_prompt": job.final_prompt}
    return {"url": call.url(asset), "revised_prompt": job.final_prompt}


async def _streamed(call: Call, job: Job, created: int, gateway: Json) -> Response:
    """OpenAI's stream with nothing before its end: one event a picture, the whole picture in it."""
    kind = "image_edit.completed" if job.request.is_edit else "image_generation.completed"
    events = []
    for asset in job.assets:
        image = await _image(call, job, asset, is_inline=True)
        size = f"{asset.width}x{asset.height}"
        event = {
            "type": kind,
            "created_at": created,
            **image,
            "size": size,
            "quality": job.quality_tier.value,
            "background": job.request.background,
            "output_format": asset.mime_type.removeprefix("image/"),
            "usage": {
                "total_tokens": 0,
                "input_tokens": 0,
                "output_tokens": 0,
                "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
            },
            "x_gateway": gateway,
        }
        events.append(f"event: {kind}\ndata: {json.dumps(event)}\n\n")
    return Response("".join(events), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def error(error: ForgeError, request_id: str) -> tuple[int, Json]:
    """OpenAI's error object, with our own fields beside it."""
    body = error.body(request_id)
    kind = TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    shown = {"message": error.message, "type": kind, "code": error.code, "param": error.details.get("field")}
    return error.status, {**body, "error": shown}


IMAGES = {
    "type": "object",
    "required": ["created", "data", "x_gateway"],
    "properties": {
        "created": {"type": "integer"},
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "url": {"type": "string"},
                    "b64_json": {"type": "string"},
                    "revised_prompt": {"type": "string"},
                },
            },
        },
        "x_gateway": {"type": "object"},
    },
}

FACE = Face(
    name="gateway",
    title="OpenAI-compatible images",
    root="/v1/",
    error=error,
    endpoints=(
        Endpoint(
            method="POST",
            path="/v1/images/generations",
            handle=generate,
            takes=Generation,
            gives=IMAGES,
            scope="generate",
            summary="Generate images",
        ),
        Endpoint(
            method="POST",
            path="/v1/images/edits",
            handle=edit,
            takes=Edit,
            gives=IMAGES,
            scope="generate",
            is_form=True,
            summary="Edit an image",
        ),
        Endpoint(
            method="GET",
            path="/v1/models",
            handle=models,
            gives={"type": "object"},
            summary="Models that can be used now",
        ),
        Endpoint(
            method="GET",
            path="/v1/models/{model:path}",
            handle=model,
            gives={"type": "object"},
            summary="One of them",
        ),
    ),
)
