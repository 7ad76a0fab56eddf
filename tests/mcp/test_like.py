"""Exactly like before, but …: seed, size, model and inputs are on record and taken over; what is said anew replaces
them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image

from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
LAKE: dict[str, Any] = {
    "prompt": "a lake under a grey sky",
    "model": "together/flux-2-dev",
    "width": 1024,
    "height": 640,
}


async def made(client: Client, tool: Any = "generate_image", **asked: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, asked)
    assert not result.is_error, result
    return told(result)


async def test_a_seed_is_sent_where_none_was_given_and_is_on_record(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        first, second = await made(client, **LAKE), await made(client, **LAKE)
    sent = [order.body["seed"] for order in emulator.orders]
    assert sent[0] != sent[1]
    assert [job["assets"][0]["seed"] for job in (first, second)] == sent
    assert [job["request"]["seed"] for job in (first, second)] == sent


async def test_the_same_with_a_blue_sky_differs_in_nothing_else(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        before = await made(client, **LAKE, negative_prompt="people")
        after = await made(client, like=before["job_id"], prompt="a lake under a blue sky")
    first, second = (dict(order.body) for order in emulator.orders)
    assert second.pop("prompt").startswith("a lake under a blue sky")
    assert first.pop("prompt").startswith("a lake under a grey sky")
    assert first == second
    assert after["request"]["like"] == before["job_id"]
    assert after["request"]["size"] == "1024×640"


async def test_like_alone_repeats_the_prompt_too(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        before = await made(client, **LAKE)
        after = await made(client, like=before["job_id"])
    assert dict(emulator.orders[0].body) == dict(emulator.orders[1].body)
    assert after["job_id"] != before["job_id"]


async def test_the_second_picture_of_a_job_is_taken_with_its_own_seed(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("bfl")
    asked = {**LAKE, "model": "bfl/flux-2-pro", "n": 2}
    async with client_on(emulator) as client:
        before = await made(client, **asked)
        await made(client, like=f"{before['job_id']}#2")
        missing = told(await client.call_tool("generate_image", {"like": f"{before['job_id']}#3"}))
    seeds = [order.body["seed"] for order in emulator.orders]
    assert sorted(seeds[:2]) == sorted(asset["seed"] for asset in before["assets"])
    assert seeds[2:] == [before["assets"][1]["seed"]]
    assert (missing["code"], missing["details"]["field"]) == ("invalid_request", "like")


async def test_another_model_is_asked_for_the_same(emulate: Emulate, client_on: OpenClient) -> None:
    emulators = [emulate("together"), emulate("openai")]
    async with client_on(*emulators) as client:
        before = await made(client, **LAKE)
        after = await made(client, like=before["job_id"], model="openai/gpt-image-2")
    assert after["provider"] == "openai"
    assert emulators[1].orders[0].body["size"] == "1024x640"
    assert emulators[1].orders[0].body["prompt"].startswith("a lake under a grey sky")


async def test_another_size_replaces_the_whole_size(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        before = await made(client, **LAKE)
        after = await made(client, like=before["job_id"], aspect_ratio="1:1")
    width, height = after["assets"][0]["width"], after["assets"][0]["height"]
    assert width == height


async def test_an_edit_is_repeated_with_its_inputs_or_of_another_picture(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("together")
    files = [tmp_path / "out" / f"{colour}.png" for colour in ("red", "blue")]
    files[0].parent.mkdir()
    for path in files:
        Image.new("RGB", (64, 64), path.stem).save(path)
    async with client_on(emulator) as client:
        first = await made(
            client, "edit_image", image=str(files[0]), prompt="add a boat", model="together/flux-kontext"
        )
        again = await made(client, "edit_image", like=first["job_id"], prompt="add two boats")
        other = await made(client, "edit_image", like=first["job_id"], image=str(files[1]))
    sent = [order.body["image_url"] for order in emulator.orders]
    assert sent[0] == sent[1] != sent[2]
    assert [order.prompt for order in emulator.orders] == ["add a boat", "add two boats", "add a boat"]
    assert first["request"]["inputs"] == again["request"]["inputs"] != other["request"]["inputs"]


async def test_an_edit_like_a_generated_picture_changes_that_picture(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        before = await made(client, **LAKE)
        after = await made(client, "edit_image", like=before["job_id"], prompt="make it night")
    assert after["request"]["inputs"] == [before["assets"][0]["asset_id"]]
    assert after["request"]["tool"] == "edit_image"


@pytest.mark.parametrize(
    ("like", "code"), [("01KAXB7GVJ8Q3W5N9T2D4E6F8H", "not_found"), ("lake.png", "invalid_request")]
)
async def test_a_job_that_is_none_is_refused_by_that_word(
    like: str, code: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        refused = told(await client.call_tool("generate_image", {"prompt": "a lake", "like": like}))
    assert (refused["code"], refused["details"]["field"]) == (code, "like")
    assert emulator.calls == []


async def test_without_like_a_prompt_is_needed_as_ever(client_on: OpenClient) -> None:
    async with client_on() as client:
        refused = told(await client.call_tool("generate_image", {"width": 64, "height": 64}))
    assert refused["details"]["field"] == "prompt"
    assert refused["error"].startswith("prompt is missing")


async def test_it_works_for_the_engine_without_keys_after_a_restart(client_on: OpenClient) -> None:
    async with client_on() as client:
        before = await made(client, prompt="a red fox in a meadow", width=128, height=96)
    async with client_on() as client:
        after = await made(client, like=before["job_id"])
    assert [asset["asset_id"] for asset in after["assets"]] == [asset["asset_id"] for asset in before["assets"]]
