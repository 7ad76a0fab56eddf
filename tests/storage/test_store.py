"""The image store: whole files only, damage noticed and mended, nothing left behind, kept within its cap."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp import Forge, ImageRequest
from imgforge_mcp.base.errors import NotFound
from imgforge_mcp.base.types import Asset
from tests.conftest import OpenForge
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
HOUR = 3600.0


async def drawn(forge: Forge, prompt: str = "a red fox", seed: int = 1) -> Asset:
    request = ImageRequest(prompt=prompt, seed=seed, width=64, height=64)
    job = await forge.generate(request, forge.caller())
    return job.assets[0]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def open_to_others(home: Path) -> list[Path]:
    return [path for path in [home, *home.rglob("*")] if path.stat().st_mode & 0o077]


def file_of(forge: Forge, asset: Asset) -> Path:
    return Path(forge.place(asset))


async def test_removing_an_image_looks_at_no_other_images_renditions(
    forge_on: OpenForge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Path] = []

    def watched(look: Callable[..., Any]) -> Callable[..., Any]:
        def looks(place: Any = ".", *more: Any, **named: Any) -> Any:
            looked_at.append(Path(place) if isinstance(place, str | os.PathLike) else Path())
            return look(place, *more, **named)

        return looks

    async with forge_on() as forge:
        asset, _ = await drawn(forge), await drawn(forge, seed=2)
        for owner, name in ((os, "scandir"), (os, "listdir"), (Path, "glob"), (Path, "rglob"), (Path, "iterdir")):
            monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
        await forge.delete_asset(asset.asset_id, forge.caller())
        monkeypatch.undo()
    own = home / "previews" / asset.asset_id[:2] / asset.asset_id[2:]
    assert not own.exists()
    assert not {own.parent, *own.parent.parents} & set(looked_at)


async def test_a_damaged_file_is_put_aside_and_not_served(forge_on: OpenForge, home: Path) -> None:
    async with forge_on() as forge:
        asset = await drawn(forge)
        path = file_of(forge, asset)
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    async with forge_on() as forge:
        with pytest.raises(NotFound, match="damaged"):
            await forge.asset(asset.asset_id)
    assert not path.exists()
    assert [kept.name for kept in (home / "quarantine").iterdir()] == [path.name]


async def test_an_image_that_comes_again_mends_a_damaged_file(forge_on: OpenForge) -> None:
    async with forge_on() as forge:
        asset = await drawn(forge)
        path = file_of(forge, asset)
        whole = path.read_bytes()
        path.write_bytes(b"?" * len(whole))
        assert (await drawn(forge)).asset_id == asset.asset_id
        assert (await forge.asset(asset.asset_id))[1] == whole


async def test_what_is_no_image_leaves_nothing_behind(emulate: Emulate, forge_on: OpenForge, home: Path) -> None:
    together = emulate("together")
    together.fault("not_an_image")
    async with forge_on(together) as forge:
        job = await forge.generate(ImageRequest(prompt="a red fox", model="flux-schnell"), forge.caller())
    assert job.error is not None
    assert files_below(home / "assets") == []


async def test_files_and_folders_are_their_owners_alone(forge_on: OpenForge, home: Path) -> None:
    async with forge_on() as forge:
        await drawn(forge)
    assert open_to_others(home) == []


async def test_above_its_cap_the_store_forgets_what_was_used_longest_ago(
    forge_on: OpenForge, clock: VirtualClock
) -> None:
    async with forge_on(IMGFORGE_CACHE_MAX_BYTES="20000") as forge:
        old, kept = await drawn(forge, seed=1), await drawn(forge, seed=2)
        clock.advance(2 * HOUR)
        await forge.asset(kept.asset_id)
        new = await drawn(forge, seed=3)
        assert old.bytes + kept.bytes + new.bytes > 20000
    async with forge_on(IMGFORGE_CACHE_MAX_BYTES="20000") as forge:  # what the first had left to do is done
        with pytest.raises(NotFound):
            await forge.asset(old.asset_id)
        assert (await forge.asset(new.asset_id))[0].asset_id == new.asset_id
        assert (await forge.asset(kept.asset_id))[0].asset_id == kept.asset_id
        assert not file_of(forge, old).exists()


async def test_nothing_less_than_an_hour_old_is_forgotten(forge_on: OpenForge) -> None:
    async with forge_on(IMGFORGE_CACHE_MAX_BYTES="1") as forge:
        images = [await drawn(forge, seed=seed) for seed in range(3)]
        for image in images:
            assert (await forge.asset(image.asset_id))[0].asset_id == image.asset_id
