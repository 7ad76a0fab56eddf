"""Images by the sha256 of their exact bytes, and their previews, in one directory."""

from imgforge_mcp.storage.images.directory import AssetDirectory, Staged

__all__ = ["AssetDirectory", "Staged"]
