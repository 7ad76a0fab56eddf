"""A client logs in at a real identity provider, which knows nothing of us, and draws with the token that it gives."""

import html
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from pydantic import AnyUrl

from tests.e2e._node import Node
from tests.e2e._program import Server, fresh_account
from tests.e2e.test_login import Notes, drawn

pytestmark = [pytest.mark.long, pytest.mark.anyio]

AUDIENCE = "https://pictures.example.com"
CALLBACK = "http://127.0.0.1:40000/callback"
SCRIPT = Path(__file__).with_name("provider.mjs")
FIELD = re.compile(r'<input[^>]*?name="(\w+)"(?:[^>]*?value="([^"]*)")?')
ACTION = re.compile(r'<form[^>]*?action="([^"]+)"')


@pytest.fixture(scope="module")
def issuer(node: Node) -> Iterator[str]:
    with subprocess.Popen(
        [node.program, "--input-type=module", "--eval", SCRIPT.read_text("utf-8"), AUDIENCE],
        cwd=node.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), address
        yield address
        process.stdin.close()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("provider")
    return fresh_account(
        folder / "somebody",
        IMGFORGE_HOME=str(folder / "home"),
        IMGFORGE_JWT_ISSUER=issuer,
        IMGFORGE_JWT_AUDIENCE=AUDIENCE,
        IMGFORGE_JWT_JWKS_URL=f"{issuer}/jwks",
    )


class _StopAtTheClient(urllib.request.HTTPRedirectHandler):
    """A person's browser, which goes wherever it is sent, but for the client's own address."""

    def redirect_request(self, request: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        return (
            None if newurl.startswith(CALLBACK) else super().redirect_request(request, fp, code, msg, headers, newurl)
        )


def logged_in(place: str, name: str) -> str:
    """Where a person of this name is sent in the end who agrees to everything: the client's address, with a code."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), _StopAtTheClient)
    asked: str | urllib.request.Request = place
    for _ in range(5):
        try:
            with browser.open(asked, timeout=60) as reply:
                page, here = reply.read().decode(), reply.url
        except urllib.error.HTTPError as error:
            return str(error.headers["Location"])
        fields = {field: html.unescape(value) for field, value in FIELD.findall(page)}
        given = {**fields, **({"login": name, "password": "any"} if "login" in fields else {})}
        action = ACTION.search(page)
        assert action is not None, page
        asked = urllib.request.Request(
            urllib.parse.urljoin(here, html.unescape(action[1])), urllib.parse.urlencode(given).encode()
        )
    raise AssertionError("the provider asks for ever")


def client_of(url: str, name: str) -> OAuthClientProvider:
    sent: list[str] = []

    async def go(place: str) -> None:
        sent.append(await anyio.to_thread.run_sync(logged_in, place, name))

    async def come_back() -> AuthorizationCodeResult:
        said = urllib.parse.parse_qs(urllib.parse.urlsplit(sent[-1]).query)
        return AuthorizationCodeResult(code=said["code"][0], state=said["state"][0], iss=said["iss"][0])

    metadata = OAuthClientMetadata(redirect_uris=[AnyUrl(CALLBACK)], client_name="Python")
    return OAuthClientProvider(url, metadata, Notes(), go, come_back)


async def test_who_logs_in_at_an_identity_provider_draws_and_is_a_caller_of_its_own(server: Server) -> None:
    url = f"{server.base_url}/mcp"
    assert await drawn(url, client_of(url, "ada")) == "completed"
    assert await drawn(url, client_of(url, "bob")) == "completed"
    said = [json.loads(line) for line in server.log if line.startswith("{")]
    assert len({line["caller"] for line in said} - {None}) == 2
    assert [line["status"] for line in said if line["caller"] is None and line["path"] == "/mcp"] == [401, 401]
