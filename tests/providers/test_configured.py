"""What a user can set about a provider beyond its key, through the MCP tools: own servers, workflows, other ways."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.answers import pictures, told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

PROMPT = "a red fox"
PICTURED = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"}},
    "p": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "photo of %prompt%, 35 mm"}},
    "n": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "%negative_prompt%"}},
    "l": {"class_type": "EmptyLatentImage", "inputs": {"width": "%width%", "height": "%height%", "batch_size": 1}},
    "s": {
        "class_type": "KSampler",
        "inputs": {
            **{"model": ["1", 0], "positive": ["p", 0], "negative": ["n", 0], "latent_image": ["l", 0]},
            **{"seed": "%seed%", "steps": "%steps%", "cfg": 4.5, "denoise": 1.0},
            **{"sampler_name": "dpmpp_2m", "scheduler": "karras"},
        },
    },
    "d": {"class_type": "VAEDecode", "inputs": {"samples": ["s", 0], "vae": ["1", 2]}},
    "o": {"class_type": "SaveImage", "inputs": {"images": ["d", 0], "filename_prefix": "mine"}},
}


def configure(environment: dict[str, str], text: str) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(text, "utf-8")


async def drawn(client_on: OpenClient, emulator: Emulator, **asked: Any) -> dict[str, Any]:
    """The finished job of one picture, which the emulator found nothing wrong with."""
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": PROMPT, "provider": emulator.name, **asked})
        job = told(result)
    assert not result.is_error, job
    assert len(pictures(job)) == 1
    assert emulator.surprises == []
    return job


async def test_a_container_of_ones_own_takes_other_sizes_than_nvidias_catalogue(
    emulate: Callable[[str], Emulator], client_on: OpenClient, environment: dict[str, str]
) -> None:
    sizing = '{ kind = "pixels", minimum = 768, maximum = 1344, multiple = 64 }'
    configure(environment, f'[models."nvidia/flux-schnell"]\noptions = {{ path = "/v1/infer" }}\nsizing = {sizing}\n')
    emulator = emulate("nvidia")
    job = await drawn(client_on, emulator, model="nvidia/flux-schnell", width=1344, height=768)
    assert pictures(job) == [(1344, 768)]
    assert [call.path for call in emulator.submits] == ["/v1/infer"]


@pytest.mark.parametrize(
    ("via", "identifier", "path"),
    [
        pytest.param("fal-ai", "fal-ai/flux/schnell", "/fal-ai/fal-ai/flux/schnell", id="fal"),
        pytest.param("together", "black-forest-labs/FLUX.1-schnell", "/together/v1/images/generations", id="together"),
    ],
)
async def test_a_model_behind_hugging_face_is_served_by_whom_the_user_names(
    emulate: Callable[[str], Emulator],
    client_on: OpenClient,
    environment: dict[str, str],
    via: str,
    identifier: str,
    path: str,
) -> None:
    row = f'id = "{identifier}"\noptions = {{ via = "{via}" }}\n'
    configure(environment, f'[models."huggingface/flux-schnell"]\n{row}')
    emulator = emulate("huggingface")
    job = await drawn(client_on, emulator, model="huggingface/flux-schnell", width=768, height=512, steps=4, seed=7)
    assert pictures(job) == [(768, 512)]
    assert ([call.path for call in emulator.submits], emulator.orders[0].seed) == ([path], 7)


async def test_a_checkpoint_is_named_for_automatic1111(
    emulate: Callable[[str], Emulator], client_on: OpenClient, environment: dict[str, str]
) -> None:
    configure(environment, '[models."a1111/a1111"]\nid = "sd_xl_base_1.0.safetensors"\n')
    emulator = emulate("a1111")
    await drawn(client_on, emulator)
    assert emulator.orders[0].model.startswith("sd_xl_base_1.0")


async def test_a_workflow_of_ones_own_runs_in_comfyui(
    emulate: Callable[[str], Emulator], client_on: OpenClient, environment: dict[str, str]
) -> None:
    configure(environment, f'[models."comfyui/comfyui"]\noptions = {{ workflow = {as_toml(PICTURED)} }}\n')
    emulator = emulate("comfyui")
    job = await drawn(client_on, emulator, width=768, height=512, seed=11, steps=9, negative_prompt="blur")
    (order,) = emulator.orders
    assert (order.model, order.seed, order.body["negative"]) == ("sd_xl_base_1.0.safetensors", 11, "blur")
    assert order.prompt.startswith(f"photo of {PROMPT}")
    assert (pictures(job), job["assets"][0]["seed"]) == ([(768, 512)], 11)


async def test_a_version_is_named_at_replicate(
    emulate: Callable[[str], Emulator], client_on: OpenClient, environment: dict[str, str]
) -> None:
    version = f"black-forest-labs/flux-schnell:{'c' * 64}"
    configure(environment, f'[models."replicate/flux-schnell"]\nid = "{version}"\n')
    emulator = emulate("replicate")
    await drawn(client_on, emulator, model="replicate/flux-schnell")
    assert [(call.path, call.json["version"]) for call in emulator.submits] == [("/v1/predictions", version)]


@pytest.mark.parametrize("has_full_urls", [True, False], ids=["a whole URL", "a path"])
async def test_img_forge_may_name_an_asset_either_way(
    emulate: Callable[[str], Emulator], client_on: OpenClient, has_full_urls: bool
) -> None:
    emulator = emulate("imgforge")
    emulator.has_full_urls = has_full_urls  # type: ignore[attr-defined]
    job = await drawn(client_on, emulator, seed=7)
    assert job["assets"][0]["seed"] == 7
    assert [call.path.rpartition("/")[0] for call in emulator.calls] == ["/v2", *["/v2/jobs"] * 2, "/v2/assets"]


def as_toml(value: Any) -> str:
    """A graph as an inline table."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{json.dumps(name)} = {as_toml(each)}" for name, each in value.items()) + " }"
        case list():
            return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return json.dumps(value)
