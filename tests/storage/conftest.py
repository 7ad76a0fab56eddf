"""A process on a home, and others on the same one, with every kind of registry and of image store."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.sqlite import database
from tests.storage.registries import GROUNDS, REGISTRIES, STORES, OpenRegistry, Process
from tests.virtual_clock import VirtualClock


@pytest.fixture(params=GROUNDS)
def ground(request: pytest.FixtureRequest) -> tuple[str, str]:
    return GROUNDS[request.param]


@pytest.fixture
def images(request: pytest.FixtureRequest, ground: tuple[str, str], home: Path) -> ImageStore:
    return STORES[ground[1]](request, home)


@pytest.fixture
def open_registry(
    request: pytest.FixtureRequest,
    ground: tuple[str, str],
    home: Path,
    clock: VirtualClock,
    images: ImageStore,
    monkeypatch: pytest.MonkeyPatch,
) -> OpenRegistry:
    monkeypatch.setattr(database, "BUSY_SECONDS", 60.0)  # a machine that is busy is no process that holds the file
    return REGISTRIES[ground[0]](request, home, clock, images)


@pytest.fixture
async def start_process(
    open_registry: OpenRegistry, images: ImageStore, clock: VirtualClock
) -> AsyncIterator[Callable[[str], Process]]:
    """`start_process("one")`: a process of that name on the home; all of them are closed after the test."""
    async with AsyncExitStack() as stack:

        def start(owner: str) -> Process:
            registry = open_registry(owner)
            stack.push_async_callback(registry.close)
            return Process(registry=registry, images=images, clock=clock)

        yield start


@pytest.fixture
def process(start_process: Callable[[str], Process]) -> Process:
    return start_process("one")
