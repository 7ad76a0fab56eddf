"""Several processes on one port: a session of MCP belongs to the process that opened it. A request for it that reaches
another one is passed on there, as ASGI's own messages, over a socket that nobody else can open."""

import json
import logging
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgforge_mcp.base.children import HEAD
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import Json
from imgforge_mcp.http.access import METRICS
from imgforge_mcp.http.answers import refusal
from imgforge_mcp.http.sessions import SESSION
from imgforge_mcp.jobs.detached.wire import GONE

NAMED_SESSION = re.compile(rb"([0-9a-f]{32})-([0-9]{1,3})")
"""A session's id as clients see it: its own, and the number of its process."""
NAMED_STREAM = re.compile(r"/messages/([0-9]{1,3})/")
SCOPE = ("http_version", "method", "scheme", "path", "root_path", "client", "server")
BYTES = ("raw_path", "query_string")
PAUSE_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the `workers` processes on a port: its number from 0, and the folder (for their user alone) where all of
    them can be reached."""

    number: int
    workers: int
    folder: str

    @property
    def messages(self) -> str:
        """Where its clients over SSE send theirs."""
        return f"/messages/{self.number}/"

    @property
    def places(self) -> Path:
        return Path(self.folder, "places")

    def told(self) -> Json:
        """The same in JSON, for the process that it is."""
        return asdict(self)

    def socket_of(self, number: int) -> Path:
        return Path(self.folder, f"{number}.sock")

    def clear_up(self) -> None:
        """What a parent that was killed could not: the last one to leave removes the folder."""
        self.socket_of(self.number).unlink(missing_ok=True)
        if not list(Path(self.folder).glob("*.sock")):
            shutil.rmtree(self.folder, ignore_errors=True)


class Relay:
    """ASGI in front of everything else: what is for another process has its Host, its key and its limits looked at
    there, by the address that it came from, and is counted and logged there, once."""

    def __init__(self, app: ASGIApp, member: Member) -> None:
        self._app = app
        self._member = member
        self._clock = Clock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        number = self._holder(scope)
        if number == self._member.number:
            await self._here(scope, receive, send)
        else:
            await self._there(number, scope, receive, send)

    def _holder(self, scope: Scope) -> int:
        """The number of the process that a request is for."""
        if scope["path"] == METRICS:
            return 0  # what is counted once for all of them is counted there
        named = next((value for name, value in scope["headers"] if name == SESSION), b"")
        found = NAMED_SESSION.fullmatch(named)
        if found is not None:
            return int(found[2])
        stream = NAMED_STREAM.match(scope["path"])
        return self._member.number if stream is None else int(stream[1])

    async def _here(self, scope: Scope, receive: Receive, send: Send) -> None:
        """With the session's own id within, and the one that names this process without."""
        suffix = b"-%d" % self._member.number

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(n, v + suffix if n.lower() == SESSION else v) for n, v in message["headers"]]
            await send(message)

        own = [(n, NAMED_SESSION.sub(rb"\1", v) if n == SESSION else v) for n, v in scope["headers"]]
        await self._app({**scope, "headers": own}, receive, named)

    # To another process -----------------------------------------------------------------------------------------------

    async def _there(self, number: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Where that process has ended, so have its sessions: that they are unknown is said here as well as there."""
        try:
            stream = await anyio.connect_unix(self._member.socket_of(number))
        except OSError:
            await self._here(scope, receive, send)
            return
        is_answered = False
        async with stream, anyio.create_task_group() as tasks:
            way = _Way(stream)
            await way.send(_said(scope))
            tasks.start_soon(_pass_on, receive, way)
            while (message := await way.receive()) is not None:
                is_answered = True
                await send(message)
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    break
            tasks.cancel_scope.cancel()
        if not is_answered:
            await self._here(scope, _nobody, send)

    # From another process ---------------------------------------------------------------------------------------------

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's lifespan, and for as long the others' requests."""
        try:
            listener = await anyio.create_unix_listener(self._member.socket_of(self._member.number), mode=0o600)
        except OSError as error:
            await send({"type": "lifespan.startup.failed", "message": f"No socket for the others: {error.strerror}"})
            return
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen, listener)
            await self._app(scope, receive, send)
            tasks.cancel_scope.cancel()

    async def _listen(self, listener: anyio.abc.Listener[Any]) -> None:
        async with anyio.create_task_group() as tasks:
            while True:
                try:
                    stream = await listener.accept()  # type: ignore[attr-defined]
                except OSError:  # no descriptors are left: some will be
                    await self._clock.sleep(PAUSE_SECONDS)
                else:
                    tasks.start_soon(self._answer, stream)

    async def _answer(self, stream: anyio.abc.ByteStream) -> None:
        async with stream:
            way = _Way(stream)
            said = await way.receive()
            if said is None:
                return
            scope = _scope(said)
            is_answered = False

            async def send(message: Message) -> None:
                nonlocal is_answered
                is_answered = True
                await way.send(message)

            async def receive() -> Message:
                return await way.receive() or {"type": "http.disconnect"}

            try:
                await self._here(scope, receive, send)
            except Exception:  # one defect must not take the other requests down
                logger.exception("a request that was passed on failed by a defect")
                if not is_answered:
                    await refusal(500, None, f"req_{self._clock.new_id()}")(scope, receive, send)


class _Way:
    """One end of what is between two processes: each message a frame of what JSON can say, and of a body."""

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self._stream = stream
        self._buffered = BufferedByteReceiveStream(stream)
        self._sending, self._receiving = anyio.Lock(), anyio.Lock()
        self._lengths: tuple[int, int] | None = None
        """Of the frame that is being received, kept: whoever is called off in the middle of it loses nothing."""

    async def send(self, message: Message) -> None:
        """Where the other end is gone, nothing, as servers do."""
        body: bytes = message.get("body", b"")
        said = {name: value for name, value in message.items() if name != "body"}
        if "headers" in said:
            said["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in said["headers"]]
        head = json.dumps(said).encode()
        with suppress(*GONE):
            async with self._sending:
                await self._stream.send(HEAD.pack(len(head), len(body)) + head + body)

    async def receive(self) -> Message | None:
        """None when the other end is gone."""
        try:
            async with self._receiving:
                if self._lengths is None:
                    self._lengths = HEAD.unpack(await self._buffered.receive_exactly(HEAD.size))
                said, body = self._lengths
                frame = await self._buffered.receive_exactly(said + body)
                self._lengths = None
        except GONE:
            return None
        message: Message = json.loads(frame[:said])
        if "headers" in message:
            message["headers"] = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in message["headers"]]
        return {**message, "body": frame[said:]}


async def _pass_on(receive: Receive, way: _Way) -> None:
    """What the client sends, and that it is gone."""
    while True:
        message = await receive()
        await way.send(message)
        if message["type"] == "http.disconnect":
            return


async def _nobody() -> Message:
    return {"type": "http.disconnect"}


def _said(scope: Scope) -> Json:
    """A request's scope as it is told to another process."""
    told = {name: scope[name] for name in SCOPE}
    return {**told, **{name: scope[name].decode("latin-1") for name in BYTES}, "headers": scope["headers"]}


def _scope(said: Message) -> Scope:
    told = {name: said[name] for name in SCOPE}
    for name in ("client", "server"):
        told[name] = tuple(told[name]) if told[name] else None
    heard = {name: said[name].encode("latin-1") for name in BYTES}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        **told,
        **heard,
        "headers": said["headers"],
    }
