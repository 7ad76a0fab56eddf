"""Programs that speak to OpenAI's images in their own ways: the fields that they send, what they read of the answer.

Sources: Open WebUI (backend, routers/images.py), LibreChat (DALLE3.js, OpenAIImageTools.js), read 2026-11-25.
"""

import base64
from collections.abc import Callable

import pytest

from tests.emulators import Emulator
from tests.emulators._picture import draw
from tests.http.conftest import BASE, OpenSite

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
MODEL = "gpt-image-2"
PICTURE = draw("a fox", 256, 256).data


@pytest.mark.parametrize("model", ["auto", MODEL])
async def test_open_webui_draws_and_finds_its_picture(model: str, emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("openai")) as site:
        key = await site.key()
        whose = {"X-OpenWebUI-User-Name": "Ada", "X-OpenWebUI-User-Email": "ada@example.org"}
        inline = {} if model.startswith("gpt-image") else {"response_format": "b64_json"}
        body = {"model": model, "prompt": "a red fox", "n": 1, "size": "1024x1024", **inline}
        reply = await site.http.post("/v1/images/generations", json=body, headers={**key, **whose})
        assert reply.status_code == 200, reply.text
        for image in reply.json()["data"]:
            if address := image.get("url"):
                seen = await site.http.get(address.removeprefix(BASE), headers=key)
                assert seen.headers["content-type"].startswith("image/")
            else:
                assert base64.b64decode(image["b64_json"], validate=True)


async def test_open_webui_edits_by_form(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("openai")) as site:
        form = {"model": MODEL, "prompt": "make it night", "n": "1", "size": "1024x1024"}
        files = [("image[]", ("one.png", PICTURE, "image/png")), ("image[]", ("two.png", PICTURE, "image/png"))]
        reply = await site.http.post("/v1/images/edits", data=form, files=files, headers=await site.key())
    assert reply.status_code == 200, reply.text
    assert base64.b64decode(reply.json()["data"][0]["b64_json"], validate=True)


async def test_open_webui_reads_why_it_was_refused(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("openai")) as site:
        await site.key()
        wrong = await site.http.post("/v1/images/generations", json={"prompt": "a fox"}, headers={"X-API-Key": "no"})
        bad = await site.http.post(
            "/v1/images/generations", json={"prompt": "a fox", "size": "huge"}, headers=await site.key("other")
        )
    assert "key" in wrong.json()["error"]["message"]
    assert "size" in bad.json()["error"]["message"]


async def test_librechats_older_tool_reads_an_address(emulate: Emulate, site_on: OpenSite) -> None:
    body = {"model": "auto", "quality": "standard", "style": "vivid", "size": "1024x1024", "prompt": "a fox", "n": 1}
    async with site_on(emulate("openai")) as site:
        reply = await site.http.post("/v1/images/generations", json=body, headers=await site.key())
    assert reply.json()["data"][0]["url"].startswith(f"{BASE}/v2/assets/")


async def test_librechats_tool_reads_the_picture_itself(emulate: Emulate, site_on: OpenSite) -> None:
    body = {
        "model": MODEL,
        "prompt": "a fox",
        "n": 1,
        "background": "auto",
        "output_compression": 100,
        "output_format": "png",
        "quality": "auto",
        "size": "auto",
    }
    async with site_on(emulate("openai")) as site:
        key = await site.key()
        reply = await site.http.post("/v1/images/generations", json=body, headers=key)
        files = [("image[]", ("image.png", PICTURE, "image/png"))]
        form = {"model": MODEL, "prompt": "make it night", "quality": "auto", "size": "auto"}
        edited = await site.http.post("/v1/images/edits", data=form, files=files, headers=key)
    for answer in (reply, edited):
        assert answer.status_code == 200, answer.text
        assert base64.b64decode(answer.json()["data"][0]["b64_json"], validate=True)


async def test_an_address_is_given_where_it_is_asked_for(emulate: Emulate, site_on: OpenSite) -> None:
    body = {"model": MODEL, "prompt": "a fox", "response_format": "url"}
    async with site_on(emulate("openai")) as site:
        reply = await site.http.post("/v1/images/generations", json=body, headers=await site.key())
    assert reply.json()["data"][0]["url"].startswith(BASE)
