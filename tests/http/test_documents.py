"""The five services as their documents' readers would try them: what is said twice, left out, wrong, or asked again."""

import json
import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Allowance
from imgforge_mcp.http.access import Door
from tests.emulators import Emulator
from tests.http.conftest import BASE, OpenSite
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
SCHNELL = "@cf/black-forest-labs/flux-1-schnell"
PYDANTIC = re.compile(r"Input should|should have at (least|most)|should match pattern|Value error|valid dictionary")
HERE = Door(is_loopback=True, anonymous=True)


# Refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param("/v2/generate", {"prompt": "x" * 8001}, id="a prompt too long"),
        pytest.param("/v2/generate", {"prompt": 5}, id="a prompt that is a number"),
        pytest.param("/v2/generate", {"prompt": "a fox", "aspect_ratio": "9:7:1"}, id="no aspect ratio"),
        pytest.param("/v2/generate", {"prompt": "a fox", "output_format": "gif"}, id="a format nobody has"),
        pytest.param("/v2/generate", {"prompt": "a fox", "metadata": {"a": [1]}}, id="metadata of lists"),
        pytest.param("/api/generate", {"prompt": "a fox", "model": 5}, id="a model that is a number"),
        pytest.param("/api/batch/generate", {"prompts": "a fox", "model": SCHNELL}, id="no list"),
        pytest.param("/v1/images/generations", {"prompt": ""}, id="an empty prompt"),
        pytest.param("/v1/images/generations", {"prompt": "a fox", "n": 5}, id="too many"),
        pytest.param("/v1/images/generations", {"prompt": "a fox", "n": "x"}, id="no number"),
        pytest.param("/v1/images/generations", {"prompt": "a fox", "size": "1x1"}, id="too small"),
        pytest.param("/v1/images/generations", {"prompt": "a fox", "size": "9999x9999"}, id="too large"),
        pytest.param("/api/v1/generate", {"prompt": "a fox", "width": 255}, id="too narrow"),
        pytest.param("/api/v1/generate", {"items": []}, id="no items"),
        pytest.param("/api/v1/generate", {"prompt": "a fox", "seed": "x"}, id="no seed"),
        pytest.param("/api/v1/image/generate", {"prompt": "a fox", "image_size": "8K"}, id="no size class"),
        pytest.param("/api/v1/image/edit", {"prompt": "a fox", "image_url": ""}, id="an empty address"),
        pytest.param("/v2/transform", {"image": "x", "operation": "explode"}, id="no operation"),
    ],
)
async def test_what_is_wrong_is_said_in_our_own_words_and_nothing_is_sent(
    path: str, asked: dict[str, Any], emulate: Emulate, site_on: OpenSite
) -> None:
    cloudflare, together = emulate("cloudflare"), emulate("together")
    async with site_on(cloudflare, together) as site:
        reply = await site.http.post(path, json=asked)
    assert reply.status_code == 400, reply.text
    assert reply.json()["code"] == "invalid_request"
    assert not PYDANTIC.search(reply.text), reply.text
    assert "**" not in reply.text
    assert (cloudflare.submits, together.submits) == ([], [])


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/images/generations"])
async def test_what_is_not_there_is_said_as_the_gateway_says_it(path: str, site_on: OpenSite) -> None:
    async with site_on() as site:
        reply = await site.http.get(path)
    assert reply.status_code in (404, 405)
    assert reply.json()["error"]["message"]
    assert reply.json()["error"]["type"] in ("not_found_error", "invalid_request_error")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/generate"])
async def test_what_is_not_there_is_said_as_imageapi_says_it(path: str, site_on: OpenSite) -> None:
    async with site_on() as site:
        reply = await site.http.get(path)
        elsewhere = await site.http.get(path, headers={"Host": "evil.example"})
    for answer in (reply, elsewhere):
        assert answer.status_code in (404, 405, 421)
        assert answer.json()["success"] is False
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/api/nothing", "/api/generate"])
async def test_what_is_not_there_is_said_as_the_worker_says_it(path: str, site_on: OpenSite) -> None:
    async with site_on() as site:
        reply = await site.http.get(path)
    assert reply.status_code in (404, 405)
    assert reply.json()["details"]["message"]


async def test_the_wait_is_never_told_too_short(emulate: Emulate, site_on: OpenSite, clock: VirtualClock) -> None:
    async with site_on(emulate("together")) as site:
        key = await site.key(per_minute=1)
        asked = {"prompt": "a fox"}
        assert (await site.http.post("/api/v1/generate", json=asked, headers=key)).status_code == 200
        clock.advance(20.7)
        refused = await site.http.post("/api/v1/generate", json=asked, headers=key)
        told = refused.json()["retry_after"]
        assert refused.status_code == 429
        assert told == refused.json()["retry_after_seconds"] == int(refused.headers["retry-after"])
        clock.advance(told)
        assert (await site.http.post("/api/v1/generate", json=asked, headers=key)).status_code == 200


# img-forge ----------------------------------------------------------------------------------------------------------


async def test_a_known_key_that_is_waited_for_brings_its_picture(emulate: Emulate, site_on: OpenSite) -> None:
    bfl = emulate("bfl")
    asked = {"prompt": "Product hero image for order 12345", "idempotency_key": "order-12345-hero"}
    async with site_on(bfl) as site:
        first = await site.http.post("/v2/generate", json=asked)
        again = await site.http.post("/v2/generate", json={**asked, "sync": True})
        image = await site.http.get(again.json()["asset_url"])
    assert (first.status_code, first.json()["asset_url"]) == (202, None)
    assert (again.status_code, again.json()["state"]) == (200, "completed")
    assert again.json()["job_id"] == first.json()["job_id"]
    assert image.status_code == 200
    assert len(bfl.submits) == 1


async def test_a_preset_and_a_cut_out_have_addresses_of_their_own(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {"prompt": "a teapot", "output_preset": "hero", "background_removal": True, "metadata": {"shop": "1"}}
    async with site_on(emulate("openai")) as site:
        job = (await site.http.post("/v2/generate", json={**asked, "sync": True})).json()
        later = (await site.http.get(f"/v2/jobs/{job['job_id']}")).json()
        preset = await site.http.get(job["preset_url"])
        cut = await site.http.get(job["bg_removed_url"])
        wrong = await site.http.post("/v2/generate", json={"prompt": "a fox", "output_preset": "poster"})
    assert job["preset_url"] == f"{job['asset_url']}?preset=hero"
    assert job["bg_removed_url"] == job["asset_url"]
    assert job["metadata"] == {"shop": "1"}
    assert (later["preset_url"], later["bg_removed_url"]) == (job["preset_url"], job["bg_removed_url"])
    assert preset.headers["content-type"].startswith("image/")
    assert cut.headers["content-type"] in ("image/png", "image/webp")
    assert (wrong.status_code, wrong.json()["details"]["field"]) == (400, "output_preset")


async def test_what_could_not_be_cut_out_has_no_such_address(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {"prompt": "a teapot", "background_removal": True, "sync": True}
    async with site_on(emulate("cloudflare")) as site:
        job = (await site.http.post("/v2/generate", json=asked)).json()
    assert "bg_removed_url" not in job
    assert job["shortfalls"] == [{"asked": "a transparent background", "got": "an opaque one"}]


async def test_what_does_nothing_is_said(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {"prompt": "a fox", "output_format": "avif", "output_quality": 80}
    async with site_on(emulate("cloudflare")) as site:
        reply = await site.http.post("/v2/generate", json=asked)
    assert reply.headers["warning"] == '299 imgforge "ignored: output_quality, output_format=avif"'


async def test_the_guide_has_an_example_for_every_tier(site_on: OpenSite) -> None:
    async with site_on() as site:
        page = (await site.http.get("/v2/guide")).text
    for tier in ("draft", "standard", "premium", "ultra", "ultra_plus"):
        assert re.search(rf"<li>{tier}: [^<]+<br><q>[^<]+</q></li>", page), tier
    assert "\n#" not in page


# Workers AI -----------------------------------------------------------------------------------------------------


async def test_metadata_comes_back_as_it_was_sent(emulate: Emulate, site_on: OpenSite) -> None:
    metadata = {
        "campaign": "spring",
        "number": 3,
        "digits": "3",
        "quoted": '"3"',
        "tags": ["a", "b"],
        "deep": {"on": True, "off": None},
    }
    async with site_on(emulate("cloudflare")) as site:
        asked = {"prompt": "a red fox", "model": SCHNELL, "metadata": metadata}
        image = (await site.http.post("/api/generate", json=asked)).json()
        again = (await site.http.get(f"/api/images/{image['id']}")).json()
    assert image["metadata"] == again["metadata"] == metadata


async def test_a_deleted_image_says_so_and_is_listed_no_more(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        mine, theirs = await site.key("mine"), await site.key("theirs")
        for key in (mine, theirs):
            made = await site.http.post("/api/generate", json={"prompt": "a red fox", "model": SCHNELL}, headers=key)
        image = (await site.http.get("/api/images", headers=mine)).json()["images"][0]
        path = f"/api/images/{image['id']}"
        gone = await site.http.delete(path, headers=mine)
        again = await site.http.delete(path, headers=mine)
        seen = await site.http.get(path, headers=mine)
        listed = (await site.http.get("/api/images", headers=mine)).json()
        others = (await site.http.get("/api/images", headers=theirs)).json()
    assert image["is_deleted"] is False
    for reply in (gone, again, seen):
        assert (reply.status_code, reply.json()["is_deleted"]) == (200, True)
    assert listed == {"images": [], "total": 0}
    assert [each["id"] for each in others["images"]] == [made.json()["id"]]


async def test_every_model_of_the_worker_has_a_cost_and_draws_from_text(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("huggingface"), emulate("cloudflare")) as site:
        models = (await site.http.get("/api/models")).json()
    assert models
    assert all(isinstance(model["cost_per_image"], int | float) for model in models)
    assert "huggingface" in {model["provider"] for model in models if model.get("is_upper_bound")}
    assert not {"adjust", "transform"} & {model["id"] for model in models}


async def test_a_template_is_found_by_its_id(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        made = (await site.http.post("/api/templates", json={"name": "Product", "model": SCHNELL})).json()
        found = (await site.http.get(f"/api/templates/{made['id']}")).json()
        missing = await site.http.get("/api/templates/tpl_0")
    assert found == made
    assert missing.status_code == 404


# The gateway --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["flux-schnell", "black-forest-labs/FLUX.1-schnell", "auto"])
async def test_the_gateway_tells_of_one_model(name: str, emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        found = (await site.http.get(f"/v1/models/{name}")).json()
        missing = await site.http.get("/v1/models/nothing")
    assert found["object"] == "model"
    assert found["id"] in ("flux-schnell", "auto")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


# ImageAPI and Image API ---------------------------------------------------------------------------------------------


async def test_an_item_that_is_wrong_fails_alone(emulate: Emulate, site_on: OpenSite) -> None:
    items = [{"prompt": "a city"}, {"prompt": ""}, {"prompt": "a fox", "width": 5000}, {}, "a fox"]
    together = emulate("together")
    async with site_on(together) as site:
        reply = await site.http.post("/api/v1/generate", json={"items": items})
    results = reply.json()["data"]["results"]
    assert (reply.status_code, [result["success"] for result in results]) == (200, [True, *[False] * 4])
    assert all(isinstance(result["error"], str) and result["code"] == "invalid_request" for result in results[1:])
    assert len(together.submits) == 1


async def test_on_this_machine_usage_counts_what_was_made_here(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        for _ in range(2):
            await site.http.post("/v1/images/generations", json={"prompt": "a fox", "n": 2})
        usage = (await site.http.get("/api/v1/usage")).json()["data"]["usage"]
    assert usage["today"] == usage["this_month"] == {"requestCount": 2, "imageCount": 4}


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/api/v1/generate", {"prompt": "a fox"}),
        ("/api/v1/generate/logo", {"prompt": "a fox"}),
        ("/api/v1/image/generate", {"prompt": "a fox"}),
        ("/v1/images/generations", {"prompt": "a fox", "model": "auto"}),
        ("/v2/generate", {"prompt": "a fox", "sync": True}),
    ],
)
@pytest.mark.parametrize("provider", ["together", "openai", None])
async def test_who_names_no_model_is_drawn_for_with_any_key_and_without(
    path: str, asked: dict[str, Any], provider: str | None, emulate: Emulate, site_on: OpenSite
) -> None:
    providers = [] if provider is None else [emulate(provider)]
    for door in (Door(), HERE):
        async with site_on(*providers, door=door) as site:
            reply = await site.http.post(path, json=asked)
        assert reply.status_code in (200, 201), reply.text


async def test_image_api_tells_which_model_drew_where_none_was_named(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on() as site:
        drawn = (await site.http.post("/api/v1/image/generate", json={"prompt": "a fox", "width": 256})).json()
        url = drawn["images"][0]["url"].removeprefix(BASE)
        asked = {"prompt": "make it blue", "image_url": url.rpartition("/")[2]}
        edited = (await site.http.post("/api/v1/image/edit", json=asked)).json()
    assert drawn["model"] == "illustrator"
    assert edited["model"] == "adjust"


# Browsers and keys --------------------------------------------------------------------------------------------------


async def test_a_page_elsewhere_may_read_when_to_come_again(site_on: OpenSite) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    async with site_on(IMGFORGE_CORS_ORIGINS="https://inspector.example") as site:
        open_to_all = await site.http.get("/api/v1/models", headers={"Origin": "https://shop.example"})
        named = await site.http.options("/mcp", headers={**asked, "Origin": "https://inspector.example"})
    assert open_to_all.headers["access-control-allow-origin"] == "*"
    for reply in (open_to_all, named):
        assert {"Retry-After", "Mcp-Session-Id"} <= set(
            re.split(r",\s*", reply.headers["access-control-expose-headers"])
        )
    allowed = set(re.split(r",\s*", named.headers["access-control-allow-headers"]))
    assert {"Authorization", "Content-Type", "Mcp-Session-Id", "Last-Event-ID", "Mcp-Protocol-Version"} <= allowed


async def test_no_key_is_made_that_could_never_be_used(site_on: OpenSite, clock: VirtualClock) -> None:
    async with site_on() as site:
        with pytest.raises(InvalidRequest, match="past"):
            await site.forge.create_key("late", Allowance(), expires_at=clock.now() - timedelta(days=1))
        with pytest.raises(InvalidRequest, match="A project is"):
            await site.forge.create_key("odd", Allowance(), project_id="a b!")
        limits = Allowance(per_minute=-1), Allowance(per_day=10**30), Allowance(budget_usd_month=math.nan)
        for limit in limits:
            with pytest.raises(InvalidRequest, match="is 0 or more"):
                await site.forge.create_key("less", limit)
        assert await site.forge.keys() == []


async def test_the_description_names_every_item_of_a_batch(site_on: OpenSite) -> None:
    async with site_on() as site:
        described = (await site.http.get("/openapi.json")).json()
    body = described["paths"]["/api/v1/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    whole = described["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert "Picture" in json.dumps(whole["properties"]["items"])
    assert described["paths"]["/v1/models/{model}"]["get"]["parameters"][0]["name"] == "model"
    assert all(re.fullmatch(r"(/[a-z0-9_]+|/\{\w+\})+", path) for path in described["paths"])
