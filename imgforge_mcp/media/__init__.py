"""Images from their bytes: what they are, what is made from them, and drawings."""

from imgforge_mcp.media.convert import INPUT_SIDE, InputImage

__all__ = ["INPUT_SIDE", "InputImage"]
