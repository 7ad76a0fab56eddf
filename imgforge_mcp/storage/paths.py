"""The only reader and writer of paths that a user names: inside the allowed directories, through no symbolic link.

Every function blocks: call it in a worker thread.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from imgforge_mcp.base.errors import InvalidRequest, StorageError
from imgforge_mcp.storage.names import (
    NAME_BYTES,
    RESERVED,
    TAIL_BYTES,
    from_title,
    is_odd,
    plain,
    shortened,
    without_extension,
)

MAX_INPUT_BYTES = 96 * 1024 * 1024
MAX_PATH_BYTES = 3900
MAX_NUMBERED = 10_000
IS_WINDOWS = os.name == "nt"
"""There no folder can be opened, and what is in it is reached by its path."""
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A pipe is not waited for."""
WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def read_input(text: str, allowed: Sequence[Path], field: str = "input_images") -> bytes:
    """The bytes of a file below one of the `allowed` directories; `field` is the argument that named it.

    Raises:
        InvalidRequest: outside of them, reached through a link, not a plain file, or too large.
    """
    path, root = _placed(text, allowed, field)
    if path == root:
        raise InvalidRequest("The input path is a directory; name a file in it.", field=field)
    descriptor = _open_below(root, path.relative_to(root), field)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidRequest("The input path is not a plain file.", field=field)
        if status.st_size > MAX_INPUT_BYTES:
            raise InvalidRequest(f"The input file is larger than {MAX_INPUT_BYTES // 2**20} MiB.", field=field)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_INPUT_BYTES + 1)
    finally:
        os.close(descriptor)


def place_output(text: str, allowed: Sequence[Path], title: str = "", field: str = "save_to") -> tuple[Path, Path]:
    """Where a path to write to, the argument `field`, leads, absolute, and the allowed directory it is in; asked before
    anything is bought. A directory (one that exists, or a path that ends in a slash) gets a name made of `title`; a
    name that no file system takes is shortened.

    Raises:
        InvalidRequest: it could not be used: outside, through a link, or too long.
        StorageError: a file is in the way, or a directory cannot be written.
    """
    path, root = _placed(text, allowed, field)
    if path == root or text.endswith(("/", os.sep, f"{os.sep}.")) or os.path.isdir(path):
        path = path / from_title(title)
    elif len(os.fsencode(path.name)) > NAME_BYTES - TAIL_BYTES:
        path = path.with_name(shortened(without_extension(path.name)))
    too_long = [part for part in path.parent.parts if len(os.fsencode(part)) > NAME_BYTES]
    if too_long or len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise InvalidRequest(f"{field} is longer than a file system takes; give a shorter path.", field=field)
    _check_way(root, path.parent, field)
    return path, root


def write_output(
    text: str, allowed: Sequence[Path], data: bytes, extension: str, title: str = "", field: str = "save_to"
) -> Path:
    """Write an image below one of the `allowed` directories, with the extension of its bytes, never over a file.

    Raises:
        InvalidRequest: the path is not allowed.
        StorageError: it cannot be written.
    """
    path, root = place_output(text, allowed, title, field)
    try:
        root.mkdir(parents=True, exist_ok=True)
        real = _real(root)
        with _folder_below(real, _real(path.parent).relative_to(real)) as folder:
            return path.with_name(_write_numbered(folder, without_extension(path.name), extension, data))
    except ValueError:  # a link was put in the way since it was looked at
        raise _through_a_link(field) from None
    except OSError as error:
        raise StorageError(
            f"{path.parent} cannot be written ({error.strerror or type(error).__name__}).", path=str(path.parent)
        ) from None


# Where a path leads --------------------------------------------------------------------------------------------------


def _placed(text: str, allowed: Sequence[Path], field: str) -> tuple[Path, Path]:
    """The path made absolute (a relative one stands below the first allowed directory) and the directory it is in."""
    _check_text(text, field)
    if not allowed:
        raise InvalidRequest("Local paths are not allowed here.", field=field)
    path = Path(os.path.normpath(_absolute(text, allowed[0], field)))
    for directory in allowed:
        root = Path(os.path.normpath(directory))
        for start in (root, _real(root)):
            if _is_below(path, start):
                return path, start
    names = ", ".join(str(directory) for directory in allowed)
    raise InvalidRequest(
        f"{field} must be below one of: {names}. Set IMGFORGE_OUTPUT_DIRS to allow another directory.",
        field=field,
        allowed=[str(directory) for directory in allowed],
    )


def _absolute(text: str, base: Path, field: str) -> Path:
    path = Path(text)
    if text.startswith("~"):
        try:
            return path.expanduser()
        except RuntimeError:
            name = path.parts[0]
            raise InvalidRequest(
                f"{field} begins with {name[:64]}, and there is no such user; write ./{name[:64]} for a file of that "
                "name.",
                field=field,
            ) from None
    return path if path.is_absolute() else base / _undoubled(path, base)


def _undoubled(path: Path, base: Path) -> Path:
    """`out/lake` with the directory `…/out` is `lake` in it, as the caller sees it, not `out/out/lake`."""
    if not path.parts or os.path.exists(base / path.parts[0]):
        return path
    for count in range(min(len(path.parts) - 1, len(base.parts)), 0, -1):
        if path.parts[:count] == base.parts[-count:]:
            return Path(*path.parts[count:])
    return path


def _check_text(text: str, field: str) -> None:
    """String rules that hold on every system, so that a path means the same everywhere."""
    parts = re.split(r"[\\/]", text)
    reserved = next((part for part in parts if RESERVED.match(part)), None)
    if any(is_odd(character) for character in text):
        fault = "it holds a character that no file name should have"
    elif ".." in parts:
        fault = "it holds '..'"
    elif text.startswith(("\\\\", "//")) or "://" in text:
        fault = "it is an address, not a file on this machine"
    elif reserved is not None:
        fault = f"{reserved[:64]!r} is a reserved name on Windows"
    elif any(part != part.rstrip(". ") for part in parts if part not in ("", ".")):
        fault = "a part of it ends in a dot or a space, which some systems drop"
    elif ":" in text and (not IS_WINDOWS or not re.match(r"^[A-Za-z]:[\\/][^:]*$", text)):
        fault = "it holds a colon, which names a drive or a stream on some systems"
    else:
        return
    raise InvalidRequest(f"{field} is not a plain path: {fault}.", field=field)


def _check_way(root: Path, folder: Path, field: str) -> None:
    """That the folders which are there already lead nowhere else and can be written to; nothing is made."""
    if not _is_below(_real(folder), _real(root)):
        raise _through_a_link(field)
    there = folder
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        what = "is not a directory" if not there.is_dir() else "cannot be written"
        raise StorageError(f"{there} {what}; give another {field}.", path=str(there))


def _real(path: Path) -> Path:
    """Where it is without links; unlike `Path.resolve`, it raises nothing for links that lead in a circle."""
    return Path(os.path.realpath(path))


def _is_below(path: Path, root: Path) -> bool:
    """Component-wise: `/allowed_evil` is not below `/allowed`."""
    return path.is_relative_to(root)


def _through_a_link(field: str) -> InvalidRequest:
    return InvalidRequest(f"{field} leads out of the allowed directories through a link.", field=field)


# Opening without following a link ------------------------------------------------------------------------------------


@contextmanager
def _folder_below(root: Path, relative: Path) -> Iterator[int | Path]:
    """A folder below the root, made where it is missing: open, where the system opens folders, else its path.

    Raises:
        OSError: among others, where a link has been put in the way.
    """
    if IS_WINDOWS:
        folder = root / relative
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_below(_real(folder), root):
            raise ValueError(folder)
        yield folder
        return
    descriptor = os.open(root, os.O_DIRECTORY)
    try:
        for part in relative.parts:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=descriptor)
            deeper = os.open(part, os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


def _write_numbered(folder: int | Path, stem: str, extension: str, data: bytes) -> str:
    """The name under which it was written: the first that is free. What was half written when the disk was full is
    removed."""
    for number in range(MAX_NUMBERED):
        name = f"{stem}.{extension}" if number == 0 else f"{stem}-{number}.{extension}"
        place, within = (name, folder) if isinstance(folder, int) else (folder / name, None)
        try:
            descriptor = os.open(place, WRITING, 0o644, dir_fd=within)
        except FileExistsError:
            continue
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except OSError:
            with suppress(OSError):
                os.unlink(place, dir_fd=within)
            raise
        return name
    raise StorageError("save_to's folder holds too many files of that name.")


def _open_below(root: Path, relative: Path, field: str) -> int:
    """Open a file for reading, each component without following a link, and without waiting on a pipe."""
    try:
        if IS_WINDOWS:
            return _open_resolved(root, relative, field)
        folder = os.open(root, os.O_DIRECTORY)
        try:
            for part in relative.parts[:-1]:
                deeper = os.open(part, os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = deeper
            try:
                return os.open(relative.name, READING | os.O_NOFOLLOW, dir_fd=folder)
            except FileNotFoundError:
                return os.open(_alike(folder, relative.name), READING | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise InvalidRequest(
            f"The input file cannot be read ({error.strerror or type(error).__name__}).", field=field
        ) from None


def _alike(folder: int | Path, name: str) -> str:
    """The only name in a folder that looks like this one, or is it without what a URL escapes. Raises
    FileNotFoundError: none, or several."""
    wanted = {plain(name), plain(unquote(name))}
    alike = [each for each in os.listdir(folder) if plain(each) in wanted]
    if len(alike) != 1:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return alike[0]


def _open_resolved(root: Path, relative: Path, field: str) -> int:
    path = root / relative
    if not os.path.lexists(path):
        path = path.with_name(_alike(path.parent, path.name))
    path = Path(os.path.realpath(path, strict=True))
    if not _is_below(path, _real(root)):
        raise InvalidRequest("The input path leads out of the allowed directories through a link.", field=field)
    return os.open(path, READING)
