"""A finished picture written to a file: as it is, in another format, at another size; nothing is drawn or paid."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image

from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
LAKE = {"prompt": "a mountain lake", "width": 192, "height": 128, "seed": 2}


async def drawn(client: Client) -> str:
    return str(told(await client.call_tool("generate_image", LAKE))["job_id"])


async def saved(client: Client, **asked: Any) -> dict[str, Any]:
    return told(await client.call_tool("save_image", asked))


async def test_a_picture_is_saved_where_and_as_it_was_asked_for_without_a_new_job(
    client_on: OpenClient, tmp_path: Path
) -> None:
    async with client_on() as client:
        job_id = await drawn(client)
        lake = await saved(client, image=job_id, path="lake")
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
    assert lake["path"] == str(tmp_path / "out" / "lake.png")
    assert lake["message"].startswith(f"Saved as {lake['path']} (192×128, png, ")
    assert opened(lake).size == (lake["width"], lake["height"]) == (192, 128)
    assert lake["bytes"] == len(written(lake["path"]))
    assert len(jobs) == 1


@pytest.mark.parametrize(
    ("asked", "name", "kind", "size"),
    [
        pytest.param({"path": "lake.jpg"}, "lake.jpg", "JPEG", (192, 128), id="by the extension"),
        pytest.param({"path": "lake", "format": "webp"}, "lake.webp", "WEBP", (192, 128), id="by the argument"),
        pytest.param({"path": "lake.png", "format": "jpg"}, "lake.jpg", "JPEG", (192, 128), id="the argument counts"),
        pytest.param({"path": "lake.avif"}, "lake.avif", "AVIF", (192, 128), id="avif"),
        pytest.param({"path": "favicon.ico"}, "favicon.ico", "ICO", (192, 192), id="an icon is square"),
        pytest.param({"path": "lake.png", "width": 96}, "lake.png", "PNG", (96, 64), id="one side keeps the shape"),
        pytest.param({"path": "a.png", "size": "50x50"}, "a.png", "PNG", (50, 50), id="both sides, cut"),
        pytest.param(
            {"path": "a.png", "width": 50, "height": 90, "fit": "contain"}, "a.png", "PNG", (50, 90), id="filled"
        ),
        pytest.param({"path": "Mr. Fox"}, "Mr. Fox.png", "PNG", (192, 128), id="a name with a dot"),
    ],
)
async def test_format_and_size_are_those_that_were_asked_for(
    asked: dict[str, Any], name: str, kind: str, size: tuple[int, int], client_on: OpenClient, tmp_path: Path
) -> None:
    async with client_on() as client:
        answer = await saved(client, image=await drawn(client), **asked)
    assert answer["path"] == str(tmp_path / "out" / name)
    picture = opened(answer)
    assert (picture.format, picture.size) == (kind, size)


async def test_a_pdf_is_written(client_on: OpenClient) -> None:
    async with client_on() as client:
        answer = await saved(client, image=await drawn(client), path="lake.pdf")
    assert written(answer["path"]).startswith(b"%PDF-")
    assert answer["mime_type"] == "application/pdf"


async def test_a_file_that_is_there_is_never_written_over(client_on: OpenClient) -> None:
    async with client_on() as client:
        job_id = await drawn(client)
        first = await saved(client, image=job_id, path="lake.png")
        second = await saved(client, image=job_id, path="lake.png")
    assert Path(second["path"]).name == "lake-1.png"
    assert written(first["path"]) == written(second["path"])


async def test_the_second_picture_of_a_job_is_named_by_its_number(client_on: OpenClient) -> None:
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", {**LAKE, "n": 2}))
        second = await saved(client, image=f"{job['job_id']}#2", path="two.png")
    assert written(second["path"]) == written(job["assets"][1]["path"])


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        pytest.param({"path": "/etc/lake.png"}, "invalid_request", "path", id="not allowed"),
        pytest.param({"path": "../lake.png"}, "invalid_request", "path", id="upwards"),
        pytest.param({"path": "lake", "format": "tiff"}, "invalid_request", "format", id="no such format"),
        pytest.param({"path": "lake", "image": "0" * 12}, "not_found", "image", id="no such picture"),
        pytest.param({"path": "lake", "width": 16000, "height": 16000}, "invalid_request", None, id="too large"),
    ],
)
async def test_what_cannot_be_saved_is_refused_by_the_callers_own_word(
    asked: dict[str, Any], code: str, field: str | None, client_on: OpenClient, tmp_path: Path
) -> None:
    async with client_on() as client:
        result = await client.call_tool("save_image", {"image": await drawn(client), **asked})
    refused = told(result)
    assert result.is_error
    assert refused["code"] == code
    assert field is None or refused["details"]["field"] == field
    assert files_in(tmp_path / "out") == []


def opened(answer: dict[str, Any]) -> Image.Image:
    with Image.open(answer["path"]) as picture:
        picture.load()
        return picture


def written(path: str) -> bytes:
    return Path(path).read_bytes()


def files_in(folder: Path) -> list[Path]:
    return list(folder.glob("*"))
