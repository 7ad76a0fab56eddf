"""Places of which there are so many, for one process or for several together: then each is a byte of a file, locked by
the process that has it, and free again when that is gone, however it ended."""

import hashlib
import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

NAMES_APART = 1 << 16
"""Bytes between the first places of two names: more than any has."""


class Places:
    """One for each process; with a `file`, those of all processes that have it open."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = None if file is None else os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        self._taken = set[int]()

    def take(self, name: str, most: int) -> int | None:
        """One of the `most` places of that name, to be given back; None when all are taken."""
        first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:5], "big") * NAMES_APART
        for place in range(first, first + most):
            if place not in self._taken and self._is_locked(place):
                self._taken.add(place)
                return place
        return None

    def give_back(self, place: int) -> None:
        self._taken.remove(place)
        if self._file is not None and sys.platform != "win32":
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def _is_locked(self, place: int) -> bool:
        """Whether it is ours alone now."""
        if self._file is not None and sys.platform != "win32":
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                return False
        return True
