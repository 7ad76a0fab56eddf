"""A served emulator per test; the folder is left out where the extra `clients` is not installed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec

import pytest

from tests import emulators
from tests.emulators import Emulator

# `google` may be there without `google.genai`; asking for the latter alone raises where neither is.
EXTRA = ("openai", "together", "google", "google.genai", "fal_client", "cloudflare")
collect_ignore_glob = [] if all(find_spec(module) for module in EXTRA) else ["test_*.py"]
# Not in the extra: it pins a Pillow years older than ours, so it is installed by itself, without its dependencies.
if find_spec("blackforest") is None:
    collect_ignore_glob.append("test_bfl.py")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Emulator]]:
    """Start an emulator by name; it stops with the test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as stack:

        def start(name: str) -> Emulator:
            emulator = emulators.load(name)
            stack.enter_context(emulator.serve())
            return emulator

        yield start
