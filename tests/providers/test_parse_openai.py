"""OpenAI and the servers that speak its API: dialects, refusals, token prices."""

import json
from typing import Any

import pytest

from imgforge_mcp.base.errors import (
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
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Images, Part, Picture, Request
from imgforge_mcp.providers.services.openai import PROVIDER, server
from tests.providers._calls import ENCODED, INPUT, INPUT_URL, ODD_BODIES, PICTURE, SECOND, SECOND_URL, call_for, reply

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
GPT = call_for("openai/gpt-image-2")


def of_dialect(dialect: str, **fields: Any) -> Call:
    catalog = load_catalog({"servers": [{"name": "box", "dialect": dialect, "models": [{"id": "m"}]}]})
    return Call(model=catalog.find("box/m")[0], **{"prompt": "a red fox", **fields})


def parsed(body: object, call: Call = GPT) -> Images:
    images = PROVIDER.parse(reply(body), call)
    assert isinstance(images, Images)
    return images


@pytest.mark.parametrize(
    ("call", "body"),
    [
        pytest.param(
            GPT,
            {"model": "gpt-image-2", "prompt": "a red fox", "n": 1, "size": "1024x1024", "quality": "medium"},
            id="gpt-image sends no response_format",
        ),
        pytest.param(
            call_for("openai/gpt-image-2.5-flare", tier=QualityTier.ULTRA_PLUS, n=2, output_format="webp", width=1536),
            {
                **{"model": "gpt-image-2.5-flare", "prompt": "a red fox", "n": 2, "size": "1536x1024"},
                **{"quality": "max", "output_format": "webp"},
            },
            id="effort follows the tier",
        ),
        pytest.param(
            of_dialect("openai"), {"model": "m", "prompt": "a red fox", "n": 1, "size": "1024x1024"}, id="any gateway"
        ),
        pytest.param(
            of_dialect("xai", aspect_ratio="16:9", is_size_asked=True, image_size="2K"),
            {
                **{"model": "m", "prompt": "a red fox", "n": 1, "aspect_ratio": "16:9"},
                **{"resolution": "2k", "response_format": "b64_json"},
            },
            id="xai is sized by ratio",
        ),
        pytest.param(
            of_dialect("localai", prompt="a|b", negative_prompt="blur", seed=3, steps=9, width=512, height=256),
            {
                **{"model": "m", "prompt": "a,b|blur", "n": 1, "size": "512x256"},
                **{"step": 9, "seed": 3, "response_format": "b64_json"},
            },
            id="localai takes what to avoid after a bar",
        ),
        pytest.param(
            of_dialect("localai", inputs=(INPUT, SECOND)),
            {
                **{"model": "m", "prompt": "a red fox", "n": 1, "size": "1024x1024", "response_format": "b64_json"},
                "ref_images": [INPUT.base64, SECOND.base64],
            },
            id="localai takes images in the body",
        ),
        pytest.param(
            of_dialect("sd-server", output_format="png"),
            {"prompt": "a red fox", "n": 1, "size": "1024x1024", "output_format": "png"},
            id="sd-server without extras",
        ),
        pytest.param(
            of_dialect("vllm-omni", negative_prompt="blur", steps=9, seed=0),
            {
                **{"model": "m", "prompt": "a red fox", "n": 1, "size": "1024x1024", "response_format": "b64_json"},
                **{"negative_prompt": "blur", "num_inference_steps": 9, "seed": 0},
            },
            id="vllm-omni has fields of its own",
        ),
    ],
)
def test_a_call_becomes_this_generation(call: Call, body: dict[str, Any]) -> None:
    assert PROVIDER.submit(call) == Request(target=GENERATIONS, json=body)


def test_sd_server_reads_the_rest_from_inside_the_prompt() -> None:
    request = PROVIDER.submit(of_dialect("sd-server", seed=7, steps=9, negative_prompt='"blur"'))
    assert request.json is not None
    prompt, _, extra = request.json["prompt"].partition("<sd_cpp_extra_args>")
    assert prompt == "a red fox"
    assert json.loads(extra.removesuffix("</sd_cpp_extra_args>")) == {
        "seed": 7,
        "negative_prompt": '"blur"',
        "sample_params": {"sample_steps": 9},
    }


@pytest.mark.parametrize(
    ("call", "form"),
    [
        pytest.param(
            call_for("openai/gpt-image-2", inputs=(INPUT,)),
            [
                *[("model", "gpt-image-2"), ("prompt", "a red fox"), ("n", "1"), ("quality", "medium")],
                ("image", "image1.png"),
            ],
            id="sized like the input",
        ),
        pytest.param(
            call_for("openai/gpt-image-2", inputs=(INPUT, SECOND), mask=INPUT, is_size_asked=True, n=2),
            [
                *[("model", "gpt-image-2"), ("prompt", "a red fox"), ("n", "2"), ("size", "1024x1024")],
                *[("quality", "medium"), ("image[]", "image1.png"), ("image[]", "image2.webp"), ("mask", "mask.png")],
            ],
            id="several images and a mask",
        ),
    ],
)
def test_an_edit_is_a_form(call: Call, form: list[tuple[str, str]]) -> None:
    request = PROVIDER.submit(call)
    assert (request.target, request.json) == (EDITS, None)
    assert [(name, part.filename or part.value) for name, part in request.form or ()] == form


def test_a_form_carries_the_images_own_bytes_and_type() -> None:
    form = dict(PROVIDER.submit(call_for("openai/gpt-image-2", inputs=(INPUT,))).form or ())
    assert form["image"] == Part(value=b"input", filename="image1.png", content_type="image/png")


@pytest.mark.parametrize(
    ("inputs", "images"),
    [
        pytest.param((INPUT,), {"image": {"url": INPUT_URL, "type": "image_url"}}, id="one"),
        pytest.param(
            (INPUT, SECOND),
            {"images": [{"url": INPUT_URL, "type": "image_url"}, {"url": SECOND_URL, "type": "image_url"}]},
            id="several",
        ),
    ],
)
def test_xai_edits_in_json(inputs: tuple[Any, ...], images: dict[str, Any]) -> None:
    request = PROVIDER.submit(of_dialect("xai", inputs=inputs))
    common = {"model": "m", "prompt": "a red fox", "n": 1, "response_format": "b64_json"}
    assert request == Request(target=EDITS, json={**common, **images})


def test_localai_inpaints_on_a_route_of_its_own() -> None:
    request = PROVIDER.submit(of_dialect("localai", inputs=(INPUT,), mask=SECOND, steps=9))
    names = [name for name, _ in request.form or ()]
    assert (request.target, names) == ("/v1/images/inpainting", ["model", "prompt", "steps", "image", "mask"])


def test_a_picture_may_be_base64_or_a_url_beside_nulls() -> None:
    images = parsed({"data": [{"b64_json": ENCODED, "url": None}, {"url": "https://x/y.png"}, {"url": None}]})
    assert images.pictures == (Picture(data=PICTURE), Picture(url="https://x/y.png"))
    assert images.cost_usd is None


def test_the_tokens_used_say_what_it_cost() -> None:
    usage = {
        "input_tokens": 1050,
        "output_tokens": 1756,
        "input_tokens_details": {"text_tokens": 50, "image_tokens": 1000},
    }
    assert parsed({"data": [{"b64_json": ENCODED}], "usage": usage}).cost_usd == pytest.approx(
        (50 * 5 + 1000 * 8 + 1756 * 30) / 1e6
    )


@pytest.mark.parametrize(
    "usage",
    [
        None,
        3,
        {},
        {"input_tokens": "1", "output_tokens": 2},
        {"input_tokens": 1},
        {"input_tokens": 1, "output_tokens": -2},
    ],
)
def test_odd_usage_is_an_unknown_cost(usage: object) -> None:
    assert parsed({"data": [{"b64_json": ENCODED}], "usage": usage}).cost_usd is None


def test_a_partial_refusal_of_xai_keeps_the_pictures() -> None:
    images = parsed({"data": [{"b64_json": ENCODED}, {"respect_moderation": False}]})
    assert len(images.pictures) == 1
    assert images.warnings == ("1 of 2 images were refused by the safety system.",)


def test_a_full_refusal_of_xai_hides_in_a_200() -> None:
    with pytest.raises(ContentRefused):
        parsed({"data": [{"url": "", "respect_moderation": False}]})


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        parsed(body)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(
            400,
            {"error": {"code": "moderation_blocked", "type": "image_generation_user_error", "message": "no"}},
            ContentRefused,
            id="moderation",
        ),
        pytest.param(
            400,
            {"error": {"code": "content_policy_violation", "type": "invalid_request_error", "message": "no"}},
            ContentRefused,
            id="the older code",
        ),
        pytest.param(
            400, {"error": {"code": None, "message": "rejected by the safety system"}}, ContentRefused, id="text"
        ),
        pytest.param(400, {"error": {"code": "invalid_value", "message": "bad size"}}, Rejected, id="bad request"),
        pytest.param(429, {"error": {"code": "insufficient_quota", "message": "pay"}}, QuotaExceeded, id="quota"),
        pytest.param(429, {"error": {"code": "rate_limit_exceeded", "message": "slow"}}, RateLimited, id="rate"),
        pytest.param(400, {"error": {"code": "model_not_found", "message": "gone"}}, ModelGone, id="gone with 400"),
        pytest.param(404, {"error": {"message": "gone"}}, ModelGone, id="gone with 404"),
        pytest.param(401, {"error": {"message": "key"}}, ProviderAuth, id="key"),
        pytest.param(500, {"error": "server_error", "message": "[json.exception]"}, Unavailable, id="sd-server"),
        pytest.param(400, {"error": "prompt required"}, Rejected, id="error as a string"),
        pytest.param(422, {"detail": [{"loc": ["body"], "msg": "bad", "type": "x"}]}, Rejected, id="vllm-omni"),
        pytest.param(400, {"code": "Client specified", "error": "bad"}, Rejected, id="xai"),
        pytest.param(404, {"code": "model_not_found", "error": "gone"}, ModelGone, id="xai's code beside the error"),
        pytest.param(400, {"code": "content_policy_violation", "error": "x"}, ContentRefused, id="xai refuses"),
        pytest.param(400, [], Rejected, id="no object"),
    ],
)
def test_an_error_means(status: int, body: object, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply(body, status), GPT)) is kind


def test_a_named_server_speaks_for_itself() -> None:
    mine = server("mybox", "http://127.0.0.1:8080")
    assert (mine.manifest.name, mine.manifest.base_url, mine.manifest.needs_key) == (
        "mybox",
        "http://127.0.0.1:8080",
        False,
    )
    assert PROVIDER.manifest.name == "openai"
    assert mine.refusal("no").details == {"provider": "mybox", "provider_message": "no"}
