"""One ASGI application: MCP over SSE and Streamable HTTP, services, images, health; behind one guard and one door."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import SCOPES
from imgforge_mcp.http import tokens
from imgforge_mcp.http.access import METRICS, TO_CLIENTS, Access, Door, caller_of_context
from imgforge_mcp.http.guard import Guard
from imgforge_mcp.http.health import live, ready_route
from imgforge_mcp.http.images import asset_route
from imgforge_mcp.http.login import RIGHTS, LogIn
from imgforge_mcp.http.metrics import Metrics
from imgforge_mcp.http.openapi import docs_route, openapi_route
from imgforge_mcp.http.pages.site import Page
from imgforge_mcp.http.places import Places
from imgforge_mcp.http.relay import Member
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
    member: Member | None = None,
) -> Guard:
    """The whole ASGI application; `make_server` makes the MCP server, `base_url` is where clients reach it, `oauth`
    lets them log in by a page, `member` is which of several processes this one is.

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
    metrics = Metrics(lazy, clock, member)
    server = make_server(lazy, Presentation(base_url=base_url, identify=caller_of_context))
    manager = StreamableHTTPSessionManager(
        app=server, max_request_body_size=MAX_BODY, session_idle_timeout=IDLE_SECONDS, max_sessions=2 * OF_ALL
    )
    sse = SseServerTransport(member.messages if member else "/messages/", max_request_body_size=MAX_BODY)
    streamable = Sessions(StreamableHTTPASGIApp(manager), member.workers if member else 1)
    streams = Streams(partial(_open_sse, server, sse), Places(member.places if member else None))
    app = Starlette(
        routes=[
            Route("/mcp", endpoint=streamable),
            Route("/mcp/", endpoint=streamable),
            Route("/sse", endpoint=streams),
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
