"""The HTTP client against a server of raw sockets: every way to answer badly, before and after something was sent."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest

from imgforge_mcp.base.errors import Ambiguous, BadReply, ForgeError, InvalidRequest, Unavailable
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.net.exchange import Answer as Received
from imgforge_mcp.net.exchange import Outgoing
from imgforge_mcp.net.transport import Transport
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

KEY = "canary-transport-77aa"
CAP = 100_000
OK = b"HTTP/1.1 200 OK\r\n"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Reads a request's head, keeps it, and answers as it is told; `stuck` is set when an answer stops half-way."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.answers: list[Answer] = []
        self.stuck = asyncio.Event()
        self.connections = 0
        self.base = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                await answer(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def stop(self, writer: asyncio.StreamWriter) -> None:
        """Say nothing more and keep the connection."""
        await writer.drain()
        self.stuck.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def served() -> AsyncIterator[RawServer]:
    raw = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(raw.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    raw.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield raw
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with served() as server:
        yield server


@pytest.fixture
async def transport(raw: RawServer, clock: VirtualClock) -> AsyncIterator[Transport]:
    host = raw.base.removeprefix("http://")
    async with Transport(clock, Redactor([KEY]), [host]) as transport:
        yield transport


def says(data: bytes, *, then: str = "keep") -> Answer:
    """Send these bytes, then keep the connection, close it or reset it."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if then == "close":
            writer.close()
        elif then == "reset":
            writer.transport.abort()

    return answer


def body(data: bytes, *headers: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    size = b"Content-Length: %d" % (len(data) if length is None else length)
    return b"\r\n".join([b"HTTP/1.1 " + status, size, *headers, b"", data])


def asking(raw: RawServer, *, is_paid: bool = False, seconds: float = 30.0) -> Outgoing:
    return Outgoing(
        method="POST" if is_paid else "GET",
        url=f"{raw.base}/v1/x",
        seconds=seconds,
        headers={"Authorization": f"Bearer {KEY}"},
        json={"prompt": "a fox"} if is_paid else None,
        cap=CAP,
        is_paid=is_paid,
    )


async def failure(transport: Transport, outgoing: Outgoing) -> ForgeError:
    with pytest.raises(ForgeError) as raised:
        await transport.send(outgoing)
    assert KEY not in str(raised.value)
    assert "127.0.0.1" not in raised.value.message
    return raised.value


BOMB = gzip.compress(b"\0" * 5_000_000)


@pytest.mark.parametrize(
    ("data", "then", "when_paid"),
    [
        pytest.param(b"", "close", Ambiguous, id="closed without a word"),
        pytest.param(b"", "reset", Ambiguous, id="reset without a word"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", "close", Ambiguous, id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "close", Ambiguous, id="cut in the head"),
        pytest.param(body(b"half", length=8), "close", Ambiguous, id="cut in the body"),
        pytest.param(body(b"half", length=8), "reset", Ambiguous, id="reset in the body"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "close", Ambiguous, id="cut chunks"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "close", Ambiguous, id="broken chunks"),
        pytest.param(OK + b"Content-Length: -5\r\n\r\n", "close", Ambiguous, id="negative length"),
        pytest.param(body(b"x" * (CAP + 1)), "keep", BadReply, id="over the cap"),
        pytest.param(OK + b"\r\n" + b"x" * (CAP + 1), "close", BadReply, id="over the cap without a length"),
        pytest.param(body(BOMB, b"Content-Encoding: gzip"), "keep", BadReply, id="gzip bomb"),
        pytest.param(body(zlib.compress(b"\0" * 5_000_000), b"Content-Encoding: deflate"), "keep", BadReply, id="bomb"),
        pytest.param(body(b"no gzip", b"Content-Encoding: gzip"), "keep", BadReply, id="broken gzip"),
        pytest.param(body(b"x", b"Content-Encoding: br"), "keep", BadReply, id="unknown encoding"),
        pytest.param(body(b"x", b"Content-Encoding: gzip, gzip"), "keep", BadReply, id="nested encodings"),
    ],
)
async def test_a_bad_answer_is_ambiguous_or_bad_when_paid_and_else_only_unavailable(
    data: bytes, then: str, when_paid: type[ForgeError], raw: RawServer, transport: Transport
) -> None:
    raw.answers = [says(data, then=then)]
    assert type(await failure(transport, asking(raw, is_paid=True))) is when_paid
    assert len(raw.heads) == 1
    assert type(await failure(transport, asking(raw))) is Unavailable


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"", id="before the head"),
        pytest.param(b"HTTP/1.1 200", id="in the head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", id="before the body"),
        pytest.param(body(b"half", length=8), id="in the body"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50, id="after many hints"),
    ],
)
async def test_time_is_counted_for_the_whole_answer(
    start: bytes, raw: RawServer, transport: Transport, clock: VirtualClock
) -> None:
    async def stall(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await raw.stop(writer)

    raw.answers = [stall]
    for is_paid, expected in ((True, Ambiguous), (False, Unavailable)):
        raw.stuck.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pass_time, raw, clock)
            error = await failure(transport, asking(raw, is_paid=is_paid))
        assert type(error) is expected
        assert "30 s" in error.message


async def pass_time(raw: RawServer, clock: VirtualClock) -> None:
    await raw.stuck.wait()
    clock.advance(30)


async def test_a_drip_does_not_win_time(raw: RawServer, transport: Transport, clock: VirtualClock) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            clock.advance(1)
            await anyio.wait_all_tasks_blocked()

    raw.answers = [drip]
    assert type(await failure(transport, asking(raw, is_paid=True))) is Ambiguous
    assert 30 <= clock.monotonic() < 35


@pytest.mark.parametrize("endless", [b"x" * 10_000, b"10000\r\n" + b"x" * 0x10000 + b"\r\n"])
async def test_a_body_without_end_is_cut_at_the_cap(endless: bytes, raw: RawServer, transport: Transport) -> None:
    is_chunked = endless.startswith(b"1")
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(OK + (b"Transfer-Encoding: chunked\r\n\r\n" if is_chunked else b"\r\n"))
        while True:
            writer.write(endless)
            sent += len(endless)
            await writer.drain()

    raw.answers = [flood]
    assert type(await failure(transport, asking(raw, is_paid=True))) is BadReply
    assert sent < 20_000_000


async def test_a_head_without_end_is_cut(raw: RawServer, transport: Transport) -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        while True:
            writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
            await writer.drain()

    raw.answers = [flood]
    assert type(await failure(transport, asking(raw, is_paid=True))) is Ambiguous


@pytest.mark.parametrize(
    ("data", "then", "expected"),
    [
        pytest.param(body(b"whole"), "keep", b"whole", id="plain"),
        pytest.param(OK + b"\r\nwhole", "close", b"whole", id="without a length"),
        pytest.param(body(b"whole and more", length=5), "close", b"whole", id="longer than its length"),
        pytest.param(body(gzip.compress(b"whole"), b"Content-Encoding: gzip"), "keep", b"whole", id="gzip unasked"),
        pytest.param(body(b""), "keep", b"", id="nothing"),
    ],
)
async def test_a_whole_answer_is_read(
    data: bytes, then: str, expected: bytes, raw: RawServer, transport: Transport
) -> None:
    raw.answers = [says(data, then=then)]
    reply = await transport.send(asking(raw, is_paid=True))
    assert (reply.status, reply.body) == (200, expected)
    head = raw.heads[0].lower()
    assert b"accept-encoding: identity" in head
    assert b"user-agent: imgforge-mcp" in head


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary Redirect", b"308 Permanent Redirect"])
async def test_a_paid_request_follows_no_redirect(status: bytes, raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"", b"Location: /v1/elsewhere", status=status))]
    reply: Received = await transport.send(asking(raw, is_paid=True))
    assert reply.status == int(status[:3])
    assert len(raw.heads) == 1


async def test_an_error_that_echoes_the_key_is_masked(raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(f"bad key {KEY}".encode(), status=b"500 Oops"))]
    reply = await transport.send(asking(raw))
    assert reply.body == b"bad key [redacted]"


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(b"http://169.254.169.254/latest/meta-data", id="metadata service"),
        pytest.param(b"https://user@example.com/x", id="with a user"),
        pytest.param(b"https://example.com:8443/x", id="another port"),
        pytest.param(b"http://127.0.0.1:1/x", id="another port of the same host"),
        pytest.param(b"file:///etc/passwd", id="file"),
        pytest.param(b"gopher://127.0.0.1/x", id="gopher"),
        pytest.param(b"data:text/plain,x", id="data"),
        pytest.param(b"//127.0.0.1:1/x", id="without a scheme"),
        pytest.param(b"https:///x", id="without a host"),
    ],
)
async def test_a_download_is_not_led_astray(location: bytes, raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"", b"Location: " + location, status=b"302 Found"))]
    # httpx looks at the target before we do, and finds some of these to be no URL at all.
    with pytest.raises((InvalidRequest, Unavailable), match=r"https|InvalidURL"):
        await transport.download(f"{raw.base}/picture", 30)
    assert len(raw.heads) == 1


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.2", b"10.0.0.1", b"[::1]", b"0x7f000001", b"2130706433"])
async def test_a_download_reaches_no_address_of_this_network(host: bytes, raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"", b"Location: https://" + host + b"/x", status=b"302 Found"))]
    with pytest.raises(Unavailable, match="ConnectError"):
        await transport.download(f"{raw.base}/picture", 30)
    assert len(raw.heads) == 1


async def test_a_download_follows_three_redirects_and_sends_no_key(raw: RawServer, transport: Transport) -> None:
    step = says(body(b"", b"Location: /next", status=b"302 Found"))
    raw.answers = [step, step, step, says(body(b"picture"))]
    assert await transport.download(f"{raw.base}/picture", 30) == b"picture"
    assert len(raw.heads) == 4
    assert not any(b"authorization" in head.lower() for head in raw.heads)


async def test_a_redirect_that_goes_round_is_left(raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"", b"Location: /picture", status=b"302 Found"))]
    with pytest.raises(BadReply, match="too often"):
        await transport.download(f"{raw.base}/picture", 30)
    assert len(raw.heads) == 4


@pytest.mark.parametrize("status", [b"204 No Content", b"206 Partial Content", b"302 Found", b"404 Gone", b"500 Oops"])
async def test_only_a_200_is_a_picture(status: bytes, raw: RawServer, transport: Transport) -> None:
    raw.answers = [says(body(b"", status=status))]
    with pytest.raises(Unavailable, match=status[:3].decode()):
        await transport.download(f"{raw.base}/picture", 30)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/x", "ftp://example.com/x", "https://example.com:80/x", "https://a:b@example.com/x"),
        *("https://example.com:99999/x", "https://[::1/x", "not a url", "", "//example.com/x", "https:example.com"),
        *("javascript:alert(1)"),
    ],
)
async def test_a_url_from_outside_is_https_on_its_own_port_or_nothing(url: str, transport: Transport) -> None:
    with pytest.raises(InvalidRequest):
        transport.check(url)


@pytest.mark.parametrize("url", ["https://example.com/x", "https://example.com:443/x?y=1#z", "https://[2606:4700::1]/"])
async def test_a_usual_url_passes(url: str, transport: Transport) -> None:
    transport.check(url)


async def test_a_refused_connection_has_sent_nothing(raw: RawServer, clock: VirtualClock) -> None:
    async with served() as gone:
        closed = gone.base
    async with Transport(clock, Redactor(), [closed.removeprefix("http://")]) as transport:
        outgoing = Outgoing(method="POST", url=f"{closed}/v1/x", seconds=30, json={}, is_paid=True)
        assert type(await failure(transport, outgoing)) is Unavailable


async def test_connections_of_many_requests_at_once_serve_the_next_ones(raw: RawServer, transport: Transport) -> None:
    together = asyncio.Barrier(40)

    async def answer(writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(body(b"{}"))

    raw.answers = [answer]
    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(transport.send, asking(raw))
    assert (len(raw.heads), raw.connections) == (120, 40)


async def test_a_connection_that_the_provider_has_ended_is_not_asked_again(
    raw: RawServer, transport: Transport
) -> None:
    ended = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(body(b"{}"))
        writer.close()
        await writer.wait_closed()
        ended.set()

    raw.answers = [answer]
    for count in range(1, 4):
        ended.clear()
        await transport.send(asking(raw, is_paid=True))
        await ended.wait()
        assert (len(raw.heads), raw.connections) == (count, count)
