"""Where the workers of a home have their lock, their address and their log, and which of them are alive."""

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FOLDER = "workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What a worker says of itself. `secret` must be shown by a door where the address alone keeps nobody out."""

    pid: int
    owner: str
    version: str
    started_at: str
    address: str
    secret: str = field(default="", repr=False)


class Lock:
    """Held by one process at a time, and by nobody once that process has ended, however it ended."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self.descriptor = descriptor

    @classmethod
    def tried(cls, path: Path) -> "Lock | None":
        """None when another process holds it. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if _locked(descriptor) and _is_still(path, descriptor):
                return cls(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def hand_on(self) -> None:
        """Close it here; a child that was given the descriptor holds it now."""
        os.close(self.descriptor)

    def drop(self) -> None:
        """Another may have it. The file goes first, so that nobody waits for one that has no name any more."""
        with suppress(OSError):  # Windows removes no open file; there it stays, and is locked again
            self._path.unlink()
        os.close(self.descriptor)


class Place:
    """The files of one worker of a home: one for each `mark` (home, settings and version alike)."""

    def __init__(self, home: Path, mark: str) -> None:
        self.home = home
        self.mark = mark
        self._folder = home / FOLDER

    @property
    def lock(self) -> Path:
        return self._folder / f"{self.mark}.lock"

    @property
    def log(self) -> Path:
        return self._folder / f"{self.mark}.log"

    @property
    def socket(self) -> Path:
        return self._folder / f"{self.mark}.sock"

    @property
    def _station(self) -> Path:
        return self._folder / f"{self.mark}.json"

    def prepare(self) -> None:
        """Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._folder.chmod(0o700)

    def station(self) -> Station | None:
        """What the worker wrote that is here, or was and ended without clearing up."""
        try:
            return Station(**json.loads(self._station.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def occupy(self, station: Station) -> None:
        """Raises OSError."""
        new = self._station.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(station)), "utf-8")
        os.replace(new, self._station)

    def clear(self) -> None:
        for path in (self._station, self.socket):
            with suppress(OSError):
                path.unlink()

    def is_held(self) -> bool:
        """Whether a worker is alive here, or about to be."""
        if not self.lock.exists():
            return False
        try:
            lock = Lock.tried(self.lock)
        except OSError:
            return False
        if lock is None:
            return True
        os.close(lock.descriptor)
        return False

    def is_bereaved(self) -> bool:
        """Whether a worker ended here without clearing up: its jobs are nobody's."""
        return self._station.exists() and not self.is_held()


def living(home: Path) -> list[Station]:
    """The workers of a home that are alive."""
    found = [Place(home, path.stem) for path in sorted((home / FOLDER).glob("*.json"))]
    stations = [place.station() for place in found if place.is_held()]
    return [station for station in stations if station is not None and _runs(station.pid)]


def _runs(pid: int) -> bool:
    """Whether there is such a process: where a worker was killed, its successor holds the lock before it says so."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file that was locked is the one of that name: its last holder removes it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
