"""The one door to the decoder: sound pictures of every kind come out, hostile ones end as a refusal within a bound of
time and memory, and nothing is left behind."""

import errno
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from PIL import Image

from imgforge_mcp.base.errors import BadReply, InvalidRequest, NoDecoder
from imgforge_mcp.media.decoder import Decoder, MemoryGate
from imgforge_mcp.media.header import read_header
from imgforge_mcp.media.processes import DecodeProcesses
from tests.media._pictures import (
    HEIC,
    animated,
    chunk,
    corpus,
    crashing_decoder,
    encoded,
    many_scans,
    multi_picture,
    picture,
    png_of,
)
from tests.media.mutations import mutations, survive

pytestmark = pytest.mark.anyio
OURS = ("png", "jpeg", "mpo", "webp", "gif", "avif")
TOO_LONG = (480, (4_000, 4_000))
"""Scans and size of a picture that takes a processor the better part of a minute."""


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    made = Decoder(preview_px=64, preview_bytes=10_000)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in corpus()])
async def test_a_sound_picture_of_any_kind_is_a_reference_and_one_of_ours_is_a_result(
    name: str, decoder: Decoder
) -> None:
    data = corpus()[name]
    made = await decoder.as_input(data, 2048)
    assert made.mime_type == "image/png"
    if not name.startswith(OURS):
        with pytest.raises(BadReply):
            await decoder.inspect(data)
        return
    sound = await decoder.inspect(data)
    kind = {"mpo": "jpeg"}.get(name.split()[0], name.split()[0])
    assert sound.mime_type == f"image/{kind}"
    assert {sound.width, sound.height} == {made.width, made.height}
    assert sound.rendition is not None
    assert read_header(sound.rendition).kind == "JPEG"


async def test_a_cameras_file_of_several_pictures_is_the_first_of_them(decoder: Decoder) -> None:
    data = multi_picture()
    sound = await decoder.inspect(data)
    assert (sound.mime_type, sound.width, sound.height) == ("image/jpeg", 96, 64)
    assert (await decoder.as_input(data, 2048)).width == 96


async def test_two_thousand_broken_pictures_are_sound_or_refused(decoder: Decoder) -> None:
    outcomes, broken = Counter[str](), mutations(2_000, seed=47)

    async def work() -> None:
        for _, data in broken:
            outcomes[await survive(decoder, data)] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(work)
    assert outcomes.total() == 2_000
    # Both ends are met, else the pictures would not be broken in the right places.
    assert min(outcomes["sound"], outcomes["refused"]) > 100


HOSTILE = [
    pytest.param(many_scans(2_000), id="2,000 scans"),
    pytest.param(png_of(9_000, 9_000), id="81 megapixels"),
    pytest.param(b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") * 50_000, id="50,000 chunks"),
    pytest.param(b"\xff\xd8" + b"\xff\xfe\x00\x02" * 50_000 + b"\xff\xd9", id="50,000 comments"),
    pytest.param(b"\xff\xd8\xff" + b"a" * 500_000, id="a JPEG of junk"),
    pytest.param(HEIC[:300], id="half a HEIC"),
    pytest.param(b"\0\0\0\x20ftypavif" + b"avif" * 200, id="brands without end"),
    pytest.param(b"GIF89a" + b"\xff" * 40, id="a GIF of ones"),
]


@pytest.mark.parametrize("data", HOSTILE)
async def test_what_would_keep_a_decoder_busy_is_refused(data: bytes) -> None:
    decoder = Decoder(seconds=1.0)
    try:
        with pytest.raises(BadReply):
            await decoder.inspect(data)
    finally:
        decoder.close()


async def test_what_would_keep_a_decoder_busy_by_its_scans_is_refused_by_its_head(decoder: Decoder) -> None:
    with pytest.raises(BadReply, match="more scans than any encoder writes"):
        await decoder.inspect(many_scans(600, (64, 64)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no processor time; the wall clock does it there")
async def test_a_picture_that_takes_too_long_is_ended_and_the_next_one_is_decoded() -> None:
    decoder = Decoder(seconds=1.0)
    try:
        with pytest.raises(BadReply, match="time or memory"):
            await decoder.inspect(many_scans(*TOO_LONG))
        assert (await decoder.inspect(animated("GIF"))).mime_type == "image/gif"
    finally:
        decoder.close()


ENDED = """
import resource, sys
import anyio
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.base.errors import BadReply
from tests.media.test_decoder import TOO_LONG, many_scans

async def main():
    decoder = Decoder(seconds=1.0)
    data = many_scans(*TOO_LONG)
    assert len(data) < 400_000
    try:
        await decoder.inspect(data)
    except BadReply:
        decoder.close()
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(str(taken.ru_utime + taken.ru_stime))

anyio.run(main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no processor time; the wall clock does it there")
def test_a_picture_that_takes_too_long_takes_no_more_of_the_processor_than_it_may() -> None:
    """By a program that has no other children."""
    ended = subprocess.run([sys.executable, "-c", ENDED], capture_output=True, text=True, check=True)
    assert float(ended.stdout) < 4.0


async def test_no_process_is_started_before_a_picture_comes_nor_for_what_is_none() -> None:
    processes = DecodeProcesses()
    decoder = Decoder(processes=processes)
    with pytest.raises(BadReply):
        await decoder.inspect(b"no picture")
    assert processes.pids() == []


async def test_a_process_that_was_started_beforehand_is_the_one_that_decodes() -> None:
    processes = DecodeProcesses()
    decoder = Decoder(processes=processes)
    try:
        for _ in range(3):
            decoder.warm()
        while not (warm := processes.pids()):
            await anyio.lowlevel.checkpoint()
        await decoder.inspect(encoded(picture(), "PNG"))
        assert processes.pids() == warm
    finally:
        decoder.close()


async def test_a_picture_that_crashes_the_decoder_is_refused_and_the_next_is_decoded(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = crashing_decoder(tmp_path, monkeypatch)
    for data in (crashing("always"), encoded(picture(), "PNG"), crashing("always")):
        try:
            await decoder.inspect(data)
            is_sound = True
        except BadReply:
            is_sound = False
        assert is_sound is (b"always" not in data)


async def test_a_picture_does_not_pay_for_the_ones_before_it(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = crashing_decoder(tmp_path, monkeypatch)
    await decoder.inspect(encoded(picture(), "PNG"))
    assert (await decoder.inspect(crashing("second"))).width == 96


async def test_a_process_is_begun_anew_after_some_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgforge_mcp.media.processes.USES", 2)
    processes, seen = DecodeProcesses(), set[int]()
    decoder = Decoder(processes=processes)
    try:
        for _ in range(6):
            await decoder.inspect(encoded(picture(), "PNG"))
            seen.update(processes.pids())
        assert len(seen) == 3
        assert processes.pids() == []
    finally:
        decoder.close()


async def test_a_picture_outlasts_a_moment_in_which_no_process_can_be_started(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, failures = subprocess.Popen, [OSError(errno.EMFILE, "too many"), OSError(errno.EAGAIN, "not now")]

    def refuse(*given: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return start(*given, **named)

    monkeypatch.setattr("imgforge_mcp.media.processes.subprocess.Popen", refuse)
    monkeypatch.setattr("imgforge_mcp.media.processes.START_PAUSES", (0.0, 0.0))
    assert (await decoder.inspect(encoded(picture(), "PNG"))).width == 96
    failures += [OSError(errno.EMFILE, "too many")] * 3
    decoder.close()
    with pytest.raises(NoDecoder, match="starts no process"):
        await decoder.inspect(encoded(picture(), "PNG"))


async def test_a_decode_process_ends_when_it_has_nothing_to_do_and_leaves_nothing() -> None:
    processes = DecodeProcesses(idle_seconds=0)
    decoder = Decoder(processes=processes)
    await decoder.inspect(animated("GIF"))
    assert processes.pids() == []


async def test_a_decode_process_knows_no_secret_and_dies_with_its_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "canary-in-the-environment")
    processes = DecodeProcesses()
    decoder = Decoder(processes=processes)
    await decoder.inspect(animated("GIF"))
    (pid,) = processes.pids()
    assert b"canary" not in environment_of(pid)
    decoder.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_caller_that_goes_away_ends_the_decoding() -> None:
    processes = DecodeProcesses()
    decoder = Decoder(processes=processes)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(decoder.inspect, many_scans(480, (4_000, 4_000)))
        while not processes.pids():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert processes.pids() == []


async def test_a_process_that_was_killed_costs_no_other_picture() -> None:
    processes = DecodeProcesses()
    decoder = Decoder(processes=processes)
    try:
        await decoder.inspect(animated("GIF"))
        (pid,) = processes.pids()
        os.kill(pid, 9)
        await anyio.to_thread.run_sync(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert (await decoder.inspect(animated("GIF"))).width == 32
    finally:
        decoder.close()


async def test_pictures_are_let_in_by_the_memory_they_take_in_their_order() -> None:
    gate, inside, order = MemoryGate(100), 0, list[int]()

    async def work(number: int, size: int) -> None:
        nonlocal inside
        async with gate.admitted(size):
            inside += min(size, 100)
            assert inside <= 100
            order.append(number)
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            inside -= min(size, 100)

    async with anyio.create_task_group() as tasks:
        for number, size in enumerate((60, 40, 50, 500, 10, 10, 90, 100)):
            tasks.start_soon(work, number, size)
    assert order == list(range(8))


async def test_one_that_gives_up_waiting_makes_room_for_the_next() -> None:
    gate, done = MemoryGate(100), list[str]()

    async def work(name: str, size: int) -> None:
        async with gate.admitted(size):
            done.append(name)
            await anyio.lowlevel.checkpoint()

    async with gate.admitted(50), anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(work, "large", 100)
                await anyio.lowlevel.checkpoint()
                tasks.start_soon(work, "small", 50)
                await anyio.lowlevel.checkpoint()
                assert done == []
                scope.cancel()
    assert done == ["small"]


@pytest.mark.skipif(sys.platform != "linux", reason="the resident memory of a process is read from /proc")
async def test_large_pictures_at_once_take_no_more_than_a_few() -> None:
    data = encoded(Image.new("RGB", (5_000, 5_000), "teal"), "PNG")
    processes = DecodeProcesses()
    decoder = Decoder(preview_px=768, preview_bytes=500_000, processes=processes)
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, sum(resident(pid) for pid in (os.getpid(), *processes.pids())))
            await anyio.sleep(0.01)

    try:
        before = resident(os.getpid())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            async with anyio.create_task_group() as pictures:
                for _ in range(6):
                    pictures.start_soon(decoder.inspect, data)
            tasks.cancel_scope.cancel()
        assert most - before < 400_000_000
        decoder.close()
        assert resident(os.getpid()) - before < 20_000_000
    finally:
        decoder.close()


def environment_of(pid: int) -> bytes:
    """Empty where the system has no /proc."""
    path = Path(f"/proc/{pid}/environ")
    return path.read_bytes() if path.exists() else b""


def resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def test_a_refused_reference_names_the_argument_that_the_caller_used(decoder: Decoder) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await decoder.as_input(b"no picture", 2048, field="image")
    assert refused.value.details["field"] == "image"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the working directory of a process")
async def test_a_picture_is_decoded_where_the_working_directory_is_gone(tmp_path: Path) -> None:
    (gone := tmp_path / "gone").mkdir()
    before = os.getcwd()
    os.chdir(gone)
    gone.rmdir()
    decoder = Decoder(preview_px=256, preview_bytes=100_000)
    try:
        assert (await decoder.inspect(encoded(picture(), "PNG"))).rendition
    finally:
        decoder.close()
        os.chdir(before)
