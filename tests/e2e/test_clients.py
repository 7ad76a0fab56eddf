"""Foreign clients on the server that the example file starts: they list, draw, ask and read, over every transport."""

import base64
import hashlib
import json
import urllib.request
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import fastmcp
import pytest
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.answers import uri
from tests.e2e import _program
from tests.e2e._node import Node, parsed
from tests.e2e._program import EXAMPLE, Server

pytestmark = [pytest.mark.long, pytest.mark.anyio]

TRANSPORTS = ("stdio", "sse", "http")
DRAWING = {"prompt": "a lake at dawn", "width": 256, "height": 256}
HERE = EXAMPLE.parents[1] / "tests" / "e2e"
INSPECTOR = "clients/launcher/build/index.js"

ToolContext = dict[str, Any]
"""What a client saw, as on the wire: tools (a list), drawn, models, job (tool results), picture (a read resource)."""


@pytest.fixture(scope="module")
def urls(server: Server) -> dict[str, str]:
    return {"sse": f"{server.base_url}/sse", "http": f"{server.base_url}/mcp"}


@pytest.fixture(scope="module")
def entry(account: dict[str, str]) -> dict[str, Any]:
    """The example's entry as a client uses it: its own variables on top of the account's."""
    entry = _program.example_entry()
    return {"command": _program.executable(), "args": entry["args"], "env": {**account, **entry["env"]}}


def test_the_example_needs_no_key_and_its_empty_variable_counts_as_not_set(entry: dict[str, Any]) -> None:
    assert entry["env"]["GEMINI_API_KEY"] == ""
    report = json.loads(_program.run(entry["env"], "doctor", "--json").stdout)
    assert list(report["configured"]) == ["local"]
    assert any("GEMINI_API_KEY" in hint for hint in report["not_configured"])


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_python_sdk_draws_and_finds_its_picture_again(
    transport: str, mode: str, entry: dict[str, Any], urls: dict[str, str]
) -> None:
    target: dict[str, Any] = {
        "stdio": lambda: stdio_client(StdioServerParameters(**entry)),
        "sse": lambda: sse_client(urls["sse"]),
        "http": lambda: urls["http"],
    }
    async with Client(target[transport](), mode=mode) as client:
        assert_was_served(await _visit(client), transport, urls)
        assert (client.protocol_version >= "2026-07-28") == (mode == "auto")


async def _visit(client: Client) -> ToolContext:
    drawn = await client.call_tool("generate_image", DRAWING)
    job = _job(_wire(drawn))
    return {
        "tools": [_wire(tool) for tool in (await client.list_tools()).tools],
        "drawn": _wire(drawn),
        "models": _wire(await client.call_tool("list_models", {})),
        "job": _wire(await client.call_tool("check_job", {"job_id": job["job_id"]})),
        "picture": _wire(await client.read_resource(uri(job["assets"][0]))),
    }


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_fastmcp_draws_and_finds_its_picture_again(
    transport: str, entry: dict[str, Any], urls: dict[str, str]
) -> None:
    target: dict[str, Any] = {
        "stdio": lambda: StdioTransport(**entry, keep_alive=False),
        "sse": lambda: SSETransport(urls["sse"]),
        "http": lambda: StreamableHttpTransport(urls["http"]),
    }
    opened: AbstractAsyncContextManager[Any] = fastmcp.Client(target[transport]())
    async with opened as client:
        drawn = _wire(await client.call_tool_mcp("generate_image", DRAWING))
        job = _job(drawn)
        visit = {
            "tools": [_wire(tool) for tool in await client.list_tools()],
            "drawn": drawn,
            "models": _wire(await client.call_tool_mcp("list_models", {})),
            "job": _wire(await client.call_tool_mcp("check_job", {"job_id": job["job_id"]})),
            "picture": {"contents": [_wire(part) for part in await client.read_resource(uri(job["assets"][0]))]},
        }
    assert_was_served(visit, transport, urls)


@pytest.mark.parametrize("line", [pytest.param("1", id="sdk-1.x"), pytest.param("2", id="client-2.x")])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_typescript_sdk_draws_and_finds_its_picture_again(
    transport: str, line: str, node: Node, account: dict[str, str], entry: dict[str, Any], urls: dict[str, str]
) -> None:
    target = json.dumps(entry) if transport == "stdio" else urls[transport]
    script = (HERE / "typescript.mjs").read_text("utf-8")
    answer = node.run("--input-type=module", "-", line, transport, target, environment=account, script=script)
    visit = parsed(answer)
    assert_was_served(visit, transport, urls)
    assert visit.get("protocol") == (None if line == "1" else "2026-07-28")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_inspector_draws_and_finds_its_picture_again(
    transport: str, node: Node, account: dict[str, str], urls: dict[str, str]
) -> None:
    """Each command is a client of its own, and on stdio a server of its own: only the registry connects them."""
    example = ["--config", str(EXAMPLE), "--server", "imgforge"]
    target = example if transport == "stdio" else [urls[transport], "--transport", transport]
    program = node.module("@modelcontextprotocol/inspector", INSPECTOR)

    def inspect(method: str, *options: str) -> Any:
        return parsed(node.run(program, "--cli", *target, "--method", method, *options, environment=account))

    def call(name: str, *pairs: str) -> Any:
        return inspect("tools/call", "--tool-name", name, *(["--tool-arg", *pairs] if pairs else []))

    drawn = call("generate_image", *(f"{name}={value}" for name, value in DRAWING.items()))
    job = _job(drawn)
    visit = {
        "tools": inspect("tools/list")["tools"],
        "drawn": drawn,
        "models": call("list_models"),
        "job": call("check_job", f"job_id={job['job_id']}"),
        "picture": inspect("resources/read", "--uri", uri(job["assets"][0])),
    }
    assert_was_served(visit, transport, urls)


def assert_was_served(visit: ToolContext, transport: str, urls: dict[str, str]) -> None:
    assert {"generate_image", "list_models", "check_job", "cancel_job"} <= {tool["name"] for tool in visit["tools"]}
    assert not any(visit[call].get("isError") for call in ("drawn", "models", "job"))
    job = _job(visit["drawn"])
    [asset] = job["assets"]
    assert (job["state"], asset["width"], asset["height"]) == ("completed", 256, 256)
    models = visit["models"].get("structuredContent") or _job(visit["models"])
    assert any("illustrator" in str(model) for model in models["models"])
    assert _job(visit["job"])["assets"] == job["assets"]
    _, preview, *links = visit["drawn"]["content"]
    assert base64.b64decode(preview["data"])[:3] == b"\xff\xd8\xff"
    assert preview["mimeType"] == "image/jpeg"
    pictures = [base64.b64decode(part["blob"]) for part in visit["picture"]["contents"]]
    for link in links:  # only to clients that show one
        assert link["annotations"]["audience"] == ["user"]
        assert link["uri"].startswith("imgforge://" if transport == "stdio" else urls["http"].removesuffix("/mcp"))
    if transport == "stdio":
        assert len(Path(asset["path"]).read_bytes()) == asset["bytes"]
    else:
        assert asset["url"].startswith(urls["http"].removesuffix("/mcp"))
        with urllib.request.urlopen(asset["url"], timeout=30) as answer:
            pictures.append(answer.read())
    assert {hashlib.sha256(picture).hexdigest()[:12] for picture in pictures} == {asset["asset_id"]}


def _job(result: dict[str, Any]) -> dict[str, Any]:
    """The Job that a tool result carries as text."""
    job: dict[str, Any] = json.loads(result["content"][0]["text"])
    return job


def _wire(value: Any) -> dict[str, Any]:
    """An SDK's object as it stood on the wire."""
    plain: dict[str, Any] = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain
