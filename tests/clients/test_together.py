"""The together SDK against the Together emulator."""

import base64
from collections.abc import Callable, Iterator

import httpx
import pytest
import together
from together.types.image_data_b64 import ImageDataB64
from together.types.image_data_url import ImageDataURL

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator

MODEL = "black-forest-labs/FLUX.1-schnell"


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("together")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[together.Together]:
    with together.Together(api_key=emulator.key, base_url=emulator.base_url, max_retries=0) as client:
        yield client


def test_base64_is_told_apart_by_its_type(client: together.Together, emulator: Emulator) -> None:
    reply = client.images.generate(
        model=MODEL, prompt="a fox", width=512, height=768, n=2, seed=7, response_format="base64", output_format="png"
    )
    items = [each for each in reply.data if isinstance(each, ImageDataB64)]
    assert [described(base64.b64decode(each.b64_json)) for each in items] == [("PNG", (512, 768))] * 2
    assert {each.type for each in items} == {"b64_json"}
    assert emulator.orders[0].seed == 7
    assert not emulator.surprises


def test_a_url_can_be_downloaded_without_the_key(client: together.Together, emulator: Emulator) -> None:
    (item,) = client.images.generate(model=MODEL, prompt="a fox", width=256, height=256).data
    assert isinstance(item, ImageDataURL)
    assert described(downloaded(item.url)) == ("JPEG", (256, 256))
    assert not emulator.surprises


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("401", together.AuthenticationError, id="401"),
        pytest.param("403", together.PermissionDeniedError, id="403"),
        pytest.param("404", together.NotFoundError, id="404"),
        pytest.param("429", together.RateLimitError, id="429"),
        pytest.param("refusal", together.UnprocessableEntityError, id="refusal"),
        pytest.param("503", together.InternalServerError, id="503"),
    ],
)
def test_an_error_has_its_class(
    client: together.Together, emulator: Emulator, kind: str, error: type[together.APIStatusError]
) -> None:
    emulator.fault(kind)
    with pytest.raises(error):
        client.images.generate(model=MODEL, prompt="a fox")
    assert not emulator.submits


def test_the_retry_delay_is_in_the_header(client: together.Together, emulator: Emulator) -> None:
    emulator.fault("429", retry_after=7)
    with pytest.raises(together.RateLimitError) as caught:
        client.images.generate(model=MODEL, prompt="a fox")
    assert caught.value.response.headers["retry-after"] == "7"


def test_b64_json_is_no_response_format_here(client: together.Together) -> None:
    with pytest.raises(together.BadRequestError, match="response_format"):
        client.images.generate(model=MODEL, prompt="a fox", extra_body={"response_format": "b64_json"})


def test_models_are_listed(client: together.Together) -> None:
    # The SDK's own `models.list` asks for a project's custom models.
    listed = client.get("/v1/models", cast_to=httpx.Response).json()
    assert MODEL in {model["id"] for model in listed}
