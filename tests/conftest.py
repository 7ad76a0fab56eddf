"""What every test may ask for: a virtual clock, emulated providers, a forge over them, an MCP client in memory."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp_types import Implementation

from imgforge_mcp import create_server, open_forge
from imgforge_mcp.base import start
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.forge import Forge
from imgforge_mcp.local.runtime import ILLUSTRATOR
from imgforge_mcp.media.processes import SHARED
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry
from tests import emulators
from tests.cluster.postgres import Postgres
from tests.cluster.postgres import served as served_postgres
from tests.cluster.s3 import Bucket
from tests.cluster.s3 import served as served_bucket
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

OpenForge = Callable[..., AbstractAsyncContextManager[Forge]]
OpenClient = Callable[..., AbstractAsyncContextManager[Client]]
LOOPBACK = ("127.", "::1", "localhost")
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 4 * 2**30
"""A file system in memory and what it has to have free: the tests write there, where every sync is at once."""
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
if os.environ.get("IMGFORGE_TEST_TALLY"):  # the table of reliability and security is to be made of this run
    pytest_plugins = ["tests.faults.tally"]


def _refuse_the_world(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: a test that would leave this machine fails."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if not host.startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to connect to {host}")


sys.addaudithook(_refuse_the_world)


@pytest.fixture(scope="session", autouse=True)
def _shared_processes() -> Iterator[None]:
    """The forges of a run share them, as those of one program do: a start takes longer than most tests."""
    for shared in (SHARED, ILLUSTRATOR):
        shared.hold()
    yield
    for shared in (SHARED, ILLUSTRATOR):
        shared.let_go()


def pytest_configure(config: pytest.Config) -> None:
    """Where nothing is named, what takes minutes is left to `pytest -m long`."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.markexpr:
        config.option.markexpr = "not long"


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage: thousands of them would be looked through again and again."""
    start.begin()
    start.end()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    with served_postgres() as server:
        yield server


@pytest.fixture
def postgres(_postgres: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL server, begun with the first test that wants one; skips where there is none."""
    yield _postgres
    _postgres.forget()


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    """An S3 service, with the first test that wants one; skips where there is none."""
    with served_bucket() as served:
        yield served


@pytest.fixture
def emulate() -> Iterator[Callable[[str], Emulator]]:
    """Serve a provider's emulator for the length of the test."""
    with ExitStack() as stack:

        def serve(name: str, key: str | None = None) -> Emulator:
            emulator = emulators.load(name, key)
            stack.enter_context(emulator.serve())
            stack.callback(emulator.clear)
            return emulator

        yield serve


@pytest.fixture
def environment(home: Path, tmp_path: Path) -> dict[str, str]:
    """The least that a forge needs: a home, an output directory and a configuration file of its own."""
    config = tmp_path / "config.toml"
    config.touch()
    return {
        "IMGFORGE_HOME": str(home),
        "IMGFORGE_OUTPUT_DIRS": str(tmp_path / "out"),
        "IMGFORGE_CONFIG": str(config),
        "IMGFORGE_WORKER": "inline",  # a worker of its own outlives a test; those that want one end it themselves
    }


@pytest.fixture(scope="session")
def new_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a registry in which nothing has happened: to make one takes longer than many a test."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"

    async def make() -> None:
        registry = SqliteRegistry(path, Clock().now, owner="a new home")
        await registry.migrate()
        await registry.close()

    anyio.run(make)
    return path


@pytest.fixture
def forge_on(environment: dict[str, str], clock: VirtualClock, new_registry: Path) -> OpenForge:
    """`async with forge_on(emulator, …, IMGFORGE_X="…") as forge`: a forge whose providers are these emulators."""
    return partial(_forge, environment, clock, new_registry)


def _furnish(home: Path, new_registry: Path) -> None:
    if not home.exists():
        home.mkdir(mode=0o700)
        shutil.copy(new_registry, home)


@asynccontextmanager
async def _forge(
    environment: dict[str, str], clock: VirtualClock, new_registry: Path, *providers: Emulator, **variables: str
) -> AsyncIterator[Forge]:
    _furnish(Path(environment["IMGFORGE_HOME"]), new_registry)
    keys = {name: value for provider in providers for name, value in provider.environment().items()}
    async with open_forge(load_config({**environment, **keys, **variables}), clock) as forge:
        yield forge


@pytest.fixture
def client_on(forge_on: OpenForge) -> OpenClient:
    """The same, as an MCP client sees it; `mode` chooses the era: legacy (handshake) or auto (2026-07-28), `introduced`
    is the client's name and version."""
    return partial(_client, forge_on)


@asynccontextmanager
async def _client(
    forge_on: OpenForge,
    *providers: Emulator,
    mode: str = "auto",
    introduced: tuple[str, str] = ("mcp", "0.1.0"),
    **variables: str,
) -> AsyncIterator[Client]:
    name, version = introduced
    async with (
        forge_on(*providers, **variables) as forge,
        Client(create_server(forge), mode=mode, client_info=Implementation(name=name, version=version)) as client,
    ):
        yield client
