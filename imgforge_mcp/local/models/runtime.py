"""The process that draws with a pulled model: one at a time, kept while it is in use, ended when it has had nothing to
do. All of it blocks."""

import base64
import binascii
import json
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imgforge_mcp.base.children import end_child, start_child
from imgforge_mcp.base.errors import Rejected
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.models.rendering import Rendering

LOAD_SHARE = 0.1
DRAW_SHARE = 0.8
"""Of the progress of a picture: loading, all steps; the rest is for turning what came of them into pixels."""
TURN_SECONDS = 0.5
"""How often whoever waits for its turn looks whether it is still wanted."""
MODULE = "imgforge_mcp.local.models.runtime_process"
GO_ON, STOP = b"go on\n", b"stop\n"
Report = Callable[[float, str], None]

logger = logging.getLogger(__name__)


class Runtime:
    """The one of a program; safe to use from several threads, of which one draws and the others wait."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._turn = threading.Lock()
        self._process: _Process | None = None
        self._timer: threading.Timer | None = None
        self._is_closed = False

    def render(self, rendering: Rendering, report: Report) -> bytes:
        """An encoded picture. What `report` raises ends the work between two steps, and is raised here.

        Raises:
            Rejected: the model cannot be loaded, or its process ended; the next picture starts a new one.
        """
        while not self._turn.acquire(timeout=TURN_SECONDS):
            report(0.0, "waiting for the picture before it")
        try:
            self._stop_timer()
            return self._ready(rendering.folder).render(rendering, report)
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

    def _ready(self, folder: Path) -> "_Process":
        """The process with that model; one with another, or one that died, makes room first."""
        if self._is_closed:
            raise Rejected("This program is ending; ask again.")
        process = self._process
        if process is not None and (process.folder != folder or not process.is_alive()):
            process.end()
            process = None
        self._process = process or _Process(folder)
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
    """One of them, with one model; used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = start_child(MODULE, str(folder))

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def render(self, rendering: Rendering, report: Report) -> bytes:
        self._say(json.dumps(rendering.to_json()).encode() + b"\n")
        while True:
            answer = self._answer(rendering.name)
            match answer:
                case {"picture": str(text)}:
                    return _bytes(text)
                case {"error": str(message)}:
                    raise Rejected(message)
                case {"at": float(fraction) | int(fraction), "what": str(what)}:
                    try:
                        report(float(fraction), what)
                    except BaseException:
                        self._stop(rendering.name)
                        raise
                    self._say(GO_ON)
                case _:
                    raise Rejected(f"The process of {rendering.name} said what it never would.")

    def end(self) -> None:
        end_child(self._process)

    def _stop(self, name: str) -> None:
        """Call the picture off and wait until the step under way has ended, so that the next one finds it free."""
        try:
            self._say(STOP)
            while "at" in self._answer(name):
                self._say(STOP)
        except Rejected:
            self._process.kill()

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):  # it has gone, or was ended meanwhile: what it says next is nothing
            logger.debug("the process %s of a model reads no more", self._process.pid)

    def _answer(self, name: str) -> Json:
        """What it says next. Raises Rejected where that is nothing."""
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
            found: Any = json.loads(line) if line else None
        except (OSError, ValueError):
            found = None
        if isinstance(found, dict):
            return found
        self._process.kill()
        raise Rejected(f"The process of {name} ended while it drew ({_end(self._process.wait())}); ask again.")


def _end(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    if code == -getattr(signal, "SIGKILL", 9):
        return "killed, as a system without free memory does"
    return f"signal {-code}"


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Rejected("The process of the model sent a picture that is none.") from None
