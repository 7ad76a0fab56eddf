"""OpenRouter: one path, only the fields that a model lists, and an answer that says what it cost."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply, ContentRefused, ForgeError, ModelGone, ProviderAuth, QuotaExceeded
from imgforge_mcp.providers.contract import Images, Picture, Request
from imgforge_mcp.providers.services.openrouter import PROVIDER
from tests.providers._calls import ENCODED, INPUT, INPUT_URL, ODD_BODIES, PICTURE, SECOND, SECOND_URL, call_for, reply

FLUX = call_for("openrouter/flux-2-pro")


@pytest.mark.parametrize(
    ("row", "fields", "sent"),
    [
        pytest.param("flux-2-pro", {}, {"model": "black-forest-labs/flux.2-pro"}, id="the least"),
        pytest.param(
            "flux-2-pro",
            {"aspect_ratio": "16:9", "is_size_asked": True},
            {"model": "black-forest-labs/flux.2-pro", "aspect_ratio": "16:9"},
            id="shape",
        ),
        pytest.param(
            "gpt-image-2.5-flare",
            {"tier": "premium", "output_format": "webp"},
            {"model": "openai/gpt-image-2.5-flare", "quality": "high", "output_format": "webp"},
            id="effort by tier",
        ),
        pytest.param(
            "seedream-4.5",
            {"n": 3, "seed": 7, "image_size": "4K"},
            {"model": "bytedance-seed/seedream-4.5", "n": 3, "seed": 7, "resolution": "4K"},
            id="several, seed, resolution",
        ),
        pytest.param(
            "flux-2-pro",
            {"inputs": (INPUT, SECOND)},
            {
                "model": "black-forest-labs/flux.2-pro",
                "input_references": [
                    {"type": "image_url", "image_url": {"url": INPUT_URL}},
                    {"type": "image_url", "image_url": {"url": SECOND_URL}},
                ],
            },
            id="references",
        ),
    ],
)
def test_only_what_the_model_lists_is_sent(row: str, fields: dict[str, Any], sent: dict[str, Any]) -> None:
    call = call_for(f"openrouter/{row}", **fields)
    assert PROVIDER.submit(call) == Request(target="/api/v1/images", json={"prompt": "a red fox", **sent})


def test_the_answer_says_what_it_cost() -> None:
    body = {"data": [{"b64_json": ENCODED, "media_type": "image/png"}], "usage": {"total_tokens": 3, "cost": 0.0312}}
    assert PROVIDER.parse(reply(body), FLUX) == Images(pictures=(Picture(data=PICTURE),), cost_usd=0.0312)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), FLUX)


@pytest.mark.parametrize(
    ("status", "message", "metadata", "kind"),
    [
        pytest.param(401, "No auth credentials found", {}, ProviderAuth, id="key"),
        pytest.param(402, "Insufficient credits", {}, QuotaExceeded, id="credits"),
        pytest.param(404, "No endpoints found for x/y.", {}, ModelGone, id="model"),
        pytest.param(
            403,
            "openai/gpt-image-2 requires moderation and your input was flagged for 'violence'",
            {"reasons": ["violence"], "flagged_input": "a red fox"},
            ContentRefused,
            id="moderation",
        ),
        pytest.param(
            400, "Provider returned error", {"error_type": "content_policy_violation"}, ContentRefused, id="by its type"
        ),
    ],
)
def test_an_error_means_what_its_code_and_metadata_say(
    status: int, message: str, metadata: dict[str, Any], kind: type[ForgeError]
) -> None:
    error = {"code": status, "message": message, "metadata": metadata}
    assert type(PROVIDER.failure(reply({"error": error}, status), FLUX)) is kind
