"""The store on disk: `assets/ab/cdef….png`, written whole or not at all, verified when first read.

Every method blocks: call it in a worker thread.
"""

import hashlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.base.errors import NotFound, StorageError
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.types import Asset

ASSET_ID = re.compile(r"[0-9a-f]{64}")
RESERVE_BYTES = 64 * 1024 * 1024
"""Free space that must be there before anything is bought: a few large images."""
STALE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Bytes on disk under a temporary name, until they are known to be an image; what a crash leaves is reaped."""

    asset_id: str
    bytes: int
    path: Path


class AssetDirectory:
    """Below `home`: `assets/`, `previews/` and `quarantine/`, all owner-only."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._verified: set[str] = set()

    def path(self, asset: Asset) -> Path:
        name = f"{asset.asset_id[2:]}.{EXTENSIONS[asset.mime_type]}"
        return self.home / "assets" / asset.asset_id[:2] / name

    def prepare(self) -> None:
        """Make sure that an image could be stored, before it is bought.

        Raises:
            StorageError: not writable, or nearly full.
        """
        folder = self.home / "assets"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise _storage_error(folder, error) from None
        if free < RESERVE_BYTES or not os.access(folder, os.W_OK):
            raise StorageError(
                f"{folder} is not writable or has less than {RESERVE_BYTES // 2**20} MiB left; free some space or set "
                "IMGFORGE_HOME.",
                path=str(folder),
            )

    def put(self, data: bytes, mime_type: str, width: int, height: int) -> Asset:
        """Store bytes that are known to be a sound image.

        Raises:
            StorageError: the disk is full or the directory not writable.
        """
        return self.keep(self.stage(data), mime_type, width, height)

    def stage(self, data: bytes) -> Staged:
        """Write bytes that may yet turn out to be no image, durably, under a temporary name beside their place.

        Raises:
            StorageError: the disk is full or the directory not writable.
        """
        digest = hashlib.sha256(data).hexdigest()
        folder = self.home / "assets" / digest[:2]
        try:
            return Staged(asset_id=digest, bytes=len(data), path=_write_part(folder, data, durable=True))
        except OSError as error:
            raise _storage_error(folder, error) from None

    def keep(self, staged: Staged, mime_type: str, width: int, height: int) -> Asset:
        """Give staged bytes their name, now that they are known to be a sound image. Raises StorageError."""
        asset = Asset(asset_id=staged.asset_id, mime_type=mime_type, width=width, height=height, bytes=staged.bytes)
        path = self.path(asset)
        try:
            os.replace(staged.path, path)
            _sync_folder(path.parent)
        except OSError as error:
            raise _storage_error(path.parent, error) from None
        self._verified.add(asset.asset_id)
        return asset

    def discard(self, staged: Staged) -> None:
        staged.path.unlink(missing_ok=True)

    def read(self, asset: Asset) -> bytes:
        """The exact bytes; the hash is checked the first time in a process.

        Raises:
            NotFound: the file is gone, or was damaged and is in quarantine now.
        """
        path = self.path(asset)
        try:
            data = path.read_bytes()
        except OSError:
            raise NotFound(
                f"The image {asset.asset_id[:12]}… is no longer in the store; generate it again.",
                asset_id=asset.asset_id,
            ) from None
        if asset.asset_id not in self._verified:
            self._verify(asset, path, data)
        return data

    def is_sound(self, asset: Asset) -> bool:
        """Whether the file is there and its bytes are what its name says; nothing is moved."""
        path = self.path(asset)
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == asset.asset_id

    def remove(self, asset: Asset) -> None:
        self.path(asset).unlink(missing_ok=True)
        for preview in (self.home / "previews").glob(f"{asset.asset_id}-*"):
            preview.unlink(missing_ok=True)

    def preview(self, asset: Asset, max_px: int) -> bytes | None:
        try:
            return self._preview_path(asset, max_px).read_bytes()
        except OSError:
            return None

    def keep_preview(self, asset: Asset, max_px: int, data: bytes) -> None:
        """Keep a rendition for the next time; a full disk is no reason to fail."""
        try:
            write_whole(self._preview_path(asset, max_px), data, durable=False)
        except OSError:
            return

    def reap(self, now: float) -> None:
        """Remove what a killed process left half written, an hour later."""
        for leftover in self.home.glob("*/**/.*.part"):
            if now - leftover.stat().st_mtime > STALE_SECONDS:
                leftover.unlink(missing_ok=True)

    def _preview_path(self, asset: Asset, max_px: int) -> Path:
        return self.home / "previews" / f"{asset.asset_id}-{max_px}.jpg"

    def _verify(self, asset: Asset, path: Path, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() == asset.asset_id:
            self._verified.add(asset.asset_id)
            return
        quarantine = self.home / "quarantine"
        quarantine.mkdir(mode=0o700, exist_ok=True)
        os.replace(path, quarantine / path.name)
        raise NotFound(
            f"The image {asset.asset_id[:12]}… was damaged on disk and is in {quarantine} now.", asset_id=asset.asset_id
        )


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that it is there whole or not at all: a temporary file of our own, fsync, rename, fsync the
    folder.

    Raises:
        OSError
    """
    part = _write_part(path.parent, data, durable=durable)
    try:
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def _write_part(folder: Path, data: bytes, *, durable: bool) -> Path:
    """A temporary file of our own in the folder. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written ({error.strerror or type(error).__name__}); free some space or set IMGFORGE_HOME.",
        path=str(path),
    )
