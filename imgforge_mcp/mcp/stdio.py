"""The process shell of the stdio transport: what the SDK's own leaves open.

Every line that is not a message gets a JSON-RPC error; a message above 32 MiB is skipped without being held; the end of
stdin, a closed stdout, SIGTERM, SIGINT and SIGHUP end the process within two seconds with the registry settled.
"""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from typing import Any

import anyio
import anyio.abc
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from pydantic import ValidationError
from pydantic_core import from_json

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base import start
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.tracing import set_up_tracing
from imgforge_mcp.mcp.aside import Aside
from imgforge_mcp.mcp.front import Front
from imgforge_mcp.mcp.rendering import Rendering, encoded
from imgforge_mcp.mcp.server import create_server
from imgforge_mcp.mcp.wire import MAX_MESSAGE, Line, Wire

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0
"""How long calls that are under way may still be answered after stdin has ended."""
EXIT_SECONDS = 1.9
RENDER_SECONDS = 1.0
"""How long the end waits for what the next start is to answer."""


def serve_stdio(config: Config, front: Front | None = None) -> int:
    """Run until the client goes; the exit code. `front` has been reading already; left out: nobody has."""
    front = front or Front.start()
    set_up_tracing(config.environment)
    rendering = Rendering(config.environment)
    anyio.run(_serve, config, front, rendering)
    rendering.finish(RENDER_SECONDS)
    front.wire.close()
    return 0


async def _serve(config: Config, front: Front, rendering: Rendering) -> None:
    lazy = LazyForge(config, is_brief=True)
    server = create_server(lazy)
    shell = _Shell(front, lazy, rendering)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shell.watch_signals)
        tasks.start_soon(lazy.serve)
        tasks.start_soon(_end_loading, lazy)
        shell.start_threads()
        async with anyio.create_task_group() as connection:
            connection.start_soon(shell.read_lines)
            connection.start_soon(shell.check_answers)
            connection.start_soon(shell.write_messages)
            connection.start_soon(shell.end_when_told, connection.cancel_scope)
            connection.start_soon(shell.aside.serve_side, server, shell.outgoing.clone())
            await server.run(shell.incoming, shell.outgoing, server.create_initialization_options())
            connection.cancel_scope.cancel()
        shell.arm_exit()
        tasks.cancel_scope.cancel()


async def _end_loading(lazy: LazyForge) -> None:
    """Opening the Forge loads the last of it."""
    await lazy.wait_until_settled()
    start.end()


class _Shell:
    """Between the wire and the SDK's streams."""

    def __init__(self, front: Front, lazy: LazyForge, rendering: Rendering) -> None:
        self._front = front
        self._wire: Wire = front.wire
        self._lazy = lazy
        self._rendering = rendering
        self._lines_in: MemoryObjectSendStream[Line]
        self._lines: MemoryObjectReceiveStream[Line]
        self._lines_in, self._lines = anyio.create_memory_object_stream(8)
        to_server: MemoryObjectSendStream[SessionMessage | Exception]
        self.incoming: MemoryObjectReceiveStream[SessionMessage | Exception]
        to_server, self.incoming = anyio.create_memory_object_stream(0)
        self.aside = Aside(to_server)
        self.outgoing: MemoryObjectSendStream[SessionMessage]
        self._from_server: MemoryObjectReceiveStream[SessionMessage]
        self.outgoing, self._from_server = anyio.create_memory_object_stream(0)
        self._over = anyio.Event()
        self._all_answered = anyio.Event()
        self._is_ended = False
        self._unanswered: set[Any] = set()
        self._writing = anyio.Lock()
        self._held: list[Line] = []
        self._checks: list[Line] = []
        self._calm = anyio.Event()

    # Threads: reading and watching block, so they are daemons that the end of the process does not wait for -------

    def start_threads(self) -> None:
        token = anyio.lowlevel.current_token()

        def deliver(line: Line) -> None:
            try:
                anyio.from_thread.run(self._lines_in.send, line, token=token)
            except (RuntimeError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                raise BrokenPipeError from None  # nobody takes lines any more

        def end() -> None:
            with contextlib.suppress(RuntimeError):
                anyio.from_thread.run_sync(self._lines_in.close, token=token)

        self._held, self._checks, is_all = self._front.take_over(deliver, end)
        if is_all:
            self._lines_in.close()
        threading.Thread(target=self._watch_sink, args=(token,), daemon=True, name="stdout watch").start()

    def _watch_sink(self, token: Any) -> None:
        try:
            if self._wire.wait_for_closed_sink():
                anyio.from_thread.run_sync(self._over.set, token=token)
        except (OSError, RuntimeError):
            return

    # Tasks --------------------------------------------------------------------------------------------------------

    async def read_lines(self) -> None:
        """Messages to the server, errors straight back; at the end, a moment for what is still being answered."""
        with contextlib.closing(self.aside):
            await self._pass_on_lines()

    async def _pass_on_lines(self) -> None:
        async with self._lines:
            for line in self._held:
                await self._pass_on(line)
            self._held = []
            if not self._unanswered:
                self._calm.set()
            async for line in self._lines:
                await self._pass_on(line)
            await self._check()
            self._is_ended = True
            if self._unanswered:
                with anyio.move_on_after(ANSWER_SECONDS):
                    await self._all_answered.wait()

    async def _pass_on(self, line: Line) -> None:
        message = await self._understood(line)
        if message is not None:
            await self.aside.send(message)

    async def check_answers(self) -> None:
        """See whether what was said at the start was right, as soon as nobody waits for anything else."""
        await self._calm.wait()
        with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # the end came first
            await self._check()

    async def _check(self) -> None:
        checks, self._checks = self._checks, []
        for line in checks:
            await self._pass_on(line)

    async def write_messages(self) -> None:
        async with self._from_server:
            async for outgoing in self._from_server:
                await self._write(outgoing.message)

    async def _write(self, message: types.JSONRPCMessage) -> None:
        if not isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
            await self._send(encoded(message))
            return
        if not self._front.has_said(message.id):
            await self._send(encoded(message))
        elif not self._front.is_right(str(message.id), encoded(message)):
            logger.warning("what was answered at the start was out of date; the next start will not repeat it")
            self._rendering.renew(self._front.rendered)
        self._answered(message.id)
        self._lazy.want()
        if self._front.rendered is None:
            self._rendering.start()

    async def end_when_told(self, scope: anyio.CancelScope) -> None:
        await self._over.wait()
        self.arm_exit()
        scope.cancel()

    async def watch_signals(self) -> None:
        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        if sys.platform == "win32":
            names = []
        with anyio.open_signal_receiver(*(getattr(signal, name) for name in names)) as signals:
            async for _ in signals:
                self.arm_exit()
                self._over.set()

    def arm_exit(self) -> None:
        """Whatever hangs, the process is gone two seconds from now: what is durable is in the registry already."""
        timer = threading.Timer(EXIT_SECONDS, os._exit, args=(0,))
        timer.daemon = True
        timer.start()

    async def _send(self, data: bytes) -> None:
        async with self._writing:
            try:
                await anyio.to_thread.run_sync(self._wire.write, data, abandon_on_cancel=True)
            except OSError:
                self._over.set()

    async def _understood(self, line: Line) -> types.JSONRPCMessage | None:
        """The message of a line; what is none is answered with an error, as JSON-RPC 2.0 section 5.1 has it."""
        if not isinstance(line, bytes):
            await self._refuse(types.INVALID_REQUEST, f"The message is larger than {MAX_MESSAGE // 2**20} MiB.", None)
            return None
        if not line.strip():
            return None
        try:
            message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValidationError:
            code, text, request_id = _complaint(line)
            await self._refuse(code, text, request_id)
            return None
        if isinstance(message, types.JSONRPCRequest):
            if _key(message.id) in self._unanswered:
                await self._refuse(types.INVALID_REQUEST, "A request with this id is still being answered.", None)
                return None
            self._unanswered.add(_key(message.id))
        elif isinstance(message, types.JSONRPCNotification):
            if "id" in from_json(line):  # the SDK takes a request with a bad id for a notification and is silent
                await self._refuse(types.INVALID_REQUEST, "A request id must be a string or a whole number.", None)
                return None
            if message.method == "notifications/cancelled":
                self._answered((message.params or {}).get("requestId"))
        return message

    def _answered(self, request_id: Any) -> None:
        self._unanswered.discard(_key(request_id))
        if self._unanswered or self._held:
            return
        self._calm.set()
        if self._is_ended:
            self._all_answered.set()

    async def _refuse(self, code: int, text: str, request_id: Any) -> None:
        answer = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}
        await self._send(json.dumps(answer).encode() + b"\n")


def _complaint(line: bytes) -> tuple[int, str, Any]:
    """What is wrong with a line, and the id it should be answered under."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return types.PARSE_ERROR, "Not valid JSON.", None
    request_id = value.get("id") if isinstance(value, dict) else None
    is_id = isinstance(request_id, str | int) and not isinstance(request_id, bool)
    return types.INVALID_REQUEST, "Not a JSON-RPC 2.0 message.", request_id if is_id else None


def _key(request_id: Any) -> tuple[str, Any]:
    """1 and "1" are different ids."""
    return type(request_id).__name__, request_id if isinstance(request_id, str | int) else None
