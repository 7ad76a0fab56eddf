"""The inside of a decode process: one task after the other from stdin, each within a bound of processor time, until
stdin ends."""

import json
import os
import sys
import threading
import time
from typing import Any

from imgforge_mcp.base.children import read_frame, write_frame
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.media.decode import preload
from imgforge_mcp.media.tasks import TASKS

MEMORY_BYTES = 4 * 1024**3
"""Of address space: a last stop, far above what any admitted picture takes."""

WATCH_SECONDS = 0.5


def main() -> None:
    """Standard output carries answers only: a library that prints does so elsewhere."""
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    preload()
    _bound_memory()
    at_work = threading.Event()
    threading.Thread(target=_leave_with_parent, args=(os.getppid(), at_work), daemon=True).start()
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        task = json.loads(frame[0])
        _bound_time(task["seconds"])
        at_work.set()
        said, data = _answer(task["name"], frame[1], task["options"])
        at_work.clear()
        del frame
        write_frame(answers, json.dumps(said).encode(), data)


def _leave_with_parent(parent: int, at_work: threading.Event) -> None:
    """End a task that nobody waits for any more; between tasks the end of stdin does it, and nothing wakes up."""
    while at_work.wait():
        if os.getppid() != parent:
            os._exit(1)
        time.sleep(WATCH_SECONDS)


def _answer(name: str, data: bytes, options: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        made = TASKS[name](data, **options)
    except ForgeError as error:
        return {"code": error.code, "message": error.message}, b""
    except BaseException:  # noqa: BLE001 - a panic of a foreign library is none of Exception; the parent is told
        return {"code": "provider_error", "message": "The image is damaged, cut short or too large."}, b""
    return {"mime_type": made.mime_type, "width": made.width, "height": made.height}, made.data


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; there the parent's clock alone ends a task
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has no business with files
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _bound_time(seconds: float) -> None:
    """The system ends this process when it has computed for so long, however busy the machine is."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
