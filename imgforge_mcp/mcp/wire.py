"""Stdin and stdout of the stdio server, as lines. Standard library alone, as the front is."""

import os
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_MESSAGE = 32 * 1024 * 1024
CHUNK = 1024 * 1024
TOO_LARGE = object()
Line = bytes | object


class Wire:
    """Private copies of stdin and stdout: what else the process prints goes to stderr, and children read nothing."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self.source, self.sink = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)

    def close(self) -> None:
        os.dup2(self.sink, 1)

    def read(self, deliver: "Callable[[Line], None]") -> None:
        """Hand over each line, until the end; blocks, and holds at most one message."""
        parts: list[bytes] = []
        size = 0
        while chunk := os.read(self.source, CHUNK):
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                deliver(TOO_LARGE if size + len(line) > MAX_MESSAGE else b"".join([*parts, line]))
                parts, size = [], 0
            size += len(rest)
            parts = [*parts, rest] if size <= MAX_MESSAGE else []

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.sink, view) :]

    def wait_for_closed_sink(self) -> bool:
        """Block until nobody reads stdout any more; False where the system cannot tell."""
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self.sink, 0)
        return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll())
