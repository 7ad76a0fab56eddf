"""Logs that never block: a reader of stderr that does not read loses lines, not the server; a file stays small."""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from imgforge_mcp.base.legible import JOINERS, legible
from imgforge_mcp.base.redaction import RedactingFilter, Redactor

KEPT_LINES = 1000
LARGEST_FILE = 1024 * 1024
"""Bytes of a log file; with the one before it, twice as many lie on the disk."""
LINE_ENDS = f"\n\t{JOINERS}"
"""Those between the lines of a traceback."""
Write = Callable[[bytes], object]
TO_STDERR: Write = partial(os.write, 2)


class DroppingHandler(logging.Handler):
    """Queues lines for a thread of its own that writes them; the oldest are dropped when it is stuck."""

    def __init__(self, write: Write) -> None:
        super().__init__()
        self._write = write
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
                    self._write(self._lines.popleft().encode("utf-8", "replace") + b"\n")
                except OSError:
                    return


class BoundedFile:
    """A file that is added to, and begins anew when it has grown large; what it was until then is kept beside it. The
    descriptors (1 and 2, say) lead there too."""

    def __init__(self, path: Path, descriptors: Iterable[int] = ()) -> None:
        self._path = path
        self._descriptors = tuple(descriptors)
        self._file = self._opened()

    def __call__(self, data: bytes) -> None:
        """Raises OSError."""
        if os.fstat(self._file).st_size + len(data) > LARGEST_FILE:
            os.replace(self._path, self._path.with_suffix(".old.log"))
            before, self._file = self._file, self._opened()
            os.close(before)
        os.write(self._file, data)

    def _opened(self) -> int:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor in self._descriptors:
            os.dup2(file, descriptor)
        return file


class LegibleFormatter(logging.Formatter):
    """A message is one line, whoever's words are in it: none of them begins a record of its own, or steers a
    terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return legible(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return legible(super().format(record), LINE_ENDS)


def keep_out(secrets: Iterable[str]) -> None:
    """Secrets that became known later, such as a key in a file of its own."""
    known = tuple(secrets)
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            if isinstance(each, RedactingFilter):
                each.redactor.learn(known)


def set_up_logging(level: str, redactor: Redactor, write: Write | None = None) -> None:
    """Everything through one handler, redacted, to stderr unless said otherwise; the HTTP libraries only when something
    is wrong with them."""
    handler = DroppingHandler(write or TO_STDERR)
    handler.setFormatter(LegibleFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RedactingFilter(redactor))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "httpx2", "PIL", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def access_log(write: Write | None = None) -> Callable[..., None]:
    """A writer of the HTTP door's log: one JSON object a line, never blocking; it is told names, never keys."""
    handler = DroppingHandler(write or TO_STDERR)

    def log(**entry: Any) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        shown = json.dumps({"time": moment, **entry}, ensure_ascii=True)
        handler.emit(logging.LogRecord("imgforge.access", logging.INFO, "", 0, "%s", (shown,), None))

    return log
