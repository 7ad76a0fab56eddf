"""While a call waits: progress that only rises and says where it comes from, and what a cancellation does."""

from collections.abc import Callable
from itertools import pairwise

import anyio
import anyio.lowlevel
import mcp_types as types
import pytest
from mcp.client import Client

from tests.answers import ended, on_hang, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
ERAS = ["legacy", "auto"]
PROMPT = {"prompt": "a lighthouse in a storm"}


class HeldClock(VirtualClock):
    """A virtual clock on which a sleep that begins while `holds` is set lasts until `let_go` is."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False
        self.is_asleep = anyio.Event()
        self.let_go = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        if self.holds:
            self.is_asleep.set()
            await self.let_go.wait()
        await super().sleep(seconds)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


class Heard:
    """The progress notifications that a client got."""

    def __init__(self) -> None:
        self.figures: list[float] = []
        self.messages: list[str] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        assert total == 100
        assert message is not None
        self.figures.append(progress)
        self.messages.append(message)


def rises(figures: list[float]) -> bool:
    return all(before < after for before, after in pairwise(figures))


@pytest.mark.parametrize("mode", ERAS)
async def test_progress_rises_and_says_that_it_is_an_estimate(
    mode: str, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    emulator.fault("hang")
    heard = Heard()
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)

    async def let_time_pass() -> None:
        await hangs.wait()
        while len(heard.figures) < 5:
            clock.advance(0.5)
            await anyio.wait_all_tasks_blocked()
        emulator.clear()

    async with client_on(emulator, mode=mode, IMGFORGE_SYNC_WAIT="300") as client, anyio.create_task_group() as tasks:
        tasks.start_soon(let_time_pass)
        result = await client.call_tool("generate_image", PROMPT, progress_callback=heard)
    assert told(result)["state"] == "completed"
    assert len(heard.figures) >= 5
    assert rises(heard.figures)
    assert all("estimated" in message for message in heard.messages[:5])
    assert 0 < heard.figures[0] < heard.figures[4] <= 95.5


async def test_an_estimate_never_stands_still_and_is_never_nearly_done(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    emulator.fault("hang")
    heard = Heard()
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)

    async def let_time_pass() -> None:
        await hangs.wait()
        while len(heard.figures) < 18:
            clock.advance(2)
            await anyio.wait_all_tasks_blocked()
        emulator.clear()

    async with client_on(emulator, IMGFORGE_SYNC_WAIT="300") as client, anyio.create_task_group() as tasks:
        tasks.start_soon(let_time_pass)
        await client.call_tool("generate_image", PROMPT, progress_callback=heard)
    estimates = [
        figure for figure, message in zip(heard.figures, heard.messages, strict=True) if "estimated" in message
    ]
    assert rises(estimates)
    assert estimates[0] <= 50
    assert estimates[-1] < 95


async def test_figures_of_the_provider_are_passed_on_as_such(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("bfl")
    emulator.polls = 30
    heard = Heard()
    async with client_on(emulator) as client:
        await client.call_tool("generate_image", PROMPT, progress_callback=heard)
    assert rises(heard.figures)
    assert any("reported by the provider" in message and "pending" in message for message in heard.messages)
    assert any(50 <= figure < 60 for figure in heard.figures)


async def test_a_queue_position_is_told(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("fal")
    emulator.polls = 30
    heard = Heard()
    async with client_on(emulator) as client:
        await client.call_tool("generate_image", PROMPT, progress_callback=heard)
    assert rises(heard.figures)
    assert any("queue position" in message or "in progress" in message for message in heard.messages)


async def test_check_job_reports_progress_too(emulate: Emulate, client_on: OpenClient, clock: VirtualClock) -> None:
    emulator = emulate("bfl")
    emulator.fault("hang", "poll", times=1)
    emulator.polls = 30
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)
    heard = Heard()
    async with client_on(emulator) as client:
        job_id = told(await client.call_tool("generate_image", {**PROMPT, "sync": False}))["job_id"]
        await hangs.wait()
        asked = {"job_id": job_id, "wait_seconds": 50}
        answers: list[types.CallToolResult] = []

        async def ask() -> None:
            answers.append(await client.call_tool("check_job", asked, progress_callback=heard))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while not heard.figures:
                clock.advance(0.1)
                await anyio.wait_all_tasks_blocked()
            emulator.clear()
    assert told(answers[0])["state"] == "completed"
    assert rises(heard.figures)


async def test_without_sync_the_answer_comes_at_once(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.fault("hang")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "sync": False}))
        assert job["state"] in ("queued", "processing")
        assert "assets" not in job
        emulator.clear()
        assert (await ended(client, job["job_id"]))["state"] == "completed"


async def cancelled_call(client: Client, until: anyio.Event) -> None:
    """A call that the client gives up once `until` is set."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "generate_image", PROMPT)
        await until.wait()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_that_gives_up_after_sending_loses_nothing(
    mode: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.fault("hang")
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)
    async with client_on(emulator, mode=mode) as client:
        await cancelled_call(client, hangs)
        emulator.clear()
        job = await ended(client)
    assert job["state"] == "completed"
    assert len(job["assets"]) == len(emulator.submits) == 1


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_that_gives_up_before_anything_was_sent_spends_nothing(
    mode: str, emulate: Emulate, client_on: OpenClient, clock: HeldClock
) -> None:
    emulator = emulate("together")
    asked = {**PROMPT, "model": "together/flux-schnell"}
    emulator.fault("429", times=1, retry_after=20)
    async with client_on(emulator, mode=mode) as client:
        await client.call_tool("generate_image", asked)
        # The only candidate rests for less than a request's patience, so the next job waits for it.
        clock.holds = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "generate_image", asked)
            await clock.is_asleep.wait()
            tasks.cancel_scope.cancel()
        clock.holds = False
        clock.let_go.set()
        job = await ended(client)
    assert job["state"] == "canceled"
    assert len(emulator.calls) == 1
    assert emulator.submits == []
