"""Papers that are made from the code: `python -m tests.papers` writes server.json anew."""

import json
from pathlib import Path

from imgforge_mcp import __version__
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.configured import all_providers

ROOT = Path(__file__).parent.parent
SERVER = ROOT / "server.json"
NAME = "io.github.imgforge-mcp/imgforge-mcp"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

VARIABLE = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "isSecret": {"type": "boolean"},
        "isRequired": {"type": "boolean"},
    },
}
PACKAGE = {
    "type": "object",
    "required": ["registryType", "identifier", "transport"],
    "additionalProperties": False,
    "properties": {
        "registryType": {"enum": ["npm", "pypi", "oci", "nuget", "mcpb"]},
        "identifier": {"type": "string"},
        "version": {"type": "string", "pattern": r"^\d[\w.+-]*$"},
        "runtimeHint": {"type": "string"},
        "transport": {
            "type": "object",
            "required": ["type"],
            "additionalProperties": False,
            "properties": {"type": {"const": "stdio"}},
        },
        "environmentVariables": {"type": "array", "items": VARIABLE},
    },
}
SHAPE = {
    "type": "object",
    "required": ["name", "description", "version"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": SCHEMA},
        "name": {"type": "string", "minLength": 3, "maxLength": 200, "pattern": r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"},
        "title": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": {"type": "string", "minLength": 1, "maxLength": 100},
        "version": {"type": "string", "maxLength": 255, "pattern": r"^\d[\w.+-]*$"},
        "packages": {"type": "array", "items": PACKAGE},
    },
}
"""What the registry's schema asks of the parts that the paper has, and nothing besides (read on 2026-11-26)."""


def server_json() -> Json:
    """What the MCP registry wants to know: the package, and the keys that it takes."""
    return {
        "$schema": SCHEMA,
        "name": NAME,
        "title": "imgforge",
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
