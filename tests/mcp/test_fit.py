"""Pictures of exactly the size that was asked for, made on this machine from what came."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.answers import pictures, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.media._pictures import encoded

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
ASKED = {"prompt": "a lighthouse", "model": "openai/gpt-image-2", "width": 1170, "height": 2532}


@pytest.mark.parametrize(("fit", "words"), [("cover", "its edges cut"), ("contain", "the rest filled")])
async def test_a_picture_has_exactly_the_size_that_was_asked_for_and_the_message_says_how(
    fit: str, words: str, emulate: Emulate, client_on: OpenClient, tmp_path: Path, home: Path
) -> None:
    emulator = emulate("openai")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {**ASKED, "fit": fit, "save_to": "screen"}))
        made = told(await client.call_tool("check_job", {"job_id": job["job_id"]}))
        (asset,) = job["assets"]
        original = job["message"].split("as it came, ")[1].split(": ")[1].rstrip(". ")[:12]
        again = {"prompt": "the same", "model": "openai/gpt-image-2", "input_images": [original]}
        result = await client.call_tool("generate_image", again)
    assert pictures(job) == [(1170, 2532)]
    assert (asset["width"], asset["height"]) == (1170, 2532)
    assert f"Fitted to 1170x2532 on this machine, {words}" in job["message"] == made["message"]
    assert size_of(job["saved_to"][0]) == (1170, 2532)
    # What came is kept, and can be used by the id in the message.
    assert not result.is_error
    assert len(list_of(home)) == 3
    assert "cannot make" not in str(job)


async def test_a_picture_that_has_the_size_is_left_as_it_came(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.delivered = encoded(Image.new("RGB", (640, 480), "teal"), "JPEG")
    asked = {"prompt": "a lake", "model": "together/flux-1-schnell", "width": 640, "height": 480, "fit": "cover"}
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", asked))
    assert "Fitted" not in job["message"]
    assert job["assets"][0]["mime_type"] == "image/jpeg"


async def test_an_exact_size_needs_both_sides(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        refused = told(await client.call_tool("generate_image", {"prompt": "a lake", "width": 640, "fit": "cover"}))
    assert (refused["code"], refused["details"]["field"]) == ("invalid_request", "fit")
    assert emulator.calls == []


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def list_of(home: Path) -> list[Path]:
    return [path for path in home.glob("assets/*/*") if not path.name.startswith(".")]
