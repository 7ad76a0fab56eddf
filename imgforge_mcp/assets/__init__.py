"""Images by the sha256 of their exact bytes, and their previews, in one directory."""

from imgforge_mcp.assets.directory import AssetDirectory, Staged

__all__ = ["AssetDirectory", "Staged"]
