"""The consent page in a real browser: a client on this machine asks, a person types the key, the browser goes back."""

import http.server
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e._program import Server, run, serve
from tests.http._visitor import VERIFIER, challenge_of

Visit = Callable[..., Any]


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A client's own address, and what the browser brings there."""
    came: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            if parts.path == "/callback":
                came.append(dict(urllib.parse.parse_qsl(parts.query)))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>back</title><p id=back>You can close this window.</p>")

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/callback", came
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def closed(account: dict[str, str]) -> Iterator[tuple[Server, str]]:
    key = run(account, "keys", "create", "team").stdout.split()[0]
    with serve(account, "--oauth") as server:
        yield server, key


def place(server: Server, redirect_uri: str, name: str = "A chat") -> tuple[str, str]:
    """A new client's id, and where it sends the browser."""
    body = {"redirect_uris": [redirect_uri], "client_name": name}
    client_id = httpx.post(f"{server.base_url}/register", json=body).json()["client_id"]
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": challenge_of(VERIFIER),
        "state": "of the client",
    }
    return client_id, f"{server.base_url}/authorize?{urllib.parse.urlencode(asked)}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_lets_a_client_in(scheme: str, closed: tuple[Server, str], visit: Visit) -> None:
    from axe_playwright_python.sync_playwright import Axe

    server, key = closed
    with listening() as (uri, came):
        client_id, url = place(server, uri, "<img src=x onerror=alert(1)>")
        page = visit(url, color_scheme=scheme, viewport={"width": 320, "height": 700})
        page.locator("h1", has_text="<img src=x onerror=alert(1)>").wait_for()
        assert page.locator("html").evaluate("element => element.scrollWidth") <= 320
        checked = visit(url, color_scheme=scheme, bypass_csp=True)
        found = Axe().run(checked).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        page.keyboard.type("not a key")
        page.keyboard.press("Enter")
        page.locator("[role=alert]").wait_for()
        page.keyboard.type(key)
        page.keyboard.press("Enter")
        page.locator("#back").wait_for()
    [said] = came
    assert (said["state"], said["iss"]) == ("of the client", server.base_url)
    form = {"grant_type": "authorization_code", "client_id": client_id, "code": said["code"]}
    form |= {"redirect_uri": uri, "code_verifier": VERIFIER}
    tokens = httpx.post(f"{server.base_url}/token", data=form).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert httpx.get(f"{server.base_url}/v1/models", headers=bearer).status_code == 200


def test_a_person_says_no_without_a_key(closed: tuple[Server, str], visit: Visit) -> None:
    server, _ = closed
    with listening() as (uri, came):
        _, url = place(server, uri)
        page = visit(url)
        page.click("button[value=deny]")
        page.locator("#back").wait_for()
    assert [said["error"] for said in came] == ["access_denied"]
