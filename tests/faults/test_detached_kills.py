"""Doors and their worker are killed again and again: nothing is lost, nothing bought twice, the ledgers are equal."""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from imgforge_mcp import open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import JobState
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, Child, until, workers_of
from tests.faults.test_kill import check_end, check_file

pytestmark = [
    pytest.mark.long,
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]

KILLS = 30
DOORS = 3
JOBS_A_KILL = 3
SEED = 20261125
LONGEST_LIFE = 0.6
"""Seconds between two kills, at most."""


async def test_thirty_kills_of_doors_and_workers_lose_no_job_and_buy_none_twice(
    emulate: Callable[[str], Emulator], detached: dict[str, str], home: Path
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    together.latency = 0.15
    bfl.polls = 2
    settings = detached | together.environment() | bfl.environment()

    asked = await anyio.to_thread.run_sync(_draw_and_kill, settings, home)
    async with open_forge(load_config({**settings, "IMGFORGE_WORKER": "inline"}), adopts=False) as forge:
        jobs = await forge.recent_jobs(10 * asked, forge.caller())

    assert {job.request.prompt for job in jobs} == {f"fox number {number}" for number in range(asked)}
    bought = Counter(order.prompt for order in (*together.orders, *bfl.orders))
    assert max(bought.values()) == 1
    for job in jobs:
        check_end(job, home)
        assert bought[job.request.prompt] == 1 or job.state is JobState.FAILED
    assert sum(job.state is JobState.COMPLETED for job in jobs) > asked / 2
    check_file(home, jobs)


def _draw_and_kill(settings: dict[str, str], home: Path) -> int:
    """Ask the doors in turn, kill one or the worker, put another in its place; then wait for what is left. How many
    pictures were asked for."""
    chance = random.Random(SEED)
    doors = [Child(settings).greet() for _ in range(DOORS)]
    asked: list[str] = []
    try:
        for _ in range(KILLS):
            for _ in range(JOBS_A_KILL):
                asked.append(_ask(chance.choice(doors), len(asked)))
            time.sleep(chance.uniform(0.0, LONGEST_LIFE))
            if chance.random() < 0.5:
                until(lambda: bool(workers_of(home)), "a worker")
                for pid in workers_of(home):
                    with suppress(ProcessLookupError):  # gone by itself by now
                        os.kill(pid, signal.SIGKILL)
            else:
                _kill(doors.pop(chance.randrange(DOORS)))
                doors.append(Child(settings).greet())
        for job_id in asked:
            until(lambda: _is_over(doors[0], job_id), f"the end of {job_id}")  # noqa: B023 - called at once
    finally:
        for door in doors:
            _kill(door)
    return len(asked)


def _ask(door: Child, number: int) -> str:
    """The job's id; nobody waits for the picture."""
    model = "together/flux-schnell" if number % 2 else "bfl/flux-2-klein-4b"
    wanted = {"prompt": f"fox number {number}", "model": model, "width": 256, "height": 256, "enhance": False}
    result = door.call("generate_image", sync=False, **wanted)
    return str(_told(result)["job_id"])


def _is_over(door: Child, job_id: str) -> bool:
    told = _told(door.call("check_job", job_id=job_id, wait_seconds=20))
    return "error" in told or told["state"] == "completed"


def _told(result: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result["content"][0]["text"])
    return told


def _kill(door: Child) -> None:
    door.end("group_killed")
    door.process.wait(PATIENCE)
    door.__exit__()
