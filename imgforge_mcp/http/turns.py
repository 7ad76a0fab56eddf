"""Connections in turn: the parent of several processes accepts each, and gives it to the process whose turn it is.

Where they all accept on one socket, the first to wake has every connection of a crowd, before the others have run.
"""

import socket
from contextlib import suppress
from typing import Any

import anyio

from imgforge_mcp.base.clock import Clock

PAUSE_SECONDS = 0.5
GIVEN, READY, FULL = b"g", b"r", b"f"
"""What is said with a connection, by a process that can take one, and by one without a descriptor for it."""


class Turns:
    """The parent's: who has waited longest is next. A process that takes nothing is given one connection, no more; what
    it has not taken when it ends is another's."""

    def __init__(self, listener: socket.socket, clock: Clock) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._clock = clock
        self._came, self._waiting = anyio.create_memory_object_stream[socket.socket]()
        self._accepting: anyio.CancelScope | None = None

    def close(self) -> None:
        """Whoever comes now is refused, not kept waiting."""
        if self._accepting is not None:
            self._accepting.cancel()
        self._listener.close()

    async def accept(self) -> None:
        """Until it is closed."""
        with anyio.CancelScope() as self._accepting:
            while True:
                await anyio.wait_readable(self._listener)
                try:
                    connection, _ = self._listener.accept()
                except (BlockingIOError, ConnectionAbortedError):
                    continue
                except OSError:  # no descriptors are left: some will be
                    await self._clock.sleep(PAUSE_SECONDS)
                else:
                    await self._came.send(connection)

    async def give(self, seat: socket.socket) -> None:
        """One connection after another to the process that has the other end, until that is gone."""
        given: socket.socket | None = None
        with seat:
            seat.setblocking(False)
            while said := await _said(seat):
                if given is None or said == READY:
                    given = await self._next(given)
                else:
                    await self._clock.sleep(PAUSE_SECONDS)
                with suppress(OSError):
                    socket.send_fds(seat, [GIVEN], [given.fileno()])
        if given is not None:
            await self._came.send(given)

    async def _next(self, taken: socket.socket | None) -> socket.socket:
        """The connection to give after one that was taken."""
        if taken is not None:
            taken.close()
        return await self._waiting.receive()


async def _said(seat: socket.socket) -> bytes:
    """What the process at the other end says; nothing: it is gone."""
    try:
        await anyio.wait_readable(seat)
        return seat.recv(1)
    except OSError:
        return b""


class Seat(socket.socket):
    """The other end, for asyncio in the place of a socket that listens."""

    def listen(self, backlog: int = 0, /) -> None:
        """From here on the process takes connections. What waits, waits at the parent's."""
        self.send(READY)

    def accept(self) -> tuple[socket.socket, Any]:
        """Raises BlockingIOError: there is none; ConnectionAbortedError: its client has gone meanwhile."""
        given, descriptors, _, _ = socket.recv_fds(self, len(GIVEN), 1)
        if given and not descriptors:
            self.send(FULL)
        if not descriptors:
            raise BlockingIOError
        # asyncio sets TCP_NODELAY only where a socket names its protocol.
        connection = socket.socket(proto=socket.IPPROTO_TCP, fileno=descriptors[0])
        connection.set_inheritable(False)
        self.send(READY)
        try:
            return connection, connection.getpeername()
        except OSError as error:
            connection.close()
            raise ConnectionAbortedError(error.strerror) from None
