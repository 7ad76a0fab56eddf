"""Papers that are made from the code: `python -m tests.papers` writes server.json anew."""

import json
from pathlib import Path

from imgforge_mcp import __version__
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.configured import all_providers

ROOT = Path(__file__).parent.parent
SERVER = ROOT / "server.json"
NAME = "io.github.imgforge-mcp/imgforge-mcp"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-09-29/server.schema.json"


def server_json() -> Json:
    """What the MCP registry wants to know: the package, and the keys that it takes."""
    return {
        "$schema": SCHEMA,
        "name": NAME,
        "description": "Image generation by every provider you have a key for, and an embedded engine without one",
        "version": __version__,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": "imgforge-mcp",
                "version": __version__,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": _variables(),
            }
        ],
    }


def _variables() -> list[Json]:
    found = []
    for provider in all_providers():
        manifest = provider.manifest
        for name in (*manifest.key_variables[:1], *manifest.settings.values()):
            is_secret = name in manifest.key_variables
            what = "API key" if is_secret else "account"
            found.append({"name": name, "description": f"{manifest.title}: {what}; optional", "isSecret": is_secret})
    return found


def text() -> str:
    return json.dumps(server_json(), indent=2) + "\n"


if __name__ == "__main__":
    SERVER.write_text(text(), "utf-8")
