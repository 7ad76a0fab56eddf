"""The openai SDK against the OpenAI emulator."""

import base64
import json
from collections.abc import Callable, Iterator

import openai
import pytest

from tests.clients._picture import described
from tests.emulators import Emulator
from tests.emulators._picture import draw

MODEL = "gpt-image-2"


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("openai")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=emulator.key, base_url=f"{emulator.base_url}/v1", max_retries=0) as client:
        yield client


def test_a_picture_has_the_size_and_format_that_were_asked_for(client: openai.OpenAI, emulator: Emulator) -> None:
    reply = client.images.generate(model=MODEL, prompt="a fox", n=2, size="1536x1024", output_format="webp")
    assert reply.data is not None
    pictures = [base64.b64decode(each.b64_json or "") for each in reply.data]
    assert [described(each) for each in pictures] == [("WEBP", (1536, 1024))] * 2
    assert reply.output_format == "webp"
    assert reply.usage is not None
    assert reply.usage.output_tokens > 0
    assert not emulator.surprises


@pytest.mark.parametrize("parts", [1, 2], ids=["image", "image[]"])
def test_an_edit_arrives_as_file_parts(client: openai.OpenAI, emulator: Emulator, parts: int) -> None:
    files = [(f"{index}.png", draw(str(index), 64, 64).data, "image/png") for index in range(parts)]
    reply = client.images.edit(model=MODEL, prompt="make it blue", image=files if parts > 1 else files[0], n=1)
    assert reply.data is not None
    assert described(base64.b64decode(reply.data[0].b64_json or "")) == ("PNG", (1024, 1024))
    assert [len(each) for each in emulator.submits[0].uploads.values()] == [parts]


def test_a_batch_is_made_of_a_file_and_its_result_is_a_file(client: openai.OpenAI, emulator: Emulator) -> None:
    asked = {"model": MODEL, "prompt": "a fox", "size": "1024x1024"}
    entry = {"custom_id": "one", "method": "POST", "url": "/v1/images/generations", "body": asked}
    file = client.files.create(file=("one.jsonl", json.dumps(entry).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h")
    listed = [each.id for each in client.batches.list()]
    states = [client.batches.retrieve(batch.id).status for _ in range(2)]
    done = client.batches.retrieve(batch.id)
    line = json.loads(client.files.content(done.output_file_id or "").text)
    picture = base64.b64decode(line["response"]["body"]["data"][0]["b64_json"])
    assert listed == [batch.id]
    assert states == ["in_progress", "completed"]
    assert (line["custom_id"], described(picture)) == ("one", ("PNG", (1024, 1024)))
    assert client.files.delete(file.id).deleted
    assert not emulator.surprises


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert MODEL in {model.id for model in client.models.list()}


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        pytest.param("401", openai.AuthenticationError, "invalid_api_key", id="401"),
        pytest.param("403", openai.PermissionDeniedError, None, id="403"),
        pytest.param("429", openai.RateLimitError, "rate_limit_exceeded", id="429"),
        pytest.param("quota", openai.RateLimitError, "insufficient_quota", id="quota"),
        pytest.param("refusal", openai.BadRequestError, "moderation_blocked", id="refusal"),
        pytest.param("503", openai.InternalServerError, None, id="503"),
    ],
)
def test_an_error_has_its_class_and_code(
    client: openai.OpenAI, emulator: Emulator, kind: str, error: type[openai.APIStatusError], code: str | None
) -> None:
    emulator.fault(kind)
    with pytest.raises(error) as caught:
        client.images.generate(model=MODEL, prompt="a fox")
    assert caught.value.code == code
    assert not emulator.submits


def test_a_retired_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="deprecated") as caught:
        client.images.generate(model="dall-e-3", prompt="a fox")
    assert caught.value.code == "model_not_found"


def test_response_format_is_refused_for_gpt_image_models(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="response_format"):
        client.images.generate(model=MODEL, prompt="a fox", response_format="b64_json")


def test_a_cut_answer_is_a_connection_error_and_was_billed(client: openai.OpenAI, emulator: Emulator) -> None:
    emulator.fault("cut")
    with pytest.raises(openai.APIConnectionError):
        client.images.generate(model=MODEL, prompt="a fox")
    assert len(emulator.submits) == 1
