"""Files that are there whole or not at all, and survive a power cut."""

import os
import secrets
import tempfile
from pathlib import Path

from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.storage.images.contract import Staged


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file by way of a temporary one of our own in its folder: fsync, rename, fsync the folder.

    Raises:
        OSError
    """
    part = write_part(path.parent, data, durable=durable)
    place(part, path, durable=durable)


def write_part(folder: Path, data: bytes, *, durable: bool) -> Path:
    """A temporary file of our own in the folder, which is made if need be. Raises OSError."""
    make_folder(folder)
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


def place(part: Path, path: Path, *, durable: bool = True) -> None:
    """Give a temporary file its name; it is gone if that fails. Raises OSError."""
    try:
        make_folder(path.parent)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """A folder and whatever it stands in, all owner-only (`mkdir` itself gives parents the usual mode). Raises
    OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def file_name(name: str, mime_type: str) -> str:
    """A name with the extension of a type."""
    return f"{name}.{EXTENSIONS.get(mime_type, 'bin')}"


def write_aside(staged: Staged, mime_type: str) -> Path:
    """Bytes that a store cannot take, in the system's temporary directory, owner-only. Raises StorageError."""
    folder = Path(tempfile.gettempdir())
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f"imgforge-{staged.asset_id[:12]}-", suffix=file_name("", mime_type), dir=folder
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(staged.data)
    except OSError as error:
        raise unwritable(folder, error) from None
    return Path(name)


def unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written ({error.strerror or type(error).__name__}); free some space or set IMGFORGE_HOME.",
        path=str(path),
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
