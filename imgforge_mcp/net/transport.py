"""The only HTTP client: one pool, one TLS context, total deadlines, byte caps, checked and pinned addresses.

A request goes to the address that was checked, never to a second look-up of the same name. Submits follow no redirect.
A failure says whether anything had been sent: refused before that is `Unavailable`, after it `Ambiguous`.
"""

import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import anyio
import httpcore
import httpx

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import Ambiguous, BadReply, InvalidRequest, ProviderError, Unavailable
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.net.addresses import is_public
from imgforge_mcp.net.exchange import Answer, Outgoing, Part

IMAGE_CAP = 48 * 1024 * 1024
CONNECT_SECONDS = 10.0
MAX_REDIRECTS = 3
USER_AGENT = "imgforge-mcp"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Transport:
    """Sends what `Outgoing` describes. `trusted_hosts` (host or host:port) may be plain http and of any address: they
    are the user's own word, from the configuration."""

    def __init__(self, clock: Clock, redactor: Redactor, trusted_hosts: Iterable[str] = ()) -> None:
        self._clock = clock
        self._redactor = redactor
        self._trusted = set(trusted_hosts)
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def warm(self) -> None:
        """Make the client before it is needed, so that no request waits for its TLS context."""
        await self._ready_client()

    def admit(self, url: str) -> None:
        """Trust one more host and port: another door of a machine that the user has named."""
        with suppress(httpx.InvalidURL, ValueError):
            self._trusted.add(httpx.URL(url).netloc.decode("ascii", "replace"))

    def trusts(self, url: httpx.URL) -> bool:
        return url.netloc.decode("ascii", "replace") in self._trusted

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send once and read the whole answer.

        Raises:
            Unavailable: nothing was sent, or it was a question that costs nothing to repeat.
            Ambiguous: a paid request was sent and no whole answer came.
            BadReply: the answer is over the byte cap or in an encoding that was not asked for.
        """
        return await self._bounded(outgoing)

    async def download(
        self, url: str, seconds: float, cap: int = IMAGE_CAP, *, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Fetch an image that a provider (or a caller) named; at most three redirects, each checked. `headers` (the
        key of the provider's own host) are not sent to where a redirect leads.

        Raises:
            Unavailable, BadReply: as `send`.
            InvalidRequest: the URL is not https to a public address.
        """
        for _ in range(MAX_REDIRECTS + 1):
            self.check(url)
            asked = Outgoing(method="GET", url=url, seconds=seconds, cap=cap, headers=headers or {})
            headers, reply = None, await self._bounded(asked)
            if reply.status in (301, 302, 303, 307, 308) and "location" in reply.headers:
                url = str(httpx.URL(url).join(reply.headers["location"]))
                continue
            if reply.status != 200:
                raise Unavailable(
                    f"The image could not be fetched: status {reply.status}.", provider_status=reply.status
                )
            return reply.body
        raise BadReply("The image's address redirects too often.")

    def check(self, url: str) -> None:
        """Refuse a URL from outside that is not https (or a trusted host) before anything is resolved.

        Raises:
            InvalidRequest: with the reason.
        """
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            raise InvalidRequest("Not a valid URL; give an https URL.", field="url") from None
        if self.trusts(parsed):
            return
        if parsed.scheme != "https" or parsed.userinfo or not parsed.host or parsed.port not in (None, 443):
            raise InvalidRequest("Only https URLs on the standard port, without a user name, are fetched.", field="url")

    async def _bounded(self, outgoing: Outgoing) -> Answer:
        with self._clock.move_on_after(outgoing.seconds) as scope:
            try:
                return await self._exchange(outgoing)
            except NOT_SENT as error:
                raise Unavailable(f"No connection to the provider ({_kind(error)}).") from None
            except (httpx.HTTPError, httpx.StreamError) as error:
                raise _after_sending(outgoing, f"The connection failed ({_kind(error)})") from None
        assert scope.cancelled_caught
        raise _after_sending(outgoing, f"No whole answer within {outgoing.seconds:.0f} s")

    async def _exchange(self, outgoing: Outgoing) -> Answer:
        client = await self._ready_client()
        async with client.stream(
            outgoing.method,
            outgoing.url,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **outgoing.headers},
            params=outgoing.query or None,
            json=outgoing.json,
            files=_multipart(outgoing.form),
            follow_redirects=False,
        ) as response:
            body = b"".join([chunk async for chunk in _capped(response, outgoing)])
            headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code >= 400:
            body = self._redactor.data(body)
        return Answer(status=response.status_code, headers=headers, body=body)

    async def _ready_client(self) -> httpx.AsyncClient:
        """The client, made with the first request: its TLS context is the dearest thing in it, so a thread makes it."""
        if self._client is None:
            context = await anyio.to_thread.run_sync(_tls_context)
            if self._client is None:
                self._client = httpx.AsyncClient(
                    transport=_PinnedTransport(context, self._trusted), timeout=None, trust_env=False
                )
        return self._client


class _PinnedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over a pool whose connections go through `_CheckedNetwork`."""

    def __init__(self, context: ssl.SSLContext, trusted: AbstractSet[str]) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_CheckedNetwork(trusted),
        )


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name once, refuses it if any of its addresses is not public, and connects to what was checked."""

    def __init__(self, trusted: AbstractSet[str]) -> None:
        self._trusted = trusted
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if not {host, f"{host}:{port}", f"[{host}]:{port}"} & self._trusted:
            host = await self._checked(host, port)
        return await self._network.connect_tcp(host, port, CONNECT_SECONDS, local_address, socket_options)

    async def _checked(self, host: str, port: int) -> str:
        try:
            found = await anyio.getaddrinfo(host, port)
        except OSError:
            raise httpcore.ConnectError("the name does not resolve") from None
        addresses = [str(sockaddr[0]) for *_, sockaddr in found]
        if not addresses or not all(is_public(address) for address in addresses):
            raise httpcore.ConnectError("the address is not public")
        return addresses[0]

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("unix sockets are not used")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


async def _capped(response: httpx.Response, outgoing: Outgoing) -> AsyncIterator[bytes]:
    """The body, in pieces, within the cap; an encoding we did not ask for is undone within the same cap."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    inflate = zlib.decompressobj(ENCODINGS[encoding]) if encoding in ENCODINGS else None
    if inflate is None and encoding not in ("", "identity"):
        raise _bad_reply(outgoing, "The answer came in an unknown content encoding.")
    total = 0
    async for chunk in response.aiter_raw():
        piece = chunk if inflate is None else _inflated(inflate, chunk, outgoing, total)
        total += len(piece)
        if total > outgoing.cap:
            raise _bad_reply(outgoing, f"The answer is larger than {outgoing.cap // 2**20} MiB.")
        yield piece


def _inflated(inflate: "zlib._Decompress", chunk: bytes, outgoing: Outgoing, total: int) -> bytes:
    try:
        return inflate.decompress(chunk, outgoing.cap - total + 1)
    except zlib.error:
        raise _bad_reply(outgoing, "The answer's content encoding is broken.") from None


def _bad_reply(outgoing: Outgoing, message: str) -> ProviderError:
    return BadReply(message) if outgoing.is_paid else Unavailable(message)


def _after_sending(outgoing: Outgoing, what: str) -> ProviderError:
    if outgoing.is_paid:
        return Ambiguous(f"{what} after the request was sent; it may have been billed.")
    return Unavailable(f"{what}.")


def _multipart(form: tuple[tuple[str, Part], ...] | None) -> list[tuple[str, Any]] | None:
    """httpx's form of a multipart body; a field without a file name is sent as plain text."""
    if form is None:
        return None
    return [(name, (part.filename, part.value, part.content_type)) for name, part in form]


def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _kind(error: Exception) -> str:
    """The error's class only: httpx puts URLs into its messages."""
    return type(error).__name__
