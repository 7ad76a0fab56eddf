"""A served emulator per test; the folder is left out where the extra `clients` is not installed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from importlib.util import find_spec

import pytest

from tests import emulators
from tests.emulators import Emulator

# `google` may be there without `google.genai`; asking for the latter alone raises where neither is.
EXTRA = (
    *("openai", "together", "google", "google.genai", "fal_client", "cloudflare"),
    *("replicate", "huggingface_hub", "webuiapi", "openrouter"),
)
collect_ignore_glob = [] if all(find_spec(module) for module in EXTRA) else ["test_*.py"]
# Not in the extra: each pins another package years older than ours, so it is installed by itself, without its
# dependencies.
for module, file in (("blackforest", "test_bfl.py"), ("litellm", "test_litellm.py")):
    if find_spec(module) is None:
        collect_ignore_glob.append(file)
# The same package in two generations; the newer one is a pre-release, and only one of them can be installed.
if find_spec("replicate") is not None:
    is_old = version("replicate").startswith("1.")
    collect_ignore_glob.append("test_replicate_beta.py" if is_old else "test_replicate.py")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Emulator]]:
    """Start an emulator by name; it stops with the test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as stack:

        def start(name: str, key: str | None = None) -> Emulator:
            emulator = emulators.load(name, key)
            stack.enter_context(emulator.serve())
            return emulator

        yield start
