"""replicate 2.x, so far a pre-release, against the Replicate emulator."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator

# Typed as anything: with the older generation installed its names do not exist.
replicate: Any = pytest.importorskip("replicate")
PRO = {"model_owner": "black-forest-labs", "model_name": "flux-2-pro"}


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("replicate")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Any]:
    base_url = f"{emulator.base_url}/v1"
    with replicate.Replicate(bearer_token=emulator.key, base_url=base_url, max_retries=0) as client:
        yield client


def test_a_prediction_is_waited_for(client: Any, emulator: Emulator) -> None:
    prediction = client.models.predictions.create(**PRO, input={"prompt": "a fox"}, prefer="wait=5", cancel_after="1m")
    assert prediction.status == "succeeded"
    assert described(downloaded(str(prediction.output))) == ("WEBP", (1024, 1024))
    headers = emulator.submits[0].headers
    assert (headers["prefer"], headers["cancel-after"]) == ("wait=5", "1m")
    assert not emulator.surprises


def test_a_prediction_is_asked_for_and_canceled(client: Any, emulator: Emulator) -> None:
    emulator.polls = 5
    prediction = client.predictions.create(version="black-forest-labs/flux-schnell", input={"prompt": "a fox"})
    assert prediction.status == "starting"
    assert client.predictions.get(prediction_id=prediction.id).status == "processing"
    assert client.predictions.cancel(prediction_id=prediction.id).status == "canceled"
    assert not emulator.surprises


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("401", "AuthenticationError", id="401"),
        pytest.param("404", "NotFoundError", id="404"),
        pytest.param("429", "RateLimitError", id="429"),
        pytest.param("400", "UnprocessableEntityError", id="400"),
        pytest.param("503", "InternalServerError", id="503"),
    ],
)
def test_an_error_has_its_class(client: Any, emulator: Emulator, kind: str, error: str) -> None:
    emulator.fault(kind)
    with pytest.raises(getattr(replicate, error)):
        client.models.predictions.create(**PRO, input={"prompt": "a fox"})
    assert not emulator.submits


def test_a_refusal_is_a_prediction_that_failed(client: Any, emulator: Emulator) -> None:
    emulator.fault("refusal:flagged")
    prediction = client.models.predictions.create(**PRO, input={"prompt": "a fox"}, prefer="wait=5")
    assert (prediction.status, "E005" in str(prediction.error)) == ("failed", True)
