"""What the commands do and print: one Forge call each, for a person or, with --json, for a program."""

import argparse
from collections.abc import Awaitable, Callable

from imgforge_mcp.app.open import open_forge
from imgforge_mcp.base.config import Config
from imgforge_mcp.cli.commands.assets import assets, delete, pin
from imgforge_mcp.cli.commands.jobs import jobs
from imgforge_mcp.cli.commands.keys import keys
from imgforge_mcp.cli.commands.making import generate, leaves_early, save, transform
from imgforge_mcp.cli.commands.models import models
from imgforge_mcp.cli.commands.references import references
from imgforge_mcp.cli.commands.usage import usage
from imgforge_mcp.cli.commands.webhooks import webhooks
from imgforge_mcp.cli.doctor import doctor
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE, run_to_end
from imgforge_mcp.forge import Forge

Command = Callable[[Forge, argparse.Namespace], Awaitable[int]]


def run(config: Config, options: argparse.Namespace, command: Command) -> int:
    """Open the forge and run the command."""

    async def main() -> int:
        async with open_forge(config, adopts=False, is_brief=leaves_early(options)) as forge:
            return await command(forge, options)

    return run_to_end(main, options)


async def migrate(forge: Forge, options: argparse.Namespace) -> int:
    """Bring the registry's tables up to date; servers and workers do so too when they start."""
    applied = await forge.migrate()
    show({"applied": applied}, options, applied or ["The registry is up to date."])
    return DONE


BY_NAME: dict[str, Command] = {
    "generate": generate,
    "edit": generate,
    "transform": transform,
    "save": save,
    "usage": usage,
    "jobs": jobs,
    "models": models,
    "assets": assets,
    "delete": delete,
    "pin": pin,
    "unpin": pin,
    "doctor": doctor,
    "references": references,
    "keys": keys,
    "migrate": migrate,
    "webhooks": webhooks,
}
