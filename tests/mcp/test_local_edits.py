"""Pictures changed with no key at all: by the embedded engine, as far as it can."""

import io
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image, ImageChops, ImageStat

from tests.answers import pictures, previews, told
from tests.conftest import OpenClient

pytestmark = pytest.mark.anyio

LAKE = {"prompt": "a mountain lake at sunset", "width": 192, "height": 128, "seed": 2}


async def draw(client: Client) -> dict[str, Any]:
    return told(await client.call_tool("generate_image", LAKE))


def opened(job: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(Path(job["assets"][0]["path"]).read_bytes())).convert("RGB")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_drawn_picture_is_restyled(mode: str, client_on: OpenClient) -> None:
    async with client_on(mode=mode) as client:
        before = await draw(client)
        result = await client.call_tool(
            "edit_image", {"prompt": "make it look like watercolor", "image": before["job_id"]}
        )
    after = told(result)
    assert not result.is_error
    assert (after["provider"], after["cost_basis"]) == ("local", "free")
    assert pictures(after) == pictures(before) == [(192, 128)]
    assert sum(ImageStat.Stat(ImageChops.difference(opened(before), opened(after))).mean) > 5
    assert after["warnings"][0].startswith("Changed on this machine by the embedded engine")
    assert after["original_prompt"] == "make it look like watercolor"
    assert len(previews(result)) == 1


async def test_a_change_goes_on_from_the_last_one_after_a_restart(client_on: OpenClient) -> None:
    async with client_on() as client:
        first = await draw(client)
    async with client_on() as client:
        square = told(await client.call_tool("edit_image", {"prompt": "crop to square", "image": first["job_id"]}))
    async with client_on() as client:
        grey = told(await client.call_tool("edit_image", {"prompt": "black and white", "image": square["job_id"]}))
    assert pictures(grey) == pictures(square) == [(128, 128)]
    red, green, blue = ImageStat.Stat(opened(grey)).mean
    assert red == pytest.approx(green, abs=1) == pytest.approx(blue, abs=1)


async def test_a_drawing_remembers_its_scene(client_on: OpenClient) -> None:
    async with client_on() as client:
        day = told(await client.call_tool("generate_image", {**LAKE, "prompt": "a red fox in a meadow by day"}))
        night = told(await client.call_tool("edit_image", {"prompt": "make it night", "image": day["job_id"]}))
    assert night["state"] == "completed"
    assert sum(ImageStat.Stat(opened(night)).mean) < sum(ImageStat.Stat(opened(day)).mean) - 100


@pytest.mark.parametrize("more", [{}, {"sync": False}], ids=["waited for", "looked up later"])
async def test_what_the_engine_cannot_do_is_refused_with_what_it_can(
    more: dict[str, Any], client_on: OpenClient
) -> None:
    async with client_on() as client:
        before = await draw(client)
        asked = {"prompt": "add a unicorn behind the tree", "image": before["job_id"], **more}
        result = await client.call_tool("edit_image", asked)
        if more:
            job_id = told(result)["job_id"]
            job = told(await client.call_tool("check_job", {"job_id": job_id, "wait_seconds": 50}))
            error = job["error"]
        else:
            assert result.is_error
            error = told(result)
    assert (error["code"], error["status"]) == ("invalid_request", 400)
    assert error["details"]["field"] == "prompt"
    assert all(word in error["error"] for word in ("restyle", "crop to square", "caption"))


@pytest.mark.parametrize("extra", ["mask", "strength", "reference_images"])
async def test_what_needs_a_diffusion_model_is_unsupported(extra: str, client_on: OpenClient) -> None:
    async with client_on() as client:
        before = await draw(client)
        value = {"mask": before["job_id"], "strength": 0.5, "reference_images": [before["job_id"]]}[extra]
        asked = {"prompt": "sepia", "image": before["job_id"], extra: value}
        refused = told(await client.call_tool("edit_image", asked))
    assert refused["code"] == "unsupported"
    assert refused["details"]["able"] == []


async def test_the_job_and_its_message_name_what_was_not_drawn(client_on: OpenClient) -> None:
    prompt = "a toad beside a flumbergast, six zorbles, a grommlet, a plimp, a snorf and a quib on a lake"
    async with client_on() as client:
        made = told(await client.call_tool("generate_image", {"prompt": prompt, "width": 128, "height": 128}))
        again = told(await client.call_tool("check_job", {"job_id": made["job_id"]}))
    assert "toad: drawn as a frog" in made["drawn"]
    assert {"beside flumbergast", "six zorbles", "grommlet", "plimp", "snorf"} <= set(made["not_drawn"])
    assert "Not drawn: " in made["message"]
    assert made["message"].endswith(" more).")
    assert (again["drawn"], again["not_drawn"]) == (made["drawn"], made["not_drawn"])
