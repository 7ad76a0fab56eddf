"""A worker of its own: whatever becomes of the client, its processes or the door, the picture is made, once."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from imgforge_mcp.jobs.detached.place import Place, living
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, ROOT, Child, environment_of, until, workers_of
from tests.faults.test_process_life import newest_job
from tests.http._receiver import receiving

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and groups of processes are POSIX's"),
]

Emulate = Callable[[str], Emulator]
IDLE_SECONDS = 10


def look(settings: dict[str, str], job_id: str) -> dict[str, Any]:
    """The job when it has ended, as a new process shows it."""
    with Child(settings) as child:
        result = child.greet().call("check_job", job_id=job_id, wait_seconds=30)
        child.end("stdin_eof")
        child.process.wait(PATIENCE)
    job: dict[str, Any] = json.loads(result["content"][0]["text"])
    return job


def calls_on_record(home: Path) -> list[tuple[str, int]]:
    """Outcome and cost of every call, and that the spend is their sum."""
    registry = sqlite3.connect(home / "registry.db")
    try:
        rows = registry.execute("SELECT outcome, cost FROM attempts ORDER BY attempt_id").fetchall()
        assert registry.execute("SELECT sum(reserved), sum(spent) FROM spend").fetchone() == (
            0,
            sum(r[1] for r in rows),
        )
        return rows
    finally:
        registry.close()


def draw(child: Child, **arguments: Any) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(child.call("generate_image", **arguments)["content"][0]["text"])
    return job


def test_an_equal_call_waits_until_the_worker_has_heard_that_the_one_before_it_was_cut_off(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    settings = detached | together.environment()
    together.fault("hang", times=1)
    call = {"name": "generate_image", "arguments": {"prompt": "a fox", "model": "together/flux-schnell"}}
    with Child(settings) as child:
        first = child.greet().send("tools/call", call)
        assert together.wait_for_submits(timeout=PATIENCE)
        (worker,) = workers_of(home)
        os.kill(worker, signal.SIGSTOP)
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": first}}
        child.write(json.dumps(cancelled).encode() + b"\n")
        second = child.send("tools/call", call)
        for _ in range(5):  # time enough to buy another one
            child.call("check_job")
        os.kill(worker, signal.SIGCONT)
        together.clear()
        job = json.loads(child.answer(second)["result"]["content"][0]["text"])
        listed = json.loads(child.call("check_job")["content"][0]["text"])["jobs"]
    assert job["state"] == "completed"
    assert [line["job_id"] for line in listed] == [job["job_id"]]
    assert len(together.submits) == 1


# The client goes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sync", [True, False], ids=["waiting", "not waiting"])
@pytest.mark.parametrize("how", ["group_killed", "SIGKILL", "stdin_eof", "SIGTERM"])
def test_a_picture_of_a_synchronous_provider_is_made_and_kept_whatever_ends_the_door(
    emulate: Emulate, detached: dict[str, str], home: Path, how: str, sync: bool
) -> None:
    together = emulate("together")
    settings = detached | together.environment()
    together.fault("hang")
    with Child(settings) as child:
        child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox", "sync": sync}})
        assert together.wait_for_submits(timeout=PATIENCE)
        job_id = newest_job(child)
        child.end(how)
        child.process.wait(PATIENCE)
    together.clear()
    job = look(settings, job_id)
    assert job["state"] == "completed"
    assert Path(job["assets"][0]["path"]).is_file()
    assert len(together.submits) == 1
    assert [outcome for outcome, _ in calls_on_record(home)] == ["ok_listed"]


@pytest.mark.anyio
async def test_it_survives_the_python_sdk_that_ends_the_tree_of_processes(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    """The client goes away in the midst of a call; its library closes stdin, then kills the group."""
    import anyio
    import anyio.to_thread

    together = emulate("together")
    settings = environment_of(detached | together.environment())
    together.fault("hang")
    server = StdioServerParameters(command=sys.executable, args=["-m", "imgforge_mcp"], env=settings, cwd=ROOT)
    async with Client(stdio_client(server)) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "generate_image", {"prompt": "a fox"})
        assert await anyio.to_thread.run_sync(together.wait_for_submits, 1, PATIENCE)
        tasks.cancel_scope.cancel()
    together.clear()
    job_id = await anyio.to_thread.run_sync(only_job, home)
    assert (await anyio.to_thread.run_sync(look, settings, job_id))["state"] == "completed"
    assert len(together.submits) == 1


def only_job(home: Path) -> str:
    registry = sqlite3.connect(home / "registry.db")
    try:
        [(job_id,)] = registry.execute("SELECT job_id FROM jobs").fetchall()
        return str(job_id)
    finally:
        registry.close()


def test_an_equal_call_of_the_next_process_joins_the_job_of_one_that_was_killed(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    settings = detached | together.environment()
    together.fault("hang")
    with Child(settings) as child:
        child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
        assert together.wait_for_submits(timeout=PATIENCE)
        child.end("group_killed")
        child.process.wait(PATIENCE)
    until(lambda: marked(home), "the worker to notice that the door is gone")
    with Child(settings) as child:
        number = child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
        until(lambda: not marked(home), "the call to join")
        together.clear()
        job = json.loads(child.answer(number)["result"]["content"][0]["text"])
    assert job["state"] == "completed"
    assert len(together.submits) == 1


def marked(home: Path) -> bool:
    registry = sqlite3.connect(home / "registry.db")
    try:
        return bool(registry.execute("SELECT count(*) FROM jobs WHERE cut_off_at > 0").fetchone()[0])
    finally:
        registry.close()


def test_a_call_is_called_off_across_the_processes(emulate: Emulate, detached: dict[str, str], home: Path) -> None:
    fal = emulate("fal")
    fal.fault("never")
    with Child(detached | fal.environment()) as child:
        job_id = draw(child.greet(), prompt="a fox", provider="fal", sync=False)["job_id"]
        assert fal.wait_for_submits(timeout=PATIENCE)
        until(lambda: len(fal.calls) > 1, "a first question")
        job = json.loads(child.call("cancel_job", job_id=job_id)["content"][0]["text"])
    assert job["state"] == "canceled"
    assert any(call.method == "PUT" for call in fal.calls)


# One worker for all ---------------------------------------------------------------------------------------------------


def test_eight_servers_share_one_worker_and_a_providers_limit(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    Path(detached["IMGFORGE_CONFIG"]).write_text("[providers.together]\nconcurrency = 2\n", "utf-8")
    settings = detached | together.environment()
    together.fault("hang")
    children = [Child(settings) for _ in range(8)]
    try:
        asked = [
            child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": f"fox {number}"}})
            for number, child in enumerate(children)
        ]
        until(lambda: len(jobs_of(home, "processing")) == 2, "two calls to be out")
        until(lambda: len(jobs_of(home, "queued")) == 6, "six jobs to wait")
        assert together.wait_for_submits(2, timeout=PATIENCE)
        assert (len(together.submits), len(workers_of(home))) == (2, 1)
        together.clear()
        states = [
            json.loads(child.answer(number)["result"]["content"][0]["text"])["state"]
            for child, number in zip(children, asked, strict=True)
        ]
    finally:
        for child in children:
            child.__exit__()
    assert states == ["completed"] * 8
    assert len(together.submits) == 8
    assert len(workers_of(home)) == 1


def jobs_of(home: Path, state: str) -> list[str]:
    try:
        registry = sqlite3.connect(home / "registry.db")
        try:
            return [row[0] for row in registry.execute("SELECT job_id FROM jobs WHERE state = ?", (state,))]
        finally:
            registry.close()
    except sqlite3.OperationalError:  # not made yet
        return []


def test_what_concerns_display_does_not_part_doors_but_another_key_does(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    mine = detached | together.environment()
    with Child(mine) as one, Child(mine | {"IMGFORGE_PREVIEW": "off", "IMGFORGE_SYNC_WAIT": "20"}) as two:
        assert draw(one.greet(), prompt="a fox")["state"] == "completed"
        assert draw(two.greet(), prompt="a hen")["state"] == "completed"
        assert len(workers_of(home)) == 1
        with Child(mine | bfl.environment()) as three:
            assert draw(three.greet(), prompt="an owl", model="bfl/flux-2-klein-4b")["state"] == "completed"
        assert len(workers_of(home)) == 2


def test_the_doctor_shows_who_works_and_for_what_and_commands_start_nobody(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    settings = detached | together.environment()

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "imgforge_mcp", *arguments]
        return subprocess.run(
            command, env=environment_of(settings), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        ).stdout

    for command in (["jobs"], ["usage"], ["generate", "a hen", "--size", "256x256"]):
        assert run(*command)
    assert not workers_of(home)
    together.fault("hang")
    with Child(settings) as child:
        job_id = draw(child.greet(), prompt="a fox", sync=False)["job_id"]
        assert together.wait_for_submits(2, timeout=PATIENCE)
        [worker] = json.loads(run("doctor", "--json"))["workers"]
    assert (worker["pid"], worker["jobs"]) == (workers_of(home)[0], [job_id])


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_neither_an_idle_door_nor_an_idle_worker_wakes_up(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    with Child(detached | together.environment()) as child:
        assert draw(child.greet(), prompt="a fox")["state"] == "completed"
        for pid in (*workers_of(home), child.process.pid):
            woken = calls_made(pid)
            assert woken == [], (pid == child.process.pid, woken)


def calls_made(pid: int) -> list[str]:
    """The system calls that a process begins in ten seconds, any of its threads, once it has come to rest."""
    command = ["timeout", str(IDLE_SECONDS), "strace", "-f", "-qq", "-p", str(pid)]
    for _ in range(3):
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stderr.splitlines()
        # A thread that waits all the while shows its one call, begun before and cut off by strace's own end.
        begun = [line for line in lines if not line.rstrip().endswith(("<detached ...>", "<unfinished ...>"))]
        if not begun:
            break
    return begun


# The worker goes ------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_is_replaced_and_what_it_had_out_is_not_sent_again(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    settings = detached | together.environment()
    together.fault("hang", times=1)
    with Child(settings) as child:
        number = child.greet().send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
        assert together.wait_for_submits(timeout=PATIENCE)
        [first] = workers_of(home)
        os.kill(first, signal.SIGKILL)
        error = json.loads(child.answer(number)["result"]["content"][0]["text"])
        assert error["code"] == "interrupted"
        assert draw(child, prompt="a hen")["state"] == "completed"
        assert workers_of(home) != [first]
    assert len(together.submits) == 2
    assert [outcome for outcome, _ in calls_on_record(home)] == ["interrupted", "ok_listed"]


def test_the_next_door_starts_a_worker_that_resumes_what_a_killed_one_had_accepted(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    bfl = emulate("bfl")
    settings = detached | bfl.environment()
    bfl.fault("never", "poll")
    with Child(settings) as child:
        job_id = draw(child.greet(), prompt="a fox", sync=False)["job_id"]
        until(lambda: len(bfl.calls) >= 2, "a first question")
        child.end("group_killed")
        child.process.wait(PATIENCE)
    [worker] = workers_of(home)
    os.kill(worker, signal.SIGKILL)
    bfl.clear()
    assert look(settings, job_id)["state"] == "completed"
    assert len(bfl.submits) == 1


def test_what_a_worker_that_was_killed_had_still_to_tell_by_webhook_is_told_with_the_next_door(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    settings = detached | together.environment() | {"IMGFORGE_PRIVATE_HOSTS": "127.0.0.1"}
    with receiving() as receiver:
        receiver.status = 503
        with Child(settings) as child:
            draw(child.greet(), prompt="a fox", webhook_url=receiver.url)
            until(lambda: len(receiver.came) == 1, "the first try")
            child.end("stdin_eof")
            child.process.wait(PATIENCE)
        for pid in workers_of(home):
            os.kill(pid, signal.SIGKILL)
        until(lambda: workers_of(home) == [], "the worker to be gone")
        receiver.status = 204
        with Child(settings) as child:
            child.greet().call("list_models")  # whatever it is asked
            until(lambda: len(receiver.came) == 2, "the second try")
    assert len(set(receiver.ids)) == 1


def test_a_worker_that_is_told_to_end_finishes_what_is_out_and_hands_back_the_rest(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    Path(detached["IMGFORGE_CONFIG"]).write_text("[providers.together]\nconcurrency = 1\n", "utf-8")
    settings = detached | together.environment()
    together.fault("hang", times=1)
    with Child(settings) as child:
        child.greet()
        asked = [
            child.send("tools/call", {"name": "generate_image", "arguments": {"prompt": f"fox {number}"}})
            for number in range(2)
        ]
        assert together.wait_for_submits(timeout=PATIENCE)
        until(lambda: len(jobs_of(home, "queued")) == 1, "a job to wait")
        [first] = workers_of(home)
        os.kill(first, signal.SIGTERM)
        until(lambda: first not in workers_of(home), "the worker to leave its place")
        together.clear()
        states = [json.loads(child.answer(number)["result"]["content"][0]["text"])["state"] for number in asked]
    assert states == ["completed", "completed"]
    assert len(together.submits) == 2


def test_where_no_worker_can_be_started_the_door_makes_the_picture_itself(
    emulate: Emulate, detached: dict[str, str], home: Path, tmp_path: Path
) -> None:
    together = emulate("together")
    home.mkdir()
    (home / "workers").write_text("in the way", "utf-8")
    log = tmp_path / "stderr"
    with log.open("wb") as stderr, Child(detached | together.environment(), stderr) as child:
        assert draw(child.greet(), prompt="a fox")["state"] == "completed"
        child.end("stdin_eof")
        child.process.wait(PATIENCE)
    assert "No worker can be started" in log.read_text("utf-8")
    assert len(together.submits) == 1
    (home / "workers").unlink()


def test_settings_that_changed_since_the_door_read_them_make_no_worker_of_other_settings(
    emulate: Emulate, detached: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    with Child(detached | together.environment()) as child:
        child.greet()
        Path(detached["IMGFORGE_CONFIG"]).write_text("wait_value = 0.5\n", "utf-8")
        assert draw(child, prompt="a fox")["state"] == "completed"
    assert len(together.submits) == 1
    assert not living(home)


def test_a_home_with_a_long_path_has_its_socket_elsewhere(emulate: Emulate, detached: dict[str, str]) -> None:
    from tests.faults._processes import end_workers

    together = emulate("together")
    home = Path(detached["IMGFORGE_HOME"]) / ("long" * 25)
    try:
        with Child(detached | together.environment() | {"IMGFORGE_HOME": str(home)}) as child:
            assert draw(child.greet(), prompt="a fox")["state"] == "completed"
            [station] = living(home)
            assert not station.address.startswith(f"unix:{home}")
            socket = Path(station.address.removeprefix("unix:"))
            assert (socket.parent.stat().st_mode & 0o777, socket.stat().st_mode & 0o777) == (0o700, 0o600)
            os.kill(station.pid, signal.SIGTERM)
            until(lambda: not socket.parent.exists(), "the worker to clear up")
    finally:
        end_workers(home)


def test_keys_reach_the_worker_by_its_environment_alone(emulate: Emulate, detached: dict[str, str], home: Path) -> None:
    together = emulate("together")
    with Child(detached | together.environment()) as child:
        assert draw(child.greet(), prompt="a fox")["state"] == "completed"
        [pid] = workers_of(home)
        for path in (home / "workers").iterdir():
            assert path.is_socket() or together.key.encode() not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0
        if sys.platform == "linux":
            process = Path(f"/proc/{pid}")
            assert together.key.encode() not in (process / "cmdline").read_bytes()
            assert together.key.encode() in (process / "environ").read_bytes()
            assert os.readlink(process / "cwd") == str(home)
            assert not pipes_of(pid) & pipes_of(child.process.pid)
            assert {os.readlink(process / "fd" / number) for number in "12"} == {str(Place(home, mark(home)).log)}


def pipes_of(pid: int) -> set[str]:
    return {name for entry in Path(f"/proc/{pid}/fd").iterdir() if (name := os.readlink(entry)).startswith("pipe:")}


def mark(home: Path) -> str:
    [path] = (home / "workers").glob("*.log")
    return path.stem
