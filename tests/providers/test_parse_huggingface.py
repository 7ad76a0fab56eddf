"""Hugging Face: one router, several shapes."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply, ContentRefused, ForgeError, QuotaExceeded, Unavailable
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Picture, Request
from imgforge_mcp.providers.services.huggingface import PROVIDER
from tests.providers._calls import ENCODED, ODD_BODIES, PICTURE, call_for, reply

SCHNELL = call_for("huggingface/flux-schnell")
SIZE = {"width": 1024, "height": 1024}


def test_its_own_service_takes_inputs_and_parameters_and_answers_with_bytes() -> None:
    assert PROVIDER.submit(call_for("huggingface/flux-schnell", seed=0, steps=4, negative_prompt="blur")) == Request(
        target="/hf-inference/models/black-forest-labs/FLUX.1-schnell",
        json={
            "inputs": "a red fox",
            "parameters": {**SIZE, "seed": 0, "num_inference_steps": 4, "negative_prompt": "blur"},
        },
        headers={"Accept": "image/png"},
    )


def test_fal_behind_the_router_keeps_its_shape() -> None:
    assert PROVIDER.submit(call_for("huggingface/flux-dev", seed=3)) == Request(
        target="/fal-ai/fal-ai/flux/dev", json={"prompt": "a red fox", "image_size": SIZE, "seed": 3}
    )


def test_together_behind_the_router_keeps_its_shape() -> None:
    row: dict[str, Any] = {"id": "maker/model", "sizing": "together", "options": {"via": "together"}}
    (model,) = load_catalog({"models": {"huggingface/mine": row}}).find("huggingface/mine")
    assert PROVIDER.submit(Call(model=model, prompt="a red fox", steps=4)) == Request(
        target="/together/v1/images/generations",
        json={"prompt": "a red fox", "model": "maker/model", "response_format": "base64", "steps": 4, **SIZE},
    )


@pytest.mark.parametrize(
    ("answer", "picture"),
    [
        pytest.param(reply(PICTURE, headers={"content-type": "image/jpeg"}), Picture(data=PICTURE), id="bytes"),
        pytest.param(reply({"images": [{"url": "https://x/1"}]}), Picture(url="https://x/1"), id="fal"),
        pytest.param(reply({"data": [{"b64_json": ENCODED}]}), Picture(data=PICTURE), id="together"),
    ],
)
def test_a_picture_is_found(answer: Any, picture: Picture) -> None:
    assert PROVIDER.parse(answer, SCHNELL).pictures == (picture,)


def test_a_black_picture_of_fal_is_a_refusal() -> None:
    body = {"images": [{"url": "https://x/1"}], "has_nsfw_concepts": [True]}
    with pytest.raises(ContentRefused):
        PROVIDER.parse(reply(body), SCHNELL)


@pytest.mark.parametrize("body", [b"", *ODD_BODIES])
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), SCHNELL)


@pytest.mark.parametrize(
    ("status", "body", "kind", "after"),
    [
        pytest.param(503, {"error": "loading", "estimated_time": 20.5}, Unavailable, 20.5, id="the model is loading"),
        pytest.param(402, {"error": "monthly credits used up"}, QuotaExceeded, None, id="credit"),
        pytest.param(
            422, {"detail": [{"type": "content_policy_violation", "msg": "x"}]}, ContentRefused, None, id="refused"
        ),
    ],
)
def test_an_error_means(status: int, body: object, kind: type[ForgeError], after: float | None) -> None:
    error = PROVIDER.failure(reply(body, status), SCHNELL)
    assert (type(error), error.retry_after) == (kind, after)
