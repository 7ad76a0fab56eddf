"""OpenRouter's own SDK against the OpenRouter emulator."""

import base64
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients._picture import described
from tests.emulators import Emulator
from tests.emulators._picture import draw

with warnings.catch_warnings(action="ignore"):
    import openrouter
    from openrouter import errors

MODEL = "bytedance-seed/seedream-4.5"


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("openrouter")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[openrouter.OpenRouter]:
    with openrouter.OpenRouter(api_key=emulator.key, server_url=f"{emulator.base_url}/api/v1") as client:
        yield client


def ask(client: openrouter.OpenRouter, **fields: Any) -> Any:
    return client.images.generate(**{"model": MODEL, "prompt": "a fox", "retries": None, **fields})


def test_pictures_come_with_their_type_and_their_price(client: openrouter.OpenRouter, emulator: Emulator) -> None:
    reply = ask(client, n=2, aspect_ratio="16:9", resolution="2K", seed=7)
    assert [described(base64.b64decode(each.b64_json)) for each in reply.data] == [("PNG", (2736, 1536))] * 2
    assert [each.media_type for each in reply.data] == ["image/png"] * 2
    assert reply.usage.cost == pytest.approx(0.08)
    assert not emulator.surprises


def test_references_go_as_parts_with_a_url(client: openrouter.OpenRouter, emulator: Emulator) -> None:
    url = f"data:image/png;base64,{base64.b64encode(draw('source', 64, 64).data).decode()}"
    part = {"type": "image_url", "image_url": {"url": url}}
    ask(client, model="black-forest-labs/flux.2-pro", input_references=[part, part])
    assert emulator.orders[0].body["input_references"] == [part, part]
    assert not emulator.surprises


def test_models_and_their_prices_are_listed(client: openrouter.OpenRouter) -> None:
    listed = client.images.list_models()
    assert MODEL in {model.id for model in listed.data}
    found = client.images.list_model_endpoints(author="bytedance-seed", slug="seedream-4.5")
    assert [(line.billable, line.cost_usd) for line in found.endpoints[0].pricing] == [("output_image", 0.04)]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("400", errors.BadRequestResponseError, id="400"),
        pytest.param("401", errors.UnauthorizedResponseError, id="401"),
        pytest.param("402", errors.PaymentRequiredResponseError, id="402"),
        pytest.param("403", errors.ForbiddenResponseError, id="403"),
        pytest.param("404", errors.NotFoundResponseError, id="404"),
        pytest.param("429", errors.TooManyRequestsResponseError, id="429"),
        pytest.param("500", errors.InternalServerResponseError, id="500"),
        pytest.param("refusal:moderation", errors.ForbiddenResponseError, id="moderation"),
    ],
)
def test_an_error_has_its_class(
    client: openrouter.OpenRouter, emulator: Emulator, kind: str, error: type[Exception]
) -> None:
    emulator.fault(kind)
    with pytest.raises(error):
        ask(client)
    assert not emulator.submits


def test_a_field_that_the_model_does_not_list_is_refused(client: openrouter.OpenRouter) -> None:
    with pytest.raises(errors.BadRequestResponseError, match="seed is not supported"):
        ask(client, model="black-forest-labs/flux.2-pro", seed=7)
