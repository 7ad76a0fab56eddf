"""Pollinations: a full queue that looks like a bill, two shapes of 429, and a key that never stands in a URL."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    BadReply,
    ContentRefused,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
    Unavailable,
)
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.providers.contract import Picture, Request
from imgforge_mcp.providers.services.pollinations import PROVIDER
from tests.providers._calls import ENCODED, INPUT, INPUT_URL, ODD_BODIES, PICTURE, call_for, reply

FLUX = call_for("pollinations/flux-schnell")


@pytest.mark.parametrize(
    ("row", "fields", "path", "body"),
    [
        pytest.param(
            "flux-schnell",
            {"seed": 0, "width": 512, "height": 768},
            "generations",
            {"model": "flux", "size": "512x768", "seed": 0, "response_format": "b64_json"},
            id="everything",
        ),
        pytest.param(
            "gpt-image-2",
            {"tier": QualityTier.PREMIUM},
            "generations",
            {"model": "gpt-image-2", "size": "1024x1024", "quality": "high", "seed": -1, "response_format": "b64_json"},
            id="effort follows the tier, and no seed means a random one",
        ),
        pytest.param(
            "flux-2-klein-4b",
            {"inputs": (INPUT,), "seed": 3},
            "edits",
            {"model": "klein", "seed": 3, "image": [{"image_url": INPUT_URL}]},
            id="an edit, sized like the input",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, fields: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"pollinations/{row}", **fields))
    assert request == Request(target=f"/v1/images/{path}", json={"prompt": "a red fox", **body})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply({"data": [{"b64_json": ENCODED, "revised_prompt": "x"}]}), id="base64"),
        pytest.param(reply(PICTURE, headers={"content-type": "image/jpeg"}), id="bare bytes"),
    ],
)
def test_a_picture_is_found(answer: Any) -> None:
    assert PROVIDER.parse(answer, FLUX).pictures == (Picture(data=PICTURE),)


@pytest.mark.parametrize("body", [b"", *ODD_BODIES])
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), FLUX)


def own(code: str, **fields: Any) -> dict[str, Any]:
    return {"status": 400, "success": False, "error": {"code": code, "message": "said", **fields}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "after"),
    [
        pytest.param(400, own("BAD_REQUEST", type="safety_error"), ContentRefused, None, id="refused"),
        pytest.param(400, own("BAD_REQUEST"), Rejected, None, id="bad request"),
        pytest.param(401, own("UNAUTHORIZED"), ProviderAuth, None, id="key"),
        pytest.param(402, own("PAYMENT_REQUIRED"), QuotaExceeded, None, id="no pollen"),
        pytest.param(
            402, {"x402Version": 1, "error": "Queue full for IP", "accepts": []}, RateLimited, None, id="full queue"
        ),
        pytest.param(403, own("FORBIDDEN"), ModelGone, None, id="the key may not use the model"),
        pytest.param(429, own("RATE_LIMITED"), RateLimited, None, id="rate"),
        pytest.param(
            429,
            {"error": "Rate limit exceeded", "retryAfterSeconds": 12},
            RateLimited,
            12,
            id="the limiter's own shape",
        ),
        pytest.param(429, {"error": "x", "retryAfterSeconds": "12"}, RateLimited, 12.0, id="a delay in words"),
        pytest.param(502, own("BAD_GATEWAY"), Unavailable, None, id="the upstream's trouble"),
        pytest.param(500, [], Unavailable, None, id="no object"),
    ],
)
def test_an_error_means(status: int, body: object, kind: type[ForgeError], after: float | None) -> None:
    error = PROVIDER.failure(reply(body, status), FLUX)
    assert (type(error), error.retry_after) == (kind, after)
