"""NVIDIA NIM: artifacts, refusals without bytes, and a seed that must not be 0."""

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
)
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Picture, Request
from imgforge_mcp.providers.services.nvidia import PROVIDER
from tests.providers._calls import ENCODED, ODD_BODIES, PICTURE, call_for, reply

SCHNELL = call_for("nvidia/flux-schnell")


@pytest.mark.parametrize(
    ("row", "path", "fields", "body"),
    [
        pytest.param(
            "flux-schnell",
            "black-forest-labs/flux.1-schnell",
            {"steps": 4, "seed": 3},
            {"steps": 4, "seed": 3},
            id="no size",
        ),
        pytest.param(
            "flux-schnell", "black-forest-labs/flux.1-schnell", {"seed": 0}, {"seed": 2**31 - 1}, id="0 would be random"
        ),
        pytest.param("flux-dev", "black-forest-labs/flux.1-dev", {}, {"mode": "base"}, id="mode"),
        pytest.param(
            "sd-3-medium",
            "stabilityai/stable-diffusion-3-medium",
            {"aspect_ratio": "16:9", "negative_prompt": "blur"},
            {"aspect_ratio": "16:9", "negative_prompt": "blur"},
            id="stable diffusion is sized by ratio",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, path: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"nvidia/{row}", **fields))
    assert request == Request(target=f"/v1/genai/{path}", json={"prompt": "a red fox", **body})


def test_a_container_of_the_users_own_has_another_path_and_more_sizes() -> None:
    changes = {"options": {"path": "/v1/infer"}, "sizing": {"kind": "pixels"}}
    (model,) = load_catalog({"models": {"nvidia/flux-dev": changes}}).find("nvidia/flux-dev")
    request = PROVIDER.submit(Call(model=model, prompt="a red fox", width=768, height=1344))
    assert request.target == "/v1/infer"
    assert request.json == {"prompt": "a red fox", "width": 768, "height": 1344, "mode": "base"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"artifacts": [{"base64": ENCODED, "finishReason": "SUCCESS", "seed": 7}]}, id="an artifact"),
        pytest.param({"image": ENCODED, "finish_reason": "SUCCESS", "seed": 7}, id="the older shape"),
        pytest.param(
            {"artifacts": [{"base64": "", "finishReason": "CONTENT_FILTERED"}, {"base64": ENCODED, "seed": 7}]},
            id="a partial refusal keeps the picture",
        ),
    ],
)
def test_a_picture_is_found(body: object) -> None:
    assert PROVIDER.parse(reply(body), SCHNELL).pictures == (Picture(data=PICTURE, seed=7),)


@pytest.mark.parametrize("seed", [2**70, True, "7", None])
def test_a_seed_that_is_no_number_for_a_database_is_dropped(seed: object) -> None:
    images = PROVIDER.parse(reply({"artifacts": [{"base64": ENCODED, "seed": seed}]}), SCHNELL)
    assert images.pictures == (Picture(data=PICTURE),)


@pytest.mark.parametrize("name", ["finishReason", "finish_reason"])
@pytest.mark.parametrize("encoded", ["", ENCODED])
def test_a_filtered_artifact_is_a_refusal_whatever_it_holds(name: str, encoded: str) -> None:
    with pytest.raises(ContentRefused):
        PROVIDER.parse(reply({"artifacts": [{"base64": encoded, name: "CONTENT_FILTERED"}]}), SCHNELL)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), SCHNELL)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(422, {"detail": [{"loc": ["body"], "msg": "x", "type": "y"}]}, Rejected, id="validation"),
        pytest.param(
            404, {"status": 404, "title": "Not Found", "detail": "Function 'x': Not found"}, ModelGone, id="gone"
        ),
        pytest.param(410, {"detail": "reached its end of life on 2026-01-01"}, ModelGone, id="end of life"),
        pytest.param(402, {"detail": "credits"}, QuotaExceeded, id="credits"),
        pytest.param(403, {"detail": "Authorization failed"}, ProviderAuth, id="key"),
    ],
)
def test_an_error_means(status: int, body: object, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply(body, status), SCHNELL)) is kind
