"""Stability AI: forms, a blurred picture for a refusal, a 403 that is no wrong key."""

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
from imgforge_mcp.providers.contract import Picture
from imgforge_mcp.providers.services.stability import PROVIDER
from tests.providers._calls import ENCODED, INPUT, ODD_BODIES, PICTURE, SECOND, call_for, reply

LARGE = call_for("stability/sd-3.5")


@pytest.mark.parametrize(
    ("row", "path", "fields", "form"),
    [
        pytest.param(
            "sd-3.5",
            "generate/sd3",
            {"seed": 3, "negative_prompt": "blur", "output_format": "png", "aspect_ratio": "16:9"},
            {
                **{"aspect_ratio": "16:9", "seed": "3", "negative_prompt": "blur"},
                **{"output_format": "png", "model": "sd3.5-large"},
            },
            id="the model is named",
        ),
        pytest.param(
            "stable-image-core",
            "generate/core",
            {"style": "anime", "seed": 0},
            {"aspect_ratio": "1:1", "style_preset": "anime", "seed": "4294967294"},
            id="0 would be random",
        ),
        pytest.param(
            "sd-3.5",
            "generate/sd3",
            {"inputs": (INPUT,), "strength": 0.3},
            {"strength": "0.3", "mode": "image-to-image", "model": "sd3.5-large", "image": b"input"},
            id="image to image takes no ratio",
        ),
        pytest.param(
            "stable-image-ultra",
            "generate/ultra",
            {"inputs": (INPUT,)},
            {"strength": "0.65", "image": b"input"},
            id="ultra",
        ),
        pytest.param(
            "stable-image-inpaint",
            "edit/inpaint",
            {"inputs": (INPUT,), "mask": SECOND},
            {"image": b"input", "mask": b"second"},
            id="inpaint",
        ),
    ],
)
def test_a_call_becomes_this_form(row: str, path: str, fields: dict[str, Any], form: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"stability/{row}", **fields))
    assert (request.target, request.json) == (f"/v2beta/stable-image/{path}", None)
    assert {name: part.value for name, part in request.form or ()} == {"prompt": "a red fox", **form}


def test_the_declared_type_may_carry_a_parameter() -> None:
    kind = {"content-type": "application/json; type=image/png"}
    answer = reply({"image": ENCODED, "finish_reason": "SUCCESS", "seed": 7}, headers=kind)
    assert PROVIDER.parse(answer, LARGE).pictures == (Picture(data=PICTURE, seed=7),)


def test_a_blurred_picture_is_a_refusal() -> None:
    with pytest.raises(ContentRefused):
        PROVIDER.parse(reply({"image": ENCODED, "finish_reason": "CONTENT_FILTERED"}), LARGE)


@pytest.mark.parametrize("body", [{"image": None}, {"image": 3}, *ODD_BODIES])
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), LARGE)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(
            403, {"id": "x", "name": "content_moderation", "errors": ["flagged"]}, ContentRefused, id="refused"
        ),
        pytest.param(403, {"name": "forbidden", "errors": ["no"]}, ProviderAuth, id="forbidden"),
        pytest.param(402, {"name": "payment_required", "errors": ["no"]}, QuotaExceeded, id="credit"),
        pytest.param(400, {"name": "bad_request", "errors": ["some-field: is required"]}, Rejected, id="bad request"),
        pytest.param(429, {"name": "rate_limit_exceeded", "errors": ["slow"]}, RateLimited, id="rate"),
    ],
)
def test_an_error_means(status: int, body: dict[str, Any], kind: type[ForgeError]) -> None:
    error = PROVIDER.failure(reply(body, status), LARGE)
    assert (type(error), error.details["provider_message"]) == (kind, body["errors"][0])
