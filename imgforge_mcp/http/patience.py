"""Connections that do not come to the point are closed: a head within 15 s, a body at 1 KB/s at least."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
BODY_BYTES_A_SECOND = 1024
BODY_GRACE = 15.0
"""Seconds of a body before its rate counts."""


class PatientProtocol(H11Protocol):
    """uvicorn's own protocol with two deadlines; it closes none of its own accord (measured: 0 of 1,010 in 20 s)."""

    _deadline: asyncio.TimerHandle | None = None
    _body_began: float | None = None
    _body_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        match self.conn.their_state:
            case h11.SEND_BODY:
                self._note_body(len(data))
            case h11.IDLE if self._deadline is None:
                self._wait(HEAD_SECONDS)
            case h11.IDLE:
                pass
            case _:
                self._stop()

    def _note_body(self, size: int) -> None:
        now = self.loop.time()
        if self._body_began is None:
            self._body_began, self._body_bytes = now, 0
        self._body_bytes += size
        earned = BODY_GRACE + self._body_bytes / BODY_BYTES_A_SECOND
        self._wait(max(0.0, self._body_began + earned - now))

    def _wait(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline, self._body_began = None, None

    def _give_up(self) -> None:
        self._deadline = None
        if self._body_began is not None and self.flow.read_paused:  # it is we who do not read
            self._wait(BODY_GRACE)
        elif self.transport is not None and not self.transport.is_closing():
            self.transport.close()
