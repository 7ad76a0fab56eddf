"""The registry as one SQLite file, shared by all processes of this machine."""

from imgforge_mcp.storage.registry.sqlite.registry import SqliteRegistry

__all__ = ["SqliteRegistry"]
