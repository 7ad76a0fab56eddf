"""Ideogram: ratios written with an x, forms for pictures, unsafe items without a URL."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply, ContentRefused, ForgeError, ProviderAuth, QuotaExceeded, Rejected
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.providers.contract import Images, Picture, Request
from imgforge_mcp.providers.services.ideogram import PROVIDER
from tests.providers._calls import INPUT, ODD_BODIES, SECOND, call_for, reply

V3 = call_for("ideogram/ideogram-v3")


def test_words_alone_go_as_json() -> None:
    fields = {"n": 2, "seed": 0, "style": "realistic", "aspect_ratio": "16:9", "tier": QualityTier.PREMIUM}
    assert PROVIDER.submit(call_for("ideogram/ideogram-v3", negative_prompt="blur", **fields)) == Request(
        target="/v1/ideogram-v3/generate",
        json={
            **{"prompt": "a red fox", "seed": 0, "rendering_speed": "DEFAULT", "negative_prompt": "blur"},
            **{"num_images": 2, "style_type": "REALISTIC", "magic_prompt": "OFF", "aspect_ratio": "16x9"},
        },
    )


@pytest.mark.parametrize(
    ("fields", "route", "names"),
    [
        pytest.param({}, "remix", ["image"], id="like the input"),
        pytest.param(
            {"is_size_asked": True, "strength": 0.3}, "remix", ["aspect_ratio", "image_weight", "image"], id="all"
        ),
        pytest.param({"mask": SECOND, "negative_prompt": "blur"}, "edit", ["image", "mask"], id="inpaint"),
    ],
)
def test_a_picture_goes_as_a_form(fields: dict[str, Any], route: str, names: list[str]) -> None:
    request = PROVIDER.submit(call_for("ideogram/ideogram-v3", inputs=(INPUT,), **fields))
    assert request.target == f"/v1/ideogram-v3/{route}"
    common = ["prompt", "rendering_speed", "num_images", "magic_prompt"]
    assert [name for name, _ in request.form or ()] == [*common, *names]


def test_without_a_background_words_go_as_a_form_without_a_style() -> None:
    fields = {"style": "realistic", "aspect_ratio": "16:9", "background": "transparent"}
    request = PROVIDER.submit(call_for("ideogram/ideogram-v3", **fields))
    assert request.target == "/v1/ideogram-v3/generate-transparent"
    parts = {name: part.value for name, part in request.form or ()}
    assert parts == {
        **{"prompt": "a red fox", "rendering_speed": "TURBO", "num_images": "1", "magic_prompt": "OFF"},
        "aspect_ratio": "16x9",
    }


def test_more_strength_is_less_weight_for_the_image() -> None:
    form = dict(PROVIDER.submit(call_for("ideogram/ideogram-v3", inputs=(INPUT,), strength=0.3)).form or ())
    assert form["image_weight"].value == "70"


def test_an_unsafe_image_leaves_the_others() -> None:
    items = [{"url": "https://i/1", "seed": 7, "is_image_safe": True}, {"is_image_safe": False, "seed": 8}]
    assert PROVIDER.parse(reply({"created": "x", "data": items}), V3) == Images(
        pictures=(Picture(url="https://i/1", seed=7),),
        warnings=("1 of 2 images were refused by the safety system.",),
    )


def test_only_unsafe_images_are_a_refusal() -> None:
    with pytest.raises(ContentRefused):
        PROVIDER.parse(reply({"data": [{"is_image_safe": False, "url": None}]}), V3)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), V3)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        pytest.param(422, "Prompt provided failed safety check due to …", ContentRefused, id="refused"),
        pytest.param(422, "unknown field", Rejected, id="validation"),
        pytest.param(401, "bad key", ProviderAuth, id="key"),
        pytest.param(402, "no credit", QuotaExceeded, id="credit"),
    ],
)
def test_an_error_means(status: int, said: str, kind: type[ForgeError]) -> None:
    error = PROVIDER.failure(reply({"error": said}, status), V3)
    assert (type(error), error.details["provider_message"]) == (kind, said)
