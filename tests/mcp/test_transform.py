"""Pictures changed without a prompt, on this machine and without a key: each a job like the others, honest about how it
was done."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image, ImageDraw

from tests.answers import pictures, previews, told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]


@pytest.fixture
def apple(tmp_path: Path) -> str:
    """A path: a red disc on white, 120 by 80."""
    picture = Image.new("RGB", (120, 80), "white")
    ImageDraw.Draw(picture).ellipse((40, 20, 80, 60), "red")
    path = tmp_path / "out" / "apple.png"
    path.parent.mkdir()
    picture.save(path)
    return str(path)


async def transformed(client: Client, image: str, operation: str, **asked: Any) -> dict[str, Any]:
    return told(await client.call_tool("transform_image", {"image": image, "operation": operation, **asked}))


def opened(job: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(Path(job["assets"][0]["path"]).read_bytes()))


@pytest.mark.parametrize(
    ("operation", "asked", "size"),
    [
        pytest.param("upscale", {}, (240, 160), id="twice, left out"),
        pytest.param("upscale", {"scale": "4"}, (480, 320), id="four times"),
        pytest.param("crop", {"left": 40, "top": 20, "width": 40, "height": 40}, (40, 40), id="a part"),
        pytest.param("crop", {"aspect_ratio": "square"}, (80, 80), id="a shape from the middle"),
        pytest.param("resize", {"width": 60}, (60, 40), id="one side"),
        pytest.param("resize", {"size": "32x32"}, (32, 32), id="a small icon"),
        pytest.param("extend", {"left": 10, "bottom": 5}, (130, 85), id="a margin"),
        pytest.param("outpaint", {"aspect_ratio": "16:9"}, (142, 80), id="up to a shape"),
        pytest.param("extend", {"width": 200, "height": 100}, (200, 100), id="up to a size"),
    ],
)
async def test_a_picture_has_the_size_that_was_asked_for(
    operation: str, asked: dict[str, Any], size: tuple[int, int], client_on: OpenClient, apple: str
) -> None:
    async with client_on() as client:
        job = await transformed(client, apple, operation, **asked)
    assert pictures(job) == [size]
    assert (job["state"], job["provider"], job["cost_basis"]) == ("completed", "local", "free")
    assert f"{size[0]}x{size[1]}" in job["message"]


async def test_a_background_is_taken_away_and_the_answer_says_how(client_on: OpenClient, apple: str) -> None:
    async with client_on() as client:
        result = await client.call_tool("transform_image", {"image": apple, "operation": "remove_background"})
    job = told(result)
    layer = opened(job).getchannel("A")
    assert (layer.getpixel((0, 0)), layer.getpixel((60, 40))) == (0, 255)
    assert any("by the colour of its background" in warning for warning in job["warnings"])
    assert len(previews(result)) == 1


async def test_what_cannot_be_cut_out_here_is_refused_with_what_could(client_on: OpenClient, tmp_path: Path) -> None:
    path = tmp_path / "out" / "noise.png"
    path.parent.mkdir()
    Image.effect_noise((128, 128), 120).save(path)
    async with client_on() as client:
        result = await client.call_tool("transform_image", {"image": str(path), "operation": "remove_background"})
    assert result.is_error
    refused = told(result)
    assert (refused["code"], refused["status"]) == ("unsupported", 422)
    assert "not of one plain colour" in refused["error"]


async def test_a_picture_is_traced_as_a_drawing(client_on: OpenClient, apple: str) -> None:
    async with client_on() as client:
        job = await transformed(client, apple, "vectorize", save_to="apple")
        again = await transformed(client, job["job_id"], "convert", format="png")
    assert job["assets"][0]["mime_type"] == "image/svg+xml"
    assert Path(job["saved_to"][0]).name == "apple.svg"
    assert b"<path" in written(job["saved_to"][0])
    red = opened(again).convert("RGB")
    assert is_red(red.getpixel((red.width // 2, red.height // 2)))


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        ("jpg", b"\xff\xd8\xff"),
        ("webp", b"RIFF"),
        ("avif", b"\x00\x00\x00"),
        ("ico", b"\x00\x00\x01\x00"),
        ("pdf", b"%PDF"),
    ],
)
async def test_a_picture_is_converted_and_can_be_saved(
    kind: str, begins: bytes, client_on: OpenClient, apple: str
) -> None:
    async with client_on() as client:
        result = await client.call_tool(
            "transform_image", {"image": apple, "operation": "convert", "format": kind, "save_to": "copy"}
        )
        job = told(result)
        again = told(await client.call_tool("check_job", {"job_id": job["job_id"]}))
    assert Path(job["saved_to"][0]).suffix == f".{kind}"
    assert written(job["saved_to"][0]).startswith(begins)
    assert len(previews(result)) == 1
    assert again["assets"] == job["assets"]


@pytest.mark.parametrize(
    ("operation", "name", "kind", "asked"),
    [
        ("crop", "square.jpg", "image/jpeg", {"aspect_ratio": "1:1"}),
        ("upscale", "large.webp", "image/webp", {}),
        ("convert", "other.webp", "image/webp", {}),
        ("remove_background", "cut.webp", "image/webp", {}),
        ("remove_background", "cut.jpg", "image/png", {}),  # a JPEG would not be cut out
        ("crop", "v1.2", "image/png", {"aspect_ratio": "1:1"}),
    ],
)
async def test_the_name_that_it_is_saved_under_says_the_format(
    operation: str, name: str, kind: str, asked: dict[str, Any], client_on: OpenClient, apple: str
) -> None:
    async with client_on() as client:
        job = await transformed(client, apple, operation, save_to=name, **asked)
    assert job["assets"][0]["mime_type"] == kind
    suffix = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/png": ".png"}[kind]
    assert Path(job["saved_to"][0]).suffix == suffix


@pytest.mark.parametrize(
    ("operation", "asked", "field", "words"),
    [
        pytest.param("crop", {}, "width", "such as 800 and 600", id="no part named"),
        pytest.param("crop", {"width": 200, "height": 20}, "width", "within the picture of 120×80", id="too wide"),
        pytest.param("resize", {}, "width", "needs width, height or both", id="no size"),
        pytest.param("convert", {}, "format", "such as webp", id="no format"),
        pytest.param("extend", {}, "left", "larger than the picture's 120×80", id="nothing to add"),
        pytest.param("upscale", {"scale": 3}, "scale", "2 or 4", id="three times"),
        pytest.param("sharpen", {}, "operation", "one of remove_background, upscale", id="no such operation"),
    ],
)
async def test_what_is_missing_or_impossible_is_said_before_there_is_a_job(
    operation: str, asked: dict[str, Any], field: str, words: str, client_on: OpenClient, apple: str
) -> None:
    async with client_on() as client:
        refused = await transformed(client, apple, operation, **asked)
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
    assert (refused["code"], refused["details"]["field"]) == ("invalid_request", field)
    assert words in refused["error"]
    assert jobs == []


async def test_a_provider_with_a_key_is_not_asked_for_what_this_machine_does(
    emulate: Emulate, client_on: OpenClient, apple: str
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        job = await transformed(client, apple, "resize", width=60)
    assert job["provider"] == "local"
    assert emulator.calls == []


async def test_the_result_can_be_changed_further_and_is_listed_like_any_job(client_on: OpenClient, apple: str) -> None:
    async with client_on() as client:
        large = await transformed(client, apple, "upscale", scale=2)
        part = await transformed(client, large["job_id"], "crop", width=100, height=100)
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
        whole = told(await client.call_tool("check_job", {"job_id": part["job_id"], "detail": True}))
    assert pictures(part) == [(100, 100)]
    assert [job["prompt"] for job in jobs] == ["crop to 100×100", "enlarge 2×"]
    assert whole["attempts"][0]["model"] == "transform"


async def test_a_photograph_as_phones_take_it_is_enlarged_upright(client_on: OpenClient, tmp_path: Path) -> None:
    path = tmp_path / "out" / "photo.jpg"
    path.parent.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (120, 80), "teal").save(path, exif=exif)
    async with client_on() as client:
        job = await transformed(client, str(path), "upscale")
    assert pictures(job) == [(160, 240)]


def is_red(pixel: Any) -> bool:
    red, green, blue = pixel
    return bool(red > 200 and green < 60 and blue < 60)


def written(path: str) -> bytes:
    return Path(path).read_bytes()
