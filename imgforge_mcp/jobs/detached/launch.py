"""Starts a worker that is nobody's child: in a session of its own, without pipes, its log in the home. It blocks."""

import os
import subprocess
import sys
from collections.abc import Mapping

from imgforge_mcp.base.children import command_of, with_package
from imgforge_mcp.jobs.detached.place import Lock, Place

HANDS_LOCK_ON = sys.platform != "win32"
"""Whether the worker is given the lock; else it takes it, some time after its start."""
PARTING_SECONDS = 10.0
"""How long the process between the door and the worker may take to be gone."""


def launch(place: Place, lock: Lock, environment: Mapping[str, str]) -> None:
    """Start it with this environment, in which its keys are. It is given the lock, so that there is never a second one.

    Raises:
        OSError: it could not be started.
    """
    command = command_of("imgforge_mcp", "worker", "--detached", place.mark)
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _start(command, place, lock, with_package(environment), log)
    finally:
        os.close(log)
        lock.hand_on()


if sys.platform == "win32":
    _started: list["subprocess.Popen[bytes]"] = []
    """Kept, for an object that is dropped complains that its process still runs."""

    def _start(command: list[str], place: Place, lock: Lock, environment: Mapping[str, str], log: int) -> None:
        """Broken away from the job object in which a client may keep us, where that allows it. The lock cannot be given
        to another process: the worker takes it itself."""
        apart = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        for flags in (apart | subprocess.CREATE_BREAKAWAY_FROM_JOB, apart):
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(environment),
                    cwd=place.home,
                    creationflags=flags,
                )
            except PermissionError:
                continue
            _started.append(process)
            return
        raise PermissionError("the system does not let a process outlive its client here")

else:

    def _start(command: list[str], place: Place, lock: Lock, environment: Mapping[str, str], log: int) -> None:
        """The process that is started here forks at once and ends, so that no tree of processes leads to the worker."""
        process = subprocess.Popen(
            [*command, "--lock", str(lock.descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=place.home,
            pass_fds=(lock.descriptor,),
            start_new_session=True,
        )
        try:
            code = process.wait(PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code != 0:
            raise OSError(f"a worker ended at once (exit code {code})")


def leave_parent() -> None:
    """In the process that `launch` started: go on in a child of the system's. Call it before any thread is started."""
    if sys.platform != "win32":
        if os.fork():
            os._exit(0)
        os.umask(0o077)
