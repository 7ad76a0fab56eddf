"""Drawing with what only diffusers draws with: the same promises as of the other form, and weights that run nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image

from imgforge_mcp.base.errors import Unsupported
from imgforge_mcp.base.types import Job, JobState, Progress
from imgforge_mcp.local.models.forms import DIFFUSERS, OPENVINO, form_of
from tests.answers import ended, told
from tests.conftest import OpenClient, OpenForge
from tests.e2e._program import run
from tests.local.models._hub import Hub
from tests.local.models.test_drawing import FOX, as_file, made, pixels, processes, submitted

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("diffusers")]

Pull = Callable[..., None]
Made = Callable[[str], Path]


@pytest.fixture(scope="module")
def tiny(diffusers: None, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """`tiny("ZImagePipeline")`: a folder with a random one of that class."""
    from tests.local.models import _tiny_diffusers

    folder = tmp_path_factory.mktemp("diffusers")
    return lambda kind: folder / kind if (folder / kind).exists() else _tiny_diffusers.make(folder / kind, kind)


@pytest.mark.parametrize("kind", ["StableDiffusionPipeline", "ZImagePipeline", "Flux2KleinPipeline"])
async def test_a_pipeline_draws_from_words_from_a_picture_and_into_one(
    kind: str, tiny: Made, pull: Pull, client_on: OpenClient, tmp_path: Path
) -> None:
    pull(tiny(kind))
    grey = as_file(tmp_path, "grey.png", Image.new("RGB", (64, 64), (120, 120, 120)))
    half = Image.new("L", (64, 64), 0)
    half.paste(255, (32, 0, 64, 64))
    mask = as_file(tmp_path, "mask.png", half)
    asked = {**FOX, "steps": 2}
    async with client_on() as client:

        async def drawn(tool: str, **asked: Any) -> dict[str, Any]:
            job = told(await client.call_tool(tool, asked))
            return job if job["state"] == "completed" else await ended(client, job["job_id"])

        first = await drawn("generate_image", **asked)
        other = await drawn("generate_image", **{**asked, "seed": 12})
        edit = {"prompt": "a lake", "image": grey, "steps": 4, "seed": 3}
        again = await drawn("edit_image", **edit)
        painted = await drawn("edit_image", **edit, mask=mask)
        after = await drawn("generate_image", **asked, idempotency_key="once more")
    assert [job.get("model") for job in (first, other, again, painted, after)] == ["tiny"] * 5, (first, again, painted)
    assert (pixels(first) == pixels(after)).all()
    assert (pixels(first) != pixels(other)).any()
    assert np.abs(pixels(again) - 120).mean() > 5
    assert np.abs(pixels(painted)[:, :16] - 120).max() == 0
    assert np.abs(pixels(painted)[:, 48:] - 120).mean() > 5


def test_what_the_hub_has_is_pulled_without_pickles_programs_and_variants_and_draws_the_same_in_two_processes(
    tiny: Made, account: dict[str, str], home: Path
) -> None:
    more = ("unet/diffusion_pytorch_model.bin", "unet/model.fp16.safetensors", "whole.safetensors", "pipeline.py")
    served = Hub("somebody/Tiny-Diffusers", tiny("StableDiffusionPipeline"))
    wanted = {name for name in served.files if name not in ("README.md", ".gitattributes")}
    served.files |= dict.fromkeys(more, b"1")
    with served.served():
        environment = {**account, "HF_ENDPOINT": served.url}
        pulled = run(environment, "models", "--pull", "somebody/Tiny-Diffusers", "--yes")
        assert pulled.returncode == 0, pulled.stderr
    folder = home / "models" / "tiny-diffusers"
    kept = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert kept == {*wanted, "imgforge.json"}
    assert json.loads((folder / "imgforge.json").read_text())["form"] == "diffusers"
    ids = set()
    for _ in range(2):
        made = run(account, "generate", "a", "lake", "--seed", "3", "--size", "64x64", "--json")
        assert made.returncode == 0, made.stderr
        job = json.loads(made.stdout)
        assert job["model"] == "tiny-diffusers"
        ids.add(job["assets"][0]["asset_id"])
    assert len(ids) == 1


async def test_a_picture_is_called_off_at_a_step_and_the_next_one_finds_the_model_loaded(
    tiny: Made, pull: Pull, forge_on: OpenForge
) -> None:
    pull(tiny("Flux2KleinPipeline"))
    async with forge_on() as forge:
        await made(forge, steps=1)
        (holding,) = processes()
        started = await submitted(forge, steps=50, width=1024, height=1024)
        async with anyio.create_task_group() as tasks:

            async def end_at_a_step(progress: Progress) -> None:
                if progress.message.startswith("step "):
                    tasks.start_soon(forge.cancel, started.job_id, forge.caller())

            called_off: Job = await forge.wait(started.job_id, 600.0, end_at_a_step)
        assert called_off.state is JobState.CANCELED
        await made(forge, steps=1, seed=12)
        assert [process.pid for process in processes()] == [holding.pid]


async def test_weights_that_are_not_what_they_should_be_are_one_sentence_and_cost_nothing(
    tiny: Made, pull: Pull, client_on: OpenClient, home: Path
) -> None:
    pull(tiny("ZImagePipeline"))
    broken = home / "models" / "tiny" / "transformer" / "diffusion_pytorch_model.safetensors"
    broken.write_bytes(b"\x08\0\0\0\0\0\0\0{broken}")
    async with client_on() as client:
        lost = told(await client.call_tool("generate_image", FOX))
    assert "The model cannot be loaded" in str(lost), lost
    assert str(home) not in lost["error"]


def test_an_index_that_names_a_part_which_is_not_there_is_refused(tiny: Made, tmp_path: Path, pull: Pull) -> None:
    whole = tiny("StableDiffusionPipeline")
    for missing, words in (("scheduler", "scheduler/"), ("vae", "vae/*.safetensors")):
        folder = tmp_path / missing
        for path in (path for path in whole.rglob("*") if path.is_file() and path.parent.name != missing):
            (folder / path.relative_to(whole)).parent.mkdir(parents=True, exist_ok=True)
            (folder / path.relative_to(whole)).write_bytes(path.read_bytes())
        with pytest.raises(Unsupported, match="it lacks") as refused:
            pull(folder)
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("listed", "form"),
    [
        (("model_index.json", "unet/openvino_model.xml", "unet/model.safetensors"), OPENVINO),
        (("model_index.json", "unet/model-00001-of-00002.safetensors"), DIFFUSERS),
    ],
)
def test_where_there_are_both_forms_the_one_that_needs_no_card_is_taken(listed: Any, form: Any) -> None:
    assert form_of("somebody/both", listed) is form
