"""Servers that a user names in the configuration, each with its accent of OpenAI's API, through the MCP tools."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.answers import pictures, told
from tests.conftest import OpenClient
from tests.emulators._dialects import DIALECTS, Dialect
from tests.emulators._picture import draw

pytestmark = pytest.mark.anyio

PROMPT = "a red fox"
Named = Callable[[str], Dialect]


@pytest.fixture
def named(environment: dict[str, str]) -> Iterator[Named]:
    """Serve a dialect's emulator and name it in the configuration as `box`."""
    with ExitStack() as stack:

        def serve(dialect: str) -> Dialect:
            emulator = DIALECTS[dialect]()
            base_url = stack.enter_context(emulator.serve())
            stack.callback(emulator.clear)
            lines = ["[[servers]]", 'name = "box"', f'base_url = "{base_url}/v1"', f'dialect = "{dialect}"']
            lines += [f'api_key = "{emulator.key}"'] * emulator.needs_key
            lines += [f'models = [{{ id = "{emulator.model}", slug = "drawer" }}]']
            Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(lines), "utf-8")
            return emulator

        yield serve


def reference() -> str:
    """A picture of 640x448 to edit, as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(draw('reference', 640, 448).data).decode()}"


SETTINGS = {"seed": 7, "steps": 9, "negative_prompt": "blur"}


@pytest.mark.parametrize(
    ("dialect", "asked", "size", "sent"),
    [
        pytest.param(
            "xai",
            {"aspect_ratio": "16:9", "image_size": "2K", "n": 2},
            (2720, 1536),
            {"aspect_ratio": "16:9", "resolution": "2k", "n": 2, "response_format": "b64_json"},
            id="xai",
        ),
        pytest.param(
            "localai",
            {"width": 768, "height": 512, "n": 2, **SETTINGS},
            (768, 512),
            {"size": "768x512", "step": 9, "seed": 7, "n": 2, "negative_prompt": "blur"},
            id="localai",
        ),
        pytest.param(
            "sd-server",
            {"width": 768, "height": 512, "n": 2, "output_format": "jpeg", **SETTINGS},
            (768, 512),
            {
                **{"size": "768x512", "n": 2, "output_format": "jpeg", "seed": 7, "negative_prompt": "blur"},
                "sample_params": {"sample_steps": 9},
            },
            id="sd-server",
        ),
        pytest.param(
            "vllm-omni",
            {"width": 768, "height": 512, "n": 2, **SETTINGS},
            (768, 512),
            {"size": "768x512", "n": 2, "num_inference_steps": 9, "seed": 7, "negative_prompt": "blur"},
            id="vllm-omni",
        ),
    ],
)
async def test_every_setting_reaches_the_server_in_its_own_words(
    named: Named,
    client_on: OpenClient,
    dialect: str,
    asked: dict[str, Any],
    size: tuple[int, int],
    sent: dict[str, Any],
) -> None:
    emulator = named(dialect)
    async with client_on() as client:
        result = await client.call_tool("generate_image", {"prompt": PROMPT, "provider": "box", **asked})
        job = told(result)
    assert not result.is_error
    assert (job["provider"], job["model"]) == ("box", "drawer")
    assert pictures(job) == [size] * 2
    (order,) = emulator.orders
    assert order.prompt.startswith(PROMPT)
    assert {name: order.body.get(name) for name in sent} == sent
    assert emulator.surprises == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_server_is_what_auto_uses_when_it_is_all_there_is(
    named: Named, client_on: OpenClient, dialect: str
) -> None:
    emulator = named(dialect)
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
    assert (job["provider"], len(emulator.submits)) == ("box", 1)
    assert emulator.surprises == []


@pytest.mark.parametrize(
    ("dialect", "mask", "path"),
    [
        pytest.param("xai", False, "/v1/images/edits", id="xai: JSON"),
        pytest.param("localai", False, "/v1/images/generations", id="localai: a field of the usual call"),
        pytest.param("localai", True, "/v1/images/inpainting", id="localai: a route for masks"),
        pytest.param("sd-server", False, "/v1/images/edits", id="sd-server: a form"),
        pytest.param("sd-server", True, "/v1/images/edits", id="sd-server: a form with a mask"),
        pytest.param("vllm-omni", False, "/v1/images/edits", id="vllm-omni: a form"),
    ],
)
async def test_an_edit_takes_the_servers_own_way(
    named: Named, client_on: OpenClient, dialect: str, mask: bool, path: str
) -> None:
    emulator = named(dialect)
    asked = {"prompt": PROMPT, "image": reference(), "provider": "box", **({"mask": reference()} if mask else {})}
    async with client_on() as client:
        result = await client.call_tool("edit_image", asked)
        job = told(result)
    assert not result.is_error, job
    assert len(pictures(job)) == 1
    assert [call.path for call in emulator.submits] == [path]
    assert emulator.surprises == []


async def test_moderation_inside_a_200_is_a_refusal(named: Named, client_on: OpenClient) -> None:
    emulator = named("xai")
    emulator.fault("refusal")
    async with client_on() as client:
        answer = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
    assert answer["code"] == "content_refused"


@pytest.mark.parametrize(
    ("dialect", "kind", "outcome", "words"),
    [
        pytest.param("xai", "400", "rejected", "invalid argument", id="xai 400"),
        pytest.param("xai", "401", "auth", "incorrect API key", id="xai 401"),
        pytest.param("xai", "404", "model_gone", "does not exist", id="xai 404"),
        pytest.param("xai", "429", "rate_limited", "Too many requests", id="xai 429"),
        pytest.param("localai", "500", "unavailable", "failed", id="localai 500"),
        pytest.param("sd-server", "400", "rejected", "prompt required", id="sd-server 400"),
        pytest.param("sd-server", "404", "wrong_address", "", id="sd-server 404, without a body"),
        pytest.param("sd-server", "500", "unavailable", "server_error", id="sd-server 500"),
        pytest.param("vllm-omni", "400", "rejected", "not ready", id="vllm-omni 400"),
        pytest.param("vllm-omni", "503", "unavailable", "not ready", id="vllm-omni 503"),
    ],
)
async def test_an_error_keeps_its_meaning_and_its_words(
    named: Named, client_on: OpenClient, dialect: str, kind: str, outcome: str, words: str
) -> None:
    emulator = named(dialect)
    emulator.fault(kind)
    async with client_on() as client:
        answer = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
    (attempt,) = answer["details"]["attempts"]
    assert attempt["outcome"] == outcome
    assert words in attempt.get("provider_message", "")
    assert emulator.key not in str(answer)
    assert not emulator.submits
