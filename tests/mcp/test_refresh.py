"""What providers list today, asked for by `models --refresh`, kept in the home directory and used by the router."""

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from mcp.client import Client

from imgforge_mcp.catalog import load_catalog
from tests import emulators
from tests.answers import told
from tests.conftest import OpenClient, OpenForge
from tests.e2e._program import fresh_account, run
from tests.emulators import Emulator
from tests.emulators._wire import Answer, Call
from tests.providers._subject import TODAY, usual_model

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
GONE = usual_model("together")
"""The model that a standard picture would come from."""
NEWCOMER = "acme/brush-9"


@pytest.fixture
def together(emulate: Emulate, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Together, whose list lacks its usual model and has one that nobody knows."""
    emulator = emulate("together")
    ours = {model.model_id for model in load_catalog().of_provider("together") if not model.is_retired(TODAY)}
    listing = [{"id": each, "object": "model"} for each in sorted(ours - {GONE.model_id} | {NEWCOMER})]

    def models(call: Call) -> Answer:
        return Answer(200, listing)

    routes = [(path, door, models if door.path == "/v1/models" else act) for path, door, act in emulator._routes]
    monkeypatch.setattr(emulator, "_routes", routes)
    return emulator


def keep(home: Path, text: str) -> None:
    """Leave this behind as what a refresh found."""
    home.mkdir()
    (home / "models.json").write_text(text, "utf-8")


async def leading(client: Client) -> list[str]:
    """Every candidate in the routing order of the standard tier, as list_models tells it."""
    tiers = told(await client.call_tool("list_models", {"detail": "full", "tier": "standard"}))["tiers"]
    return [place["candidate"] for tier in tiers for place in tier["order"]]


async def test_a_model_that_is_gone_leads_no_tier_but_can_still_be_named(
    together: Emulator, forge_on: OpenForge, client_on: OpenClient
) -> None:
    async with client_on(together) as client:
        before = await leading(client)
    async with forge_on(together) as forge:
        report = await forge.refresh_models()
    async with client_on(together) as client:
        after = await leading(client)
        by_tier = told(await client.call_tool("generate_image", {"prompt": "a lake"}))
        by_name = told(await client.call_tool("generate_image", {"prompt": "a lake", "model": GONE.name_in_full}))
    assert report["providers"]["together"] == {
        "missing_from_catalogue": [NEWCOMER],
        "listed_in_vain": [GONE.model_id],
    }
    assert before[0] == GONE.name_in_full
    assert GONE.name_in_full not in after
    assert by_tier["state"] == by_name["state"] == "completed"
    assert by_tier["model"] != GONE.slug
    assert by_name["model"] == GONE.slug


@pytest.mark.parametrize("name", emulators.names())
async def test_every_provider_is_asked_without_buying_anything(
    name: str, emulate: Emulate, forge_on: OpenForge
) -> None:
    emulator = emulate(name)
    async with forge_on(emulator) as forge:
        checks = await forge.check_providers()
    manifest = forge.manifests[name]
    assert checks[name].key == ("works" if manifest.listing or manifest.key_check else "unchecked")
    assert checks[name].is_listed is (manifest.listing is not None)
    assert emulator.submits == []
    assert emulator.surprises == []


@pytest.fixture
def other_prices(environment: dict[str, str], tmp_path: Path) -> Path:
    """A price file of LiteLLM's, and a catalogue of the user's own, that say other prices."""
    path = tmp_path / "prices.json"
    file = {
        "fal_ai/fal-ai/flux-pro/v1.1": {"output_cost_per_image": 0.05},
        "fal_ai/fal-ai/flux-pro/v1.1-ultra": {"output_cost_per_image": 0.06},
        "gpt-image-2": {"output_cost_per_image_token": 4e-05},
    }
    path.write_text(json.dumps(file), "utf-8")
    lines = [
        '[models."openrouter/flux-2-pro"]',
        "price = { first_megapixel = 0.02, megapixel = 0.015 }",
        '[models."recraft/recraft-v4"]',
        "price = { image = 0.05 }",
    ]
    Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(lines), "utf-8")
    return path


async def test_a_price_that_differs_from_the_catalogues_is_named(
    other_prices: Path, emulate: Emulate, forge_on: OpenForge
) -> None:
    asked = [emulate(name) for name in ("openrouter", "recraft", "fal", "openai")]
    async with forge_on(*asked, IMGFORGE_LITELLM_PRICES=str(other_prices)) as forge:
        report = await forge.refresh_models()
    assert report["prices"] == {
        "fal": [priced("flux-1.1-pro", "image", 0.04, 0.05, "litellm")],
        "openai": [priced("gpt-image-2", "million tokens", 30.0, 40.0, "litellm")],
        "openrouter": [priced("flux-2-pro", "megapixel", 0.02, 0.03, "openrouter")],
        "recraft": [priced("recraft-v4", "image", 0.05, 0.04, "recraft")],
    }
    assert all(emulator.submits == [] for emulator in asked)


async def test_fal_is_asked_what_its_endpoints_cost(
    environment: dict[str, str], emulate: Emulate, forge_on: OpenForge
) -> None:
    rows = {"flux-schnell": "{ megapixel = 0.002 }", "flux-1.1-pro": "{ image = 0.08 }"}
    lines = [f'[models."fal/{slug}"]\nprice = {price}' for slug, price in rows.items()]
    await anyio.Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(lines))
    fal = emulate("fal")
    async with forge_on(fal) as forge:
        report = await forge.refresh_models()
    assert [row for row in report["prices"]["fal"] if row["source"] == "fal"] == [
        priced("flux-schnell", "megapixel", 0.002, 0.003, "fal"),
        priced("flux-1.1-pro", "image", 0.08, 0.04, "fal"),
    ]
    assert fal.submits == []
    assert fal.surprises == []


async def test_together_is_asked_what_a_megapixel_of_its_models_costs(
    environment: dict[str, str], emulate: Emulate, forge_on: OpenForge
) -> None:
    rows = {
        "flux-schnell": "{ megapixel_step = 0.0005 }",
        "flux-2-max": "{ megapixel = 0.05 }",
        "flux-2-pro": "{ first_megapixel = 0.01, megapixel = 0.01 }",
    }
    lines = [f'[models."together/{slug}"]\nprice = {price}' for slug, price in rows.items()]
    await anyio.Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(lines))
    together = emulate("together")
    async with forge_on(together) as forge:
        report = await forge.refresh_models()
    assert report["prices"]["together"] == [
        priced("flux-schnell", "megapixel", 0.002, 0.0027, "together"),
        priced("flux-2-max", "megapixel", 0.05, 0.07, "together"),
    ], "where a maker's price begins is no price"
    assert (together.submits, together.surprises) == ([], [])


def priced(model: str, unit: str, ours: float, listed: float, source: str) -> dict[str, object]:
    return {"model": model, "unit": unit, "catalogue_usd": ours, "listed_usd": listed, "source": source}


@pytest.mark.parametrize("text", [pytest.param("[", id="no JSON"), pytest.param("[]", id="a list")])
async def test_a_price_file_that_is_none_is_passed_over(
    text: str, other_prices: Path, emulate: Emulate, forge_on: OpenForge
) -> None:
    await anyio.Path(other_prices).write_text(text)
    async with forge_on(emulate("openai"), IMGFORGE_LITELLM_PRICES=str(other_prices)) as forge:
        report = await forge.refresh_models()
    assert report["prices"] == {}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="no JSON"),
        pytest.param("[]", id="another shape"),
        pytest.param('{"providers": []}', id="a list of providers"),
        pytest.param('{"providers": {"together": {"listed_in_vain": null}}}', id="null"),
        pytest.param('{"providers": {"together": {"listed_in_vain": [[1]]}}}', id="nested"),
    ],
)
async def test_a_damaged_file_is_ignored(damage: str, emulate: Emulate, client_on: OpenClient, home: Path) -> None:
    keep(home, damage)
    async with client_on(emulate("together")) as client:
        assert (await leading(client))[0] == GONE.name_in_full


async def test_a_provider_that_does_not_answer_leaves_what_was_known_of_it(
    together: Emulator, forge_on: OpenForge, home: Path, emulate: Emulate
) -> None:
    other = emulate("openai")
    async with forge_on(together, other) as forge:
        await forge.refresh_models()
    async with forge_on(together, other, TOGETHER_API_KEY="wrong") as forge:
        report = await forge.refresh_models()
    kept = json.loads((home / "models.json").read_text("utf-8"))
    assert "together" in report["not_asked"]
    assert kept["providers"]["together"]["listed_in_vain"] == [GONE.model_id]


def account(tmp_path: Path, environment: dict[str, str], **variables: str) -> dict[str, str]:
    return fresh_account(tmp_path / "account", **{**environment, **variables})


def test_the_command_line_reports_and_the_next_process_knows(
    together: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    variables = account(tmp_path, environment, **together.environment())
    told_people = run(variables, "models", "--refresh").stdout
    told_programs = json.loads(run(variables, "models", "--refresh", "--json").stdout)
    tiers = json.loads(run(variables, "models", "--tier", "standard", "--json").stdout)["tiers"]
    assert "together: 1 models that the catalogue misses" in told_people
    assert f"gone, no tier leads to it any more: {GONE.model_id}" in told_people
    assert told_programs["providers"]["together"]["missing_from_catalogue"] == [NEWCOMER]
    assert GONE.name_in_full not in str(tiers)


def test_the_doctor_tells_a_rejected_key_from_a_provider_that_is_away(
    emulate: Emulate, environment: dict[str, str], tmp_path: Path
) -> None:
    rejecting, away = emulate("together"), emulators.load("openai")
    with away.serve() as closed:
        pass
    keys = {**rejecting.environment(), "TOGETHER_API_KEY": "wrong-key", **away.environment(closed)}
    answer = run(account(tmp_path, environment, **keys), "doctor", "--json")
    report = json.loads(answer.stdout)
    assert report["configured"]["together"] == "the key is rejected"
    assert report["configured"]["openai"] == "no answer"
    (rejected,) = [problem for problem in report["problems"] if "Together" in problem]
    (unreachable,) = [problem for problem in report["problems"] if "OpenAI" in problem]
    assert "TOGETHER_API_KEY" in rejected
    assert "does not answer" in unreachable
    assert "wrong-key" not in answer.stdout + answer.stderr
    assert rejecting.submits == []


def test_the_doctor_is_content_with_a_key_that_works(
    emulate: Emulate, environment: dict[str, str], tmp_path: Path
) -> None:
    emulator = emulate("together")
    report = json.loads(run(account(tmp_path, environment, **emulator.environment()), "doctor", "--json").stdout)
    assert report["configured"]["together"] == "the key works"
    assert report["problems"] == []


@pytest.mark.parametrize(
    ("body", "state"),
    [
        pytest.param({"data": []}, "works", id="no models yet"),
        pytest.param([], "works", id="an empty list"),
        pytest.param({"object": "list"}, "works", id="no list"),
        pytest.param({"models": {"flux": {}}}, "works", id="a shape of its own"),
        pytest.param({"items": [{"title": "flux"}]}, "works", id="other names"),
        pytest.param({"object": "list", "data": None}, "works", id="null"),
        pytest.param({"value": [{"id": "flux"}]}, "works", id="Azure's name for it"),
        pytest.param(["flux", "sdxl"], "works", id="a list of texts"),
        pytest.param(7, "works", id="a number"),
        pytest.param(b"<html><title>Welcome</title></html>", "unchecked", id="a page, which says nothing of the key"),
        pytest.param(b"", "unchecked", id="nothing"),
    ],
)
async def test_a_server_that_answers_is_not_called_unreachable_for_its_list(
    body: object, state: str, emulate: Emulate, forge_on: OpenForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = emulate("together")
    routes = [
        (path, door, (lambda call: Answer(200, body)) if door.path == "/v1/models" else act)
        for path, door, act in emulator._routes
    ]
    monkeypatch.setattr(emulator, "_routes", routes)
    async with forge_on(emulator) as forge:
        assert (await forge.check_providers())["together"].key == state
