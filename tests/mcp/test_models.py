"""list_models: every state a model can be in, the live order of each tier, filters, pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from mcp.client import Client

from imgforge_mcp.providers.configured import all_providers
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}
MOST_BYTES = 20_000
EVERY_KEY = {
    variable: "canary-key-for-everything"
    for provider in all_providers()
    for variable in (*provider.manifest.key_variables[:1], *provider.manifest.settings.values())
}


async def models(client: Client, **asked: Any) -> dict[str, Any]:
    return told(await client.call_tool("list_models", asked))


async def state(client: Client, slug: str) -> dict[str, Any]:
    """What is said about a model at Together."""
    listed = await models(client, provider="together", available_only=False)
    (found,) = (model["providers"][0] for model in listed["models"] if model["slug"] == slug)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("kind", "expected", "seconds"),
    [
        pytest.param("500", "available", None, id="one failure"),
        pytest.param("429", "cooling_down", 60, id="asked to slow down"),
        pytest.param("402", "quota_exhausted", 900, id="out of credit"),
        pytest.param("401", "cooling_down", 3600, id="wrong key"),
        pytest.param("404", "cooling_down", 3600, id="model gone"),
    ],
)
async def test_a_models_state_follows_from_what_happened(
    kind: str, expected: str, seconds: int | None, emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    emulator.fault(kind, times=1, retry_after=60 if kind == "429" else None)
    async with client_on(emulator) as client:
        before = await state(client, "flux-2-dev")
        await client.call_tool("generate_image", {**PROMPT, "model": "together/flux-2-dev"})
        after = await state(client, "flux-2-dev")
        clock.advance(3601)
        later = await state(client, "flux-2-dev")
    assert before["state"] == later["state"] == "available"
    assert after["state"] == expected
    assert after.get("retry_in_seconds") == seconds
    assert (after["success_rate"] < before["success_rate"]) is (kind == "500")


async def test_without_a_key_a_model_is_shown_only_on_request(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        mine = await models(client)
        everything = await models(client, available_only=False, provider="openai")
    assert {model["state"] for model in mine["models"]} == {"available"}
    assert all({"together", "local"} & {offer["provider"] for offer in model["providers"]} for model in mine["models"])
    assert {model["state"] for model in everything["models"]} == {"no_key", "retired"}


async def test_a_withdrawn_model_names_its_day_and_its_successor(client_on: OpenClient) -> None:
    async with client_on() as client:
        listed = await models(client, available_only=False, provider="openai")
    (retired,) = (model for model in listed["models"] if model["slug"] == "dall-e-3")
    assert retired["state"] == "retired"
    assert retired["providers"][0]["retired"] == "2026-05-12"
    assert retired["providers"][0]["successor"]


async def test_what_a_model_says_is_what_a_chooser_needs(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        listed = await models(client, provider="together")
    for model in listed["models"]:
        assert {"slug", "name", "description", "capabilities", "size", "providers", "state"} <= model.keys()
        for offer in model["providers"]:
            assert {"provider", "id", "state", "price_basis", "latency_seconds", "success_rate"} <= offer.keys()


async def test_the_live_order_says_who_is_first_and_why_and_follows_health(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.fault("429", times=1, retry_after=60)
    async with client_on(emulator) as client:
        (before,) = (await models(client, tier="premium"))["tiers"]
        await client.call_tool("generate_image", {**PROMPT, "quality_tier": "premium"})
        (after,) = (await models(client, tier="premium"))["tiers"]
    assert before["tier"] == "premium"
    assert before["order"][0]["candidate"] == "together/flux-2-dev"
    assert before["order"][0]["why"]
    assert after["order"][0]["candidate"] != "together/flux-2-dev"


@pytest.mark.parametrize(
    ("asked", "is_right"),
    [
        pytest.param({"capability": "edit"}, lambda model: "edit" in model["capabilities"], id="capability"),
        pytest.param({"capability": "seed"}, lambda model: "seed" in model["settings"], id="setting"),
        pytest.param({"tier": "draft"}, lambda model: "draft" in model["tiers"], id="tier"),
        pytest.param(
            {"provider": "workers_ai"},
            lambda model: "cloudflare" in {offer["provider"] for offer in model["providers"]},
            id="alias",
        ),
    ],
)
async def test_a_filter_leaves_only_what_fits(
    asked: dict[str, Any], is_right: Callable[[dict[str, Any]], bool], client_on: OpenClient
) -> None:
    async with client_on(**EVERY_KEY) as client:
        listed = await models(client, **asked)
    assert listed["models"]
    assert all(is_right(model) for model in listed["models"])


async def test_pages_stay_small_and_together_show_every_model_once(client_on: OpenClient) -> None:
    seen: list[str] = []
    cursor: str | None = None
    async with client_on(**EVERY_KEY) as client:
        while True:
            result = await client.call_tool("list_models", {"available_only": False, "cursor": cursor})
            answer = told(result)
            assert len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()) < MOST_BYTES
            assert len(answer["models"]) <= 50
            seen += [model["slug"] for model in answer["models"]]
            cursor = answer.get("next_cursor")
            if cursor is None:
                break
    assert len(seen) == len(set(seen)) == answer["total"]
