"""Cloudflare Workers AI: forms and JSON, an envelope or bare bytes, and codes that mean more than the status."""

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
from imgforge_mcp.providers.contract import Picture
from imgforge_mcp.providers.services.cloudflare import PROVIDER
from tests.providers._calls import ENCODED, INPUT, ODD_BODIES, PICTURE, SECOND, call_for, reply

ACCOUNT = {"account_id": "acc"}
SCHNELL = call_for("cloudflare/flux-schnell", settings=ACCOUNT)
SIZE = {"width": 1024, "height": 1024}


@pytest.mark.parametrize(
    ("row", "model", "fields", "body"),
    [
        pytest.param(
            "flux-schnell", "black-forest-labs/flux-1-schnell", {"steps": 4}, {"steps": 4}, id="no size, no seed"
        ),
        pytest.param("lucid-origin", "leonardo/lucid-origin", {"steps": 9}, {"steps": 9, **SIZE}, id="steps"),
        pytest.param(
            "phoenix-1",
            "leonardo/phoenix-1.0",
            {"steps": 9, "seed": 0, "negative_prompt": "blur"},
            {"num_steps": 9, "seed": 0, "negative_prompt": "blur", **SIZE},
            id="num_steps",
        ),
        pytest.param(
            "stable-diffusion",
            "stabilityai/stable-diffusion-xl-base-1.0",
            {"inputs": (INPUT,)},
            {"image_b64": INPUT.base64, "strength": 0.65, **SIZE},
            id="an edit is given a strength",
        ),
        pytest.param(
            "stable-diffusion",
            "stabilityai/stable-diffusion-xl-base-1.0",
            {"inputs": (INPUT,), "mask": SECOND, "strength": 0.0},
            {"image_b64": INPUT.base64, "strength": 0.0, "mask": list(b"second"), **SIZE},
            id="a mask is a list of bytes",
        ),
    ],
)
def test_a_call_becomes_this_json(row: str, model: str, fields: dict[str, Any], body: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"cloudflare/{row}", settings=ACCOUNT, **fields))
    assert request.target == f"/client/v4/accounts/acc/ai/run/@cf/{model}"
    assert (request.json, request.form) == ({"prompt": "a red fox", **body}, None)


@pytest.mark.parametrize(
    ("row", "fields", "form"),
    [
        pytest.param("flux-2-klein-4b", {}, {"width": "1024", "height": "1024"}, id="a form even for words alone"),
        pytest.param(
            "flux-2-dev",
            {"steps": 9, "seed": 3, "inputs": (INPUT, SECOND)},
            {
                **{"width": "1024", "height": "1024", "steps": "9", "seed": "3"},
                **{"input_image_0": b"input", "input_image_1": b"second"},
            },
            id="references are files",
        ),
    ],
)
def test_flux_2_takes_a_form(row: str, fields: dict[str, Any], form: dict[str, Any]) -> None:
    request = PROVIDER.submit(call_for(f"cloudflare/{row}", settings=ACCOUNT, **fields))
    assert request.json is None
    assert {name: part.value for name, part in request.form or ()} == {"prompt": "a red fox", **form}
    assert all(bool(part.filename) == isinstance(part.value, bytes) for _, part in request.form or ())


def test_without_an_account_id_the_variable_is_named() -> None:
    with pytest.raises(ProviderAuth, match="CLOUDFLARE_ACCOUNT_ID"):
        PROVIDER.submit(call_for("cloudflare/flux-schnell"))


def test_an_account_id_cannot_leave_its_place_in_the_path() -> None:
    request = PROVIDER.submit(call_for("cloudflare/flux-schnell", settings={"account_id": "../a?b"}))
    assert request.target.startswith("/client/v4/accounts/..%2Fa%3Fb/ai/run/")


def test_an_envelope_holds_base64() -> None:
    body = {"result": {"image": ENCODED}, "success": True, "errors": [], "messages": []}
    assert PROVIDER.parse(reply(body), SCHNELL).pictures == (Picture(data=PICTURE),)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "application/octet-stream", ""])
def test_bare_bytes_are_the_picture_whatever_the_header_claims(kind: str) -> None:
    assert PROVIDER.parse(reply(PICTURE, headers={"content-type": kind}), SCHNELL).pictures == (Picture(data=PICTURE),)


@pytest.mark.parametrize("body", [b"", *ODD_BODIES])
def test_an_odd_answer_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), SCHNELL)


def test_a_web_page_is_no_picture() -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(b"<!DOCTYPE html>", headers={"content-type": "text/html; charset=utf-8"}), SCHNELL)


FLAGGED = "Your output has been flagged. Please choose another prompt / input image combination"


@pytest.mark.parametrize("is_success_status", [False, True])
@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        pytest.param(400, 3030, "AiError: AiError: Input prompt contains NSFW content", ContentRefused, id="prompt"),
        pytest.param(400, 3030, FLAGGED, ContentRefused, id="flagged"),
        pytest.param(400, 3030, "Model input is not valid: steps", Rejected, id="3030 also means invalid"),
        pytest.param(429, 3036, "used up the daily allowance", QuotaExceeded, id="allowance"),
        pytest.param(429, 3040, "Capacity temporarily exceeded", RateLimited, id="capacity"),
        pytest.param(400, 5007, "No such model", ModelGone, id="no such model"),
        pytest.param(404, 3042, "Invalid model id", ModelGone, id="invalid model"),
        pytest.param(403, 5016, "not allowed", ModelGone, id="a forbidden model is not a wrong key"),
        pytest.param(403, 5035, "needs Workers Paid", ModelGone, id="needs another plan"),
        pytest.param(408, 3007, "timeout", Unavailable, id="timeout"),
    ],
)
def test_a_code_means(status: int, code: int, message: str, kind: type[ForgeError], is_success_status: bool) -> None:
    body = {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}
    if is_success_status:
        with pytest.raises(ForgeError) as caught:
            PROVIDER.parse(reply(body, 200), SCHNELL)
        error: ForgeError = caught.value
    else:
        error = PROVIDER.failure(reply(body, status), SCHNELL)
    assert type(error) is kind
    assert error.details["provider_message"] == message


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(401, {"errors": [{"code": 10000, "message": "Authentication error"}]}, ProviderAuth, id="key"),
        pytest.param(403, {"errors": [{"code": "x"}]}, ProviderAuth, id="odd code"),
        pytest.param(502, [], Unavailable, id="no object"),
    ],
)
def test_an_error_without_a_known_code_keeps_its_status(status: int, body: object, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply(body, status), SCHNELL)) is kind
