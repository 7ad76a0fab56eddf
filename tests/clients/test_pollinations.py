"""The openai SDK against the Pollinations gateway's emulator; there is no official client for Python."""

import base64
from collections.abc import Callable, Iterator

import httpx
import openai
import pytest

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("pollinations")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=emulator.key, base_url=f"{emulator.base_url}/v1", max_retries=0) as client:
        yield client


def test_base64_is_the_default(client: openai.OpenAI, emulator: Emulator) -> None:
    reply = client.images.generate(model="flux", prompt="a fox", size="512x512", extra_body={"seed": 7})
    assert reply.data is not None
    assert described(base64.b64decode(reply.data[0].b64_json or "")) == ("JPEG", (512, 512))
    assert not emulator.surprises


def test_a_url_is_given_when_asked_for(client: openai.OpenAI) -> None:
    reply = client.images.generate(model="flux", prompt="a fox", size="512x512", response_format="url")
    assert reply.data is not None
    assert described(downloaded(reply.data[0].url or "")) == ("JPEG", (512, 512))


def test_a_get_brings_the_picture_itself(emulator: Emulator) -> None:
    url = f"{emulator.base_url}/image/a%20fox%2Fcub%0Aat%20night%3F"
    query = {"model": "flux", "width": "256", "height": "512", "seed": "-1", "key": emulator.key}
    reply = httpx.get(url, params=query, trust_env=False)
    assert reply.headers["x-model-used"] == "flux"
    assert described(reply.content) == ("JPEG", (256, 512))
    assert emulator.orders[0].prompt == "a fox/cub\nat night?"


def test_the_old_host_needs_no_key_and_has_one_queue(emulator: Emulator) -> None:
    url = f"{emulator.base_url}/prompt/a%20fox"
    assert described(httpx.get(url, params={"model": "turbo"}, trust_env=False).content) == ("JPEG", (1024, 1024))
    emulator.fault("quota")
    reply = httpx.get(url, trust_env=False)
    assert (reply.status_code, reply.json()["x402Version"]) == (402, 1)


def test_models_that_are_gone_are_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.images.generate(model="flux-realism", prompt="a fox")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param("401", 401, id="401"),
        pytest.param("402", 402, id="402"),
        pytest.param("quota", 402, id="quota"),
        pytest.param("404", 404, id="404"),
        pytest.param("429", 429, id="429"),
        pytest.param("refusal", 400, id="refusal"),
    ],
)
def test_an_error_has_its_status(client: openai.OpenAI, emulator: Emulator, kind: str, status: int) -> None:
    emulator.fault(kind)
    with pytest.raises(openai.APIStatusError) as caught:
        client.images.generate(model="flux", prompt="a fox")
    assert caught.value.status_code == status
    assert not emulator.submits
