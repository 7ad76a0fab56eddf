"""What arrived, decoded to the last pixel."""

import io
import urllib.request

from PIL import Image


def described(data: bytes) -> tuple[str | None, tuple[int, int]]:
    """Format and size of a picture that decodes without an error."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.format, image.size


def downloaded(url: str) -> bytes:
    """The bytes behind a URL, fetched without a key."""
    with urllib.request.urlopen(url) as response:
        content: bytes = response.read()
        return content
