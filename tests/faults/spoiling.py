"""A copy of the tree in which the code is changed for the worse, to see whether the tests notice."""

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("imgforge_mcp", "tests", "examples", "README.md", "pyproject.toml")
SECONDS = 600.0
NOTICED = "noticed"
ENDS: Mapping[int | None, str] = {0: "MISSED", 1: NOTICED}
"""By pytest's exit code."""
OURS = ("imgforge_mcp", "tests")
LIBRARIES = ("mcp", "mcp_types", "httpx", "pydantic", "starlette.applications", "uvicorn")
"""Loaded once, before the first run: a run by itself spends most of its time on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is put in the place of what, in a file below `imgforge_mcp`."""

    path: str
    old: str
    new: str

    @property
    def places(self) -> int:
        """How often what is to be replaced stands there."""
        return (ROOT / "imgforge_mcp" / self.path).read_text("utf-8").count(self.old)


class Copy:
    """The tree in a folder of its own. A change lasts for one run of tests."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def how(self, change: Change, tests: Sequence[str]) -> str:
        """What comes of a change: NOTICED, or why not."""
        path = self._root / "imgforge_mcp" / change.path
        text, status = path.read_text("utf-8"), path.stat()
        if text.count(change.old) != 1:
            return "GONE: what was to be changed is not in the code"
        path.write_text(text.replace(change.old, change.new), "utf-8")
        try:
            code, said = self.run(tests)
        finally:
            path.write_text(text, "utf-8")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # what was compiled of it is right again
        return ENDS.get(code) or f"pytest ended with {code}: {said[-300:]}"

    def run(self, tests: Sequence[str]) -> tuple[int | None, str]:
        """pytest's exit code over these tests, up to the first that fails, and what it said; None: it did not end. In a
        fork of this process, which has loaded what does not change."""
        for name in LIBRARIES:
            import_module(name)
        for plugin in entry_points(group="pytest11"):
            plugin.load()
        with tempfile.TemporaryFile("w+") as log:
            process = multiprocessing.get_context("fork").Process(target=self._forked, args=(tests, log.fileno()))
            process.start()
            process.join(SECONDS)
            process.kill()
            code = process.exitcode
            process.join()
            log.seek(0)
            return code, log.read()

    def _forked(self, tests: Sequence[str], log: int) -> None:
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(self._root)
        os.environ["PYTHONPATH"] = str(self._root)
        sys.path.insert(0, str(self._root))
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        options = ("-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
        sys.exit(int(pytest.main([*options, *tests])))


@contextmanager
def copied() -> Iterator[Copy]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.webp"))
            else:
                shutil.copy(source, root / name)
        yield Copy(root)
