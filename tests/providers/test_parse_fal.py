"""fal: a queue whose result is asked for separately, and where refusals show only then."""

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
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.providers.contract import Images, Operation, Picture, Request
from imgforge_mcp.providers.services.fal import PROVIDER
from tests.providers._calls import ENCODED, INPUT, INPUT_URL, ODD_BODIES, PICTURE, SECOND, SECOND_URL, call_for, reply

DEV = call_for("fal/flux-dev")
BASE = "https://queue.fal.run/fal-ai/flux/requests/r1"
ACCEPTED = {
    **{"status": "IN_QUEUE", "request_id": "r1", "queue_position": 3},
    **{"response_url": BASE, "status_url": f"{BASE}/status", "cancel_url": f"{BASE}/cancel"},
}
JOB = Operation(
    operation_id="r1",
    url=f"{BASE}/status",
    cancel_url=f"{BASE}/cancel",
    cancel_method="PUT",
    message="queue position 3",
    data={"response_url": BASE},
)
DONE = Operation(operation_id="r1", url=BASE, data={"response_url": BASE})
SIZE = {"image_size": {"width": 1024, "height": 1024}}


@pytest.mark.parametrize(
    ("row", "path", "fields", "body"),
    [
        pytest.param(
            "flux-schnell",
            "fal-ai/flux/schnell",
            {"n": 2, "seed": 0, "steps": 4, "output_format": "png"},
            {"num_images": 2, "seed": 0, "num_inference_steps": 4, "output_format": "png", **SIZE},
            id="everything",
        ),
        pytest.param("flux-2-pro", "fal-ai/flux-2-pro", {}, SIZE, id="one at a time sends no num_images"),
        pytest.param(
            "recraft-v3", "fal-ai/recraft/v3/text-to-image", {"style": "x"}, {"style": "x", **SIZE}, id="style"
        ),
        pytest.param(
            "ideogram-v3",
            "fal-ai/ideogram/v3",
            {"style": "Design", "tier": QualityTier.ULTRA, "negative_prompt": "blur"},
            {
                **{"num_images": 1, "style": "DESIGN", "rendering_speed": "QUALITY", "expand_prompt": False},
                **{"negative_prompt": "blur", **SIZE},
            },
            id="ideogram works harder in a higher tier",
        ),
        pytest.param(
            "ideogram-v3",
            "fal-ai/ideogram/v3/edit",
            {"inputs": (INPUT,), "mask": SECOND, "negative_prompt": "blur", "is_size_asked": True},
            {
                **{"num_images": 1, "rendering_speed": "TURBO", "expand_prompt": False},
                **{"image_url": INPUT_URL, "mask_url": SECOND_URL},
            },
            id="its edit takes fewer fields",
        ),
        pytest.param(
            "flux-2-pro",
            "fal-ai/flux-2-pro/edit",
            {"inputs": (INPUT, SECOND)},
            {"image_urls": [INPUT_URL, SECOND_URL]},
            id="references have an endpoint of their own",
        ),
        pytest.param(
            "flux-kontext",
            "fal-ai/flux-pro/kontext/text-to-image",
            {"aspect_ratio": "16:9", "is_size_asked": True},
            {"num_images": 1, "aspect_ratio": "16:9"},
            id="kontext is sized by ratio",
        ),
        pytest.param(
            "flux-dev",
            "fal-ai/flux/dev/image-to-image",
            {"inputs": (INPUT,), "strength": 0.5, "is_size_asked": True},
            {"num_images": 1, "image_url": INPUT_URL, "strength": 0.5},
            id="image to image",
        ),
    ],
)
def test_a_call_becomes_this_request(row: str, path: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"fal/{row}", **fields))
    assert request == Request(target=f"/{path}", json={"prompt": "a red fox", **body})


def test_an_accepted_job_is_asked_and_cancelled_where_fal_says() -> None:
    assert PROVIDER.parse(reply(ACCEPTED), DEV) == JOB
    assert PROVIDER.poll(JOB, DEV) == Request(method="GET", target=f"{BASE}/status")
    assert PROVIDER.cancel(JOB, DEV) == (Request(method="PUT", target=f"{BASE}/cancel"),)


def test_without_urls_the_documented_ones_stand_in_and_drop_the_models_variant() -> None:
    operation = PROVIDER.parse(reply({"request_id": "r1", "status_url": 3}), DEV)
    assert isinstance(operation, Operation)
    assert operation.url == "/fal-ai/flux/requests/r1/status"
    assert operation.data == {"response_url": "/fal-ai/flux/requests/r1"}


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_to_a_submit_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), DEV)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"status": "IN_QUEUE", "queue_position": 0}, "queue position 0", id="queued"),
        pytest.param({"status": "IN_PROGRESS", "logs": None}, "in progress", id="in progress"),
        pytest.param({"status": "IN_QUEUE"}, "in queue", id="queued somewhere"),
        pytest.param({"status": "HATCHING"}, "hatching", id="a new state"),
        pytest.param({"status": None}, "queue position 3", id="no state"),
    ],
)
def test_anything_but_completed_is_still_running(body: object, message: str) -> None:
    operation = PROVIDER.parse(reply(body, operation=JOB), DEV)
    assert isinstance(operation, Operation)
    assert (operation.url, operation.message, operation.wait) == (JOB.url, message, None)


def test_completed_leads_to_the_result_at_once_even_when_it_names_an_error() -> None:
    operation = PROVIDER.parse(reply({"status": "COMPLETED", "error": "x", "error_type": "y"}, operation=JOB), DEV)
    assert isinstance(operation, Operation)
    assert (operation.url, operation.wait, operation.cancel_url) == (BASE, 0.0, JOB.cancel_url)


@pytest.mark.parametrize(
    ("body", "pictures"),
    [
        pytest.param(
            {"images": [{"url": "https://v3.fal.media/x.png"}], "seed": 7, "has_nsfw_concepts": [False]},
            (Picture(url="https://v3.fal.media/x.png", seed=7),),
            id="a URL and a seed",
        ),
        pytest.param(
            {"images": [{"url": f"data:image/png;base64,{ENCODED}"}]}, (Picture(data=PICTURE),), id="a data URL"
        ),
        pytest.param({"image": {"url": "https://x/y"}}, (Picture(url="https://x/y"),), id="a single image"),
    ],
)
def test_a_result_holds_pictures(body: object, pictures: tuple[Picture, ...]) -> None:
    assert PROVIDER.parse(reply(body, operation=DONE), DEV) == Images(pictures=pictures)


def test_a_partial_refusal_keeps_the_other_pictures() -> None:
    body = {"images": [{"url": "https://x/1"}, {"url": "https://x/2"}], "has_nsfw_concepts": [True, False]}
    images = PROVIDER.parse(reply(body, operation=DONE), DEV)
    assert images == Images(
        pictures=(Picture(url="https://x/2"),), warnings=("1 of 2 images were refused by the safety system.",)
    )


def test_a_black_picture_is_a_refusal() -> None:
    with pytest.raises(ContentRefused):
        PROVIDER.parse(reply({"images": [{"url": "https://x/1"}], "has_nsfw_concepts": [True]}, operation=DONE), DEV)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_a_result_without_a_picture_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body, operation=DONE), DEV)


@pytest.mark.parametrize("url", ["data:image/png;base64", "data:image/png,aGk=", "data:image/png;base64,%", "a\nb"])
def test_a_broken_url_is_a_bad_reply(url: str) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply({"images": [{"url": url}]}, operation=DONE), DEV)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(
            422, {"detail": [{"type": "content_policy_violation", "msg": "flagged"}]}, ContentRefused, id="refused"
        ),
        pytest.param(
            422,
            {"detail": [{"type": "no_media_generated", "msg": "unsafe content"}]},
            ContentRefused,
            id="refused, second kind",
        ),
        pytest.param(422, {"detail": [{"type": "no_media_generated", "msg": "empty"}]}, BadReply, id="drew nothing"),
        pytest.param(
            422, {"detail": [{"type": "missing", "msg": "policy"}]}, Rejected, id="the word alone is no refusal"
        ),
        pytest.param(504, {"detail": "x", "error_type": "request_timeout"}, Unavailable, id="timeout"),
        pytest.param(401, {"detail": "x"}, ProviderAuth, id="key"),
        pytest.param(403, {"detail": "User is locked. Reason: Exhausted balance."}, QuotaExceeded, id="credit"),
        pytest.param(403, {"detail": "x"}, ProviderAuth, id="forbidden"),
        pytest.param(404, {"detail": "Application not found"}, ModelGone, id="gone"),
        pytest.param(500, [], Unavailable, id="no object"),
    ],
)
def test_an_error_means(status: int, body: object, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply(body, status), DEV)) is kind


def test_a_lost_result_is_not_a_dead_model() -> None:
    assert type(PROVIDER.failure(reply({"detail": "x"}, 404, operation=DONE), DEV)) is Rejected


@pytest.mark.parametrize(
    ("status", "body", "operation", "is_billed"),
    [
        pytest.param(422, {"detail": [{"type": "content_policy_violation"}]}, DONE, True, id="refused by the runner"),
        pytest.param(422, {"detail": [{"type": "no_media_generated", "msg": "x"}]}, DONE, True, id="drew nothing"),
        pytest.param(422, {"detail": [{"type": "image_too_large", "msg": "x"}]}, DONE, True, id="a runner's check"),
        pytest.param(422, {"detail": [{"type": "content_policy_violation"}]}, None, False, id="refused at the door"),
        pytest.param(422, {"detail": [{"type": "missing", "msg": "x"}]}, None, False, id="never queued"),
        pytest.param(500, {"detail": "x"}, DONE, False, id="failed"),
        pytest.param(504, {"detail": "x", "error_type": "request_timeout"}, DONE, False, id="timed out"),
    ],
)
def test_what_a_runner_has_begun_may_be_billed(
    status: int, body: object, operation: Operation | None, is_billed: bool
) -> None:
    assert PROVIDER.failure(reply(body, status, operation=operation), DEV).maybe_billed is is_billed
