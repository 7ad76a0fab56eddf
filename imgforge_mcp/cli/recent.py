"""`imgforge-mcp jobs`: the recent jobs, from the registry alone."""

import argparse
from functools import partial

from imgforge_mcp.app.books import open_books
from imgforge_mcp.base.config import Config
from imgforge_mcp.cli import lists
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE, run_to_end
from imgforge_mcp.presentation import job_line


def run(config: Config, options: argparse.Namespace) -> int:
    return run_to_end(partial(_show, config, options), options)


async def _show(config: Config, options: argparse.Namespace) -> int:
    async with open_books(config) as registry:
        jobs = await registry.jobs.recent(max(1, options.limit))
    lines = lists.of_jobs(jobs) if jobs else ["There are no jobs yet."]
    show([job_line(job) for job in jobs], options, lines)
    return DONE
