"""What is no request of HTTP/1.1, or could be taken for another one by whoever stands in front, or is one too many, is
refused and its connection closed: in the one shape of every error."""

import asyncio
import json
import re
from typing import Any

import h11
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.http.answers import Refused, default_error, refusal

MOST_HEADERS = 200
HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
FOLDED = re.compile(rb"\n[ \t]")
"""A header that goes on in the next line, which HTTP has given up (RFC 9112 section 5.2)."""
LONGEST_END = 3
"""Bytes of an end of a head that came before its last one."""
BUSY_RETRY = 5
"""Seconds."""
CLOCK = Clock()


class StrictProtocol(H11Protocol):
    """uvicorn's own protocol, which says in plain text that it cannot read something or has too much to do, and reads
    folded headers."""

    _before = b""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._served: Any = self.app
        self.app = self._admitted

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Where there is room; and whoever still waits when the server ends is told so."""
        is_answered = False

        async def noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        if self._most is not None and (len(self.connections) >= self._most or len(self.tasks) > self._most):
            await _not_now("Too many are connected; come back in a moment.")(scope, receive, send)
            return
        try:
            await self._served(scope, receive, noted)
        except asyncio.CancelledError:
            if not is_answered:
                await _not_now("The server ends; ask again, a job that was begun goes on.")(scope, receive, send)

    def data_received(self, data: bytes) -> None:
        if self.conn.their_state is h11.IDLE:
            seen = self._before + data
            end = HEAD_ENDS.search(seen)
            if FOLDED.search(seen, 0, end.start() if end else len(seen)):
                self.send_400_response("A header must stand in one line.")
                return
            self._before = b"" if end else seen[-LONGEST_END:]
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        request_id = _new_id()
        status, shown = default_error(Refused(400, msg), request_id)
        body = json.dumps(shown).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _not_now(message: str) -> ASGIApp:
    request_id = _new_id()
    headers = {"Retry-After": str(BUSY_RETRY), "Connection": "close", "X-Request-Id": request_id}
    return refusal(503, message, request_id, headers=headers)


def _new_id() -> str:
    return f"req_{CLOCK.new_id()}"


def malformed(scope: Scope) -> tuple[int, str] | None:
    """Why a request that was read is refused all the same, with the status: an address that is for a proxy (absolute,
    or a host and a port: RFC 9112 section 3.2), of which one in front may go by another part; two lengths, of which it
    may believe the other (section 6.3); or headers without end."""
    target = scope["raw_path"]
    if not target.startswith(b"/") and (scope["method"], target) != ("OPTIONS", b"*"):
        return 400, "The address of a request is a path that begins with a slash."
    names = {name for name, _ in scope["headers"]}
    if names >= {b"content-length", b"transfer-encoding"}:
        return 400, "A body's length is told by Content-Length or by Transfer-Encoding, not by both."
    if len(scope["headers"]) > MOST_HEADERS:
        return 431, f"A request has at most {MOST_HEADERS} headers."
    return None
