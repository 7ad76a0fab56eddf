"""A picture to send along, and how it travels."""

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo


@pytest.fixture
def picture() -> bytes:
    """A small PNG with words in its metadata."""
    words = PngInfo()
    words.add_text("Comment", "taken at home")
    buffer = io.BytesIO()
    Image.new("RGB", (96, 64), "teal").save(buffer, "PNG", pnginfo=words)
    return buffer.getvalue()


@pytest.fixture
def encoded() -> Callable[[bytes], str]:
    """Bytes as base64 text."""
    return lambda data: base64.b64encode(data).decode("ascii")
