"""The stdio server as a process: how it ends, what it leaves behind, and that it never stands still for its logs."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, Child, until
from tests.media._pictures import many_scans

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are POSIX's")]

Emulate = Callable[[str], Emulator]
ENDS = ("stdin_eof", "SIGTERM", "SIGINT", "SIGHUP", "closed_stdout")
CALLS = 300
SMALLEST_PIPE = 4096
UNKNOWN_NOTIFICATION = b'{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}\n'
"""The SDK writes a line about each."""


@pytest.mark.parametrize("how", ENDS)
def test_an_idle_server_ends_by_itself(environment: dict[str, str], home: Path, how: str) -> None:
    with Child(environment) as child:
        child.greet().ask("tools/list")
        child.end(how)
        assert child.process.wait(PATIENCE) == 0
    check_stdout(child)


@pytest.mark.parametrize("how", ENDS)
def test_a_server_whose_submit_hangs_ends_and_the_next_one_calls_it_interrupted(
    emulate: Emulate, environment: dict[str, str], home: Path, how: str
) -> None:
    together = emulate("together")
    settings = environment | together.environment()
    together.fault("hang")
    with Child(settings) as child:
        child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a red fox"}})
        assert together.wait_for_submits(timeout=PATIENCE)
        job_id = newest_job(child)
        child.end(how)
        assert child.process.wait(PATIENCE) == 0
    check_stdout(child)
    check_registry(home, job_id)
    together.clear()
    job = look_from_a_new_process(settings, job_id)
    assert (job["state"], job["error"]["code"]) == ("failed", "interrupted")
    assert len(together.submits) == 1


@pytest.mark.parametrize("how", ENDS)
def test_a_server_that_polls_for_ever_ends_and_the_next_one_completes_the_job(
    emulate: Emulate, environment: dict[str, str], home: Path, how: str
) -> None:
    bfl = emulate("bfl")
    settings = environment | bfl.environment()
    bfl.fault("never", "poll")
    with Child(settings) as child:
        child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a red fox"}})
        until(lambda: len(bfl.calls) >= 2, "a first question")
        job_id = newest_job(child)
        child.end(how)
        assert child.process.wait(PATIENCE) == 0
    check_stdout(child)
    check_registry(home, job_id)
    bfl.clear()
    job = look_from_a_new_process(settings, job_id)
    assert job["state"] == "completed"
    assert Path(job["assets"][0]["path"]).is_file()
    assert len(bfl.submits) == 1


def test_the_end_of_stdin_leaves_a_moment_for_the_answer(emulate: Emulate, environment: dict[str, str]) -> None:
    together = emulate("together")
    with Child(environment | together.environment()) as child:
        child.greet().call("generate_image", prompt="a blue fox")  # what it takes for a picture has been started by now
        together.fault("hang", times=1)
        number = child.send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a red fox"}})
        assert together.wait_for_submits(2, timeout=PATIENCE)
        child.end("stdin_eof")
        together.clear()
        result = child.answer(number)["result"]
        assert child.process.wait(PATIENCE) == 0
    assert json.loads(result["content"][0]["text"])["state"] == "completed"
    check_stdout(child)


def test_two_signals_are_as_good_as_one(emulate: Emulate, environment: dict[str, str]) -> None:
    together = emulate("together")
    together.fault("hang")
    with Child(environment | together.environment()) as child:
        child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a red fox"}})
        assert together.wait_for_submits(timeout=PATIENCE)
        child.end("SIGINT")
        child.end("SIGTERM")
        assert child.process.wait(PATIENCE) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and sets the size of a pipe")
def test_logs_that_nobody_reads_do_not_hold_the_server_up(emulate: Emulate, environment: dict[str, str]) -> None:
    import fcntl

    together = emulate("together")
    settings = environment | together.environment() | {"IMGFORGE_LOG_LEVEL": "debug"}
    with Child(settings, stderr=subprocess.PIPE) as child:
        assert child.process.stderr is not None
        size = fcntl.fcntl(child.process.stderr, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
        child.greet().call("generate_image", prompt="a red fox")
        for _ in range(CALLS):
            child.write(UNKNOWN_NOTIFICATION)
            assert "content" in child.call("check_job")
        assert _waiting(child.process.stderr.fileno()) > size / 2
        child.end("stdin_eof")
        assert child.process.wait(PATIENCE) == 0
    check_stdout(child)


@pytest.mark.skipif(sys.platform != "linux", reason="the children of a process are listed in /proc")
@pytest.mark.parametrize("is_at_work", [True, False], ids=["at work", "idle"])
def test_a_decode_process_does_not_outlive_a_killed_server(
    emulate: Emulate, environment: dict[str, str], is_at_work: bool
) -> None:
    together = emulate("together")
    together.delivered = many_scans(480, (4_000, 4_000)) if is_at_work else None
    with Child(environment | together.environment()) as child:
        number = child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a red fox"}})
        if is_at_work:
            until(lambda: computed(child) > 0.5, "a decode process at work")
        else:
            child.answer(number)
        [pid] = children_of(child)
        child.end("SIGKILL")
        until(lambda: not Path(f"/proc/{pid}").exists(), "the decode process to end")


def children_of(child: Child) -> list[int]:
    listed = Path("/proc").glob(f"{child.process.pid}/task/*/children")
    return [int(pid) for path in listed for pid in path.read_text().split()]


def computed(child: Child) -> float:
    """Seconds of processor time that its children have used."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children_of(child)]
    return sum(int(used) for line in fields for used in line[11:13]) / os.sysconf("SC_CLK_TCK")


def _waiting(descriptor: int) -> int:
    """Bytes in a pipe that nobody has read."""
    import array
    import fcntl
    import termios

    found = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, found)
    return found[0]


def newest_job(child: Child) -> str:
    answer = json.loads(child.call("check_job")["content"][0]["text"])
    return str(answer["jobs"][0]["job_id"])


def check_stdout(child: Child) -> None:
    """Nothing but JSON-RPC, each message a whole line."""
    assert child.lines
    for line in child.lines:
        assert json.loads(line)["jsonrpc"] == "2.0"


def check_registry(home: Path, job_id: str) -> None:
    """Sound, and the job over or let go for whoever comes next."""
    registry = sqlite3.connect(home / "registry.db")
    try:
        assert registry.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ((lease, completed),) = registry.execute(
            "SELECT lease_until, completed_at FROM jobs WHERE job_id = ?", (job_id,)
        )
        assert completed is not None or lease < time.time()
    finally:
        registry.close()


def look_from_a_new_process(settings: dict[str, str], job_id: str) -> dict[str, Any]:
    """The job when it has ended, as another server shows it."""
    with Child(settings) as child:
        result = child.greet().call("check_job", job_id=job_id, wait_seconds=20)
        child.end("stdin_eof")
        assert child.process.wait(PATIENCE) == 0
    job: dict[str, Any] = json.loads(result["content"][0]["text"])
    return job
