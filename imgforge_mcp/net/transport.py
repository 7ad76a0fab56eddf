"""The only HTTP client: one pool a way out, one TLS context, total deadlines, byte caps, checked and pinned addresses.

A request goes to the address that was checked, never to a second look-up of the same name. Submits follow no redirect,
nothing keeps cookies. A failure says whether anything had been sent: before that it is `Unavailable`, after it
`Ambiguous`. No exception of another library leaves here.
"""

import re
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.to_thread
import httpcore
import httpx

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import Ambiguous, BadReply, InvalidRequest, ProviderError, Unavailable
from imgforge_mcp.base.logs import keep_out
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.net.addresses import is_public
from imgforge_mcp.net.exchange import Answer, Outgoing, Part
from imgforge_mcp.net.pool import CheckedNetwork, PinnedTransport
from imgforge_mcp.net.proxies import Proxies, is_among, may_be_asked

IMAGE_CAP = 48 * 1024 * 1024
ERROR_CAP = 256 * 1024
"""Bytes of an error's body that are looked at."""
SPOKEN_BYTES = 4096
"""Of a good answer that is looked through for secrets: words about accepted work are shorter, pictures longer."""
MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
USER_AGENT = "imgforge-mcp"
ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
FOREIGN = (
    *(httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpcore.ConnectionNotAvailable, zlib.error),
    *(ssl.SSLError, OSError, ValueError, TypeError, ArithmeticError, LookupError, RuntimeError),
    *(anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, anyio.BusyResourceError),
)
"""Everything that the libraries below, and the standard library below them, are known to raise over hostile input."""
RAW_HOST = re.compile(rb"[0-9A-Za-z._~:-]*")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
HEADER_VALUE = re.compile(r"[!-~\x80-\xff]([ \t!-~\x80-\xff]*[!-~\x80-\xff])?|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """How the configuration says requests leave: hosts (host or host:port) that may be plain http and of any address,
    names and networks of the user's own that may be asked, proxies, certificate authorities beside the public ones."""

    trusted_hosts: frozenset[str] = frozenset()
    private_hosts: tuple[str, ...] = ()
    proxies: Proxies = Proxies()
    certificates: str | None = None
    certificate_directory: str | None = None

    def trusts(self, host: str, port: int | None) -> bool:
        bare = host.strip("[]").lower()
        names = {bare, f"{bare}:{port}", f"[{bare}]", f"[{bare}]:{port}"}
        return bool(names & self.trusted_hosts) or is_among(bare, self.private_hosts)

    def allows(self, address: str) -> bool:
        return is_public(address) or is_among(address, self.private_hosts)


class Transport:
    """Sends what `Outgoing` describes, by the ways out of `outlets`: they are the user's own word."""

    def __init__(self, clock: Clock, redactor: Redactor, outlets: Outlets | Iterable[str] = ()) -> None:
        self._clock = clock
        self._redactor = redactor
        self._outlets = outlets if isinstance(outlets, Outlets) else Outlets(trusted_hosts=frozenset(outlets))
        self._ways: dict[tuple[str | None, bool], PinnedTransport] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for way in self._ways.values():
            await way.aclose()

    async def warm(self) -> None:
        """Make the TLS context before it is needed, so that no request waits for it; a file of certificates that
        cannot be read is told to the first request."""
        try:
            await self._way(None)
        except ProviderError:
            return

    def keep_out(self, secret: str) -> None:
        """Mask one more secret in whatever comes in and is said: a token that was made while the program runs."""
        self._redactor.learn((secret,))
        keep_out((secret,))

    def trusts(self, url: httpx.URL) -> bool:
        netloc = url.netloc.decode("ascii", "replace").lower()
        return self._outlets.trusts(url.host, url.port) or netloc in self._outlets.trusted_hosts

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send once and read the whole answer.

        Raises:
            Unavailable: nothing was sent, or it was a question that costs nothing to repeat.
            Ambiguous: a paid request was sent and no whole answer came.
            BadReply: the answer is over the byte cap or in an encoding that was not asked for.
        """
        return await self._bounded(outgoing)

    async def download(
        self,
        url: str,
        seconds: float,
        cap: int = IMAGE_CAP,
        *,
        headers: Mapping[str, str] | None = None,
        is_own: bool = False,
    ) -> bytes:
        """Fetch an image that a provider (or a caller) named; at most three redirects, each checked. Neither `headers`
        (the key of the provider's own host) nor the trust of `is_own` (see Outgoing) go to where a redirect leads.

        Raises:
            Unavailable, BadReply: as `send`.
            InvalidRequest: the URL is not https to a public address.
        """
        for _ in range(MAX_REDIRECTS + 1):
            self.check(url, is_own=is_own)
            asked = Outgoing(method="GET", url=url, seconds=seconds, cap=cap, headers=headers or {}, is_own=is_own)
            headers, is_own, reply = None, False, await self._bounded(asked)
            if reply.status in REDIRECTS and "location" in reply.headers:
                url = _joined(url, reply.headers["location"])
                continue
            if reply.status != 200:
                raise Unavailable(
                    f"The image could not be fetched: status {reply.status}.", provider_status=reply.status
                )
            return reply.body
        raise BadReply("The image's address redirects too often.")

    def check(self, url: str, *, is_own: bool = False) -> None:
        """Refuse a URL from outside that is not https (or a trusted host) before anything is resolved.

        Raises:
            InvalidRequest: with the reason.
        """
        parsed = _parsed(url)
        if (is_own or self.trusts(parsed)) and parsed.scheme in ("http", "https"):
            return
        if parsed.scheme != "https" or parsed.userinfo or not parsed.host or parsed.port not in (None, 443):
            raise InvalidRequest("Only https URLs on the standard port, without a user name, are fetched.", field="url")

    async def _bounded(self, outgoing: Outgoing) -> Answer:
        sending = _Sending()
        with self._clock.move_on_after(outgoing.seconds) as scope:
            try:
                return await self._exchange(outgoing, sending)
            except ProviderError as error:
                raise error.with_traceback(None) from None  # below lies what was sent and what came
            except FOREIGN as error:
                if not sending.has_begun:
                    raise Unavailable(f"No connection to the provider ({_kind(error)}).") from None
                raise _after_sending(outgoing, f"The connection failed ({_kind(error)})") from None
        assert scope.cancelled_caught
        if not sending.has_begun:
            raise Unavailable(f"No connection to the provider within {outgoing.seconds:.0f} s.")
        raise _after_sending(outgoing, f"No whole answer within {outgoing.seconds:.0f} s")

    async def _exchange(self, outgoing: Outgoing, sending: "_Sending") -> Answer:
        request = _request(outgoing, sending)
        way = await self._way_to(request.url, is_own=outgoing.is_own)
        response = await way.handle_async_request(request)
        try:
            is_error = response.status_code >= 400
            body = await _error_body(response) if is_error else await _whole_body(response, outgoing)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        is_said = is_error or _is_said(body)
        return Answer(status=response.status_code, headers=headers, body=self._redactor.data(body) if is_said else body)

    async def _way_to(self, url: httpx.URL, *, is_own: bool) -> PinnedTransport:
        """The pool for a URL. Behind a proxy nothing is resolved here: the host is checked as it is written."""
        proxy = self._outlets.proxies.proxy(url.scheme, url.host, url.port)
        if proxy is not None and not is_own and not self.trusts(url) and not may_be_asked(url.host):
            raise httpx.ConnectError("the address is not public")
        return await self._way(proxy, is_own=is_own)

    async def _way(self, proxy: str | None, *, is_own: bool = False) -> PinnedTransport:
        """Made with the first request: its TLS context is the dearest thing in it, so a thread makes it."""
        if (proxy, is_own) not in self._ways:
            outlets = self._outlets
            context = await anyio.to_thread.run_sync(_tls_context, outlets.certificates, outlets.certificate_directory)
            trusts = outlets.trusts if proxy is None and not is_own else _anywhere
            network = CheckedNetwork(self._clock, trusts, outlets.allows)
            self._ways.setdefault((proxy, is_own), PinnedTransport(context, network, proxy))
        return self._ways[proxy, is_own]


@dataclass(slots=True)
class _Sending:
    """Whether the first byte of a request may have left."""

    has_begun: bool = field(default=False)

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the connection; a CONNECT to a proxy is not the request."""
        if event.endswith("send_request_headers.started") and getattr(info.get("request"), "method", b"") != b"CONNECT":
            self.has_begun = True


def _request(outgoing: Outgoing, sending: _Sending) -> httpx.Request:
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **outgoing.headers}
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise Unavailable("A header holds characters that cannot be sent, so nothing was; check the key.")
    return httpx.Request(
        outgoing.method,
        outgoing.url,
        headers=headers,
        params=outgoing.query or None,
        json=outgoing.json,
        files=_multipart(outgoing.form),
        content=outgoing.content,
        extensions={"trace": sending.trace, "timeout": {}},
    )


def _anywhere(host: str, port: int) -> bool:
    """What a pool trusts that connects to nothing but what the user named: a proxy, or a provider's own machine."""
    return True


def _parsed(url: str) -> httpx.URL:
    """Raises InvalidRequest: no URL, or of a host that has no spelling on the wire."""
    try:
        parsed = httpx.URL(url)
        if parsed.host.encode("idna") and not RAW_HOST.fullmatch(parsed.raw_host):
            raise ValueError
    except (httpx.InvalidURL, ValueError, TypeError):
        raise InvalidRequest("Not a valid URL; give an https URL.", field="url") from None
    return parsed


def _joined(url: str, location: str) -> str:
    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, ValueError, TypeError):
        raise Unavailable("The image's address leads to something that is no URL.") from None


async def _whole_body(response: httpx.Response, outgoing: Outgoing) -> bytes:
    return b"".join([chunk async for chunk in _capped(response, outgoing)])


async def _error_body(response: httpx.Response) -> bytes:
    """What an error says, cut: its status counts even where its body is cut off, endless, or of an odd encoding."""
    said = bytearray()
    try:
        async for chunk in _capped(response, Outgoing(method="GET", url="", seconds=0, cap=ERROR_CAP)):
            said += chunk
    except (ProviderError, *FOREIGN):
        pass
    return bytes(said)


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


def _is_said(body: bytes) -> bool:
    """Whether a good answer is a few words, which may echo a key, and not a picture, which stays as it came."""
    return len(body) <= SPOKEN_BYTES and body.lstrip()[:1] in (b"{", b"[", b'"')


def _inflated(inflate: "zlib._Decompress", chunk: bytes, outgoing: Outgoing, total: int) -> bytes:
    try:
        return inflate.decompress(chunk, outgoing.cap - total + 1)
    except zlib.error:
        raise _bad_reply(outgoing, "The answer's content encoding is broken.") from None


def _bad_reply(outgoing: Outgoing, message: str) -> ProviderError:
    return BadReply(message) if outgoing.is_paid else Unavailable(message)


def _after_sending(outgoing: Outgoing, what: str) -> ProviderError:
    if outgoing.is_paid:
        return Ambiguous(f"{what} after the request was sent.")
    return Unavailable(f"{what}.")


def _multipart(form: tuple[tuple[str, Part], ...] | None) -> list[tuple[str, Any]] | None:
    """httpx's form of a multipart body; a field without a file name is sent as plain text."""
    if form is None:
        return None
    return [(name, (part.filename, part.value, part.content_type)) for name, part in form]


@cache
def _tls_context(certificates: str | None, certificate_directory: str | None) -> ssl.SSLContext:
    """The public certificate authorities, and those that the user's own network has beside them; read once, for it
    takes longer than everything else of a start.

    Raises:
        Unavailable: their file cannot be read.
    """
    context = httpx.create_ssl_context(trust_env=False)
    for name, place in (("cafile", certificates), ("capath", certificate_directory)):
        try:
            if place:
                context.load_verify_locations(**{name: place})
        except (OSError, ssl.SSLError, ValueError):
            variable = "SSL_CERT_FILE" if name == "cafile" else "SSL_CERT_DIR"
            raise Unavailable(f"{variable} names no certificates that can be read; mend or unset it.") from None
    return context


def _kind(error: BaseException) -> str:
    """The error's class only: httpx puts URLs into its messages."""
    return type(error).__name__
