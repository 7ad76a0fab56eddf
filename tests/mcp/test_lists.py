"""Several jobs at a glance: a line each and one numbered sheet; everything stopped with one call; who draws here and
where files go, told before the first call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.answers import ended, on_hang, previews, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]


async def test_the_last_ten_jobs_come_with_their_pictures_on_one_sheet(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        for number in range(11):
            clock.advance(1)
            await client.call_tool("generate_image", {"prompt": f"picture {number}", "quality_tier": "draft"})
        clock.advance(1)
        emulator.fault("refusal", times=1)
        await client.call_tool("generate_image", {"prompt": "something refused", "quality_tier": "draft"})
        result = await client.call_tool("check_job", {"limit": 10})
        bare = await client.call_tool("check_job", {"limit": 10, "include_preview": False})
        failed = told(await client.call_tool("check_job", {"state": "failed"}))["jobs"]
    lines = told(result)["jobs"]
    assert [line["number"] for line in lines] == list(range(1, 11))
    assert [line["prompt"] for line in lines[:2]] == ["something refused", "picture 10"]
    assert {"job_id", "state", "size", "path", "cost_usd"} <= lines[1].keys()
    assert "refused" in lines[0]["reason"]
    assert Path(lines[1]["path"]).suffix in (".png", ".jpg")
    (sheet,) = previews(result)
    assert sheet.width > 3 * 150
    assert previews(bare) == []
    assert [line["job_id"] for line in failed] == [lines[0]["job_id"]]
    assert "number" in lines[0]


async def test_a_batch_comes_with_its_pictures_on_one_sheet(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    items = [{"prompt": f"product {number}", "quality_tier": "draft"} for number in range(4)]
    async with client_on(emulator) as client:
        made = await client.call_tool("generate_batch", {"items": items})
        again = await client.call_tool("check_job", {"job_id": told(made)["batch_id"]})
    async with client_on(emulator, introduced=("claude-code", "2.1.280")) as client:
        structured = await client.call_tool("generate_batch", {"items": items})
    assert len(previews(made)) == len(previews(again)) == 1
    assert told(made) == told(again)
    assert previews(structured) == []


async def test_everything_that_is_under_way_is_stopped_by_one_call(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("fal")
    emulator.fault("hang", "poll")
    hangs = [anyio.Event() for _ in range(2)]
    async with client_on(emulator) as client:
        jobs = []
        for hang in hangs:
            on_hang(emulator, hang.set)
            asked: dict[str, Any] = {"prompt": "a lake", "sync": False, "quality_tier": "draft"}
            jobs.append(told(await client.call_tool("generate_image", asked))["job_id"])
            await hang.wait()
        stopped = told(await client.call_tool("cancel_job", {"job_id": "all"}))
        states = [(await ended(client, job_id))["state"] for job_id in jobs]
        nothing = told(await client.call_tool("cancel_job", {"job_id": "all"}))
    assert states == ["canceled", "canceled"]
    assert sorted(stopped["canceled"]) == sorted(jobs)
    assert stopped["message"] == "2 jobs called off; nothing was spent on them."
    assert nothing["message"] == "Nothing was under way."


async def test_the_instructions_are_those_of_this_installation(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    async with client_on(mode="legacy") as client:
        alone = client.instructions or ""
        tools = {tool.name: tool.description or "" for tool in (await client.list_tools()).tools}
    async with client_on(emulate("openai"), mode="legacy") as client:
        keyed = client.instructions or ""
    assert "No provider has a key here" in alone
    assert "not photographs" in alone
    assert str(tmp_path / "out") in alone
    assert "Active here: openai; the largest picture is 3840 px a side" in keyed
    assert "No provider" not in keyed
    assert str(tmp_path / "out") in tools["save_image"]
    assert "without a provider's key: illustrations, no photographs" in tools["generate_image"]
    assert max(len(alone), len(keyed)) < 1000
