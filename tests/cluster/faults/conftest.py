"""A home whose registry is in PostgreSQL, on the clock of the test: leases run by it, as in a file."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from imgforge_mcp.storage.registry.contract import Shelf
from tests.cluster.postgres import Postgres
from tests.faults._registry import ELSEWHERE


@pytest.fixture
def environment(
    environment: dict[str, str], home: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    from imgforge_mcp.storage.registry import postgres as package

    def by_its_own_clock(
        url: str, now: Callable[[], datetime], owner: str, shelf: Shelf | None = None
    ) -> package.PostgresRegistry:
        return registry(url, now, owner, shelf, leases_by=now)

    registry = package.PostgresRegistry
    monkeypatch.setattr(package, "PostgresRegistry", by_its_own_clock)
    ELSEWHERE[home] = postgres.registry()
    yield {**environment, "IMGFORGE_DATABASE_URL": ELSEWHERE[home]}
    del ELSEWHERE[home]
