"""Asks each real service its free questions with your own keys, and compares the answers with the emulators'.

    python -m tests.provider_check [PROVIDER…] [--record]

Nothing is bought: what is asked are lists of models and what an account may do. A key is taken from the environment as
the program itself takes it. Shown and kept (`--record`, in tests/shapes/) are names of fields and kinds of values, no
values.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from imgforge_mcp.base.config import ProviderSettings, load_config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.providers.base_url import address
from imgforge_mcp.providers.configured import all_providers, settings_of
from imgforge_mcp.providers.contract import Manifest
from tests import emulators

SHAPES = Path(__file__).parent / "shapes"
MOST_ITEMS = 50
BY_NAME = 20
"""More fields than that, all of one shape, are names and no fields: an object by id."""
Shape = Any
"""A kind of value; for an object its fields, for a list the one shape of its items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A question and how the answers differ: `missing` is what only the emulator tells, `new` what only the service
    does."""

    question: str
    status: int
    missing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    shape: Shape = None

    @property
    def is_sound(self) -> bool:
        return self.status == 200 and not self.missing


def shape_of(value: Any) -> Shape:
    """What a value is made of."""
    match value:
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case str():
            return "text"
        case None:
            return "nothing"
        case list():
            return [_together([shape_of(item) for item in value[:MOST_ITEMS]])]
        case dict():
            shapes = {str(name): shape_of(item) for name, item in value.items()}
            kinds = {json.dumps(shape, sort_keys=True) for shape in shapes.values()}
            return {"*": next(iter(shapes.values()))} if len(shapes) > BY_NAME and len(kinds) == 1 else shapes
    return "nothing"


def _together(shapes: list[Shape]) -> Shape:
    """One shape for several: the fields of all of them."""
    objects = [shape for shape in shapes if isinstance(shape, dict)]
    if objects:
        names = {name: None for shape in objects for name in shape}
        return {name: _together([shape[name] for shape in objects if name in shape]) for name in names}
    return next((shape for shape in shapes if shape != "nothing"), "nothing")


def fields(shape: Shape, path: str = "") -> Iterator[str]:
    """Every field of a shape by its path, with its kind."""
    match shape:
        case dict():
            for name, inner in shape.items():
                yield from fields(inner, f"{path}.{name}" if path else name)
        case [inner]:
            yield from fields(inner, f"{path}[]")
        case _:
            yield f"{path or 'all'}: {shape}"


def questions(manifest: Manifest) -> tuple[str, ...]:
    """The free questions a provider has."""
    return tuple(path for path in (manifest.key_check, manifest.listing) if path is not None)


def compared(question: str, told: httpx.Response, emulated: httpx.Response) -> Finding:
    """How a service's answer differs from its emulator's."""
    try:
        shape = shape_of(told.json())
    except ValueError:
        return Finding(question=question, status=told.status_code, missing=("JSON",))
    known = {name for name in fields(shape_of(emulated.json())) if not name.endswith(": nothing")}
    found = set(fields(shape))
    return Finding(
        question=question,
        status=told.status_code,
        missing=tuple(sorted(known - found)) if told.status_code == 200 else (),
        new=tuple(sorted(found - known)),
        shape=shape,
    )


def check(manifest: Manifest, settings: ProviderSettings) -> list[Finding]:
    """Ask a service all of its free questions, and its emulator the same."""
    emulator = emulators.load(manifest.name)
    with emulator.serve() as base_url, httpx.Client(timeout=30, trust_env=True) as client:
        variables = emulator.environment(base_url)
        emulated = {name: variables[variable] for name, variable in manifest.settings.items()}
        findings = []
        for question in questions(manifest):
            there = address(settings.base_url, question.format_map(settings.settings), {})
            here = address(base_url, question.format_map(emulated), {})
            told = client.get(there, headers=_headers(manifest, settings.key))
            findings.append(compared(question, told, client.get(here, headers=_headers(manifest, emulator.key))))
        return findings


def _headers(manifest: Manifest, key: str | None) -> dict[str, str]:
    return {**manifest.headers, manifest.auth.header: f"{manifest.auth.prefix}{key}"} if key else dict(manifest.headers)


def record(name: str, findings: list[Finding], directory: Path = SHAPES) -> Path:
    """Keep the shapes of a service's answers: names of fields and kinds of values."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.json"
    kept = {finding.question: finding.shape for finding in findings if finding.status == 200}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
    return path


def main(arguments: list[str], environment: Mapping[str, str], say: Callable[[str], object]) -> int:
    """0: every answer is as the emulator has it; 1: one is not, or nobody could be asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.provider_check", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="PROVIDER")
    parser.add_argument("--record", action="store_true", help=f"keep the shapes in {SHAPES}")
    asked = parser.parse_args(arguments)
    config, verdicts = load_config(environment), []
    for provider in all_providers():
        manifest = provider.manifest
        if (asked.names and manifest.name not in asked.names) or not questions(manifest):
            continue
        try:
            settings = settings_of(config, manifest)
        except ConfigError as error:
            say(f"{manifest.name}: {error.message}")
            continue
        if settings is None:
            continue
        findings = check(manifest, settings)
        verdicts += [finding.is_sound for finding in findings]
        for finding in findings:
            say(f"{manifest.name} {finding.question}: {'as emulated' if finding.is_sound else finding.status}")
            for mark, names in (("-", finding.missing), ("+", finding.new)):
                for name in names:
                    say(f"  {mark} {name}")
        if asked.record:
            say(f"  kept in {record(manifest.name, findings)}")
    if not verdicts:
        say("No provider with a free question is configured; set a key, such as OPENROUTER_API_KEY.")
    return 0 if verdicts and all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, print))
