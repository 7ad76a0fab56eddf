"""Decode processes: started when one is wanted, ended when it takes too long or has nothing to do. All of it blocks."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from imgforge_mcp.base.errors import BadReply, InvalidRequest
from imgforge_mcp.media.convert import InputImage
from imgforge_mcp.media.tasks import read_frame, write_frame

IDLE_SECONDS = 10.0
"""After which the memory is given back: a start costs a tenth of a second."""
WALL_FACTOR = 6.0
"""A task may wait for the processor this much longer than it may compute: a busy machine is no hostile picture."""
KEPT_VARIABLES = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
"""What a decode process gets of the environment: nothing secret."""


class DecodeProcess:
    """One of them; used by one thread at a time."""

    def __init__(self) -> None:
        self._is_doomed = False
        root = str(Path(__file__).resolve().parents[2])
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            # -P: never a module that happens to lie in the working directory.
            [sys.executable, "-P", "-m", "imgforge_mcp.media.decode_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, name: str, data: bytes, options: dict[str, Any], seconds: float) -> InputImage:
        """One task, which may compute for `seconds`.

        Raises:
            BadReply: no sound image, or the process had to be ended over it.
            InvalidRequest: a mask that marks nothing.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = json.dumps({"name": name, "options": options, "seconds": seconds}).encode()
        timer = threading.Timer(seconds * WALL_FACTOR, self.kill)
        timer.daemon = True
        timer.start()
        try:
            write_frame(self._process.stdin, said, data)
            frame = read_frame(self._process.stdout)
        except OSError:
            frame = None
        finally:
            timer.cancel()
        if frame is None:
            self.kill()
            raise BadReply("The image takes more time or memory to decode than a sound one needs.")
        return _read(*frame)

    def is_alive(self) -> bool:
        return not self._is_doomed and self._process.poll() is None

    def kill(self) -> None:
        """End what it is doing; whoever waits for it is told at once."""
        self._is_doomed = True
        self._process.kill()

    def end(self) -> None:
        """End it at once; nothing is left of it afterwards."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        self._process.wait()


class DecodeProcesses:
    """Those of one program; safe to use from several threads."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: list[DecodeProcess] = []
        self._busy: set[DecodeProcess] = set()
        self._timer: threading.Timer | None = None

    def take(self) -> DecodeProcess:
        """An idle one, or a new one."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is not None and not process.is_alive():
            process.end()
            process = None
        process = process or DecodeProcess()
        with self._lock:
            self._busy.add(process)
        return process

    def give_back(self, process: DecodeProcess) -> None:
        """Kept for a while, for pictures come in groups; one that died is cleared away."""
        with self._lock:
            self._busy.discard(process)
        if not process.is_alive() or self._idle_seconds <= 0:
            process.end()
            return
        with self._lock:
            self._idle.append(process)
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._idle_seconds, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def pids(self) -> list[int]:
        with self._lock:
            return [process.pid for process in (*self._busy, *self._idle)]

    def close(self) -> None:
        """End all of them, those at work too."""
        with self._lock:
            busy = list(self._busy)
            if self._timer is not None:
                self._timer.cancel()
        for process in busy:
            process.end()
        self._end_idle()

    def _end_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()


def _read(said: bytes, data: bytes) -> InputImage:
    """An answer, as far as it is one: a process that was taken over could send anything.

    Raises:
        BadReply, InvalidRequest
    """
    try:
        answer = json.loads(said)
        if "code" in answer:
            kind = InvalidRequest if answer["code"] == "invalid_request" else BadReply
            raise kind(str(answer["message"])[:500])
        width, height = int(answer["width"]), int(answer["height"])
        return InputImage(data=data, mime_type=str(answer["mime_type"])[:64], width=width, height=height)
    except (ValueError, KeyError, TypeError):
        raise BadReply("The image could not be decoded.") from None
