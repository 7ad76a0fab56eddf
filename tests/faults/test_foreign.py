"""Whatever an adapter raises, the attempt is settled: free before anything was sent, maybe billed after."""

import ssl
import struct
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from imgforge_mcp.providers.services import load
from tests.answers import ended, told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio
ERRORS = [KeyError("x"), IndexError(), struct.error("y"), RecursionError(), UnicodeError("z"), ZeroDivisionError()]
BELOW = [
    *(ssl.SSLError("a"), OSError("b"), LookupError("c"), RuntimeError("d"), ArithmeticError("e")),
    *(anyio.ClosedResourceError(), anyio.EndOfStream(), httpx.StreamClosed()),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("name", "method", "outcome", "is_billed"),
    [
        pytest.param("together", "submit", "rejected", False, id="submit"),
        pytest.param("together", "parse", "bad_reply", True, id="parse"),
        pytest.param("bfl", "poll", "bad_reply", True, id="poll"),
        pytest.param("bfl", "parse", "bad_reply", True, id="parse of a queue"),
    ],
)
async def test_a_foreign_exception_ends_as_an_error_of_ours(
    name: str,
    method: str,
    outcome: str,
    is_billed: bool,
    error: Exception,
    emulate: Callable[..., Emulator],
    client_on: OpenClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emulator = emulate(name)

    def defect(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(type(load(name)), method, defect)
    async with client_on(emulator) as client:
        answer = told(await client.call_tool("generate_image", {"prompt": "a red fox"}))
        job = await ended(client)
    assert answer["code"] == "provider_error"
    attempt, *_ = job["attempts"]
    assert (attempt["error_code"], attempt.get("maybe_billed", False)) == (outcome, is_billed)
    assert len(emulator.submits) == int(is_billed)


@pytest.mark.parametrize("error", BELOW, ids=lambda error: type(error).__name__)
async def test_what_a_library_below_raises_is_a_connection_that_failed(
    error: Exception,
    emulate: Callable[..., Emulator],
    client_on: OpenClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def raised(*_: Any, **__: Any) -> Any:
        raise error

    together = emulate("together")
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", raised)
    async with client_on(together) as client:
        answer = told(await client.call_tool("generate_image", {"prompt": "a red fox"}))
        job = await ended(client)
    assert answer["code"] == "provider_error"
    attempt, *_ = job["attempts"]
    assert (attempt["error_code"], attempt.get("maybe_billed", False)) == ("unavailable", False)
