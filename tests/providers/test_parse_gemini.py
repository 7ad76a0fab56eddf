"""Gemini: pictures among parts, refusals inside a 200, delays inside an error's details, Imagen's older shape."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    AccountBlocked,
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
from imgforge_mcp.providers.contract import Images, Picture, Request
from imgforge_mcp.providers.services.gemini import PROVIDER
from tests.providers._calls import ENCODED, INPUT, ODD_BODIES, PICTURE, call_for, reply

FLASH = call_for("gemini/gemini-3.1-flash-image")
IMAGE = {"inlineData": {"mimeType": "image/png", "data": ENCODED}}


def parsed(body: object) -> Images:
    images = PROVIDER.parse(reply(body), FLASH)
    assert isinstance(images, Images)
    return images


def candidate(*parts: dict[str, Any], reason: str = "STOP", **fields: Any) -> dict[str, Any]:
    return {"content": {"parts": list(parts)}, "finishReason": reason, **fields}


@pytest.mark.parametrize(
    ("row", "fields", "parts", "settings"),
    [
        pytest.param("gemini-3.1-flash-image", {}, [], {}, id="least"),
        pytest.param(
            "gemini-3.1-flash-image",
            {"aspect_ratio": "16:9", "is_size_asked": True, "image_size": "2K", "seed": 0},
            [],
            {"seed": 0, "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}},
            id="shape, class and seed",
        ),
        pytest.param(
            "gemini-2.5-flash-image",
            {"image_size": "2K", "is_size_asked": True},
            [],
            {"imageConfig": {"aspectRatio": "1:1"}},
            id="a model without classes is sent none",
        ),
        pytest.param(
            "gemini-3.1-flash-image",
            {"inputs": (INPUT,)},
            [{"inlineData": {"mimeType": "image/png", "data": INPUT.base64}}],
            {},
            id="an input image is a part",
        ),
    ],
)
def test_a_call_becomes_this_request(
    row: str, fields: dict[str, Any], parts: list[dict[str, Any]], settings: dict[str, Any]
) -> None:
    assert PROVIDER.submit(call_for(f"gemini/{row}", **fields)) == Request(
        target=f"/v1beta/models/{row}:generateContent",
        json={
            "contents": [{"role": "user", "parts": [{"text": "a red fox"}, *parts]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], **settings},
        },
    )


def test_imagen_is_asked_in_its_own_shape() -> None:
    request = PROVIDER.submit(call_for("gemini/imagen-4", n=3, aspect_ratio="4:3", image_size="2K"))
    assert request.target == "/v1beta/models/imagen-4.0-generate-001:predict"
    assert request.json == {
        "instances": [{"prompt": "a red fox"}],
        "parameters": {"sampleCount": 3, "aspectRatio": "4:3", "sampleImageSize": "2K", "includeRaiReason": True},
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"candidates": [candidate({"text": "Here:"}, IMAGE)]}, id="beside words"),
        pytest.param(
            {"candidates": [candidate({"inline_data": {"mime_type": "image/png", "data": ENCODED}})]}, id="snake case"
        ),
        pytest.param({"candidates": [candidate({**IMAGE, "thought": True}, IMAGE)]}, id="a thought is no picture"),
        pytest.param({"candidates": [candidate(IMAGE, reason="IMAGE_SAFETY")]}, id="a picture in spite of a refusal"),
        pytest.param({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": ENCODED}]}, id="imagen"),
    ],
)
def test_a_picture_is_found(body: object) -> None:
    assert parsed(body).pictures == (Picture(data=PICTURE),)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT", id="the prompt is blocked"
        ),
        pytest.param(
            {"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "no"}}, "no", id="with a message"
        ),
        pytest.param(
            {"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "unsafe"}]}, "unsafe", id="the output"
        ),
        pytest.param({"candidates": [{"finishReason": "IMAGE_RECITATION"}]}, "IMAGE_RECITATION", id="recitation"),
        pytest.param({"candidates": [candidate({"text": "I can't."}, reason="SAFETY")]}, "I can't.", id="with words"),
        pytest.param({"predictions": [{"raiFilteredReason": "filtered"}]}, "filtered", id="imagen"),
    ],
)
def test_a_refusal_hides_in_a_200(body: object, said: str) -> None:
    with pytest.raises(ContentRefused) as caught:
        parsed(body)
    assert caught.value.details == {"provider": "gemini", "provider_message": said}
    assert caught.value.message.startswith("Gemini's safety system refused this prompt;")


@pytest.mark.parametrize(
    "reason",
    [
        *("SAFETY", "PROHIBITED_CONTENT", "RECITATION", "BLOCKLIST", "SPII", "ESCALATION"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    ],
)
def test_each_documented_reason_of_a_refusal_is_one(reason: str) -> None:
    with pytest.raises(ContentRefused) as caught:
        parsed({"candidates": [{"finishReason": reason}]})
    assert caught.value.details["provider_message"] == reason
    assert caught.value.maybe_billed


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        pytest.param("IMAGE_OTHER", BadReply, id="no picture for no reason"),
        pytest.param("PUP_LIMITED_DISABLED", AccountBlocked, id="an account that was limited"),
        pytest.param("MALFORMED_FUNCTION_CALL", BadReply, id="a slip of the model"),
        pytest.param("LANGUAGE", BadReply, id="a language it does not know"),
        pytest.param("OTHER", BadReply, id="other"),
        pytest.param("MAX_TOKENS", BadReply, id="out of tokens"),
    ],
)
def test_an_end_for_another_reason_is_no_refusal_and_may_be_billed(reason: str, kind: type[ForgeError]) -> None:
    with pytest.raises(kind) as caught:
        parsed({"candidates": [{"finishReason": reason}]})
    assert type(caught.value) is kind
    assert caught.value.maybe_billed


@pytest.mark.parametrize("reason", ["IMAGE_SAFETY", "IMAGE_OTHER"])
def test_what_brings_no_picture_costs_the_tokens_that_it_tells(reason: str) -> None:
    counted = {"promptTokenCount": 1000, "candidatesTokenCount": 10, "candidatesTokensDetails": [{"modality": "TEXT"}]}
    with pytest.raises(ForgeError) as caught:
        parsed({"candidates": [{"finishReason": reason}], "usageMetadata": counted})
    assert (caught.value.maybe_billed, caught.value.cost_usd) == (False, 0.00053)


def test_a_partial_refusal_of_imagen_keeps_the_pictures() -> None:
    images = parsed({"predictions": [{"bytesBase64Encoded": ENCODED}, {"raiFilteredReason": "filtered"}]})
    assert images.pictures == (Picture(data=PICTURE),)
    assert images.warnings == ("1 of 2 images were refused by the safety system.",)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"candidates": [{"finishReason": "NO_IMAGE"}]}, id="it did not draw"),
        pytest.param({"candidates": [candidate({"text": "What kind of fox?"})]}, id="it asks back"),
        pytest.param({"predictions": []}, id="imagen sends none"),
        *ODD_BODIES,
    ],
)
def test_no_picture_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        parsed(body)


def test_that_nothing_was_drawn_is_told_apart() -> None:
    with pytest.raises(BadReply, match="drew nothing"):
        parsed({"candidates": [{"finishReason": "NO_IMAGE"}]})


def test_words_in_place_of_a_picture_are_quoted() -> None:
    with pytest.raises(BadReply) as caught:
        parsed({"candidates": [candidate({"text": "What kind of fox?"})]})
    assert caught.value.details == {"provider_message": "What kind of fox?"}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
DAILY = {"@type": "x.QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}


@pytest.mark.parametrize(
    ("status", "message", "details", "kind", "after"),
    [
        pytest.param(429, "Quota exceeded", [RETRY], RateLimited, 37.0, id="the delay stands in the body"),
        pytest.param(429, "Quota exceeded", [{"retryDelay": "1.5s"}], RateLimited, 1.5, id="with a fraction"),
        pytest.param(429, "Quota exceeded", [{"retryDelay": "soon"}], RateLimited, None, id="an odd delay"),
        pytest.param(429, "… limit: 0, model: x", [RETRY], QuotaExceeded, None, id="no free quota at all"),
        pytest.param(429, "… limit: 05", [], RateLimited, None, id="another limit"),
        pytest.param(429, "Quota exceeded", [DAILY, RETRY], QuotaExceeded, None, id="the day's quota"),
        pytest.param(
            400, "API key not valid", [{"reason": "API_KEY_INVALID"}], ProviderAuth, None, id="a wrong key is a 400"
        ),
        pytest.param(400, "Invalid argument", [], Rejected, None, id="bad request"),
        pytest.param(403, "denied", [], ProviderAuth, None, id="denied"),
        pytest.param(404, "models/x is not found", [], ModelGone, None, id="gone"),
        pytest.param(503, "overloaded", [RETRY], Unavailable, 37.0, id="overloaded"),
    ],
)
def test_an_error_means(
    status: int, message: str, details: list[Any], kind: type[ForgeError], after: float | None
) -> None:
    error = PROVIDER.failure(reply({"error": {"code": status, "message": message, "details": details}}, status), FLASH)
    assert (type(error), error.retry_after) == (kind, after)


@pytest.mark.parametrize("body", [{}, [], {"error": "x"}, {"error": {"details": [3, {"violations": 3}]}}])
def test_an_odd_error_keeps_its_status(body: object) -> None:
    assert type(PROVIDER.failure(reply(body, 429), FLASH)) is RateLimited
