"""Processes of our own that do one kind of work: started with nothing secret around them, spoken to by pipes, and held
together by all who use them."""

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Generic, Protocol, TypeVar

KEPT_VARIABLES = (
    *("PATH", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"),
)
"""What such a process gets of the environment."""
HEAD = struct.Struct(">IQ")
"""A frame: the lengths of a JSON object and of the bytes that follow it."""
MAX_JSON = 1024 * 1024
MAX_BYTES = 512 * 1024 * 1024


def command_of(module: str, *arguments: str) -> list[str]:
    """What starts a module: never one that happens to lie in the working directory (-P)."""
    return [sys.executable, "-P", "-m", module, *arguments]


def with_package(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which the modules of this package are found."""
    root = str(Path(__file__).resolve().parents[2])
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))}


def start_child(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """A module of this package as a process of its own, which ends when its stdin does."""
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return subprocess.Popen(
        command_of(module, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=with_package(environment),
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def end_child(process: "subprocess.Popen[bytes]") -> None:
    """End it at once; nothing is left of it afterwards."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what it did not read any more
                pipe.close()
    process.wait()


def write_frame(pipe: IO[bytes], said: bytes, data: bytes = b"") -> None:
    """Raises OSError: nobody reads."""
    pipe.write(HEAD.pack(len(said), len(data)))
    pipe.write(said)
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> tuple[bytes, bytes] | None:
    """None when the other end is gone, or sends what it never would."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    said, data = HEAD.unpack(head)
    if said > MAX_JSON or data > MAX_BYTES:
        return None
    first, second = pipe.read(said), pipe.read(data)
    return (first, second) if len(first) + len(second) == said + data else None


class Closable(Protocol):
    """What has an end. `close` may block."""

    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Shared(Generic[T]):
    """What the forges of one program have together: made for the first that holds it, closed with the last."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._held: T | None = None
        self._holders = 0

    def hold(self) -> T:
        """It, until it is let go."""
        with self._lock:
            self._held = self._held or self._make()
            self._holders += 1
            return self._held

    def let_go(self) -> None:
        """One needs it no longer. The last one closes it, whatever it is doing."""
        with self._lock:
            self._holders -= 1
            ended, self._held = (None, self._held) if self._holders else (self._held, None)
        if ended is not None:
            ended.close()
