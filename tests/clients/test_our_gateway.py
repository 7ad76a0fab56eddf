"""OpenAI's own client against our gateway: only the base URL and the key are changed."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest

from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.emulators._picture import draw


@pytest.fixture
def client(emulate: Callable[..., Emulator], environment: dict[str, str], tmp_path: Path) -> Iterator[openai.OpenAI]:
    """A client with a key, at a running server over an emulated provider."""
    variables = fresh_account(tmp_path / "account", **environment, **emulate("openai").environment())
    key = json.loads(run(variables, "keys", "create", "team", "--json").stdout)["key"]
    with serve(variables) as server:
        yield openai.OpenAI(base_url=f"{server.base_url}/v1", api_key=key, max_retries=0)


def test_openais_client_generates_edits_and_lists(client: openai.OpenAI) -> None:
    made = client.images.generate(model="auto", prompt="a red fox", size="1024x1024", n=2)
    assert made.data is not None
    assert len(made.data) == 2
    assert made.data[0].url
    inline = client.images.generate(model="auto", prompt="a red fox", response_format="b64_json")
    assert inline.data is not None
    assert base64.b64decode(inline.data[0].b64_json or "", validate=True)
    picture = ("fox.png", draw("a fox", 256, 256).data, "image/png")
    edited = client.images.edit(image=picture, prompt="make it night")
    assert edited.data is not None
    assert edited.data[0].url
    assert "auto" in {model.id for model in client.models.list()}


def test_openais_client_reads_our_stream(client: openai.OpenAI) -> None:
    events = list(client.images.generate(model="auto", prompt="a red fox", stream=True))
    assert [event.type for event in events] == ["image_generation.completed"]


def test_openais_client_raises_its_own_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="size"):
        client.images.generate(model="auto", prompt="a red fox", size="huge")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="imgf_live_wrong").images.generate(model="auto", prompt="a red fox")
