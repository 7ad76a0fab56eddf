"""What every registry promises about images: which of them stay, which go, and what is counted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from imgforge_mcp.base.errors import Deleted, InvalidRequest, NotFound, StorageError
from imgforge_mcp.base.types import Asset
from imgforge_mcp.storage.registry.sql import assets
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry
from tests.storage.registries import HOUR, Process, blocking
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Start = Callable[[str], Process]


async def old_pictures(process: Process, count: int, size: int = 1000) -> list[Asset]:
    """Pictures of ended jobs, each used an hour after the one before it, the last of them long ago."""
    pictures = []
    for number in range(count):
        pictures.append(await process.store(number, size))
        await process.draw(pictures[-1])
        process.clock.advance(HOUR)
    process.clock.advance(2 * HOUR)
    return pictures


async def left(process: Process, pictures: list[Asset]) -> list[int]:
    """Which of the pictures are still there, in the books and on the shelf alike."""
    found = [await process.registry.assets.find(picture.asset_id) is not None for picture in pictures]
    assert found == [await process.is_there(picture) for picture in pictures]
    return [number for number, is_there in enumerate(found) if is_there]


async def total(process: Process) -> int:
    """The bytes in the books, which are those on the shelf."""
    counted = await process.registry.assets.total_bytes()
    assert counted == await blocking(process.images.total)
    return counted


async def test_above_the_cap_what_was_used_longest_ago_goes(process: Process) -> None:
    pictures = await old_pictures(process, 10)
    assert await process.registry.assets.evict(5000) == 6
    assert await total(process) == 4000
    assert await left(process, pictures) == [6, 7, 8, 9]


async def test_up_to_the_cap_everything_stays(process: Process) -> None:
    pictures = await old_pictures(process, 3)
    assert await process.registry.assets.evict(3000) == 0
    assert await left(process, pictures) == [0, 1, 2]


async def test_it_stops_at_nine_tenths_of_the_cap(process: Process) -> None:
    pictures = await old_pictures(process, 11)
    assert await process.registry.assets.evict(10_000) == 2
    assert len(await left(process, pictures)) == 9


async def test_many_are_removed_as_well_as_few(process: Process) -> None:
    pictures = await old_pictures(process, 100, size=8)
    assert await process.registry.assets.evict(8) == 100
    assert await total(process) == 0
    assert await left(process, pictures) == []


async def test_what_was_used_within_the_hour_stays(process: Process) -> None:
    pictures = await old_pictures(process, 3)
    await process.registry.assets.find(pictures[0].asset_id)
    process.clock.advance(HOUR - 1)
    assert await process.registry.assets.evict(0) == 2
    assert await left(process, pictures) == [0]
    process.clock.advance(HOUR + 1)
    assert await process.registry.assets.evict(0) == 1
    assert await left(process, pictures) == []


async def test_a_picture_that_is_made_again_was_used_again(process: Process) -> None:
    pictures = await old_pictures(process, 2)
    await process.draw(pictures[0])
    assert await process.registry.assets.evict(0) == 1
    assert await left(process, pictures) == [0]


async def test_a_pinned_picture_stays_until_it_is_let_go(process: Process) -> None:
    pictures = await old_pictures(process, 2)
    await process.registry.assets.pin(pictures[0].asset_id, None, is_pinned=True)
    assert await process.registry.assets.evict(0) == 1
    assert await process.is_there(pictures[0])
    await process.registry.assets.pin(pictures[0].asset_id, None, is_pinned=False)
    assert await process.registry.assets.evict(0) == 1
    assert await left(process, pictures) == []


@pytest.mark.parametrize("part", ["output", "input", "mask"])
async def test_what_an_unfinished_job_has_or_needs_stays_until_its_end(process: Process, part: str) -> None:
    [picture] = await old_pictures(process, 1)
    inputs = ["fox.png", picture.asset_id] if part == "input" else None
    job = await process.open(input_images=inputs, mask=picture.asset_id if part == "mask" else None)
    if part == "output":
        await process.settle(job, await process.start(job), picture)
    process.clock.advance(2 * HOUR)
    assert await process.registry.assets.evict(0) == 0
    await process.finish(job)
    assert await process.registry.assets.evict(0) == 1
    assert await left(process, [picture]) == []


async def test_renditions_count_and_go_with_their_picture(process: Process) -> None:
    [picture] = await old_pictures(process, 1)
    for pixels in (64, 768):
        await blocking(lambda pixels=pixels: process.images.keep_rendition(picture, pixels, b"x" * pixels))  # type: ignore[misc]
    await process.registry.assets.count_renditions(process.images.take_rendition_bytes())
    assert await total(process) == 1000 + 64 + 768
    assert await process.registry.assets.evict(0) == 1
    assert await total(process) == 0
    assert process.images.rendition(picture, 64) is None


async def test_what_renditions_take_is_room_that_is_won(process: Process) -> None:
    pictures = await old_pictures(process, 4)
    for picture in pictures:
        await process.registry.assets.count_renditions({picture.asset_id: 1000})
    assert await process.registry.assets.evict(7000) == 1
    assert await process.registry.assets.total_bytes() == 6000
    assert await left(process, pictures) == [1, 2, 3]


async def test_what_cannot_be_removed_lets_the_others_go_first(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = await old_pictures(process, 2)
    delete = process.images.delete

    def refuse(asset: Asset) -> None:
        if asset == pictures[0]:
            raise PermissionError("in use")
        delete(asset)

    monkeypatch.setattr(process.images, "delete", refuse)
    monkeypatch.setattr(assets, "SLICE", 1)
    assert [await process.registry.assets.evict(0) for _ in range(2)] == [0, 1]
    assert await left(process, pictures) == [0]


async def test_renditions_of_a_picture_that_is_gone_are_not_counted(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture)
    await process.registry.assets.count_renditions({"0" * 64: 500, picture.asset_id: 64})
    await process.registry.assets.count_renditions({})
    assert await process.registry.assets.total_bytes() == 1000 + 64


async def test_a_picture_that_comes_twice_is_counted_once(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture)
    await process.registry.assets.add(picture)
    assert await total(process) == 1000


# Several processes --------------------------------------------------------------------------------------------------


async def test_what_another_process_removes_between_storing_and_recording_is_there_all_the_same(
    start_process: Start,
) -> None:
    buyer, other = start_process("buyer"), start_process("other")
    [picture] = await old_pictures(buyer, 1)
    job = await buyer.open()
    attempt_id = await buyer.start(job)
    staged = await blocking(lambda: buyer.images.stage((0).to_bytes(4, "big") * 250))
    kept = await blocking(lambda: buyer.images.keep(staged, "image/png", 8, 8))
    assert kept.asset_id == picture.asset_id
    assert await other.registry.assets.evict(0) == 1
    await buyer.settle(job, attempt_id, kept)
    await buyer.finish(job)
    assert await left(other, [picture]) == [0]
    assert await total(other) == 1000


async def test_bytes_that_cannot_be_removed_stay_in_the_books(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = await old_pictures(process, 2)
    delete = process.images.delete

    def refuse(asset: Asset) -> None:
        if asset == pictures[0]:
            raise PermissionError("in use")
        delete(asset)

    monkeypatch.setattr(process.images, "delete", refuse)
    assert await process.registry.assets.evict(0) == 1
    assert await left(process, pictures) == [0]
    monkeypatch.undo()
    process.clock.advance(2 * HOUR)
    assert await process.registry.assets.evict(0) == 1


async def test_without_its_bytes_a_picture_is_not_recorded(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = await process.store(1)

    def fail(asset: Asset) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(process.images, "secure", fail)
    job = await process.open()
    attempt_id = await process.start(job)
    for act in (process.settle(job, attempt_id, picture), process.registry.assets.add(picture)):
        with pytest.raises(StorageError):
            await act
    assert await process.registry.assets.total_bytes() == 0
    assert (await process.registry.jobs.get(job.job_id)).attempts[0].ended_at is None


# Deleting -----------------------------------------------------------------------------------------------------------


async def test_a_deleted_picture_is_gone_and_whoever_asks_is_told(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture)
    await process.registry.assets.pin(picture.asset_id, None, is_pinned=True)
    await process.registry.assets.delete(picture.asset_id, None)
    with pytest.raises(Deleted) as caught:
        await process.registry.assets.find(picture.asset_id)
    assert caught.value.message == "This image was deleted on 2026-11-21."
    assert caught.value.details["asset_id"] == picture.asset_id
    assert not await process.is_there(picture)
    assert await total(process) == 0


async def test_a_picture_that_is_made_again_after_its_deletion_is_there(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture)
    await process.registry.assets.delete(picture.asset_id, None)
    await process.draw(await process.store(1))
    assert await left(process, [picture]) == [0]
    await process.registry.assets.delete(picture.asset_id, None)
    await process.registry.assets.add(await process.store(1))
    assert await left(process, [picture]) == [0]


@pytest.mark.parametrize("tenant", ["", "ann"])
async def test_a_picture_that_a_tenant_brings_again_after_deleting_it_is_its_own_again(
    process: Process, tenant: str
) -> None:
    picture = await process.store(1)
    for owner in (tenant, "bob"):
        await process.draw(picture, owner)
        await process.registry.assets.delete(picture.asset_id, owner)
        await process.draw(await process.store(1), "carl")
    again = process.registry.assets.add(picture, tenant) if tenant else process.registry.assets.add(picture)
    await again
    await process.registry.assets.pin(picture.asset_id, tenant, is_pinned=True)
    with pytest.raises(NotFound):
        await process.registry.assets.pin(picture.asset_id, "bob", is_pinned=True)


async def test_a_picture_of_two_tenants_goes_with_the_second_who_deletes_it(process: Process) -> None:
    picture = await process.store(1)
    for tenant in ("ann", "bob"):
        await process.draw(picture, tenant)
    await process.registry.assets.delete(picture.asset_id, "ann")
    assert await left(process, [picture]) == [0]
    with pytest.raises(NotFound):
        await process.registry.assets.delete(picture.asset_id, "ann")
    await process.registry.assets.delete(picture.asset_id, "bob")
    assert not await process.is_there(picture)


async def test_whoever_deleted_a_picture_is_known_to_have_and_everybody_once_it_is_gone(process: Process) -> None:
    picture, other = await process.store(1), await process.store(2)
    for tenant in ("ann", "bob"):
        await process.draw(picture, tenant)
    await process.draw(other, "ann")
    ids = [picture.asset_id, other.asset_id, "0" * 64]

    async def deleted() -> list[set[str]]:
        return [await process.registry.assets.deleted(ids, tenant) for tenant in ("ann", "bob", None)]

    assert await deleted() == [set(), set(), set()]
    await process.registry.assets.delete(picture.asset_id, "ann")
    assert await deleted() == [{picture.asset_id}, set(), set()]
    await process.registry.assets.delete(picture.asset_id, "bob")
    assert await deleted() == [{picture.asset_id}] * 3
    await process.registry.assets.delete(other.asset_id, None)
    assert await deleted() == [{picture.asset_id, other.asset_id}] * 3


async def test_a_tenant_deletes_and_pins_only_its_own_pictures(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture, "ann")
    for act in (
        process.registry.assets.delete(picture.asset_id, "bob"),
        process.registry.assets.pin(picture.asset_id, "bob", is_pinned=True),
        process.registry.assets.delete("0" * 64, None),
    ):
        with pytest.raises(NotFound, match=r"^There is no image [0-9a-f]{64} here; "):
            await act
    with pytest.raises(NotFound) as caught:
        await process.registry.assets.delete("x" * 100, None)
    assert caught.value.details["asset_id"] == "x" * 64
    assert await left(process, [picture]) == [0]


async def test_what_an_unfinished_job_needs_cannot_be_deleted(process: Process) -> None:
    picture = await process.store(1)
    await process.draw(picture)
    job = await process.open(input_images=[picture.asset_id])
    with pytest.raises(InvalidRequest, match=job.job_id) as caught:
        await process.registry.assets.delete(picture.asset_id, None)
    assert caught.value.details["field"] == "asset_id"
    await process.finish(job)
    await process.registry.assets.delete(picture.asset_id, None)


async def test_what_a_tenant_has_kept_it_cannot_delete_and_is_told_its_name(process: Process) -> None:
    picture, references = await process.store(1), process.registry.references
    for tenant in ("ann", "bob"):
        await process.draw(picture, tenant)
    for name in ("mia", "zoe"):
        await references.add("ann", name, None, [picture])
    for whose in ("ann", None):
        with pytest.raises(InvalidRequest, match=r"The kept reference mia has .* references remove mia'") as caught:
            await process.registry.assets.delete(picture.asset_id, whose)
        assert caught.value.details["field"] == "asset_id"
    await process.registry.assets.delete(picture.asset_id, "bob")
    for name in ("mia", "zoe"):
        assert await left(process, [picture]) == [0]
        await references.remove("ann", name)
    await process.registry.assets.delete(picture.asset_id, "ann")
    assert not await process.is_there(picture)


# Finding ------------------------------------------------------------------------------------------------------------


async def test_pictures_are_listed_newest_first_a_page_at_a_time(process: Process) -> None:
    pictures = await old_pictures(process, 5)
    listed, after = list[str](), None
    while page := await process.registry.assets.recent(2, after):
        listed += [picture.asset_id for picture in page]
        after = listed[-1]
    assert listed == [picture.asset_id for picture in reversed(pictures)]


async def test_a_picture_is_found_by_the_beginning_of_its_id(process: Process) -> None:
    pictures = await old_pictures(process, 20)
    for picture in pictures:
        assert await process.registry.assets.begins_with(picture.asset_id[:10], 2) == [picture]
    assert len(await process.registry.assets.begins_with("", 100)) == 20
    assert await process.registry.assets.begins_with("xyz", 2) == []


async def test_a_picture_knows_the_jobs_that_made_it(process: Process) -> None:
    picture = await process.store(1)
    first = await process.draw(picture, prompt="a fox", cost=0.5)
    process.clock.advance(1)
    second = await process.draw(picture, prompt="a fox again")
    origins = await process.registry.assets.origins(picture.asset_id)
    assert [(origin["job_id"], origin["prompt"]) for origin in origins] == [
        (second.job_id, "a fox again"),
        (first.job_id, "a fox"),
    ]
    assert origins[1] == {
        "job_id": first.job_id,
        "prompt": "a fox",
        "final_prompt": "a red fox",
        "provider": "together",
        "model": "flux",
        "seed": None,
        "cost_usd": 0.5,
        "created_at": first.created_at.isoformat(),
    }
    assert origins[0]["cost_usd"] == 0.0


async def test_a_registry_without_a_shelf_keeps_books_only(home: Path, clock: VirtualClock) -> None:
    registry = SqliteRegistry(home / "registry.db", clock.now, "one")
    await registry.assets.add(Asset(asset_id="0" * 64, mime_type="image/png", width=8, height=8, bytes=100))
    clock.advance(2 * HOUR)
    assert await registry.assets.evict(10) == 1
    assert await registry.assets.total_bytes() == 0
    await registry.close()
