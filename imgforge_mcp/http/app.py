"""SSE, Streamable HTTP and the images on one port, behind one door that checks Host and Origin."""

import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ConfigError, ForgeError, NotFound
from imgforge_mcp.base.formats import EXTENSIONS, SVG
from imgforge_mcp.base.types import Asset, Caller
from imgforge_mcp.forge import Forge
from imgforge_mcp.presentation import Presentation

MakeServer = Callable[[LazyForge, Presentation], Server[Any]]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_BODY = 24 * 1024 * 1024
"""Bytes of one message: a data URL of the largest picture that is taken."""
MAX_SESSIONS = 200
IDLE_SECONDS = 300.0
MAX_CONNECTIONS = 1000
BACKLOG = 512
SHUTDOWN_SECONDS = 1
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?")
ASSET = re.compile(r"[0-9a-f]{64}")
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
"""One part; several, and other units, are answered with the whole, as RFC 9110 allows."""
ASSET_HEADERS = {
    "Cache-Control": "public, max-age=3600, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}


def serve_http(config: Config, make_server: MakeServer, host: str, port: int, public_url: str | None) -> int:
    """Serve until a signal comes; the exit code.

    Raises:
        ConfigError: the address is not of this machine alone: there is no key check yet, and the door spends money.
            Or it cannot be listened on, or the public URL is none.
    """
    if host not in LOOPBACK:
        raise ConfigError(
            f"Refusing to listen on {host}: this version has no keys for its HTTP door. Listen on 127.0.0.1 and put an "
            "authenticating proxy in front, with --public-url.",
            setting="--host",
        )
    if public_url is not None and (not public_url.startswith(("http://", "https://")) or not _authority(public_url)):
        raise ConfigError("--public-url is an http or https URL, such as https://host/prefix.", setting="--public-url")
    listener = _listen(host, port)
    local_url = f"http://{_bracketed(host)}:{listener.getsockname()[1]}"
    app = create_app(LazyForge(config), make_server, (public_url or local_url).rstrip("/"))
    shown = f", shown to clients as {public_url}" if public_url else ""
    print(f"imgforge-mcp: {local_url}/mcp (Streamable HTTP), {local_url}/sse (SSE){shown}", file=sys.stderr)
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any free one.

    Raises:
        ConfigError: the port is taken, or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where a socket names its protocol; without it answers wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "no such port"
        raise ConfigError(
            f"Cannot listen on {_bracketed(host)}:{port} ({reason}); choose another --port.", setting="--port"
        ) from None


def create_app(lazy: LazyForge, make_server: MakeServer, base_url: str) -> ASGIApp:
    """The whole ASGI application; `make_server` makes the MCP server, `base_url` is where clients reach it."""
    server = make_server(lazy, Presentation(base_url=base_url, identify=_remote_caller))
    manager = StreamableHTTPSessionManager(
        app=server, max_request_body_size=MAX_BODY, session_idle_timeout=IDLE_SECONDS, max_sessions=MAX_SESSIONS
    )
    sse = SseServerTransport("/messages/", max_request_body_size=MAX_BODY)

    async def open_sse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await Response(status_code=405, headers={"Allow": "GET"})(scope, receive, send)
            return
        async with sse.connect_sse(scope, receive, send) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lazy.serve)
            lazy.want()
            async with manager.run():
                yield
            tasks.cancel_scope.cancel()

    app = Starlette(
        routes=[
            Route("/mcp", endpoint=StreamableHTTPASGIApp(manager)),
            Route("/sse", endpoint=_Raw(open_sse)),
            Mount("/messages/", app=sse.handle_post_message),
            Route("/v2/assets/{asset_id}", endpoint=_asset_route(lazy), methods=["GET", "HEAD"]),
            Route("/health", endpoint=_health_route(lazy), methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    return Doorkeeper(app, base_url)


class _Raw:
    """An ASGI application that starlette's Route does not take for a view function."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Doorkeeper:
    """Refuses requests whose Host or Origin is not ours, before anything else sees them (DNS rebinding)."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._app = app
        names = {*(_bracketed(host) for host in LOOPBACK), _authority(base_url)}
        self._hosts = names - {None}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if len(hosts) != 1 or _host(hosts[0].decode("latin-1")) not in self._hosts:
            return _error_response(421, "forbidden", "This server does not answer to that Host.")
        if origins and (len(origins) > 1 or not self._is_ours(origins[0].decode("latin-1"))):
            return _error_response(403, "forbidden", "This server does not answer to that Origin.")
        return None

    def _is_ours(self, origin: str) -> bool:
        scheme, separator, rest = origin.partition("://")
        return bool(separator) and scheme in ("http", "https") and _host(rest) in self._hosts


def _host(text: str) -> str | None:
    """The host of a Host header or an authority, without a numeric port; None when it is malformed."""
    match = HOST.fullmatch(text.strip().lower())
    if match is None or (match[2] is not None and int(match[2]) > 65535):
        return None
    return match[1].removesuffix(".")


def _authority(url: str) -> str | None:
    """The host of a URL, as Host headers have it."""
    try:
        return _host(urlsplit(url).netloc)
    except ValueError:
        return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _remote_caller(forge: Forge, context: Any) -> Caller:
    """A client over HTTP: it may name paths of this machine only where the configuration allows it."""
    if forge.config.allow_local_paths:
        return forge.caller()
    return replace(forge.caller(), directories=(), outputs=())


def _asset_route(lazy: LazyForge) -> Callable[[Request], Awaitable[Response]]:
    async def serve_asset(request: Request) -> Response:
        asset_id = request.path_params["asset_id"]
        try:
            if not ASSET.fullmatch(asset_id):
                raise NotFound("There is no asset of that id in the store.")
            asset, data = await (await lazy.forge()).asset(asset_id)
        except ForgeError as error:
            return _error_response(error.status, error.code, error.message)
        return _image_response(request, asset, data)

    return serve_asset


def _image_response(request: Request, asset: Asset, data: bytes) -> Response:
    etag = f'"{asset.asset_id}"'
    name = f"{asset.asset_id[:16]}.{EXTENSIONS[asset.mime_type]}"
    place = "attachment" if asset.mime_type == SVG else "inline"
    headers = {**ASSET_HEADERS, "ETag": etag, "Content-Disposition": f'{place}; filename="{name}"'}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    wanted = RANGE.fullmatch(request.headers.get("range", "").strip())
    if wanted is None or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return Response(data, headers=headers, media_type=asset.mime_type)
    part = _part(wanted[1], wanted[2], len(data))
    if part is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    start, end = part
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], status_code=206, headers=headers, media_type=asset.mime_type)


def _part(first: str, last: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range (RFC 9110 section 14.1.2); None when there is no such part."""
    if not first:
        start, end = (max(0, size - int(last)), size - 1) if last else (0, -1)
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end) if start <= end and start < size else None


def _health_route(lazy: LazyForge) -> Callable[[Request], Awaitable[Response]]:
    async def health(request: Request) -> Response:
        checks: dict[str, str] = {}
        try:
            forge = await lazy.forge()
            await forge.check_storage()
            checks |= {"registry": "ok", "assets": "ok", "providers": ", ".join(sorted(forge.manifests))}
        except ForgeError as error:
            checks["error"] = error.message
        is_healthy = "error" not in checks
        body = {"status": "healthy" if is_healthy else "degraded", "checks": checks}
        return JSONResponse(body, status_code=200 if is_healthy else 503)

    return health


def _error_response(status: int, code: str, message: str) -> Response:
    body = {"error": message, "code": code, "status": status, "request_id": f"req_{Clock().new_id()}", "details": {}}
    return Response(json.dumps(body), status_code=status, media_type="application/json")
