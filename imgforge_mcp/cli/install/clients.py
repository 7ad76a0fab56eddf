"""The clients that `install` knows: where each keeps its servers, in which form, and how a server is written there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imgforge_mcp.base.types import Json

Platform = Literal["linux", "macos", "windows"]
Format = Literal["json", "toml", "yaml"]
NAME = "imgforge"
"""What the server is called in every client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client. Paths begin with `~` or one of `{config}` (XDG_CONFIG_HOME), `{appdata}` and `{localappdata}`; of
    several the first one that exists counts, else the last. `moved_by` names a variable that holds the directory of
    the client's file elsewhere; `fields` are the names of command, arguments and environment in an entry, `fixed` what
    stands there besides; `inputs` where a client asks for secrets itself."""

    name: str
    title: str
    paths: Mapping[Platform, tuple[str, ...]]
    servers: str
    source: str
    checked: str
    format: Format = "json"
    moved_by: str | None = None
    command: str = "command"
    arguments: str | None = "args"
    """None: `command` is one list, program and arguments together."""
    environment: str = "env"
    fixed: Json = field(default_factory=dict)
    inputs: str | None = None
    after: str = "Restart {title}, then ask it for a picture."


def everywhere(*paths: str) -> Mapping[Platform, tuple[str, ...]]:
    return {"linux": paths, "macos": paths, "windows": paths}


CLIENTS = (
    Client(
        name="claude-desktop",
        title="Claude Desktop",
        paths={
            "linux": ("{config}/Claude/claude_desktop_config.json",),
            "macos": ("~/Library/Application Support/Claude/claude_desktop_config.json",),
            "windows": (
                # Installed from the Microsoft Store it sees a place of its own, and no other.
                "{localappdata}/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json",
                "{appdata}/Claude/claude_desktop_config.json",
            ),
        },
        servers="mcpServers",
        source="modelcontextprotocol.io/docs/develop/connect-local-servers",
        checked="2026-11-25",
        after="Quit Claude Desktop and start it again, then ask it for a picture.",
    ),
    Client(
        name="claude-code",
        title="Claude Code",
        paths=everywhere("~/.claude.json"),
        moved_by="CLAUDE_CONFIG_DIR",
        servers="mcpServers",
        fixed={"type": "stdio"},
        source="code.claude.com/docs/en/mcp (user scope)",
        checked="2026-11-25",
    ),
    Client(
        name="vscode",
        title="VS Code",
        paths={
            "linux": ("{config}/Code/User/mcp.json",),
            "macos": ("~/Library/Application Support/Code/User/mcp.json",),
            "windows": ("{appdata}/Code/User/mcp.json",),
        },
        servers="servers",
        fixed={"type": "stdio"},
        inputs="inputs",
        source="code.visualstudio.com/docs/agents/reference/mcp-configuration",
        checked="2026-11-25",
        after="VS Code asks for the keys when it starts the server, and keeps them.",
    ),
    Client(
        name="cursor",
        title="Cursor",
        paths=everywhere("~/.cursor/mcp.json"),
        servers="mcpServers",
        source="cursor.com/docs/context/mcp",
        checked="2026-11-25",
    ),
    Client(
        name="windsurf",
        title="Windsurf",
        paths=everywhere("~/.codeium/windsurf/mcp_config.json"),
        servers="mcpServers",
        source="docs.windsurf.com/windsurf/cascade/mcp",
        checked="2026-11-25",
    ),
    Client(
        name="codex",
        title="Codex",
        paths=everywhere("~/.codex/config.toml"),
        moved_by="CODEX_HOME",
        format="toml",
        servers="mcp_servers",
        source="developers.openai.com/codex/mcp",
        checked="2026-11-25",
    ),
    Client(
        name="gemini",
        title="Gemini CLI",
        paths=everywhere("~/.gemini/settings.json"),
        servers="mcpServers",
        source="geminicli.com/docs/tools/mcp-server",
        checked="2026-11-25",
    ),
    Client(
        name="opencode",
        title="opencode",
        paths={
            "linux": ("{config}/opencode/opencode.jsonc", "{config}/opencode/opencode.json"),
            "macos": ("{config}/opencode/opencode.jsonc", "{config}/opencode/opencode.json"),
            "windows": ("~/.config/opencode/opencode.jsonc", "~/.config/opencode/opencode.json"),
        },
        servers="mcp",
        fixed={"type": "local", "enabled": True},
        arguments=None,
        environment="environment",
        source="opencode.ai/docs/mcp-servers",
        checked="2026-11-25",
    ),
    Client(
        name="goose",
        title="Goose",
        paths={
            "linux": ("{config}/goose/config.yaml",),
            "macos": ("{config}/goose/config.yaml",),
            "windows": ("{appdata}/Block/goose/config/config.yaml",),
        },
        format="yaml",
        servers="extensions",
        fixed={"name": NAME, "type": "stdio", "enabled": True, "timeout": 300},
        command="cmd",
        environment="envs",
        source="goose-docs.ai/docs/getting-started/using-extensions",
        checked="2026-11-25",
    ),
    Client(
        name="zed",
        title="Zed",
        paths={
            "linux": ("{config}/zed/settings.json",),
            "macos": ("~/.config/zed/settings.json",),
            "windows": ("{appdata}/Zed/settings.json",),
        },
        servers="context_servers",
        source="zed.dev/docs/ai/mcp",
        checked="2026-11-25",
    ),
)
BY_NAME = {client.name: client for client in CLIENTS}
