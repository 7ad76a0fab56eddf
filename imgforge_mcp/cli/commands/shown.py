"""How a command ends: a job and its pictures, shown to the person."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.types import Asset, Job, JobState, Json
from imgforge_mcp.cli import pictures
from imgforge_mcp.cli.commands.person import person
from imgforge_mcp.cli.output import show, wrapped
from imgforge_mcp.cli.running import DONE, FAILED
from imgforge_mcp.forge import Forge
from imgforge_mcp.presentation import job_json
from imgforge_mcp.storage.names import from_title

ARTICLES = ("a", "an", "the")
NAME_WORDS = 6


async def show_job(forge: Forge, job: Job, options: argparse.Namespace) -> int:
    value = job_json(forge, None, job)
    if job.state is JobState.FAILED and job.error is not None:
        show(job.error if options.json else value, options, [f"imgforge-mcp: {job.error['error']}"], to_stderr=True)
        return FAILED
    unsaid = [warning for warning in job.warnings if warning not in value["message"]]
    notes = [line for warning in unsaid for line in wrapped(f"  note: {warning}", "    ")]
    show(value, options, [*wrapped(value["message"]), *notes])
    for asset in job.assets:
        await show_picture(forge, asset, options)
    return DONE


async def show_picture(forge: Forge, asset: Asset, options: argparse.Namespace) -> None:
    """The picture itself, where the terminal can show one and the person wants it."""
    if options.json or options.no_preview or forge.config.preview == "off" or not pictures.can_show():
        return
    data = await forge.preview(asset, pictures.MOST_BYTES)
    if data is not None:
        await anyio.to_thread.run_sync(partial(pictures.show, data))


async def with_names(forge: Forge, job: Job) -> Job:
    """The job with a copy of each of its pictures in the output directory, under a name that a person can read: the
    day, the prompt's first words, the job. (A copy, not a link: whoever edits it must not damage the store.)"""
    if not job.assets or not forge.config.output_dirs:
        return job
    words = from_title(job.request.prompt).lower().split()
    kept = words[1:] if words[0] in ARTICLES and len(words) > 1 else words
    name = "-".join([job.created_at.date().isoformat(), *kept[:NAME_WORDS], job.job_id[-4:]])
    places = [
        forge.config.output_dirs[0] / f"{name}{f'-{number}' if number else ''}" for number in range(len(job.assets))
    ]
    try:
        saved = [await _copied(forge, asset, place) for asset, place in zip(job.assets, places, strict=True)]
    except ForgeError as error:
        return replace(job, warnings=(*job.warnings, f"Not copied to {forge.config.output_dirs[0]}: {error.message}"))
    return replace(job, saved_to=tuple(saved))


async def _copied(forge: Forge, asset: Asset, place: Path) -> str:
    """The copy, written unless it is there already: the same job may be asked about twice."""
    there = place.with_name(f"{place.name}.{EXTENSIONS[asset.mime_type]}")
    is_there = await anyio.Path(there).is_file() and (await anyio.Path(there).stat()).st_size == asset.bytes
    return str(there if is_there else await forge.export(asset, str(place), person(forge)))


def asset_json(asset: Asset) -> Json:
    return {
        "asset_id": asset.asset_id,
        "mime_type": asset.mime_type,
        "width": asset.width,
        "height": asset.height,
        "bytes": asset.bytes,
    }


def count_of_images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"
