"""Where a server finds its Forge, which opens while the protocol's greeting is still under way."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import anyio

from imgforge_mcp.base.config import Config

if TYPE_CHECKING:
    from imgforge_mcp.forge import Forge


class LazyForge:
    """Opens the Forge once, with the first that asks, and keeps it until `serve` is cancelled."""

    def __init__(
        self,
        config: Config,
        opener: "Callable[[], AbstractAsyncContextManager[Forge]] | None" = None,
        *,
        is_brief: bool = False,
    ) -> None:
        self.config = config
        self._is_brief = is_brief
        self._opener = opener
        self._wanted = anyio.Event()
        self._ready = anyio.Event()
        self._forge: Forge | None = None
        self._error: Exception | None = None

    @classmethod
    def of(cls, forge: "Forge") -> "LazyForge":
        """One that is open already."""
        lazy = cls(forge.config)
        lazy._forge = forge
        lazy._ready.set()
        return lazy

    def want(self) -> None:
        self._wanted.set()

    async def forge(self) -> "Forge":
        """Raises what opening raised."""
        self.want()
        await self._ready.wait()
        if self._error is not None:
            raise self._error
        assert self._forge is not None
        return self._forge

    async def wait_until_settled(self) -> None:
        """Until it is open, or is known not to open."""
        await self._ready.wait()

    async def serve(self) -> None:
        """Open the Forge when it is first wanted and hold it open."""
        from imgforge_mcp.base.errors import ForgeError

        await self._wanted.wait()
        try:
            async with self._open() as forge:
                self._forge = forge
                self._ready.set()
                await anyio.sleep_forever()
        except ForgeError as error:
            self._error = error
            self._ready.set()

    def _open(self) -> "AbstractAsyncContextManager[Forge]":
        if self._opener is not None:
            return self._opener()
        from imgforge_mcp.app.open import open_forge

        return open_forge(self.config, is_brief=self._is_brief)
