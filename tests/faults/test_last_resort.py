"""The embedded engine stands in only where the user says so, and only when everybody else has failed."""

import json
from collections.abc import Callable

import pytest
from mcp_types import TextContent

from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
PROMPT = {"prompt": "a lake at sunset", "width": 256, "height": 256}


async def test_with_the_fallback_the_illustrator_draws_after_three_failures(
    emulate: Emulate, client_on: OpenClient
) -> None:
    together = emulate("together")
    together.fault("503")
    async with client_on(together, IMGFORGE_LOCAL_FALLBACK="on") as client:
        result = await client.call_tool("generate_image", PROMPT)
    assert isinstance(result.content[0], TextContent)
    job = json.loads(result.content[0].text)
    assert job["state"] == "completed"
    assert [attempt["provider"] for attempt in job["attempts"]] == ["together"] * 3 + ["local"]
    assert job["warnings"][0].startswith("Composed by the embedded")


async def test_without_it_nobody_silently_gets_a_drawing(emulate: Emulate, client_on: OpenClient) -> None:
    together = emulate("together")
    together.fault("503")
    async with client_on(together) as client:
        result = await client.call_tool("generate_image", PROMPT)
    assert result.is_error


async def test_a_refusal_is_not_drawn_instead(emulate: Emulate, client_on: OpenClient) -> None:
    together = emulate("together")
    together.fault("refusal")
    async with client_on(together, IMGFORGE_LOCAL_FALLBACK="on") as client:
        result = await client.call_tool("generate_image", PROMPT)
    assert isinstance(result.content[0], TextContent)
    assert json.loads(result.content[0].text)["code"] == "content_refused"
