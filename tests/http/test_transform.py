"""transform_image over HTTP: one route for every operation, by the names of our own tool and of img-forge's fields."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.emulators import Emulator
from tests.emulators._picture import draw
from tests.http.conftest import BASE, OpenSite, Site

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PATH = "/v2/transform"


def data_url() -> str:
    """A dark square on a plain white background."""
    picture = Image.new("RGB", (96, 64), "white")
    picture.paste((20, 30, 40), (32, 16, 64, 48))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


async def opened(site: Site, job: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO((await site.http.get(job["asset_url"])).content))


@pytest.mark.parametrize(
    ("asked", "size", "kind"),
    [
        pytest.param(
            {"operation": "crop", "left": 10, "top": 4, "width": 40, "height": 30}, (40, 30), "PNG", id="crop"
        ),
        pytest.param({"operation": "resize", "width": 48}, (48, 32), "PNG", id="resize"),
        pytest.param({"operation": "extend", "left": 10, "right": 10}, (116, 64), "PNG", id="extend"),
        pytest.param({"operation": "upscale", "scale": 2}, (192, 128), "PNG", id="upscale"),
        pytest.param({"operation": "convert", "format": "webp"}, (96, 64), "WEBP", id="convert"),
        pytest.param({"operation": "remove_background"}, (96, 64), "PNG", id="cut out"),
    ],
)
async def test_every_operation_is_done_on_this_machine(
    asked: dict[str, Any], size: tuple[int, int], kind: str, site_on: OpenSite
) -> None:
    async with site_on() as site:
        reply = await site.http.post(PATH, json={"input_image": data_url(), "sync": True, **asked})
        assert reply.status_code == 201, reply.text
        made = await opened(site, reply.json())
    assert (made.size, made.format) == (size, kind)
    if asked["operation"] == "remove_background":
        alpha = made.convert("RGBA").getchannel("A")
        assert (alpha.getpixel((2, 2)), alpha.getpixel((48, 32))) == (0, 255)


async def test_a_drawing_is_traced_and_served_as_a_file(site_on: OpenSite) -> None:
    async with site_on() as site:
        reply = await site.http.post(PATH, json={"image": data_url(), "operation": "vectorize", "sync": True})
        served = await site.http.get(reply.json()["asset_url"])
    assert served.headers["content-type"].startswith("image/svg+xml")
    assert served.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["image", "input_job_id", "input_asset_url"])
async def test_a_picture_is_named_as_the_service_names_it(name: str, emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        job = (await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True})).json()
        value = f"{BASE}{job['asset_url']}" if name == "input_asset_url" else job["job_id"]
        asked = {name: value, "operation": "resize", "width": 64, "metadata": {"for": "a list"}}
        taken = await site.http.post(PATH, json=asked)
        assert taken.status_code == 202, taken.text
        await site.forge.job(taken.json()["job_id"], site.forge.caller(), wait_seconds=60)
        done = (await site.http.get(f"/v2/jobs/{taken.json()['job_id']}")).json()
        small = await opened(site, done)
    assert (done["state"], small.width, done["cost_usd"]) == ("completed", 64, 0.0)
    assert done["metadata"] == {"for": "a list"}


async def test_a_provider_that_can_does_it_within_the_price(emulate: Emulate, site_on: OpenSite) -> None:
    recraft = emulate("recraft")
    picture = f"data:image/png;base64,{base64.b64encode(draw('a fox', 256, 256).data).decode()}"
    asked = {"image": picture, "operation": "remove_background", "provider": "recraft", "sync": True}
    async with site_on(recraft) as site:
        dear = await site.http.post(PATH, json={**asked, "max_cost_usd": 0.000001})
        done = await site.http.post(PATH, json=asked)
        again = await site.http.post(PATH, json={**asked, "idempotency_key": "once"})
        known = await site.http.post(PATH, json={**asked, "idempotency_key": "once"})
        other = await site.http.post(PATH, json={**asked, "operation": "upscale", "idempotency_key": "once"})
    assert dear.status_code == 402, dear.text
    assert (done.status_code, done.json()["provider"]) == (201, "recraft")
    assert (again.status_code, known.status_code, other.status_code) == (201, 200, 409)
    assert len(recraft.submits) == 2


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        pytest.param({"operation": "crop"}, "image", id="no picture"),
        pytest.param({"image": "x" * 12, "width": 5}, "operation", id="no operation"),
        pytest.param({"image": data_url(), "operation": "upscale", "scale": 9}, "scale", id="too large a scale"),
        pytest.param({"image": data_url(), "operation": "convert"}, "format", id="no format"),
        pytest.param({"image": data_url(), "operation": "crop"}, "width", id="no size"),
    ],
)
async def test_what_is_missing_is_named(asked: dict[str, Any], field: str, site_on: OpenSite) -> None:
    async with site_on() as site:
        reply = await site.http.post(PATH, json=asked)
    assert (reply.status_code, reply.json()["details"]["field"]) == (400, field), reply.text


async def test_another_tenants_picture_is_not_there(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        mine, theirs = await site.key("mine"), await site.key("theirs")
        job = (await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True}, headers=mine)).json()
        for image in (job["job_id"], job["asset_url"].rpartition("/")[2], job["asset_url"].rpartition("/")[2][:12]):
            asked = {"image": image, "operation": "resize", "width": 64}
            assert (await site.http.post(PATH, json=asked, headers=theirs)).status_code == 404
            assert (await site.http.post(PATH, json=asked, headers=mine)).status_code == 202
