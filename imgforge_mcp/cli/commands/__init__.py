"""What the commands do and print: one Forge call each, for a person or, with --json, for a program."""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable

import anyio

from imgforge_mcp.app.open import open_forge
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.cli.commands.assets import assets, delete, pin
from imgforge_mcp.cli.commands.jobs import jobs
from imgforge_mcp.cli.commands.keys import keys
from imgforge_mcp.cli.commands.making import generate, leaves_early, save, transform
from imgforge_mcp.cli.commands.models import models
from imgforge_mcp.cli.commands.references import references
from imgforge_mcp.cli.commands.shown import DONE, FAILED
from imgforge_mcp.cli.commands.usage import usage
from imgforge_mcp.cli.commands.webhooks import webhooks
from imgforge_mcp.cli.doctor import doctor
from imgforge_mcp.cli.output import failed, show
from imgforge_mcp.forge import Forge

Command = Callable[[Forge, argparse.Namespace], Awaitable[int]]


def run(config: Config, options: argparse.Namespace, command: Command) -> int:
    """Open the forge, run the command, print a failure as one sentence (or, with --json, as the public error)."""

    async def main() -> int:
        async with open_forge(config, adopts=False, is_brief=leaves_early(options)) as forge:
            return await command(forge, options)

    try:
        code = anyio.run(main)
        sys.stdout.flush()
        return code
    except ForgeError as error:
        return failed(error, options)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("\nInterrupted; 'imgforge-mcp jobs' shows what is still under way.", file=sys.stderr)
        return FAILED


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
