"""The table of capabilities in the README: behind every yes stands a test that asks for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image

from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.configured import all_providers
from imgforge_mcp.providers.contract import ModelSpec
from tests.answers import ended, pictures, told
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator
from tests.emulators._ledger import charged
from tests.mcp import test_slow_lane
from tests.providers import test_conformance, test_edits
from tests.readme_tables import CAPABILITIES, REPORTED, TODAY, able

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
CATALOG = load_catalog()
PROVIDERS = [provider for provider in all_providers() if not provider.manifest.is_local]
ABLE = {provider.manifest.name: able(provider, CATALOG) for provider in PROVIDERS}
PROMPT = "a paper boat, flat icon"


def having(column: str) -> list[str]:
    """The providers with a yes in a column."""
    return [name for name, columns in ABLE.items() if column in columns]


def first(name: str, column: str) -> ModelSpec:
    """A provider's first live model that has it."""
    models = [model for model in CATALOG.of_provider(name) if not model.is_retired(TODAY)]
    return next(model for model in models if CAPABILITIES[column](model))


@pytest.mark.parametrize("name", having("vector"))
async def test_a_vector_model_gives_a_drawing(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        asked = {"prompt": PROMPT, "model": first(name, "vector").name_in_full}
        job = told(await client.call_tool("generate_image", asked))
    assert [asset["mime_type"] for asset in job["assets"]] == ["image/svg+xml"]
    assert emulator.surprises == []


@pytest.mark.parametrize("name", list(ABLE))
async def test_a_cost_is_reported_where_the_answers_tell_it(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate(name)) as client:
        job = await ended(client, told(await client.call_tool("generate_image", {"prompt": PROMPT}))["job_id"])
    assert (job["cost_basis"] == "reported") is (name in having(REPORTED))


def alpha(job: dict[str, Any]) -> tuple[Any, Any]:
    """How opaque a job's first picture is, in its corner and in its middle."""
    with Image.open(job["assets"][0]["path"]) as picture:
        layer = picture.convert("RGBA").getchannel("A")
    return layer.getpixel((0, 0)), layer.getpixel((layer.width // 2, layer.height // 2))


@pytest.mark.parametrize("name", having("transparency"))
async def test_a_transparent_background_is_asked_of_the_model(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    model = first(name, "transparency").name_in_full
    async with client_on(emulator) as client:
        asked = {"prompt": PROMPT, "model": model, "background": "transparent"}
        job = told(await client.call_tool("generate_image", asked))
    assert alpha(job) == (0, 255)
    assert [order.alpha for order in emulator.orders] == [True]
    assert "Cut out" not in job["message"]
    assert emulator.surprises == []


@pytest.mark.parametrize(
    "model",
    [
        model.name_in_full
        for name in having("transparency")
        for model in CATALOG.of_provider(name)
        if CAPABILITIES["transparency"](model) and not model.is_retired(TODAY)
    ],
)
async def test_a_logo_has_true_alpha_from_every_model_that_has_it(
    model: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(model.partition("/")[0])
    asked = {"prompt": "a logo of a paper boat", "model": model, "background": "transparent", "aspect_ratio": "3:2"}
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", asked))
    assert alpha(job) == (0, 255)
    assert [order.alpha for order in emulator.orders] == [True]
    assert (emulator.surprises, job.get("shortfalls")) == ([], None)


@pytest.mark.parametrize("tier", ["standard", "premium"])
@pytest.mark.parametrize("name", having("kept character or style"))
async def test_what_is_kept_by_name_goes_by_the_providers_own_way(
    name: str, tier: str, emulate: Emulate, forge_on: OpenForge, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate(name)
    paths = [tmp_path / f"{colour}.png" for colour in ("red", "teal")]
    for path in paths:
        Image.new("RGB", (96, 64), path.stem).save(path)
    async with forge_on(emulator) as forge:
        caller = replace(forge.caller(), directories=(tmp_path,))
        await forge.keep_reference("mia", [str(path) for path in paths], "a girl of ten", caller)
    async with client_on(emulator) as client:
        asked = {"prompt": "on a beach", "reference": ["mia"], "quality_tier": tier, "aspect_ratio": "3:2"}
        job = told(await client.call_tool("generate_image", asked))
        other = told(await client.call_tool("generate_image", {"prompt": "a beach", "quality_tier": tier}))
    assert job["model"] == first(name, "kept character or style").slug != other["model"]
    assert "a girl of ten" in emulator.orders[0].prompt
    [(width, height)] = pictures(job)
    assert width / height == pytest.approx(1.5, rel=0.05), "its references say nothing of the picture's shape"
    assert job["cost_usd"] + other["cost_usd"] == pytest.approx(charged(emulator))
    assert emulator.surprises == []


async def transformed(client: Client, name: str, tmp_path: Path, operation: str, **asked: Any) -> dict[str, Any]:
    """A picture of 320 by 256 pixels, transformed by that provider."""
    path = tmp_path / "out" / "boat.png"
    path.parent.mkdir(exist_ok=True)
    Image.effect_noise((320, 256), 90).convert("RGB").save(path)
    asked = {"image": str(path), "operation": operation, "provider": name, **asked}
    return told(await client.call_tool("transform_image", asked))


@pytest.mark.parametrize("name", having("cut out"))
async def test_a_provider_cuts_out_what_no_colour_tells_apart(
    name: str, emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        job = await transformed(client, name, tmp_path, "remove_background")
    assert (job["state"], job["provider"]) == ("completed", name)
    assert alpha(job) == (0, 255)
    assert "shortfalls" not in job
    assert job["cost_usd"] >= charged(emulator) > 0, "a bound where nobody tells the price"
    assert emulator.surprises == []


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", having("enlarge"))
async def test_a_provider_enlarges_to_exactly_what_was_asked_for(
    name: str, scale: int, emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        job = await transformed(client, name, tmp_path, "upscale", scale=scale)
    assert (job["state"], job["provider"]) == ("completed", name)
    assert pictures(job) == [(320 * scale, 256 * scale)]
    assert "shortfalls" not in job
    assert job["cost_usd"] == pytest.approx(charged(emulator))
    assert emulator.surprises == []


@pytest.mark.parametrize("name", having("trace"))
async def test_a_provider_traces_a_picture_as_a_drawing(
    name: str, emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        job = await transformed(client, name, tmp_path, "vectorize")
    assert [asset["mime_type"] for asset in job["assets"]] == ["image/svg+xml"]
    assert emulator.surprises == []


@pytest.mark.parametrize("name", having("extend"))
async def test_a_provider_paints_on_beyond_the_edges_that_were_named(
    name: str, emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        job = await transformed(client, name, tmp_path, "extend", left=64, bottom=32)
    assert (job["state"], job["provider"]) == ("completed", name)
    assert pictures(job) == [(384, 288)]
    assert job["cost_usd"] == pytest.approx(charged(emulator))
    assert emulator.surprises == []


TESTS: dict[str, Callable[..., Any]] = {
    "text to image": test_conformance.test_a_prompt_is_enough_for_a_picture,
    "edit": test_edits.test_the_picture_of_a_job_is_changed,
    "references": test_edits.test_several_references_arrive_in_their_order_up_to_the_models_limit,
    "kept character or style": test_what_is_kept_by_name_goes_by_the_providers_own_way,
    "mask": test_edits.test_a_mask_of_the_pictures_size_marks_what_may_change,
    "transparency": test_a_transparent_background_is_asked_of_the_model,
    "cut out": test_a_provider_cuts_out_what_no_colour_tells_apart,
    "enlarge": test_a_provider_enlarges_to_exactly_what_was_asked_for,
    "trace": test_a_provider_traces_a_picture_as_a_drawing,
    "extend": test_a_provider_paints_on_beyond_the_edges_that_were_named,
    "batch at half price": test_slow_lane.test_a_picture_that_can_wait_costs_half,
    "vector": test_a_vector_model_gives_a_drawing,
    "seed": test_conformance.test_a_setting_is_sent_where_the_model_has_it_and_else_a_warning_says_so,
    "negative": test_conformance.test_a_setting_is_sent_where_the_model_has_it_and_else_a_warning_says_so,
    REPORTED: test_a_cost_is_reported_where_the_answers_tell_it,
}
"""Which test tries what a column promises; it is run for these providers."""


def tried(test: Callable[..., Any]) -> set[str]:
    """The providers a test is run for."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize" and mark.args[0] == "name"]
    return {name for mark in marks for name in mark.args[1]}


@pytest.mark.parametrize("column", [*CAPABILITIES, REPORTED])
def test_every_yes_is_tried(column: str) -> None:
    assert set(having(column)) <= (tried(TESTS[column]) if column in TESTS else set())
