"""A transparent background is delivered as true alpha: by the model where it can, else cut out on this machine; an
opaque answer is never called transparent."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.media._pictures import encoded

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
APPLE = {"prompt": "a red apple", "background": "transparent", "quality_tier": "draft"}


def apple(mode: str = "RGB", background: Any = "white") -> Image.Image:
    picture = Image.new(mode, (128, 128), background)
    ImageDraw.Draw(picture).ellipse((32, 32, 96, 96), "red")
    return picture


def opened(job: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(Path(job["assets"][0]["path"]).read_bytes()))


def is_cut_out(picture: Image.Image) -> bool:
    """Whether the corner is gone and the middle is there."""
    layer = picture.convert("RGBA").getchannel("A")
    return (layer.getpixel((0, 0)), layer.getpixel((64, 64))) == (0, 255)


async def test_a_model_that_can_is_asked_for_a_transparent_background(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("openai")
    emulator.delivered = encoded(apple("RGBA", (0, 0, 0, 0)), "PNG")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {**APPLE, "model": "openai/gpt-image-1.5"}))
    (order,) = emulator.orders
    assert (order.body["background"], order.body["output_format"]) == ("transparent", "png")
    assert is_cut_out(opened(job))
    assert "not as asked" not in job["message"]
    assert "shortfalls" not in job
    assert "plain white" not in order.prompt


async def test_a_model_that_cannot_gets_a_plain_background_which_is_cut_out_here(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.delivered = encoded(apple(), "JPEG")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", APPLE))
        kept = job["message"].split("as it came: ")[1][:12]
        emulator.delivered = None
        again = await client.call_tool("edit_image", {"prompt": "greener", "image": kept})
    assert "on a plain white background" in emulator.orders[0].prompt
    assert is_cut_out(opened(job))
    assert job["assets"][0]["mime_type"] == "image/png"
    assert "Cut out on this machine" in job["message"]
    assert any("Cut out on this machine" in warning for warning in job["warnings"])
    assert "not as asked" not in job["message"]
    assert not again.is_error


async def test_an_opaque_answer_that_cannot_be_cut_out_is_not_called_transparent(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    noisy = Image.effect_noise((128, 128), 120).convert("RGB")
    emulator.delivered = encoded(noisy, "PNG")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {**APPLE, "model": "openai/gpt-image-1.5"}))
        later = told(await client.call_tool("check_job", {"job_id": job["job_id"]}))
    wrong = {"asked": "a transparent background", "got": "an opaque one"}
    assert job["shortfalls"] == later["shortfalls"] == [wrong]
    assert "ready, but not as asked: an opaque one instead of a transparent background." in job["message"]
    assert job["message"] == later["message"]


async def test_a_provider_that_could_cut_it_out_is_named_with_its_price(
    emulate: Emulate, client_on: OpenClient
) -> None:
    recraft, together = emulate("recraft"), emulate("together")
    together.delivered = encoded(Image.effect_noise((512, 512), 120).convert("RGB"), "PNG")
    asked = {**APPLE, "model": "together/flux-schnell"}
    async with client_on(together, recraft) as client:
        job = told(await client.call_tool("generate_image", asked))
        [said] = [warning for warning in job["warnings"] if warning.startswith("Not cut out")]
        picture = job["assets"][0]["asset_id"]
        cut = told(await client.call_tool("transform_image", {"operation": "remove_background", "image": picture}))
    assert "; recraft/recraft-cut-out can do it for $0.01 (transform_image, remove_background): " in said
    assert (cut["provider"], cut["cost_usd"]) == ("recraft", 0.01)
    assert opened(cut).convert("RGBA").getchannel("A").getextrema()[0] == 0


async def test_an_opaque_background_is_put_behind_what_came_without_one(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.delivered = encoded(apple("RGBA", (0, 0, 0, 0)), "PNG")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {**APPLE, "background": "opaque"}))
    assert opened(job).convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
    assert "shortfalls" not in job


async def test_a_jpeg_cannot_be_transparent_and_nothing_is_sent(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        refused = told(await client.call_tool("generate_image", {**APPLE, "output_format": "jpg"}))
    assert (refused["code"], refused["details"]["field"]) == ("invalid_request", "output_format")
    assert emulator.calls == []


async def test_the_engine_without_keys_draws_an_apple_that_can_be_laid_on_anything(client_on: OpenClient) -> None:
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", {**APPLE, "width": 256, "height": 256, "seed": 3}))
    layer = opened(job).getchannel("A")
    assert layer.getpixel((0, 0)) == 0
    assert 0.05 < sum(1 for value in layer.tobytes() if value) / len(layer.tobytes()) < 0.6
    assert "Cut out on this machine" in job["message"]


async def test_among_models_of_a_tier_one_that_makes_transparency_comes_first(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulators = [emulate("together"), emulate("openai")]
    emulators[1].delivered = encoded(apple("RGBA", (0, 0, 0, 0)), "PNG")
    async with client_on(*emulators) as client:
        clear = told(await client.call_tool("generate_image", APPLE))
        plain = told(await client.call_tool("generate_image", {**APPLE, "background": "auto"}))
        listed = told(await client.call_tool("list_models", {"capability": "transparent"}))
    assert clear["provider"] == "openai"
    assert plain["provider"] == "together"
    assert all("gpt-image" in line for line in listed["models"])


async def test_a_picture_is_cut_out_once_and_then_fitted(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.delivered = encoded(apple(), "PNG")
    asked = {**APPLE, "width": 200, "height": 100, "fit": "contain"}
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", asked))
    picture = opened(job)
    assert picture.size == (200, 100)
    assert picture.convert("RGBA").getpixel((2, 50)) == (0, 0, 0, 0)
    assert "shortfalls" not in job
