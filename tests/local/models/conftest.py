"""Pipelines to pull, a hub to pull them from, and the program as somebody runs it who has the extra `models`."""

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from imgforge_mcp.base.clock import Clock
from tests.e2e._program import fresh_account
from tests.local.models._hub import Hub

PULLING = ("huggingface_hub", "psutil")


@pytest.fixture(scope="session", autouse=True)
def runtime() -> None:
    _need("openvino_genai", *PULLING, extra="models")


@pytest.fixture(scope="session")
def diffusers() -> None:
    _need("diffusers", "torch", "transformers", *PULLING, extra="cuda")


def _need(*packages: str, extra: str) -> None:
    """Skips where one is not here, but for IMGFORGE_TEST_MODELS=required, as CI sets it."""
    if all(find_spec(name) for name in packages):
        return
    said = f"real models need the extra `{extra}`: pip install -e '.[{extra}]'"
    if os.environ.get("IMGFORGE_TEST_MODELS") == "required":
        pytest.fail(said)
    pytest.skip(said)


@pytest.fixture(scope="session")
def pipeline(runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.local.models import _tiny

    return _tiny.make(tmp_path_factory.mktemp("pipelines") / "tiny")


@pytest.fixture(scope="session")
def slow_pipeline(runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.local.models import _tiny

    return _tiny.make(tmp_path_factory.mktemp("pipelines") / "slow", is_slow=True)


@pytest.fixture
def clock() -> Clock:
    """The real one: what is waited for is a process at work, whose steps no clock of a test can bring about."""
    return Clock()


@pytest.fixture
def hub(pipeline: Path) -> Iterator[Hub]:
    """A hub on loopback that has the tiny pipeline as `somebody/Tiny-Random-OV`."""
    with Hub("somebody/Tiny-Random-OV", pipeline).served() as hub:
        yield hub


@pytest.fixture
def account(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a program: the same home as the forges of the test have."""
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HOME": str(tmp_path / "hf")}
    return fresh_account(tmp_path / "somebody", **environment, **quiet)


@pytest.fixture
def pull(home: Path) -> Callable[..., None]:
    """Put a pipeline of this machine in its place, as `models --pull NAME --from PATH --yes` does."""
    from imgforge_mcp.catalog.pullable import pipelines
    from imgforge_mcp.local.models import pulling
    from imgforge_mcp.local.models.sources import Folder

    def act(folder: Path, name: str = "tiny") -> None:
        plan = pulling.planned(name, Folder(folder), home)
        pulling.pull(plan, home, pipelines(), lambda done, total, what: None)

    return act
