"""Azure OpenAI, a LiteLLM proxy and Vertex AI, named in the configuration, through the MCP tools."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.configured import open_configured
from tests.answers import ended, pictures, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.emulators._gateways import Azure, LiteLLM, Vertex
from tests.emulators._picture import draw

pytestmark = pytest.mark.anyio

Named = Callable[..., Any]
PROMPT = "a red fox"
AZURE_MODELS = '[{ id = "my pictures", slug = "gpt-image-2" }]'


@pytest.fixture
def named(environment: dict[str, str], tmp_path: Path) -> Iterator[Named]:
    """Serve an emulator and name it in the configuration as `box`, at a path, with these models."""
    with ExitStack() as stack:

        def serve(kind: type[Emulator], models: str, path: str = "") -> Emulator:
            emulator = kind()
            base_url = stack.enter_context(emulator.serve())
            stack.callback(emulator.clear)
            key = f'api_key = "{emulator.key}"'
            if isinstance(emulator, Vertex):
                key = f"credentials = '{emulator.write_account(tmp_path / 'account.json')}'"
            lines = ["[[servers]]", 'name = "box"', f'base_url = "{base_url}{path}"', f'dialect = "{emulator.name}"']
            Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join([*lines, key, f"models = {models}"]), "utf-8")
            return emulator

        yield serve


def reference() -> str:
    return f"data:image/png;base64,{base64.b64encode(draw('reference', 640, 448).data).decode()}"


# Azure OpenAI ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "asked", "version"),
    [
        pytest.param("", "/openai/deployments/my pictures/images/generations", "2025-04-01-preview", id="host"),
        pytest.param("/openai", "/openai/deployments/my pictures/images/generations", "2025-04-01-preview", id="below"),
        pytest.param(
            "?api-version=2026-06-01", "/openai/deployments/my pictures/images/generations", "2026-06-01", id="version"
        ),
        pytest.param(
            "/openai/deployments/my%20pictures/images/generations?api-version=2026-06-01",
            "/openai/deployments/my pictures/images/generations",
            "2026-06-01",
            id="the whole address of a deployment, as the portal shows it",
        ),
        pytest.param("/openai/v1", "/openai/v1/images/generations", None, id="v1"),
        pytest.param("/openai/v1?api-version=preview", "/openai/v1/images/generations", "preview", id="v1, version"),
    ],
)
async def test_azure_is_reached_at_every_address_that_its_portal_and_clients_show(
    named: Named, client_on: OpenClient, path: str, asked: str, version: str | None
) -> None:
    emulator = named(Azure, AZURE_MODELS, path)
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT, "width": 1536, "height": 1024}))
    assert (job["provider"], job["model"], pictures(job)) == ("box", "gpt-image-2", [(1536, 1024)])
    (call,) = emulator.submits
    assert (call.path, call.query.get("api-version")) == (asked, version)
    assert call.headers["api-key"] == emulator.key
    assert "authorization" not in call.headers
    assert emulator.surprises == []


async def test_azure_edits_at_the_deployment_and_its_tokens_are_the_true_cost(
    named: Named, client_on: OpenClient
) -> None:
    emulator = named(Azure, AZURE_MODELS)
    async with client_on() as client:
        edited = told(await client.call_tool("edit_image", {"prompt": "make it blue", "image": reference()}))
        job = await ended(client, edited["job_id"])
    assert emulator.submits[0].path == "/openai/deployments/my pictures/images/edits"
    assert job["cost_usd"] == pytest.approx(12 * 5e-6 + 196 * 30e-6)
    assert job["cost_basis"] == "reported"


async def test_a_deployment_of_a_known_model_has_that_models_price_and_tier(
    named: Named, environment: dict[str, str]
) -> None:
    named(Azure, AZURE_MODELS)
    config = load_config(environment)
    (row,) = load_catalog(config.catalog).of_provider("box")
    (maker,) = load_catalog().find("openai/gpt-image-2")
    assert (row.model_id, row.price, row.sizing, row.name) == ("my pictures", maker.price, maker.sizing, maker.name)
    assert maker.options.keys() - row.options.keys() == {"batch"}  # half price is of the maker's own service
    assert row.options.items() <= {**maker.options, "dialect": "azure"}.items()
    assert row.retired is None


@pytest.mark.parametrize(
    ("kind", "code", "outcome", "words"),
    [
        pytest.param("401", "provider_auth", "auth", "invalid subscription key", id="key"),
        pytest.param("404", "provider_error", "model_gone", "deployment", id="no such deployment"),
        pytest.param("429", "rate_limited", "rate_limited", "call rate limit", id="rate"),
        pytest.param("refusal:content_filter", "content_refused", "content_refused", "filtered", id="content filter"),
    ],
)
async def test_azures_errors_keep_their_meaning_and_their_words(
    named: Named, client_on: OpenClient, kind: str, code: str, outcome: str, words: str
) -> None:
    emulator = named(Azure, AZURE_MODELS)
    emulator.fault(kind)
    async with client_on() as client:
        answer = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
        job = await ended(client)
    assert answer["code"] == code
    assert job["attempts"][0]["error_code"] == outcome
    assert words in json.dumps(job)
    assert emulator.key not in json.dumps(job)


# LiteLLM --------------------------------------------------------------------------------------------------------------


async def test_a_litellm_proxys_header_says_what_a_picture_cost(named: Named, client_on: OpenClient) -> None:
    emulator = named(LiteLLM, '[{ id = "pictures" }]', "/v1")
    async with client_on() as client:
        made = told(await client.call_tool("generate_image", {"prompt": PROMPT, "aspect_ratio": "3:2"}))
        edited = told(await client.call_tool("edit_image", {"prompt": "make it blue", "image": reference()}))
        made, edited = await ended(client, made["job_id"]), await ended(client, edited["job_id"])
    assert pictures(made) == [(1536, 1024)]
    assert (made["cost_usd"], made["cost_basis"]) == (emulator.cost, "reported")
    assert edited["cost_usd"] == emulator.cost
    assert [call.path for call in emulator.submits] == ["/v1/images/generations", "/v1/images/edits"]
    assert emulator.surprises == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        pytest.param("quota", "quota_exceeded", id="the proxy's budget"),
        pytest.param("refusal", "content_refused", id="the maker's refusal"),
        pytest.param("401", "provider_auth", id="key"),
    ],
)
async def test_a_litellm_proxys_errors_keep_their_meaning(
    named: Named, client_on: OpenClient, kind: str, code: str
) -> None:
    emulator = named(LiteLLM, '[{ id = "pictures" }]', "/v1")
    emulator.fault(kind)
    async with client_on() as client:
        answer = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
    assert answer["code"] == code


async def test_a_name_that_the_proxy_does_not_know_is_a_model_that_is_gone(named: Named, client_on: OpenClient) -> None:
    named(LiteLLM, '[{ id = "unknown" }]', "/v1")
    async with client_on() as client:
        await client.call_tool("generate_image", {"prompt": PROMPT})
        job = await ended(client)
    assert job["attempts"][0]["error_code"] == "model_gone"


# Vertex AI ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/v1", "/v1/projects/my-project/locations/europe-west1"])
async def test_vertex_takes_a_token_that_the_service_account_signed(
    named: Named, client_on: OpenClient, path: str
) -> None:
    emulator = named(Vertex, '[{ id = "gemini-3-pro-image", slug = "gemini-3-pro-image" }]', path)
    place = "europe-west1" if path.endswith("europe-west1") else "global"
    async with client_on() as client:
        asked = {"prompt": PROMPT, "aspect_ratio": "16:9", "image_size": "2K", "input_images": [reference()]}
        job = await ended(client, told(await client.call_tool("generate_image", asked))["job_id"])
    (call,) = emulator.submits
    models = f"/v1/projects/my-project/locations/{place}/publishers/google/models"
    assert call.path == f"{models}/gemini-3-pro-image:generateContent"
    assert pictures(job)[0][0] / pictures(job)[0][1] == pytest.approx(16 / 9, rel=0.05)
    assert job["cost_basis"] == "reported"
    token = call.headers["authorization"].removeprefix("Bearer ")
    assert token not in json.dumps(job)


async def test_vertex_still_speaks_the_shape_of_imagen(named: Named, client_on: OpenClient) -> None:
    models = '[{ id = "imagen-5", sizing = "imagen", max_n = 4, max_inputs = 0, capabilities = ["text_to_image"], accepts = [], options = { method = "predict" } }]'  # noqa: E501
    emulator = named(Vertex, models)
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT, "n": 2, "aspect_ratio": "4:3"}))
    assert len(pictures(job)) == 2
    assert emulator.submits[0].path.endswith("/models/imagen-5:predict")
    assert emulator.surprises == []


async def test_a_token_is_signed_once_and_anew_before_its_hour_is_over(
    named: Named, client_on: OpenClient, clock: Any
) -> None:
    emulator = named(Vertex, '[{ id = "gemini-3-pro-image", slug = "gemini-3-pro-image" }]')
    async with client_on() as client:
        for seconds in (0, 60, 3000):
            clock.advance(seconds)
            await client.call_tool("generate_image", {"prompt": PROMPT})
    first, second, third = (call.headers["authorization"] for call in emulator.submits)
    assert first == second
    assert third.startswith("Bearer ey")


async def test_an_echoed_token_is_masked(named: Named, client_on: OpenClient) -> None:
    emulator = named(Vertex, '[{ id = "gemini-3-pro-image", slug = "gemini-3-pro-image" }]')
    emulator.fault("echo_key")
    async with client_on() as client:
        answer = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
        job = await ended(client)
    token = emulator.calls[0].headers["authorization"].removeprefix("Bearer ")
    assert "[redacted]" in json.dumps(job)
    assert token[:40] not in json.dumps([answer, job])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param(['dialect = "vertex"'], "credentials", id="none"),
        pytest.param(['dialect = "openai"', "credentials = '/nowhere.json'"], "vertex", id="of another dialect"),
        pytest.param(
            ['dialect = "vertex"', "credentials = '/nowhere.json'"], "no service account's file", id="no file"
        ),
    ],
)
def test_wrong_credentials_are_told_when_the_program_starts(
    environment: dict[str, str], lines: list[str], words: str
) -> None:
    text = ["[[servers]]", 'name = "box"', 'base_url = "https://aiplatform.googleapis.com"', *lines]
    Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(text), "utf-8")
    config = load_config(environment)
    with pytest.raises(ConfigError, match=words):
        open_configured(config, load_catalog(config.catalog))
