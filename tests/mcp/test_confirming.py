"""A price above the user's limit is asked about before anything is sent; a client that cannot ask is told how."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp.client import Client
from mcp_types import ElicitResult

from imgforge_mcp import create_server
from tests.answers import told
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}
LIMIT = "0.001"
ITEMS = {"items": [PROMPT, {**PROMPT, "seed": 2}, {"prompt": ""}]}


class User:
    """Answers what the client asks."""

    def __init__(self, action: str, content: dict[str, Any] | None = None) -> None:
        self.answer = ElicitResult.model_validate({"action": action, "content": content})
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        self.asked.append(params.message)
        return self.answer


YES = ("accept", {"confirm": True})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(("name", "asked"), [("generate_image", PROMPT), ("generate_batch", ITEMS)])
async def test_the_user_is_asked_once_and_a_yes_sends_it(
    mode: str, name: str, asked: dict[str, Any], emulate: Emulate, forge_on: OpenForge
) -> None:
    emulator, user = emulate("together"), User(*YES)
    async with (
        forge_on(emulator, IMGFORGE_CONFIRM_ABOVE_USD=LIMIT) as forge,
        Client(create_server(forge), mode=mode, elicitation_callback=user) as client,
    ):
        result = await client.call_tool(name, asked)
    assert not result.is_error
    assert len(user.asked) == 1
    assert "$" in user.asked[0]
    assert "together/" in user.asked[0]
    assert len(emulator.submits) == (1 if name == "generate_image" else 2)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(("decline", None), id="no"),
        pytest.param(("cancel", None), id="closed"),
        pytest.param(("accept", {"confirm": False}), id="sent back with a no"),
        pytest.param(("accept", {}), id="sent back empty"),
    ],
)
async def test_anything_but_a_yes_sends_nothing(
    mode: str, answer: tuple[str, Any], emulate: Emulate, forge_on: OpenForge
) -> None:
    emulator = emulate("together")
    async with (
        forge_on(emulator, IMGFORGE_CONFIRM_ABOVE_USD=LIMIT) as forge,
        Client(create_server(forge), mode=mode, elicitation_callback=User(*answer)) as client,
    ):
        error = told(await client.call_tool("generate_image", PROMPT))
    assert (error["code"], error["status"]) == ("declined", 402)
    assert emulator.calls == []


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_that_cannot_ask_is_told_how_to_say_yes(
    mode: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator, mode=mode, IMGFORGE_CONFIRM_ABOVE_USD=LIMIT) as client:
        error = told(await client.call_tool("generate_image", PROMPT))
        price = error["details"]["price_usd"]
        assert emulator.calls == []
        too_little = told(await client.call_tool("generate_image", {**PROMPT, "confirm_cost_usd": price / 2}))
        job = told(await client.call_tool("generate_image", {**PROMPT, "confirm_cost_usd": price}))
    assert (error["code"], error["status"]) == ("confirmation_required", 402)
    assert "confirm_cost_usd" in error["error"]
    assert too_little["code"] == "confirmation_required"
    assert job["state"] == "completed"


async def test_below_the_limit_and_without_one_nobody_is_asked(emulate: Emulate, forge_on: OpenForge) -> None:
    emulator, user = emulate("together"), User(*YES)
    for variables in ({}, {"IMGFORGE_CONFIRM_ABOVE_USD": "5"}):
        async with (
            forge_on(emulator, **variables) as forge,
            Client(create_server(forge), elicitation_callback=user) as client,
        ):
            assert not (await client.call_tool("generate_image", PROMPT)).is_error
    assert user.asked == []
