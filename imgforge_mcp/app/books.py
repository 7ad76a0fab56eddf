"""The registry by itself, for whoever reads what is on record and draws nothing: no provider is loaded for that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread

from imgforge_mcp.app.storage import open_images, open_registry
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.storage.home import prepare_home
from imgforge_mcp.storage.registry.contract import Registry


@asynccontextmanager
async def open_books(config: Config) -> AsyncIterator[Registry]:
    """Raises ConfigError, UnusableHome, as `open_forge` does."""
    await anyio.to_thread.run_sync(prepare_home, config.home)
    registry = open_registry(config, Clock(), open_images(config))
    try:
        yield registry
    finally:
        with anyio.CancelScope(shield=True):
            await registry.close()
