"""`imgforge-mcp bundle`: this package as an MCP bundle (.mcpb) that a desktop installs by a double click, with a form
for keys."""

import argparse
import json
import zipfile
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from imgforge_mcp import __version__
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.configured import all_providers

DONE, FAILED = 0, 1
ENTRY = "server/main.py"
STARTER = '''"""Starts the server from the bundle's own folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from imgforge_mcp.__main__ import main

sys.exit(main())
'''
SUMMARY = "Pictures for Claude: draws at once, and with every image service you have a key for."
ICON = "icon.png"
ICON_PIXELS = 256


def run(config: Config, options: argparse.Namespace) -> int:
    """Write the bundle; the exit code."""
    path = Path(options.path or f"imgforge-mcp-{__version__}.mcpb").absolute()
    try:
        write(path)
    except StorageError as error:
        body = error.body(f"req_{Clock().new_id()}")
        print(json.dumps(body, indent=2) if options.json else f"imgforge-mcp: {error.message}")
        return FAILED
    print(json.dumps({"path": str(path), "bytes": path.stat().st_size}, indent=2) if options.json else str(path))
    return DONE


def write(path: Path) -> None:
    """The whole bundle. What it needs besides itself, `uv` brings on the user's own machine: wheels differ by system.

    Raises:
        StorageError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("manifest.json", json.dumps(manifest(), indent=2) + "\n")
            bundle.writestr("pyproject.toml", project())
            bundle.writestr(ICON, icon())
            bundle.writestr(ENTRY, STARTER)
            for name, file in _files(resources.files("imgforge_mcp"), "server/imgforge_mcp"):
                bundle.writestr(name, file.read_bytes())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise StorageError(f"{path} cannot be written ({reason}); name another place.", path=str(path)) from None


def manifest() -> Json:
    """What the host reads first (manifest version 0.4): how it is started, and what the form asks for."""
    keys = {
        name: provider.manifest.title
        for provider in all_providers()
        for name in (*provider.manifest.key_variables[:1], *provider.manifest.settings.values())
    }
    return {
        "manifest_version": "0.4",
        "name": "imgforge-mcp",
        "display_name": "imgforge",
        "version": __version__,
        "description": SUMMARY,
        "author": {"name": "imgforge-mcp contributors"},
        "license": "MIT",
        "icon": ICON,
        "keywords": ["image", "pictures", "generation", "drawing"],
        "server": {
            "type": "uv",
            "entry_point": ENTRY,
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", ENTRY],
                "env": {name: f"${{user_config.{name.lower()}}}" for name in keys},
            },
        },
        "tools_generated": True,
        "prompts_generated": True,
        "compatibility": {"platforms": ["darwin", "win32", "linux"], "runtimes": {"python": ">=3.11"}},
        "user_config": {
            name.lower(): {
                "type": "string",
                "title": f"{title}: {name}",
                "description": f"Leave empty if you have none. Used for {title} alone.",
                "required": False,
                "sensitive": name.endswith(("_KEY", "_TOKEN")),
                "default": "",
            }
            for name, title in keys.items()
        },
    }


def project() -> str:
    """What `uv` installs before it starts the server: what this installation itself needs."""
    needed = [line for line in metadata.requires("imgforge-mcp") or [] if "extra ==" not in line]
    lines = "".join(f"    {json.dumps(line)},\n" for line in needed)
    return (
        f'[project]\nname = "imgforge-mcp-bundle"\nversion = "{__version__}"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{lines}]\n\n[tool.uv]\npackage = false\n"
    )


def icon() -> bytes:
    """The program's mark as a PNG."""
    import resvg_py

    drawing = resources.files("imgforge_mcp").joinpath("parts", "icon.svg").read_text("utf-8")
    return bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=ICON_PIXELS, height=ICON_PIXELS))


def _files(folder: Traversable, place: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            found += _files(entry, f"{place}/{entry.name}")
        elif entry.is_file():
            found.append((f"{place}/{entry.name}", entry))
    return found
