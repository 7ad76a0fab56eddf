"""The emulated providers in a process of their own: their work must not stand in the way of what is measured."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests import emulators
from tests.benchmarks._server import ROOT

FLUX = "black-forest-labs/FLUX.1-schnell"
"""The model that the raw calls ask for; `flux-schnell` at Together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where the emulators are: the variables that lead a server there."""

    variables: dict[str, str]

    def of(self, provider: str) -> dict[str, str]:
        """The variables of one provider alone."""
        key_variable = emulators.load(provider).key_variable
        names = (key_variable, f"IMGFORGE_{provider.upper()}_BASE_URL")
        return {name: self.variables[name] for name in names}

    def url(self, provider: str) -> str:
        return self.variables[f"IMGFORGE_{provider.upper()}_BASE_URL"]

    def key(self, provider: str) -> str:
        return self.variables[emulators.load(provider).key_variable]

    def set(self, provider: str, **settings: Any) -> None:
        """Turn an emulator's settings: latency, image_bytes, polls."""
        httpx.post(f"{self.url(provider)}/_emulator/settings", json=settings).raise_for_status()


@contextmanager
def serving() -> Iterator[Upstream]:
    """Serve every emulator until the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulators"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert process.stdout is not None
    try:
        wanted = {f"IMGFORGE_{name.upper()}_BASE_URL" for name in emulators.names()}
        variables: dict[str, str] = {}
        while not wanted <= variables.keys():
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the emulators did not start")
            name, _, value = line.strip().partition("=")
            variables[name] = value
        yield Upstream(variables=variables)
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(10)
