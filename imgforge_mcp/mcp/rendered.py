"""Answers that the real server has given, kept in a file for the next start, and what they depend on. Standard library
alone: this is read before anything else loads."""

import hashlib
import json
import os
import sys

from imgforge_mcp import __version__
from imgforge_mcp.mcp.introduced import of_first_match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

SUFFIX = ".answers"
MOST_FILES = 16
"""Clients with settings of their own, and versions of this program, that share a place."""
LARGEST = 8 * 1024 * 1024
PREFIX = "IMGFORGE_"
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Rendered:
    """What one installation answers."""

    def __init__(self, head: "Mapping[str, Any]", results: "Sequence[bytes]", path: str) -> None:
        self._path = path
        self._results = results
        self._numbers: dict[str, int] = head["answers"]
        self._rules: list[Any] = head["rules"]
        self._else: str = head["else"]

    def answer(self, *question: str) -> bytes | None:
        """The result for a method, its protocol version and the client's form, as far as they decide it."""
        number = self._numbers.get(" ".join(question))
        return None if number is None else self._results[number]

    def form(self, name: str, version: str, *, has_app: bool) -> str:
        """Which of the forms that answers come in a client gets."""
        known = of_first_match(self._rules, name, version)
        return f"{self._else if known is None else known}{int(has_app)}"

    def forget(self) -> None:
        """They are wrong: the next start must not find them."""
        _remove(self._path)


def find(environment: "Mapping[str, str]") -> Rendered | None:
    """What was rendered by this very program under these very settings; None where nothing was, or it cannot be
    read."""
    place = folder(environment)
    if place is None:
        return None
    program = None
    for path in _newest_first(place):
        try:
            program = program or _program()
            head, results = _read(path)
            if head["inputs"] == _inputs(program, head["variables"], head["files"], environment):
                return Rendered(head, results, path)
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
            continue  # another version's, or damaged
    return None


def inputs(variables: "Iterable[str]", files: "Iterable[str]", environment: "Mapping[str, str]") -> str:
    """A digest of all that decides the answers: this program, these variables and every one of ours, these files. It
    tells nothing of a key.

    Raises:
        OSError: the program is not there as files.
    """
    return _inputs(_program(), variables, files, environment)


def keep(head: "dict[str, Any]", results: "Sequence[bytes]", environment: "Mapping[str, str]") -> None:
    """Write a file that is there as a whole or not at all, and let the oldest go.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile  # and with it a dozen modules that finding does without

    place = folder(environment)
    if place is None:
        return
    os.makedirs(place, mode=0o700, exist_ok=True)
    body = b"\n".join([json.dumps(head).encode(), *results])
    descriptor, part = tempfile.mkstemp(prefix=".part-", dir=place)
    try:
        with open(descriptor, "wb") as file:
            file.write(_sum(body).encode() + b"\n" + body)
        os.replace(part, os.path.join(place, head["inputs"] + SUFFIX))
    except OSError:
        _remove(part)
        raise
    for path in [*_newest_first(place)][MOST_FILES:]:
        _remove(path)


def folder(environment: "Mapping[str, str]") -> str | None:
    """Below IMGFORGE_HOME, where that is set, else in the user's directory for caches; None: there is no such place.
    The home that a configuration file names is not known here yet."""
    if home := environment.get("IMGFORGE_HOME", "").strip():
        place = os.path.join(os.path.expanduser(home), "front")
    elif sys.platform == "win32":
        place = os.path.join(environment.get("LOCALAPPDATA", ""), "imgforge", "Cache")
    elif sys.platform == "darwin":
        place = os.path.expanduser("~/Library/Caches/imgforge")
    else:
        place = os.path.join(environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "imgforge")
    return place if os.path.isabs(place) and "\0" not in place else None


def _read(path: str) -> "tuple[dict[str, Any], list[bytes]]":
    """Raises OSError and ValueError."""
    with open(path, "rb") as file:
        checksum, _, body = file.read(LARGEST).partition(b"\n")
    if checksum.decode("ascii") != _sum(body):
        raise ValueError("damaged")
    first, *results = body.split(b"\n")
    head: dict[str, Any] = json.loads(first)
    return head, results


def _inputs(program: str, variables: "Iterable[str]", files: "Iterable[str]", environment: "Mapping[str, str]") -> str:
    ours = {name for name in environment if name.startswith(PREFIX)}
    said = {name: environment.get(name) for name in sorted(ours.union(variables))}
    text = json.dumps([program, said, {path: _signature(path) for path in sorted(files)}])
    return _sum(text.encode())


def _program() -> str:
    """This program as it is installed: its own files, and the versions of all packages beside it."""
    versions = [name for place in sys.path for name in _names(place) if name.endswith((".dist-info", ".egg-info"))]
    return _sum(repr([__version__, sys.version, sys.platform, sorted(versions), sorted(_files(PACKAGE))]).encode())


def _files(place: str) -> "Iterator[tuple[str, int, int]]":
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            else:
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size


def _names(place: str) -> list[str]:
    try:
        return os.listdir(place or ".")
    except OSError:
        return []


def _signature(path: str) -> list[int] | None:
    """Changes whenever what stands there does."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _newest_first(place: str) -> list[str]:
    found = [os.path.join(place, name) for name in _names(place) if name.endswith(SUFFIX)]
    return sorted(found, key=lambda path: _signature(path) or [], reverse=True)


def _sum(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16, key=b"imgforge-mcp front").hexdigest()


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
