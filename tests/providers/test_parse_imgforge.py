"""img-forge as an upstream: tiers for models, a job to ask for, an asset below its own base or elsewhere."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply, ForgeError, ProviderAuth, QuotaExceeded, RateLimited, Unavailable
from imgforge_mcp.providers.contract import Images, Operation, Picture, Request
from imgforge_mcp.providers.services.imgforge import PROVIDER
from tests.providers._calls import ODD_BODIES, PICTURE, call_for, reply

DRAFT = call_for("imgforge/sdxl-lightning")
JOB = Operation(operation_id="j1", url="/v2/jobs/j1", message="queued")


@pytest.mark.parametrize(
    ("row", "fields", "body"),
    [
        pytest.param(
            "sdxl-lightning",
            {"negative_prompt": "blur", "seed": 0, "output_format": "png"},
            {"quality_tier": "draft", "negative_prompt": "blur", "seed": 0, "output_format": "png"},
            id="draft takes what to avoid",
        ),
        pytest.param(
            "gemini-3-pro-image",
            {"image_size": "4K"},
            {"quality_tier": "ultra_plus", "image_size": "4K"},
            id="the best",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"imgforge/{row}", **fields))
    common = {"prompt": "a red fox", "aspect_ratio": "1:1", "sync": False}
    assert request == Request(target="/v2/generate", json={**common, **body})


def test_an_accepted_job_is_asked_for_by_its_id() -> None:
    assert PROVIDER.parse(reply({"job_id": "j1", "state": "queued", "asset_url": None}, 202), DRAFT) == JOB


@pytest.mark.parametrize("operation", [None, JOB])
def test_a_path_below_the_base_is_asked_for_like_the_job(operation: Operation | None) -> None:
    body = {"job_id": "j1", "state": "completed", "asset_url": "/v2/assets/abc", "seed_used": 7}
    found = PROVIDER.parse(reply(body, operation=operation), DRAFT)
    assert isinstance(found, Operation)
    assert (found.url, found.wait) == ("/v2/assets/abc", 0.0)
    assert PROVIDER.parse(reply(PICTURE, operation=found), DRAFT) == Images(pictures=(Picture(data=PICTURE, seed=7),))


def test_a_whole_url_is_left_to_be_downloaded() -> None:
    body = {"job_id": "j1", "state": "completed", "asset_url": "https://cdn/x.webp", "seed_used": None}
    assert PROVIDER.parse(reply(body, operation=JOB), DRAFT) == Images(pictures=(Picture(url="https://cdn/x.webp"),))


@pytest.mark.parametrize("state", ["queued", "processing", "hatching", None])
def test_any_other_state_is_still_running(state: object) -> None:
    operation = PROVIDER.parse(reply({"state": state}, operation=JOB), DRAFT)
    assert isinstance(operation, Operation)
    assert operation.url == JOB.url


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param({"state": "failed", "error": "timeout"}, Unavailable, id="failed"),
        pytest.param({"state": "failed_encoding", "error": None}, Unavailable, id="failed at the encoding"),
        pytest.param({"state": "completed", "asset_url": None}, BadReply, id="no picture"),
    ],
)
def test_an_end_without_a_picture_means(body: object, kind: type[ForgeError]) -> None:
    with pytest.raises(kind):
        PROVIDER.parse(reply(body, operation=JOB), DRAFT)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_to_a_submit_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), DRAFT)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        pytest.param(429, "QUOTA_EXCEEDED", QuotaExceeded, id="quota"),
        pytest.param(429, "RATE_LIMITED", RateLimited, id="rate"),
        pytest.param(401, "UNAUTHORIZED", ProviderAuth, id="key"),
    ],
)
def test_an_error_means(status: int, code: str, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply({"error": "x", "code": code, "status": status}, status), DRAFT)) is kind
