"""Black Forest Labs: a job with a URL to ask, and states of which only a few are the end."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    BadReply,
    ContentRefused,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    Rejected,
    Unavailable,
)
from imgforge_mcp.providers.contract import Images, Operation, Picture, Request
from imgforge_mcp.providers.services.bfl import PROVIDER
from tests.providers._calls import INPUT, ODD_BODIES, SECOND, call_for, reply

PRO = call_for("bfl/flux-2-pro")
URL = "https://api.eu2.bfl.ai/v1/get_result?id=t1"
JOB = Operation(operation_id="t1", url=URL, data={"cost_usd": 0.03})


@pytest.mark.parametrize(
    ("row", "path", "fields", "body"),
    [
        pytest.param("flux-2-pro", "flux-2-pro", {}, {"width": 1024, "height": 1024}, id="least"),
        pytest.param(
            "flux-1.1-pro",
            "flux-pro-1.1",
            {"seed": 0, "output_format": "png", "inputs": (INPUT,)},
            {"seed": 0, "output_format": "png", "image_prompt": INPUT.base64},
            id="the path is not the marketing name",
        ),
        pytest.param(
            "flux-2-flex",
            "flux-2-flex",
            {"steps": 9, "inputs": (INPUT, SECOND), "is_size_asked": True},
            {
                **{"steps": 9, "width": 1024, "height": 1024, "prompt_upsampling": False},
                **{"input_image": INPUT.base64, "input_image_2": SECOND.base64},
            },
            id="references are numbered from the second on",
        ),
        pytest.param(
            "flux-kontext",
            "flux-kontext-pro",
            {"aspect_ratio": "16:9", "is_size_asked": True, "inputs": (INPUT,)},
            {"aspect_ratio": "16:9", "input_image": INPUT.base64},
            id="kontext is sized by ratio",
        ),
        pytest.param(
            "flux-fill",
            "flux-pro-1.0-fill",
            {"inputs": (INPUT,), "mask": SECOND},
            {"image": INPUT.base64, "mask": SECOND.base64},
            id="fill takes a mask and no size",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, path: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"bfl/{row}", **fields))
    assert request == Request(target=f"/v1/{path}", json={"prompt": "a red fox", **body})


def test_an_accepted_job_is_asked_at_the_url_that_was_handed_out() -> None:
    operation = PROVIDER.parse(reply({"id": "t1", "polling_url": URL, "cost": 3.0, "output_mp": 1.05}), PRO)
    assert operation == JOB
    assert PROVIDER.poll(JOB, PRO) == Request(method="GET", target=URL)
    assert PROVIDER.cancel(JOB, PRO) == ()


@pytest.mark.parametrize("cost", [None, "3", [3], True, -3, float("nan"), float("inf")])
def test_a_job_without_url_and_price_is_asked_at_the_documented_place(cost: object) -> None:
    operation = PROVIDER.parse(reply({"id": "t 1", "polling_url": None, "cost": cost}), PRO)
    assert operation == Operation(operation_id="t 1", url="/v1/get_result?id=t%201")


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_to_a_submit_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), PRO)


def test_a_ready_job_names_its_picture_and_keeps_the_cost_of_the_submit() -> None:
    body = {"id": "t1", "status": "Ready", "result": {"sample": "https://cdn/x.jpeg?sig=1", "seed": 42}}
    images = PROVIDER.parse(reply(body, operation=JOB), PRO)
    assert images == Images(pictures=(Picture(url="https://cdn/x.jpeg?sig=1", seed=42),), cost_usd=0.03)


@pytest.mark.parametrize(
    ("status", "progress", "fraction", "message"),
    [
        pytest.param("Pending", 0.25, 0.25, "pending", id="pending with progress"),
        pytest.param("Pending", None, None, "pending", id="pending"),
        pytest.param("Reasoning", 7, None, "reasoning", id="a new state"),
        pytest.param(None, "x", None, None, id="no state at all"),
    ],
)
def test_any_other_state_is_still_running(
    status: object, progress: object, fraction: float | None, message: str | None
) -> None:
    operation = PROVIDER.parse(reply({"id": "t1", "status": status, "progress": progress}, operation=JOB), PRO)
    assert isinstance(operation, Operation)
    assert (operation.url, operation.data) == (JOB.url, JOB.data)
    assert (operation.fraction, operation.message) == (fraction, message)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        pytest.param({"status": "Request Moderated"}, ContentRefused, "Request Moderated", id="the prompt"),
        pytest.param(
            {"status": "Content Moderated", "details": {"Moderation Reasons": ["Derivative Works Filter", "x"]}},
            ContentRefused,
            "Derivative Works Filter, x",
            id="the output, with reasons",
        ),
        pytest.param({"status": "Error", "details": 3}, Unavailable, None, id="failed"),
        pytest.param({"status": "Ready", "result": None}, BadReply, None, id="ready without a result"),
        pytest.param({"status": "Ready", "result": {"sample": ""}}, BadReply, None, id="ready without a picture"),
    ],
)
def test_an_end_without_a_picture_means(body: object, kind: type[ForgeError], said: str | None) -> None:
    with pytest.raises(kind) as caught:
        PROVIDER.parse(reply(body, operation=JOB), PRO)
    assert caught.value.details.get("provider_message") == said


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        pytest.param(422, {"detail": [{"loc": ["body"], "msg": "bad", "type": "x"}]}, Rejected, "bad", id="validation"),
        pytest.param(402, {"detail": "no credits"}, QuotaExceeded, "no credits", id="credit"),
        pytest.param(403, {}, ProviderAuth, None, id="a wrong key is a 403"),
        pytest.param(404, {"detail": "Not Found"}, ModelGone, "Not Found", id="gone"),
        pytest.param(503, [], Unavailable, None, id="down"),
    ],
)
def test_an_error_means(status: int, body: object, kind: type[ForgeError], said: str | None) -> None:
    error = PROVIDER.failure(reply(body, status), PRO)
    assert (type(error), error.details.get("provider_message")) == (kind, said)
