"""The openai SDK against the emulators of OpenAI-compatible servers; what it has no field for goes by `extra_body`."""

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.clients._picture import described, downloaded
from tests.emulators._dialects import DIALECTS, Dialect
from tests.emulators._picture import draw


@pytest.fixture
def emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dialect]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    emulator = DIALECTS[request.param]()
    with emulator.serve():
        yield emulator


@pytest.fixture
def client(emulator: Dialect) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=emulator.key, base_url=f"{emulator.base_url}/v1", max_retries=0) as client:
        yield client


@pytest.mark.parametrize(
    ("emulator", "asked", "picture"),
    [
        pytest.param(
            "xai",
            {"response_format": "b64_json", "extra_body": {"aspect_ratio": "16:9", "resolution": "1k"}},
            ("JPEG", (1376, 768)),
            id="xai",
        ),
        pytest.param(
            "localai",
            {"size": "512x256", "response_format": "b64_json", "extra_body": {"step": 4, "seed": 7}},
            ("PNG", (512, 256)),
            id="localai",
        ),
        pytest.param("sd-server", {"size": "70x70", "quality": "high"}, ("PNG", (128, 128)), id="sd-server"),
        pytest.param(
            "vllm-omni",
            {"size": "512x256", "response_format": "b64_json", "extra_body": {"num_inference_steps": 4}},
            ("PNG", (512, 256)),
            id="vllm-omni",
        ),
    ],
    indirect=["emulator"],
)
def test_a_picture_comes_as_base64(
    client: openai.OpenAI, emulator: Dialect, asked: dict[str, Any], picture: tuple[str, tuple[int, int]]
) -> None:
    reply = client.images.generate(model=emulator.model, prompt="a fox", n=2, **asked)
    assert [described(base64.b64decode(each.b64_json or "")) for each in reply.data or []] == [picture] * 2
    assert not emulator.surprises


@pytest.mark.parametrize("emulator", ["xai", "localai"], indirect=True)
def test_a_picture_is_behind_a_url_unless_base64_is_asked_for(client: openai.OpenAI, emulator: Dialect) -> None:
    reply = client.images.generate(model=emulator.model, prompt="a fox")
    assert described(downloaded((reply.data or [])[0].url or ""))[1] in ((1024, 1024), (512, 512))


@pytest.mark.parametrize("emulator", ["sd-server", "vllm-omni"], indirect=True)
def test_an_edit_is_a_form(client: openai.OpenAI, emulator: Dialect) -> None:
    source = ("source.png", draw("source", 128, 64).data, "image/png")
    asked: dict[str, Any] = {"size": "512x256", "response_format": "b64_json"}
    reply = client.images.edit(model=emulator.model, prompt="a fox", image=source, **asked)
    assert described(base64.b64decode((reply.data or [])[0].b64_json or "")) == ("PNG", (512, 256))
    assert [call.path for call in emulator.submits] == ["/v1/images/edits"]


@pytest.mark.parametrize("emulator", DIALECTS, indirect=True)
def test_a_bad_request_has_its_class_whatever_its_shape(client: openai.OpenAI, emulator: Dialect) -> None:
    emulator.fault("400")
    with pytest.raises(openai.BadRequestError):
        client.images.generate(model=emulator.model, prompt="a fox")


@pytest.mark.parametrize("emulator", ["vllm-omni"], indirect=True)
def test_a_url_cannot_be_had_from_vllm(client: openai.OpenAI, emulator: Dialect) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(model=emulator.model, prompt="a fox", response_format="url")
    assert "b64_json" in caught.value.response.json()["detail"]
