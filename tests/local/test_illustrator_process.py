"""The illustrator draws in a process of its own: called off, killed and ended there, with nothing of it in the
server."""

import os
import signal
import subprocess
import sys

import pytest

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import Rejected
from imgforge_mcp.base.types import ImageRequest, Job, JobState
from imgforge_mcp.forge import Forge
from imgforge_mcp.local.composition import Composition
from imgforge_mcp.local.orders import Made, Order
from imgforge_mcp.local.runtime import ILLUSTRATOR, Runtime
from tests.conftest import OpenForge

LAKE = Composition(prompt="a lake", seed=3, width=64, height=64).order()
STANDS_STILL = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
HOLDING = """
import asyncio, sys
from imgforge_mcp import open_forge
from imgforge_mcp.base.types import ImageRequest

async def main():
    async with open_forge() as forge:
        job = await forge.submit(ImageRequest(prompt="a lake", width=64, height=64), forge.caller())
        job = await forge.wait(job.job_id, 600.0)
        print(job.state, [name for name in ("numpy", "PIL", "resvg_py") if name in sys.modules])

asyncio.run(main())
"""


@pytest.fixture
def clock() -> Clock:
    """The real one: what is waited for is a process at work, whose steps no clock of a test can bring about."""
    return Clock()


def silent(fraction: float, what: str) -> None:
    return None


def pid() -> int:
    """Of the one that this test run has."""
    runtime = ILLUSTRATOR.hold()
    try:
        assert runtime.pid is not None
        return runtime.pid
    finally:
        ILLUSTRATOR.let_go()


async def made(forge: Forge, n: int = 1, seed: int | None = None) -> Job:
    request = ImageRequest(prompt="a lake", width=64, height=64, n=n, seed=seed)
    return await forge.wait((await forge.submit(request, forge.caller())).job_id, 600.0)


def test_a_program_that_draws_loads_nothing_that_draws(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOLDING],
        env={**environment, "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "completed []"


@pytest.mark.anyio
async def test_several_pictures_come_from_one_process_with_seeds_that_count_up(forge_on: OpenForge) -> None:
    async with forge_on() as forge:
        first = await made(forge, n=2, seed=2**31 - 1)
        before = pid()
        await made(forge)
        assert pid() == before
    assert sorted(asset.seed or 0 for asset in first.assets) == [0, 2**31 - 1]


async def halted(forge: Forge) -> Job:
    """A picture that is being drawn for as long as the test takes: its process stands still."""
    await made(forge)
    os.kill(pid(), signal.SIGSTOP)
    job = await forge.submit(ImageRequest(prompt="a forest", width=64, height=64), forge.caller())
    while job.state is not JobState.PROCESSING:
        job = await forge.job(job.job_id, forge.caller())
    return job


@pytest.mark.anyio
@STANDS_STILL
async def test_what_is_called_off_ends_at_the_next_step_and_the_process_draws_on(forge_on: OpenForge) -> None:
    async with forge_on() as forge:
        job = await halted(forge)
        before = pid()
        await forge.cancel(job.job_id, forge.caller())
        os.kill(before, signal.SIGCONT)
        assert (await forge.wait(job.job_id, 600.0)).state is JobState.CANCELED
        assert (await made(forge)).state is JobState.COMPLETED
        assert pid() == before


def test_a_process_that_is_killed_is_one_pictures_failure_and_the_next_has_a_new_one() -> None:
    runtime = Runtime(idle_seconds=60.0)

    def kill(fraction: float, what: str) -> None:
        assert runtime.pid is not None
        os.kill(runtime.pid, signal.SIGTERM)

    try:
        with pytest.raises(Rejected, match="The process of the illustrator ended while it drew"):
            runtime.make(LAKE, kill)
        assert runtime.make(LAKE, silent).pictures
    finally:
        runtime.close()


def test_a_process_with_nothing_to_do_is_ended_and_the_next_picture_is_the_same() -> None:
    runtime = Runtime(idle_seconds=0.0)
    first, second = runtime.make(LAKE, silent), runtime.make(LAKE, silent)
    assert runtime.pid is None
    assert first == second


def test_what_is_closed_draws_nothing_more() -> None:
    runtime = Runtime(idle_seconds=60.0)
    runtime.make(LAKE, silent)
    runtime.close()
    assert runtime.pid is None
    with pytest.raises(Rejected, match="ending"):
        runtime.make(LAKE, silent)


def test_a_fault_of_the_illustrator_is_told_by_its_place_and_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    order = Order(module=LAKE.module, name=LAKE.name, said={**LAKE.said, "width": "a secret"})
    runtime = ILLUSTRATOR.hold()
    try:
        with pytest.raises(Rejected, match=r"A fault of the illustrator \(TypeError\)"):
            runtime.make(order, silent)
        assert runtime.make(LAKE, silent).pictures
    finally:
        ILLUSTRATOR.let_go()
    assert "imgforge_mcp" in caplog.text
    assert "secret" not in caplog.text


def test_an_answer_that_is_none_is_refused() -> None:
    made = Made(pictures=((b"one", 1), (b"second", 2)), drawn=("a lake",))
    said, data = made.frame()
    assert Made.of(said, data) == made
    for broken in ({}, {**said, "pictures": 3}, {**said, "drawn": None}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            Made.of(broken, data)
