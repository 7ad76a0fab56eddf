"""What stands in the books about one call: how it ended, what it cost, how long it took, what follows for the next."""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from imgforge_mcp import Forge, ImageRequest, Job, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import StorageError, Unavailable
from imgforge_mcp.base.types import JobState
from imgforge_mcp.jobs.attempts import PLACE_SECONDS
from imgforge_mcp.jobs.attempts import together as all_of
from imgforge_mcp.providers.driver import SUBMIT_SECONDS, Driver
from imgforge_mcp.storage.images.directory import AssetDirectory
from imgforge_mcp.storage.registry.contract import CancelRequested, LeaseLost
from imgforge_mcp.storage.registry.sql.jobs import SqlJobs
from tests.answers import committed, on_hang
from tests.conftest import OpenForge
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE
from tests.faults._registry import execute
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
PRICES = """
[models."together/flux-schnell"]
price = { image = 0.04 }
[models."bfl/flux-1.1-pro"]
price = { image = 0.05 }
"""
PRICE = 40_000
COLUMNS = "state, outcome, cost, maybe_billed, health_cost, rest_until - ended_at"


def configure(environment: dict[str, str], text: str) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(text, "utf-8")


@pytest.fixture(autouse=True)
def _priced(environment: dict[str, str]) -> None:
    configure(environment, PRICES)


async def submit(forge: Forge, **values: Any) -> Job:
    wanted = {"prompt": "a red fox", "model": "together/flux-schnell", "width": 256, "height": 256} | values
    return await forge.submit(ImageRequest.model_validate(wanted), forge.caller())


async def draw(forge: Forge, **values: Any) -> Job:
    return await forge.job((await submit(forge, **values)).job_id, forge.caller(), wait_seconds=3600.0)


def on_record(home: Path, columns: str = COLUMNS) -> list[tuple[Any, ...]]:
    """The calls as the registry has them, in the order in which they were made."""
    return execute(home, f"SELECT {columns} FROM attempts ORDER BY attempt_id")


# The record ---------------------------------------------------------------------------------------------------------


async def test_a_call_that_brings_its_picture_is_settled_at_its_price(
    emulate: Emulate, forge_on: OpenForge, home: Path
) -> None:
    async with forge_on(emulate("together")) as forge:
        job = await draw(forge, n=2)
    assert on_record(home) == [("succeeded", "ok_listed", 2 * PRICE, 0, 0.0, None)]
    [call] = job.attempts
    assert (call.part, call.provider, call.model) == (0, "together", "flux-schnell")
    assert (call.message, call.price_usd, call.cost_usd) == (None, 0.08, 0.08)
    assert call.reason.startswith("choice 1")
    assert on_record(home, "images, job_id") == [(2, job.job_id)]
    assert call.settings


@pytest.mark.parametrize(
    ("kind", "retry_after", "row"),
    [
        pytest.param("400", None, ("failed", "rejected", 0, 0, 0.0, None), id="400"),
        pytest.param("401", None, ("failed", "auth", 0, 0, 0.0, 3600.0), id="401"),
        pytest.param("404", None, ("failed", "model_gone", 0, 0, 0.0, 3600.0), id="404"),
        pytest.param("429", None, ("failed", "rate_limited", 0, 0, 0.0, 15.0), id="429"),
        pytest.param("429", 7.0, ("failed", "rate_limited", 0, 0, 0.0, 7.0), id="429 that says how long"),
        pytest.param("402", None, ("failed", "quota_exceeded", 0, 0, 0.0, 900.0), id="402"),
        pytest.param("503", None, ("failed", "unavailable", 0, 0, 1.0, None), id="503"),
        pytest.param("503", 9.0, ("failed", "unavailable", 0, 0, 1.0, 9.0), id="503 that says how long"),
        pytest.param("cut", None, ("failed", "ambiguous", PRICE, 1, 1.5, None), id="cut"),
        pytest.param("not_json", None, ("failed", "bad_reply", PRICE, 1, 1.0, None), id="no JSON"),
    ],
)
async def test_a_call_that_fails_is_settled_by_what_is_known_of_it(
    emulate: Emulate, forge_on: OpenForge, home: Path, kind: str, retry_after: float | None, row: tuple[Any, ...]
) -> None:
    together = emulate("together")
    together.fault(kind, times=1, retry_after=retry_after)
    async with forge_on(together) as forge:
        job = await draw(forge)
        assert await committed(forge) == row[2] / 1_000_000
    assert on_record(home) == [row]
    [call] = job.attempts
    assert call.message
    asks_to_wait = row[1] in ("rate_limited", "quota_exceeded") or retry_after is not None
    assert (job.error or {}).get("retry_after_seconds") == (row[5] if asks_to_wait else None)


@pytest.mark.parametrize(
    ("place", "name", "row", "message"),
    [
        pytest.param(
            Driver,
            "run",
            ("failed", "unavailable", 0, 0, 1.0, None),
            "The request could not be made by a defect of imgforge-mcp (KeyError); see its log",
            id="before it is sent",
        ),
        pytest.param(
            AssetDirectory,
            "keep",
            ("failed", "bad_reply", PRICE, 1, 1.0, None),
            "The provider's answer could not be read by a defect of imgforge-mcp (KeyError); see its log",
            id="when its picture is there",
        ),
    ],
)
async def test_a_defect_is_named_by_its_kind_alone_and_the_call_is_settled(
    emulate: Emulate,
    forge_on: OpenForge,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: type,
    name: str,
    row: tuple[Any, ...],
    message: str,
) -> None:
    def defect(*_: object) -> None:
        raise KeyError("what nobody may see")

    monkeypatch.setattr(place, name, defect)
    async with forge_on(emulate("together")) as forge:
        job = await draw(forge)
    assert on_record(home) == [row]
    assert (job.state, job.attempts[0].message) == (JobState.FAILED, message)
    assert "nobody" not in str(job)


async def test_a_picture_that_could_not_be_stored_was_paid_is_kept_elsewhere_and_is_not_bought_again(
    emulate: Emulate, forge_on: OpenForge, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(AssetDirectory, "keep", refuse)
    together, bfl = emulate("together"), emulate("bfl")
    async with forge_on(together, bfl) as forge:
        job = await draw(forge, model=None)
        assert await committed(forge) == job.cost_usd
    [copy] = [name for name in os.listdir(tmp_path) if name.startswith("imgforge-")]
    said = f"The picture was made and paid for, and it is at {tmp_path / copy}: The disk is full."
    assert (job.state, (job.error or {})["code"]) == (JobState.FAILED, "storage_error")
    assert job.cost_usd == job.attempts[0].price_usd
    assert on_record(home, "state, maybe_billed, message") == [("succeeded", 0, said)]
    assert len(together.submits) + len(bfl.submits) == 1


async def test_what_a_free_call_may_have_cost_is_nothing(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], home: Path
) -> None:
    configure(environment, PRICES.replace("0.04", "0"))
    together = emulate("together")
    together.fault("not_json", times=1)
    async with forge_on(together) as forge:
        await draw(forge)
    assert on_record(home) == [("failed", "bad_reply", 0, 0, 1.0, None)]


async def test_the_time_that_a_call_took_is_on_record(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, home: Path
) -> None:
    together = emulate("together")
    async with forge_on(together) as forge:
        together.fault("hang", times=1)
        on_hang(together, lambda: (clock.advance(3.5), together.clear()))  # type: ignore[arg-type, func-returns-value]
        assert (await draw(forge)).state is JobState.COMPLETED
        together.fault("hang", times=1)
        on_hang(together, partial(clock.advance, SUBMIT_SECONDS + 1.25))
        assert (await draw(forge, prompt="a blue fox")).state is JobState.FAILED
    assert on_record(home, "outcome, latency_ms") == [
        ("ok_listed", 3500),
        ("ambiguous", round((SUBMIT_SECONDS + 1.25) * 1000)),
    ]


async def test_a_call_that_was_called_off_is_free_and_its_time_is_on_record(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, home: Path
) -> None:
    fal = emulate("fal")
    fal.fault("never", times=1)
    async with forge_on(fal) as forge:
        job = await submit(forge, model="fal/flux-2-pro")
        with anyio.fail_after(PATIENCE):
            while "operation" not in str((await forge.job(job.job_id, forge.caller())).attempts):
                await anyio.lowlevel.checkpoint()
            while clock.monotonic() < 1:
                await anyio.lowlevel.checkpoint()
        await forge.cancel(job.job_id, forge.caller())
        done = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
        assert await committed(forge) == 0
    assert (done.state, done.cost_usd) == (JobState.CANCELED, 0.0)
    [(*row, latency)] = on_record(home, f"{COLUMNS}, latency_ms")
    assert row == ["failed", "canceled", 0, 0, 0.0, None]
    assert latency >= 1000


@pytest.mark.parametrize("parts", [1, 2])
async def test_a_call_that_is_on_record_when_its_end_is_asked_for_is_not_sent(
    emulate: Emulate, forge_on: OpenForge, home: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    start, recorded, asked = SqlJobs.start_attempt, list[int](), anyio.Event()

    async def slow(self: SqlJobs, *given: Any) -> int:
        recorded.append(await start(self, *given))
        if len(recorded) == parts:
            await asked.wait()
        return recorded[-1]

    monkeypatch.setattr(SqlJobs, "start_attempt", slow)
    fal = emulate("fal")
    fal.fault("never", "poll")
    async with forge_on(fal) as forge:
        job = await submit(forge, model="fal/flux-2-pro", n=parts)
        with anyio.fail_after(PATIENCE):
            while len(recorded) < parts or len(fal.submits) < parts - 1:
                await anyio.lowlevel.checkpoint()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(forge.cancel, job.job_id, forge.caller())
            with anyio.fail_after(PATIENCE):
                while execute(home, "SELECT cancel_requested FROM jobs") != [(1,)]:
                    await anyio.lowlevel.checkpoint()
            await settle_down()
            asked.set()
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
        assert await committed(forge) == 0
    assert (ended.state, ended.cost_usd, len(fal.submits)) == (JobState.CANCELED, 0.0, parts - 1)
    assert on_record(home) == [("failed", "canceled", 0, 0, 0.0, None)] * parts


async def test_work_that_was_called_off_is_not_called_off_again(
    emulate: Emulate, forge_on: OpenForge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its handle is put on record nothing ends it; its end is asked for twice meanwhile."""
    accept, asked, recorded = SqlJobs.accept, anyio.Event(), anyio.Event()

    async def slow(self: SqlJobs, *given: Any) -> None:
        asked.set()
        await recorded.wait()
        await accept(self, *given)

    monkeypatch.setattr(SqlJobs, "accept", slow)
    fal = emulate("fal")
    async with forge_on(fal) as forge:
        job = await submit(forge, model="fal/flux-2-pro")
        await asked.wait()
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(forge.cancel, job.job_id, forge.caller())
                with anyio.fail_after(PATIENCE):
                    while "PUT" not in [call.method for call in fal.calls]:
                        await anyio.lowlevel.checkpoint()
            await settle_down()
            recorded.set()
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    assert (ended.state, ended.cost_usd) == (JobState.CANCELED, 0.0)
    assert [call.method for call in fal.calls].count("PUT") == 1
    assert on_record(home) == [("failed", "canceled", 0, 0, 0.0, None)]


async def test_a_call_whose_answer_is_lost_with_its_process_may_have_been_billed(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock, home: Path
) -> None:
    together = emulate("together")
    together.fault("hang", times=1)
    hangs = anyio.Event()
    on_hang(together, hangs.set)
    async with open_forge(load_config({**environment, **together.environment()}), clock) as forge:
        job = await submit(forge)
        await hangs.wait()
        clock.advance(2.0)
    [(*row, latency)] = on_record(home, f"{COLUMNS}, latency_ms")
    assert (row, latency) == (["failed", "interrupted", PRICE, 1, 0.0, None], 2000)
    async with open_forge(load_config({**environment, **together.environment()}), clock) as forge:
        ended = await forge.job(job.job_id, forge.caller())
    assert (ended.state, ended.cost_usd) == (JobState.FAILED, 0.04)
    assert "sent to together" in str(ended.error)


async def test_work_of_this_program_is_called_off_at_once_for_nothing_however_often_it_is_asked(
    forge_on: OpenForge, home: Path
) -> None:
    async with forge_on() as forge:
        job = await submit(forge, model=None, provider="local", width=2048, height=2048)
        with anyio.fail_after(PATIENCE):
            while not on_record(home):
                await anyio.lowlevel.checkpoint()
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(forge.cancel, job.job_id, forge.caller())
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    assert (ended.state, ended.cost_usd) == (JobState.CANCELED, 0.0)
    assert on_record(home) == [("failed", "canceled", 0, 0, 0.0, None)]


async def test_work_of_this_program_that_ends_with_it_is_free_and_done_anew_by_the_next(
    environment: dict[str, str], clock: VirtualClock, home: Path
) -> None:
    async with open_forge(load_config(environment), clock) as forge:
        job = await submit(forge, model=None, provider="local", width=2048, height=2048)
        with anyio.fail_after(PATIENCE):
            while not on_record(home):
                await anyio.lowlevel.checkpoint()
    [row] = on_record(home)
    assert (row[0], row[2:4]) == ("failed", (0, 0))
    async with open_forge(load_config(environment), clock) as forge:
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    assert (ended.state, ended.cost_usd, len(ended.attempts)) == (JobState.COMPLETED, 0.0, 2)


# The registry cannot be used ----------------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, name: str, times: int, error: type[Exception] = StorageError) -> None:
    """The registry refuses one kind of write so many times, as a full disk does."""
    act = getattr(SqlJobs, name)
    left = [times]

    async def refuse(self: SqlJobs, *given: Any, **named: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise error("the disk is full")
        return await act(self, *given, **named)

    monkeypatch.setattr(SqlJobs, name, refuse)


async def test_a_settlement_is_tried_again_until_the_registry_takes_it(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "settle", 3)
    together = emulate("together")
    async with forge_on(together) as forge:
        job = await draw(forge)
    assert (job.state, len(job.assets), len(job.attempts)) == (JobState.COMPLETED, 1, 1)
    assert on_record(home) == [("succeeded", "ok_listed", PRICE, 0, 0.0, None)]
    assert [seconds for seconds in clock.slept if seconds <= 4][:3] == [0.5, 1.0, 2.0]
    assert len(together.submits) == 1


async def test_a_settlement_that_cannot_be_recorded_leaves_the_call_to_the_next_process_and_buys_nothing_more(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = emulate("together")
    config = load_config({**environment, **together.environment()})
    with monkeypatch.context() as full:
        failing(full, "settle", 4)
        failing(full, "finish", 1)
        async with open_forge(config, clock) as forge:
            job = await submit(forge)
            with anyio.fail_after(PATIENCE):
                while 2.0 not in clock.slept:
                    await anyio.lowlevel.checkpoint()
    assert on_record(home, "state, outcome") == [("sent", None)]
    clock.advance(120)
    async with open_forge(config, clock) as forge:
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=600.0)
    assert ended.state is JobState.FAILED
    assert on_record(home)[0][:4] == ("failed", "interrupted", PRICE, 1)
    assert len(together.submits) == 1


async def test_an_end_of_free_work_that_cannot_be_recorded_costs_nothing_and_the_next_process_does_it_anew(
    environment: dict[str, str], clock: VirtualClock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"model": None, "provider": "local"}
    with monkeypatch.context() as full:
        failing(full, "settle", 4)
        failing(full, "finish", 1)
        async with open_forge(load_config(environment), clock) as forge:
            job = await submit(forge, **wanted)
            with anyio.fail_after(PATIENCE):
                while 2.0 not in clock.slept:
                    await anyio.lowlevel.checkpoint()
    clock.advance(120)
    async with open_forge(load_config(environment), clock) as forge:
        ended = await forge.job(job.job_id, forge.caller(), wait_seconds=600.0)
    assert (ended.state, ended.cost_usd) == (JobState.COMPLETED, 0.0)
    assert on_record(home, "outcome, cost, maybe_billed") == [("interrupted", 0, 0), ("ok_reported", 0, 0)]


@pytest.mark.parametrize("error", [StorageError, LeaseLost])
async def test_work_whose_handle_could_not_be_recorded_brings_its_picture_all_the_same(
    emulate: Emulate, forge_on: OpenForge, home: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    failing(monkeypatch, "accept", 1, error)
    bfl = emulate("bfl")
    async with forge_on(bfl) as forge:
        job = await draw(forge, model="bfl/flux-1.1-pro")
    assert (job.state, len(job.assets)) == (JobState.COMPLETED, 1)
    assert on_record(home, "state, outcome, cost, operation") == [("succeeded", "ok_reported", 40_000, None)]
    assert len(bfl.submits) == 1


# Places at a provider -----------------------------------------------------------------------------------------------


@pytest.fixture
def one_place(environment: dict[str, str]) -> None:
    configure(environment, PRICES + "[providers.together]\nconcurrency = 1\n")


async def settle_down() -> None:
    for _ in range(300):
        await anyio.lowlevel.checkpoint()


@pytest.mark.usefixtures("one_place")
async def test_a_job_that_waits_for_a_place_is_canceled_at_once_and_sends_nothing(
    emulate: Emulate, forge_on: OpenForge, home: Path
) -> None:
    together, bfl = emulate("together"), emulate("bfl")
    together.fault("hang", times=1)
    hangs = anyio.Event()
    on_hang(together, hangs.set)
    async with forge_on(together, bfl) as forge:
        first = await submit(forge)
        await hangs.wait()
        second = await submit(forge, prompt="a blue fox")
        await settle_down()
        assert (await draw(forge, model="bfl/flux-1.1-pro")).state is JobState.COMPLETED  # a place of its own
        canceled, was_over = await forge.cancel(second.job_id, forge.caller())
        assert (canceled.state, was_over, canceled.attempts) == (JobState.CANCELED, False, ())
        together.clear()
        assert (await forge.job(first.job_id, forge.caller(), wait_seconds=3600.0)).state is JobState.COMPLETED
        assert (await draw(forge, prompt="a third fox")).state is JobState.COMPLETED
    assert [row[0] for row in on_record(home, "provider")] == ["together", "bfl", "together"]


@pytest.mark.usefixtures("one_place")
async def test_a_job_that_waits_for_a_place_that_another_process_has_is_free_however_it_ends(
    emulate: Emulate, forge_on: OpenForge, home: Path
) -> None:
    together = emulate("together")
    together.fault("hang", times=1)
    hangs = anyio.Event()
    on_hang(together, hangs.set)
    async with forge_on(together) as theirs, forge_on(together, IMGFORGE_JOB_DEADLINE="20") as mine:
        first = await submit(theirs)
        await hangs.wait()
        waiting = await submit(mine, prompt="a blue fox")
        await settle_down()
        canceled, was_over = await mine.cancel(waiting.job_id, mine.caller())
        assert (canceled.state, was_over, canceled.attempts) == (JobState.CANCELED, False, ())
        late = await draw(mine, prompt="a green fox")
        assert (late.state, (late.error or {})["code"], late.cost_usd) == (JobState.FAILED, "timeout", 0.0)
        together.clear()
        assert (await theirs.job(first.job_id, theirs.caller(), wait_seconds=3600.0)).state is JobState.COMPLETED
    assert [row[0] for row in on_record(home, "provider")] == ["together"]


async def test_a_part_that_waits_for_a_place_that_another_process_has_ends_at_once_and_what_is_out_goes_on(
    emulate: Emulate,
    forge_on: OpenForge,
    environment: dict[str, str],
    clock: VirtualClock,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleep, waits = clock.sleep, anyio.Event()

    async def for_ever(seconds: float) -> None:
        if seconds == PLACE_SECONDS:
            waits.set()
            await anyio.sleep_forever()
        await sleep(seconds)

    monkeypatch.setattr(clock, "sleep", for_ever)
    configure(environment, '[models."fal/flux-2-pro"]\nprice = { image = 0.04 }\n[providers.fal]\nconcurrency = 2\n')
    fal = emulate("fal")
    fal.fault("hang", times=2)
    async with forge_on(fal) as theirs, forge_on(fal) as mine:
        first = await submit(theirs, model="fal/flux-2-pro")
        await anyio.to_thread.run_sync(fal.wait_for_submits)
        job = await submit(mine, model="fal/flux-2-pro", n=2)
        await anyio.to_thread.run_sync(fal.wait_for_submits, 2)
        await waits.wait()
        await mine.cancel(job.job_id, mine.caller())
        fal.clear()
        ended = await mine.job(job.job_id, mine.caller(), wait_seconds=3600.0)
        assert (await theirs.job(first.job_id, theirs.caller(), wait_seconds=3600.0)).state is JobState.COMPLETED
    assert (ended.state, len(fal.submits), len(on_record(home))) == (JobState.CANCELED, 2, 2)


@pytest.mark.usefixtures("one_place")
async def test_the_next_in_line_goes_out_when_a_place_is_free_however_the_one_before_ended(
    emulate: Emulate, forge_on: OpenForge
) -> None:
    together = emulate("together")
    together.fault("hang", times=1)
    together.fault("503", times=1)
    hangs = anyio.Event()
    on_hang(together, hangs.set)
    async with forge_on(together) as forge:
        jobs = [await submit(forge, prompt="fox 0")]
        await hangs.wait()
        jobs += [await submit(forge, prompt=f"fox {number}") for number in (1, 2)]
        await settle_down()
        assert len(together.submits) == 1
        together.clear()
        ended = [await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0) for job in jobs]
    assert [job.state for job in ended] == [JobState.COMPLETED] * 3
    assert len(together.submits) == 3


# Several parts ------------------------------------------------------------------------------------------------------


async def test_calls_made_at_once_all_come_to_their_ends() -> None:
    ended: list[str] = []
    failure = Unavailable("503")

    async def call(name: str, error: BaseException | None = None) -> None:
        await anyio.lowlevel.checkpoint()
        ended.append(name)
        if error is not None:
            raise error

    assert await all_of([]) == []
    assert await all_of([partial(call, "one"), partial(call, "two", failure)]) == [failure]
    for stops in ([CancelRequested(), LeaseLost()], [LeaseLost(), CancelRequested()]):
        ended.clear()
        with pytest.raises(LeaseLost):
            await all_of([partial(call, str(stop), stop) for stop in stops] + [partial(call, "last", failure)])
        assert len(ended) == 3
    with pytest.raises(CancelRequested):
        await all_of([partial(call, "one", CancelRequested()), partial(call, "two")])


async def test_what_the_provider_says_while_it_works_and_with_its_picture_shows_no_key(
    emulate: Emulate, forge_on: OpenForge, home: Path
) -> None:
    bfl = emulate("bfl")
    bfl.key = "bfl-5e0c1f9a77b2c4d8"
    bfl.fault("echo_key", times=1)
    async with forge_on(bfl) as forge:
        job = await draw(forge, model="bfl/flux-1.1-pro")
    assert isinstance(job.error, dict)
    assert "bfl-5e0c" not in str(on_record(home, "*"))
    assert "[redacted]" in str(on_record(home, "message"))
