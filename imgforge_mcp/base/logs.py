"""Logs to stderr that never block: a reader that does not read loses lines, not the server."""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from imgforge_mcp.base.redaction import RedactingFilter, Redactor

KEPT_LINES = 1000


class DroppingHandler(logging.Handler):
    """Queues lines for a thread of its own that writes them to a file descriptor; the oldest are dropped when it is
    stuck."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._ready = threading.Event()
        threading.Thread(target=self._drain, daemon=True, name="stderr").start()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
        self._ready.set()

    def _drain(self) -> None:
        while True:
            self._ready.wait()
            self._ready.clear()
            while self._lines:
                try:
                    os.write(self._descriptor, self._lines.popleft().encode("utf-8", "replace") + b"\n")
                except OSError:
                    return


def keep_out(secrets: Iterable[str]) -> None:
    """Secrets that became known later, such as a key in a file of its own."""
    known = tuple(secrets)
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            if isinstance(each, RedactingFilter):
                each.redactor.learn(known)


def set_up_logging(level: str, redactor: Redactor, descriptor: int = 2) -> None:
    """Everything through one handler, redacted; the HTTP libraries only when something is wrong with them."""
    handler = DroppingHandler(descriptor)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RedactingFilter(redactor))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "httpx2", "PIL", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def access_log(descriptor: int = 2) -> Callable[..., None]:
    """A writer of the HTTP door's log: one JSON object a line, never blocking; it is told names, never keys."""
    handler = DroppingHandler(descriptor)

    def write(**entry: Any) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        shown = json.dumps({"time": moment, **entry}, ensure_ascii=True)
        handler.emit(logging.LogRecord("imgforge.access", logging.INFO, "", 0, "%s", (shown,), None))

    return write
