"""MCP clients log in at `serve --oauth` with nothing but a key, each by its SDK's own OAuth client, and draw."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio.to_thread
import httpx2
import pytest
from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.e2e import _person
from tests.e2e._node import Node, parsed
from tests.e2e._program import Server, fresh_account, run, serve

pytestmark = [pytest.mark.long, pytest.mark.anyio]

DRAWING = {"prompt": "a lake at dawn", "width": 256, "height": 256}
SCRIPT = Path(__file__).with_name("login.mjs")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("login")
    return fresh_account(folder / "somebody", IMGFORGE_HOME=str(folder / "home"))


@pytest.fixture(scope="module")
def key(home: dict[str, str]) -> str:
    return str(json.loads(run(home, "keys", "create", "team", "--json").stdout)["key"])


@pytest.fixture(scope="module")
def closed(home: dict[str, str], key: str) -> Iterator[Server]:
    with serve(home, "--oauth") as server:
        yield server


class Notes:
    """What a client keeps between two visits."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def provider(url: str, key: str, notes: Notes, asked: list[str]) -> OAuthClientProvider:
    """The Python SDK's own, with a person who has the key; `asked` grows with each log-in."""
    sent: list[str] = []

    async def go(place: str) -> None:
        asked.append(place)
        sent.append(await anyio.to_thread.run_sync(_person.consent, place, key))

    async def come_back() -> AuthorizationCodeResult:
        said = parse_qs(urlsplit(sent[-1]).query)
        return AuthorizationCodeResult(code=said["code"][0], state=said["state"][0], iss=said["iss"][0])

    metadata = OAuthClientMetadata(redirect_uris=[AnyUrl("http://127.0.0.1:40000/callback")], client_name="Python")
    return OAuthClientProvider(url, metadata, notes, go, come_back)


async def drawn(url: str, auth: OAuthClientProvider) -> str:
    """The state of a drawing, over Streamable HTTP."""
    async with (
        httpx2.AsyncClient(auth=auth, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        result = await client.call_tool("generate_image", DRAWING)
        return str(json.loads(result.content[0].text)["state"])  # type: ignore[union-attr]


async def test_the_python_sdk_logs_in_draws_and_comes_back_without_asking_again(
    closed: Server, key: str, home: dict[str, str]
) -> None:
    url, notes, asked = f"{closed.base_url}/mcp", Notes(), list[str]()
    assert await drawn(url, provider(url, key, notes, asked)) == "completed"
    assert notes.client is not None
    assert notes.client.client_secret is None
    assert await drawn(url, provider(url, key, notes, asked)) == "completed"
    assert len(asked) == 1
    assert notes.tokens is not None
    first = notes.tokens.refresh_token
    again = provider(url, key, notes, asked)
    again.context.update_token_expiry(notes.tokens.model_copy(update={"expires_in": -1}))
    again.context.current_tokens, again.context.client_info = notes.tokens, notes.client
    again._initialized = True
    assert await drawn(url, again) == "completed"
    assert len(asked) == 1
    assert notes.tokens.refresh_token != first
    assert len(json.loads(run(home, "jobs", "--json").stdout)) == 3


async def test_the_python_sdk_asks_anew_once_the_key_has_ended(closed: Server, home: dict[str, str]) -> None:
    brief = str(json.loads(run(home, "keys", "create", "brief", "--json").stdout)["key"])
    other = str(json.loads(run(home, "keys", "create", "other", "--json").stdout)["key"])
    url, notes, asked = f"{closed.base_url}/mcp", Notes(), list[str]()
    assert await drawn(url, provider(url, brief, notes, asked)) == "completed"
    run(home, "keys", "revoke", "brief")
    assert await drawn(url, provider(url, other, notes, asked)) == "completed"
    assert len(asked) == 2


@pytest.mark.parametrize("line", ["1", "2"])
def test_the_typescript_sdk_logs_in_and_draws(
    line: str, closed: Server, key: str, node: Node, home: dict[str, str]
) -> None:
    script = SCRIPT.read_text("utf-8")
    arguments = (line, f"{closed.base_url}/mcp", sys.executable, _person.__file__, key)
    seen = parsed(node.run("--input-type=module", "-", *arguments, environment=home, script=script))
    assert seen["refused"] == "UnauthorizedError"
    assert json.loads(seen["drawn"]["content"][0]["text"])["state"] == "completed"
    assert "client_secret" not in seen["client"]
    assert {"access_token", "refresh_token"} <= set(seen["tokens"])


def test_neither_a_key_nor_a_token_nor_a_code_is_in_the_log(closed: Server, key: str) -> None:
    log = "".join(closed.log)
    assert '"path": "/token"' in log or '"path":"/token"' in log
    for secret in (key, "imgf_at_", "imgf_rt_", "imgf_code_", "code_challenge"):
        assert secret not in log
