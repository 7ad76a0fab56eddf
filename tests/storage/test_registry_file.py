"""The registry's file: homes of older versions open, newer ones are left alone, and one that is held says so soon."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from imgforge_mcp import ImageRequest
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.storage.registry.sql.queries import load_queries
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry, database
from tests.conftest import OpenForge

pytestmark = pytest.mark.anyio

START = resources.files("imgforge_mcp.storage.registry.sqlite").joinpath("migrations/0001_start.sql")


@pytest.fixture
def registry(home: Path) -> Iterator[sqlite3.Connection]:
    """The file as another program has it."""
    home.mkdir()
    connection = sqlite3.connect(home / "registry.db", isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


async def draw_one(forge_on: OpenForge) -> str:
    async with forge_on() as forge:
        request = ImageRequest(prompt="a red fox", width=64, height=64)
        return (await forge.generate(request, forge.caller())).state.value


async def test_a_home_that_counted_its_migrations_opens(forge_on: OpenForge, registry: sqlite3.Connection) -> None:
    registry.executescript(START.read_text("utf-8"))
    registry.execute("PRAGMA user_version = 1")
    assert await draw_one(forge_on) == "completed"
    names = [name for (name,) in registry.execute("SELECT name FROM migrations ORDER BY name")]
    assert names[0] == "0001_start"


async def test_a_home_from_before_months_were_added_up_has_its_months(
    forge_on: OpenForge, registry: sqlite3.Connection
) -> None:
    await draw_one(forge_on)
    registry.executescript(
        """DROP TRIGGER month_of_new; DROP TRIGGER month_of_changed; DROP TABLE usage_months;
           DELETE FROM migrations WHERE name = '0016_usage_months'"""
    )
    await draw_one(forge_on)
    async with forge_on() as forge:
        usage = await forge.usage("all", None, forge.caller())
        assert await forge.usage_drift() == []
    assert {month: entry["images"] for month, entry in usage["by_month"].items()} == {"2026-11": 2}


async def test_a_home_of_a_newer_version_is_left_as_it_is(
    forge_on: OpenForge, home: Path, registry: sqlite3.Connection
) -> None:
    registry.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY)")
    registry.execute("INSERT INTO migrations VALUES ('2031_whatever')")
    before = list(registry.iterdump())
    async with forge_on() as forge:
        with pytest.raises(StorageError, match="newer imgforge-mcp; upgrade"):
            await forge.check_storage()
    assert list(registry.iterdump()) == before


async def test_a_migration_that_fails_leaves_the_file_as_it_was(
    forge_on: OpenForge, registry: sqlite3.Connection
) -> None:
    registry.execute("CREATE TABLE spend (x)")  # in the way of the first migration, after it has made other tables
    async with forge_on() as forge:
        with pytest.raises(StorageError, match="cannot be used"):
            await forge.check_storage()
    assert [name for (name,) in registry.execute("SELECT name FROM sqlite_schema")] == ["spend"]


@pytest.mark.parametrize("is_new", [True, False], ids=["before the first use", "in the middle"])
async def test_a_registry_that_another_holds_exclusively_is_a_storage_error_soon(
    forge_on: OpenForge, registry: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    assert database.BUSY_SECONDS <= 5.0
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    if not is_new:
        await draw_one(forge_on)
    registry.execute("PRAGMA locking_mode = EXCLUSIVE")
    registry.execute("BEGIN EXCLUSIVE")
    async with forge_on() as forge:
        with pytest.raises(StorageError, match="another process has held it"):
            await forge.submit(ImageRequest(prompt="a red fox"), forge.caller())
        registry.execute("ROLLBACK")
        registry.close()
        assert (await forge.submit(ImageRequest(prompt="a red fox"), forge.caller())).job_id


OF_A_LIFE = (
    *("joinable", "abandoned_jobs", "cancel_requests", "held_by", "held_by_others", "outcomes_since"),
    *("trial_in_flight", "attempts_in_window", "evictable_assets", "needed_by", "job_attempts", "job_assets"),
)
SMALL = ("jobs_unfinished", "jobs_waiting")
"""Indexes of what has not ended yet, which may be read as a whole."""


@pytest.mark.parametrize("name", OF_A_LIFE)
async def test_no_step_of_a_jobs_life_reads_all_that_is_on_record(home: Path, name: str) -> None:
    """Nor all of one tenant's: somebody alone has no other."""
    registry = SqliteRegistry(home / "registry.db", Clock().now, owner="somebody")
    await registry.jobs.committed()
    await registry.close()
    query = load_queries("imgforge_mcp.storage.registry.sqlite")[name]
    with closing(sqlite3.connect(home / "registry.db")) as connection:
        values = dict.fromkeys(re.findall(r":([a-z_]+)", query), 1)
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    wide = [step for step in steps if re.match(r"SCAN (jobs|attempts|assets|job_assets|job_inputs)\b", step)]
    assert [step for step in wide if not step.endswith(SMALL)] == []
    assert [step for step in steps if "jobs_by_tenant" in step] == []
