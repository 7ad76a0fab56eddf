"""uvicorn on a loopback port, all emulators of a process on one event loop in one daemon thread."""

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, MutableMapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
Result = TypeVar("Result")

# A cut answer is a broken application to uvicorn; it would report each one.
_log = logging.getLogger("tests.emulators.wire")
_log.setLevel(logging.WARNING)
_log.addFilter(lambda record: "returned without completing response" not in record.getMessage())


class _Protocol(H11Protocol):
    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.logger = _log
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio does so only for sockets that name their protocol; without it every answer waits 40 ms for an ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


@contextmanager
def serve(application: Application, port: int = 0) -> Iterator[str]:
    """Serve an ASGI application on 127.0.0.1 and yield its base URL; leaving drops every open connection."""
    loop = _loop()
    state = ServerState()
    server = _run(loop, _listen(application, port, state))
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        _run(loop, _leave(server, state))


async def _listen(application: Application, port: int, state: ServerState) -> asyncio.Server:
    config = uvicorn.Config(
        application, http=_Protocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=60
    )
    config.load()
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    return await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config=config, server_state=state, app_state={}), sock=listener
    )


async def _leave(server: asyncio.Server, state: ServerState) -> None:
    server.close()
    for connection in list(state.connections):
        if isinstance(connection, _Protocol):
            connection.transport.abort()
    if state.tasks:
        await asyncio.wait(list(state.tasks), timeout=1)


def _run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=10)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="emulators", daemon=True).start()
    return loop
