"""A process that stands still for longer than its lease, and wakes up with a picture that was paid for."""

from collections.abc import Callable
from datetime import timedelta

import anyio
import anyio.to_thread
import pytest

from imgforge_mcp import ImageRequest, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import CostBasis, JobState
from tests.answers import committed
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE
from tests.virtual_clock import START, VirtualClock

pytestmark = pytest.mark.anyio


async def test_a_picture_that_comes_after_its_job_was_given_up_completes_the_job(
    emulate: Callable[[str], Emulator], environment: dict[str, str]
) -> None:
    together = emulate("together")
    together.fault("hang", times=1)
    config = load_config({**environment, **together.environment()})
    request = ImageRequest(prompt="a red fox", model="flux-schnell", sync=False)
    async with open_forge(config, VirtualClock()) as sleeper:
        job = await sleeper.submit(request, sleeper.caller())
        await anyio.to_thread.run_sync(together.wait_for_submits)
        async with open_forge(config, VirtualClock(START + timedelta(minutes=1))) as successor:
            given_up = await successor.job(job.job_id, successor.caller(), wait_seconds=1000)
            assert given_up.state is JobState.FAILED
            assert (given_up.error or {})["code"] == "interrupted"
            together.clear()
            with anyio.fail_after(PATIENCE):
                while (await sleeper.job(job.job_id, sleeper.caller())).state is JobState.FAILED:
                    await anyio.lowlevel.checkpoint()
        done = await sleeper.job(job.job_id, sleeper.caller())
        assert done.state is JobState.COMPLETED
        assert len(done.assets) == 1
        assert done.error is None
        assert not done.attempts[0].maybe_billed
        assert await committed(sleeper) == done.cost_usd
    assert len(together.submits) == 1


async def test_what_comes_late_corrects_what_was_booked_to_the_providers_own_figure(
    emulate: Callable[[str], Emulator], environment: dict[str, str]
) -> None:
    gateway = emulate("openrouter")
    gateway.fault("hang", times=1)
    config = load_config({**environment, **gateway.environment()})
    request = ImageRequest(prompt="a red fox", model="openrouter/gemini-2.5-flash-image", sync=False)
    async with open_forge(config, VirtualClock()) as sleeper:
        job = await sleeper.submit(request, sleeper.caller())
        await anyio.to_thread.run_sync(gateway.wait_for_submits)
        async with open_forge(config, VirtualClock(START + timedelta(minutes=1))) as successor:
            given_up = await successor.job(job.job_id, successor.caller(), wait_seconds=1000)
            held = await committed(successor)
        gateway.clear()
        with anyio.fail_after(PATIENCE):
            while (done := await sleeper.job(job.job_id, sleeper.caller())).state is JobState.FAILED:
                await anyio.lowlevel.checkpoint()
        spent = await committed(sleeper)
        assert await sleeper.usage_drift() == []
    assert given_up.cost_usd == held
    assert (done.state, done.cost_basis) == (JobState.COMPLETED, CostBasis.REPORTED)
    assert done.cost_usd == spent != held
