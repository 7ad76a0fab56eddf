"""Images from their bytes: what they are, what is made from them, and drawings."""

from imgforge_mcp.media.convert import InputImage, as_input, as_mask, preview, rendition, scaled
from imgforge_mcp.media.inspect import Sound, inspect
from imgforge_mcp.media.vector import inspect_vector

__all__ = [
    "InputImage",
    "Sound",
    "as_input",
    "as_mask",
    "inspect",
    "inspect_vector",
    "preview",
    "rendition",
    "scaled",
]
