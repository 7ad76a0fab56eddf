"""What the tests of this folder share: a home whose jobs are run by a worker of its own, ended with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults._processes import end_workers


@pytest.fixture
def detached(environment: dict[str, str], home: Path) -> Iterator[dict[str, str]]:
    """The environment of doors that leave their jobs to a worker, as on stdio where nothing else is said."""
    yield {name: value for name, value in environment.items() if name != "IMGFORGE_WORKER"}
    end_workers(home)
