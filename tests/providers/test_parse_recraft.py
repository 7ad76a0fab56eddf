"""Recraft: fields of its own in OpenAI's shape, and an answer that says what it cost."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply, ForgeError, ProviderAuth, Rejected
from imgforge_mcp.providers.contract import Images, Picture, Request
from imgforge_mcp.providers.services.recraft import PROVIDER
from tests.providers._calls import ENCODED, INPUT, ODD_BODIES, PICTURE, SECOND, call_for, reply

V3 = call_for("recraft/recraft-v3")


def test_words_alone_go_as_json() -> None:
    fields = {
        "n": 2,
        "style": "icon",
        "negative_prompt": "blur",
        "seed": 0,
        "output_format": "webp",
        "aspect_ratio": "16:9",
    }
    assert PROVIDER.submit(call_for("recraft/recraft-v3", **fields)) == Request(
        target="/v1/images/generations",
        json={
            **{"prompt": "a red fox", "model": "recraftv3", "n": 2, "size": "16:9", "style": "icon"},
            **{"negative_prompt": "blur", "random_seed": 0, "image_format": "webp", "response_format": "b64_json"},
        },
    )


@pytest.mark.parametrize(
    ("fields", "route", "names"),
    [
        pytest.param({}, "imageToImage", ["strength", "image"], id="image to image"),
        pytest.param({"mask": SECOND}, "inpaint", ["image", "mask"], id="inpaint"),
    ],
)
def test_a_picture_goes_as_a_form(fields: dict[str, Any], route: str, names: list[str]) -> None:
    request = PROVIDER.submit(call_for("recraft/recraft-v3", inputs=(INPUT,), **fields))
    assert request.target == f"/v1/images/{route}"
    assert [name for name, _ in request.form or ()] == ["prompt", "model", "n", "response_format", *names]


@pytest.mark.parametrize(("units", "cost"), [(40, 0.04), (0.5, 0.0005), (None, None), ("40", None)])
def test_the_answer_says_what_it_cost(units: object, cost: float | None) -> None:
    images = PROVIDER.parse(reply({"credits": units, "data": [{"b64_json": ENCODED}]}), V3)
    assert images == Images(pictures=(Picture(data=PICTURE),), cost_usd=cost)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), V3)


@pytest.mark.parametrize(
    ("status", "kind"), [pytest.param(400, Rejected, id="bad request"), pytest.param(401, ProviderAuth, id="key")]
)
def test_an_error_keeps_its_status(status: int, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply({"code": "x", "message": "y"}, status), V3)) is kind
