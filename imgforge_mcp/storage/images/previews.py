"""Smaller renditions beside a directory of images: `previews/ab/cdef…/768.jpg`, a folder for each image, so that they
are found, counted and removed with it at once."""

import os
import shutil
from pathlib import Path

from imgforge_mcp.base.types import Asset
from imgforge_mcp.storage.images.files import size_of, write_whole
from imgforge_mcp.storage.images.verified import Added


class Previews:
    """Every method blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._added = Added()

    def read(self, asset: Asset, max_px: int) -> bytes | None:
        try:
            return self._path(asset, max_px).read_bytes()
        except OSError:
            return None

    def keep(self, asset: Asset, max_px: int, data: bytes) -> None:
        path = self._path(asset, max_px)
        before = size_of(path)
        try:
            write_whole(path, data, durable=False)
        except OSError:
            return
        self._added.add(asset, len(data) - before)

    def take_added(self) -> dict[str, int]:
        return self._added.take()

    def delete(self, asset: Asset) -> None:
        """Raises OSError."""
        self._added.forget(asset)
        try:
            shutil.rmtree(self._folder_of(asset))
        except FileNotFoundError:
            return

    def total(self) -> int:
        return sum(size_of(path) for path in self._folder.glob("*/*/*.jpg"))

    def reap(self) -> None:
        """Remove what the first layout left: all renditions in one folder. They are made again when wanted."""
        try:
            entries = list(os.scandir(self._folder))
        except OSError:
            return
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)

    def _folder_of(self, asset: Asset) -> Path:
        return self._folder / asset.asset_id[:2] / asset.asset_id[2:]

    def _path(self, asset: Asset, max_px: int) -> Path:
        return self._folder_of(asset) / f"{max_px}.jpg"
