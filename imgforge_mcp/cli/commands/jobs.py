"""One of the jobs on record, or its end; what lists the recent ones is `cli.recent`."""

import argparse

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.cli.commands.shown import show_job
from imgforge_mcp.forge import Forge


async def jobs(forge: Forge, options: argparse.Namespace) -> int:
    caller = forge.caller()
    if options.job_id is None:
        raise InvalidRequest("Say which job to end: imgforge-mcp jobs ID --cancel.", field="job_id")
    if options.cancel:
        await forge.cancel(options.job_id, caller)
    return await show_job(forge, await forge.job(options.job_id, caller, options.wait), options)
