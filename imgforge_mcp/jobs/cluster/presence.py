"""A process of many machines as the others see it: alive as long as it says so, and within earshot."""

import logging
import os
import socket
from collections.abc import Iterable

import anyio

from imgforge_mcp import __version__
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS, Registry
from imgforge_mcp.storage.registry.queue import Hear, Process

BEAT_SECONDS = LEASE_SECONDS / 5
PARTING_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Presence:
    """One per process."""

    def __init__(self, registry: Registry, clock: Clock, *, routes: Iterable[str] = (), at_once: int = 0) -> None:
        self._registry = registry
        self._clock = clock
        self._is_over = False
        self.process = Process(
            owner=registry.owner,
            is_worker=at_once > 0,
            started_at=clock.now(),
            at_once=at_once,
            routes=frozenset(routes),
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
        )
        self._spoke_at: float | None = None
        """When it was last on record that we live, by the clock's monotonic count."""

    @property
    def is_known(self) -> bool:
        """Whether the others take this process for alive."""
        return self._spoke_at is not None and self._clock.monotonic() - self._spoke_at < LEASE_SECONDS

    async def serve(self, hear: Hear) -> None:
        """Say that we live, again and again, and tell of what the others say, until cancelled."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._registry.queue.listen, hear)
                while not self._is_over:
                    await self._say_so()
                    await self._clock.tick(BEAT_SECONDS)
        finally:
            with anyio.move_on_after(PARTING_SECONDS, shield=True):
                await self.resign()

    async def _say_so(self) -> None:
        try:
            await self._registry.queue.enlist(self.process)
            self._spoke_at = self._clock.monotonic()
        except ForgeError as error:
            logger.error("%s", error.message)

    async def resign(self) -> None:
        """Say that we take nothing more; where that cannot be said, our lease runs out."""
        if self._is_over:
            return
        self._is_over = True
        try:
            await self._registry.queue.resign()
        except ForgeError as error:
            logger.error("%s", error.message)
