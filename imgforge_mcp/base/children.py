"""Processes of our own that do one kind of work: started with nothing secret around them, spoken to by pipes."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

KEPT_VARIABLES = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
"""What such a process gets of the environment."""


def start_child(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """A module of this package as a process of its own, which ends when its stdin does."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        # -P: never a module that happens to lie in the working directory.
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
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
