"""A client of a service that does not wait for its picture and asks again, as OpenAI's own does by itself: one is
bought."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from tests.answers import on_hang
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE
from tests.http.conftest import OpenSite, Site

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
MODEL = "together/flux-schnell"
SERVICES: dict[str, dict[str, Any]] = {
    "/v2/generate": {"prompt": "a lighthouse", "model": MODEL, "sync": True},
    "/api/generate": {"prompt": "a lighthouse", "model": MODEL},
    "/v1/images/generations": {"prompt": "a lighthouse", "model": MODEL},
    "/api/v1/generate": {"prompt": "a lighthouse"},
    "/api/v1/image/generate": {"prompt": "a lighthouse", "model": "flux-schnell"},
}


async def left(site: Site, path: str, asked: dict[str, Any], emulator: Emulator) -> list[dict[str, Any]]:
    """A request whose client closes its connection while the provider works; what was sent to it after that."""
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)
    body = [{"type": "http.request", "body": json.dumps(asked).encode(), "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await hangs.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"host", b"127.0.0.1:8765")]
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"},
        **{"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers},
        **{"client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8765)},
    }
    await site.app(scope, receive, send)
    return sent


@pytest.mark.parametrize(("path", "asked"), SERVICES.items(), ids=SERVICES)
async def test_who_gives_up_and_asks_again_gets_the_picture_that_was_under_way(
    path: str, asked: dict[str, Any], emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    together.fault("hang", times=1)
    async with site_on(together) as site:
        with anyio.fail_after(PATIENCE):
            sent = await left(site, path, asked, together)
        together.clear()
        reply = await site.http.post(path, json=asked)
    assert reply.is_success, reply.text
    assert len(together.submits) == 1
    assert [message["status"] for message in sent if "status" in message] == [499]
