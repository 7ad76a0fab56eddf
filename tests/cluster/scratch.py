"""Folders for data that nobody wants tomorrow: in memory, where a run of the tests has found a file system there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder that other users may come into, unlike those of a test; it goes with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
