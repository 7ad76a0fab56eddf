"""The clients that Azure and Google give out, against the emulators of their gateways; openai's for a LiteLLM proxy."""

import base64
import warnings
from collections.abc import Callable, Iterator

import openai
import pytest
from google.oauth2 import service_account

from tests.clients._picture import described
from tests.emulators import Emulator
from tests.emulators._gateways import Azure, LiteLLM, Vertex
from tests.emulators._picture import draw

with warnings.catch_warnings(action="ignore"):
    from google import genai
    from google.genai import errors, types

Serve = Callable[[type[Emulator]], Emulator]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = []

    def start(kind: type[Emulator]) -> Emulator:
        emulator = kind()
        running.append(emulator.serve())
        running[-1].__enter__()
        return emulator

    yield start
    for each in running:
        each.__exit__(None, None, None)


def azure_client(emulator: Emulator) -> openai.AzureOpenAI:
    return openai.AzureOpenAI(
        api_key=emulator.key, azure_endpoint=emulator.base_url, api_version="2025-04-01-preview", max_retries=0
    )


def test_azures_client_asks_at_the_deployment(served: Serve) -> None:
    emulator = served(Azure)
    with azure_client(emulator) as client:
        reply = client.images.generate(model="my pictures", prompt="a fox", size="1536x1024")
        files = ("source.png", draw("source", 64, 64).data, "image/png")
        client.images.edit(model="my pictures", prompt="make it blue", image=files)
    assert reply.data is not None
    assert described(base64.b64decode(reply.data[0].b64_json or "")) == ("PNG", (1536, 1024))
    assert [call.path for call in emulator.submits] == [
        "/openai/deployments/my pictures/images/generations",
        "/openai/deployments/my pictures/images/edits",
    ]
    assert not emulator.surprises


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        pytest.param("401", openai.AuthenticationError, "401", id="key"),
        pytest.param("404", openai.NotFoundError, "DeploymentNotFound", id="deployment"),
        pytest.param("429", openai.RateLimitError, "RateLimitReached", id="rate"),
        pytest.param("refusal", openai.BadRequestError, "content_filter", id="content filter"),
    ],
)
def test_azures_errors_have_their_class_and_code(
    served: Serve, kind: str, error: type[openai.APIStatusError], code: str
) -> None:
    emulator = served(Azure)
    emulator.fault(kind)
    with azure_client(emulator) as client, pytest.raises(error) as caught:
        client.images.generate(model="my pictures", prompt="a fox")
    assert caught.value.code == code


def test_a_litellm_proxy_answers_openais_client(served: Serve) -> None:
    emulator = served(LiteLLM)
    with openai.OpenAI(api_key=emulator.key, base_url=f"{emulator.base_url}/v1", max_retries=0) as client:
        raw = client.images.with_raw_response.generate(model="pictures", prompt="a fox")
        assert {model.id for model in client.models.list()} == {"pictures"}
    assert raw.headers["x-litellm-response-cost"] == "0.0427"
    assert not emulator.surprises


def vertex_client(emulator: Vertex) -> genai.Client:
    account = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        emulator.account(), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    ).with_always_use_jwt_access(True)
    return genai.Client(
        vertexai=True,
        project=emulator.project,
        location="global",
        credentials=account,
        http_options=types.HttpOptions(base_url=emulator.base_url, api_version="v1"),
    )


def test_googles_client_draws_with_a_token_that_the_account_signed(served: Serve) -> None:
    emulator = served(Vertex)
    assert isinstance(emulator, Vertex)
    client = vertex_client(emulator)
    reply = client.models.generate_content(
        model="gemini-3-pro-image",
        contents="a fox",
        config=types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"]),
    )
    parts = ((reply.candidates or [])[0].content or types.Content()).parts or []
    (picture,) = [part.inline_data.data for part in parts if part.inline_data and part.inline_data.data]
    assert described(picture) == ("PNG", (1024, 1024))
    models = "/v1/projects/my-project/locations/global/publishers/google/models"
    assert [call.path for call in emulator.submits] == [f"{models}/gemini-3-pro-image:generateContent"]


def test_a_wrong_token_is_a_clients_error(served: Serve) -> None:
    emulator = served(Vertex)
    assert isinstance(emulator, Vertex)
    emulator.fault("401")
    client = vertex_client(emulator)
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="gemini-3-pro-image", contents="a fox")
    assert caught.value.code == 401
