"""The fault switch of the emulators, by plain HTTP; what each provider says is proved in `tests/clients`."""

import io
import threading
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image, UnidentifiedImageError

from tests import emulators
from tests.emulators import Emulator
from tests.emulators.gemini import Gemini

SUBMIT = "/v1/images/generations"
BODY = {"model": "black-forest-labs/FLUX.1-schnell", "prompt": "a fox"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = emulators.load("together")
    with emulator.serve():
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {emulator.key}"}
    with httpx.Client(base_url=emulator.base_url, headers=headers, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("name", emulators.names())
def test_every_emulator_has_a_key_and_a_base_url_to_offer(name: str) -> None:
    emulator = emulators.load(name)
    environment = emulator.environment("http://127.0.0.1:9")
    assert not emulator.needs_key or environment[emulator.key_variable] == emulator.key
    assert environment[f"IMGFORGE_{name.upper()}_BASE_URL"] == "http://127.0.0.1:9"


@pytest.mark.parametrize("name", emulators.names())
def test_every_supported_fault_can_be_set_and_no_other(name: str) -> None:
    emulator = emulators.load(name)
    for kind, phase in emulator.supported_faults:
        emulator.fault(kind, phase)
    with pytest.raises(ValueError, match=name):
        emulator.fault("418")


def test_a_wrong_key_is_refused_and_nothing_is_bought(client: httpx.Client, emulator: Emulator) -> None:
    assert client.post(SUBMIT, json=BODY, headers={"Authorization": "Bearer other"}).status_code == 401
    assert len(emulator.calls) == 1
    assert not emulator.submits


def test_a_missing_key_is_refused(client: httpx.Client) -> None:
    assert client.post(SUBMIT, json=BODY, headers={"Authorization": ""}).status_code == 401


def test_times_counts_down_and_then_the_emulator_is_well(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("503", times=2)
    assert [client.post(SUBMIT, json=BODY).status_code for _ in range(4)] == [503, 503, 200, 200]
    assert len(emulator.submits) == 2


def test_counted_faults_come_in_the_order_they_were_set(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("500", times=1)
    emulator.fault("429", times=1)
    assert [client.post(SUBMIT, json=BODY).status_code for _ in range(3)] == [500, 429, 200]


def test_counting_is_exact_when_many_threads_call(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("500", times=5)
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client.post(SUBMIT, json=BODY).status_code)) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [500] * 5


def test_a_fault_without_a_count_stays_until_cleared(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("500")
    assert {client.post(SUBMIT, json=BODY).status_code for _ in range(3)} == {500}
    emulator.clear()
    assert client.post(SUBMIT, json=BODY).status_code == 200


def test_a_hung_call_counts_as_a_submit_and_moves_the_clock(client: httpx.Client, emulator: Emulator) -> None:
    moved = threading.Event()
    emulator.on_hang = moved.set
    emulator.fault("hang")
    with pytest.raises(httpx.ReadTimeout):
        client.post(SUBMIT, json=BODY, timeout=httpx.Timeout(60, read=0.05))
    assert moved.wait(30)
    assert len(emulator.submits) == 1


def test_clear_answers_a_hung_call_after_all(client: httpx.Client, emulator: Emulator) -> None:
    emulator.on_hang = lambda: threading.Thread(target=emulator.clear).start()
    emulator.fault("hang")
    assert client.post(SUBMIT, json=BODY).status_code == 200
    assert len(emulator.submits) == 1


def test_leaving_does_not_wait_for_a_hung_call() -> None:
    emulator = emulators.load("together")
    emulator.fault("hang")
    headers = {"Authorization": f"Bearer {emulator.key}"}
    caught: list[type[Exception]] = []

    def call(base_url: str) -> None:
        try:
            httpx.post(base_url + SUBMIT, json=BODY, headers=headers, timeout=60, trust_env=False)
        except httpx.TransportError as error:
            caught.append(type(error))

    with emulator.serve() as base_url:
        thread = threading.Thread(target=call, args=(base_url,), daemon=True)
        thread.start()
        assert emulator.wait_for_submits()
    thread.join(60)
    assert caught


def test_a_cut_answer_promises_more_than_it_sends_and_counts(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("cut")
    with client.stream("POST", SUBMIT, json=BODY) as reply:
        assert reply.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match=r"received [1-9]\d* bytes, expected \d+"):
            reply.read()
    assert len(emulator.submits) == 1


def test_an_echoed_key_is_in_the_body(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("echo_key")
    reply = client.post(SUBMIT, json=BODY)
    assert reply.status_code == 500
    assert emulator.key in reply.text


def test_a_redirect_points_to_another_host(client: httpx.Client, emulator: Emulator) -> None:
    emulator.fault("redirect")
    reply = client.post(SUBMIT, json=BODY)
    assert (reply.status_code, httpx.URL(reply.headers["location"]).host) == (307, "elsewhere.invalid")
    assert not emulator.submits


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("not_an_image", UnidentifiedImageError, id="not_an_image"),
        pytest.param("truncated_image", OSError, id="truncated_image"),
    ],
)
def test_a_spoiled_download_does_not_decode(
    client: httpx.Client, emulator: Emulator, kind: str, error: type[Exception]
) -> None:
    emulator.fault(kind, "download")
    reply = httpx.get(client.post(SUBMIT, json=BODY).json()["data"][0]["url"], trust_env=False)
    with pytest.raises(error), Image.open(io.BytesIO(reply.content)) as image:
        image.load()


def test_the_key_at_the_download_host_is_a_surprise(client: httpx.Client, emulator: Emulator) -> None:
    client.get(client.post(SUBMIT, json=BODY).json()["data"][0]["url"])
    assert [each for each in emulator.surprises if "key" in each]


def test_a_download_without_a_user_agent_is_refused(client: httpx.Client) -> None:
    url = client.post(SUBMIT, json=BODY).json()["data"][0]["url"]
    assert httpx.get(url, headers={"User-Agent": ""}, trust_env=False).status_code == 403


def test_an_undocumented_field_is_a_surprise(client: httpx.Client, emulator: Emulator) -> None:
    assert client.post(SUBMIT, json={**BODY, "sampler": "euler"}).status_code == 200
    assert ["sampler" in each for each in emulator.surprises] == [True]


@pytest.mark.parametrize("media", ["png", "jpeg"])
def test_same_prompt_and_seed_give_the_same_bytes(client: httpx.Client, media: str) -> None:
    def picture(**settings: object) -> str:
        body = {**BODY, "response_format": "base64", "output_format": media, **settings}
        text: str = client.post(SUBMIT, json=body).json()["data"][0]["b64_json"]
        return text

    assert picture(seed=1) == picture(seed=1)
    assert len({picture(seed=1), picture(seed=2), picture(), picture()}) == 4


def test_a_picture_is_as_large_as_asked_for(client: httpx.Client, emulator: Emulator) -> None:
    emulator.image_bytes = 1_200_000
    reply = httpx.get(client.post(SUBMIT, json=BODY).json()["data"][0]["url"], trust_env=False)
    assert 1_000_000 < len(reply.content) < 1_400_000


def test_reset_makes_it_as_new(client: httpx.Client, emulator: Emulator) -> None:
    emulator.polls = 9
    emulator.fault("500")
    client.post(SUBMIT, json=BODY)
    emulator.reset()
    assert (emulator.polls, emulator.calls) == (1, [])
    assert client.post(SUBMIT, json=BODY).status_code == 200


def test_reset_forgets_queued_work() -> None:
    emulator = emulators.load("bfl")
    with emulator.serve() as base_url, httpx.Client(base_url=base_url, headers={"x-key": emulator.key}) as client:
        url = client.post("/v1/flux-2-pro", json={"prompt": "a fox"}).json()["polling_url"]
        emulator.reset()
        assert client.get(url).json()["status"] == "Task not found"


def test_the_switch_works_over_http_and_is_not_recorded(client: httpx.Client, emulator: Emulator) -> None:
    assert client.post("/_emulator/fault", json={"kind": "429", "times": 1, "retry_after": 7}).status_code == 200
    assert client.post(SUBMIT, json=BODY).headers["retry-after"] == "7"
    assert client.post("/_emulator/settings", json={"polls": 3}).status_code == 200
    assert client.post("/_emulator/settings", json={"poles": 3}).status_code == 400
    assert client.post("/_emulator/fault", json={"kind": "418"}).status_code == 400
    assert client.post(SUBMIT, json=BODY).status_code == 200
    log = client.get("/_emulator/log").json()
    assert (emulator.polls, log["submits"], len(log["calls"])) == (3, 1, 2)
    assert (log["calls"][1]["prompt"], log["calls"][1]["submit_id"]) == ("a fox", emulator.orders[0].identifier)
    assert emulator.key not in client.get("/_emulator/log").text


def polled(client: httpx.Client, path: str, body: object) -> list[str]:
    """Statuses of three polls."""
    url = client.post(path, json=body).json()["polling_url"]
    return [client.get(url).json()["status"] for _ in range(3)]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        pytest.param(None, ["Pending", "Ready", "Ready"], id="well"),
        pytest.param("never", ["Pending"] * 3, id="never"),
        pytest.param("refusal", ["Pending", "Request Moderated", "Request Moderated"], id="refusal"),
    ],
)
def test_the_fate_of_queued_work_shows_when_it_is_asked_for(fault: str | None, statuses: list[str]) -> None:
    emulator = emulators.load("bfl")
    with emulator.serve() as base_url, httpx.Client(base_url=base_url, headers={"x-key": emulator.key}) as client:
        if fault:
            emulator.fault(fault, times=1)
        assert polled(client, "/v1/flux-2-pro", {"prompt": "a fox"}) == statuses
        assert len(emulator.submits) == 1


@pytest.mark.parametrize("serves", [False, True], ids=["gone", "a gateway of one's own"])
def test_imagen_is_gone_unless_the_emulator_stands_for_a_gateway(serves: bool) -> None:
    emulator = emulators.load("gemini")
    assert isinstance(emulator, Gemini)
    emulator.serves_imagen = serves
    body = {"instances": [{"prompt": "a fox"}], "parameters": {"sampleCount": 2, "aspectRatio": "16:9"}}
    headers = {"x-goog-api-key": emulator.key}
    with emulator.serve() as base_url:
        url = f"{base_url}/v1beta/models/imagen-4.0-generate-001:predict"
        reply = httpx.post(url, json=body, headers=headers, trust_env=False)
    assert reply.status_code == (200 if serves else 404)
    assert len(reply.json().get("predictions", [])) == (2 if serves else 0)
