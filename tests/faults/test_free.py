"""What costs nothing is never said to have been billed, however it fails: engines of one's own, free services."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from imgforge_mcp.base.types import CostBasis, JobState
from tests import emulators
from tests.answers import told
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator
from tests.faults.test_money import arm, draw
from tests.faults.test_restart import ended, leave_behind, successor
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
FREE = {"a1111": "a1111/default", "comfyui": "comfyui/default", "nvidia": "nvidia/flux-1-schnell"}
DOUBTFUL = ("hang", "cut", "empty", "not_an_image", "truncated_image", "wrong_shape", "not_json", "redirect", "never")
"""After which a paid call may have been billed."""
CASES = [
    pytest.param(name, kind, phase, id=f"{name}-{phase}-{kind}")
    for name in FREE
    for kind, phase in sorted(emulators.load(name).supported_faults)
    if kind in DOUBTFUL
]


@pytest.mark.parametrize(("name", "kind", "phase"), CASES)
async def test_no_answer_says_that_a_free_call_may_have_been_billed(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock, name: str, kind: str, phase: str
) -> None:
    emulator = emulate(name)
    arm(emulator, kind, clock, phase, times=None)
    async with client_on(emulator) as client:
        answer = told(await client.call_tool("generate_image", {"prompt": "a red fox", "provider": name}))
        [job] = told(await client.call_tool("check_job", {}))["jobs"]
        question = {"job_id": job["job_id"], "wait_seconds": 60, "detail": True}
        while job.get("state") in ("queued", "running"):
            job = told(await client.call_tool("check_job", question))
        usage = told(await client.call_tool("get_usage", {}))
    assert emulator.calls
    assert job.get("state") != "completed"
    assert usage["maybe_billed_usd"] == 0
    assert "billed" not in json.dumps([answer, job])


async def test_a_call_to_a_free_engine_that_a_dead_process_left_is_not_said_to_have_been_billed(
    emulate: Emulate, environment: dict[str, str], tmp_path: Path
) -> None:
    a1111 = emulate("a1111")
    environment |= a1111.environment()
    a1111.fault("hang")
    job_id = leave_behind(environment, tmp_path, lambda: len(a1111.submits) == 1, provider="a1111")
    a1111.clear()
    async with successor(environment) as forge:
        job = await ended(forge, job_id)
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "interrupted")
    assert "billed" not in (job.error or {})["error"]
    assert [(attempt.outcome, attempt.maybe_billed) for attempt in job.attempts] == [("interrupted", False)]
    assert len(a1111.submits) == 1


async def test_what_an_engine_of_ones_own_cannot_make_in_time_was_free(emulate: Emulate, forge_on: OpenForge) -> None:
    comfyui = emulate("comfyui")
    comfyui.fault("never")
    async with forge_on(comfyui) as forge:
        job = await draw(forge, model=None, provider="comfyui")
    assert (job.state, (job.error or {})["code"], job.cost_basis) == (JobState.FAILED, "timeout", CostBasis.FREE)
    assert "billed" not in (job.error or {})["error"]
