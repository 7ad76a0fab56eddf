"""What a process remembers of the images of a store: which it has found sound, and what their renditions have added."""

import threading

from imgforge_mcp.base.types import Asset

MOST_VERIFIED = 10_000


class Verified:
    """Images that were read and found sound, the last ten thousand or so."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def __contains__(self, asset: Asset) -> bool:
        return asset.asset_id in self._ids

    def add(self, asset: Asset) -> None:
        if len(self._ids) >= MOST_VERIFIED:
            self._ids.clear()
        self._ids.add(asset.asset_id)

    def discard(self, asset: Asset) -> None:
        self._ids.discard(asset.asset_id)


class Added:
    """Bytes of renditions by asset id, until the registry is told of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes: dict[str, int] = {}

    def add(self, asset: Asset, amount: int) -> None:
        with self._lock:
            self._bytes[asset.asset_id] = self._bytes.get(asset.asset_id, 0) + amount

    def forget(self, asset: Asset) -> None:
        with self._lock:
            self._bytes.pop(asset.asset_id, None)

    def take(self) -> dict[str, int]:
        with self._lock:
            added, self._bytes = self._bytes, {}
        return added
