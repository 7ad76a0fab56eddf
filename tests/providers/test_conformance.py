"""One suite over every provider that has an emulator, through the MCP tool: pictures, settings, faults, jobs' lives."""

from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client

from imgforge_mcp import create_server, open_forge
from imgforge_mcp.base.config import load_config
from tests import emulators
from tests.answers import ended, on_hang, pictures, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.providers._subject import (
    CAN_CANCEL,
    HANG_SECONDS,
    Ending,
    ending,
    has_model,
    one_group,
    usual_model,
)
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

NAMES = emulators.names()
COSTS_NOTHING = {"a1111", "nvidia"}
FAULTS = [
    pytest.param(name, kind, phase, id=f"{name}-{kind}-{phase}")
    for name in NAMES
    for kind, phase in sorted(emulators.load(name).supported_faults, key=lambda fault: (fault[1], fault[0]))
    # In this phase every refusal also has its own name.
    if (kind, phase) != ("refusal", "submit")
]
PROMPT = "a red fox in the snow"
SHORT = {"IMGFORGE_JOB_DEADLINE": "120"}
"""Where a job can only end by its deadline."""
Emulate = Callable[..., Emulator]


def other(name: str) -> str:
    """A healthy provider to fail over to."""
    return "together" if name == "openai" else "openai"


def prefer(environment: dict[str, str], *names: str) -> None:
    """Make these providers equals, tried in this order."""
    Path(environment["IMGFORGE_CONFIG"]).write_text(one_group(*names), "utf-8")


def moves_on_hang(emulator: Emulator, clock: VirtualClock, seconds: float, *, once: bool = False) -> None:
    """Let `seconds` pass whenever a call hangs, or only when the first one does."""
    passes = iter([seconds] if once else repeat(seconds))
    on_hang(emulator, lambda: clock.advance(next(passes, 0.0)))


def hanging(emulator: Emulator) -> anyio.Event:
    """An event that is set once a call hangs."""
    event = anyio.Event()
    on_hang(emulator, event.set)
    return event


def working_phase(emulator: Emulator) -> str:
    """The call during which the provider is at work."""
    return "poll" if emulator.is_queue else "submit"


async def offer(client: Client, name: str, slug: str) -> dict[str, Any]:
    """What list_models says about a model at a provider."""
    asked: dict[str, Any] = {"provider": name, "available_only": False, "detail": "full"}
    shown: list[dict[str, Any]] = []
    while True:
        answer = told(await client.call_tool("list_models", asked))
        shown += answer["models"]
        if "next_cursor" not in answer:
            break
        asked["cursor"] = answer["next_cursor"]
    (found,) = (
        each for model in shown for each in model["providers"] if model["slug"] == slug and each["provider"] == name
    )
    assert isinstance(found, dict)
    return found


# Pictures and settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_a_prompt_is_enough_for_a_picture(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": PROMPT})
        job = told(result)
    assert not result.is_error
    assert job["state"] == "completed"
    assert job["provider"] == name
    assert pictures(job) == [(asset["width"], asset["height"]) for asset in job["assets"]]
    assert len(job["assets"]) == len(emulator.submits) == 1
    assert emulator.orders[0].prompt.startswith(PROMPT)
    assert emulator.surprises == []


@pytest.mark.parametrize("name", [name for name in NAMES if has_model(name, sizing="pixels")])
async def test_a_size_in_pixels_is_the_pictures_size(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate(name)
    model = usual_model(name, sizing="pixels").name_in_full
    async with client_on(emulator) as client:
        asked = {"prompt": PROMPT, "model": model, "width": 1024, "height": 768}
        job = told(await client.call_tool("generate_image", asked))
    assert pictures(job) == [(1024, 768)]
    assert "warnings" not in job
    assert emulator.surprises == []


@pytest.mark.parametrize("ratio", ["16:9", "2:3"])
@pytest.mark.parametrize("name", [name for name in NAMES if usual_model(name).sizing.kind != "fixed"])
async def test_an_aspect_ratio_is_the_pictures_shape(
    name: str, ratio: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    across, down = map(int, ratio.split(":"))
    async with client_on(emulator) as client:
        asked = {"prompt": PROMPT, "model": usual_model(name).name_in_full, "aspect_ratio": ratio}
        job = told(await client.call_tool("generate_image", asked))
    ((width, height),) = pictures(job)
    assert width / height == pytest.approx(across / down, rel=0.05)
    assert emulator.surprises == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [pytest.param("seed", 4711, id="seed"), pytest.param("negative_prompt", "blurry hands", id="negative prompt")],
)
@pytest.mark.parametrize("name", NAMES)
async def test_a_setting_is_sent_where_the_model_has_it_and_else_a_warning_says_so(
    name: str, setting: str, value: Any, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    has_it = has_model(name, accepts=setting)
    model = usual_model(name, accepts=setting) if has_it else usual_model(name)
    async with client_on(emulator) as client:
        asked = {"prompt": PROMPT, "model": model.name_in_full, setting: value}
        job = told(await client.call_tool("generate_image", asked))
    assert job["state"] == "completed"
    assert (str(value) in str(emulator.orders[0].body)) is has_it
    assert any(setting in warning for warning in job.get("warnings", [])) is not has_it
    assert emulator.surprises == []


@pytest.mark.parametrize("seed", [pytest.param(None, id="no seed"), pytest.param(7, id="seed")])
@pytest.mark.parametrize("name", NAMES)
async def test_four_images_are_four_different_ones(
    name: str, seed: int | None, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    model = usual_model(name)
    async with client_on(emulator) as client:
        asked = {"prompt": PROMPT, "model": model.name_in_full, "n": 4, "seed": seed}
        job = told(await client.call_tool("generate_image", asked))
    assert job["state"] == "completed"
    assert len({asset["asset_id"] for asset in job["assets"]}) == len(job["assets"]) == 4
    assert sum(order.number for order in emulator.orders) == 4
    assert len(emulator.submits) == -(-4 // model.max_n)
    assert emulator.surprises == []


@pytest.mark.parametrize("name", [name for name in NAMES if usual_model(name).max_n == 1])
async def test_of_four_images_those_that_came_are_kept(
    name: str, emulate: Emulate, client_on: OpenClient, environment: dict[str, str]
) -> None:
    emulator, second = emulate(name), emulate(other(name))
    prefer(environment, name, second.name)
    emulator.fault("500", times=1)
    async with client_on(emulator, second) as client:
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT, "n": 4}))
    assert job["state"] == "completed"
    assert len(job["assets"]) == len(emulator.submits) == 3
    assert "1 of 4" in " ".join(job["warnings"])
    assert second.submits == []


# Faults ---------------------------------------------------------------------------------------------------------------


async def with_fault(
    client: Client, emulator: Emulator, kind: str, phase: str, clock: VirtualClock
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A job that meets the fault, when it has ended, and what list_models says afterwards about the first candidate."""
    moves_on_hang(emulator, clock, HANG_SECONDS[phase])
    emulator.fault(kind, phase)
    result = await client.call_tool("generate_image", {"prompt": PROMPT})
    job = await ended(client)
    if result.is_error:
        assert told(result) == job["error"]
    first = job["attempts"][0]
    assert first["provider"] == emulator.name
    assert emulator.key not in str((result, job))
    assert emulator.surprises == []
    return job, await offer(client, emulator.name, first["model"])


def check_first_attempt(job: dict[str, Any], seen: dict[str, Any], expected: Ending) -> None:
    """What is recorded about the attempt, and what it does to its candidate."""
    first = job["attempts"][0]
    assert first["error_code"] == expected.outcome
    assert first.get("maybe_billed", False) is (expected.is_billed and seen["price_basis"] != "free")
    assert (seen.get("success_rate", 1.0) < 0.95) is expected.hurts
    assert seen["state"] == (expected.rests or "available")


@pytest.mark.parametrize(("name", "kind", "phase"), FAULTS)
async def test_with_one_provider_a_fault_ends_with_its_code(
    name: str, kind: str, phase: str, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate(name)
    expected = ending(emulator, kind, phase)
    async with client_on(emulator, **SHORT if expected.code == "timeout" else {}) as client:
        if phase == "download" and not await fetches(client, emulator):
            return
        job, seen = await with_fault(client, emulator, kind, phase, clock)
    assert job["state"] == "failed"
    assert job["error"]["code"] == expected.code
    check_first_attempt(job, seen, expected)
    if expected.is_billed:
        assert len(job["attempts"]) == 1
        # Who sends us elsewhere has not taken the work; nobody can know that.
        assert len(emulator.submits) == int((kind, phase) != ("redirect", "submit"))
    if expected.code == "rate_limited":
        assert job["error"]["retry_after_seconds"] > 0
    if expected.code == "provider_auth":
        assert emulator.key_variable in job["error"]["error"]
    if expected.code == "timeout":
        assert clock.monotonic() >= 120


@pytest.mark.parametrize(("name", "kind", "phase"), FAULTS)
async def test_with_a_second_provider_a_fault_ends_as_a_picture_unless_it_must_not(
    name: str,
    kind: str,
    phase: str,
    emulate: Emulate,
    client_on: OpenClient,
    clock: VirtualClock,
    environment: dict[str, str],
) -> None:
    emulator, second = emulate(name), emulate(other(name))
    prefer(environment, name, second.name)
    expected = ending(emulator, kind, phase)
    async with client_on(emulator, second, **SHORT if expected.code == "timeout" else {}) as client:
        if phase == "download" and not await fetches(client, emulator):
            return
        job, seen = await with_fault(client, emulator, kind, phase, clock)
    check_first_attempt(job, seen, expected)
    assert len(second.submits) == int(expected.fails_over)
    assert len(job["attempts"]) == 1 + expected.fails_over
    assert job["state"] == ("completed" if expected.fails_over else "failed")
    if expected.fails_over:
        assert job["provider"] == second.name
        assert len(pictures(job)) == 1
    else:
        assert job["error"]["code"] == expected.code


async def fetches(client: Client, emulator: Emulator) -> bool:
    """Whether the provider hands out URLs to the requests that we send: else nothing is downloaded."""
    if emulator.is_queue:
        return True
    await client.call_tool("generate_image", {"prompt": PROMPT})
    has_fetched = any("/_files/" in call.path for call in emulator.calls)
    emulator.log.forget()
    return has_fetched


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(name, kind, id=f"{name}-{kind}")
        for name in NAMES
        for kind in ("429", "503")
        if (kind, "submit") in emulators.load(name).supported_faults
    ],
)
async def test_a_candidate_rests_as_long_as_the_provider_says(
    name: str, kind: str, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate(name)
    emulator.fault(kind, retry_after=120)
    model = usual_model(name)
    asked = {"prompt": PROMPT, "model": model.name_in_full}
    async with client_on(emulator) as client:
        first = told(await client.call_tool("generate_image", asked))
        seen = await offer(client, name, model.slug)
        second = told(await client.call_tool("generate_image", asked))
        assert len(emulator.calls) == 1
        emulator.clear()
        clock.advance(121)
        third = told(await client.call_tool("generate_image", asked))
    assert first["retry_after_seconds"] == seen["retry_in_seconds"] == second["retry_after_seconds"] == 120
    assert second["code"] == "rate_limited"
    assert third["state"] == "completed"


async def test_after_an_ambiguous_failure_the_next_candidate_must_fit_into_what_the_cost_limit_leaves(
    emulate: Emulate, client_on: OpenClient, environment: dict[str, str], clock: VirtualClock
) -> None:
    emulator, second = emulate("openai"), emulate("bfl")
    prefer(environment, "openai", "bfl")
    emulator.fault("cut")
    async with client_on(emulator, second) as client:
        await client.call_tool("generate_image", {"prompt": PROMPT, "provider": "openai"})
        price = (await ended(client))["attempts"][0]["cost_usd"]
        clock.advance(1000)
        tight = await client.call_tool("generate_image", {"prompt": PROMPT, "max_cost_usd": 1.1 * price})
        assert tight.is_error
        assert second.submits == []
        clock.advance(1000)
        loose = await client.call_tool("generate_image", {"prompt": PROMPT, "max_cost_usd": 3 * price})
    assert not loose.is_error
    assert len(second.submits) == 1
    assert len(emulator.submits) == 3


@pytest.mark.parametrize("name", NAMES)
async def test_a_refused_connection_is_not_waited_on_and_the_next_provider_draws(
    name: str, emulate: Emulate, environment: dict[str, str], clock: VirtualClock
) -> None:
    """How long it takes by a real clock is a figure of tests/benchmarks."""
    emulator, second = emulators.load(name), emulate(other(name))
    prefer(environment, name, second.name)
    with emulator.serve() as closed:
        pass
    variables = {**environment, **second.environment(), **emulator.environment(closed)}
    async with (
        open_forge(load_config(variables), clock) as forge,
        Client(create_server(forge)) as client,
    ):
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
    refused, made = job["attempts"]
    assert refused["provider"] == name
    assert refused["error_code"] == "unavailable"
    assert refused["latency_ms"] == 0  # a wait before it gives up, or before it asks the next one, would count
    assert made["provider"] == second.name
    assert job["state"] == "completed"


# The life of a job ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_a_job_that_never_ends_upstream_ends_at_its_deadline(
    name: str, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate(name)
    moves_on_hang(emulator, clock, 121)
    emulator.fault("never")
    async with client_on(emulator, IMGFORGE_JOB_DEADLINE="120") as client:
        await client.call_tool("generate_image", {"prompt": PROMPT})
        job = await ended(client)
    assert job["error"]["code"] == "timeout"
    assert "120 s" in job["error"]["error"]
    assert 120 <= clock.monotonic() < 180
    assert len(emulator.submits) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_a_picture_that_takes_longer_than_the_client_waits_is_fetched_later(
    name: str, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate(name)
    moves_on_hang(emulator, clock, 41, once=True)
    emulator.fault("hang", working_phase(emulator))
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": PROMPT})
        early = told(result)
        emulator.clear()
        job = await ended(client, early["job_id"])
    assert not result.is_error
    assert early["state"] == "processing"
    assert "check_job" in early["message"]
    assert early["job_id"] in early["message"]
    assert early["poll_after_seconds"] > 0
    assert job["state"] == "completed"
    assert len(pictures(job)) == len(emulator.submits) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_cancelling_stops_what_the_provider_can_stop_and_keeps_the_rest(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    hangs = hanging(emulator)
    emulator.fault("hang", working_phase(emulator))
    async with client_on(emulator) as client:
        job_id = told(await client.call_tool("generate_image", {"prompt": PROMPT, "sync": False}))["job_id"]
        await hangs.wait()
        answer = told(await client.call_tool("cancel_job", {"job_id": job_id}))
        emulator.clear()
        job = await ended(client, job_id)
    assert answer["state"] == ("canceled" if name in CAN_CANCEL else "processing")
    assert job["state"] == ("canceled" if name in CAN_CANCEL else "completed")
    assert any(call.path.endswith(("/cancel", "/interrupt")) for call in emulator.calls) is (name in CAN_CANCEL)
    assert len(job.get("assets", [])) == int(name not in CAN_CANCEL)
    assert len(emulator.submits) == 1
    assert emulator.surprises == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_new_process_resumes_accepted_work_and_repeats_nothing(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    hangs = hanging(emulator)
    emulator.fault("hang", working_phase(emulator))
    async with client_on(emulator) as client:
        job_id = told(await client.call_tool("generate_image", {"prompt": PROMPT, "sync": False}))["job_id"]
        await hangs.wait()
    emulator.clear()
    async with client_on(emulator) as client:
        job = await ended(client, job_id)
    assert len(emulator.submits) == 1
    assert emulator.surprises == []
    if emulator.is_queue:
        assert job["state"] == "completed"
        assert len(pictures(job)) == 1
    else:
        assert job["error"]["code"] == "interrupted"
        assert job["attempts"][0].get("maybe_billed", False) is (name not in COSTS_NOTHING)
