"""The command line. Each command calls one Forge method; only the servers import the MCP SDK."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from imgforge_mcp import __version__
from imgforge_mcp.base import start
from imgforge_mcp.cli.parser import WRONG_USAGE, build_parser, complain
from imgforge_mcp.cli.typed import understood

if TYPE_CHECKING:
    from imgforge_mcp.base.config import Config

DONE = 0
WAITING = (
    "imgforge-mcp is an MCP server and waits for a client on stdin. To draw from here: imgforge-mcp generate 'a red "
    "fox'. "
    "To set up a client, and for everything else: imgforge-mcp --help. Ctrl-C ends it."
)


class Doors(Protocol):
    """The two servers, which the command line only starts: they know the MCP SDK, it does not."""

    def stdio(self, config: "Config") -> int: ...

    def serve(self, config: "Config", options: argparse.Namespace) -> int: ...

    def worker(self, config: "Config", options: argparse.Namespace) -> int: ...


def main(doors: Doors, arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 done, 1 failed, 2 wrong usage."""
    given = understood(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    parser = build_parser(as_json=as_json)
    options = parser.parse_args(given)
    if options.command == "worker" and options.detached:
        from imgforge_mcp.jobs.detached.launch import leave_parent

        leave_parent()
    if options.command == "version":
        print(json.dumps({"version": __version__}) if as_json else f"imgforge-mcp {__version__}")
        return DONE
    if options.command == "completion":
        from imgforge_mcp.cli.completion import script

        print(script(parser, options.shell))
        return DONE
    from imgforge_mcp.base.config import load_config
    from imgforge_mcp.base.errors import ConfigError

    try:
        config = load_config()
        if config.catalog:  # only then has the catalogue anything to check: a server should greet before it loads
            from imgforge_mcp.providers.pulled import catalog_of

            catalog_of(config)
    except ConfigError as error:
        return complain(error, as_json=as_json)
    if options.command == "worker":
        return _worker(config, options, doors)
    set_up_logging(config)
    match options.command:
        case None:
            return _stdio(config, doors)
        case "serve" | "gallery":
            return _serve(config, options, doors)
        case "jobs" if options.job_id is None and not options.cancel:
            from imgforge_mcp.cli import recent

            return recent.run(config, options)
        case "models" if options.pull or options.pulled or options.remove:
            from imgforge_mcp.cli import pulling

            start.end()
            return pulling.run(config, options)
        case "install":
            from imgforge_mcp.cli.install import command

            return command.run(config, options)
        case "bundle":
            from imgforge_mcp.cli import bundle

            return bundle.run(config, options)
    from imgforge_mcp.cli import commands

    start.end()
    return commands.run(config, options, commands.BY_NAME[options.command])


def set_up_logging(config: "Config") -> None:
    """To stderr, redacted, never blocking; the redactor learns the keys in use when the forge opens."""
    from imgforge_mcp.base.logs import set_up_logging as set_up
    from imgforge_mcp.base.redaction import Redactor

    set_up(config.log_level, Redactor(config.secrets()))


def _stdio(config: "Config", doors: Doors) -> int:
    if sys.stdin is not None and sys.stdin.isatty():
        print(WAITING, file=sys.stderr)
    return doors.stdio(config)


def _serve(config: "Config", options: argparse.Namespace, doors: Doors) -> int:
    from imgforge_mcp.base.errors import ForgeError
    from imgforge_mcp.storage.home import prepare_home

    try:
        prepare_home(config.home)
        return doors.serve(config, options)
    except ForgeError as error:
        print(f"imgforge-mcp: {error.message}", file=sys.stderr)
        return WRONG_USAGE


def _worker(config: "Config", options: argparse.Namespace, doors: Doors) -> int:
    from imgforge_mcp.app.worker import serve_worker
    from imgforge_mcp.base.errors import ConfigError, ForgeError

    start.end()
    try:
        if options.detached is None and config.database_url is not None:
            return doors.worker(config, options)
        if options.at_once is not None or options.health is not None:
            raise ConfigError(
                "--at-once and --health are for workers of many machines: set IMGFORGE_DATABASE_URL.",
                setting="IMGFORGE_DATABASE_URL",
            )
        return serve_worker(config, wanted=options.detached, lock_descriptor=options.lock)
    except ForgeError as error:
        print(f"imgforge-mcp: {error.message}", file=sys.stderr)
        return WRONG_USAGE
