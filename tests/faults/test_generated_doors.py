"""What nobody would send, made up by thousands: lines on stdin, requests on the HTTP port, arguments of every tool."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from http.client import HTTPException
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from mcp.client import Client

from tests import emulators
from tests.answers import told
from tests.conftest import OpenClient
from tests.e2e import _program, _raw
from tests.e2e._program import Server, fresh_account
from tests.emulators import Emulator
from tests.faults import tally
from tests.faults._processes import Child

BATCH = 200
SESSION: tuple[dict[str, Any], ...] = (
    {"method": "tools/list"},
    {"method": "ping"},
    {"method": "resources/list"},
    {"method": "resources/read", "params": {"uri": "imgforge://models"}},
    {"method": "prompts/get", "params": {"name": "create_image", "arguments": {"subject": "a fox"}}},
    {"method": "completion/complete", "params": {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {}}},
    {"method": "tools/call", "params": {"name": "list_models", "arguments": {"tier": "standard", "detail": "short"}}},
    {"method": "tools/call", "params": {"name": "check_job", "arguments": {"limit": 2}}},
    {"method": "tools/call", "params": {"name": "get_usage", "arguments": {}}},
    {"method": "tools/call", "params": {"name": "generate_image", "arguments": {"prompt": "", "width": 1, "n": 99}}},
    {"method": "tools/call", "params": {"name": "cancel_job", "arguments": {"job_id": "x"}}},
    {"method": "notifications/cancelled", "params": {"requestId": 3, "reason": "x"}},
    {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 2}},
)
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 1e308, 2**64, "", "x", "\x00", "\ud800", "\u202e", "a" * 2000),
    *([], {}, [[]], {"": {}}, {"_meta": {"progressToken": []}}, "../../etc/passwd", "file:///etc/passwd"),
)


def mangled(message: dict[str, Any], number: int, chance: random.Random) -> bytes:
    """A message of a session, broken in its values, in its shape or in its bytes; never with a line's end within."""
    whole = {"jsonrpc": "2.0", "id": f"m{number}", **json.loads(json.dumps(message))}
    for _ in range(chance.randrange(3)):
        _meddle(whole, chance)
    data = bytearray(json.dumps(whole).encode())
    for _ in range(chance.choice((0, 0, 0, 1, 2, 8))):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 9)]
            case 2:
                data[at:at] = data[: chance.randrange(40)]
            case 3:
                data[at:at] = chance.randbytes(chance.randrange(1, 6))
        data = data or bytearray(b"x")
    return bytes(data).replace(b"\n", b" ").replace(b"\r", b" ")


def _meddle(value: dict[str, Any], chance: random.Random) -> None:
    key = chance.choice(list(value))
    inner = value[key]
    if isinstance(inner, dict) and inner and chance.random() < 0.7:
        _meddle(inner, chance)
    elif chance.random() < 0.3:
        del value[key]
        value[str(chance.choice(ODD))[:30]] = inner
    else:
        value[key] = deepcopy(chance.choice(ODD))  # it may be meddled with in its turn
    if not value:
        value["x"] = None


@pytest.fixture(scope="module")
def together() -> Iterator[Emulator]:
    emulator = emulators.load("together")
    with emulator.serve():
        yield emulator
        emulator.clear()


def test_a_server_on_stdio_outlives_every_line_and_says_nothing_but_json(
    together: Emulator, environment: dict[str, str]
) -> None:
    chance, number = random.Random(1), tally.many(20_000)
    with Child(environment | together.environment()) as child:
        child.greet()
        for start in range(0, number, BATCH):
            lines = [mangled(chance.choice(SESSION), start + place, chance) for place in range(BATCH)]
            child.write(b"\n".join(lines) + b"\n")
            child.ask("ping")
        assert "generate_image" in {tool["name"] for tool in child.ask("tools/list")["result"]["tools"]}
        answered = [message.get("id") for line in child.lines if (message := json.loads(line))["jsonrpc"] == "2.0"]
        named = [each for each in answered if isinstance(each, str) and each.startswith("m")]
        assert len(named) > number / 3
        assert not any(b"Traceback" in line or b'"internal' in line for line in child.lines)
        child.end("stdin_eof")
        assert child.process.wait(30) == 0
    assert not together.submits


# HTTP ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with _program.serve(fresh_account(tmp_path_factory.mktemp("account"))) as running:
        yield running


METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "BREW", "get", "G\x00T")
TARGETS = (
    *("/mcp", "/mcp/", "//mcp", "/mcp/..;/", "/messages/?session_id=x", "/health", "/", "/v2/assets/" + "0" * 64),
    *("/v2/images/generations", "/v1/images/generations", "/v2/jobs", "/v2/jobs/x", "/openapi.json", "/gallery"),
    *("/metrics", "/.well-known/oauth-protected-resource", "/%2e%2e/etc/passwd", "/v2/assets/../../registry.db"),
    *("*", "http://evil.example/mcp", "/\xff", "/" + "a" * 3000, "/v2/assets/" + "0" * 64 + "?width=-1"),
)
HEADERS = (
    *(("Origin", "null"), ("Origin", "http://localhost:1"), ("Content-Type", "text/plain"), ("Accept", "*/*")),
    *(("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"), ("Range", "bytes=9-1")),
    *(("Authorization", "Bearer \xff"), ("Authorization", "Basic x"), ("Mcp-Session-Id", "../x"), ("Expect", "x")),
    *(("Transfer-Encoding", "chunked"), ("Mcp-Protocol-Version", "1900-01-01"), ("Last-Event-ID", "a" * 500)),
    *(("X", "a\x00b"), ("X-Forwarded-For", "127.0.0.1"), ("Cookie", "a=b; " * 50), ("If-None-Match", "*")),
)


def test_a_server_on_http_answers_every_request_without_a_defect(server: Server) -> None:
    chance, statuses = random.Random(2), set[int]()
    for number in range(tally.many(2_000)):
        head = dict(chance.sample(HEADERS, chance.randrange(5)))
        body = mangled(chance.choice(SESSION), number, chance) if chance.random() < 0.5 else b""
        if head.get("Transfer-Encoding"):
            body = chance.choice((b"0\r\n\r\n", b"zz\r\n", b"5\r\nab", b"-1\r\n\r\n", b"1;x=y\r\na\r\n0\r\n\r\n"))
        with suppress(HTTPException, ConnectionError):  # a head that is none may be answered by closing
            answer = _raw.request(server.port, chance.choice(METHODS), chance.choice(TARGETS), head, body=body)
            statuses.add(answer.status)
            assert answer.status < 500 or answer.status in (501, 505), (head, body)
            assert b"Traceback" not in answer.body
    assert {200, 400, 403, 404, 405} <= statuses
    assert _raw.request(server.port, "GET", "/health").status == 200


# Arguments ----------------------------------------------------------------------------------------------------------

SNAPSHOTS = Path(__file__).parents[1] / "mcp" / "snapshots"
TOOLS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8"))["inputSchema"] for path in sorted(SNAPSHOTS.glob("*.json"))
}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema takes, or just does not."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | st.text(max_size=10)
    match schema.get("type"):
        case "integer":
            low, high = int(schema.get("minimum", -3)), int(schema.get("maximum", 9))
            return st.integers(low - 1, high + 1) | st.integers() | st.just(f"{low}")
        case "number":
            return st.floats() | st.integers(-1, 100)
        case "boolean":
            return st.booleans() | st.sampled_from(["yes", "no", 1, 2])
        case "string":
            return st.text(max_size=40) | st.sampled_from(["", "\x00", "x" * 9000, "../x", "local", "0" * 64])
        case "array":
            return st.lists(near(schema.get("items", {})), max_size=4)
        case "object":
            return st.dictionaries(st.text(max_size=70), st.text(max_size=20), max_size=3)
    return JUNK


def arguments(name: str) -> st.SearchStrategy[dict[str, Any]]:
    known = TOOLS[name]["properties"]
    fields = st.fixed_dictionaries({}, optional={key: near(schema) | JUNK for key, schema in known.items()})
    more = st.dictionaries(st.sampled_from(["promt", "sessionId", "toolCallId", "x", ""]), JUNK, max_size=1)
    return st.tuples(fields, more).map(lambda both: both[0] | both[1])


CALLS = st.sampled_from(sorted(TOOLS)).flatmap(lambda name: st.tuples(st.just(name), arguments(name)))


@pytest.fixture
def calling(client_on: OpenClient) -> Iterator[Callable[[str, dict[str, Any]], dict[str, Any]]]:
    """Call a tool of a server whose provider refuses whatever it is asked to draw."""
    together = emulators.load("together")
    with together.serve(), start_blocking_portal() as portal:
        together.fault("refusal")
        with portal.wrap_async_context_manager(client_on(together)) as client:
            yield lambda name, given: _called(portal, client, name, given)


def _called(portal: BlockingPortal, client: Client, name: str, given: dict[str, Any]) -> dict[str, Any]:
    return told(portal.call(client.call_tool, name, given))


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # the server lives on while an example is drawn
@settings(deadline=None, max_examples=tally.size(2_000), suppress_health_check=list(HealthCheck), database=None)
@given(call=CALLS)
def test_any_arguments_of_any_tool_end_as_an_answer_or_an_error_of_ours(
    calling: Callable[[str, dict[str, Any]], dict[str, Any]], call: tuple[str, dict[str, Any]]
) -> None:
    answer = calling(*call)
    assert answer.get("code") != "internal", call
    assert len(json.dumps(answer)) < 100_000
