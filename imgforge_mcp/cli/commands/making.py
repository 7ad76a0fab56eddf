"""Making and changing a picture, and writing one where the person wants it."""

import argparse
import sys

import anyio

from imgforge_mcp.base import kindly, spelling
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Copy, ImageRequest, Job, JobState, Json, Progress, Transform
from imgforge_mcp.cli.commands.person import destination, person, reference
from imgforge_mcp.cli.commands.shown import show_job, with_names
from imgforge_mcp.cli.output import overwrite, show, show_progress, wrapped
from imgforge_mcp.cli.running import DONE, FAILED
from imgforge_mcp.forge import Forge
from imgforge_mcp.presentation import job_json, saved_json

LOOKING = 1.0
HANDING_OVER = 30.0
"""Seconds within which a worker beside has taken a job; if not, the next one finds it."""


def leaves_early(options: argparse.Namespace) -> bool:
    """Whether the command ends before the picture is there, which a worker beside then waits for: up to a day."""
    return getattr(options, "urgency", None) in ("day", "day_else_now")


async def generate(forge: Forge, options: argparse.Namespace) -> int:
    """Draw, and wait as long as the job may take: nobody times out at a terminal."""
    return await _made(forge, _request(options), options)


async def transform(forge: Forge, options: argparse.Namespace) -> int:
    return await _made(forge, _transform_request(options), options)


async def save(forge: Forge, options: argparse.Namespace) -> int:
    """Write a picture where the person at the terminal wants it."""
    said = {"format": options.format, "fit": options.fit, **_sides(options)}
    wanted = kindly.read(Copy, {"path": destination(options.path), **said})
    saved = saved_json(await forge.save_image(reference(options.image), wanted, person(forge)))
    show(saved, options, [saved["message"]])
    return DONE


async def _made(forge: Forge, request: ImageRequest, options: argparse.Namespace) -> int:
    caller = person(forge)
    if leaves_early(options) and forge.config.worker != "inline":
        return await _left_behind(forge, await forge.submit(request, caller), options)
    tell = show_progress if sys.stderr.isatty() and not options.json else None
    job = await forge.submit(request, caller)
    try:
        if tell is not None:
            await tell(Progress(message=f"job {job.job_id}"))
        job = await forge.wait(job.job_id, forge.config.job_deadline, tell)
    finally:
        if tell is not None:
            overwrite("")
    if request.save_to is None:
        job = await with_names(forge, job)
    code = await show_job(forge, job, options)
    return code if job.state is JobState.COMPLETED else FAILED


async def _left_behind(forge: Forge, job: Job, options: argparse.Namespace) -> int:
    """Until somebody has it, or it has ended at once."""
    with anyio.move_on_after(HANDING_OVER):
        while job.state is JobState.QUEUED:
            job = await forge.job(job.job_id, person(forge), LOOKING)
    if job.state.is_final:
        return await show_job(forge, job, options)
    look = f"imgforge-mcp jobs {job.job_id}"
    value = {**job_json(forge, None, job), "message": f"The image is made within a day. {look} shows how it stands."}
    show(value, options, wrapped(value["message"]))
    return DONE


def _request(options: argparse.Namespace) -> ImageRequest:
    """The command's options as a request. Raises InvalidRequest."""
    values: Json = {
        "prompt": " ".join(options.prompt) or None,
        "quality_tier": options.tier,
        "model": options.model,
        "provider": options.provider,
        "n": options.n,
        "seed": options.seed,
        "negative_prompt": options.negative,
        "style": options.style,
        "urgency": options.urgency,
        "steps": options.steps,
        "background": options.background,
        "output_format": options.format,
        "template": options.template,
        "like": options.like,
        "width": options.width,
        "height": options.height,
        "input_images": _inputs(options),
        "reference": options.reference,
        "is_edit": hasattr(options, "image") or None,
        "mask": reference(options.mask) if getattr(options, "mask", None) else None,
        "strength": getattr(options, "strength", None),
        "max_cost_usd": options.max_cost,
        "idempotency_key": options.key,
        "save_to": destination(options.out),
    }
    return kindly.read(ImageRequest, {**values, **_sides(options)})


def _transform_request(options: argparse.Namespace) -> ImageRequest:
    """Raises InvalidRequest."""
    edges = {name: getattr(options, name) for name in ("left", "top", "right", "bottom")}
    said = {"operation": options.operation, "scale": options.scale, "format": options.format, "fit": options.fit}
    wanted = kindly.read(Transform, {**said, **edges, **_sides(options)})
    return wanted.job_request(
        reference(options.image),
        provider=options.provider,
        max_cost_usd=options.max_cost,
        save_to=destination(options.out),
    )


def _sides(options: argparse.Namespace) -> Json:
    """Raises InvalidRequest: --size is neither pixels nor a shape."""
    if not options.size:
        return {}
    if spelling.size(options.size) is None and spelling.shape(options.size) is None:
        raise InvalidRequest("--size is pixels (1024x768) or a shape (16:9).", field="--size")
    return {"size": options.size}


def _inputs(options: argparse.Namespace) -> list[str] | None:
    """The image to change first, then the references."""
    given = [*([options.image] if hasattr(options, "image") else []), *(options.input or [])]
    return [reference(each) for each in given] or None
