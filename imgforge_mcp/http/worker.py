"""A worker of many machines, and beside it the two addresses that a probe asks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgforge_mcp.app.worker import IsReady, serve_cluster_worker
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.http.answers import answer
from imgforge_mcp.http.guard import LOOPBACK, bracketed
from imgforge_mcp.http.health import live
from imgforge_mcp.http.listening import listen

SETTING = "--health"


class _Beside(uvicorn.Server):
    """Ends with the worker, which heeds the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_worker(config: Config, *, at_once: int | None, health: str | None) -> int:
    """Work until told to end; with `health` ("PORT" or "HOST:PORT") /health and /health/ready are answered there. The
    exit code.

    Raises:
        ConfigError, UnusableHome
    """
    if health is None:
        return serve_cluster_worker(config, at_once)
    host, _, port = health.rpartition(":")
    if not port.isdigit():
        raise ConfigError("--health is a port, such as 8766, or host:port, such as 0.0.0.0:8766.", setting=SETTING)
    listener = listen(host.strip("[]") or LOOPBACK[0], int(port), SETTING)
    address = f"http://{bracketed(listener.getsockname()[0])}:{listener.getsockname()[1]}"
    print(f"imgforge-mcp: the worker's health is told at {address}/health and /health/ready", file=sys.stderr)

    async def beside(is_ready: IsReady) -> None:
        async def ready(request: Request) -> Response:
            is_there = await is_ready()
            return answer({"status": "healthy" if is_there else "degraded"}, 200 if is_there else 503)

        app = Starlette(routes=[Route("/health", live), Route("/health/ready", ready)])
        settings = uvicorn.Config(app, ws="none", log_config=None, access_log=False, server_header=False)
        await _Beside(settings).serve(sockets=[listener])

    return serve_cluster_worker(config, at_once, beside)
