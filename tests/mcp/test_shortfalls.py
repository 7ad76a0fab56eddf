"""What came is measured: no message says plain "ready" for less than what was asked, whatever an upstream delivers."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests import emulators
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.media._pictures import encoded

Emulate = Callable[..., Emulator]
SIDES = st.sampled_from([64, 100, 512, 640, 1024, 1170, 2048])
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
ASKED = st.fixed_dictionaries(
    {"prompt": st.just("a lighthouse")},
    optional={
        "width": SIDES,
        "height": SIDES,
        "aspect_ratio": st.sampled_from(["1:1", "16:9", "2:3"]),
        "image_size": st.sampled_from(["512", "1K", "2K"]),
        "n": st.integers(1, 3),
        "output_format": st.sampled_from(["png", "jpeg", "webp"]),
        "background": st.sampled_from(["transparent", "opaque"]),
        "quality_tier": st.sampled_from(["draft", "standard", "premium", "ultra"]),
        "fit": st.sampled_from(["cover", "contain"]),
    },
)
SENT = st.fixed_dictionaries(
    {
        "size": st.tuples(SIDES, SIDES),
        "kind": st.sampled_from(sorted(KINDS)),
        "is_transparent": st.booleans(),
        "is_plain": st.booleans(),
    }
)


def delivered(sent: dict[str, Any]) -> bytes:
    """A picture as an upstream may send it."""
    mode = "RGBA" if sent["is_transparent"] and sent["kind"] != "JPEG" else "RGB"
    picture = Image.new(mode, sent["size"], (0, 0, 0, 0) if mode == "RGBA" else "white")
    if not sent["is_plain"] and mode == "RGB":
        picture = Image.effect_noise(sent["size"], 120).convert("RGB")
    across, down = sent["size"]
    ImageDraw.Draw(picture).ellipse((across // 4, down // 4, across * 3 // 4, down * 3 // 4), "red")
    return encoded(picture, sent["kind"])


def differences(asked: dict[str, Any], job: dict[str, Any]) -> set[str]:
    """In which way a job's files are not what was asked, found by looking at them with nothing of the program."""
    found = set()
    if len(job["assets"]) < asked.get("n", 1):
        found.add("number")
    for asset in job["assets"]:
        with Image.open(io.BytesIO(Path(asset["path"]).read_bytes())) as picture:
            width, height, kind = picture.width, picture.height, picture.format
            lowest = min(picture.convert("RGBA").getchannel("A").tobytes())
        if any(asked.get(name, side) != side for name, side in (("width", width), ("height", height))):
            found.add("size")
        is_exact = "width" in asked or "height" in asked
        if "aspect_ratio" in asked and not is_exact:
            across, down = (int(part) for part in asked["aspect_ratio"].split(":"))
            if abs(width / height / (across / down) - 1) > 0.04:
                found.add("size")
        if "image_size" in asked and not is_exact:
            side = {"512": 512, "1K": 1024, "2K": 2048}[asked["image_size"]]
            if not 0.7 < width * height / side**2 < 1.4:
                found.add("size")
        if "output_format" in asked and kind != asked["output_format"].upper():
            found.add("format")
        if asked.get("background") == "transparent" and lowest == 255:
            found.add("background")
        if asked.get("background") == "opaque" and lowest < 255:
            found.add("background")
    return found


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=ASKED, sent=SENT)
def test_no_message_says_plain_ready_for_less_than_was_asked(
    asked: dict[str, Any], sent: dict[str, Any], client_on: OpenClient
) -> None:
    emulator = emulators.load("together")

    async def ask() -> dict[str, Any]:
        async with client_on(emulator) as client:
            return told(await client.call_tool("generate_image", {**asked, "enhance": False}))

    with emulator.serve():
        emulator.delivered = delivered(sent)
        job = anyio.run(ask)
    if "code" in job:  # refused before anything was drawn: nothing is called ready
        assert "ready" not in job["error"]
        assert job["code"] in ("invalid_request", "unsupported")
        return
    missed = differences(asked, job)
    is_lower = "Served from the lower tier" in job["message"]
    assert bool(missed or is_lower) <= ("ready, but not as asked: " in job["message"]), (missed, job["message"])
    assert bool(missed) <= bool(job.get("shortfalls")), (missed, job)
    assert all(entry["asked"] and entry["got"] for entry in job.get("shortfalls", []))


@pytest.mark.anyio
async def test_a_wallpaper_of_another_size_is_not_called_ready(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.delivered = encoded(Image.new("RGB", (512, 384), "teal"), "PNG")
    asked = {"prompt": "a wallpaper", "width": 1170, "height": 2532, "quality_tier": "draft"}
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", asked))
        exact = told(await client.call_tool("generate_image", {**asked, "fit": "cover"}))
    assert job["message"].startswith("The image is ready, but not as asked: 512×384 instead of 1170×2532.")
    assert job["shortfalls"] == [{"asked": "1170×2532", "got": "512×384"}]
    assert "not as asked" not in exact["message"]
    assert "Fitted to 1170x2532 on this machine" in exact["message"]


@pytest.mark.anyio
async def test_a_lower_tier_is_told_after_a_restart_in_the_middle_too(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {"prompt": "a lake", "quality_tier": "standard"}))
    assert {"asked": "tier standard", "got": "tier draft"} in job["shortfalls"]
    assert job["message"].startswith("Served from the lower tier draft")


@pytest.fixture
def photograph(tmp_path: Path) -> str:
    """A path: 900 by 600, with something in it."""
    picture = Image.radial_gradient("L").resize((900, 600)).convert("RGB")
    ImageDraw.Draw(picture).rectangle((100, 100, 300, 200), "orange")
    path = tmp_path / "out" / "photo.png"
    path.parent.mkdir()
    picture.save(path)
    return str(path)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "size"), [("PNG", (900, 600)), ("JPEG", (900, 600)), ("WEBP", (1200, 800))], ids=lambda value: str(value)
)
async def test_an_edit_that_returns_the_input_is_an_error_and_stays_paid(
    kind: str, size: tuple[int, int], photograph: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.delivered = encoded(Image.open(photograph).resize(size), kind)
    asked = {"image": photograph, "prompt": "add a boat", "model": "together/flux-kontext", "save_to": "boat"}
    async with client_on(emulator) as client:
        result = await client.call_tool("edit_image", asked)
        error = told(result)
        job = told(await client.call_tool("check_job", {"job_id": error["details"]["job_id"]}))
        usage = told(await client.call_tool("get_usage", {}))
    assert result.is_error
    assert (error["code"], error["status"]) == ("no_change", 422)
    assert "flux-kontext gave the picture back as it was" in error["error"]
    assert "list_models" in error["error"]
    assert (job["state"], job["error"]["code"]) == ("failed", "no_change")
    assert job["cost_usd"] == usage["cost_usd"] > 0
    assert "saved_to" not in job


@pytest.mark.anyio
async def test_a_small_change_is_a_change(photograph: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    changed = Image.open(photograph).copy()
    ImageDraw.Draw(changed).ellipse((700, 400, 720, 420), "navy")
    emulator.delivered = encoded(changed, "PNG")
    asked = {"image": photograph, "prompt": "add a ball", "model": "together/flux-kontext"}
    async with client_on(emulator) as client:
        result = await client.call_tool("edit_image", asked)
    assert not result.is_error


@pytest.mark.anyio
async def test_doubling_a_picture_on_this_machine_is_a_change(photograph: str, client_on: OpenClient) -> None:
    async with client_on() as client:
        result = await client.call_tool("edit_image", {"image": photograph, "prompt": "make it double size"})
    assert not result.is_error or told(result)["code"] != "no_change"
