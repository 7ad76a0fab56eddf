"""One ASGI application: MCP over SSE and Streamable HTTP, services, images, health; behind one guard and one door."""

import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import anyio
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.logs import access_log
from imgforge_mcp.base.tracing import set_up_tracing
from imgforge_mcp.base.types import SCOPES
from imgforge_mcp.http import tokens
from imgforge_mcp.http.access import METRICS, TO_CLIENTS, Access, Door, caller_of_context
from imgforge_mcp.http.guard import LOOPBACK, Guard, authority, bracketed
from imgforge_mcp.http.health import live, ready_route
from imgforge_mcp.http.images import asset_route
from imgforge_mcp.http.listening import listen
from imgforge_mcp.http.login import RIGHTS, LogIn
from imgforge_mcp.http.metrics import Metrics
from imgforge_mcp.http.openapi import docs_route, openapi_route
from imgforge_mcp.http.pages.site import Page
from imgforge_mcp.http.patience import PatientProtocol
from imgforge_mcp.http.rest import gateway, image, imageapi, imgforge, worker
from imgforge_mcp.http.rest.face import MAX_BODY, error_shape, routes_of
from imgforge_mcp.http.sessions import OF_ALL, Sessions, Streams
from imgforge_mcp.http.tokens import SCOPE, Tokens, metadata_route
from imgforge_mcp.presentation import Presentation

MakeServer = Callable[[LazyForge, Presentation], Server[Any]]
FACES = (imgforge.FACE, worker.FACE, gateway.FACE, imageapi.FACE, image.FACE)
OPEN_TO_BROWSERS = ("/api/v1/generate", "/api/v1/prompt/", "/api/v1/models", "/api/v1/usage", "/api/v1/health")
"""ImageAPI's routes, which pages of other origins may call with a key (its requirement says so)."""
WELL_KNOWN = "/.well-known/oauth-protected-resource"
RESOURCES = ("", "/mcp", "/sse")
"""What a token may be for: the server as a whole, or one of its MCP addresses."""
OPEN_TO_CLIENTS = (*TO_CLIENTS, "/.well-known/")
"""Where a client that is a page of another origin, such as MCP's Inspector, logs in."""
IDLE_SECONDS = 300.0
MAX_CONNECTIONS = 2000
SHUTDOWN_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What `imgforge-mcp serve` was told."""

    host: str = "127.0.0.1"
    port: int = 8765
    public_url: str | None = None
    anonymous: bool = False
    open_loopback: bool = False
    oauth: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    opens_page: bool = False
    """Whether a browser is shown the page, once it is there."""


def serve_http(config: Config, make_server: MakeServer, serving: Serving) -> int:
    """Serve until a signal comes; the exit code.

    Raises:
        ConfigError: the address is not of this machine alone and there is no door; it cannot be listened on; or the
            public URL is none.
    """
    set_up_tracing(config.environment)
    lazy = LazyForge(config)
    is_loopback = serving.host in LOOPBACK
    is_closed = tokens.is_configured(config) or serving.anonymous
    if not is_loopback and not is_closed and not anyio.run(_has_door, config):
        raise ConfigError(
            f"Refusing to listen on {serving.host} without a door: make a key first ('imgforge-mcp keys create NAME'), "
            "configure JWT, or say --anonymous.",
            setting="--host",
        )
    public_url = serving.public_url
    if public_url is not None and (not public_url.startswith(("http://", "https://")) or not authority(public_url)):
        raise ConfigError("--public-url is an http or https URL, such as https://host/prefix.", setting="--public-url")
    _check_tls(serving)
    listener = listen(serving.host, serving.port)
    scheme = "https" if serving.tls_cert else "http"
    local_url = f"{scheme}://{bracketed(serving.host)}:{listener.getsockname()[1]}"
    base_url = (public_url or local_url).rstrip("/")
    door = Door(
        is_loopback=is_loopback,
        anonymous=serving.anonymous,
        open_loopback=serving.open_loopback,
        anonymous_per_month=config.anonymous_per_month,
        client_header=config.client_address_header,
        trusted_proxies=config.trusted_proxies,
        assets_require_key=config.assets_require_key,
    )
    app = create_app(lazy, make_server, base_url, door, local_url=local_url, log=access_log(), oauth=serving.oauth)
    shown = f", shown to clients as {public_url}" if public_url else ""
    print(f"imgforge-mcp: {local_url}/mcp (Streamable HTTP), {local_url}/sse (SSE){shown}", file=sys.stderr)
    print(f"imgforge-mcp: {local_url}/ is the page, to look and to draw", file=sys.stderr)
    if serving.opens_page:  # the socket listens already, so that a browser which is quicker than we are waits
        webbrowser.open(f"{local_url}/")
    settings = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=64 * 1024,
        ssl_certfile=serving.tls_cert,
        ssl_keyfile=serving.tls_key,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listener])
    return 0


async def _has_door(config: Config) -> bool:
    """Whether there is a key, so that strangers are kept out."""
    from imgforge_mcp.app.open import open_forge

    async with open_forge(config) as forge:
        return await forge.has_keys()


def _check_tls(serving: Serving) -> None:
    """Raises ConfigError: half of a pair, or a private key that others can read."""
    if bool(serving.tls_cert) != bool(serving.tls_key):
        raise ConfigError("--tls-cert and --tls-key go together.", setting="--tls-cert")
    for setting, path in (("--tls-cert", serving.tls_cert), ("--tls-key", serving.tls_key)):
        if path is not None and not os.path.isfile(path):
            raise ConfigError(f"{setting}: there is no file {path}.", setting=setting)
    if serving.tls_key and os.name == "posix" and os.stat(serving.tls_key).st_mode & 0o077:
        raise ConfigError(f"--tls-key: others can read {serving.tls_key}; chmod 600 it.", setting="--tls-key")


def create_app(
    lazy: LazyForge,
    make_server: MakeServer,
    base_url: str,
    door: Door | None = None,
    *,
    local_url: str | None = None,
    log: Callable[..., None] | None = None,
    clock: Clock | None = None,
    oauth: bool = False,
) -> Guard:
    """The whole ASGI application; `make_server` makes the MCP server, `base_url` is where clients reach it, `oauth`
    lets them log in by a page.

    Raises:
        ConfigError: they would log in over plain http.
    """
    config = lazy.config
    takes_tokens = tokens.is_configured(config)
    clock = clock or Clock()
    verify_token = Tokens(config, partial(_fetched, lazy), clock).caller if takes_tokens else None
    page = Page(lazy, base_url)
    log_in = LogIn(lazy, base_url, clock, page) if oauth else None
    issuers = [*([base_url] if oauth else []), *([str(config.jwt_issuer)] if takes_tokens else [])]
    scopes = RIGHTS if oauth else {f"{SCOPE}{scope}" for scope in SCOPES}
    metrics = Metrics(lazy, clock)
    server = make_server(lazy, Presentation(base_url=base_url, identify=caller_of_context))
    manager = StreamableHTTPSessionManager(
        app=server, max_request_body_size=MAX_BODY, session_idle_timeout=IDLE_SECONDS, max_sessions=2 * OF_ALL
    )
    sse = SseServerTransport("/messages/", max_request_body_size=MAX_BODY)
    streamable = Sessions(StreamableHTTPASGIApp(manager))
    app = Starlette(
        routes=[
            Route("/mcp", endpoint=streamable),
            Route("/mcp/", endpoint=streamable),
            Route("/sse", endpoint=Streams(partial(_open_sse, server, sse))),
            Mount("/messages/", app=sse.handle_post_message),
            Route("/v2/assets/{asset_id}", endpoint=asset_route(lazy), methods=["GET", "HEAD"]),
            *(Route(f"{WELL_KNOWN}{path}", metadata_route(base_url, issuers, scopes, path)) for path in RESOURCES),
            Route(METRICS, endpoint=metrics.route(), methods=["GET"]),
            Route("/health", endpoint=live, methods=["GET"]),
            Route("/health/ready", endpoint=ready_route(lazy), methods=["GET"]),
            Route("/openapi.json", endpoint=openapi_route(FACES, base_url), methods=["GET"]),
            Route("/docs", endpoint=docs_route(FACES, base_url), methods=["GET"]),
            *page.routes(),
            *(log_in.routes() if log_in is not None else ()),
            *(route for face in FACES for route in routes_of(face, lazy, base_url)),
        ],
        lifespan=partial(_running, lazy, manager),
    )
    app.router.redirect_slashes = False  # a POST that is sent elsewhere would arrive without its body
    verify_access = log_in.caller if log_in is not None else None
    shape = error_shape(FACES)
    access = Access(
        app,
        lazy,
        replace(door or Door(), base_url=base_url),
        verify_token,
        verify_access,
        log,
        metrics.note,
        shape,
    )
    return Guard(
        access,
        [url for url in (base_url, local_url) if url],
        origins=config.cors_origins,
        open_paths=(*(() if config.cors_strict else OPEN_TO_BROWSERS), *(OPEN_TO_CLIENTS if oauth else ())),
        shape=shape,
    )


async def _open_sse(server: Server[Any], sse: SseServerTransport, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "GET":
        await Response(status_code=405, headers={"Allow": "GET"})(scope, receive, send)
        return
    async with sse.connect_sse(scope, receive, send) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


@asynccontextmanager
async def _running(lazy: LazyForge, manager: StreamableHTTPSessionManager, app: Starlette) -> AsyncIterator[None]:
    """The application's lifespan: the forge opens behind it, and MCP's sessions live within it."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lazy.serve)
        lazy.want()
        async with manager.run():
            yield
        tasks.cancel_scope.cancel()


async def _fetched(lazy: LazyForge, url: str) -> bytes:
    return await (await lazy.forge()).fetch(url)
