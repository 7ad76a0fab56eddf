"""imgforge-mcp: image generation for any MCP client, over every image service the user has a key for."""

TYPE_CHECKING = False  # typing itself is loaded by what needs it: a client waits for the first answer
if TYPE_CHECKING:
    from typing import Any

    from imgforge_mcp.app.open import open_forge
    from imgforge_mcp.base.types import Caller, Copy, ImageRequest, Job, Transform
    from imgforge_mcp.forge import Forge
    from imgforge_mcp.mcp.server import create_server

__version__ = "0.1.0"
__all__ = [
    "Caller",
    "Copy",
    "Forge",
    "ImageRequest",
    "Job",
    "Transform",
    "__version__",
    "create_server",
    "open_forge",
]

_HOMES = {
    "Caller": "imgforge_mcp.base.types",
    "Copy": "imgforge_mcp.base.types",
    "Forge": "imgforge_mcp.forge",
    "ImageRequest": "imgforge_mcp.base.types",
    "Job": "imgforge_mcp.base.types",
    "Transform": "imgforge_mcp.base.types",
    "create_server": "imgforge_mcp.mcp.server",
    "open_forge": "imgforge_mcp.app.open",
}


def __getattr__(name: str) -> "Any":
    """Public names load when first used: a command that only prints its version should not import a server."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
