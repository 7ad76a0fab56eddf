"""What a request may cost and who may serve it, as a client sees it: caps, references, tiers, names."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.emulators._ledger import charged
from tests.emulators._picture import draw

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}


def data_url() -> str:
    return "data:image/png;base64," + base64.b64encode(draw("a reference", 64, 64).data).decode()


async def test_references_count_in_a_cost_limit(emulate: Emulate, client_on: OpenClient) -> None:
    bfl = emulate("bfl")
    asked = {**PROMPT, "model": "bfl/flux-2-flex", "input_images": [data_url()] * 8, "max_cost_usd": 0.05}
    async with client_on(bfl) as client:
        result = await client.call_tool("generate_image", asked)
    error = told(result)
    assert result.is_error
    assert error["code"] == "budget_exceeded"
    assert "$0.05 + 8 input images × $0.05 = $0.45, above max_cost_usd 0.05; nothing was sent" in error["error"]
    assert not bfl.log.submits


async def test_a_configured_limit_is_called_by_its_own_name(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("bfl"), IMGFORGE_MAX_COST_USD="0.02") as client:
        error = told(await client.call_tool("generate_image", {**PROMPT, "model": "flux-2-pro"}))
    assert "above IMGFORGE_MAX_COST_USD 0.02" in error["error"]
    assert "quality_tier standard costs $0.014" in error["error"]


async def test_what_is_held_for_a_call_is_what_the_router_reckoned(emulate: Emulate, client_on: OpenClient) -> None:
    together = emulate("together")
    asked = {**PROMPT, "model": "together/flux-2-pro", "n": 2, "input_images": [data_url()]}
    async with client_on(together) as client:
        job = told(await client.call_tool("generate_image", asked))
    assert job["cost_usd"] == pytest.approx(2 * (0.03 + 0.015))


@pytest.mark.parametrize(
    ("model", "asked", "limit", "cost"),
    [
        pytest.param("openai/gpt-image-2.6-flare", {"quality_tier": "draft"}, 0.02, 0.02357, id="low effort"),
        pytest.param("together/flux-kontext", {}, 0.041, 0.04194, id="by the megapixel"),
        pytest.param("together/flux-2-max", {"width": 1920, "height": 1920}, 0.2, 0.258, id="each as dear"),
        pytest.param("together/flux-schnell", {"steps": 1}, 0.002, 0.002831, id="fewer steps are no cheaper"),
    ],
)
async def test_a_limit_just_below_the_price_holds(
    model: str, asked: dict[str, Any], limit: float, cost: float, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(model.partition("/")[0])
    async with client_on(emulator) as client:
        error = told(
            await client.call_tool("generate_image", {**PROMPT, "model": model, **asked, "max_cost_usd": limit})
        )
    assert error["code"] == "budget_exceeded", error
    assert f"${cost:g}" in error["error"]
    assert emulator.submits == []


@pytest.mark.parametrize("shape", ["16:9", "9:16", "4:3", "3:4", "5:4", "21:9", "3:1"])
@pytest.mark.parametrize("model", ["fal/flux-2-klein-9b", "bfl/flux-2-pro"])
async def test_a_shape_alone_costs_no_further_megapixel(
    shape: str, model: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(model.partition("/")[0])
    async with client_on(emulator) as client:
        square = told(await client.call_tool("generate_image", {**PROMPT, "model": model}))
        shaped = told(await client.call_tool("generate_image", {**PROMPT, "model": model, "aspect_ratio": shape}))
    assert shaped["cost_usd"] == square["cost_usd"]
    assert charged(emulator) == pytest.approx(shaped["cost_usd"] + square["cost_usd"])
    width, height = (int(part) for part in shape.split(":"))
    [asset] = shaped["assets"]
    assert asset["width"] / asset["height"] == pytest.approx(width / height, rel=0.03)


async def test_a_lower_tier_is_the_first_thing_that_is_said(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("cloudflare")) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "quality_tier": "ultra"}))
        refused = told(
            await client.call_tool("generate_image", {**PROMPT, "quality_tier": "ultra", "allow_lower_tier": False})
        )
        too_low = told(await client.call_tool("generate_image", {**PROMPT, "quality_tier": "ultra_plus"}))
    assert job["message"].startswith("Served from the lower tier premium, not ultra: FLUX.2 Dev.")
    assert refused["code"] == too_low["code"] == "unsupported"
    assert "allow_lower_tier" in refused["error"]
    assert "2 tiers below ultra_plus" in too_low["error"]


@pytest.mark.parametrize("name", ["auto", "FLUX.2 Pro", "FLUX.2 [pro]", "flux 2 pro", "Flux-2-Pro"])
async def test_a_model_goes_by_the_name_that_is_shown(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "model": name, "provider": "auto"}))
    assert job["state"] == "completed"
    assert name == "auto" or job["model"] == "flux-2-pro"


async def test_a_model_goes_by_a_name_that_is_nothing_like_its_slug(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("stability")) as client:
        for name in ("Stable Diffusion 3.5 Large Turbo", "stable diffusion 3.5 large turbo"):
            job = told(await client.call_tool("generate_image", {**PROMPT, "model": name}))
            assert job["model"] == "sd-3.5-turbo"


async def test_togethers_own_id_is_asked_of_together(emulate: Emulate, client_on: OpenClient) -> None:
    together, nvidia = emulate("together"), emulate("nvidia")
    async with client_on(together, nvidia) as client:
        for name in ("black-forest-labs/FLUX.1-schnell", "Black-Forest-Labs/Flux.1-Schnell"):
            job = told(await client.call_tool("generate_image", {**PROMPT, "model": name}))
            assert job["provider"] == "together"
            assert nvidia.calls == []
        together.fault("500")
        told(await client.call_tool("generate_image", {**PROMPT, "model": "black-forest-labs/FLUX.1-schnell"}))
        assert nvidia.calls == [], "nobody else has a model of that id"


async def test_a_resolution_class_finds_a_model_that_makes_it(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("nvidia"), emulate("bfl")) as client:
        large = told(await client.call_tool("generate_image", {**PROMPT, "image_size": "2K"}))
    assert (large["provider"], large["assets"][0]["width"]) == ("bfl", 2048)
    async with client_on(emulate("nvidia")) as client:
        small = told(await client.call_tool("generate_image", {**PROMPT, "image_size": "2K"}))
    assert any("no resolution class 2K" in warning for warning in small["warnings"])


async def test_a_pinned_provider_is_told_what_it_has(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together"), emulate("bfl")) as client:
        asked: dict[str, Any] = {**PROMPT, "model": "flux-2-klein-9b", "provider": "together"}
        error = told(await client.call_tool("generate_image", asked))
    assert "together does not carry flux-2-klein-9b; leave provider out to have it made by bfl" in error["error"]
    assert "set" not in error["error"].split()
    assert json.dumps(error["details"]["able"]).count("flux-2-pro")
