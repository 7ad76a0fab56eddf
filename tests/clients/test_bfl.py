"""blackforest against the Black Forest Labs emulator."""

import warnings
from collections.abc import Callable, Iterator

import pytest

from tests.clients._picture import described, downloaded
from tests.emulators import Emulator

# Its models are declared in a way that pydantic has deprecated.
with warnings.catch_warnings(action="ignore"):
    from blackforest import BFLClient
    from blackforest.client import BFLError
    from blackforest.types.general.client_config import ClientConfig

WAIT = ClientConfig(sync=True, polling_interval=0.1)


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    emulator = serve("bfl")
    emulator.polls = 0
    return emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[BFLClient]:
    client = BFLClient(api_key=emulator.key, base_url=emulator.base_url)
    yield client
    client.session.close()


def test_a_picture_is_polled_for_and_downloaded_without_the_key(client: BFLClient, emulator: Emulator) -> None:
    reply = client.generate("flux-pro-1.1", {"prompt": "a fox", "seed": 7, "width": 512, "height": 256}, WAIT)
    assert described(downloaded(reply.result["sample"])) == ("JPEG", (512, 256))
    assert reply.result["seed"] == 7
    assert not emulator.surprises


def test_the_submit_hands_out_a_url_to_poll(client: BFLClient, emulator: Emulator) -> None:
    emulator.polls = 1
    reply = client.generate("flux-dev", {"prompt": "a fox"}, ClientConfig(sync=False))
    assert reply.polling_url.startswith(emulator.base_url)
    assert [client.get_task_status(reply.id).status for _ in range(2)] == ["Pending", "Ready"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("401", "403 Client Error", id="401"),
        pytest.param("402", "402 Client Error", id="402"),
        pytest.param("404", "404 Client Error", id="404"),
        pytest.param("429", "429 Client Error", id="429"),
        pytest.param("400", "422 Client Error", id="400"),
    ],
)
def test_an_error_has_its_status(client: BFLClient, emulator: Emulator, kind: str, text: str) -> None:
    emulator.fault(kind)
    with pytest.raises(BFLError, match=text):
        client.generate("flux-pro-1.1", {"prompt": "a fox"}, WAIT)
    assert not emulator.submits


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        pytest.param("request_moderated", "Request Moderated", id="request"),
        pytest.param("content_moderated", "Content Moderated", id="content"),
    ],
)
def test_a_refusal_is_a_status(client: BFLClient, emulator: Emulator, refusal: str, status: str) -> None:
    emulator.fault(f"refusal:{refusal}")
    reply = client.generate("flux-pro-1.1", {"prompt": "a fox"}, ClientConfig(sync=False))
    assert client.get_task_status(reply.id).status == status


def test_an_unknown_task_is_a_status_too(client: BFLClient) -> None:
    assert client.get_task_status("nothing").status == "Task not found"
