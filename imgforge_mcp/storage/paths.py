"""The only reader and writer of paths that a user names: inside the allowed directories, through no symbolic link.

Every function blocks: call it in a worker thread.
"""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from imgforge_mcp.base.errors import InvalidRequest, StorageError

MAX_INPUT_BYTES = 48 * 1024 * 1024
RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)
MAX_NUMBERED = 10_000


def read_input(text: str, allowed: Sequence[Path]) -> bytes:
    """The bytes of a file below one of the `allowed` directories.

    Raises:
        InvalidRequest: outside of them, reached through a link, not a plain file, or too large.
    """
    path, root = _placed(text, allowed, "input_images")
    descriptor = _open_below(root, path.relative_to(root), "input_images")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidRequest("The input path is not a plain file.", field="input_images")
        if status.st_size > MAX_INPUT_BYTES:
            raise InvalidRequest(f"The input file is larger than {MAX_INPUT_BYTES // 2**20} MiB.", field="input_images")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_INPUT_BYTES + 1)
    finally:
        os.close(descriptor)


def place_output(text: str, allowed: Sequence[Path]) -> tuple[Path, Path]:
    """Where a `save_to` leads, absolute, and the allowed directory it is in; asked before anything is bought.

    Raises:
        InvalidRequest: it could not be used.
    """
    return _placed(text, allowed, "save_to")


def write_output(text: str, allowed: Sequence[Path], data: bytes, extension: str) -> Path:
    """Write an image below one of the `allowed` directories, with the extension of its bytes, never over a file.

    Raises:
        InvalidRequest: the path is not allowed.
        StorageError: it cannot be written.
    """
    path, root = _placed(text, allowed, "save_to")
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_below(folder.resolve(), root.resolve()):
            raise InvalidRequest("save_to leads out of the allowed directories through a link.", field="save_to")
        return _write_numbered(folder, path.stem if path.suffix else path.name, extension, data)
    except OSError as error:
        raise StorageError(
            f"{path.parent} cannot be written ({error.strerror or type(error).__name__}).", path=str(path.parent)
        ) from None


def _write_numbered(folder: Path, stem: str, extension: str, data: bytes) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    for number in range(MAX_NUMBERED):
        path = folder / (f"{stem}.{extension}" if number == 0 else f"{stem}-{number}.{extension}")
        try:
            descriptor = os.open(path, flags, 0o644)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        return path
    raise StorageError(f"{folder} holds too many files of that name.", path=str(folder))


def _placed(text: str, allowed: Sequence[Path], field: str) -> tuple[Path, Path]:
    """The path made absolute (a relative one stands below the first allowed directory) and the directory it is in."""
    _check_text(text, field)
    if not allowed:
        raise InvalidRequest("Local paths are not allowed here.", field=field)
    path = Path(text).expanduser()
    path = Path(os.path.normpath(path if path.is_absolute() else allowed[0] / path))
    for directory in allowed:
        root = Path(os.path.normpath(directory))
        if path != root and _is_below(path, root):
            return path, root
        resolved = root.resolve()
        if path != resolved and _is_below(path, resolved):
            return path, resolved
    names = ", ".join(str(directory) for directory in allowed)
    raise InvalidRequest(
        f"{field} must be below one of: {names}. Set IMGFORGE_OUTPUT_DIRS to allow another directory.",
        field=field,
        allowed=[str(directory) for directory in allowed],
    )


def _check_text(text: str, field: str) -> None:
    """String rules that hold on every system, so that a path means the same everywhere."""
    parts = re.split(r"[\\/]", text)
    bad = (
        any(not character.isprintable() for character in text)
        or "\ufffd" in text
        or ".." in parts
        or text.startswith(("\\\\", "//"))
        or "://" in text
        or any(RESERVED.match(part) for part in parts)
        or any(part != part.rstrip(". ") for part in parts if part not in ("", "."))
        or (":" in text and (os.name != "nt" or not re.match(r"^[A-Za-z]:[\\/][^:]*$", text)))
    )
    if bad:
        raise InvalidRequest(f"{field} is not a plain path; give an absolute path without '..'.", field=field)


def _is_below(path: Path, root: Path) -> bool:
    """Component-wise: `/allowed_evil` is not below `/allowed`."""
    return path.is_relative_to(root)


def _open_below(root: Path, relative: Path, field: str) -> int:
    """Open a file for reading, each component without following a link, and without waiting on a pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if os.name == "nt":
            return _open_resolved(root, relative, flags, field)
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in relative.parts[:-1]:
                deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = deeper
            return os.open(relative.parts[-1], flags | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise InvalidRequest(
            f"The input file cannot be read ({error.strerror or type(error).__name__}).", field=field
        ) from None


def _open_resolved(root: Path, relative: Path, flags: int, field: str) -> int:
    path = root / relative
    if not _is_below(path.resolve(strict=True), root.resolve()):
        raise InvalidRequest("The input path leads out of the allowed directories through a link.", field=field)
    return os.open(path, flags)
