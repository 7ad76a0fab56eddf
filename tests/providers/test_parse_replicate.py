"""Replicate: a prediction whose states, outputs and refusals are free of any fixed shape."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    BadReply,
    ContentRefused,
    ForgeError,
    ModelGone,
    QuotaExceeded,
    RateLimited,
    Unavailable,
)
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Images, Operation, Picture, Request
from imgforge_mcp.providers.services.replicate import PROVIDER
from tests.providers._calls import ENCODED, INPUT, INPUT_URL, ODD_BODIES, PICTURE, call_for, reply

SCHNELL = call_for("replicate/flux-schnell")
URL = "https://api.replicate.com/v1/predictions/p1"
CREATED = {"id": "p1", "status": "starting", "output": None, "urls": {"get": URL, "cancel": f"{URL}/cancel"}}
JOB = Operation(operation_id="p1", url=URL, cancel_url=f"{URL}/cancel", message="starting")


@pytest.mark.parametrize(
    ("row", "path", "fields", "given"),
    [
        pytest.param(
            "flux-schnell",
            "black-forest-labs/flux-schnell",
            {"n": 2, "seed": 0, "steps": 4, "output_format": "jpeg"},
            {"aspect_ratio": "1:1", "num_outputs": 2, "num_inference_steps": 4, "seed": 0, "output_format": "jpg"},
            id="everything",
        ),
        pytest.param(
            "flux-2-pro",
            "black-forest-labs/flux-2-pro",
            {"inputs": (INPUT,)},
            {"aspect_ratio": "match_input_image", "input_images": [INPUT_URL]},
            id="references, sized like the input",
        ),
        pytest.param(
            "flux-kontext",
            "black-forest-labs/flux-kontext-pro",
            {"inputs": (INPUT,), "is_size_asked": True, "aspect_ratio": "16:9"},
            {"aspect_ratio": "16:9", "input_image": INPUT_URL},
            id="a single input",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, path: str, fields: dict[str, Any], given: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"replicate/{row}", **fields))
    assert request == Request(target=f"/v1/models/{path}/predictions", json={"input": {"prompt": "a red fox", **given}})


def test_a_model_by_version_goes_to_another_route() -> None:
    rows = {"replicate/mine": {"id": "me/mine:abc123", "sizing": "replicate"}}
    (model,) = load_catalog({"models": rows}).find("replicate/mine")
    request = PROVIDER.submit(Call(model=model, prompt="a red fox"))
    assert request.target == "/v1/predictions"
    assert request.json == {"version": "me/mine:abc123", "input": {"prompt": "a red fox", "aspect_ratio": "1:1"}}


def test_a_created_prediction_is_asked_and_cancelled_where_it_says() -> None:
    assert PROVIDER.parse(reply(CREATED, 201), SCHNELL) == JOB
    assert PROVIDER.cancel(JOB, SCHNELL) == (Request(method="POST", target=f"{URL}/cancel"),)


def test_without_urls_the_documented_ones_stand_in() -> None:
    operation = PROVIDER.parse(reply({"id": "p1", "status": "starting"}, 201), SCHNELL)
    assert isinstance(operation, Operation)
    assert (operation.url, operation.cancel_url) == ("/v1/predictions/p1", "/v1/predictions/p1/cancel")


@pytest.mark.parametrize(
    ("output", "pictures"),
    [
        pytest.param(
            "https://replicate.delivery/x.webp", (Picture(url="https://replicate.delivery/x.webp"),), id="text"
        ),
        pytest.param(
            ["https://r/1", "https://r/2"], (Picture(url="https://r/1"), Picture(url="https://r/2")), id="list"
        ),
        pytest.param(f"data:image/png;base64,{ENCODED}", (Picture(data=PICTURE),), id="data URL"),
    ],
)
def test_an_output_is_one_url_or_several(output: object, pictures: tuple[Picture, ...]) -> None:
    answer = reply({"id": "p1", "status": "succeeded", "output": output}, operation=JOB)
    assert PROVIDER.parse(answer, SCHNELL) == Images(pictures=pictures)


@pytest.mark.parametrize("output", [None, [], "", [None], {"x": 1}])
def test_success_without_a_picture_is_a_bad_reply(output: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply({"id": "p1", "status": "succeeded", "output": output}, operation=JOB), SCHNELL)


@pytest.mark.parametrize("status", ["starting", "processing", "hatching", None, 3])
def test_any_other_state_is_still_running(status: object) -> None:
    operation = PROVIDER.parse(reply({"id": "p1", "status": status}, operation=JOB), SCHNELL)
    assert isinstance(operation, Operation)
    assert operation.url == URL


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param({"status": "failed", "error": "NSFW content detected."}, ContentRefused, id="refused"),
        pytest.param(
            {"status": "failed", "error": "The input was flagged as sensitive. (E005)"}, ContentRefused, id="sensitive"
        ),
        pytest.param({"status": "failed", "error": "Blocked by the safety checker"}, ContentRefused, id="safety"),
        pytest.param({"status": "failed", "error": "CUDA out of memory"}, Unavailable, id="failed"),
        pytest.param({"status": "failed", "error": None}, Unavailable, id="failed silently"),
        pytest.param({"status": "canceled"}, BadReply, id="canceled: its time is billed"),
        pytest.param({"status": "aborted"}, Unavailable, id="aborted"),
    ],
)
def test_an_end_without_a_picture_means(body: object, kind: type[ForgeError]) -> None:
    with pytest.raises(kind):
        PROVIDER.parse(reply(body, operation=JOB), SCHNELL)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_to_a_submit_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), SCHNELL)


@pytest.mark.parametrize(
    ("status", "said", "kind", "after"),
    [
        pytest.param(429, "Request was throttled. Your rate limit resets in ~30s.", RateLimited, 30.0, id="throttled"),
        pytest.param(402, "Insufficient credit", QuotaExceeded, None, id="credit"),
        pytest.param(404, "The requested resource could not be found.", ModelGone, None, id="gone"),
    ],
)
def test_an_error_means(status: int, said: str, kind: type[ForgeError], after: float | None) -> None:
    error = PROVIDER.failure(reply({"title": "x", "status": status, "detail": said}, status), SCHNELL)
    assert (type(error), error.retry_after, error.details["provider_message"]) == (kind, after, said)
