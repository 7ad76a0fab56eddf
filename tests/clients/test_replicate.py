"""replicate 1.x against the Replicate emulator."""

import warnings
from collections.abc import Callable, Iterator

import pytest

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator

# Its models are declared in a way that pydantic has deprecated.
with warnings.catch_warnings(action="ignore"):
    from replicate.client import Client
    from replicate.exceptions import ModelError, ReplicateError

SCHNELL = "black-forest-labs/flux-schnell"
PRO = "black-forest-labs/flux-2-pro"


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("replicate")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    client = Client(api_token=emulator.key, base_url=emulator.base_url)
    yield client
    client._client.close()


def test_run_waits_and_brings_as_many_pictures_as_were_asked_for(client: Client, emulator: Emulator) -> None:
    # Files of an http host stay URLs; the client wraps those of https and data URLs only.
    urls = client.run(SCHNELL, input={"prompt": "a fox", "num_outputs": 2, "output_format": "png", "seed": 7})
    assert [described(downloaded(url)) for url in urls] == [("PNG", (1024, 1024))] * 2
    assert emulator.submits[0].headers["prefer"] == "wait"
    assert emulator.orders[0].seed == 7
    assert not emulator.surprises


def test_a_model_of_one_picture_answers_with_one_url(client: Client) -> None:
    prediction = client.models.predictions.create(PRO, input={"prompt": "a fox", "aspect_ratio": "3:2"}, wait=5)
    assert described(downloaded(str(prediction.output)))[0] == "WEBP"


def test_a_prediction_that_takes_long_is_asked_for(client: Client, emulator: Emulator) -> None:
    emulator.polls = 2
    prediction = client.models.predictions.create(SCHNELL, input={"prompt": "a fox"}, wait=1)
    seen = [prediction.status]
    for _ in range(3):
        prediction.reload()
        seen.append(prediction.status)
    assert seen == ["starting", "processing", "processing", "succeeded"]


def test_predictions_create_forgets_to_ask_for_the_wait(client: Client, emulator: Emulator) -> None:
    assert client.predictions.create(model=SCHNELL, input={"prompt": "a fox"}, wait=10).status == "starting"
    assert "prefer" not in emulator.submits[0].headers


def test_a_prediction_can_be_canceled(client: Client, emulator: Emulator) -> None:
    emulator.polls = 5
    prediction = client.models.predictions.create(SCHNELL, input={"prompt": "a fox"})
    prediction.cancel()
    assert prediction.status == "canceled"
    assert emulator.calls[-1].path.endswith("/cancel")


@pytest.mark.parametrize("refusal", ["nsfw", "flagged"])
def test_a_refusal_is_a_prediction_that_failed(client: Client, emulator: Emulator, refusal: str) -> None:
    emulator.fault(f"refusal:{refusal}")
    with pytest.raises(ModelError) as caught:
        client.run(SCHNELL, input={"prompt": "a fox"})
    assert caught.value.prediction.status == "failed"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param("401", 401, id="401"),
        pytest.param("402", 402, id="402"),
        pytest.param("404", 404, id="404"),
        pytest.param("429", 429, id="429"),
        pytest.param("400", 422, id="400"),
        pytest.param("503", 503, id="503"),
    ],
)
def test_an_error_has_its_status(client: Client, emulator: Emulator, kind: str, status: int) -> None:
    emulator.fault(kind)
    with pytest.raises(ReplicateError) as caught:
        client.run(SCHNELL, input={"prompt": "a fox"})
    assert caught.value.status == status
    assert caught.value.detail
    assert not emulator.submits


def test_an_input_that_the_schema_does_not_allow_is_refused(client: Client) -> None:
    with pytest.raises(ReplicateError, match="aspect_ratio"):
        client.run(PRO, input={"prompt": "a fox", "aspect_ratio": "21:9"})


def test_a_model_and_the_list_of_models_are_read(client: Client) -> None:
    assert client.models.get(SCHNELL).name == "flux-schnell"
    assert SCHNELL in {f"{model.owner}/{model.name}" for model in client.models.list()}
