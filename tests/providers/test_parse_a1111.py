"""AUTOMATIC1111: base64 in a list with perhaps a grid behind it, seeds in JSON within the JSON."""

import json
from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Picture, Request
from imgforge_mcp.providers.services.a1111 import PROVIDER
from tests.providers._calls import ENCODED, INPUT, ODD_BODIES, PICTURE, SECOND, call_for, reply

LOADED = call_for("a1111/a1111", n=2)
SIZE = {"width": 1024, "height": 1024}


@pytest.mark.parametrize(
    ("fields", "route", "body"),
    [
        pytest.param({}, "txt2img", {"steps": 20, "batch_size": 1}, id="its own default of 50 steps is not ours"),
        pytest.param(
            {"n": 2, "seed": 0, "steps": 9, "negative_prompt": "blur"},
            "txt2img",
            {"steps": 9, "batch_size": 2, "seed": 0, "negative_prompt": "blur"},
            id="everything",
        ),
        pytest.param(
            {"inputs": (INPUT,), "mask": SECOND, "strength": 0.5},
            "img2img",
            {
                **{"steps": 20, "batch_size": 1, "init_images": [INPUT.base64]},
                **{"mask": SECOND.base64, "denoising_strength": 0.5},
            },
            id="an edit",
        ),
    ],
)
def test_a_call_becomes_this_request(fields: dict[str, Any], route: str, body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for("a1111/a1111", **fields))
    assert request == Request(target=f"/sdapi/v1/{route}", json={"prompt": "a red fox", **SIZE, **body})


def test_a_checkpoint_of_the_users_own_is_switched_to() -> None:
    rows = {"a1111/mine": {"id": "mine.safetensors", "sizing": "fal"}}
    (model,) = load_catalog({"models": rows}).find("a1111/mine")
    request = PROVIDER.submit(Call(model=model, prompt="a red fox"))
    assert request.json is not None
    assert request.json["override_settings"] == {"sd_model_checkpoint": "mine.safetensors"}


@pytest.mark.parametrize(
    ("info", "seeds"),
    [
        pytest.param(json.dumps({"all_seeds": [7, 8]}), (7, 8), id="seeds"),
        pytest.param(json.dumps({"all_seeds": [7]}), (7, None), id="too few"),
        pytest.param("", (None, None), id="empty"),
        pytest.param("[]", (None, None), id="no object"),
        pytest.param({"all_seeds": [1, 2]}, (None, None), id="no text"),
    ],
)
def test_the_pictures_come_before_the_grid_and_the_seeds_beside_them(
    info: object, seeds: tuple[int | None, ...]
) -> None:
    body = {"images": [ENCODED, f"data:image/png;base64,{ENCODED}", "grid"], "info": info}
    pictures = PROVIDER.parse(reply(body), LOADED).pictures
    assert pictures == tuple(Picture(data=PICTURE, seed=seed) for seed in seeds)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), LOADED)
