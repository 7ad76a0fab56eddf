"""The jobs on record: the recent ones, one of them, its end."""

import argparse

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.cli import lists
from imgforge_mcp.cli.commands.shown import DONE, show_job
from imgforge_mcp.cli.output import show
from imgforge_mcp.forge import Forge
from imgforge_mcp.presentation import job_line


async def jobs(forge: Forge, options: argparse.Namespace) -> int:
    caller = forge.caller()
    if options.job_id is None and options.cancel:
        raise InvalidRequest("Say which job to end: imgforge-mcp jobs ID --cancel.", field="job_id")
    if options.job_id is None:
        found = await forge.recent_jobs(max(1, options.limit), caller)
        lines = lists.of_jobs(found) if found else ["There are no jobs yet."]
        show([job_line(job) for job in found], options, lines)
        return DONE
    if options.cancel:
        await forge.cancel(options.job_id, caller)
    return await show_job(forge, await forge.job(options.job_id, caller, options.wait), options)
