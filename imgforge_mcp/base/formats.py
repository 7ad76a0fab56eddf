"""The image formats that there are here: media types and file extensions."""

from typing import Literal, cast, get_args

FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "AVIF": ("image/avif", "avif"),
}
"""By Pillow's names: media type and extension."""
SVG = "image/svg+xml"
ICO, PDF = "image/vnd.microsoft.icon", "application/pdf"
EXTENSIONS = {**dict(FORMATS.values()), SVG: "svg", ICO: "ico", PDF: "pdf"}
"""By media type."""
FileFormat = Literal["png", "jpeg", "webp", "avif", "ico", "pdf"]
"""What a picture can be written as on this machine."""
OPAQUE: tuple[FileFormat, ...] = ("jpeg", "pdf")
"""Those that have no transparency."""


def kind_named(path: str) -> FileFormat | None:
    """The format that a path's extension stands for, if it is one of those that are written here."""
    extension = path.rpartition(".")[2].lower()
    found = "jpeg" if extension == "jpg" else extension
    return cast("FileFormat", found) if found in get_args(FileFormat) else None
