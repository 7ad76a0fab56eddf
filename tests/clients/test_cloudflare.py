"""The cloudflare SDK, which encodes the slashes of a model's name, against the Cloudflare emulator."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import cloudflare
import httpx
import pytest

from tests.clients._picture import described
from tests.emulators import Emulator
from tests.emulators._picture import draw
from tests.emulators.cloudflare import Cloudflare

SCHNELL = "@cf/black-forest-labs/flux-1-schnell"
KLEIN = "@cf/black-forest-labs/flux-2-klein-4b"
LIGHTNING = "@cf/bytedance/stable-diffusion-xl-lightning"
ACCOUNT = Cloudflare.account


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("cloudflare")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[cloudflare.Cloudflare]:
    base = f"{emulator.base_url}/client/v4"
    with cloudflare.Cloudflare(api_token=emulator.key, base_url=base, max_retries=0) as client:
        yield client


def test_flux_schnell_comes_in_the_envelope(client: cloudflare.Cloudflare, emulator: Emulator) -> None:
    reply: Any = client.ai.run(SCHNELL, account_id=ACCOUNT, prompt="a fox", extra_body={"steps": 4})
    assert described(base64.b64decode(reply["image"])) == ("JPEG", (1024, 1024))
    assert emulator.calls[0].raw_path.endswith("%2Fflux-1-schnell")
    assert not emulator.surprises


def test_lightning_declares_png_and_sends_jpeg(client: cloudflare.Cloudflare) -> None:
    reply = client.ai.with_raw_response.run(LIGHTNING, account_id=ACCOUNT, prompt="a fox", width=512, height=256)
    assert reply.headers["content-type"] == "image/png"
    assert described(reply.read()) == ("JPEG", (512, 256))


def multipart(client: cloudflare.Cloudflare, side: int) -> httpx.Response:
    """FLUX.2 takes forms only, for which the SDK has no method of its own."""
    return client.post(
        f"/accounts/{ACCOUNT}/ai/run/{KLEIN}",
        cast_to=httpx.Response,
        body={"prompt": "a fox", "width": "512", "height": "512"},
        files=[("input_image_0", ("0.png", draw("source", side, side).data, "image/png"))],
        options={"headers": {"Content-Type": "multipart/form-data"}},
    )


def test_flux_2_takes_a_form_with_a_picture(client: cloudflare.Cloudflare, emulator: Emulator) -> None:
    reply = multipart(client, 256)
    assert described(base64.b64decode(reply.json()["result"]["image"])) == ("JPEG", (512, 512))
    assert list(emulator.submits[0].uploads) == ["input_image_0"]


def test_flux_2_refuses_a_picture_of_512_pixels(client: cloudflare.Cloudflare) -> None:
    with pytest.raises(cloudflare.BadRequestError, match="512x512"):
        multipart(client, 512)


def test_flux_2_refuses_json(client: cloudflare.Cloudflare) -> None:
    with pytest.raises(cloudflare.BadRequestError) as caught:
        client.ai.run(KLEIN, account_id=ACCOUNT, prompt="a fox")
    assert caught.value.errors[0].code == 5006


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        pytest.param("401", cloudflare.AuthenticationError, 10000, id="401"),
        pytest.param("404", cloudflare.BadRequestError, 5007, id="404"),
        pytest.param("429", cloudflare.RateLimitError, 3040, id="429"),
        pytest.param("quota", cloudflare.RateLimitError, 3036, id="quota"),
        pytest.param("refusal", cloudflare.BadRequestError, 3030, id="refusal"),
    ],
)
def test_an_error_has_its_class_and_number(
    client: cloudflare.Cloudflare, emulator: Emulator, kind: str, error: type[cloudflare.APIStatusError], code: int
) -> None:
    emulator.fault(kind)
    with pytest.raises(error) as caught:
        client.ai.run(SCHNELL, account_id=ACCOUNT, prompt="a fox")
    assert caught.value.errors[0].code == code
    assert not emulator.submits
