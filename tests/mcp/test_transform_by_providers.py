"""transform_image with a key: a provider does it better than this machine, is priced and booked, and is not needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image

from tests.answers import pictures, told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]


def as_it_was(tmp_path: Path) -> bytes:
    return Path(noise(tmp_path)).read_bytes()


def noise(tmp_path: Path, width: int = 320, height: int = 256) -> str:
    """A picture whose background is of no one colour."""
    path = tmp_path / "out" / f"noise-{width}x{height}.png"
    path.parent.mkdir(exist_ok=True)
    Image.effect_noise((width, height), 90).convert("RGB").save(path)
    return str(path)


async def transformed(client: Client, image: str, operation: str, **asked: Any) -> dict[str, Any]:
    return told(await client.call_tool("transform_image", {"image": image, "operation": operation, **asked}))


async def test_whoever_has_it_is_asked_before_this_machine_and_is_booked(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("recraft")
    async with client_on(emulator) as client:
        job = await transformed(client, noise(tmp_path), "remove_background")
        usage = told(await client.call_tool("get_usage", {}))
    assert (job["provider"], job["model"], job["cost_usd"]) == ("recraft", "recraft-cut-out", 0.01)
    assert job["cost_basis"] == "reported"
    assert not any("by the colour" in warning for warning in job.get("warnings", []))
    assert not any("no tier" in warning for warning in job.get("warnings", []))
    assert usage["cost_usd"] == 0.01


async def test_this_machine_does_it_where_it_is_named_and_what_nobody_else_has(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("recraft")
    async with client_on(emulator) as client:
        large = await transformed(client, noise(tmp_path), "upscale", provider="local")
        small = await transformed(client, noise(tmp_path), "crop", width=64, height=64)
        kept = await transformed(client, noise(tmp_path), "upscale", max_cost_usd=0)
    assert [job["provider"] for job in (large, small, kept)] == ["local"] * 3
    assert emulator.orders == []


async def test_a_provider_that_is_down_is_followed_by_another_and_then_by_this_machine(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    recraft, fal = emulate("recraft"), emulate("fal")
    async with client_on(recraft, fal) as client:
        recraft.fault("503")
        second = await transformed(client, noise(tmp_path), "vectorize")
        fal.fault("500", "result")
        here = await transformed(client, noise(tmp_path), "vectorize")
    assert second["provider"] == "fal"
    assert here["provider"] == "local"
    assert any("Traced along the edges" in warning for warning in here["warnings"])


async def test_a_picture_that_a_provider_would_be_sent_smaller_is_not_sent_to_it(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("stability")
    async with client_on(emulator) as client:
        job = await transformed(client, noise(tmp_path, 1200, 1000), "upscale")
        pinned = await transformed(client, noise(tmp_path, 1200, 1000), "upscale", provider="stability")
    assert job["provider"] == "local"
    assert (pinned["code"], pinned["details"]["field"]) == ("unsupported", "image")
    assert "1200×1000" in pinned["error"]
    assert emulator.orders == []


async def test_four_times_where_twice_was_asked_for_is_made_smaller_here_and_said(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    async with client_on(emulate("stability")) as client:
        job = await transformed(client, noise(tmp_path), "upscale", scale=2)
    assert pictures(job) == [(640, 512)]
    assert any("as it came, 1280x1024" in warning for warning in job["warnings"])


async def test_what_comes_too_small_is_a_shortfall_and_is_not_blown_up(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("recraft")
    emulator.delivered = as_it_was(tmp_path)
    async with client_on(emulator) as client:
        job = await transformed(client, noise(tmp_path), "upscale", scale=4)
    assert pictures(job) == [(320, 256)]
    assert job["shortfalls"] == [{"asked": "1280×1024", "got": "320×256"}]
    assert "not as asked" in job["message"]


async def test_a_cut_out_that_comes_opaque_is_not_called_one(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("recraft")
    emulator.delivered = as_it_was(tmp_path)
    async with client_on(emulator) as client:
        job = await transformed(client, noise(tmp_path), "remove_background")
    assert job["shortfalls"] == [{"asked": "a transparent background", "got": "an opaque one"}]


async def test_the_format_that_was_asked_for_is_written_here(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    async with client_on(emulate("recraft")) as client:
        job = await transformed(client, noise(tmp_path), "upscale", format="webp")
    assert job["assets"][0]["mime_type"] == "image/webp"
    assert pictures(job) == [(640, 512)]


async def test_the_user_is_asked_for_a_transform_that_costs_and_the_cap_holds(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("bfl")
    async with client_on(emulator, IMGFORGE_CONFIRM_ABOVE_USD="0.01") as client:
        asked = {"left": 64, "provider": "bfl"}
        unconfirmed = await transformed(client, noise(tmp_path), "extend", **asked)
        capped = await transformed(client, noise(tmp_path), "extend", max_cost_usd=0.01, **asked)
        agreed = await transformed(client, noise(tmp_path), "extend", confirm_cost_usd=0.05, **asked)
    assert unconfirmed["code"] == "confirmation_required"
    assert capped["code"] == "budget_exceeded"
    assert (agreed["state"], agreed["cost_usd"], agreed["cost_basis"]) == ("completed", 0.05, "reported")
    assert len(emulator.orders) == 1
