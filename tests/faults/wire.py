"""A network between us and an emulated provider that misbehaves: a proxy with the usual toxics, with TLS or without.

The toxics are Toxiproxy's: latency, bandwidth, slow close, timeout, slicer, limit of data, reset. Delays are of
milliseconds; what would wait for long tells the test instead (`on_stall`), which moves its clock.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import trustme

PAUSE = 0.002
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """What happens to the bytes that come back. `limit` is how many of them pass before `then`: close, reset, stall; or
    the request is swallowed (`before`)."""

    pause: float = 0.0
    slice: int = 1 << 16
    limit: int | None = None
    then: str = "close"
    slow_close: bool = False
    before: bool = False
    spared: int = 0
    """Connections that are left alone first."""


TOXICS = {
    "latency": Toxic(pause=PAUSE),
    "bandwidth": Toxic(pause=PAUSE / 4, slice=20_000),
    "slicer": Toxic(slice=700),
    "slow close": Toxic(slow_close=True),
    "closed at once": Toxic(limit=0),
    "reset at once": Toxic(limit=0, then="reset"),
    "closed before the request": Toxic(limit=0, before=True),
    "reset before the request": Toxic(limit=0, then="reset", before=True),
    "closed in the head": Toxic(limit=30),
    "reset in the head": Toxic(limit=30, then="reset"),
    "stalls in the head": Toxic(limit=30, then="stall"),
    "closed in the body": Toxic(limit=400),
    "reset in the body": Toxic(limit=400, then="reset"),
    "stalls in the body": Toxic(limit=400, then="stall"),
    "never answers": Toxic(limit=0, then="stall"),
    "closed on the second connection": Toxic(limit=0, spared=1),
}
HARMLESS = ("latency", "bandwidth", "slicer", "slow close")


@dataclass(slots=True, kw_only=True)
class Proxy:
    """Leads every connection to `port`, and does to it what the toxic says."""

    port: int
    toxic: Toxic = field(default_factory=Toxic)
    on_stall: Callable[[], None] = lambda: None
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        toxic = self.toxic if self.connections > self.toxic.spared else Toxic()
        if toxic.before:
            await reader.read(1)
            await self._end(writer, toxic)
            return
        onward, back = await asyncio.open_connection("127.0.0.1", self.port)
        sending = asyncio.ensure_future(_pass(reader, back))
        try:
            await self._answer(onward, writer, toxic)
        finally:
            sending.cancel()
            back.close()
            writer.close()

    async def _answer(self, onward: asyncio.StreamReader, writer: asyncio.StreamWriter, toxic: Toxic) -> None:
        left = toxic.limit
        with suppress(ConnectionError):
            while data := await onward.read(toxic.slice):
                if toxic.pause:
                    await asyncio.sleep(toxic.pause)
                writer.write(data if left is None else data[:left])
                await writer.drain()
                left = None if left is None else left - len(data)
                if left is not None and left <= 0:
                    await self._end(writer, toxic)
                    return
            if toxic.slow_close:
                await asyncio.sleep(PAUSE)

    async def _end(self, writer: asyncio.StreamWriter, toxic: Toxic) -> None:
        if toxic.then == "stall":
            self.on_stall()
            await asyncio.Event().wait()
        if toxic.then == "reset":
            wire: socket.socket = writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def between(
    base_url: str, toxic: Toxic, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server at `base_url`, and its own base URL."""
    proxy, tasks = Proxy(port=urlsplit(base_url).port or 80, toxic=toxic), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(proxy.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    scheme = "https" if context else "http"
    try:
        yield proxy, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def certified(folder: Path, *names: str) -> tuple[ssl.SSLContext, str]:
    """What a server needs to speak for these names, by an authority of its own, whose file is the second."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return context, str(folder / "authority.pem")
