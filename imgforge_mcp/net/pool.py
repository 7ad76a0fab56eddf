"""Connections: each goes to an address that was checked, and is there within ten seconds or not at all."""

import select
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
import httpcore
import httpx

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.net.addresses import is_public

CONNECT_SECONDS = 10.0
"""For looking up, connecting and the TLS handshake together."""
CONNECTIONS, KEPT_SECONDS = 256, 5.0
"""More than a provider's calls at once: its pictures are fetched beside them, and there are other providers."""
POOL_SIZE = 16
"""Connections of one pool: with every request httpcore looks at all of a pool for each that is idle."""


class PinnedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over a pool whose connections go through `network`, by way of a proxy where one is given.
    Used without httpx's client: that one keeps cookies, and looks at redirects that nobody follows."""

    def __init__(self, context: ssl.SSLContext, network: "CheckedNetwork", proxy: str | None = None) -> None:
        super().__init__(verify=context, trust_env=False)
        limits: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": CONNECTIONS,
            "max_keepalive_connections": POOL_SIZE,
            "keepalive_expiry": KEPT_SECONDS,
            "network_backend": network,
        }
        self._pool = _Pools(lambda: _pool(proxy, limits))  # type: ignore[assignment]  # httpx asks it for no more


class _Pools:
    """Many small pools in the place of a large one, each used when those before it have all they can do."""

    def __init__(self, make: Callable[[], httpcore.AsyncConnectionPool]) -> None:
        self._pools = [make() for _ in range(CONNECTIONS // POOL_SIZE)]
        self._at_work = [0] * len(self._pools)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        number = next((n for n, at_work in enumerate(self._at_work) if at_work < POOL_SIZE), -1)
        self._at_work[number] += 1
        try:
            response = await self._pools[number].handle_async_request(request)
        except BaseException:
            self._leave(number)
            raise
        response.stream = _Answer(response.stream, partial(self._leave, number))
        return response

    def _leave(self, number: int) -> None:
        self._at_work[number] -= 1

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


class _Answer:
    """What a connection brings, until it is closed."""

    def __init__(self, stream: Any, on_close: Callable[[], None]) -> None:
        self._stream = stream
        self._on_close = on_close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._on_close()


def _pool(proxy: str | None, limits: dict[str, Any]) -> httpcore.AsyncConnectionPool:
    if proxy is None:
        return httpcore.AsyncConnectionPool(**limits)
    parts = urlsplit(proxy)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    named = (unquote(parts.username or ""), unquote(parts.password or "")) if parts.username else None
    return httpcore.AsyncHTTPProxy(
        f"{parts.scheme}://{host}:{port}",
        proxy_auth=named,
        proxy_ssl_context=limits["ssl_context"] if parts.scheme == "https" else None,
        **limits,
    )


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name once, refuses it if any of its addresses is none of those allowed, and connects to what was
    checked. `trusts` says of a host (and port) that it may be anywhere; `allows` of an address that it may be asked."""

    def __init__(
        self, clock: Clock, trusts: Callable[[str, int], bool], allows: Callable[[str], bool] = is_public
    ) -> None:
        self._clock = clock
        self._trusts = trusts
        self._allows = allows
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        until = self._clock.monotonic() + CONNECT_SECONDS
        with self._clock.move_on_after(CONNECT_SECONDS) as scope:
            addresses = await self._addresses(host, port)
            stream = await self._first(addresses, port, socket_options)
            return _Connecting(stream, self._clock, until)
        assert scope.cancelled_caught
        raise httpcore.ConnectTimeout

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await anyio.getaddrinfo(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name does not resolve") from None
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        is_allowed = self._trusts(host, port) or all(self._allows(address) for address in addresses)
        if not addresses or not is_allowed:
            raise httpcore.ConnectError("the address is not public")
        return addresses

    async def _first(
        self, addresses: list[str], port: int, options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that answers: a machine may have no way to those of one kind."""
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, CONNECT_SECONDS / len(addresses), None, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, CONNECT_SECONDS, None, options)

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("unix sockets are not used")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _Connecting(httpcore.AsyncNetworkStream):
    """A stream whose TLS handshake has what is left of the time to connect, and which knows its socket: with every
    request httpcore asks of each idle connection whether there is something to read, which is its end."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, clock: Clock, until: float) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")
        self._clock = clock
        self._until = until

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        with self._clock.move_on_after(max(0.0, self._until - self._clock.monotonic())) as scope:
            stream = await self._stream.start_tls(ssl_context, server_hostname, CONNECT_SECONDS)
            return _Connecting(stream, self._clock, self._until)
        assert scope.cancelled_caught
        await self._stream.aclose()
        raise httpcore.ConnectTimeout

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return _is_readable(self._socket) if info == "is_readable" else self._stream.get_extra_info(info)


def _is_readable(connection: socket.socket) -> bool:
    """Whether it is closed, or reading from it would not wait."""
    number = connection.fileno()
    if number < 0:
        return True
    if sys.platform == "win32":
        return bool(select.select([number], [], [], 0)[0])
    ready = select.poll()
    ready.register(number, select.POLLIN)
    return bool(ready.poll(0))
