"""Decode processes: started when one is wanted, kept while there is work, ended when one takes too long, crashes, has
served long enough or has nothing to do. All of it blocks."""

import json
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from imgforge_mcp.base.children import Shared, end_child, read_frame, start_child, write_frame
from imgforge_mcp.base.errors import BadReply, InvalidRequest, NoDecoder
from imgforge_mcp.media.convert import InputImage

IDLE_SECONDS = 60.0
"""After which the memory is given back, some 45 MB for each; a start takes a sixth of a second of processor time."""
USES = 200
"""Pictures after which a process is begun anew: what one has done to it does not last."""
WALL_FACTOR = 6.0
"""A task may wait for the processor this much longer than it may compute: a busy machine is no hostile picture."""
START_PAUSES = (0.1, 0.3, 0.6, 1.0, 2.0)
"""Seconds between tries to start one: a paid picture outlasts a moment without free descriptors or memory."""


TRIES = 3
"""New processes for a picture when each was killed from outside or did not come up, before it is given up."""


FOREIGN = (0, 1, -9)
"""Exit codes of a process that no picture has ended: Python's own when it cannot start, and SIGKILL."""


class Ended(Exception):
    """A process has ended over a task. `is_over`: it took too long; `is_foreign`: it was killed from outside, or did
    not come up; else it crashed."""

    def __init__(self, *, is_over: bool, is_foreign: bool) -> None:
        super().__init__("the decode process has ended")
        self.is_over = is_over
        self.is_foreign = is_foreign


class Seat:
    """One task's hold on whatever process works for it."""

    def __init__(self) -> None:
        self.is_free = threading.Event()
        self._lock = threading.Lock()
        self._process: DecodeProcess | None = None
        self._is_left = False

    def take(self, process: "DecodeProcess") -> None:
        with self._lock:
            self._process = process
            if self._is_left:
                process.kill()

    def leave(self) -> bool:
        """End the work. Whether there was any: then `is_free` comes at once."""
        with self._lock:
            self._is_left = True
            if self._process is None:
                return False
            if not self.is_free.is_set():
                self._process.kill()
            return True


class DecodeProcess:
    """One of them; used by one thread at a time."""

    def __init__(self) -> None:
        self._is_doomed = False
        self.uses = 0
        self._process = start_child("imgforge_mcp.media.decode_process")

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, name: str, data: bytes, options: dict[str, Any], seconds: float) -> InputImage:
        """One task, which may compute for `seconds`.

        Raises:
            BadReply: no sound image.
            InvalidRequest: a mask that marks nothing.
            Ended: the process had to be ended over it, or ended by itself.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.uses += 1
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
            code = self._exit_code()
            is_over = self._is_doomed or (sys.platform != "win32" and code == -signal.SIGXCPU)
            raise Ended(is_over=is_over, is_foreign=code in FOREIGN)
        return _read(*frame)

    def is_alive(self) -> bool:
        return not self._is_doomed and self._process.poll() is None

    def kill(self) -> None:
        """End what it is doing; whoever waits for it is told at once."""
        self._is_doomed = True
        self._process.kill()

    def end(self) -> None:
        end_child(self._process)

    def _exit_code(self) -> int | None:
        """How it ended: its pipes are closed, so it has, or is about to. None: it had to be ended."""
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


class DecodeProcesses:
    """Those of one program; safe to use from several threads."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: list[DecodeProcess] = []
        self._busy: set[DecodeProcess] = set()
        self._timer: threading.Timer | None = None
        self._is_warming = False

    def run(self, seat: Seat, name: str, data: bytes, options: dict[str, Any], seconds: float) -> InputImage:
        """One task, in an idle process or a new one. What crashes one that has seen other pictures is tried once more
        in a new one: the fault may be theirs.

        Raises:
            BadReply: no sound image, or the process had to be ended over it.
            InvalidRequest: the operation cannot be done with these options.
            NoDecoder: none can be started, or each is killed from outside.
        """
        new = 0
        try:
            process = self._take()
            while True:
                try:
                    seat.take(process)
                    return process.run(name, data, options, seconds)
                except Ended as ended:
                    new += process.uses == 1
                    if not ended.is_over and ended.is_foreign and new == TRIES:
                        raise NoDecoder("Every process that was to decode the image was ended from outside.") from None
                    if ended.is_over or (new and not ended.is_foreign):
                        raise BadReply(
                            "The image takes more time or memory to decode than a sound one needs."
                        ) from None
                finally:
                    self._give_back(process)
                process = self._new()
        finally:
            seat.is_free.set()

    def warm(self) -> None:
        """Have one ready soon, where there is none: it starts while the caller does something else. Never blocks."""
        with self._lock:
            if self._is_warming or self._idle or self._busy or self._idle_seconds <= 0:
                return
            self._is_warming = True
        threading.Thread(target=self._warm, daemon=True).start()

    def pids(self) -> list[int]:
        with self._lock:
            return [process.pid for process in (*self._busy, *self._idle)]

    def close(self) -> None:
        """End all of them, those at work too."""
        with self._lock:
            busy = list(self._busy)
            self._idle_seconds = 0.0
            if self._timer is not None:
                self._timer.cancel()
        for process in busy:
            process.kill()
        self.end_idle()

    def _take(self) -> DecodeProcess:
        """An idle one, or a new one. Raises NoDecoder: none can be started."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                break
            if process.is_alive():
                return self._at_work(process)
            process.end()
        return self._new()

    def _new(self) -> DecodeProcess:
        for pause in (*START_PAUSES, None):
            try:
                return self._at_work(DecodeProcess())
            except OSError:
                if pause is None:
                    raise NoDecoder("The image could not be decoded: the system starts no process for it.") from None
                time.sleep(pause)
        raise AssertionError

    def _at_work(self, process: DecodeProcess) -> DecodeProcess:
        with self._lock:
            self._busy.add(process)
        return process

    def _give_back(self, process: DecodeProcess) -> None:
        """Kept for a while, for pictures come in groups; one that died, or has served its time, is cleared away."""
        is_kept = process.uses < USES and process.is_alive()
        with self._lock:
            self._busy.discard(process)
            is_kept = is_kept and self._idle_seconds > 0
            if is_kept:
                self._idle.append(process)
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = threading.Timer(self._idle_seconds, self.end_idle)
                self._timer.daemon = True
                self._timer.start()
        if not is_kept:
            process.end()

    def _warm(self) -> None:
        try:
            self._give_back(DecodeProcess())
        except OSError:
            return  # whoever needs one will try, and say so
        finally:
            self._is_warming = False

    def end_idle(self) -> None:
        """End those that have nothing to do; the next picture has a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()


SHARED = Shared(DecodeProcesses)


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
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadReply("The image could not be decoded.") from None
