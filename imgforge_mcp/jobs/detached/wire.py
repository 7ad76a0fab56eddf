"""JSON objects, one a line, over a socket of this machine that is the user's. They carry job ids and never a key."""

import json
import os
import secrets
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from imgforge_mcp.base.types import Json

LONGEST_LINE = 64 * 1024
LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes (macOS: 104 with the end)."""
LOOPBACK = "127.0.0.1"
GONE = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, anyio.IncompleteRead)


class Wire:
    """One end. Safe to send on from several tasks."""

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)
        self._sending = anyio.Lock()

    async def close(self) -> None:
        with anyio.CancelScope(shield=True), suppress(*GONE):
            await self._stream.aclose()

    async def send(self, **message: Any) -> bool:
        """False when the other end is gone."""
        data = json.dumps(message).encode() + b"\n"
        try:
            async with self._sending:
                await self._stream.send(data)
        except GONE:
            return False
        return True

    async def receive(self) -> Json | None:
        """None when the other end is gone, or says what is no message."""
        try:
            line = await self._lines.receive_until(b"\n", LONGEST_LINE)
            message = json.loads(line)
        except (*GONE, anyio.DelimiterNotFound, ValueError):
            return None
        return message if isinstance(message, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A listener, its address, and what a caller must show where others could call too."""

    listener: anyio.abc.Listener[anyio.abc.SocketStream]
    address: str
    secret: str = field(default="", repr=False)


async def listen(path: Path, *, by_port: bool = sys.platform == "win32") -> Listening:
    """Listen on a socket of that path, or, where none can be there, on one in a folder of its own for this user; where
    the system has none of that kind, on a port of loopback, behind a secret. Raises OSError."""
    if by_port:
        listener = await anyio.create_tcp_listener(local_host=LOOPBACK)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        return Listening(listener=listener, address=f"tcp:{port}", secret=secrets.token_hex(16))
    if len(os.fsencode(path)) <= LONGEST_PATH:
        with suppress(OSError):  # some file systems have no sockets
            return Listening(listener=await anyio.create_unix_listener(path, mode=0o600), address=f"unix:{path}")
    elsewhere = Path(tempfile.mkdtemp(prefix="imgforge-")) / "worker.sock"
    return Listening(listener=await anyio.create_unix_listener(elsewhere, mode=0o600), address=f"unix:{elsewhere}")


async def call(address: str) -> Wire | None:
    """None when nobody listens there."""
    kind, _, where = address.partition(":")
    try:
        if kind == "unix":
            return Wire(await anyio.connect_unix(where))
        return Wire(await anyio.connect_tcp(LOOPBACK, int(where)))
    except (OSError, ValueError):
        return None


def remove(address: str) -> None:
    """Remove what a listener left in the file system."""
    kind, _, where = address.partition(":")
    if kind != "unix":
        return
    with suppress(OSError):
        os.unlink(where)
    if (folder := Path(where).parent).name.startswith("imgforge-"):
        with suppress(OSError):
            folder.rmdir()
