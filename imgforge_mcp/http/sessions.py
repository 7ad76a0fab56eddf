"""MCP's sessions and streams, bounded for each caller: a client that vanished makes room for the next."""

from dataclasses import dataclass
from itertools import count
from math import ceil

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgforge_mcp.http.access import caller_in
from imgforge_mcp.http.answers import refusal
from imgforge_mcp.http.places import Places

OF_EACH_CALLER, OF_ALL = 200, 1000
"""Sessions, and streams of SSE; a thousand idle ones take about 40 MiB (measured)."""
SESSION = b"mcp-session-id"
RETRY_SECONDS = 30


@dataclass(slots=True)
class _Session:
    tenant: str
    user: object
    in_flight: int = 0
    used: int = 0
    """When it was last used, by a count of all requests."""


class Sessions:
    """ASGI in front of Streamable HTTP: before a session is opened that would be one too many, the oldest idle one is
    ended, the caller's own first, as its client would have ended it. With several `workers` on one port each has its
    share of a caller's."""

    def __init__(self, app: ASGIApp, workers: int = 1) -> None:
        self._app = app
        self._of_each_caller = ceil(OF_EACH_CALLER / workers)
        self._sessions: dict[str, _Session] = {}
        self._opening = anyio.Lock()
        self._moments = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = dict(scope["headers"]).get(SESSION)
        if named is None:
            await self._open(scope, receive, send)
            return
        name = named.decode("latin-1")
        session = self._sessions.get(name)
        if session is None:
            await self._app(scope, receive, send)
            return
        await self._use(session, scope, receive, send)
        if scope["method"] == "DELETE" and session.user == scope.get("user"):
            self._sessions.pop(name, None)

    async def _use(self, session: _Session, scope: Scope, receive: Receive, send: Send) -> None:
        session.in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            session.in_flight -= 1
            session.used = next(self._moments)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _Session(tenant=caller_in(scope).tenant, user=scope.get("user"))
        async with self._opening:
            await self._make_room(session.tenant, scope)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                made = dict(message["headers"]).get(SESSION)
                if made is not None:
                    self._sessions[made.decode("latin-1")] = session
            await send(message)

        await self._use(session, scope, receive, noted)

    async def _make_room(self, tenant: str, scope: Scope) -> None:
        own = [name for name, session in self._sessions.items() if session.tenant == tenant]
        crowd = (
            own if len(own) >= self._of_each_caller else list(self._sessions) if len(self._sessions) >= OF_ALL else []
        )
        idle = [name for name in crowd if not self._sessions[name].in_flight]
        if idle:
            await self._end(min(idle, key=lambda name: self._sessions[name].used), scope)

    async def _end(self, name: str, scope: Scope) -> None:
        session = self._sessions.pop(name)
        headers = [(key, value) for key, value in scope["headers"] if key == b"host"]
        asked = {**scope, "method": "DELETE", "user": session.user, "headers": [*headers, (SESSION, name.encode())]}

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def unread(message: Message) -> None:
            pass

        await self._app(asked, nothing, unread)


class Streams:
    """ASGI in front of SSE: so many streams of one caller, and no more."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = self._places.take(f"of {caller_in(scope).tenant}", OF_EACH_CALLER)
        of_all = None if own is None else self._places.take("all", OF_ALL)
        try:
            if of_all is None:
                most = OF_EACH_CALLER if own is None else OF_ALL
                text = f"There are {most} streams open already; close one, or come back later."
                headers = {"Retry-After": str(RETRY_SECONDS)}
                await refusal(429, text, scope["imgforge.request_id"], headers=headers)(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            for place in (own, of_all):
                if place is not None:
                    self._places.give_back(place)
