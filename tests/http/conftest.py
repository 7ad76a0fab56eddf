"""A door over emulated providers, asked in memory through ASGI."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

from imgforge_mcp import Forge, create_server
from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.types import Allowance
from imgforge_mcp.http.access import Door
from imgforge_mcp.http.app import create_app
from tests.conftest import OpenForge
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

BASE = "http://127.0.0.1:8765"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running door, the forge behind it, and a way to ask."""

    forge: Forge
    http: httpx.AsyncClient
    app: Any

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With the application's lifespan, which MCP's sessions need; as a server drives it."""
        to_app, from_app = asyncio.Queue[Any](), asyncio.Queue[Any]()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.app, scope, to_app.get, from_app.put)
            await to_app.put({"type": "lifespan.startup"})
            assert (await from_app.get())["type"] == "lifespan.startup.complete"
            yield
            await to_app.put({"type": "lifespan.shutdown"})
            assert (await from_app.get())["type"] == "lifespan.shutdown.complete"

    async def key(self, name: str = "team", **limits: Any) -> dict[str, str]:
        """A new key, as the header that carries it."""
        key, _ = await self.forge.create_key(name, Allowance(**limits))
        return {"Authorization": f"Bearer {key}"}


OpenSite = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def site_on(forge_on: OpenForge, clock: VirtualClock) -> OpenSite:
    """`async with site_on(emulator, …, IMGFORGE_X="…") as site`; `door` says how it is set, `address` who asks,
    `oauth` whether clients log in."""
    return partial(_site, forge_on, clock)


@asynccontextmanager
async def _site(
    forge_on: OpenForge,
    clock: VirtualClock,
    *providers: Emulator,
    door: Door | None = None,
    address: str = "127.0.0.1",
    oauth: bool = False,
    base_url: str = BASE,
    **variables: str,
) -> AsyncIterator[Site]:
    async with forge_on(*providers, **variables) as forge:
        app = create_app(LazyForge.of(forge), create_server, base_url, door, clock=clock, oauth=oauth)
        transport = httpx.ASGITransport(app=app, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as http:
            yield Site(forge=forge, http=http, app=app)
