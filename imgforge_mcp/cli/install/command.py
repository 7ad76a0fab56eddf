"""`imgforge-mcp install CLIENT`: says what it does to which file, and never shows a key."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import replace

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.config.keys import one_line
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Json
from imgforge_mcp.cli.install import registration
from imgforge_mcp.cli.install.clients import BY_NAME, Client
from imgforge_mcp.cli.install.registration import Change, Variables
from imgforge_mcp.providers.configured import all_providers

DONE, FAILED = 0, 1
NO_KEY = "No provider's key is set here, so none was written: the embedded illustrator draws."


def run(config: Config, options: argparse.Namespace) -> int:
    """Write a client's file, or with --dry-run or --platform show what would change; the exit code."""
    client = BY_NAME[options.client]
    here = registration.this_platform()
    platform = options.platform or here
    path = registration.file_of(client, platform, config.environment)
    is_only_shown = options.dry_run or platform != here
    try:
        if options.uninstall:
            change, variables = registration.uninstalling(client, path), None
        else:
            variables = registration.found_variables(config)
            command = registration.command_line(config.environment)
            change = registration.installing(client, path, command, variables)
            if not change.keys and not is_only_shown and not options.json:
                variables = asked(variables)
                change = registration.installing(client, path, command, variables)
        backup = None if is_only_shown or change.is_none else registration.write(change, Clock().now())
    except ForgeError as error:
        return _failed(error, options)
    report: Json = {
        "client": client.name,
        "path": registration.shown_path(path, platform),
        "changed": not is_only_shown and not change.is_none,
        "backup": str(backup) if backup else None,
        "diff": change.diff(),
        "variables": sorted([*variables.plain, *variables.secret]) if variables else [],
    }
    _print(report, options, _told(client, change, report, variables, is_only_shown=is_only_shown))
    return DONE


def asked(variables: Variables) -> Variables:
    """A person at a terminal is asked for one key, without echo; nobody else is."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return variables
    manifests = {p.manifest.name: p.manifest for p in all_providers() if p.manifest.key_variables}
    print(f"No key is set. There are {', '.join(sorted(manifests))}.", file=sys.stderr)
    name = _line(lambda: input("Provider whose key to write (Enter for none): ")).lower()
    if (manifest := manifests.get(name)) is None:
        return variables
    plain = dict(variables.plain)
    for variable in manifest.settings.values():
        plain[variable] = _line(lambda variable=variable: input(f"{variable}: "))  # type: ignore[misc]
    variable = manifest.key_variables[0]
    key = _line(lambda: getpass.getpass(f"{variable} (not shown): ", stream=sys.stderr))
    if not key:
        return variables
    return replace(variables, plain=plain, secret={variable: key}, titles={variable: manifest.title})


def _line(ask: Callable[[], str]) -> str:
    """What a person typed, cleaned; what can be no key counts as nothing."""
    try:
        return one_line(ask())
    except (EOFError, ValueError):
        return ""


def _told(
    client: Client, change: Change, report: Json, variables: Variables | None, *, is_only_shown: bool
) -> list[str]:
    if change.is_none:
        state = "is not registered" if variables is None else "is registered already"
        return [f"imgforge {state} with {client.title}; nothing to change.", f"  {report['path']}"]
    if is_only_shown:
        return [f"Would change for {client.title}:", report["path"], *report["diff"]]
    verb = "removed from" if variables is None else "registered with"
    lines = [f"imgforge is {verb} {client.title}.", f"  {report['path']}"]
    if report["backup"]:
        lines.append(f"  what was there before: {report['backup']}")
    if variables is None:
        return lines
    if not change.keys:
        lines.append(NO_KEY)
        lines.append(f"For one: set its variable, then imgforge-mcp install {client.name}")
    elif client.inputs is None:
        lines.append(f"Its keys (readable by you alone): {', '.join(change.keys)}")
    lines.append(client.after.format(title=client.title))
    return lines


def _print(report: Json, options: argparse.Namespace, lines: list[str]) -> None:
    if options.json:
        print(json.dumps({name: value for name, value in report.items() if value is not None}, indent=2))
        return
    for line in lines:
        print(line)


def _failed(error: ForgeError, options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(error.body(f"req_{Clock().new_id()}"), ensure_ascii=False, indent=2))
    else:
        print(f"imgforge-mcp: {error.message}", file=sys.stderr)
    return FAILED
