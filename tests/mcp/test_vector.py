"""Drawings in SVG: kept as they came, never shown inline, served as a download, never chosen by a tier."""

import hashlib
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp_types import BlobResourceContents, ImageContent

from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog import load_catalog
from tests.answers import ended, is_named, told, uri
from tests.conftest import OpenClient
from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.emulators._picture import Picture, draw

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
SVG = "image/svg+xml"
VECTORS = ["recraft/recraft-v4-vector", "fal/recraft-v4-vector"]


def delivers(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, picture: Picture) -> None:
    """Let every order bring this picture, whatever was asked for."""
    monkeypatch.setattr(emulator, "pictures", lambda order, fault=None: [picture])


def contents(path: str) -> bytes:
    return Path(path).read_bytes()


def drawings_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.svg"))


@pytest.mark.parametrize("model", VECTORS)
async def test_a_drawing_is_kept_byte_for_byte_and_never_shown(
    model: str, emulate: Emulate, client_on: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = emulate(model.partition("/")[0])
    drawing = draw("a fox", 1024, 768, SVG)
    delivers(emulator, monkeypatch, drawing)
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": "a fox", "model": model})
        again = await client.call_tool("check_job", {"job_id": told(result)["job_id"]})
        (asset,) = told(result)["assets"]
        (whole,) = (await client.read_resource(uri(asset))).contents
        (rendition,) = (await client.read_resource(f"{uri(asset)}?width=100")).contents
    assert contents(asset["path"]) == drawing.data
    assert Path(asset["path"]).suffix == ".svg"
    assert is_named(asset, hashlib.sha256(drawing.data).hexdigest())
    assert (asset["mime_type"], asset["width"], asset["height"]) == (SVG, 1024, 768)
    for answer in (result, again):
        assert not any(isinstance(block, ImageContent) for block in answer.content)
    assert isinstance(whole, BlobResourceContents)
    assert isinstance(rendition, BlobResourceContents)
    assert whole.mime_type == rendition.mime_type == SVG
    assert whole.blob == rendition.blob
    assert emulator.surprises == []


async def test_a_drawing_is_saved_under_its_own_ending(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("recraft")) as client:
        asked = {"prompt": "a fox", "model": VECTORS[0], "save_to": "fox.png"}
        (saved,) = told(await client.call_tool("generate_image", asked))["saved_to"]
    assert saved.endswith("fox.svg")
    assert contents(saved).startswith(b"<svg")


@pytest.mark.parametrize("tier", list(QualityTier))
async def test_no_tier_leads_to_a_vector_model(tier: QualityTier, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("recraft")
    vectors = {model.slug for model in load_catalog().models if "vector" in model.capabilities}
    async with client_on(emulator) as client:
        (order,) = told(await client.call_tool("list_models", {"tier": tier.value, "detail": "full"}))["tiers"]
        job = told(await client.call_tool("generate_image", {"prompt": "a fox", "quality_tier": tier.value}))
    assert order["order"]
    assert not any(place["candidate"].partition("/")[2] in vectors for place in order["order"])
    assert job["assets"][0]["mime_type"] != SVG
    assert job["model"] not in vectors


async def test_a_raster_model_that_answers_with_a_drawing_has_answered_badly(
    emulate: Emulate, client_on: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = emulate("recraft")
    delivers(emulator, monkeypatch, draw("a fox", 64, 64, SVG))
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": "a fox", "model": "recraft/recraft-v4.1"})
        job = await ended(client)
    assert result.is_error
    assert job["attempts"][0]["error_code"] == "bad_reply"
    assert "assets" not in job


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('<svg viewBox="0 0 9 9"><script>alert(1)</script></svg>', id="script"),
        pytest.param('<svg viewBox="0 0 9 9"><SCRIPT href="x"/></svg>', id="script in capitals"),
        pytest.param('<svg viewBox="0 0 9 9"><svg:script xmlns:svg="s"/></svg>', id="script with a prefix"),
        pytest.param('<svg viewBox="0 0 9 9" onload="alert(1)"></svg>', id="event"),
        pytest.param('<svg viewBox="0 0 9 9"><g fill="red"onclick="x"/></svg>', id="event without a space"),
        pytest.param('<svg viewBox="0 0 9 9"><a href="javascript:alert(1)">x</a></svg>', id="link"),
        pytest.param('<svg viewBox="0 0 9 9"><a href="java&#115;cript:alert(1)">x</a></svg>', id="disguised link"),
        pytest.param('<!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 9 9"></svg>', id="entities"),
        pytest.param('<svg viewBox="0 0 9 9"><foreignObject/></svg>', id="another document inside"),
        pytest.param('<svg viewBox="0 0 9 9"><circle r="3"/>', id="cut short"),
    ],
)
async def test_a_drawing_with_what_no_drawing_needs_is_refused(
    text: str, emulate: Emulate, client_on: OpenClient, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    emulator = emulate("recraft")
    delivers(emulator, monkeypatch, Picture(text.encode(), SVG, 9, 9))
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": "a fox", "model": VECTORS[0]})
        job = await ended(client)
    assert result.is_error
    assert job["attempts"][0]["error_code"] == "bad_reply"
    assert drawings_in(home) == []


async def test_a_drawing_is_a_reference_in_pixels(emulate: Emulate, client_on: OpenClient) -> None:
    recraft, together = emulate("recraft"), emulate("together")
    async with client_on(recraft, together) as client:
        drawn = told(await client.call_tool("generate_image", {"prompt": "a fox", "model": VECTORS[0]}))
        asked = {"prompt": "the same in oil", "model": "together/flux-2-dev", "input_images": [drawn["job_id"]]}
        told(await client.call_tool("generate_image", asked))
    (sent,) = together.orders[-1].body["reference_images"]
    assert sent.startswith(("data:image/png;base64,", "data:image/jpeg;base64,"))


def test_over_http_a_drawing_is_a_download(emulate: Emulate, environment: dict[str, str], tmp_path: Path) -> None:
    variables = fresh_account(tmp_path / "account", **environment, **emulate("recraft").environment())
    job: dict[str, Any] = json.loads(run(variables, "generate", "a fox", "--model", VECTORS[0], "--json").stdout)
    (asset,) = job["assets"]
    with serve(variables) as server:
        url = f"{server.base_url}/v2/assets/{asset['asset_id']}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            data, headers = answer.read(), answer.headers
    assert data == Path(asset["path"]).read_bytes()
    assert headers.get_content_type() == SVG
    assert headers.get_content_disposition() == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"
