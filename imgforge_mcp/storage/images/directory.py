"""The store on disk: `assets/ab/cdef….png`, written whole or not at all, verified when first read."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from weakref import WeakValueDictionary

from imgforge_mcp.base.errors import NotFound, StorageError
from imgforge_mcp.base.types import Asset
from imgforge_mcp.storage.images.contract import PIECE_BYTES, Staged
from imgforge_mcp.storage.images.files import (
    file_name,
    make_folder,
    place,
    size_of,
    unwritable,
    write_aside,
    write_part,
    write_whole,
)
from imgforge_mcp.storage.images.previews import Previews
from imgforge_mcp.storage.images.verified import Verified

RESERVE_BYTES = 64 * 1024 * 1024
"""Free space that must be there before anything is bought: a few large images."""
STALE_SECONDS = 3600.0


class AssetDirectory:
    """Below `home`: `assets/`, `previews/` and `quarantine/`, all owner-only."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folder = home / "assets"
        self._incoming = self._folder / ".incoming"
        self._previews = Previews(home / "previews")
        self._verified = Verified()
        self._staged: WeakValueDictionary[str, Staged] = WeakValueDictionary()

    def local_path(self, asset: Asset) -> Path:
        return self._folder / asset.asset_id[:2] / file_name(asset.asset_id[2:], asset.mime_type)

    def url(self, asset: Asset) -> None:
        return None

    # Writing ----------------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        try:
            make_folder(self._folder)
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise unwritable(self._folder, error) from None
        if free < RESERVE_BYTES or not os.access(self._folder, os.W_OK):
            raise StorageError(
                f"{self._folder} is not writable or has less than {RESERVE_BYTES // 2**20} MiB left; free some space "
                "or set IMGFORGE_HOME.",
                path=str(self._folder),
            )

    def put(self, data: bytes, mime_type: str, width: int, height: int) -> Asset:
        return self.keep(self.stage(data), mime_type, width, height)

    def stage(self, data: bytes) -> Staged:
        path: Path | None = None
        digest = hashlib.sha256(data).hexdigest()
        try:
            path = write_part(self._incoming, data, durable=True)
        except OSError:
            path = None
        staged = Staged(asset_id=digest, data=data, path=path)
        self._staged[digest] = staged
        return staged

    def keep(self, staged: Staged, mime_type: str, width: int, height: int) -> Asset:
        asset = Asset(asset_id=staged.asset_id, mime_type=mime_type, width=width, height=height, bytes=staged.bytes)
        path = self.local_path(asset)
        try:
            if staged.path is not None and staged.path.exists():
                place(staged.path, path)
            else:
                write_whole(path, staged.data)
        except OSError as error:
            raise unwritable(path.parent, error) from None
        self._verified.add(asset)
        return asset

    def rescue(self, staged: Staged, mime_type: str) -> Path:
        return write_aside(staged, mime_type)

    def discard(self, staged: Staged) -> None:
        if staged.path is not None:
            staged.path.unlink(missing_ok=True)

    def secure(self, asset: Asset) -> None:
        path = self.local_path(asset)
        staged = self._staged.get(asset.asset_id)
        if staged is not None and not path.exists():
            try:
                write_whole(path, staged.data)
            except OSError as error:
                raise unwritable(path.parent, error) from None

    # Reading ----------------------------------------------------------------------------------------------------------

    def read(self, asset: Asset) -> bytes:
        with self._opened(asset) as file:
            return file.read()

    def open(self, asset: Asset, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return _pieces(self._opened(asset), start, stop)

    def is_sound(self, asset: Asset) -> bool:
        try:
            with self.local_path(asset).open("rb") as file:
                return _digest(file) == asset.asset_id
        except OSError:
            return False

    def _opened(self, asset: Asset) -> BufferedReader:
        """The file, its hash checked the first time in a process. Raises NotFound."""
        path = self.local_path(asset)
        try:
            file = path.open("rb")
        except OSError:
            raise NotFound(
                f"The image {asset.asset_id[:12]}… is no longer in the store; generate it again.",
                asset_id=asset.asset_id,
            ) from None
        if asset not in self._verified:
            if _digest(file) != asset.asset_id:
                file.close()
                raise self._put_aside(asset, path)
            self._verified.add(asset)
            file.seek(0)
        return file

    def _put_aside(self, asset: Asset, path: Path) -> NotFound:
        quarantine = self.home / "quarantine"
        quarantine.mkdir(mode=0o700, exist_ok=True)
        os.replace(path, quarantine / path.name)
        return NotFound(
            f"The image {asset.asset_id[:12]}… was damaged on disk and is in {quarantine} now.", asset_id=asset.asset_id
        )

    # Removing ---------------------------------------------------------------------------------------------------------

    def delete(self, asset: Asset) -> None:
        self.local_path(asset).unlink(missing_ok=True)
        self._verified.discard(asset)
        self._previews.delete(asset)

    def reap(self, now: float) -> None:
        for leftover in self._incoming.glob(".*.part"):
            try:
                if now - leftover.stat().st_mtime > STALE_SECONDS:
                    leftover.unlink(missing_ok=True)
            except FileNotFoundError:
                continue
        self._previews.reap()

    # Renditions -------------------------------------------------------------------------------------------------------

    def rendition(self, asset: Asset, max_px: int) -> bytes | None:
        return self._previews.read(asset, max_px)

    def keep_rendition(self, asset: Asset, max_px: int, data: bytes) -> None:
        self._previews.keep(asset, max_px, data)

    def take_rendition_bytes(self) -> dict[str, int]:
        return self._previews.take_added()

    def total(self) -> int:
        images = sum(size_of(path) for path in self._folder.glob("??/*"))
        return images + self._previews.total()


def _pieces(file: BufferedReader, start: int, stop: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = stop - start if stop is not None else None
        while left is None or left > 0:
            piece = file.read(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
            if not piece:
                return
            yield piece
            left = None if left is None else left - len(piece)


def _digest(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()
