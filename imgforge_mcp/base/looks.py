"""A look at something that many want to see at once: one serves all who asked before it began."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

import anyio

T = TypeVar("T")


class Look(Generic[T]):
    """Whoever calls it is told what was seen by a look that began after the call; of those who come while one is under
    way, the first looks anew for all of them."""

    def __init__(self, see: Callable[[], Awaitable[T]]) -> None:
        self._see = see
        self._looking = anyio.Lock()
        self._begun = 0
        self._seen = 0
        """The number of the last look that came to its end."""
        self._last: T | None = None

    async def __call__(self) -> T:
        """Raises what the look raises, to the one who looks alone: the next one looks again."""
        asked = self._begun
        async with self._looking:
            if self._seen <= asked:
                self._begun += 1
                number = self._begun
                self._last = await self._see()
                self._seen = number
            return cast("T", self._last)
