"""Jobs seen through the tools: the list, repeated requests under one key, cancellation."""

from collections.abc import Callable

import anyio
import pytest

from tests.answers import ended, on_hang, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}


async def test_the_most_recent_jobs_come_first(emulate: Emulate, client_on: OpenClient, clock: VirtualClock) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        none = told(await client.call_tool("check_job", {}))
        for number in range(12):
            clock.advance(1)
            await client.call_tool("generate_image", {"prompt": f"picture {number}"})
        ten = told(await client.call_tool("check_job", {}))["jobs"]
        two = told(await client.call_tool("check_job", {"limit": 2}))["jobs"]
    assert none["jobs"] == []
    assert [job["prompt"] for job in ten] == [f"picture {number}" for number in range(11, 1, -1)]
    assert two == ten[:2]
    assert {"job_id", "state", "assets", "created_at"} <= ten[0].keys()


async def test_the_same_key_returns_the_same_job_and_pays_once(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    asked = {**PROMPT, "idempotency_key": "the storm"}
    async with client_on(emulator) as client:
        first = await client.call_tool("generate_image", asked)
        second = await client.call_tool("generate_image", asked)
    async with client_on(emulator) as client:
        third = await client.call_tool("generate_image", asked)
    assert first.content == second.content == third.content
    assert len(emulator.submits) == 1


async def test_two_at_once_under_one_key_pay_once(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    asked = {**PROMPT, "idempotency_key": "the storm"}
    answers: list[str] = []

    async with client_on(emulator) as client:

        async def ask() -> None:
            answers.append(told(await client.call_tool("generate_image", asked))["assets"][0]["asset_id"])

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(ask)
    assert len(set(answers)) == len(emulator.submits) == 1
    assert len(answers) == 5


async def test_the_same_key_with_another_request_is_a_conflict_for_a_day(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        first = told(await client.call_tool("generate_image", {**PROMPT, "idempotency_key": "k"}))
        conflict = told(await client.call_tool("generate_image", {"prompt": "a calm sea", "idempotency_key": "k"}))
        clock.advance(24 * 3600 + 1)
        later = told(await client.call_tool("generate_image", {"prompt": "a calm sea", "idempotency_key": "k"}))
    assert (conflict["code"], conflict["status"]) == ("idempotency_conflict", 409)
    assert conflict["details"]["job_id"] == first["job_id"]
    assert later["state"] == "completed"
    assert len(emulator.submits) == 2


async def test_a_failure_is_kept_under_its_key_too(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.fault("cut")
    asked = {**PROMPT, "idempotency_key": "k"}
    async with client_on(emulator) as client:
        first = await client.call_tool("generate_image", asked)
        emulator.clear()
        second = await client.call_tool("generate_image", asked)
    assert first.is_error
    assert told(second)["code"] == "provider_error"
    assert len(emulator.submits) == 1


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("completed", id="completed"),
        pytest.param("failed", id="failed"),
    ],
)
async def test_cancelling_what_has_ended_changes_nothing(kind: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    if kind == "failed":
        emulator.fault("500")
    async with client_on(emulator) as client:
        await client.call_tool("generate_image", PROMPT)
        before = await ended(client)
        answer = told(await client.call_tool("cancel_job", {"job_id": before["job_id"]}))
        after = await ended(client)
    assert answer["state"] == kind
    assert "ended before" in answer["message"]
    assert after == before


async def test_cancelling_twice_is_the_same_as_once(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("fal")
    emulator.fault("hang", "poll")
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)
    async with client_on(emulator) as client:
        job_id = told(await client.call_tool("generate_image", {**PROMPT, "sync": False}))["job_id"]
        await hangs.wait()
        first = told(await client.call_tool("cancel_job", {"job_id": job_id}))
        second = told(await client.call_tool("cancel_job", {"job_id": job_id}))
        job = await ended(client, job_id)
    assert first["state"] == second["state"] == job["state"] == "canceled"
    assert "assets" not in job
    assert sum("cancel" in call.path for call in emulator.calls) == 1
