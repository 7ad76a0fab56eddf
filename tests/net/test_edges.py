"""The edges of the HTTP client: nothing foreign leaves it, connecting has its own bound, an address is checked once and
pinned, a proxy is used as the configuration says."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from imgforge_mcp.base.errors import Ambiguous, BadReply, ForgeError, InvalidRequest, ProviderError, Unavailable
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.net.exchange import Outgoing
from imgforge_mcp.net.proxies import Proxies, may_be_asked
from imgforge_mcp.net.transport import Outlets, Transport
from tests.faults._processes import PATIENCE
from tests.net.test_transport import RawServer, asking, body, failure, says, served
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

PICTURES = "pictures.example"
NO_WIRE_SPELLING = [
    *("https://xn--/x", "https://xn--a/x", "https://xn--\u00fc.example/x", "https://\u00ad/x", "https://a..b/x"),
    *("https://" + "a" * 64 + ".example/x", "https://\ud800.example/x", "https://ex\x00ample/x", "https://[::1/x"),
    *("https://ex ample/x", "https://example.com:port/x", "https://%zz/x", "http://"),
]


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with served() as server:
        yield server


@pytest.fixture
async def transport(raw: RawServer, clock: VirtualClock) -> AsyncIterator[Transport]:
    async with Transport(clock, Redactor(), [raw.base.removeprefix("http://")]) as transport:
        yield transport


def paid(url: str, **headers: str) -> Outgoing:
    return Outgoing(method="POST", url=url, seconds=300, headers=headers, json={}, is_paid=True)


# What is foreign stays inside ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", NO_WIRE_SPELLING)
async def test_an_address_that_has_no_spelling_on_the_wire_is_refused_and_nothing_is_sent(
    url: str, transport: Transport
) -> None:
    with pytest.raises(InvalidRequest):
        transport.check(url)
    assert type(await failure(transport, paid(url))) is Unavailable


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize(
    "location", ["https://xn--/x", "https://xn--a.b/x", "//[", "http://a:b:c/", "\\\\x", "http://%00/", "x" * 9000]
)
async def test_a_location_that_is_no_address_is_a_status_like_any_other_to_a_paid_request(
    status: int, location: str, raw: RawServer, transport: Transport
) -> None:
    head = b"Location: " + location.encode()
    raw.answers = [says(body(b"", head, status=b"%d Elsewhere" % status))]
    answer = await transport.send(asking(raw, is_paid=True))
    assert answer.status == status
    assert len(raw.heads) == 1
    with pytest.raises((InvalidRequest, ProviderError)):
        await transport.download(f"{raw.base}/picture", 30)


@pytest.mark.parametrize(
    "value",
    ["Bearer canary\nkey", "Bearer canary\r\nX-Evil: 1", "Bearer canary\x00", "Bearer \u2026", " padded", "\u007f"],
)
async def test_a_header_that_cannot_be_sent_costs_nothing(value: str, raw: RawServer, transport: Transport) -> None:
    error = await failure(transport, paid(f"{raw.base}/v1/x", Authorization=value))
    assert (type(error), raw.heads) == (Unavailable, [])
    assert "canary" not in error.message
    assert type(await failure(transport, paid(f"{raw.base}/v1/x", **{"X-\nEvil": "1"}))) is Unavailable


async def test_no_cookie_is_kept_or_sent(raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"", b"Set-Cookie: a=" + b"x" * 4000 + b"; Path=/", b"Set-Cookie: b=2"))]
    for _ in range(3):
        await transport.send(asking(raw))
    assert len(raw.heads) == 3
    assert not any(b"cookie" in head.lower() for head in raw.heads)


@pytest.mark.parametrize("encoding", [b"identity", b"gzip", b"br"])
async def test_an_error_keeps_its_status_whatever_its_body_is(
    encoding: bytes, raw: RawServer, transport: Transport
) -> None:
    raw.answers = [says(body(b"x" * (3 << 18), b"Content-Encoding: " + encoding, status=b"429 Slow down"))]
    answer = await transport.send(asking(raw, is_paid=True))
    assert answer.status == 429
    assert len(answer.body) <= 256 * 1024


async def test_an_error_that_breaks_off_keeps_its_status_too(raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"half", length=4000, status=b"402 Pay"), then="reset")]
    assert (await transport.send(asking(raw, is_paid=True))).status == 402


# Connecting ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(answer: Callable[[Any, Any], Any]) -> AsyncIterator[int]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_handshake_that_stalls_is_given_up_after_ten_seconds_and_costs_nothing(clock: VirtualClock) -> None:
    heard = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        heard.set()
        await reader.read()
        writer.close()

    async with (
        listening(mute) as port,
        Transport(clock, Redactor(), [f"127.0.0.1:{port}"]) as transport,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(pass_ten_seconds, heard, clock)
        with anyio.fail_after(PATIENCE):
            error = await failure(transport, paid(f"https://127.0.0.1:{port}/x"))
    assert type(error) is Unavailable
    assert clock.monotonic() == 10


async def test_a_look_up_that_stalls_is_given_up_after_ten_seconds_and_costs_nothing(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def stalled(*_: Any, **__: Any) -> list[Any]:
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr("imgforge_mcp.net.pool.anyio.getaddrinfo", stalled)
    async with Transport(clock, Redactor()) as transport, anyio.create_task_group() as tasks:
        tasks.start_soon(pass_ten_seconds, asked, clock)
        with anyio.fail_after(PATIENCE):
            assert type(await failure(transport, paid(f"https://{PICTURES}/x"))) is Unavailable
    assert clock.monotonic() == 10


async def pass_ten_seconds(event: asyncio.Event, clock: VirtualClock) -> None:
    await event.wait()
    clock.advance(10)


async def test_a_server_that_speaks_no_tls_has_been_sent_nothing(raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(b"hello")]
    url = raw.base.replace("http://", "https://")
    assert type(await failure(transport, paid(f"{url}/x"))) is Unavailable


# The guard ----------------------------------------------------------------------------------------------------------


def resolver(*answers: list[str]) -> tuple[Callable[..., Any], list[str]]:
    """A resolver that gives these addresses in turn, and what it was asked."""
    asked: list[str] = []

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(asked) - 1]]

    return resolve, asked


async def test_the_address_that_was_checked_is_the_one_that_is_asked(
    raw: RawServer, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, asked = resolver(["127.0.0.1"], ["127.0.0.2"])
    monkeypatch.setattr("imgforge_mcp.net.pool.anyio.getaddrinfo", resolve)
    raw.answers = [says(body(b"whole"))]
    url = raw.base.replace("127.0.0.1", PICTURES)
    async with Transport(clock, Redactor(), Outlets(private_hosts=("127.0.0.1",))) as transport:
        assert (await transport.send(paid(url))).body == b"whole"
    assert asked == [PICTURES]
    assert b"host: pictures.example" in raw.heads[0].lower()


@pytest.mark.parametrize(
    "answers", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "::1"], ["127.0.0.1"], []]
)
async def test_one_private_answer_among_public_ones_is_enough_to_refuse(
    answers: list[str], clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, asked = resolver(answers, answers)
    monkeypatch.setattr("imgforge_mcp.net.pool.anyio.getaddrinfo", resolve)
    async with Transport(clock, Redactor()) as transport:
        error = await failure(transport, paid(f"https://{PICTURES}/x"))
    assert (type(error), asked) == (Unavailable, [PICTURES])
    assert "ConnectError" in error.message


@pytest.mark.parametrize(
    ("hosts", "url", "is_let"),
    [
        pytest.param(("nas.lan",), "http://nas.lan:5000/x", True, id="name"),
        pytest.param(("10.0.0.0/8",), "http://10.1.2.3/x", True, id="network"),
        pytest.param(("fd00::/8",), "https://[fd00::7]/x", True, id="network of the newer kind"),
        pytest.param(("nas.lan",), "http://other.lan/x", False, id="another name"),
        pytest.param(("10.0.0.0/8",), "http://192.168.0.1/x", False, id="another network"),
        pytest.param(("10.0.0.0/8",), "file://10.0.0.1/x", False, id="another scheme"),
    ],
)
async def test_private_hosts_that_the_user_names_may_be_asked(
    hosts: tuple[str, ...], url: str, is_let: bool, clock: VirtualClock
) -> None:
    transport = Transport(clock, Redactor(), Outlets(private_hosts=hosts))
    if is_let:
        transport.check(url)
    else:
        with pytest.raises(InvalidRequest):
            transport.check(url)


# Proxies and certificates -------------------------------------------------------------------------------------------


class Tunnel:
    """A proxy: keeps the first line and heads of what it is asked, and leads every CONNECT to `port`."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.port: int | None = None
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nforwarded"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        if not self.heads[-1].startswith(b"CONNECT") or self.port is None:
            writer.write(self.answer)
            await writer.drain()
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        onward, back = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._pass(reader, back), self._pass(onward, writer), return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture
async def tunnel() -> AsyncIterator[tuple[Tunnel, str]]:
    tunnel = Tunnel()
    async with listening(tunnel.serve) as port:
        yield tunnel, f"http://user:canary-pw@127.0.0.1:{port}"


@asynccontextmanager
async def over_tls(name: str, folder: Path) -> AsyncIterator[tuple[int, str]]:
    """A server with a certificate for `name` from an authority of its own: its port and the authority's file."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(body(b"over tls"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], str(folder / "ca.pem")
    finally:
        server.close()


async def test_a_request_goes_through_the_proxy_that_resolves_its_name(
    tunnel: tuple[Tunnel, str], clock: VirtualClock, tmp_path: Path
) -> None:
    proxy, url = tunnel
    async with over_tls(PICTURES, tmp_path) as (port, certificates):
        proxy.port = port
        outlets = Outlets(proxies=Proxies.of(url, {}), certificates=certificates)
        async with Transport(clock, Redactor(), outlets) as transport:
            assert await transport.download(f"https://{PICTURES}/x", 30) == b"over tls"
    assert proxy.heads[0].startswith(b"CONNECT pictures.example:443 ")
    assert b"proxy-authorization: basic" in proxy.heads[0].lower()


async def test_a_certificate_of_nobody_known_is_refused_before_anything_is_sent(
    tunnel: tuple[Tunnel, str], clock: VirtualClock, tmp_path: Path
) -> None:
    proxy, url = tunnel
    async with over_tls("other.example", tmp_path) as (proxy.port, certificates):
        for known in (None, certificates):  # an unknown authority; a known one, for another name
            outlets = Outlets(proxies=Proxies.of(url, {}), certificates=known)
            async with Transport(clock, Redactor(), outlets) as transport:
                assert type(await failure(transport, paid(f"https://{PICTURES}/x"))) is Unavailable


async def test_a_proxy_that_refuses_has_sent_nothing_on(tunnel: tuple[Tunnel, str], clock: VirtualClock) -> None:
    proxy, url = tunnel
    proxy.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with Transport(clock, Redactor(), Outlets(proxies=Proxies.of(url, {}))) as transport:
        error = await failure(transport, paid(f"https://{PICTURES}/x"))
    assert type(error) is Unavailable
    assert "canary" not in error.message


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00:ec2::254]", "localhost", "a.localhost", "db"),
        *("nas.lan", "printer.local", "metadata.google.internal", "0x7f.1", "127.1", "2130706433", "0177.0.0.1"),
    ],
)
async def test_a_proxy_is_not_asked_for_what_is_not_public(
    host: str, tunnel: tuple[Tunnel, str], clock: VirtualClock
) -> None:
    proxy, url = tunnel
    assert not may_be_asked(host)
    async with Transport(clock, Redactor(), Outlets(proxies=Proxies.of(url, {}))) as transport:
        with pytest.raises(ForgeError):
            await transport.download(f"https://{host}/x", 30)
    assert proxy.heads == []


@pytest.mark.parametrize(
    ("environment", "own", "url", "used"),
    [
        pytest.param({}, None, ("https", PICTURES, None), None, id="none"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, None, ("https", PICTURES, None), "http://p:1", id="HTTPS_PROXY"),
        pytest.param({"https_proxy": "p:1"}, None, ("https", PICTURES, None), "http://p:1", id="small, bare"),
        pytest.param({"HTTP_PROXY": "http://p:1"}, None, ("https", PICTURES, None), None, id="of the other scheme"),
        pytest.param({"ALL_PROXY": "http://p:1"}, None, ("http", PICTURES, None), "http://p:1", id="ALL_PROXY"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "", ("https", PICTURES, None), None, id="off"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "http://q:2", ("https", PICTURES, None), "http://q:2", id="own"),
        pytest.param({"NO_PROXY": "*"}, "http://q:2", ("https", PICTURES, None), None, id="NO_PROXY all"),
        pytest.param({"NO_PROXY": "a,example"}, "http://q:2", ("https", PICTURES, None), None, id="domain"),
        pytest.param({"NO_PROXY": ".example"}, "http://q:2", ("https", PICTURES, None), None, id="with a dot"),
        pytest.param({"NO_PROXY": "*.example"}, "http://q:2", ("https", PICTURES, None), None, id="with a star"),
        pytest.param({"NO_PROXY": "ple"}, "http://q:2", ("https", PICTURES, None), "http://q:2", id="half a label"),
        pytest.param({"NO_PROXY": f"{PICTURES}:81"}, "http://q:2", ("https", PICTURES, 82), "http://q:2", id="port"),
        pytest.param({"NO_PROXY": "8.8.0.0/16"}, "http://q:2", ("https", "8.8.8.8", None), None, id="network"),
        pytest.param({"NO_PROXY": "a;example"}, "http://q:2", ("https", PICTURES, None), None, id="semicolons"),
        pytest.param({"NO_PROXY": "a|example"}, "http://q:2", ("https", PICTURES, None), None, id="bars"),
        pytest.param({"NO_PROXY": f"{PICTURES}."}, "http://q:2", ("https", PICTURES, None), None, id="a dot behind"),
        pytest.param({"NO_PROXY": f"https://{PICTURES}/"}, "http://q:2", ("https", PICTURES, None), None, id="a URL"),
        pytest.param({"NO_PROXY": PICTURES.upper()}, "http://q:2", ("https", PICTURES, None), None, id="capitals"),
        pytest.param({"HTTPS_PROXY": "direct"}, None, ("https", PICTURES, None), None, id="direct"),
        pytest.param({"HTTPS_PROXY": "none"}, None, ("https", PICTURES, None), None, id="none, in a word"),
        pytest.param({"HTTPS_PROXY": '"http://p:1"'}, None, ("https", PICTURES, None), "http://p:1", id="in quotes"),
        pytest.param({}, "http://q:2", ("http", "127.0.0.1", 80), None, id="loopback"),
        pytest.param({}, "http://q:2", ("http", "comfyui", 8188), None, id="a name of this network"),
    ],
)
def test_which_proxy_is_taken(
    environment: dict[str, str], own: str | None, url: tuple[str, str, int | None], used: str | None
) -> None:
    assert Proxies.of(own, environment).proxy(*url) == used


@pytest.mark.parametrize("proxy", ["socks5://p:1", "http://", "http://p:99999", "://"])
async def test_a_proxy_of_the_environment_that_is_none_is_said_and_costs_nothing(
    proxy: str, clock: VirtualClock
) -> None:
    async with Transport(clock, Redactor(), Outlets(proxies=Proxies.of(None, {"HTTPS_PROXY": proxy}))) as transport:
        error = await failure(transport, paid(f"https://{PICTURES}/x"))
    assert type(error) is Unavailable
    assert "IMGFORGE_PROXY" in error.message


async def test_a_file_of_certificates_that_is_none_is_said_and_costs_nothing(
    clock: VirtualClock, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for place in (str(tmp_path / "ca.pem"), str(tmp_path / "none.pem")):
        async with Transport(clock, Redactor(), Outlets(certificates=place)) as transport:
            await transport.warm()
            assert "SSL_CERT_FILE" in (await failure(transport, paid(f"https://{PICTURES}/x"))).message


async def test_what_was_sent_and_fails_may_have_been_billed(raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", then="close")]
    assert type(await failure(transport, paid(f"{raw.base}/x"))) in (Ambiguous, BadReply)
