"""fal-client against the emulator of fal's queue."""

from collections.abc import Callable, Iterator

import fal_client
import httpx
import pytest
from fal_client.client import FalClientHTTPError

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator

ENDPOINT = "fal-ai/flux/dev"


@pytest.fixture
def emulator(serve: Callable[[str], Emulator], monkeypatch: pytest.MonkeyPatch) -> Emulator:
    emulator = serve("fal")
    emulator.polls = 0
    monkeypatch.setattr("fal_client.client.QUEUE_URL_FORMAT", f"{emulator.base_url}/")
    monkeypatch.setattr("fal_client.client.MAX_ATTEMPTS", 1)
    return emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[fal_client.SyncClient]:
    client = fal_client.SyncClient(key=emulator.key)
    yield client
    client._client.close()


def test_a_picture_comes_out_of_the_queue(client: fal_client.SyncClient, emulator: Emulator) -> None:
    handle = client.submit(ENDPOINT, {"prompt": "a fox", "seed": 7, "image_size": {"width": 512, "height": 256}})
    result = handle.get()
    assert described(downloaded(result["images"][0]["url"])) == ("JPEG", (512, 256))
    assert result["seed"] == 7
    assert not emulator.surprises


def test_status_is_asked_under_owner_and_app_alone(client: fal_client.SyncClient, emulator: Emulator) -> None:
    emulator.polls = 2
    handle = client.submit(ENDPOINT, {"prompt": "a fox"})
    seen = [handle.status() for _ in range(3)]
    assert [type(each) for each in seen] == [fal_client.Queued, fal_client.InProgress, fal_client.Completed]
    assert emulator.calls[-1].path == f"/fal-ai/flux/requests/{handle.request_id}/status"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param("401", 401, id="401"),
        pytest.param("404", 404, id="404"),
        pytest.param("429", 429, id="429"),
        pytest.param("quota", 403, id="quota"),
        pytest.param("400", 422, id="400"),
        pytest.param("503", 503, id="503"),
    ],
)
def test_an_error_has_its_status(client: fal_client.SyncClient, emulator: Emulator, kind: str, status: int) -> None:
    emulator.fault(kind)
    with pytest.raises(FalClientHTTPError) as caught:
        client.submit(ENDPOINT, {"prompt": "a fox"})
    assert caught.value.status_code == status
    assert not emulator.submits


def test_a_refusal_shows_only_at_the_result(client: fal_client.SyncClient, emulator: Emulator) -> None:
    emulator.fault("refusal")
    handle = client.submit(ENDPOINT, {"prompt": "a fox"})
    assert isinstance(handle.status(), fal_client.Completed)
    with pytest.raises(FalClientHTTPError) as caught:
        handle.get()
    assert caught.value.status_code == 422
    assert caught.value.response.json()["detail"][0]["type"] == "content_policy_violation"


def test_a_result_that_is_asked_for_too_early_is_refused(client: fal_client.SyncClient, emulator: Emulator) -> None:
    emulator.polls = 1
    handle = client.submit(ENDPOINT, {"prompt": "a fox"})
    headers = {"Authorization": f"Key {emulator.key}"}
    assert httpx.get(handle.response_url, headers=headers, trust_env=False).status_code == 400


def test_a_job_can_be_canceled(client: fal_client.SyncClient, emulator: Emulator) -> None:
    emulator.polls = 5
    handle = client.submit(ENDPOINT, {"prompt": "a fox"})
    handle.cancel()
    assert (emulator.calls[-1].method, emulator.calls[-1].path.rpartition("/")[2]) == ("PUT", "cancel")
