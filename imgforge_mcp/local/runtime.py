"""A process that draws: started when a picture is wanted, kept while it is in use, ended when it has had nothing to do.
It draws one picture at a time. All of it blocks."""

import json
import logging
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from imgforge_mcp.base.children import Shared, end_child, read_frame, start_child, write_frame
from imgforge_mcp.base.errors import InvalidRequest, Rejected
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.orders import GO_ON, STOP, Made, Order, encoded

TURN_SECONDS = 0.5
"""How often whoever waits for its turn looks whether it is still wanted."""
IDLE_SECONDS = 60.0
"""After which the illustrator gives its memory back; it is there again in a third of a second."""
Report = Callable[[float, str], None]

logger = logging.getLogger(__name__)


class Runtime:
    """Safe to use from several threads, of which one draws and the others wait."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._turn = threading.Lock()
        self._process: _Process | None = None
        self._timer: threading.Timer | None = None
        self._is_closed = False

    def make(self, order: Order, report: Report) -> Made:
        """What was ordered. What `report` raises ends the work between two steps, and is raised here.

        Raises:
            Rejected: it cannot be drawn, or the process ended; the next order starts a new one.
            InvalidRequest: there is nothing in the order that could be done.
        """
        while not self._turn.acquire(timeout=TURN_SECONDS):
            report(0.0, "waiting for the picture before it")
        try:
            self._stop_timer()
            return self._ready(order).make(order, report)
        finally:
            self._rest()
            self._turn.release()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def close(self) -> None:
        """End it, at work or not; there is none after that."""
        self._is_closed = True
        self._stop_timer()
        if self._process is not None:
            self._process.end()

    def _ready(self, order: Order) -> "_Process":
        """The process for that; one for something else, or one that died, makes room first."""
        if self._is_closed:
            raise Rejected("This program is ending; ask again.")
        process, self._process = self._process, None
        if process is not None and not process.can(order):
            process.end()
            process = None
        self._process = process or _started(order)
        return self._process

    def _rest(self) -> None:
        process = self._process
        if process is None:
            return
        if self._idle_seconds <= 0 or not process.is_alive():
            self._process = None
            process.end()
            return
        self._timer = threading.Timer(self._idle_seconds, self._unload)
        self._timer.daemon = True
        self._timer.start()

    def _unload(self) -> None:
        if not self._turn.acquire(blocking=False):
            return
        try:
            process, self._process = self._process, None
            if process is not None:
                process.end()
        finally:
            self._turn.release()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class _Process:
    """One of them; used by one thread at a time."""

    def __init__(self, order: Order, process: "subprocess.Popen[bytes]") -> None:
        self._kind = (order.module, order.arguments)
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def can(self, order: Order) -> bool:
        return self._kind == (order.module, order.arguments) and self.is_alive()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def make(self, order: Order, report: Report) -> Made:
        self._say(encoded(order.said), order.data)
        while True:
            match said_and_data := self._answer(order.name):
                case {"at": float(fraction) | int(fraction), "what": str(what)}, _:
                    try:
                        report(float(fraction), what)
                    except BaseException:
                        self._stop(order.name)
                        raise
                    self._say(GO_ON)
                case {"error": str(message), "code": InvalidRequest.code}, _:
                    raise InvalidRequest(message, field="prompt")
                case {"error": str(message)}, _:
                    raise Rejected(message)
                case {"fault": str(kind), "trace": list(places)}, _:
                    logger.error("%s failed with %s at %s", order.name, kind, " < ".join(map(str, reversed(places))))
                    raise Rejected(f"A fault of {order.name} ({kind}): it could not draw this.")
                case _:
                    return _made(order.name, *said_and_data)

    def end(self) -> None:
        end_child(self._process)

    def _stop(self, name: str) -> None:
        """Call the picture off and wait until the step under way has ended, so that the next one finds it free."""
        try:
            self._say(STOP)
            while "at" in self._answer(name)[0]:
                self._say(STOP)
        except Rejected:
            self._process.kill()

    def _say(self, said: bytes, data: bytes = b"") -> None:
        assert self._process.stdin is not None
        try:
            write_frame(self._process.stdin, said, data)
        except (OSError, ValueError):  # it has gone, or was ended meanwhile: what it says next is nothing
            logger.debug("the process %s that draws reads no more", self._process.pid)

    def _answer(self, name: str) -> tuple[Json, bytes]:
        """What it says next. Raises Rejected where that is nothing."""
        assert self._process.stdout is not None
        try:
            frame = read_frame(self._process.stdout)
            found: Any = json.loads(frame[0]) if frame else None
        except (OSError, ValueError):
            frame = found = None
        if frame is not None and isinstance(found, dict):
            return found, frame[1]
        self._process.kill()
        raise Rejected(f"The process of {name} ended while it drew ({_end(self._process.wait())}); ask again.")


def _started(order: Order) -> _Process:
    try:
        return _Process(order, start_child(order.module, *order.arguments))
    except OSError as error:
        raise Rejected(f"The system starts no process for {order.name} ({error.strerror}); ask again.") from None


def _made(name: str, said: Json, data: bytes) -> Made:
    try:
        return Made.of(said, data)
    except (KeyError, TypeError, ValueError):
        raise Rejected(f"The process of {name} said what it never would.") from None


def _end(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    if code == -getattr(signal, "SIGKILL", 9):
        return "killed, as a system without free memory does"
    return f"signal {-code}"


def _illustrator() -> Runtime:
    return Runtime(IDLE_SECONDS)


ILLUSTRATOR = Shared(_illustrator)
"""The one process in which a program's drawings are composed."""
