"""The inside of a process that draws: one order after the other from stdin, and after each step the question whether to
go on, until stdin ends."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import IO, Any

from imgforge_mcp.base.children import read_frame, write_frame
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.orders import GO_ON, Made, encoded


class Stopped(Exception):
    """Raised in work that nobody waits for any more."""


class Line:
    """To the parent and back; safe to use from the threads of an engine."""

    def __init__(self, answers: IO[bytes], orders: IO[bytes]) -> None:
        self._answers = answers
        self._orders = orders
        self._lock = Lock()

    def order(self) -> tuple[Json, bytes] | None:
        """The next one; None: there is nobody to draw for any more."""
        frame = read_frame(self._orders)
        return None if frame is None else (json.loads(frame[0]), frame[1])

    def say(self, said: Json, data: bytes = b"") -> None:
        write_frame(self._answers, encoded(said), data)

    def may_go_on(self, fraction: float, what: str) -> bool:
        with self._lock:
            self.say({"at": round(fraction, 3), "what": what})
            return read_frame(self._orders) == (GO_ON, b"")

    def step(self, fraction: float, what: str) -> None:
        """Raises Stopped: it is not to go on."""
        if not self.may_go_on(fraction, what):
            raise Stopped


def serve(work: Callable[[Json, bytes, Line], Made], *, patience: int = 0) -> None:
    """Standard output carries answers only: a library that prints does so elsewhere. `patience` is how much more
    willing than others this process is to wait for a processor."""
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(patience)
    line = Line(answers, sys.stdin.buffer)
    with suppress(BrokenPipeError):  # the parent has gone
        while (order := line.order()) is not None:
            line.say(*_answer(work, *order, line))


def _answer(work: Callable[[Json, bytes, Line], Made], said: Json, data: bytes, line: Line) -> tuple[Json, bytes]:
    try:
        return work(said, data, line).frame()
    except Stopped:
        return {"stopped": True}, b""
    except ForgeError as error:
        return {"error": error.message, "code": error.code}, b""
    except BrokenPipeError:
        raise
    except MemoryError:
        return {"error": "The memory did not suffice for a picture of this size."}, b""
    except Exception as error:  # noqa: BLE001 - a fault of ours: the parent has the log
        return {"fault": type(error).__name__, "trace": _places(error)}, b""


def _places(error: Exception) -> list[Any]:
    """Where it was raised, without what was said: that could quote a prompt."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
