"""google-genai against the Gemini emulator."""

import base64
from collections.abc import Callable, Iterator

import pytest
from google import genai
from google.genai import errors, types

from tests.clients._picture import described
from tests.emulators import Emulator
from tests.emulators._picture import draw

MODEL = "gemini-3-pro-image"


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("gemini")


@pytest.fixture(params=["v1", "v1beta"])
def client(emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=emulator.base_url, api_version=request.param)
    with genai.Client(api_key=emulator.key, http_options=options) as client:
        yield client


def picture(reply: types.GenerateContentResponse) -> bytes:
    """The one inline picture of a reply."""
    (found,) = (part.inline_data.data for part in reply.parts or [] if part.inline_data)
    assert found is not None
    return found


def test_a_picture_follows_ratio_and_size(client: genai.Client, emulator: Emulator) -> None:
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"],
        seed=4,
        image_config=types.ImageConfig(aspect_ratio="16:9", image_size="1K"),
    )
    reply = client.models.generate_content(model=MODEL, contents="a fox", config=config)
    assert described(picture(reply)) == ("PNG", (1376, 768))
    assert emulator.orders[0].seed == 4
    assert not emulator.surprises


def test_a_batch_of_inlined_requests_ends_with_their_answers(client: genai.Client, emulator: Emulator) -> None:
    contents = types.Content(role="user", parts=[types.Part.from_text(text="a fox")])
    config = types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"])
    asked = types.InlinedRequest(contents=contents, config=config, metadata={"key": "1"})
    batch = client.batches.create(model=MODEL, src=[asked], config={"display_name": "one"})
    states = [client.batches.get(name=batch.name or "").state for _ in range(2)]
    done = client.batches.get(name=batch.name or "")
    assert [state.name for state in states if state] == ["JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]
    assert done.dest is not None
    (answer,) = done.dest.inlined_responses or []
    assert answer.response is not None
    assert described(picture(answer.response)) == ("PNG", (1024, 1024))
    assert emulator.orders[0].share == 0.5
    assert not emulator.surprises


def test_an_edit_sends_the_picture_as_a_part_in_snake_case(client: genai.Client, emulator: Emulator) -> None:
    source = draw("source", 64, 64).data
    parts = [types.Part.from_bytes(data=source, mime_type="image/png"), types.Part.from_text(text="make it blue")]
    reply = client.models.generate_content(model=MODEL, contents=types.Content(role="user", parts=parts))
    assert described(picture(reply)) == ("PNG", (1024, 1024))
    sent = emulator.orders[0].body["contents"][0]["parts"][0]["inlineData"]
    # The SDK writes the URL-safe alphabet, which protojson reads as well.
    assert base64.urlsafe_b64decode(sent["data"]) == source


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        pytest.param("401", 400, "INVALID_ARGUMENT", id="401"),
        pytest.param("404", 404, "NOT_FOUND", id="404"),
        pytest.param("429", 429, "RESOURCE_EXHAUSTED", id="429"),
    ],
)
def test_an_error_has_its_code_and_status(
    client: genai.Client, emulator: Emulator, kind: str, code: int, status: str
) -> None:
    emulator.fault(kind)
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=MODEL, contents="a fox")
    assert (caught.value.code, caught.value.status) == (code, status)
    assert not emulator.submits


def test_a_server_fault_is_the_servers(client: genai.Client, emulator: Emulator) -> None:
    emulator.fault("503")
    with pytest.raises(errors.ServerError):
        client.models.generate_content(model=MODEL, contents="a fox")


def test_the_retry_delay_is_in_the_details(client: genai.Client, emulator: Emulator) -> None:
    emulator.fault("429", retry_after=37)
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=MODEL, contents="a fox")
    assert caught.value.details["error"]["details"][-1]["retryDelay"] == "37s"


def test_a_blocked_prompt_has_a_reason_and_no_candidates(client: genai.Client, emulator: Emulator) -> None:
    emulator.fault("refusal:prompt_safety")
    reply = client.models.generate_content(model=MODEL, contents="a fox")
    assert reply.prompt_feedback is not None
    assert reply.prompt_feedback.block_reason == types.BlockedReason.SAFETY
    assert not reply.candidates


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        pytest.param("image_safety", types.FinishReason.IMAGE_SAFETY, id="image_safety"),
        pytest.param("image_prohibited", types.FinishReason.IMAGE_PROHIBITED_CONTENT, id="image_prohibited"),
        pytest.param("recitation", types.FinishReason.IMAGE_RECITATION, id="recitation"),
        pytest.param("text_only", types.FinishReason.STOP, id="text_only"),
    ],
)
def test_a_blocked_picture_has_a_finish_reason_and_no_bytes(
    client: genai.Client, emulator: Emulator, refusal: str, reason: types.FinishReason
) -> None:
    emulator.fault(f"refusal:{refusal}")
    reply = client.models.generate_content(model=MODEL, contents="a fox")
    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason == reason
    assert not [part for part in reply.parts or [] if part.inline_data]


def test_no_image_is_a_reason_of_its_own(client: genai.Client, emulator: Emulator) -> None:
    emulator.fault("empty")
    reply = client.models.generate_content(model=MODEL, contents="a fox")
    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason == types.FinishReason.NO_IMAGE


def test_a_retired_model_is_not_found(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="gemini-3-pro-image-preview", contents="a fox")
    assert caught.value.code == 404
