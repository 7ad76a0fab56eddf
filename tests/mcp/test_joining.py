"""A call that is repeated after its client cut it off joins the first one's job: one picture is bought, not three."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp.client import Client

from imgforge_mcp.storage.registry.sql.jobs import SqlJobs
from tests.answers import ended, on_hang, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
SYNC_WAIT = 40.0
PROMPT = {"prompt": "a lighthouse in a storm", "model": "together/flux-schnell"}


async def cut_off(client: Client, emulator: Emulator, name: str = "generate_image", **asked: Any) -> None:
    """A call that its client gives up while the provider works."""
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, name, {**PROMPT, **asked} if name == "generate_image" else asked)
        await hangs.wait()
        tasks.cancel_scope.cancel()


async def given_up(client: Client, **asked: Any) -> None:
    """A call that is given up after a moment, whatever the server does meanwhile."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "generate_image", {**PROMPT, **asked})
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


@pytest.fixture
def slow(emulate: Emulate) -> Emulator:
    """A provider that takes its time."""
    emulator = emulate("together")
    emulator.fault("hang", times=1)
    return emulator


@pytest.fixture
def one_at_a_time(environment: dict[str, str]) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text("[providers.together]\nconcurrency = 1\n", "utf-8")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_call_repeated_three_times_is_bought_once(mode: str, slow: Emulator, client_on: OpenClient) -> None:
    async with client_on(slow, mode=mode) as client:
        await cut_off(client, slow, seed=7)
        await given_up(client, seed=7)
        slow.clear()
        job = told(await client.call_tool("generate_image", {**PROMPT, "seed": 7}))
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
    assert job["state"] == "completed"
    assert "joined" in job["message"]
    assert [line["job_id"] for line in jobs] == [job["job_id"]]
    assert len(slow.submits) == 1


async def test_the_picture_of_a_call_that_was_cut_off_is_given_to_the_next_one_once(
    slow: Emulator, client_on: OpenClient
) -> None:
    async with client_on(slow) as client:
        await cut_off(client, slow)
        slow.clear()
        [line] = told(await client.call_tool("check_job", {}))["jobs"]
        await client.call_tool("check_job", {"job_id": line["job_id"], "wait_seconds": 50})
        second = told(await client.call_tool("generate_image", {**PROMPT, "sync": "true", "seed": ""}))
        third = told(await client.call_tool("generate_image", PROMPT))
    assert second["job_id"] == line["job_id"]
    assert third["job_id"] != second["job_id"]
    assert "joined" not in third["message"]
    assert len(slow.submits) == 2


async def test_a_repeat_waits_until_it_is_on_record_that_the_calls_before_it_were_cut_off(
    emulate: Emulate, client_on: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, marking = SqlJobs.cut_off, list[anyio.Event]()

    async def slow(self: SqlJobs, job_id: str) -> None:
        marking.append(anyio.Event())
        await marking[-1].wait()
        await mark(self, job_id)

    monkeypatch.setattr(SqlJobs, "cut_off", slow)
    emulator = emulate("together")
    emulator.fault("hang", times=2)
    answers: list[dict[str, Any]] = []

    async def ask(client: Client) -> None:
        answers.append(told(await client.call_tool("generate_image", PROMPT)))

    async def ask_until(client: Client, scope: anyio.CancelScope) -> None:
        with scope:
            await ask(client)

    before = [anyio.CancelScope(), anyio.CancelScope()]
    async with client_on(emulator) as client, anyio.create_task_group() as tasks:
        with anyio.fail_after(PATIENCE):
            for number, scope in enumerate(before, 1):
                tasks.start_soon(ask_until, client, scope)
                while len(emulator.submits) < number:
                    await anyio.lowlevel.checkpoint()
            for scope in before:
                scope.cancel()
            while len(marking) < 2:
                await anyio.lowlevel.checkpoint()
        tasks.start_soon(ask, client)
        for each in marking:
            for _ in range(200):
                await anyio.lowlevel.checkpoint()
            assert len(emulator.submits) == 2
            each.set()
        emulator.clear()
    assert ["joined" in job["message"] for job in answers] == [True]
    assert len(emulator.submits) == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"seed": 8}, id="seed"),
        pytest.param({"prompt": "a lighthouse"}, id="prompt"),
        pytest.param({"n": 2}, id="number"),
        pytest.param({"metadata": {"page": "2"}}, id="metadata"),
        pytest.param({"project_id": "book"}, id="project"),
        pytest.param({"idempotency_key": "k"}, id="key"),
    ],
)
async def test_another_request_is_another_job(other: dict[str, Any], slow: Emulator, client_on: OpenClient) -> None:
    async with client_on(slow) as client:
        await cut_off(client, slow)
        slow.clear()
        job = told(await client.call_tool("generate_image", {**PROMPT, **other}))
    assert "joined" not in job["message"]
    assert len(slow.submits) >= 2


async def test_two_callers_who_are_both_there_stay_two_jobs(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    answers: list[dict[str, Any]] = []

    async def ask(client: Client) -> None:
        answers.append(told(await client.call_tool("generate_image", PROMPT)))

    async with client_on(emulator) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        tasks.start_soon(ask, client)
    assert len({job["job_id"] for job in answers}) == len(emulator.submits) == 2


async def test_a_new_process_on_the_same_home_joins_too(slow: Emulator, client_on: OpenClient) -> None:
    async with client_on(slow) as client:
        await cut_off(client, slow)
        slow.clear()
        await ended(client)
        async with client_on(slow) as other:
            job = told(await other.call_tool("generate_image", PROMPT))
            job = await ended(other, job["job_id"])
    assert job["state"] == "completed"
    assert len(slow.submits) == 1


async def test_after_ten_minutes_it_is_a_new_wish(slow: Emulator, client_on: OpenClient, clock: VirtualClock) -> None:
    async with client_on(slow) as client:
        await cut_off(client, slow)
        slow.clear()
        [line] = told(await client.call_tool("check_job", {}))["jobs"]
        await client.call_tool("check_job", {"job_id": line["job_id"], "wait_seconds": 50})
        clock.advance(601)
        again = told(await client.call_tool("generate_image", PROMPT))
    assert again["job_id"] != line["job_id"]


async def test_joining_can_be_switched_off(slow: Emulator, client_on: OpenClient) -> None:
    async with client_on(slow, IMGFORGE_JOIN_REPEATS="off") as client:
        await cut_off(client, slow)
        slow.clear()
        await client.call_tool("generate_image", PROMPT)
    assert len(slow.submits) == 2


async def test_a_batch_that_was_cut_off_is_joined_item_by_item(slow: Emulator, client_on: OpenClient) -> None:
    """The one that had ended as well as the one that was out."""
    items = [PROMPT, {**PROMPT, "seed": 5}]
    hangs = anyio.Event()
    on_hang(slow, hangs.set)
    async with client_on(slow) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "generate_batch", {"items": items})
            await hangs.wait()
            await ended_one(client)
            tasks.cancel_scope.cancel()
        slow.clear()
        answer = told(await client.call_tool("generate_batch", {"items": items}))
    assert [item["state"] for item in answer["items"]] == ["completed"] * 2
    assert len(slow.submits) == 2


async def ended_one(client: Client) -> None:
    """Until one of the jobs has ended."""
    while True:
        for line in told(await client.call_tool("check_job", {}))["jobs"]:
            if line["state"] == "completed":
                return
        await anyio.lowlevel.checkpoint()


async def test_of_two_calls_with_one_key_one_may_be_cut_off_before_anything_was_sent(
    one_at_a_time: None, slow: Emulator, client_on: OpenClient
) -> None:
    """Both wait until another picture is done; the other one still gets its own."""
    hangs = anyio.Event()
    on_hang(slow, hangs.set)
    answers: list[dict[str, Any]] = []

    async def ask(client: Client, **asked: Any) -> None:
        answers.append(told(await client.call_tool("generate_image", {**PROMPT, **asked})))

    async with client_on(slow) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        await hangs.wait()
        tasks.start_soon(partial(ask, client, idempotency_key="order-1"))
        while len(told(await client.call_tool("check_job", {}))["jobs"]) < 2:
            await anyio.lowlevel.checkpoint()
        await given_up(client, idempotency_key="order-1")
        await client.call_tool("check_job", {})
        slow.clear()
    assert [job["state"] for job in answers] == ["completed"] * 2


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_that_stops_without_a_word_joins_its_own_call(
    mode: str, slow: Emulator, client_on: OpenClient, clock: VirtualClock
) -> None:
    """As the Python SDK's read timeout does: nothing is cancelled, the call is simply sent again."""
    answers: list[dict[str, Any]] = []

    async def ask(client: Client) -> None:
        answers.append(told(await client.call_tool("generate_image", PROMPT)))

    hangs = anyio.Event()
    on_hang(slow, hangs.set)
    async with client_on(slow, mode=mode) as client, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask, client)
            await clock.awaited(SYNC_WAIT)
            await hangs.wait()
            clock.advance(4)
        slow.clear()
    assert len({job["job_id"] for job in answers}) == 1
    assert len(slow.submits) == 1
    assert ["joined" in job["message"] for job in answers].count(True) == 2


async def test_an_answer_that_came_later_than_the_last_call_waited_is_kept_for_the_next_one(
    slow: Emulator, client_on: OpenClient, clock: VirtualClock
) -> None:
    hangs = anyio.Event()
    on_hang(slow, hangs.set)
    async with client_on(slow) as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(client.call_tool, "generate_image", PROMPT)
                await clock.awaited(SYNC_WAIT)
                await hangs.wait()
                clock.advance(4)
            slow.clear()
        fourth = told(await client.call_tool("generate_image", PROMPT))
        fifth = told(await client.call_tool("generate_image", PROMPT))
    assert "joined" in fourth["message"]
    assert "joined" not in fifth["message"]
    assert len(slow.submits) == 2


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({}, id="at once"),
        pytest.param({"seed": 8}, id="another seed"),
        pytest.param({"prompt": "a lighthouse"}, id="another prompt"),
        pytest.param({"metadata": {"page": "2"}}, id="other metadata"),
        pytest.param({"n": 2}, id="another number"),
    ],
)
async def test_a_call_beside_one_that_waits_is_its_own(
    second: dict[str, Any], emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    emulator.fault("hang", times=2)
    hanging = [anyio.Event(), anyio.Event()]
    on_hang(emulator, lambda: next(event for event in hanging if not event.is_set()).set())
    answers: list[dict[str, Any]] = []

    async def ask(client: Client, **asked: Any) -> None:
        answers.append(told(await client.call_tool("generate_image", {**PROMPT, **asked})))

    async with client_on(emulator) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        await clock.awaited(SYNC_WAIT)
        await hanging[0].wait()
        clock.advance(10 if second else 1)
        tasks.start_soon(partial(ask, client, **second))
        await hanging[1].wait()
        emulator.clear()
    assert len({job["job_id"] for job in answers}) == 2
    assert len(emulator.submits) >= 2
