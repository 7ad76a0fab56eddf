"""The image formats that there are here: media types and file extensions."""

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
