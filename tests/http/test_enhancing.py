"""Prompts enhanced by a text model: asked once, its answer bounded, and our own rules whenever it is of no use."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.http.access import Door
from tests.emulators._serve import serve
from tests.http.conftest import OpenSite, Site

pytestmark = pytest.mark.anyio

IDEA = {"prompt": "robot reading a book", "tone": "anime, cozy", "seed": 7}
KEY = "sk-chat-of-the-owner-0001"


@dataclass(slots=True)
class Chat:
    """A chat server: `text` is what its model says; `reply` overrules the whole body."""

    url: str = ""
    text: str = "A small robot reads a thick book by candlelight."
    status: int = 200
    reply: bytes | None = None
    asked: list[Any] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.asked.append((scope["path"], dict(scope["headers"]).get(b"authorization"), json.loads(body)))
        said = {"choices": [{"message": {"role": "assistant", "content": self.text}, "finish_reason": "stop"}]}
        data = json.dumps(said).encode() if self.reply is None else self.reply
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    def variables(self) -> dict[str, str]:
        return {
            "IMGFORGE_ENHANCE_URL": f"{self.url}/v1",
            "IMGFORGE_ENHANCE_MODEL": "writer-1",
            "IMGFORGE_ENHANCE_API_KEY": KEY,
        }


@pytest.fixture
def chat() -> Iterator[Chat]:
    server = Chat()
    with serve(server) as server.url:
        yield server


async def enhanced(site: Site, headers: dict[str, str] | None = None) -> tuple[str, str]:
    reply = await site.http.post("/api/v1/prompt/enhance", json=IDEA, headers=headers)
    assert reply.status_code == 200, reply.text
    data = reply.json()["data"]
    return data["prompt"], data["enhanced_by"]


async def by_rules(site_on: OpenSite) -> tuple[str, str]:
    async with site_on() as site:
        return await enhanced(site)


async def test_a_configured_model_writes_the_prompt_and_is_asked_once(chat: Chat, site_on: OpenSite) -> None:
    async with site_on(**chat.variables()) as site:
        assert await enhanced(site) == (chat.text, "writer-1")
    [(path, authorization, body)] = chat.asked
    assert (path, authorization) == ("/v1/chat/completions", f"Bearer {KEY}".encode())
    assert (body["model"], body["seed"]) == ("writer-1", 7)
    assert "robot reading a book" in body["messages"][1]["content"]
    assert "anime, cozy" in body["messages"][1]["content"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('"A robot,\n\nreading."', "A robot, reading."),
        ("A robot\u202e\u0000\x1b[31m reads", "A robot [31m reads"),
        ("word " * 1000, ("word " * 400).strip()),
        ("x" * 5000, "x" * 2000),
    ],
)
async def test_what_the_model_says_is_one_paragraph_within_bounds(
    said: str, shown: str, chat: Chat, site_on: OpenSite
) -> None:
    chat.text = said
    async with site_on(**chat.variables()) as site:
        prompt, by = await enhanced(site)
    assert (prompt, by) == (shown, "writer-1")


@pytest.mark.parametrize(
    "bent",
    [
        pytest.param({"status": 500}, id="it fails"),
        pytest.param({"status": 401}, id="it does not know the key"),
        pytest.param({"status": 302}, id="it sends us elsewhere"),
        pytest.param({"text": " \n "}, id="it says nothing"),
        pytest.param({"reply": b"<html>busy</html>"}, id="it says no JSON"),
        pytest.param({"reply": b'{"choices": []}'}, id="it has no choice"),
        pytest.param({"reply": b'{"choices": [{"message": {"content": [1]}}]}'}, id="its text is none"),
        pytest.param({"reply": b'{"choices": [{"finish_reason": "content_filter"}]}'}, id="it refuses"),
        pytest.param({"reply": b"[" * 100_000}, id="it is too deep"),
        pytest.param({"reply": b'{"choices": "' + b"x" * 300_000 + b'"}'}, id="it is too long"),
    ],
)
async def test_where_it_is_of_no_use_our_own_rules_do_it(
    bent: dict[str, Any], chat: Chat, site_on: OpenSite, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in bent.items():
        setattr(chat, name, value)
    own = await by_rules(site_on)
    with caplog.at_level(logging.WARNING):
        async with site_on(**chat.variables()) as site:
            assert await enhanced(site) == own
    assert own[1] == "rules"
    assert len(chat.asked) == 1
    assert "text model" in caplog.text
    assert KEY not in caplog.text


async def test_where_nobody_listens_our_own_rules_do_it(site_on: OpenSite) -> None:
    gone = {"IMGFORGE_ENHANCE_URL": "http://127.0.0.1:9/v1", "IMGFORGE_ENHANCE_MODEL": "writer-1"}
    own = await by_rules(site_on)
    async with site_on(**gone) as site:
        assert await enhanced(site) == own


async def test_a_key_that_the_model_repeats_is_masked(chat: Chat, site_on: OpenSite) -> None:
    chat.text = f"A robot that holds {KEY}"
    async with site_on(**chat.variables()) as site:
        prompt, _ = await enhanced(site)
    assert KEY not in prompt


async def test_a_caller_without_a_key_spends_nothing_of_the_owners(chat: Chat, site_on: OpenSite) -> None:
    async with site_on(door=Door(is_loopback=False, anonymous=True), **chat.variables()) as site:
        assert (await enhanced(site))[1] == "rules"
        assert (await enhanced(site, await site.key()))[1] == "writer-1"
    assert len(chat.asked) == 1


async def test_many_at_once_do_not_pile_up_at_the_model(chat: Chat, site_on: OpenSite) -> None:
    async with site_on(**chat.variables()) as site:
        by: list[str] = []

        async def ask() -> None:
            by.append((await enhanced(site))[1])

        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(ask)
    assert set(by) <= {"rules", "writer-1"}
    assert 8 <= by.count("writer-1") == len(chat.asked)


async def test_an_endpoint_without_a_model_is_a_wrong_setting(site_on: OpenSite) -> None:
    with pytest.raises(ConfigError, match="IMGFORGE_ENHANCE_MODEL"):
        async with site_on(IMGFORGE_ENHANCE_URL="http://127.0.0.1:11434/v1"):
            pass
