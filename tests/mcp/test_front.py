"""What the front answers at the start is what the SDK answers, byte for byte, and nothing else is answered there."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.shared.message import SessionMessage
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.mcp import plain, rendered
from imgforge_mcp.mcp.clients import CLIENTS, known_form
from imgforge_mcp.mcp.conversation import Conversation
from imgforge_mcp.mcp.front import response
from imgforge_mcp.mcp.introduced import EXTENSION
from imgforge_mcp.mcp.rendering import encoded, render
from imgforge_mcp.mcp.server import create_server

ROOT = Path(__file__).parents[2]
Ask = Callable[[dict[str, Any]], Awaitable[bytes]]
INTRODUCTIONS = [
    ("mcp", "0.1.0"),
    ("Visual Studio Code", "1.104.9"),
    *((client.example, f"{'.'.join(map(str, client.since))}.7" if client.since else "2.1") for client in CLIENTS),
    *((client.example.upper(), "9") for client in CLIENTS),
]
SETTINGS = [
    pytest.param({}, id="as it comes"),
    pytest.param({"IMGFORGE_TOOLS": "core"}, id="core tools"),
    pytest.param({"IMGFORGE_TOOLS": "generate_image, get_usage"}, id="two tools"),
    pytest.param({"IMGFORGE_STRUCTURED": "on"}, id="structured"),
    pytest.param({"IMGFORGE_STRUCTURED": "off"}, id="never structured"),
    pytest.param(
        {"TOGETHER_API_KEY": "canary-key-of-a-provider", "OPENAI_API_KEY": "canary-key-of-another"}, id="keys"
    ),
]


def handshake(version: str, name: str, number: str, **capabilities: Any) -> dict[str, Any]:
    return {
        "protocolVersion": version,
        "capabilities": capabilities,
        "clientInfo": {"name": name, "version": number},
    }


def envelope(version: str, name: str, number: str, **capabilities: Any) -> dict[str, Any]:
    said = handshake(version, name, number, **capabilities)
    return {
        "_meta": {
            plain.VERSION: version,
            plain.CLIENT: said["clientInfo"],
            plain.CAPABILITIES: capabilities,
        }
    }


def request(number: int | str, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    more = {} if params is None else {"params": params}
    return {"jsonrpc": "2.0", "id": number, "method": method, **more}


@asynccontextmanager
async def connected(environment: dict[str, str]) -> AsyncIterator[Ask]:
    """The real server, one connection, spoken to in raw messages; its answers as lines."""
    server = create_server(LazyForge(load_config(environment)))
    to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, from_server = anyio.create_memory_object_stream[SessionMessage](0)

    async def ask(message: dict[str, Any]) -> bytes:
        parsed = types.jsonrpc_message_adapter.validate_json(json.dumps(message), by_name=False)
        await to_server.send(SessionMessage(parsed))
        return encoded((await from_server.receive()).message)

    async with to_server, from_server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.run, incoming, outgoing, server.create_initialization_options())
        yield ask
        tasks.cancel_scope.cancel()


def said_by(conversation: Conversation, message: dict[str, Any]) -> bytes | None:
    result = conversation.answer(plain.read(json.dumps(message).encode()))
    return None if result is None else response(message["id"], result)


def started(environment: dict[str, str]) -> Conversation:
    """A later start of the same installation."""
    found = rendered.find(environment)
    assert found is not None
    return Conversation(found)


@pytest.mark.anyio
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("has_app", [False, True], ids=["plain host", "app host"])
async def test_every_version_and_client_gets_the_servers_own_bytes(
    environment: dict[str, str], setting: dict[str, str], has_app: bool
) -> None:
    environment |= setting
    await anyio.to_thread.run_sync(render, environment)
    able: dict[str, Any] = {"extensions": {EXTENSION: {"mimeTypes": ["text/html;profile=mcp-app"]}}} if has_app else {}
    for name, number in INTRODUCTIONS:
        for version in KNOWN_PROTOCOL_VERSIONS:
            modern = version in MODERN_PROTOCOL_VERSIONS
            asked = [
                request(1, "initialize", handshake(version, name, number, **able)),
                request("two", "ping"),
                request(3, "tools/list"),
                request(4, "tools/list", {"_meta": {"progressToken": 7}}),
            ]
            if modern:
                said = envelope(version, name, number, **able)
                asked = [request(5, "server/discover", said), request("s:6", "tools/list", said)]
            conversation = started(environment)
            async with connected(environment) as ask:
                for message in asked:
                    assert said_by(conversation, message) == await ask(message), (name, version, message["method"])


ODD: list[Any] = [
    *(None, True, 0, 5, -1, 2**70, 1.5, float("inf"), "", "é", "\ud800", "9" * 5000, "2099-01-01", "x" * 70_000),
    *([], [1.5], [{}], {}, {"": []}, {"a": {"b": 0.1}}, {"form": {"a": 1}}, {"progressToken": None}),
]
"""What may stand in a place where something else is meant."""
FULL = {
    "protocolVersion": "2025-06-18",
    "capabilities": {
        "roots": {"listChanged": True},
        "sampling": {"context": {}, "tools": {}},
        "elicitation": {"form": {}, "url": {}},
        "experimental": {"mine": {"deep": [1, {"a": None}]}},
        "extensions": {EXTENSION: {"mimeTypes": ["text/html;profile=mcp-app"]}},
        "tasks": {"list": {}, "cancel": {}, "requests": {"sampling": {"createMessage": {}}}},
    },
    "clientInfo": {"name": "mcp", "version": "1", "title": "T", "description": "D"},
}
"""A greeting with every field that the front knows."""


def paths(value: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every place in it, and beside each field one that is new."""
    if not isinstance(value, dict):
        return [before]
    inner = [path for name, each in value.items() for path in paths(each, (*before, name))]
    return [before, *inner, *((*before, name) for name in ("new", "icons", "websiteUrl", "_meta"))]


def changed(value: Any, path: tuple[str, ...], new: Any) -> Any:
    return new if not path else {**value, path[0]: changed(value.get(path[0]), path[1:], new)}


@pytest.mark.anyio
async def test_whatever_a_client_says_the_front_is_silent_or_as_the_server(environment: dict[str, str]) -> None:
    """Each odd value in every place of a greeting, of a list's parameters, and as an id."""
    greetings = [request(1, "initialize", changed(FULL, path, odd)) for path in paths(FULL) for odd in ODD]
    greetings += [request(odd, "initialize", FULL) for odd in ODD]
    plain_list: dict[str, Any] = {"_meta": {"progressToken": 1}}
    lists = [request(2, "tools/list", changed(plain_list, path, odd)) for path in paths(plain_list) for odd in ODD]
    lists += [request(odd, "tools/list") for odd in ODD]
    pairs = [(greeting, request("list", "tools/list")) for greeting in greetings]
    pairs += [(request(1, "initialize", FULL), each) for each in lists]
    await anyio.to_thread.run_sync(render, environment)
    known = rendered.find(environment)
    for pair in pairs:
        conversation = Conversation(known)
        answered = [(message, said) for message in pair if (said := said_by(conversation, message)) is not None]
        if answered:
            async with connected(environment) as ask:
                for message, said in answered:
                    assert said == await ask(message), message


def test_the_fullest_greeting_is_answered(conversation: Conversation) -> None:
    assert said_by(conversation, request(1, "initialize", FULL)) is not None
    assert said_by(conversation, request(2, "tools/list", {"_meta": {"progressToken": 1}})) is not None


@pytest.fixture
def conversation(environment: dict[str, str]) -> Conversation:
    render(environment)
    return started(environment)


GREETING = request(1, "initialize", handshake("2025-11-25", "mcp", "1"))
MODERN = envelope("2026-07-28", "mcp", "1")


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        pytest.param([], request(2, "tools/list"), id="a list before the greeting"),
        pytest.param([GREETING], GREETING | {"id": 2}, id="a second greeting"),
        pytest.param([GREETING], request(2, "tools/list", MODERN), id="the other era after a greeting"),
        pytest.param([request(1, "tools/list", MODERN)], GREETING | {"id": 2}, id="a greeting in the new era"),
        pytest.param([request(1, "resources/list", MODERN)], GREETING | {"id": 2}, id="after another request"),
        pytest.param([GREETING, request(2, "prompts/list")], request(2, "ping"), id="an id that still waits"),
        pytest.param([GREETING], request(2, "tools/list", {"cursor": "x"}), id="a page"),
        pytest.param([GREETING], request(2, "prompts/list"), id="what was not rendered"),
        pytest.param([], request(1, "server/discover"), id="discovery in the old era"),
        pytest.param([], GREETING | {"more": 1}, id="a member that is no part of JSON-RPC"),
    ],
)
def test_what_depends_on_more_waits_for_the_server(
    conversation: Conversation, before: list[dict[str, Any]], asked: dict[str, Any]
) -> None:
    for message in before:
        said_by(conversation, message)
    assert said_by(conversation, asked) is None


def test_what_may_be_no_message_makes_the_era_unknown(conversation: Conversation) -> None:
    assert conversation.answer(plain.read(b"\xef\xbb\xbf" + json.dumps(GREETING).encode())) is None
    assert said_by(conversation, GREETING) is None


def test_discovering_decides_nothing(conversation: Conversation) -> None:
    assert said_by(conversation, request(1, "server/discover", MODERN)) is not None
    assert said_by(conversation, GREETING | {"id": 2}) is not None
    assert said_by(conversation, request(3, "server/discover", MODERN)) is not None


def test_the_front_needs_the_standard_library_alone() -> None:
    """An interpreter that does not look where packages are installed."""
    look = "import sys, imgforge_mcp.mcp.front; print({'typing', 'dataclasses', 'tempfile'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-S", "-c", look], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()", "and little of it"


def test_every_row_of_the_table_is_met_by_its_own_example() -> None:
    for client in CLIENTS:
        assert known_form(client.example, ".".join(map(str, client.since)) or "1") == client.form


# What the answers depend on ---------------------------------------------------------------------------------------


def config_file(environment: dict[str, str], text: str) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(text, "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"IMGFORGE_TOOLS": "core"}, id="a setting"),
        pytest.param({"IMGFORGE_NO_SUCH_THING": "1"}, id="a misspelt setting"),
        pytest.param({"TOGETHER_API_KEY": "canary-key-of-a-provider"}, id="a key"),
        pytest.param({"HOME": "/elsewhere"}, id="another person"),
    ],
)
def test_other_variables_are_another_installation(environment: dict[str, str], change: dict[str, str]) -> None:
    render(environment)
    assert rendered.find({**environment, "TERM_SESSION_ID": "of this start alone"}) is not None
    assert rendered.find(environment | change) is None


def test_a_changed_file_is_another_installation(environment: dict[str, str], tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("canary-key-in-a-file", "utf-8")
    environment["TOGETHER_API_KEY_FILE"] = str(key)
    render(environment)
    assert rendered.find(environment) is not None
    key.write_text("canary-key-after-that", "utf-8")
    assert rendered.find(environment) is None
    render(environment)
    config_file(environment, 'tools = ["core"]\n')
    assert rendered.find(environment) is None


def test_every_variable_and_file_that_is_read_counts(environment: dict[str, str], tmp_path: Path) -> None:
    """Told by reading: a name that the digest leaves out would be found here."""
    read: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return super().get(name, default)

    from imgforge_mcp.catalog import load_catalog
    from imgforge_mcp.providers.configured import inputs_of, open_configured

    config_file(
        environment, '[[servers]]\nname = "mine"\nbase_url = "http://127.0.0.1:9/v1"\napi_key_env = "MINE_KEY"\n'
    )
    environment["MINE_KEY"] = "canary-key-of-mine"
    config = load_config(environment)
    watched = config.model_copy(update={"environment": Watched(environment)})
    open_configured(watched, load_catalog(watched.catalog, watched.source))
    variables, files = inputs_of(config)
    assert {name for name in read if not name.startswith("IMGFORGE_")} <= variables
    assert {"MINE_KEY", "TOGETHER_API_KEY", "CLOUDFLARE_ACCOUNT_ID"} <= read
    assert str(config.source) in files


def test_no_key_is_kept(environment: dict[str, str]) -> None:
    environment["TOGETHER_API_KEY"] = "canary-key-of-a-provider"
    render(environment)
    [path] = Path(environment["IMGFORGE_HOME"], "front").iterdir()
    assert b"canary" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_settings_that_are_wrong_render_nothing(environment: dict[str, str]) -> None:
    config_file(environment, "tools = 7\n")
    with pytest.raises(ConfigError):
        render(environment)
    assert rendered.find(environment) is None


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"\0" * 4096, b"0" * 32 + b"\n{}"], ids=["empty", "other", "zeros", "sum"]
)
def test_a_damaged_file_counts_as_none_and_is_made_anew(environment: dict[str, str], damage: bytes) -> None:
    render(environment)
    [path] = Path(environment["IMGFORGE_HOME"], "front").iterdir()
    whole = path.read_bytes()
    for broken in (damage, whole[:-20], whole[:5000] + b"?" + whole[5001:]):
        path.write_bytes(broken)
        assert rendered.find(environment) is None
    render(environment)
    assert rendered.find(environment) is not None


def test_few_files_are_kept_and_the_newest_among_them(environment: dict[str, str]) -> None:
    render(environment)
    place = Path(environment["IMGFORGE_HOME"], "front")
    [path] = place.iterdir()
    for number in range(rendered.MOST_FILES + 4):
        path.with_stem(f"other-{number}").write_bytes(b"of another version")
    environment["IMGFORGE_TOOLS"] = "core"
    render(environment)
    assert len([*place.iterdir()]) == rendered.MOST_FILES
    assert rendered.find(environment) is not None


def test_where_nothing_can_be_kept_nothing_is(environment: dict[str, str]) -> None:
    Path(environment["IMGFORGE_HOME"]).write_text("a file", "utf-8")
    with pytest.raises(OSError, match=r"exists|directory"):
        render(environment)
    assert rendered.find(environment) is None
    assert rendered.find({**environment, "IMGFORGE_HOME": "not/absolute"}) is None
