"""Image API: /api/v1/image/generate, /api/v1/image/edit, /api/v1/image/models."""

import base64
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from imgforge_mcp.base.types import Asset, ImageRequest, Job, Json
from imgforge_mcp.http.answers import answer, default_error
from imgforge_mcp.http.rest.face import Body, Call, Endpoint, Face, image_request

GENERATE, EDIT = "flux-2-pro", "qwen-image-edit"
MODELS: dict[str, tuple[str, str]] = {
    "imagen-4": ("Imagen 4", "generate"),
    "imagen-4-fast": ("Imagen 4 Fast", "generate"),
    "imagen-4-ultra": ("Imagen 4 Ultra", "generate"),
    "flux-2-pro": ("Flux 2 Pro", "generate"),
    "flux-2-klein": ("Flux 2 Klein", "generate"),
    "flux-1.1-pro": ("Flux 1.1 Pro", "generate"),
    "recraft-v4": ("Recraft V4", "generate"),
    "recraft-v3": ("Recraft V3", "generate"),
    "ideogram-v3": ("Ideogram V3", "generate"),
    "sd-3.5": ("Stable Diffusion 3.5", "generate"),
    "qwen-image": ("Qwen Image", "generate"),
    "flux-kontext": ("Flux Kontext", "edit"),
    "qwen-image-edit": ("Qwen Image Edit", "edit"),
    "seedream-5": ("Seedream 5", "edit"),
}
"""The ids of the document, with their names and the endpoint each is for."""
INLINE = ("imagen-", "gemini-")
"""Models whose pictures come as base64, as Google sends them."""
Side = Annotated[int, Field(ge=256, le=2048)]


class Generation(Body):
    """POST /api/v1/image/generate."""

    prompt: Annotated[str, Field(min_length=1, examples=["a red fox in fresh snow"])]
    """Image description."""
    model: str | None = None
    """Left out: flux-2-pro where it is configured, else what the router picks."""
    width: Side | None = None
    height: Side | None = None
    aspect_ratio: str | None = None
    num_images: Annotated[int, Field(ge=1, le=4)] = 1
    image_size: str | None = None
    """1K or 2K."""
    seed: int | None = None
    project_id: str | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""


class Edit(Body):
    """POST /api/v1/image/edit."""

    prompt: Annotated[str, Field(min_length=1, examples=["make it night"])]
    """Edit instruction."""
    image_url: Annotated[str, Field(min_length=1, examples=["https://example.org/fox.png"])]
    """Source image."""
    model: str | None = None
    """Left out: qwen-image-edit where it is configured, else what the router picks."""
    seed: int | None = None
    project_id: str | None = None
    webhook_url: str | None = None
    """https URL that is told when the job has ended."""


async def generate(call: Call, body: Generation) -> Response:
    model = body.model or call.default_model(GENERATE)
    request = image_request(
        prompt=body.prompt,
        model=model,
        width=body.width,
        height=body.height,
        aspect_ratio=body.aspect_ratio,
        n=body.num_images,
        image_size=body.image_size,
        seed=body.seed,
        project_id=body.project_id or call.caller.project_id,
        webhook_url=body.webhook_url or None,
    )
    return await _answered(call, request, model)


async def edit(call: Call, body: Edit) -> Response:
    model = body.model or call.default_model(EDIT)
    request = image_request(
        prompt=body.prompt,
        model=model,
        input_images=[body.image_url],
        is_edit=True,
        seed=body.seed,
        project_id=body.project_id or call.caller.project_id,
        webhook_url=body.webhook_url or None,
    )
    return await _answered(call, request, model)


async def models(call: Call, body: None) -> Response:
    usable = call.forge.usable_names(MODELS)
    entries = [
        {"id": slug, "name": name, "endpoint": f"/api/v1/image/{kind}", "available": slug in usable}
        for slug, (name, kind) in MODELS.items()
    ]
    return answer({"models": entries})


async def _answered(call: Call, request: ImageRequest, model: str | None) -> Response:
    """With the model as it was asked for; one that nobody asked for, as what it is."""
    job = await call.drawn(request)
    model = model or str(job.model)
    images = [await _image(call, job, asset, model) for asset in job.assets]
    return answer({"model": model, "images": images, "job_id": job.job_id, "request_id": call.request_id})


async def _image(call: Call, job: Job, asset: Asset, model: str) -> Json:
    if model.startswith(INLINE):
        _, data = await call.forge.asset(asset.asset_id)
        return {"base64": base64.b64encode(data).decode("ascii"), "mimeType": asset.mime_type}
    return {"url": call.url(asset), "mimeType": asset.mime_type, "width": asset.width, "height": asset.height}


IMAGES = {
    "type": "object",
    "required": ["model", "images"],
    "properties": {"model": {"type": "string"}, "images": {"type": "array", "items": {"type": "object"}}},
}

FACE = Face(
    name="image-api",
    title="Image API",
    root="/api/v1/image/",
    error=default_error,
    endpoints=(
        Endpoint(
            method="POST",
            path="/api/v1/image/generate",
            handle=generate,
            takes=Generation,
            gives=IMAGES,
            scope="generate",
            summary="Generate images",
        ),
        Endpoint(
            method="POST",
            path="/api/v1/image/edit",
            handle=edit,
            takes=Edit,
            gives=IMAGES,
            scope="generate",
            summary="Edit an image",
        ),
        Endpoint(
            method="GET", path="/api/v1/image/models", handle=models, gives={"type": "object"}, summary="The 14 models"
        ),
    ),
)
