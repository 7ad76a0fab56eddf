"""Whatever a provider sends, an adapter answers with images, an operation or an error of ours, all of them storable."""

import json
import random
from typing import Any

import pytest

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Images, ModelSpec, Operation, Reply, Request
from imgforge_mcp.providers.services import load, names
from tests.providers._calls import INPUT, SECOND

ROUNDS = 1500
REMOTE = [name for name in names() if name != "local"]
MODELS = [pytest.param(model, id=model.name_in_full) for name in REMOTE for model in load_catalog().of_provider(name)]
FIELDS = """all_seeds artifacts asset_url b64_json base64 blockReason bytesBase64Encoded cancel cancel_url candidates
    code content cost credits data detail details error errors estimated_time filename finishReason finish_reason get
    has_nsfw_concepts id image images info inlineData input_tokens input_tokens_details is_image_safe job_id message msg
    output output_tokens outputs p1 parts polling_url predictions progress promptFeedback prompt_id queue_position
    raiFilteredReason request_id respect_moderation response_url result retryAfterSeconds retryDelay sample seed
    seed_used state status status_url success type urls usage url violations x402Version"""
NAMES = FIELDS.split()
TEXTS = [
    *("", "x", "%%", "37s", "{}", "[1]", "\ud800", "a\x00b", "NSFW", "aGk=", "/v2/a", "https://x/y"),
    *("Ready", "Error", "Content Moderated", "COMPLETED", "IN_QUEUE", "succeeded", "failed", "completed", "error"),
    *("data:image/png;base64,aGk=", "data:image/png,x", "content_policy_violation", "CONTENT_FILTERED", "SAFETY"),
]
NUMBERS = [0, 1, -1, 3.5, 1e308, float("nan"), float("inf"), 2**70, True, False, 3030, 3036]
OPERATIONS = [
    None,
    Operation(operation_id="p1", url="/status", data={"response_url": "/result"}),
    Operation(operation_id="p1", url="/result", data={"response_url": "/result"}),
    Operation(operation_id="p1", url="/file", data={"is_file": True}),
    Operation(operation_id="p1", url="/status"),
]


def anything(source: random.Random, depth: int = 0) -> Any:
    kind = source.random()
    if kind < 0.25:
        return source.choice(TEXTS)
    if kind < 0.35:
        return source.choice(NUMBERS)
    if kind < 0.42 or depth > 5:
        return None
    if kind < 0.6:
        return [anything(source, depth + 1) for _ in range(source.randint(0, 3))]
    return {source.choice(NAMES): anything(source, depth + 1) for _ in range(source.randint(0, 5))}


def assert_storable(value: object) -> None:
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def assert_sound(outcome: Images | Operation) -> None:
    if isinstance(outcome, Operation):
        assert_storable(outcome.to_json())
        assert outcome.url
        return
    assert outcome.pictures
    assert all(picture.seed is None or abs(picture.seed) < 2**63 for picture in outcome.pictures)
    assert_storable([outcome.cost_usd, *outcome.warnings, *(picture.url for picture in outcome.pictures)])
    assert (outcome.cost_usd or 0.0) >= 0


@pytest.mark.parametrize("name", REMOTE)
def test_no_answer_brings_an_adapter_down(name: str) -> None:
    source, provider = random.Random(name), load(name)
    call = Call(model=load_catalog().of_provider(name)[0], prompt="a red fox")
    for _ in range(ROUNDS):
        body = json.dumps(anything(source)).encode()
        answer = Reply(
            status=200,
            headers={"content-type": source.choice(["application/json", "", "text/html", "image/png"])},
            body=body[: len(body) // 2] if source.random() < 0.05 else body,
            operation=source.choice(OPERATIONS),
        )
        try:
            outcome = provider.parse(answer, call)
        except ForgeError as error:
            assert_storable(error.body("r"))
        else:
            assert_sound(outcome)


@pytest.mark.parametrize("name", REMOTE)
def test_no_error_answer_brings_an_adapter_down(name: str) -> None:
    source, provider = random.Random(name), load(name)
    call = Call(model=load_catalog().of_provider(name)[0], prompt="a red fox")
    for _ in range(ROUNDS):
        status = source.choice([400, 401, 402, 403, 404, 408, 410, 422, 429, 500, 503])
        body = json.dumps(anything(source)).encode()
        answer = Reply(status=status, headers={}, body=body, operation=source.choice(OPERATIONS))
        error = provider.failure(answer, call)
        assert isinstance(error, ForgeError)
        assert_storable([error.body("r"), error.retry_after])


@pytest.mark.parametrize("model", MODELS)
def test_every_row_can_be_submitted_in_every_way_it_claims(model: ModelSpec) -> None:
    provider = load(model.provider)
    least = 1 if "by_reference" in model.capabilities else 0
    inputs = [(), (INPUT,), (INPUT, SECOND)][least : model.max_inputs + 1]
    for tier in QualityTier:
        for images in inputs:
            request = provider.submit(
                Call(
                    model=model,
                    prompt="a red fox",
                    tier=tier,
                    n=min(2, model.max_n),
                    seed=0 if "seed" in model.accepts else None,
                    steps=model.steps[2] if "steps" in model.accepts else None,
                    inputs=images,
                    mask=SECOND if images and "inpaint" in model.capabilities else None,
                    settings={"account_id": "a"},
                )
            )
            assert isinstance(request, Request)
            assert request.target.startswith("/")
            assert "?" not in request.target
            assert (request.json is None) != (request.form is None)
            assert_storable(request.json)
