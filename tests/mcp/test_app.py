"""The picture as an MCP App: offered to hosts that declare it, unknown to all others, and one file that asks nobody."""

import re
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.extension import ClientExtension
from mcp_types import ClientCapabilities, Implementation

from imgforge_mcp import create_server
from imgforge_mcp.mcp import apps
from tests.conftest import OpenClient, OpenForge

pytestmark = pytest.mark.anyio


class Shows(ClientExtension):
    """What a chat host declares that shows Apps."""

    identifier = apps.EXTENSION

    def settings(self) -> dict[str, Any]:
        return {"mimeTypes": [apps.MIME_TYPE]}


class Host:
    """What a client says of itself, as the server's handlers meet it."""

    def __init__(self, extensions: dict[str, dict[str, Any]] | None) -> None:
        capabilities = ClientCapabilities(extensions=extensions)
        self.session = self
        self.client_params = type("Said", (), {"capabilities": capabilities})()


@pytest.mark.parametrize(
    ("extensions", "is_shown"),
    [
        pytest.param({apps.EXTENSION: {"mimeTypes": [apps.MIME_TYPE]}}, True, id="declares it"),
        pytest.param({apps.EXTENSION: {}}, True, id="declares it without types"),
        pytest.param({apps.EXTENSION: {"mimeTypes": ["text/html"]}}, False, id="shows other pages"),
        pytest.param({"com.example/other": {}}, False, id="declares another"),
        pytest.param(None, False, id="declares nothing"),
    ],
)
def test_the_app_is_for_hosts_that_declare_it(extensions: dict[str, dict[str, Any]] | None, is_shown: bool) -> None:
    assert apps.is_shown_by(Host(extensions)) is is_shown


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_host_that_declares_nothing_sees_no_trace_of_it(mode: str, client_on: OpenClient) -> None:
    async with client_on(mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools if tool.meta] == []
        assert apps.URI not in [str(resource.uri) for resource in (await client.list_resources()).resources]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_host_that_declares_it_finds_the_page_by_the_tools(mode: str, forge_on: OpenForge) -> None:
    async with (
        forge_on() as forge,
        Client(
            create_server(forge),
            mode=mode,
            client_info=Implementation(name="a-host", version="1"),
            extensions=[Shows()],
        ) as client,
    ):
        tools = {tool.name: tool.meta for tool in (await client.list_tools()).tools}
        page = (await client.read_resource(apps.URI)).contents[0]
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
    assert {name for name, meta in tools.items() if meta} == apps.TOOLS
    assert tools["generate_image"] == {"ui": {"resourceUri": apps.URI}}
    assert page.mime_type == apps.MIME_TYPE
    assert apps.URI in listed


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_server_has_one_icon_and_its_tools_have_none(mode: str, client_on: OpenClient) -> None:
    async with client_on(mode=mode) as client:
        assert client.server_info is not None
        [icon] = client.server_info.icons or []
        assert icon.src.startswith("data:image/svg+xml;base64,")
        assert [tool.name for tool in (await client.list_tools()).tools if tool.icons] == []


def test_the_page_is_one_file_that_asks_nobody_for_anything() -> None:
    page = apps.html()
    assert re.findall(r"/\* [\w.]+ \*/", page) == []
    assert re.findall(r"\b(?:src|href)=[\"']?(?!\")", page) == []
    assert [
        word for word in ("http:", "https:", "fetch(", "XMLHttpRequest", "innerHTML", "eval(") if word in page
    ] == []
