"""A command's run to its exit code, whatever ends it."""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable

import anyio

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.cli.output import failed

DONE, FAILED = 0, 1


def run_to_end(act: Callable[[], Awaitable[int]], options: argparse.Namespace) -> int:
    """Its exit code; a failure is printed as one sentence or, with --json, as the public error."""
    try:
        code = anyio.run(act)
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
