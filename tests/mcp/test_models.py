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
    """In full."""
    return told(await client.call_tool("list_models", {"detail": "full", **asked}))


async def short(client: Client, **asked: Any) -> dict[str, Any]:
    """As a model reads it when it asks for nothing in particular."""
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
    assert "success_rate" not in before
    assert (after.get("success_rate", 1.0) < 1.0) is (kind == "500")


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
            assert {"provider", "id", "state", "price_basis", "price_for", "source", "checked"} <= offer.keys()
            assert ("price_usd" in offer) is not ("price_bound_usd" in offer)
            assert "success_rate" not in offer


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
    assert "success" not in before["order"][0]["why"], "nobody has been asked yet"
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
            asked = {"available_only": False, "detail": "full", "cursor": cursor}
            result = await client.call_tool("list_models", asked)
            answer = told(result)
            assert len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()) < MOST_BYTES
            assert len(answer["models"]) <= 50
            seen += [model["slug"] for model in answer["models"]]
            cursor = answer.get("next_cursor")
            if cursor is None:
                break
    assert len(seen) == len(set(seen)) == answer["total"]


# In short -------------------------------------------------------------------------------------------------------------


def size_of(answer: dict[str, Any]) -> int:
    return len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode())


async def test_the_whole_list_is_short_enough_to_be_read(client_on: OpenClient) -> None:
    async with client_on(**EVERY_KEY) as client:
        everything = await short(client)
    assert size_of(everything) < 12_000
    assert everything["total"] == len(everything["models"]) > 50
    for provider in all_providers():
        if not provider.manifest.needs_key:
            continue
        variables = (*provider.manifest.key_variables[:1], *provider.manifest.settings.values())
        async with client_on(**dict.fromkeys(variables, "canary-key")) as client:
            answer = await short(client)
        assert size_of(answer) < 6_000, provider.manifest.name


async def test_a_line_says_what_a_chooser_needs(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("bfl")) as client:
        answer = await short(client)
    (pro,) = (line for line in answer["models"] if line.startswith("flux-2-pro:"))
    assert pro == (
        "flux-2-pro: $0.03 at 1024x1024 via bfl; Production quality at a moderate price; takes reference images; "
        "up to 2048x2048"
    )
    (bound,) = (line for line in answer["models"] if line.startswith("flux-2-pro-preview:"))
    assert "at most $0.03" in bound
    assert [line.split(":")[0] for line in answer["tiers"]] == ["draft", "standard", "premium", "ultra", "ultra_plus"]
    assert answer["tiers"][2].startswith("premium: bfl/flux-2-pro $0.03")


async def test_a_tier_names_only_who_can_do_what_was_asked(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on() as client:
        assert all("adjust" not in line for line in (await short(client))["tiers"])
        assert all("local/adjust" in line for line in (await short(client, capability="edit"))["tiers"])
    async with client_on(emulate("together"), emulate("bfl")) as client:
        mine = await short(client, provider="bfl")
        edits = await models(client, capability="edit")
    assert not any("together" in line for line in (*mine["tiers"], *mine["models"]))
    names = {place["candidate"] for tier in edits["tiers"] for place in tier["order"]}
    assert "together/flux-2-dev" in names
    assert not names & {"together/flux-schnell", "bfl/flux-1.1-pro"}
    async with client_on(emulate("recraft")) as client:
        drawings = await models(client, capability="vector")
    able = {f"{offer['provider']}/{model['slug']}" for model in drawings["models"] for offer in model["providers"]}
    assert {place["candidate"] for tier in drawings["tiers"] for place in tier["order"]} <= able


async def test_who_is_shut_comes_last_with_the_reason_in_words(emulate: Emulate, client_on: OpenClient) -> None:
    together = emulate("together")
    together.fault("401", times=1)
    async with client_on(together, emulate("bfl")) as client:
        await client.call_tool("generate_image", {**PROMPT, "model": "together/flux-2-dev"})
        answer, full = await short(client, tier="premium"), await models(client, tier="premium")
    assert answer["models"][-1].startswith("flux-2-dev:")
    assert "its key was rejected, may be tried in 3600 s" in answer["models"][-1]
    assert "its key was rejected" in answer["tiers"][0].split(", then ")[-1] + answer["tiers"][0]
    order = [place["candidate"] for place in full["tiers"][0]["order"]]
    assert order.index("bfl/flux-2-pro") < order.index("together/flux-2-dev")


@pytest.mark.parametrize(
    ("purpose", "first"),
    [
        pytest.param("text", "gpt-image-2.6-sunburst", id="text"),
        pytest.param("photo", "flux-2-max", id="photo"),
        pytest.param("logo", "recraft-v4.1-vector", id="logo"),
        pytest.param("edit", "gpt-image-2.6-sunburst", id="edit"),
        pytest.param("vector", "recraft-v4", id="vector"),
        pytest.param("fast", "", id="fast"),
        pytest.param("cheap", "", id="cheap"),
    ],
)
async def test_a_purpose_puts_the_fittest_first(purpose: str, first: str, client_on: OpenClient) -> None:
    async with client_on(**EVERY_KEY) as client:
        answer = await short(client, **{"for": purpose})
    assert answer["models"][0].startswith(first)
    assert f"the fittest for {purpose} first" in answer["message"]
    if purpose == "cheap":
        assert "free" in answer["models"][0]


async def test_nothing_that_fits_says_whose_key_would(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        answer = await short(client, **{"for": "vector"})
        transparent = await short(client, capability="transparent")
    assert answer["models"] == transparent["models"] == []
    assert "FAL_KEY" in answer["message"]


async def test_one_model_is_shown_in_full_by_any_of_its_names(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai")) as client:
        found = await short(client, model="GPT Image 2.6 Sunburst")
        unknown = told(await client.call_tool("list_models", {"model": "gpt-image-9"}))
    (model,) = found["models"]
    offer = model["providers"][0]
    assert (model["slug"], offer["price_basis"]) == ("gpt-image-2.6-sunburst", "bound")
    assert offer["price_by_tier"]["ultra_plus"] == pytest.approx(0.21, abs=0.01)
    assert "three to four times its tokens" in offer["bound_reason"]
    assert (unknown["code"], unknown["details"]["nearest"] != []) == ("invalid_model", True)
