"""Connections that do not come to the point are closed, by a clock that only the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from imgforge_mcp.http.patience import HEAD_SECONDS, LOST_SECONDS, PatientProtocol

HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


class Handle:
    """A timer that can be called off."""

    is_off = False

    def cancel(self) -> None:
        self.is_off = True


class Task:
    """Work that never ends."""

    def add_done_callback(self, act: Callable[..., None]) -> None:
        pass


class Loop:
    """Time that moves when it is told to."""

    now = 0.0

    def __init__(self) -> None:
        self.timers: list[tuple[float, Callable[[], None], Handle]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, act: Callable[[], None], *rest: Any) -> Handle:
        self.timers.append((self.now + seconds, act, handle := Handle()))
        return handle

    def create_task(self, work: Coroutine[Any, Any, None], **options: Any) -> Any:
        work.close()
        return Task()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer[0] <= self.now]
        self.timers = [timer for timer in self.timers if timer not in due]
        for _, act, handle in due:
            if not handle.is_off:
                act()


class Wire(asyncio.Transport):
    """A connection that remembers whether it was closed."""

    is_closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def connection(loop: Loop, wire: Wire) -> PatientProtocol:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    config = Config(app, log_config=None)
    made = PatientProtocol(config, ServerState(), {}, loop)
    made.connection_made(wire)
    return made


def test_a_head_that_does_not_end_is_not_waited_for(connection: PatientProtocol, loop: Loop, wire: Wire) -> None:
    connection.data_received(b"POST /mcp HTTP/1.1\r\n")
    for _ in range(int(HEAD_SECONDS) - 1):
        loop.pass_time(1)
        connection.data_received(b"X: y\r\n")
    assert not wire.is_closed
    loop.pass_time(1)
    assert wire.is_closed


def test_a_connection_that_says_nothing_is_closed(connection: PatientProtocol, loop: Loop, wire: Wire) -> None:
    loop.pass_time(HEAD_SECONDS)
    assert wire.is_closed


def test_an_idle_connection_is_kept_longer_than_clients_keep_theirs(connection: PatientProtocol) -> None:
    """Else a request that is written as the server closes is lost."""
    client, aiohttp = httpx.Limits().keepalive_expiry, 15.0
    assert connection.timeout_keep_alive > max(client or 0.0, aiohttp)


def test_a_head_at_the_last_moment_leaves_the_body_little_time(
    connection: PatientProtocol, loop: Loop, wire: Wire
) -> None:
    """Whoever drips a head and then a body loses no more than 17 s of ours."""
    for byte in HEAD[:14]:
        connection.data_received(bytes([byte]))
        loop.pass_time(1)
    connection.data_received(HEAD[14:])
    loop.pass_time(LOST_SECONDS - 14 - 0.1)
    assert not wire.is_closed
    loop.pass_time(0.2)
    assert wire.is_closed


def test_a_body_of_a_few_bytes_a_second_is_not_waited_for(connection: PatientProtocol, loop: Loop, wire: Wire) -> None:
    connection.data_received(HEAD)
    for _ in range(int(LOST_SECONDS)):
        assert not wire.is_closed
        loop.pass_time(1)
        connection.data_received(b"x")
    loop.pass_time(1)
    assert wire.is_closed


def test_a_body_at_its_rate_is_waited_for(connection: PatientProtocol, loop: Loop, wire: Wire) -> None:
    connection.data_received(HEAD)
    for _ in range(120):
        loop.pass_time(1)
        connection.data_received(b"x" * 1100)
        connection.flow.read_paused = False  # the application has read it
    assert not wire.is_closed


@asynccontextmanager
async def served(app: Any, **settings: Any) -> AsyncIterator[tuple[str, ServerState]]:
    """An application behind the protocol on a port: its address, and what the server knows of itself."""
    config, state = Config(app, ws="none", log_config=None, **settings), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: PatientProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/generate", state


def check_not_now(reply: httpx.Response) -> None:
    assert (reply.status_code, reply.json()["code"], reply.json()["status"]) == (503, "unavailable", 503)
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert int(reply.headers["retry-after"]) > 0
    assert reply.headers["connection"] == "close"


@pytest.mark.anyio
async def test_one_connection_too_many_is_told_so_and_when_to_come_back() -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it was let in")

    async with served(never, limit_concurrency=1) as (url, _), httpx.AsyncClient() as http:
        check_not_now(await http.get(url))


@pytest.mark.anyio
async def test_who_waits_for_an_answer_when_the_server_ends_is_told_so() -> None:
    begun = asyncio.Event()

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with served(waits) as (url, state), httpx.AsyncClient() as http:
        asking = asyncio.ensure_future(http.get(url))
        await begun.wait()
        for task in state.tasks:
            task.cancel()
        check_not_now(await asking)
