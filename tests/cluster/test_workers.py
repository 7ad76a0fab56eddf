"""Workers of many machines: a server leaves its jobs to those that hold the key, and makes the picture itself where
there are none; whoever ends meanwhile, nothing is lost."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client

from tests.cluster.machines import Cluster, ask, cluster, figure, is_ready, until
from tests.cluster.machines import signal as send
from tests.cluster.postgres import Postgres
from tests.cluster.s3 import Bucket
from tests.emulators import Emulator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM and SIGKILL are POSIX signals")

FOX = {"prompt": "a red fox", "model": "together/flux-schnell"}


@pytest.fixture
def emulator(emulate: Callable[[str], Emulator]) -> Emulator:
    return emulate("together")


@pytest.fixture
def machines(
    environment: dict[str, str], emulator: Emulator, postgres: Postgres, bucket: Bucket, tmp_path: Path
) -> Iterator[Cluster]:
    shared = {name: value for name, value in environment.items() if name != "IMGFORGE_WORKER"}
    shared |= {**bucket.environment, **emulator.environment()}
    shared |= {"IMGFORGE_DATABASE_URL": postgres.registry(), "IMGFORGE_STORE_URL": bucket.place()}
    with cluster(tmp_path, shared) as started:
        yield started


def leave(url: str, **more: Any) -> str:
    """A job that a server was asked for; its id."""
    status, job = ask(f"{url}/v2/generate", {**FOX, **more})
    assert status == 202, job
    return str(job["job_id"])


def state(url: str, job_id: str) -> str:
    return str(ask(f"{url}/v2/jobs/{job_id}")[1]["state"])


def ended(url: str, job_id: str) -> dict[str, Any]:
    """The job as it has ended."""
    until(lambda: state(url, job_id) in ("completed", "failed", "canceled"), "a job to end")
    found: dict[str, Any] = ask(f"{url}/v2/jobs/{job_id}")[1]
    return found


def staffed(url: str, workers: int) -> None:
    until(lambda: figure(url, "imgforge_workers") == workers, f"{workers} workers")


def test_a_worker_makes_what_a_server_was_asked_for_and_the_server_hears_of_it(
    machines: Cluster, emulator: Emulator
) -> None:
    _, url = machines.server()
    worker, health = machines.worker("--at-once", "3")
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 1)
    assert figure(url, "imgforge_worker_places") == 3
    status, job = ask(f"{url}/v2/generate", {**FOX, "sync": True})
    assert (status, len(emulator.orders)) == (201, 1), job
    assert worker.said(rf"job {job['job_id']} is claimed")
    assert ask(f"{url}{job['asset_url']}")[0] == 200


def test_a_server_makes_pictures_itself_where_no_worker_holds_the_key_and_again_when_the_last_has_gone(
    machines: Cluster, emulator: Emulator
) -> None:
    _, url = machines.server()
    assert ask(f"{url}/v2/generate", {**FOX, "sync": True})[0] == 201
    stranger, health = machines.worker(TOGETHER_API_KEY="another-key")
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 1)
    assert ask(f"{url}/v2/generate", {**FOX, "sync": True})[0] == 201
    assert not stranger.said("claimed")
    holder, health = machines.worker()
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 2)
    send(holder, signal.SIGTERM)
    assert holder.process.wait(60) == 0
    staffed(url, 1)
    assert ask(f"{url}/v2/generate", {**FOX, "sync": True})[0] == 201
    assert len(emulator.orders) == 3


def test_a_worker_that_is_told_to_end_finishes_what_is_out_and_hands_back_the_rest_at_once(
    machines: Cluster, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.fault("hang", times=1)
    one_at_a_time = tmp_path / "worker.toml"
    one_at_a_time.write_text("[providers.together]\nconcurrency = 1\n", "utf-8")
    _, url = machines.server()
    worker, health = machines.worker(IMGFORGE_CONFIG=str(one_at_a_time))
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 1)
    first, second = leave(url), leave(url)
    worker.wait_until_said(rf"job {second} is claimed")
    until(lambda: len(emulator.calls) == 1, "a call")
    send(worker, signal.SIGTERM)
    until(lambda: len(emulator.calls) == 2, "the job that was handed back to be made")
    assert worker.process.poll() is None
    assert not is_ready(health)
    emulator.clear()
    assert worker.process.wait(60) == 0
    assert [ended(url, job_id)["state"] for job_id in (first, second)] == ["completed"] * 2
    assert len(emulator.orders) == 2


def test_a_picture_is_made_though_the_server_that_was_asked_for_it_is_killed(
    machines: Cluster, emulator: Emulator
) -> None:
    emulator.fault("hang", times=1)
    server, url = machines.server()
    _, health = machines.worker()
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 1)
    job_id = leave(url)
    until(lambda: len(emulator.calls) == 1, "a call")
    server.kill()
    _, url = machines.server()
    emulator.clear()
    assert ended(url, job_id)["state"] == "completed"
    assert len(emulator.orders) == 1


def test_work_that_was_accepted_is_gone_on_with_by_another_worker(
    machines: Cluster, emulate: Callable[[str], Emulator]
) -> None:
    bfl = emulate("bfl")
    bfl.polls = 8
    _, url = machines.server(**bfl.environment())
    holders = [machines.worker(**bfl.environment()) for _ in range(2)]
    for _, health in holders:
        until(lambda health=health: is_ready(health), "the worker to be ready")  # type: ignore[misc]
    staffed(url, 2)
    job_id = leave(url, model="bfl/flux-2-klein-4b")
    until(lambda: len(bfl.calls) > 1, "it to be asked about")
    [holder] = [machine for machine, _ in holders if machine.said("is claimed")]
    holder.kill()
    [other] = [machine for machine, _ in holders if machine is not holder]
    other.wait_until_said(rf"resuming job {job_id}")
    assert ended(url, job_id)["state"] == "completed"
    assert len(bfl.orders) == 1


def test_what_waits_is_canceled_at_once_and_what_is_claimed_before_it_is_sent(
    machines: Cluster, emulator: Emulator
) -> None:
    emulator.fault("hang", times=1)
    _, url = machines.server()
    worker, health = machines.worker("--at-once", "1")
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 1)
    busy, waiting = leave(url), leave(url)
    worker.wait_until_said(rf"job {busy} is claimed")
    assert figure(url, "imgforge_queue_depth") >= 1
    assert tool(url, "cancel_job", job_id=waiting)["state"] == "canceled"
    emulator.clear()
    assert ended(url, busy)["state"] == "completed"
    assert len(emulator.calls) == 1


def test_a_caller_that_goes_away_before_its_job_is_claimed_leaves_nothing_behind(
    machines: Cluster, emulator: Emulator
) -> None:
    emulator.fault("hang", times=1)
    _, url = machines.server()
    worker, health = machines.worker("--at-once", "1")
    until(lambda: is_ready(health), "the worker to be ready")
    staffed(url, 1)
    busy = leave(url)
    worker.wait_until_said(rf"job {busy} is claimed")
    with suppress(TimeoutError):
        ask(f"{url}/v2/generate", {**FOX, "sync": True}, seconds=0.5)
    until(lambda: jobs(url)[0]["state"] == "canceled", "the job to be canceled")
    emulator.clear()
    assert ended(url, busy)["state"] == "completed"
    assert len(emulator.calls) == 1


def jobs(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tool(url, "check_job", include_preview=False)["jobs"]
    return found


def tool(url: str, name: str, **arguments: Any) -> dict[str, Any]:
    """A tool's answer over MCP."""

    async def call() -> dict[str, Any]:
        async with Client(f"{url}/mcp") as client:
            result = await client.call_tool(name, arguments)
            answer: dict[str, Any] = json.loads(result.content[0].text)  # type: ignore[union-attr]
            return answer

    return anyio.run(call)
