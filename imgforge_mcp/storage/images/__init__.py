"""Images by the sha256 of their exact bytes, and smaller renditions of them."""

from imgforge_mcp.storage.images.contract import ImageStore, Staged
from imgforge_mcp.storage.images.directory import AssetDirectory

__all__ = ["AssetDirectory", "ImageStore", "Staged"]
