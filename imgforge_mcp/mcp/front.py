"""The first second of the stdio server: a thread that reads from the start, answers what was rendered before, and holds
all else for the SDK, which loads meanwhile. Standard library alone."""

import json
import os
import signal
import sys
import threading

from imgforge_mcp.mcp import plain, rendered
from imgforge_mcp.mcp.conversation import Conversation
from imgforge_mcp.mcp.wire import MAX_MESSAGE, Line, Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from imgforge_mcp.mcp.rendered import Rendered

SWITCH_SECONDS = 0.001
"""How long loading may keep the reading thread waiting (5 ms unless it is set)."""
OWN = "imgforge-front-"
"""How ids begin under which the SDK is asked again what a client has been told already."""
SIGNALS = () if sys.platform == "win32" else ("SIGINT", "SIGTERM", "SIGHUP")


class Front:
    """Between the wire and whoever takes over. What it has answered is asked again of the SDK, in its place: so that
    the SDK has seen what the client said, and to find out whether the answer was right."""

    def __init__(self, wire: Wire, known: "Rendered | None") -> None:
        self.wire = wire
        self.rendered = known
        self._conversation = Conversation(known)
        self._lock = threading.Condition()
        self._held: list[Line] = []
        self._checks: list[Line] = []
        self._size = 0
        self._is_owed = False
        self._is_ended = False
        self._said: dict[str, bytes] = {}
        self._deliver: Callable[[Line], None] | None = None
        self._end: Callable[[], None] | None = None
        self._interval = sys.getswitchinterval()

    @classmethod
    def start(cls) -> "Front":
        """Take stdin and stdout, and read. In the main thread: a signal ends the process while there is nothing yet
        that it could leave undone."""
        front = cls(Wire(), rendered.find(os.environ))
        for name in SIGNALS:
            signal.signal(getattr(signal, name), lambda *_: os._exit(0))
        sys.setswitchinterval(SWITCH_SECONDS)
        threading.Thread(target=front._read, daemon=True, name="stdin").start()
        return front

    def take_over(
        self, deliver: "Callable[[Line], None]", end: "Callable[[], None]"
    ) -> tuple[list[Line], list[Line], bool]:
        """From now on each line is delivered, in the reading thread, and then the end. What came before; of that, what
        only finds out whether an answer was right, and may wait until nobody else does; and whether that was all."""
        with self._lock:
            self._deliver, self._end = deliver, end
            held, self._held = self._held, []
            self._lock.notify()
            sys.setswitchinterval(self._interval)
            return held, self._checks, self._is_ended

    def has_said(self, request_id: object) -> bool:
        """Whether this is a question whose answer the client has got already."""
        return isinstance(request_id, str) and request_id in self._said

    def is_right(self, request_id: str, line: bytes) -> bool:
        """Whether the SDK's own answer is what the client has got."""
        return self._said.pop(request_id) == line

    def _read(self) -> None:
        try:
            self.wire.read(self._take)
        except OSError:
            return
        with self._lock:
            self._is_ended = True
            if self._end is None and not self._is_owed:
                os._exit(0)
            end = self._end
        if end is not None:
            end()

    def _take(self, line: Line) -> None:
        with self._lock:
            while self._deliver is None and self._size > MAX_MESSAGE:
                self._lock.wait()
            if self._deliver is None:
                self._hold(line)
                return
            deliver = self._deliver
        deliver(line)

    def _hold(self, line: Line) -> None:
        if isinstance(line, bytes) and not line.strip():
            return
        message = plain.read(line) if isinstance(line, bytes) else None
        result = self._conversation.answer(message)
        if result is None or message is None:
            self._is_owed = self._is_owed or message is None or message.is_request
            self._held.append(line)
            self._size += len(line) if isinstance(line, bytes) else 0
            return
        own = f"{OWN}{len(self._said)}"
        self._said[own] = response(own, result)
        decides_nothing = message.method == "tools/list" and not message.is_modern
        (self._checks if decides_nothing else self._held).append(json.dumps({**message.body, "id": own}).encode())
        try:
            self.wire.write(response(message.id, result))
        except OSError:
            os._exit(0)  # nobody reads any more


def response(request_id: object, result: bytes) -> bytes:
    """A result as a line, byte for byte as the SDK writes it."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (json.dumps(request_id).encode(), result)
