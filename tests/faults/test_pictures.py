"""Hostile pictures through the public door: whatever a provider delivers, the call that was paid for is settled."""

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import pytest

from imgforge_mcp import ImageRequest
from imgforge_mcp.base.types import JobState
from imgforge_mcp.media.processes import SHARED
from tests.answers import told
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator
from tests.media._pictures import corpus, crashing_decoder, encoded, killed_decoder, multi_picture, picture
from tests.media.mutations import mutations
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio
Emulate = Callable[..., Emulator]
ASKED: dict[str, Any] = {"prompt": "a lighthouse", "model": "together/flux-1-schnell"}


async def test_every_call_that_brought_a_broken_picture_is_settled_and_leaves_no_file(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, home: Path
) -> None:
    emulator, states = emulate("together"), Counter[JobState]()
    async with forge_on(emulator) as forge:
        for _, data in islice(mutations(400, seed=11), 0, 400, 10):
            emulator.delivered = data
            job = await forge.generate(ImageRequest(**ASKED), forge.caller())
            states[job.state] += 1
            (attempt,) = job.attempts
            assert attempt.ended_at is not None
            assert attempt.maybe_billed is (job.state is JobState.FAILED)
            # A provider that delivers no pictures rests for a while.
            clock.advance(100_000)
    assert set(states) == {JobState.COMPLETED, JobState.FAILED}
    assert left_half_written(home) == []


@pytest.fixture
def new_processes() -> Iterator[None]:
    """No decode process of another test's, and none for the next."""
    processes = SHARED.hold()
    processes.end_idle()
    yield
    processes.end_idle()
    SHARED.let_go()


@pytest.mark.skipif(sys.platform == "win32", reason="a decoder that crashes is played by a signal")
@pytest.mark.usefixtures("new_processes")
async def test_a_call_whose_picture_crashes_the_decoder_is_settled_and_the_next_brings_its_picture(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, crashing = emulate("together"), crashing_decoder(tmp_path, monkeypatch)
    async with forge_on(emulator) as forge:
        for delivered, state in ((crashing("always"), JobState.FAILED), (None, JobState.COMPLETED)):
            emulator.delivered = delivered
            job = await forge.generate(ImageRequest(**ASKED), forge.caller())
            (attempt,) = job.attempts
            assert job.state is state
            assert (attempt.ended_at is not None, attempt.maybe_billed) == (True, state is JobState.FAILED)
            clock.advance(100_000)


@pytest.mark.skipif(sys.platform == "win32", reason="the kill is a signal")
@pytest.mark.usefixtures("new_processes")
async def test_a_paid_picture_that_no_process_can_be_had_for_is_kept_and_nobody_else_is_asked(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    killed_decoder(tmp_path, monkeypatch)
    together.delivered = encoded(picture(), "PNG")
    async with client_on(together, bfl) as client:
        error = told(await client.call_tool("generate_image", {"prompt": "a lighthouse", "model": "flux-schnell"}))
        usage = told(await client.call_tool("get_usage", {}))
    assert error["code"] == "storage_error"
    assert error["details"]["picture"] in error["error"]
    kept = Path(error["details"]["picture"])
    assert (kept.parent, kept.suffix) == (tmp_path / "temporary", ".png")
    assert await anyio.Path(kept).read_bytes() == together.delivered
    assert (len(together.submits), bfl.submits) == (1, [])
    assert usage["maybe_billed_usd"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="the kill is a signal")
@pytest.mark.usefixtures("new_processes")
async def test_a_picture_outlives_two_processes_that_were_killed_over_it(
    emulate: Emulate, client_on: OpenClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = killed_decoder(tmp_path, monkeypatch, first=3)
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", ASKED))
    assert job["state"] == "completed"
    assert count.stat().st_size >= 3


@pytest.mark.parametrize("name", [pytest.param("gif animated", id="gif"), pytest.param("avif", id="avif")])
async def test_a_sound_picture_of_a_rare_kind_is_kept_as_it_came(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.delivered = corpus()[name]
    async with client_on(emulator) as client:
        (asset,) = told(await client.call_tool("generate_image", ASKED))["assets"]
    assert hashlib.sha256(emulator.delivered).hexdigest().startswith(asset["asset_id"])
    assert asset["mime_type"] == f"image/{name.split()[0]}"


async def test_a_cameras_file_of_several_pictures_is_a_jpeg(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.delivered = multi_picture()
    async with client_on(emulator) as client:
        (asset,) = told(await client.call_tool("generate_image", ASKED))["assets"]
    assert (asset["mime_type"], asset["width"], asset["height"]) == ("image/jpeg", 96, 64)
    assert asset["path"].endswith(".jpg")


def left_half_written(home: Path) -> list[Path]:
    return list(home.glob("**/*.part"))
