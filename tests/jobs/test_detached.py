"""A worker of its own within one process: how long it stays, what it answers, and which doors share one."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from imgforge_mcp import ImageRequest, open_forge
from imgforge_mcp.app.open import open_worker
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import JobState
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.jobs.detached.host import IDLE_SECONDS, Host
from imgforge_mcp.jobs.detached.line import Line
from imgforge_mcp.jobs.detached.mark import mark_of
from imgforge_mcp.jobs.detached.place import Lock, Place, Station, living
from imgforge_mcp.jobs.detached.wire import listen, remove
from imgforge_mcp.jobs.webhooks import WAITS
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.storage.images.directory import AssetDirectory
from imgforge_mcp.storage.registry.outbox import Webhook, WebhookState
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE
from tests.http._receiver import receiving
from tests.storage.registries import Process
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]


async def test_a_worker_leaves_a_minute_after_its_last_job_and_not_before(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock, tmp_path: Path
) -> None:
    together = emulate("together")
    config = load_config(environment | together.environment())
    left: list[str] = []
    async with open_worker(config, clock) as (worker, registry), anyio.create_task_group() as tasks:
        listening = await listen(tmp_path / "socket")
        host = Host(worker, registry, clock)
        serve = partial(host.serve, listening, lambda: left.append("the place"), is_on_demand=True)
        tasks.start_soon(serve)
        together.fault("hang")
        books = Process(registry=registry, images=AssetDirectory(config.home), clock=clock)
        job = await books.open(model="together/flux-schnell", width=256, height=256)
        assert await worker.take(job.job_id, registry.owner)
        assert await anyio.to_thread.run_sync(together.wait_for_submits)
        clock.advance(IDLE_SECONDS)
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        assert left == []
        together.clear()
        await worker.wait_until_idle()
        assert await registry.jobs.state(job.job_id) is JobState.COMPLETED
        await clock.run_out(IDLE_SECONDS)
    remove(listening.address)
    assert left == ["the place"]


async def test_a_worker_that_is_to_end_finishes_what_is_out_and_leaves_what_waits_its_turn(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock
) -> None:
    await anyio.Path(environment["IMGFORGE_CONFIG"]).write_text("[providers.together]\nconcurrency = 1\n", "utf-8")
    together = emulate("together")
    together.fault("hang", times=1)
    config = load_config(environment | together.environment())
    async with open_worker(config, clock) as (worker, registry):
        books = Process(registry=registry, images=AssetDirectory(config.home), clock=clock)
        prompts = ("a red fox", "a blue fox")
        out, waiting = [await books.open(prompt=text, model="together/flux-schnell") for text in prompts]
        assert await worker.take(out.job_id, registry.owner)
        assert await anyio.to_thread.run_sync(together.wait_for_submits)
        assert await worker.take(waiting.job_id, registry.owner)
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        worker.retire()
        together.clear()
        await worker.wait_until_idle()
        assert await registry.jobs.state(out.job_id) is JobState.COMPLETED
        left = await registry.jobs.get(waiting.job_id)
    assert (left.state.is_final, left.attempts, len(together.submits)) == (False, (), 1)


async def test_a_worker_stays_until_nobody_is_left_to_be_told_by_webhook(
    emulate: Emulate, environment: dict[str, str], clock: VirtualClock, tmp_path: Path
) -> None:
    together = emulate("together")
    config = load_config({**environment, **together.environment(), "IMGFORGE_PRIVATE_HOSTS": "127.0.0.1"})
    left: list[str] = []

    async def told(tries: int) -> Webhook:
        """After so many tries."""
        with anyio.fail_after(PATIENCE):
            while True:
                [webhook] = await registry.outbox.recent(1)
                again = clock.now() + timedelta(seconds=WAITS[tries - 1])
                if webhook.tries == tries and webhook.due_at in (None, again):
                    return webhook
                await anyio.lowlevel.checkpoint()

    with receiving() as receiver:
        receiver.status = 503
        async with open_worker(config, clock) as (worker, registry), anyio.create_task_group() as tasks:
            listening = await listen(tmp_path / "socket")
            host = Host(worker, registry, clock)
            tasks.start_soon(partial(host.serve, listening, lambda: left.append("the place"), is_on_demand=True))
            books = Process(registry=registry, images=AssetDirectory(config.home), clock=clock)
            job = await books.open(model="together/flux-schnell", width=256, height=256, webhook_url=receiver.url)
            assert await worker.take(job.job_id, registry.owner)
            await worker.wait_until_idle()
            for tries, wait in enumerate(WAITS[:6], start=1):
                assert (await told(tries)).state is WebhookState.PENDING
                clock.advance(wait)
            assert (await told(7)).state is WebhookState.PENDING
            assert left == []
            receiver.status = 204
            clock.advance(WAITS[6])
            assert (await told(8)).state is WebhookState.DELIVERED
            while not left:
                clock.advance(IDLE_SECONDS)
                for _ in range(100):
                    await anyio.lowlevel.checkpoint()
    remove(listening.address)


async def test_a_caller_who_does_not_know_the_secret_is_not_heard(
    environment: dict[str, str], clock: VirtualClock, tmp_path: Path
) -> None:
    """As on Windows, where every process of the machine could call."""
    async with open_worker(load_config(environment), clock) as (worker, registry):
        listening = await listen(tmp_path / "socket", by_port=True)
        station = Station(pid=1, owner=registry.owner, version="1", started_at="", address=listening.address)
        async with anyio.create_task_group() as tasks:
            serve = partial(Host(worker, registry, clock).serve, listening, lambda: None, is_on_demand=False)
            tasks.start_soon(serve)
            line = await Line.to(station, Clock(), lambda _: None)
            assert line is not None
            tasks.start_soon(line.serve)
            assert await line.ask("cut_off", job="nobody") is None
            assert not line.is_open
            tasks.cancel_scope.cancel()
    remove(listening.address)


@pytest.mark.parametrize(
    ("variables", "is_shared"),
    [
        pytest.param({"IMGFORGE_PREVIEW": "off", "IMGFORGE_LOG_LEVEL": "debug"}, True, id="display"),
        pytest.param({"IMGFORGE_SYNC_WAIT": "5", "IMGFORGE_WORKER": "detached"}, True, id="waiting"),
        pytest.param({"SOMETHING_ELSE": "1"}, True, id="foreign"),
        pytest.param({"TOGETHER_API_KEY": "another-key"}, False, id="key"),
        pytest.param({"IMGFORGE_TOGETHER_BASE_URL": "https://gateway.example"}, False, id="address"),
        pytest.param({"IMGFORGE_DAILY_BUDGET_USD": "1"}, False, id="budget"),
        pytest.param({"HTTPS_PROXY": "http://proxy.example:3128"}, False, id="proxy"),
        pytest.param({"BFL_API_KEY": "one-more"}, False, id="provider"),
    ],
)
def test_doors_share_a_worker_when_it_would_make_the_same_calls(
    environment: dict[str, str], variables: dict[str, str], is_shared: bool
) -> None:
    def mark(**more: str) -> str:
        config = load_config({**environment, "TOGETHER_API_KEY": "a-key", **more})
        return mark_of(config, open_configured(config, load_catalog(config.catalog, config.source)))

    assert (mark() == mark(**variables)) is is_shared


def test_one_process_at_a_time_has_a_place_and_what_it_said_is_nothing_without_the_lock(home: Path) -> None:
    home.mkdir()
    place = Place(home, "0123456789abcdef")
    place.prepare()
    lock = Lock.tried(place.lock)
    assert lock is not None
    assert Lock.tried(place.lock) is None
    station = Station(pid=1, owner="one", version="1", started_at="now", address="unix:/nowhere")
    place.occupy(station)
    assert (living(home), place.is_held(), place.is_bereaved()) == ([station], True, False)
    lock.drop()
    assert (living(home), place.is_held(), place.is_bereaved()) == ([], False, True)
    place.clear()
    assert not place.is_bereaved()


async def test_a_forge_runs_its_jobs_itself_unless_it_is_asked_not_to(
    emulate: Emulate, environment: dict[str, str], home: Path, clock: VirtualClock
) -> None:
    together = emulate("together")
    settings = {**environment, **together.environment(), "IMGFORGE_WORKER": ""}
    async with open_forge(load_config(settings), clock) as forge:
        job = await forge.generate(ImageRequest(prompt="a fox"), forge.caller())
    assert job.state is JobState.COMPLETED
    assert not (home / "workers").exists()
