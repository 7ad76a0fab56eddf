"""Together: what is peculiar to its wire format."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    BadReply,
    ContentRefused,
    ForgeError,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
)
from imgforge_mcp.providers.contract import Picture, Request
from imgforge_mcp.providers.services.together import PROVIDER
from tests.providers._calls import ENCODED, INPUT, INPUT_URL, ODD_BODIES, PICTURE, SECOND, SECOND_URL, call_for, reply

SCHNELL = call_for("together/flux-schnell")
SIZE = {"width": 1024, "height": 1024}
COMMON = {"prompt": "a red fox", "n": 1, "response_format": "base64"}


@pytest.mark.parametrize(
    ("row", "fields", "body"),
    [
        pytest.param("flux-schnell", {}, {"model": "black-forest-labs/FLUX.1-schnell", **SIZE}, id="least"),
        pytest.param(
            "flux-schnell",
            {"n": 3, "seed": 0, "steps": 4, "negative_prompt": "blur", "width": 512, "height": 768},
            {
                "model": "black-forest-labs/FLUX.1-schnell",
                **{"n": 3, "seed": 0, "steps": 4, "negative_prompt": "blur", "width": 512, "height": 768},
            },
            id="everything",
        ),
        pytest.param(
            "flux-2-dev",
            {"inputs": (INPUT, SECOND), "output_format": "png"},
            {
                "model": "black-forest-labs/FLUX.2-dev",
                "reference_images": [INPUT_URL, SECOND_URL],
                "output_format": "png",
            },
            id="references, sized like the input",
        ),
        pytest.param(
            "flux-kontext",
            {"inputs": (INPUT,), "aspect_ratio": "16:9", "is_size_asked": True},
            {"model": "black-forest-labs/FLUX.1-kontext-pro", "image_url": INPUT_URL, "aspect_ratio": "16:9"},
            id="kontext edits one image and is sized by ratio",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"together/{row}", **fields))
    assert request == Request(target="/v1/images/generations", json={**COMMON, **body})


def test_pictures_arrive_as_base64_or_as_urls() -> None:
    items = [
        {"type": "b64_json", "b64_json": ENCODED, "url": None},
        {"type": "url", "url": "https://api.together.ai/x"},
    ]
    images = PROVIDER.parse(reply({"data": items}), SCHNELL)
    assert images.pictures == (Picture(data=PICTURE), Picture(url="https://api.together.ai/x"))


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), SCHNELL)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        pytest.param(422, "NSFW content detected", ContentRefused, id="the checker"),
        pytest.param(422, "height must be a multiple of 8", Rejected, id="validation"),
        pytest.param(400, "the NSFW checker cannot be disabled", Rejected, id="the word alone is no refusal"),
        pytest.param(401, "Invalid API key", ProviderAuth, id="key"),
        pytest.param(402, "Credit limit exceeded", QuotaExceeded, id="credit"),
        pytest.param(429, "slow down", RateLimited, id="rate"),
    ],
)
def test_an_error_means(status: int, message: str, kind: type[ForgeError]) -> None:
    error = PROVIDER.failure(reply({"error": {"message": message, "type": "x", "code": None}}, status), SCHNELL)
    assert type(error) is kind
    assert error.details["provider_message"] == message
