"""What has to be done now and then and that nobody waits for: the store within its cap, what is no longer kept deleted,
leftovers of killed processes removed."""

import logging
from contextlib import suppress
from datetime import timedelta

import anyio
import anyio.abc
import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Registry

REST_SECONDS = 1.0
"""Between one time and the next: what many calls have added meanwhile is counted at once."""
FORGET_SECONDS = 3600.0
"""How often it is looked for what is no longer kept."""
PARTING_SECONDS = 5.0
"""What a process that ends takes at most to bring the store within its cap: some live for one picture."""

logger = logging.getLogger(__name__)


class Housekeeping:
    """One per process. `serve` works whenever something was added, and sleeps otherwise."""

    def __init__(
        self, registry: Registry, images: ImageStore, clock: Clock, *, cap_bytes: int, keep_days: float | None
    ) -> None:
        self._registry = registry
        self._images = images
        self._clock = clock
        self._cap_bytes = cap_bytes
        self._keep_days = keep_days
        self._wanted = anyio.Event()
        self._forgot_at: float | None = None

    def poke(self) -> None:
        """Something was added to the store or to the books."""
        self._wanted.set()

    async def serve(self) -> None:
        """Work until cancelled; then what is left to do for the cap is done."""
        try:
            await anyio.to_thread.run_sync(self._images.reap, self._clock.now().timestamp())
            while True:
                await self._wanted.wait()
                self._wanted = anyio.Event()
                await self._tidy()
                await self._clock.tick(REST_SECONDS)
        finally:
            if self._wanted.is_set():
                with anyio.move_on_after(PARTING_SECONDS, shield=True), suppress(ForgeError):
                    await self.keep_cap()

    async def keep_cap(self) -> int:
        """Count the renditions that were added, and remove what was used longest ago from a store above its cap; how
        many images. Raises StorageError."""
        await self._registry.assets.count_renditions(self._images.take_rendition_bytes())
        return await self._registry.assets.evict(self._cap_bytes)

    async def _tidy(self) -> None:
        try:
            await self.keep_cap()
            now = self._clock.monotonic()
            if self._forgot_at is None or now - self._forgot_at >= FORGET_SECONDS:
                self._forgot_at = now
                await self._forget()
        except ForgeError as error:
            logger.warning("%s", error.message)

    async def _forget(self) -> None:
        await self._registry.retention.forget_ended_keys()
        if self._keep_days is not None:
            gone = await self._registry.retention.forget_before(self._clock.now() - timedelta(days=self._keep_days))
            logger.info("%s jobs and %s images are older than IMGFORGE_KEEP_DAYS and gone", gone.jobs, gone.images)
