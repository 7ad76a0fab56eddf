"""The images over HTTP: exact bytes or a rendition, parts, caching; never anything that a browser would run."""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.errors import ForgeError, NotFound
from imgforge_mcp.base.formats import EXTENSIONS, SVG
from imgforge_mcp.base.types import Asset
from imgforge_mcp.http.answers import answer, headers_of

ASSET = re.compile(r"[0-9a-f]{64}")
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
"""One part; several, and other units, are answered with the whole, as RFC 9110 allows."""
MAX_RENDITION = 4096
PRESETS = {"thumbnail": 256, "standard": 1024, "hero": 1920, "portrait": 1080}
"""Widths in pixels that img-forge's `?preset=` names."""
ASSET_HEADERS = {
    "Cache-Control": "public, max-age=3600, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}

REDIRECT_HEADERS = {"Cache-Control": "private, max-age=600", "Cross-Origin-Resource-Policy": "cross-origin"}
"""To a signed address, which is good for longer than that."""


def asset_route(lazy: LazyForge) -> Callable[[Request], Awaitable[Response]]:
    async def serve_asset(request: Request) -> Response:
        asset_id = request.path_params["asset_id"]
        try:
            if not ASSET.fullmatch(asset_id):
                raise NotFound("An image is named by its hash, 64 hexadecimal digits.")
            forge, width = await lazy.forge(), _width(request)
            if forge.config.store_redirect and width is None:
                asset, address = await forge.address(asset_id)
                if address is not None and asset.mime_type != SVG:
                    return Response(status_code=307, headers={"Location": address, **REDIRECT_HEADERS})
            asset, data = await forge.asset(asset_id)
            if width is None or asset.mime_type == SVG:
                return _image_response(request, asset, data, asset.mime_type, asset.asset_id)
            scaled, mime_type = await forge.rendition(data, width)
        except ForgeError as error:
            return answer(error.body(request.scope["imgforge.request_id"]), error.status, headers_of(error))
        return _image_response(request, asset, scaled, mime_type, f"{asset.asset_id}-{width}")

    return serve_asset


def _width(request: Request) -> int | None:
    preset = PRESETS.get(request.query_params.get("preset", ""))
    text = request.query_params.get("width", "")
    if text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MAX_RENDITION:
        return int(text)
    return preset


def _image_response(request: Request, asset: Asset, data: bytes, mime_type: str, tag: str) -> Response:
    etag = f'"{tag}"'
    name = f"{asset.asset_id[:16]}.{EXTENSIONS[mime_type]}"
    place = "attachment" if mime_type == SVG else "inline"
    headers = {**ASSET_HEADERS, "ETag": etag, "Content-Disposition": f'{place}; filename="{name}"'}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    wanted = RANGE.fullmatch(request.headers.get("range", "").strip())
    if wanted is None or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return Response(data, headers=headers, media_type=mime_type)
    part = _part(wanted[1], wanted[2], len(data))
    if part is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    start, end = part
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], status_code=206, headers=headers, media_type=mime_type)


def _part(first: str, last: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range (RFC 9110 section 14.1.2); None when there is no such part."""
    if not first:
        start, end = (max(0, size - int(last)), size - 1) if last else (0, -1)
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end) if start <= end and start < size else None
