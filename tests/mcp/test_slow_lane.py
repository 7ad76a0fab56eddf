"""Batches at half price: asked for by urgency, waited for through restarts for a day, never bought twice, and done at
once only where the caller has said so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp.client import Client

from imgforge_mcp import open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import ImageRequest
from imgforge_mcp.jobs import attempts
from imgforge_mcp.jobs.worker import ADOPT_SECONDS
from imgforge_mcp.storage.registry.sql.jobs import SqlJobs
from tests.answers import on_hang, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.emulators._ledger import charged
from tests.faults._processes import PATIENCE
from tests.faults._registry import execute
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
MODELS = {"openai": "openai/gpt-image-2", "gemini": "gemini/gemini-3.1-flash-lite-image"}
NAMES = list(MODELS)
FOX = {"prompt": "a red fox in the snow"}


def lane(emulator: Emulator) -> dict[str, int]:
    """How often each batch will still say that it waits."""
    waiting: dict[str, int] = emulator.lane  # type: ignore[attr-defined]
    return waiting


async def batch(client: Client, name: str, urgency: str = "day", **more: Any) -> dict[str, Any]:
    """A batch of one picture; its id and its one item."""
    items = [{**FOX, "model": MODELS[name], **more}]
    return told(await client.call_tool("generate_batch", {"items": items, "urgency": urgency}))


async def ended(client: Client, job_id: str) -> dict[str, Any]:
    """The job once it has ended; the clock moves on by itself whenever everybody waits."""
    while True:
        job = told(await client.call_tool("check_job", {"job_id": job_id, "wait_seconds": 50, "detail": True}))
        if job["state"] in ("completed", "failed", "canceled"):
            return job


@pytest.mark.parametrize("name", NAMES)
async def test_a_picture_that_can_wait_costs_half(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        whole = told(await client.call_tool("generate_image", {**FOX, "model": MODELS[name]}))
        full = charged(emulator)
        started = await batch(client, name)
        job = await ended(client, started["items"][0]["job_id"])
        usage = told(await client.call_tool("get_usage", {}))
    assert (job["state"], whole["cost_basis"], job["cost_basis"]) == ("completed", "reported", "reported")
    assert job["cost_usd"] == pytest.approx(whole["cost_usd"] / 2, abs=1e-6)
    assert job["cost_usd"] == pytest.approx(charged(emulator) - full, abs=1e-6)
    assert usage["cost_usd"] == pytest.approx(charged(emulator), abs=1e-5)
    assert [order.share for order in emulator.orders] == [1.0, 0.5]
    assert emulator.surprises == []


@pytest.mark.parametrize("name", NAMES)
async def test_the_call_answers_at_once_and_says_when_to_look_again(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    emulator.stop_answering("poll")
    async with client_on(emulator) as client:
        started = await batch(client, name)
        job = told(await client.call_tool("check_job", {"job_id": started["items"][0]["job_id"], "detail": True}))
    assert started["items"][0]["state"] in ("queued", "processing")
    assert job["poll_after_seconds"] == 600


@pytest.mark.parametrize("name", NAMES)
async def test_a_batch_is_asked_about_by_the_next_process_and_is_not_made_again(
    name: str, emulate: Emulate, environment: dict[str, str], clock: VirtualClock
) -> None:
    emulator = emulate(name)
    emulator.stop_answering("poll")
    config = load_config({**environment, **emulator.environment()})
    request = ImageRequest(prompt=FOX["prompt"], model=MODELS[name], urgency="day")
    async with open_forge(config, clock) as forge:
        job = await forge.submit(request, forge.caller())
        with anyio.fail_after(PATIENCE):
            while not is_asked_about(emulator):
                await anyio.lowlevel.checkpoint()
    emulator.clear()
    async with open_forge(config, clock) as forge:
        done = await forge.wait(job.job_id, 90_000.0)
    assert done.state.value == "completed"
    assert len(emulator.orders) == 1
    assert done.cost_usd == pytest.approx(charged(emulator), abs=1e-6)


async def test_a_batch_is_on_record_only_when_there_is_a_place_for_it(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BATCHES", 1)
    emulator = emulate("openai")
    emulator.stop_answering("poll")
    async with open_forge(load_config({**environment, **emulator.environment()}), clock) as forge:
        wanted = [
            ImageRequest(prompt=prompt, model=MODELS["openai"], urgency="day") for prompt in ("a fox", "a blue fox")
        ]
        jobs = [await forge.submit(request, forge.caller()) for request in wanted]
        with anyio.fail_after(PATIENCE):
            while not lane(emulator):
                await anyio.lowlevel.checkpoint()
        for _ in range(200):
            await anyio.lowlevel.checkpoint()
        calls = [len((await forge.job(job.job_id, forge.caller())).attempts) for job in jobs]
    assert sorted(calls) == [0, 1]


async def test_who_has_lost_its_job_when_a_later_step_is_to_buy_buys_nothing_and_the_next_one_does(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = emulate("openai")
    config = load_config({**environment, **emulator.environment()})
    accept, lost = SqlJobs.accept, list[str]()

    async def taken_meanwhile(self: SqlJobs, job_id: str, attempt_id: int, operation: dict[str, Any]) -> None:
        if operation.get("is_begun") and not lost:
            lost.append(job_id)
            execute(home, "UPDATE jobs SET owner = 'another', lease_until = 0")
        await accept(self, job_id, attempt_id, operation)

    monkeypatch.setattr(SqlJobs, "accept", taken_meanwhile)
    async with open_forge(config, clock) as forge:
        request = ImageRequest(prompt=FOX["prompt"], model=MODELS["openai"], urgency="day")
        job = await forge.submit(request, forge.caller())
        with anyio.fail_after(PATIENCE):
            while not lost:
                await anyio.lowlevel.checkpoint()
            while execute(home, "SELECT owner FROM jobs") == [("another",)]:
                clock.advance(ADOPT_SECONDS)
                await anyio.lowlevel.checkpoint()
        done = await forge.wait(job.job_id, 90_000.0)
    assert (done.state.value, len(done.attempts)) == ("completed", 1)
    assert done.cost_usd == pytest.approx(charged(emulator), abs=1e-6)
    assert len(emulator.orders) == 1


async def test_a_batch_whose_making_was_not_answered_is_looked_for_and_found(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    emulator.fault("cut", times=1)
    async with client_on(emulator) as client:
        job = await ended(client, (await batch(client, "openai"))["items"][0]["job_id"])
    assert job["state"] == "completed"
    assert len(emulator.orders) == 1
    assert job["cost_usd"] == pytest.approx(charged(emulator), abs=1e-6)


async def test_a_batch_that_nobody_finds_may_have_been_billed_and_is_not_made_again(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("openai")
    on_hang(emulator, lambda: clock.advance(301.0))
    emulator.fault("hang", times=1)
    async with client_on(emulator) as client:
        job = await ended(client, (await batch(client, "openai"))["items"][0]["job_id"])
    assert (job["state"], job["error"]["code"]) == ("failed", "provider_error")
    assert job["attempts"][0]["maybe_billed"] is True
    assert len(emulator.orders) == 1


@pytest.mark.parametrize("ending", ["failed", "expired", "cancelled"])
@pytest.mark.parametrize("name", NAMES)
async def test_what_was_not_done_costs_nothing_and_is_not_done_at_the_whole_price(
    name: str, ending: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    emulator.ending = ending  # type: ignore[attr-defined]
    async with client_on(emulator) as client:
        job = await ended(client, (await batch(client, name))["items"][0]["job_id"])
        again = told(await client.call_tool("generate_image", {**FOX, "model": MODELS[name]}))
    assert (job["state"], job["error"]["code"]) == ("failed", "provider_error")
    assert "cost_usd" not in job or job["cost_usd"] == 0
    assert "maybe_billed" not in job["attempts"][0]
    assert again["state"] == "completed", "a slow lane that failed says nothing of the model"


@pytest.mark.parametrize("name", NAMES)
async def test_it_is_done_at_once_where_the_caller_has_said_so(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    emulator.ending = "expired"  # type: ignore[attr-defined]
    async with client_on(emulator) as client:
        job = await ended(client, (await batch(client, name, "day_else_now"))["items"][0]["job_id"])
    assert job["state"] == "completed"
    assert [order.share for order in emulator.orders] == [0.5, 1.0]
    assert job["cost_usd"] == pytest.approx(charged(emulator) * 2 / 3, abs=1e-6), "what expired is not charged"


@pytest.mark.parametrize("name", NAMES)
async def test_a_refusal_in_a_batch_is_a_refusal_and_goes_nowhere_else(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator, other = emulate(name), emulate("together")
    emulator.ending = "refused"  # type: ignore[attr-defined]
    async with client_on(emulator, other) as client:
        job = await ended(client, (await batch(client, name, "day_else_now"))["items"][0]["job_id"])
    assert (job["state"], job["error"]["code"]) == ("failed", "content_refused")
    assert len(emulator.orders) == 1
    assert other.orders == []


async def test_a_model_without_a_slow_lane_is_refused_with_those_that_have_one(
    emulate: Emulate, client_on: OpenClient
) -> None:
    together, openai = emulate("together"), emulate("openai")
    async with client_on(together, openai) as client:
        items = [{**FOX, "model": "together/flux-schnell"}]
        refused = told(await client.call_tool("generate_batch", {"items": items, "urgency": "day"}))
    error = refused["items"][0]["error"] if isinstance(refused["items"][0].get("error"), dict) else refused["items"][0]
    assert error["code"] == "unsupported"
    assert "within a day at a lower price" in str(error)
    assert together.orders == openai.orders == []


def is_asked_about(emulator: Emulator) -> bool:
    """Whether the provider was asked what became of a batch, and so whoever asks knows where to cancel it."""
    return any(call.method == "GET" and "/batches/" in call.path for call in emulator.calls)


@pytest.mark.parametrize("name", NAMES)
async def test_a_batch_is_cancelled_upstream_and_asked_about_until_it_has_stopped(
    name: str, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate(name)
    emulator.polls = 10**6
    emulator.stop_answering("poll")
    async with client_on(emulator) as client:
        job_id = (await batch(client, name))["items"][0]["job_id"]
        with anyio.fail_after(PATIENCE):
            while not is_asked_about(emulator):
                await anyio.lowlevel.checkpoint()
        await client.call_tool("cancel_job", {"job_id": job_id})
        emulator.clear()
        job = await ended(client, job_id)
    assert any(call.path.endswith(("/cancel", ":cancel")) for call in emulator.calls)
    assert job["state"] in ("canceled", "failed")
    assert "maybe_billed" not in job["attempts"][0]
    assert len(emulator.orders) == 1


async def test_what_waits_its_turn_holds_no_place_of_what_does_not(
    emulate: Emulate, client_on: OpenClient, environment: dict[str, str]
) -> None:
    emulator = emulate("openai")
    emulator.polls = 40
    config = Path(environment["IMGFORGE_CONFIG"])
    await anyio.Path(config).write_text("[providers.openai]\nconcurrency = 1\n", "utf-8")
    async with client_on(emulator) as client:
        items = [{**FOX, "model": MODELS["openai"]} for _ in range(3)]
        started = told(await client.call_tool("generate_batch", {"items": items, "urgency": "day"}))
        jobs = [await ended(client, item["job_id"]) for item in started["items"]]
    paths = [(call.method, call.path) for call in emulator.calls]
    made = [place for place, call in enumerate(paths) if call == ("POST", "/v1/batches")]
    fetched = [place for place, (_, path) in enumerate(paths) if path.endswith("/content")]
    assert [job["state"] for job in jobs] == ["completed"] * 3
    assert len(made) == 3
    assert max(made) < min(fetched), "one after the other, if each held the provider's one place"


async def test_half_the_price_is_what_the_user_is_asked_for_and_what_the_cap_holds(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    cap = {"IMGFORGE_MAX_COST_USD": "0.03"}
    async with client_on(emulator, **cap) as client:
        whole = told(await client.call_tool("generate_image", {**FOX, "model": MODELS["openai"]}))
        job = await ended(client, (await batch(client, "openai"))["items"][0]["job_id"])
    assert whole["code"] == "budget_exceeded"
    assert job["state"] == "completed"
