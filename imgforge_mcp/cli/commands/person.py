"""The person at the terminal: where they stand, and what they may touch."""

import os
from dataclasses import replace
from pathlib import Path

from imgforge_mcp.base.types import Caller
from imgforge_mcp.forge import Forge


def person(forge: Forge) -> Caller:
    """The person at the terminal, who may read and write wherever the shell may."""
    root = Path(Path.cwd().anchor)
    caller = forge.caller()
    return replace(caller, directories=(*caller.directories, root), outputs=(*caller.outputs, root))


def reference(text: str) -> str:
    """A file of the current directory by its whole path; anything else as it is."""
    return os.path.abspath(text) if os.path.isfile(text) else text


def destination(path: str | None) -> str | None:
    """A relative path is the current directory's; one that ends in a slash stays a directory."""
    if path is None or os.path.isabs(path) or path.startswith("~"):
        return path
    return os.path.abspath(path) + ("/" if path.endswith(("/", os.sep)) else "")
