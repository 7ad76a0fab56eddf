"""The openai SDK against the Recraft emulator, as Recraft's documentation recommends."""

import base64
from collections.abc import Callable, Iterator

import openai
import pytest

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("recraft")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=emulator.key, base_url=f"{emulator.base_url}/v1", max_retries=0) as client:
        yield client


def test_a_picture_is_behind_a_url_and_costs_units(client: openai.OpenAI, emulator: Emulator) -> None:
    reply = client.images.generate(
        model="recraftv3", prompt="a fox", size="1024x1536", extra_body={"style": "digital_illustration"}
    )
    assert reply.data is not None
    assert described(downloaded(reply.data[0].url or "")) == ("WEBP", (1024, 1536))
    assert (reply.model_extra or {})["credits"] == 40
    assert not emulator.surprises


def test_base64_and_what_openai_does_not_have_go_through(client: openai.OpenAI, emulator: Emulator) -> None:
    reply = client.images.generate(
        model="recraftv4_1",
        prompt="a fox",
        n=2,
        response_format="b64_json",
        extra_body={"size": "16:9", "image_format": "png", "random_seed": 7},
    )
    pictures = [base64.b64decode(each.b64_json or "") for each in reply.data or []]
    assert [described(each) for each in pictures] == [("PNG", (1344, 768))] * 2
    assert emulator.orders[0].seed == 7
    assert not emulator.surprises


def test_a_vector_model_delivers_svg(client: openai.OpenAI) -> None:
    reply = client.images.generate(model="recraftv4_1_vector", prompt="a fox", response_format="b64_json")
    assert base64.b64decode((reply.data or [])[0].b64_json or "").startswith(b"<svg")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("401", openai.AuthenticationError, id="401"),
        pytest.param("400", openai.BadRequestError, id="400"),
        pytest.param("429", openai.RateLimitError, id="429"),
        pytest.param("500", openai.InternalServerError, id="500"),
    ],
)
def test_an_error_has_its_class(
    client: openai.OpenAI, emulator: Emulator, kind: str, error: type[openai.APIStatusError]
) -> None:
    emulator.fault(kind)
    with pytest.raises(error):
        client.images.generate(model="recraftv3", prompt="a fox")
    assert not emulator.submits


def test_models_are_listed_with_their_prices(client: openai.OpenAI) -> None:
    prices = {model.id: (model.model_extra or {})["pricing"]["image"] for model in client.models.list()}
    assert prices["recraftv4_1"] == "0.035"
