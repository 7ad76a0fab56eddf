"""Cutting out by a model on this machine: what no colour tells apart, by itself or after a picture is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image

from imgforge_mcp.base.errors import Unsupported
from imgforge_mcp.local.models.forms import form_of
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
SIZE = (160, 120)


@pytest.fixture
def matting(pull: Callable[..., None], tmp_path: Path) -> None:
    """A model that takes what is bright for the subject."""
    from tests.local.models import _matting

    pull(_matting.make(tmp_path / "matting"), "cutter")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A bright disc before noise of every colour: nothing that a colour could tell apart."""
    chance = np.random.default_rng(7)
    pixels = chance.integers(0, 110, (SIZE[1], SIZE[0], 3), np.uint8)
    down, across = np.ogrid[: SIZE[1], : SIZE[0]]
    disc = (across - 80) ** 2 + (down - 60) ** 2 < 40**2
    pixels[disc] = chance.integers(180, 255, (int(disc.sum()), 3), np.uint8)
    path = tmp_path / "out" / "photograph.png"
    path.parent.mkdir()
    Image.fromarray(pixels).save(path)
    return path


def alpha(job: dict[str, Any]) -> tuple[int, int]:
    """How opaque the first picture is, in its corner and in its middle."""
    with Image.open(job["assets"][0]["path"]) as picture:
        layer = np.asarray(picture.convert("RGBA").getchannel("A"))
    return int(layer[3, 3]), int(layer[layer.shape[0] // 2, layer.shape[1] // 2])


async def test_a_pulled_model_cuts_out_what_no_colour_tells_apart(
    matting: None, photograph: Path, client_on: OpenClient
) -> None:
    asked = {"image": str(photograph), "operation": "remove_background"}
    async with client_on() as client:
        job = told(await client.call_tool("transform_image", asked))
        cropped = told(await client.call_tool("transform_image", {**asked, "operation": "crop", "width": 50}))
        drawn = told(await client.call_tool("generate_image", {"prompt": "a fox", "width": 256, "height": 256}))
    assert (job["state"], job["model"], job["cost_basis"]) == ("completed", "cutter", "free")
    assert (job["assets"][0]["width"], job["assets"][0]["height"]) == SIZE
    assert alpha(job) == (0, 255)
    assert "shortfalls" not in job
    assert "by the colour" not in str(job)
    assert cropped["model"] == "transform"
    assert (drawn["model"], "photographs need a key" in drawn["message"]) == ("illustrator", True)


async def test_a_transparent_picture_is_cut_out_by_it_where_the_model_makes_none(
    matting: None, photograph: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.delivered = await anyio.Path(photograph).read_bytes()
    asked = {"prompt": "a disc", "background": "transparent", "model": "together/flux-schnell"}
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", asked))
    assert alpha(job) == (0, 255)
    assert any("by cutter" in warning for warning in job["warnings"])


async def test_a_model_that_cannot_be_loaded_leaves_the_cutting_to_its_colour(
    matting: None, home: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    (home / "models" / "cutter" / "onnx" / "model.onnx").write_bytes(b"none")
    asked = {"prompt": "a paper boat, flat icon", "background": "transparent", "model": "together/flux-schnell"}
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", asked))
    assert job["state"] == "completed"
    assert any("cutter did not cut it out" in warning for warning in job["warnings"])


def test_of_a_repository_that_cuts_out_the_whole_graph_and_the_papers_are_fetched() -> None:
    listed = ("onnx/model.onnx", "onnx/model_fp16.onnx", "config.json", "preprocessor_config.json", "pytorch_model.bin")
    form = form_of("onnx-community/BiRefNet_lite-ONNX", listed)
    assert {path for path in listed if form.has(path)} == {"onnx/model.onnx", "config.json", "preprocessor_config.json"}
    with pytest.raises(Unsupported):
        form_of("somebody/nothing", listed[1:])
