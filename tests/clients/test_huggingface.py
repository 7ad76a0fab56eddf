"""huggingface_hub's InferenceClient against the emulator of Hugging Face's router."""

from collections.abc import Callable, Iterator
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.inference._providers import PROVIDERS, _common

from tests.emulators import Emulator, load

SCHNELL = "black-forest-labs/FLUX.1-schnell"


@pytest.fixture
def emulator(serve: Callable[[str, str], Emulator], monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    # Only a token that begins like Hugging Face's own goes to the router.
    emulator = serve("huggingface", f"hf_{load('huggingface').key}")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", emulator.base_url)
    monkeypatch.setattr("huggingface_hub.constants.INFERENCE_PROXY_TEMPLATE", f"{emulator.base_url}/{{provider}}")
    monkeypatch.setattr(PROVIDERS["hf-inference"]["text-to-image"], "base_url", f"{emulator.base_url}/hf-inference")
    # Else it asks the hub for a list of known callers, and keeps that in the user's cache.
    monkeypatch.setattr("huggingface_hub.utils._detect_agent._registry", {"standardEnvVars": [], "harnesses": {}})
    _common._fetch_inference_provider_mapping.cache_clear()
    yield emulator
    huggingface_hub.close_session()


def client_of(emulator: Emulator, service: Any) -> huggingface_hub.InferenceClient:
    return huggingface_hub.InferenceClient(provider=service, api_key=emulator.key)


@pytest.mark.parametrize(
    ("service", "path"),
    [
        pytest.param("hf-inference", f"/hf-inference/models/{SCHNELL}", id="hf-inference"),
        pytest.param("fal-ai", "/fal-ai/fal-ai/flux/schnell", id="fal-ai"),
        pytest.param("together", "/together/v1/images/generations", id="together"),
        pytest.param("replicate", "/replicate/v1/models/black-forest-labs/flux-schnell/predictions", id="replicate"),
    ],
)
def test_every_service_makes_a_picture_behind_the_router(emulator: Emulator, service: str, path: str) -> None:
    image = client_of(emulator, service).text_to_image(
        "a fox", model=SCHNELL, width=512, height=256, seed=7, num_inference_steps=4
    )
    assert image.size == (512, 256)
    assert [call.path for call in emulator.submits] == [path]
    assert emulator.orders[0].seed == 7
    assert not emulator.surprises


def test_an_endpoint_of_ones_own_is_called_by_its_url(emulator: Emulator) -> None:
    image = client_of(emulator, "hf-inference").text_to_image(
        "a fox", model=f"{emulator.base_url}/models/mine", negative_prompt="blur", guidance_scale=3
    )
    assert image.size == (1024, 1024)
    assert emulator.orders[0].body["negative_prompt"] == "blur"
    assert not emulator.surprises


@pytest.mark.parametrize("kind", ["401", "402", "404", "429", "500", "503"])
def test_an_error_has_its_status(emulator: Emulator, kind: str) -> None:
    emulator.fault(kind)
    with pytest.raises(HfHubHTTPError) as caught:
        client_of(emulator, "together").text_to_image("a fox", model=SCHNELL)
    assert caught.value.response.status_code == int(kind)
    assert not emulator.submits


def test_a_refusal_of_fal_passes_through_the_router(emulator: Emulator) -> None:
    emulator.fault("refusal")
    with pytest.raises(HfHubHTTPError, match="content_policy_violation"):
        client_of(emulator, "fal-ai").text_to_image("a fox", model=SCHNELL)
