"""What happens to rows of other versions, to pictures that are evicted as they are bought, and on a full disk."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest

from imgforge_mcp import Forge, ImageRequest, Job
from imgforge_mcp.base.errors import Deleted, NotFound
from imgforge_mcp.base.types import CostBasis, JobState
from imgforge_mcp.storage.images.directory import AssetDirectory
from tests.answers import committed, told
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator
from tests.faults._registry import execute
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
SCHNELL = "together/flux-schnell"
HOUR = 3600.0


async def draw(forge: Forge, **values: Any) -> Job:
    asked = {"prompt": "a red fox", "width": 64, "height": 64, "seed": 1, **values}
    job = await forge.submit(ImageRequest.model_validate(asked), forge.caller())
    return await forge.job(job.job_id, forge.caller(), wait_seconds=600.0)


def file_of(forge: Forge, job: Job) -> Path:
    return Path(forge.place(job.assets[0]))


# Rows of other versions and damaged ones ----------------------------------------------------------------------------

UNKNOWN_FIELD = """request = '{"hdr": true, ' || substr(request, 2)"""
FOREIGN = {
    "an unknown field of the request": f"jobs SET {UNKNOWN_FIELD}",
    "an unknown value in the request": """jobs SET request = '{"image_size": "16K", ' || substr(request, 2)""",
    "a request that is no JSON": "jobs SET request = '{\"prompt\": '",
    "a request that is no object": "jobs SET request = '[1]'",
    "a request without a prompt": """jobs SET request = replace(request, '"prompt"', '"words"')""",
    "an unknown state": "jobs SET state = 'dreaming'",
    "an unknown tier": "jobs SET quality_tier = 'divine'",
    "an unknown basis of the cost": "jobs SET cost_basis = 'barter'",
    "warnings that are no JSON": "jobs SET warnings = '['",
    "an error that is no object": "jobs SET error = '7'",
    "progress of another shape": 'jobs SET progress = \'{"fraction": "half"}\'',
    "saved_to of another shape": "jobs SET saved_to = '{}'",
    "a time beyond all calendars": "jobs SET created_at = 1e300",
    "an unknown state of an attempt": "attempts SET state = 'musing'",
    "an operation that is no JSON": "attempts SET operation = '{'",
}


@pytest.mark.parametrize("damage", FOREIGN.values(), ids=FOREIGN)
async def test_one_row_that_cannot_be_read_harms_nobody(
    forge_on: OpenForge, client_on: OpenClient, home: Path, damage: str
) -> None:
    async with forge_on() as forge:
        bad = (await draw(forge)).job_id
        good = (await draw(forge, seed=2)).job_id
    execute(home, f"UPDATE {damage} WHERE job_id = '{bad}'")
    async with client_on() as client:
        listed = told(await client.call_tool("check_job", {}))["jobs"]
        alone = told(await client.call_tool("check_job", {"job_id": bad, "include_preview": False}))
        usage = told(await client.call_tool("get_usage", {"period": "all"}))
        drawn = told(await client.call_tool("generate_image", {"prompt": "a lake", "width": 64, "height": 64}))
    assert [job["job_id"] for job in listed] == [good, bad]
    assert alone["job_id"] == bad
    assert usage["calls"] == 2
    assert drawn["state"] == "completed"


async def test_what_a_newer_version_wrote_stays_in_the_file(forge_on: OpenForge, home: Path) -> None:
    async with forge_on() as forge:
        job = await draw(forge)
    execute(home, f"UPDATE jobs SET {UNKNOWN_FIELD}")
    async with forge_on() as forge:
        found = await forge.job(job.job_id, forge.caller())
        await draw(forge, seed=2)
    assert (found.request, found.not_understood) == (job.request, ("hdr",))
    [(stored,)] = execute(home, f"SELECT request FROM jobs WHERE job_id = '{job.job_id}'")
    assert json.loads(stored)["hdr"] is True


@pytest.mark.parametrize("damage", ["state = 'dreaming'", UNKNOWN_FIELD])
async def test_a_job_that_is_not_understood_is_left_to_the_version_that_wrote_it_until_its_deadline(
    forge_on: OpenForge, home: Path, clock: VirtualClock, damage: str
) -> None:
    async with forge_on() as forge:
        job = await draw(forge)
    execute(
        home,
        "DELETE FROM job_assets",
        "DELETE FROM attempts",
        f"UPDATE jobs SET completed_at = NULL, lease_until = 0, state = 'queued', {damage}".replace(
            "state = 'queued', state", "state"
        ),
    )
    async with forge_on() as forge:
        await draw(forge, seed=2)
        waited = await forge.job(job.job_id, forge.caller(), wait_seconds=30.0)
        assert not waited.state.is_final
        clock.advance(600.0)
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=600.0)
    assert (ended.state, (ended.error or {})["code"]) == (JobState.FAILED, "timeout")
    assert ended.attempts == ()


# Eviction -----------------------------------------------------------------------------------------------------------


async def test_a_picture_that_is_evicted_while_it_is_bought_again_is_not_lost(
    forge_on: OpenForge, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = AssetDirectory.keep
    evicted: list[int] = []
    async with forge_on() as buyer, forge_on(IMGFORGE_CACHE_MAX_BYTES="1") as other:
        first = await draw(buyer)
        clock.advance(2 * HOUR)

        def keep_and_lose(self: AssetDirectory, *given: Any) -> Any:
            kept = keep(self, *given)
            evicted.append(anyio.from_thread.run(other.evict))
            return kept

        monkeypatch.setattr(AssetDirectory, "keep", keep_and_lose)
        again = await draw(buyer)
        assert evicted == [1]
        assert again.assets == first.assets
        assert (await other.asset(again.assets[0].asset_id))[0].asset_id == first.assets[0].asset_id


async def test_a_deleted_picture_says_so_and_a_pinned_one_outlives_the_cap(
    forge_on: OpenForge, clock: VirtualClock
) -> None:
    async with forge_on(IMGFORGE_CACHE_MAX_BYTES="1") as forge:
        deleted, pinned, plain = [(await draw(forge, seed=seed)).assets[0] for seed in (1, 2, 3)]
        await forge.pin_asset(pinned.asset_id, forge.caller())
        await forge.delete_asset(deleted.asset_id, forge.caller())
        with pytest.raises(Deleted, match="was deleted on"):
            await forge.asset(deleted.asset_id)
        clock.advance(2 * HOUR)
        await forge.evict()
        assert (await forge.asset(pinned.asset_id))[0].asset_id == pinned.asset_id
        with pytest.raises(NotFound):
            await forge.asset(plain.asset_id)


async def test_after_its_days_a_job_and_its_picture_are_gone_and_usage_is_not(
    forge_on: OpenForge, clock: VirtualClock
) -> None:
    async with forge_on(IMGFORGE_KEEP_DAYS="2") as forge:
        old = await draw(forge)
    clock.advance(3 * 24 * HOUR)
    async with forge_on(IMGFORGE_KEEP_DAYS="2") as forge:
        lies = file_of(forge, old)
        await draw(forge, seed=2)
        with anyio.fail_after(60):
            while lies.exists():
                await anyio.lowlevel.checkpoint()
        with pytest.raises(NotFound):
            await forge.job(old.job_id, forge.caller())
        assert len(await forge.recent_jobs(10, forge.caller())) == 1
        assert (await forge.usage("all", None, forge.caller()))["images"] == 2
        assert await forge.usage_drift() == []


async def test_a_key_that_has_ended_is_deleted_from_the_registry(
    forge_on: OpenForge, clock: VirtualClock, home: Path
) -> None:
    def kept() -> int:
        [(count,)] = execute(home, "SELECT count(*) FROM idempotency")
        return int(count)

    async with forge_on() as forge:
        await draw(forge, idempotency_key="order")
        assert kept() == 1
    clock.advance(25 * HOUR)
    async with forge_on() as forge:
        await draw(forge, seed=2)
        with anyio.fail_after(60):
            while kept():
                await anyio.lowlevel.checkpoint()


# A full disk --------------------------------------------------------------------------------------------------------


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class FullDisk:
    """No file gets its place in the store while `is_full`; the temporary directory has room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Path, temporary: Path) -> None:
        self.is_full, self.tries = True, 0
        replace = os.replace

        def refuse(source: Any, target: Any, **more: Any) -> None:
            if self.is_full and Path(target).is_relative_to(store):
                self.tries += 1
                raise OSError(28, "No space left on device")
            replace(source, target, **more)

        temporary.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        monkeypatch.setattr(os, "replace", refuse)


async def test_a_paid_picture_that_the_disk_cannot_take_is_put_elsewhere_and_the_error_says_where(
    emulate: Emulate, client_on: OpenClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = emulate("together")
    disk = FullDisk(monkeypatch, home / "assets", tmp_path / "temporary")
    async with client_on(together) as client:
        result = await client.call_tool("generate_image", {"prompt": "a red fox", "model": SCHNELL})
        error = told(result)
        usage = told(await client.call_tool("get_usage", {}))
    assert (result.is_error, error["code"]) == (True, "storage_error")
    kept = Path(error["details"]["picture"])
    assert kept.parent == tmp_path / "temporary"
    assert re.search(re.escape(str(kept)), error["error"])
    assert digest_of(kept).startswith(kept.name.split("-")[1])
    assert disk.tries > 1
    assert len(together.submits) == 1
    assert (usage["cost_usd"] > 0, usage["maybe_billed_usd"]) == (True, 0)


async def test_a_picture_that_no_disk_takes_is_booked_as_paid_at_the_providers_own_figure_and_nobody_else_is_asked(
    emulate: Emulate, forge_on: OpenForge, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bfl, together = emulate("bfl"), emulate("together")
    FullDisk(monkeypatch, home / "assets", tmp_path / "temporary")
    async with forge_on(bfl, together) as forge:
        job = await draw(forge, model="flux-2-klein-4b", n=2)
        spent = await committed(forge)
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "storage_error")
    assert {(attempt.provider, attempt.cost_usd, attempt.maybe_billed) for attempt in job.attempts} == {
        ("bfl", 0.014, False)
    }
    assert (job.cost_usd, job.cost_basis, spent) == (0.028, CostBasis.REPORTED, 0.028)
    assert (len(bfl.submits), together.submits) == (2, [])


async def test_a_paid_picture_is_stored_when_room_is_made_in_time(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, home: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    together = emulate("together")
    disk = FullDisk(monkeypatch, home / "assets", tmp_path / "temporary")
    sleep = clock.sleep

    async def make_room(seconds: float) -> None:
        disk.is_full = disk.tries == 0
        await sleep(seconds)

    monkeypatch.setattr(clock, "sleep", make_room)
    async with forge_on(together) as forge:
        job = await draw(forge, model=SCHNELL)
        assert (await forge.asset(job.assets[0].asset_id))[0] is not None
    assert job.state is JobState.COMPLETED
    assert disk.tries == 1
    assert list((tmp_path / "temporary").iterdir()) == []
    assert len(together.submits) == 1
