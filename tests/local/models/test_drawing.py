"""Drawing with a pulled model: first where no provider has a key, step by step, in a process whose end is one job's
failure; the same seed gives the same bytes anywhere."""

import io
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from PIL import Image

from imgforge_mcp.base.types import ImageRequest, Job, JobState, Progress
from imgforge_mcp.forge import Forge
from tests.answers import ended, told
from tests.conftest import OpenClient, OpenForge
from tests.e2e._program import run

pytestmark = pytest.mark.anyio

Pull = Callable[..., None]
SMALL = {"width": 64, "height": 64}
FOX = {"prompt": "a red fox in the snow", "seed": 11, **SMALL}


def processes() -> list[Any]:
    """Those of this program that hold a model."""
    import psutil

    children = psutil.Process().children(recursive=True)
    return [child for child in children if "imgforge_mcp.local.models.runtime_process" in child.cmdline()]


def pixels(job: dict[str, Any]) -> Any:
    with Image.open(Path(job["assets"][0]["path"])) as picture:
        return np.asarray(picture.convert("RGB"), np.int16)


def as_file(folder: Path, name: str, picture: Image.Image) -> str:
    """A file where references may be, as a path."""
    (folder / "out").mkdir(exist_ok=True)
    picture.save(folder / "out" / name)
    return str(folder / "out" / name)


async def submitted(forge: Forge, **said: Any) -> Job:
    return await forge.submit(ImageRequest(**{**FOX, **said}), forge.caller())


async def made(forge: Forge, **said: Any) -> Job:
    job = await forge.wait((await submitted(forge, **said)).job_id, 600.0)
    assert job.state is JobState.COMPLETED, job.error
    return job


async def test_a_pulled_model_draws_where_no_provider_has_a_key(
    pull: Pull, slow_pipeline: Path, client_on: OpenClient
) -> None:
    pull(slow_pipeline)
    heard: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(str(message))

    async with client_on(IMGFORGE_SYNC_WAIT="600") as client:
        instructions = client.instructions or ""
        listed = told(await client.call_tool("list_models", {}))
        job = told(await client.call_tool("generate_image", {**FOX, "steps": 40}, progress_callback=hear))
        best = told(await client.call_tool("generate_image", {**FOX, "steps": 1, "quality_tier": "premium"}))
    assert (job["provider"], job["model"], job["cost_basis"]) == ("local", "tiny", "free")
    assert "warnings" not in job
    assert "not_drawn" not in job
    assert "embedded" not in job["message"]
    assert (best["provider"], best["model"]) == ("local", "tiny")
    assert all("local/tiny" in line and "illustrator" not in line for line in listed["tiers"])
    assert "tiny draws on this machine" in instructions
    assert any("step " in message and " of 40" in message for message in heard), heard


async def test_the_tiers_boosters_are_for_a_model_and_not_for_the_illustrator(
    pull: Pull, pipeline: Path, forge_on: OpenForge
) -> None:
    pull(pipeline)
    async with forge_on() as forge:
        drawn = await made(forge, quality_tier="premium")
        composed = await made(forge, quality_tier="premium", model="illustrator")
    assert "masterpiece" in drawn.final_prompt
    assert composed.final_prompt == FOX["prompt"]
    assert drawn.warnings == ()
    assert any("Composed by the embedded illustrator" in warning for warning in composed.warnings)


def test_the_same_seed_gives_the_same_bytes_in_two_processes(
    pull: Pull, pipeline: Path, account: dict[str, str]
) -> None:
    pull(pipeline)
    ids = []
    for seed in ("3", "3", "4"):
        made = run(account, "generate", "a", "lake", "--seed", seed, "--size", "64x64", "--json")
        assert made.returncode == 0, made.stderr
        ids.append(json.loads(made.stdout)["assets"][0]["asset_id"])
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


async def test_two_pictures_have_seeds_that_count_up_and_come_from_one_process(
    pull: Pull, pipeline: Path, forge_on: OpenForge
) -> None:
    pull(pipeline)
    async with forge_on() as forge:
        job = await made(forge, n=2)
        assert len(processes()) == 1
    assert sorted(asset.seed or 0 for asset in job.assets) == [11, 12]
    assert processes() == []


async def test_a_picture_is_called_off_between_two_steps_and_the_next_one_finds_the_model_loaded(
    pull: Pull, slow_pipeline: Path, forge_on: OpenForge
) -> None:
    pull(slow_pipeline)
    async with forge_on() as forge:
        await made(forge, steps=1)
        (holding,) = processes()
        started = await submitted(forge, steps=50)
        async with anyio.create_task_group() as tasks:

            async def end_at_a_step(progress: Progress) -> None:
                if progress.message.startswith("step "):
                    tasks.start_soon(forge.cancel, started.job_id, forge.caller())

            ended = await forge.wait(started.job_id, 600.0, end_at_a_step)
        assert ended.state is JobState.CANCELED
        await made(forge, steps=1, seed=12)
        assert [process.pid for process in processes()] == [holding.pid]


async def test_a_runtime_that_is_killed_is_that_jobs_failure_and_nothing_elses(
    pull: Pull, slow_pipeline: Path, client_on: OpenClient
) -> None:
    pull(slow_pipeline)
    async with client_on() as client:
        for _ in range(3):  # no breaker: each job starts a process of its own
            started = told(await client.call_tool("generate_image", {**FOX, "steps": 50, "sync": False}))
            while not processes():
                await anyio.lowlevel.checkpoint()
            processes()[0].send_signal(signal.SIGKILL)
            lost = await ended(client, started["job_id"])
            assert lost["state"] == "failed"
            assert "The process of tiny ended while it drew" in lost["message"]
            assert lost.get("cost_usd", 0) == 0
        after = told(await client.call_tool("generate_image", {**FOX, "steps": 1}))
    assert after["state"] == "completed"


async def test_the_memory_is_given_back_when_nothing_was_asked_for_a_while(
    pull: Pull, pipeline: Path, client_on: OpenClient
) -> None:
    pull(pipeline)
    async with client_on(IMGFORGE_LOCAL_IDLE_SECONDS="0") as client:
        job = told(await client.call_tool("generate_image", FOX))
        assert job["state"] == "completed"
        assert processes() == []


async def test_a_model_that_there_is_no_memory_for_is_not_loaded(
    pull: Pull, pipeline: Path, client_on: OpenClient, tmp_path: Path
) -> None:
    pull(pipeline)
    (tmp_path / "config.toml").write_text('[models."local/tiny"]\noptions = { memory = 1_000_000_000_000_000 }\n')
    async with client_on() as client:
        result = await client.call_tool("generate_image", FOX)
        drawn = told(await client.call_tool("generate_image", {**FOX, "model": "illustrator"}))
    assert "of memory and" in told(result)["error"]
    assert "model illustrator" in told(result)["error"]
    assert drawn["state"] == "completed"


async def test_a_picture_is_drawn_from_a_picture_and_painted_into_where_the_mask_says(
    pull: Pull, pipeline: Path, client_on: OpenClient, tmp_path: Path
) -> None:
    pull(pipeline)
    grey = as_file(tmp_path, "grey.png", Image.new("RGB", (64, 64), (120, 120, 120)))
    half = Image.new("L", (64, 64), 0)
    half.paste(255, (32, 0, 64, 64))
    mask = as_file(tmp_path, "mask.png", half)
    async with client_on() as client:
        again = told(await client.call_tool("edit_image", {"prompt": "a lake", "image": grey, "strength": 0.5}))
        painted = told(await client.call_tool("edit_image", {"prompt": "a lake", "image": grey, "mask": mask}))
    assert (again.get("model"), painted.get("model")) == ("tiny", "tiny"), (again, painted)
    assert np.abs(pixels(again) - 120).mean() > 5
    assert np.abs(pixels(painted)[:, :16] - 120).max() == 0
    assert np.abs(pixels(painted)[:, 48:] - 120).mean() > 5


async def test_a_plain_instruction_is_still_followed_by_the_embedded_engine(
    pull: Pull, pipeline: Path, client_on: OpenClient, tmp_path: Path
) -> None:
    pull(pipeline)
    wide = as_file(tmp_path, "wide.png", Image.new("RGB", (96, 64), "teal"))
    async with client_on() as client:
        job = told(await client.call_tool("edit_image", {"prompt": "crop it to a square", "image": wide}))
    assert job["model"] == "adjust"
    assert pixels(job).shape[:2] == (64, 64)


async def test_a_model_that_only_reads_words_is_not_offered_for_edits(
    tmp_path: Path, pull: Pull, client_on: OpenClient
) -> None:
    from tests.local.models import _tiny

    pull(_tiny.make(tmp_path / "words", reads_pictures=False), "words")
    grey = as_file(tmp_path, "grey.png", Image.new("RGB", (64, 64), "grey"))
    async with client_on() as client:
        drawn = told(await client.call_tool("generate_image", FOX))
        refused = await client.call_tool("edit_image", {"prompt": "a lake", "image": grey, "model": "words"})
    assert drawn["model"] == "words"
    assert "cannot" in str(told(refused)), told(refused)


async def test_what_is_cut_out_and_cropped_does_not_wait_behind_a_picture_that_takes_minutes(
    pull: Pull, slow_pipeline: Path, client_on: OpenClient, tmp_path: Path
) -> None:
    pull(slow_pipeline)
    wide = as_file(tmp_path, "wide.png", Image.new("RGB", (96, 64), "teal"))
    async with client_on() as client:
        slow = told(await client.call_tool("generate_image", {**FOX, "steps": 50, "sync": False}))
        while not processes():
            await anyio.lowlevel.checkpoint()
        resized = told(
            await client.call_tool("transform_image", {"image": wide, "operation": "resize", "width": 48, "height": 32})
        )
        assert resized["state"] == "completed"
        assert told(await client.call_tool("check_job", {"job_id": slow["job_id"]}))["state"] == "processing"
        await client.call_tool("cancel_job", {"job_id": slow["job_id"]})


def test_a_picture_tells_nothing_of_the_machine_that_drew_it(
    pull: Pull, pipeline: Path, account: dict[str, str]
) -> None:
    pull(pipeline)
    made = run(account, "generate", "a", "lake", "--size", "64x64", "--json")
    path = Path(json.loads(made.stdout)["assets"][0]["path"])
    assert str(path.parents[4]).encode() not in path.read_bytes()
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        assert picture.info == {}
