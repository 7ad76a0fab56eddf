"""Every request and answer that the five documents show, to the field; and their errors."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from imgforge_mcp.base.types import JobState
from tests.emulators import Emulator
from tests.emulators._picture import draw
from tests.http.conftest import BASE, OpenSite, Site

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
ASSET = re.compile(r"/v2/assets/[0-9a-f]{64}")
DAY = 86_400.0
SCHNELL = "@cf/black-forest-labs/flux-1-schnell"


def error_of(reply: httpx.Response) -> dict[str, Any]:
    body = reply.json()
    assert isinstance(body, dict)
    assert body["request_id"].startswith("req_")
    assert body["status"] == reply.status_code
    return body


# img-forge ----------------------------------------------------------------------------------------------------------


async def test_img_forge_makes_a_picture_while_one_waits(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {
        "prompt": "A serene mountain lake at sunset with reflections",
        "quality_tier": "standard",
        "sync": True,
    }
    async with site_on(emulate("cloudflare")) as site:
        reply = await site.http.post("/v2/generate", json=asked)
        job = reply.json()
        image = await site.http.get(job["asset_url"])
    assert reply.status_code == 201
    assert job["state"] == "completed"
    assert job["original_prompt"] == asked["prompt"]
    assert job["final_prompt"] == f"{asked['prompt']}, high quality, detailed"
    assert "high quality, detailed" in job["enhancement_logic"]
    assert ASSET.fullmatch(job["asset_url"])
    assert MOMENT.fullmatch(job["created_at"])
    assert MOMENT.fullmatch(job["completed_at"])
    assert image.status_code == 200
    assert image.headers["content-type"].startswith("image/")
    assert "max-age=3600" in image.headers["cache-control"]


async def test_img_forge_takes_a_job_and_tells_how_it_went(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        reply = await site.http.post(
            "/v2/generate", json={"prompt": "Neon cityscape at night", "quality_tier": "draft"}
        )
        taken = reply.json()
        await site.forge.job(taken["job_id"], site.forge.caller(), wait_seconds=60)
        done = (await site.http.get(f"/v2/jobs/{taken['job_id']}")).json()
    assert reply.status_code == 202
    assert taken["state"] in ("queued", "processing")
    assert (taken["asset_url"], taken["completed_at"]) == (None, None)
    assert done["state"] == "completed"
    assert ASSET.fullmatch(done["asset_url"])


async def test_img_forge_answers_a_known_key_with_its_job_and_another_request_with_a_conflict(
    emulate: Emulate, site_on: OpenSite
) -> None:
    asked = {"prompt": "Product hero image for order 12345", "quality_tier": "draft", "idempotency_key": "order-12345"}
    cloudflare = emulate("cloudflare")
    async with site_on(cloudflare) as site:
        first = await site.http.post("/v2/generate", json=asked)
        again = await site.http.post("/v2/generate", json=asked)
        other = await site.http.post("/v2/generate", json={**asked, "prompt": "another"})
        await site.forge.job(first.json()["job_id"], site.forge.caller(), wait_seconds=60)
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 409)
    assert first.json()["job_id"] == again.json()["job_id"]
    assert error_of(other)["code"] == "idempotency_conflict"
    assert len(cloudflare.submits) == 1


async def test_img_forge_says_in_a_failed_job_what_went_wrong(emulate: Emulate, site_on: OpenSite) -> None:
    cloudflare = emulate("cloudflare")
    cloudflare.fault("401")
    async with site_on(cloudflare) as site:
        reply = await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True})
        job = (await site.http.get(f"/v2/jobs/{reply.json()['job_id']}")).json()
    assert error_of(reply)["code"] == "provider_auth"
    assert isinstance(reply.json()["error"], str)
    assert (job["state"], job["code"]) == ("failed", "provider_auth")
    assert isinstance(job["error"], str)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({}, "invalid_request", id="no prompt"),
        pytest.param({"prompt": ""}, "invalid_request", id="an empty prompt"),
        pytest.param({"prompt": "a fox", "quality_tier": "best"}, "invalid_request", id="an unknown tier"),
        pytest.param({"prompt": "a fox", "mode": "img2img"}, "invalid_request", id="an edit of nothing"),
        pytest.param({"prompt": "a fox", "model": "nope"}, "invalid_model", id="an unknown model"),
    ],
)
async def test_img_forge_refuses_what_it_cannot_read(
    asked: dict[str, Any], code: str, emulate: Emulate, site_on: OpenSite
) -> None:
    cloudflare = emulate("cloudflare")
    async with site_on(cloudflare) as site:
        reply = await site.http.post("/v2/generate", json=asked)
    assert (reply.status_code, error_of(reply)["code"]) == (400, code)
    assert cloudflare.submits == []


async def test_img_forge_lists_models_by_what_they_can_do(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        models = (await site.http.get("/v2/models", params={"capability": "inpaint"})).json()["models"]
        wrong = await site.http.get("/v2/models", params={"capability": "flying"})
    assert models
    assert all(model["capabilities"]["inpaint"] for model in models)
    assert wrong.status_code == 400


# Workers AI -----------------------------------------------------------------------------------------------------


async def test_the_worker_answers_with_an_image_record(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {"prompt": "A serene mountain landscape at sunset, photorealistic", "model": SCHNELL}
    async with site_on(emulate("cloudflare")) as site:
        image = (await site.http.post("/api/generate", json=asked)).json()
        again = (await site.http.get(f"/api/images/{image['id']}")).json()
        listed = (await site.http.get("/api/images")).json()["images"]
        costs = (await site.http.get("/api/analytics/costs")).json()
    assert set(image) >= {
        *("id", "prompt", "model", "r2_key", "r2_url", "width", "height"),
        *("created_at", "user_id", "cost", "is_deleted"),
    }
    assert (image["prompt"], image["model"]) == (asked["prompt"], SCHNELL)
    assert image["id"].startswith("img_")
    assert re.fullmatch(rf"generated/{image['id']}\.\w+", image["r2_key"])
    assert image["r2_url"].startswith(BASE)
    assert MOMENT.fullmatch(image["created_at"])
    assert (image["user_id"], image["is_deleted"]) == ("default_user", False)
    assert again == image
    assert listed == [image]
    assert (costs["total_images"], costs["total_cost"]) == (1, image["cost"])
    assert costs["average_cost"] == image["cost"]


async def test_the_workers_errors_are_as_documented(emulate: Emulate, site_on: OpenSite) -> None:
    cloudflare = emulate("cloudflare")
    async with site_on(cloudflare) as site:
        short = await site.http.post("/api/generate", json={"prompt": "ab", "model": SCHNELL})
        unknown = await site.http.post("/api/generate", json={"prompt": "a fox", "model": "@cf/invalid/model"})
        cloudflare.fault("500")
        failed = await site.http.post("/api/generate", json={"prompt": "a fox", "model": SCHNELL})
    assert (short.status_code, error_of(short)["error"]) == (400, "Invalid prompt")
    assert short.json()["details"] == {"field": "prompt", "message": "Prompt must be at least 3 characters"}
    assert (unknown.status_code, error_of(unknown)["error"]) == (400, "Invalid model")
    assert unknown.json()["details"]["model"] == "@cf/invalid/model"
    assert unknown.json()["details"]["message"].startswith("Model not found or not supported")
    assert (failed.status_code, error_of(failed)["error"]) == (500, "Image generation failed")
    assert failed.json()["details"]["message"]


async def test_the_worker_keeps_templates(emulate: Emulate, site_on: OpenSite) -> None:
    wanted = {"name": "Product Photography", "model": SCHNELL, "default_prompt": "Professional product photography"}
    cloudflare = emulate("cloudflare")
    async with site_on(cloudflare) as site:
        template = (await site.http.post("/api/templates", json=wanted)).json()
        asked = {"prompt": "Wireless headphones on marble surface", "template_id": template["id"]}
        image = (await site.http.post("/api/generate", json=asked)).json()
        listed = (await site.http.get("/api/templates")).json()
        gone = await site.http.delete(f"/api/templates/{template['id']}")
        after = await site.http.post("/api/generate", json=asked)
    assert listed == [template]
    assert template["name"] == wanted["name"]
    assert image["prompt"] == "Wireless headphones on marble surface, Professional product photography"
    assert gone.status_code == 200
    assert (after.status_code, error_of(after)["code"]) == (404, "not_found")


async def test_the_worker_makes_several_at_once(emulate: Emulate, site_on: OpenSite) -> None:
    hook = "https://your-app.com/webhooks/generation-complete"
    asked = {"prompts": ["prompt1", "prompt2", "prompt3"], "model": SCHNELL, "webhook_url": hook}
    async with site_on(emulate("cloudflare")) as site:
        reply = await site.http.post("/api/batch/generate", json=asked)
        batch_id = reply.json()["batch_id"]
        await site.forge.batch(batch_id, site.forge.caller(), 60)
        batch = (await site.http.get(f"/api/batch/{batch_id}")).json()
    assert reply.status_code == 202
    assert "warning" not in reply.headers
    assert (batch["status"], batch["total"], batch["completed"], batch["failed"]) == ("completed", 3, 3, 0)
    assert [image["prompt"] for image in batch["images"]] == asked["prompts"]


async def test_a_batch_that_has_a_day_costs_half(emulate: Emulate, site_on: OpenSite) -> None:
    openai = emulate("openai")
    whole = {"prompts": ["a red fox"], "model": "gpt-image-2"}
    async with site_on(openai) as site:
        for asked in (whole, {**whole, "urgency": "day"}):
            reply = await site.http.post("/api/batch/generate", json=asked)
            await site.forge.batch(reply.json()["batch_id"], site.forge.caller(), DAY)
        single = {"prompt": "a red fox", "model": "gpt-image-2", "urgency": "day"}
        started = await site.http.post("/v2/generate", json=single)
        job = await site.forge.job(started.json()["job_id"], site.forge.caller(), DAY)
        refused = await site.http.post("/v2/generate", json={**single, "urgency": "soon"})
    assert [order.share for order in openai.orders] == [1.0, 0.5, 0.5]
    assert job.state is JobState.COMPLETED
    assert (refused.status_code, "urgency" in error_of(refused)["error"]) == (400, True)


async def test_the_worker_tells_what_a_model_costs(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("cloudflare")) as site:
        models = (await site.http.get("/api/models")).json()
    assert {SCHNELL} <= {model["id"] for model in models}
    assert all({"id", "name", "cost_per_image"} <= set(model) for model in models)


# The gateway --------------------------------------------------------------------------------------------------------


async def test_the_gateway_answers_as_documented(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {
        "model": "auto",
        "prompt": "A cinematic close-up of a red fox in an autumn forest",
        "size": "1024x1024",
    }
    async with site_on(emulate("together")) as site:
        reply = await site.http.post(
            "/v1/images/generations", json=asked, headers={"x-gateway-project-id": "my_project"}
        )
    body = reply.json()
    assert isinstance(body["created"], int)
    assert ASSET.search(body["data"][0]["url"])
    assert body["data"][0]["url"].startswith(BASE)
    assert body["data"][0]["revised_prompt"].startswith(asked["prompt"])
    gateway = body["x_gateway"]
    assert (gateway["provider"], gateway["attempts"], gateway["project_id"]) == ("together", 1, "my_project")
    assert gateway["model"].startswith("black-forest-labs/")
    assert gateway["request_id"] == reply.headers["x-request-id"]


async def test_the_gateway_sends_the_picture_itself(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {
        "model": "black-forest-labs/FLUX.1-schnell",
        "prompt": "A watercolor painting of Mount Fuji at sunrise",
        "response_format": "b64_json",
    }
    async with site_on(emulate("together")) as site:
        [image] = (await site.http.post("/v1/images/generations", json=asked)).json()["data"]
    assert "url" not in image
    assert base64.b64decode(image["b64_json"], validate=True)[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"RIFF")


async def test_the_gateway_asks_the_provider_that_is_forced(emulate: Emulate, site_on: OpenSite) -> None:
    together, cloudflare = emulate("together"), emulate("cloudflare")
    asked = {"model": SCHNELL, "prompt": "A neon cyberpunk alley at night"}
    async with site_on(together, cloudflare) as site:
        reply = await site.http.post(
            "/v1/images/generations", json=asked, headers={"x-gateway-force-provider": "workers_ai"}
        )
    assert reply.json()["x_gateway"]["provider"] == "cloudflare"
    assert (len(together.submits), len(cloudflare.submits)) == (0, 1)


@pytest.mark.parametrize("project", ["a b", "x" * 65, "é", "a/b"])
async def test_the_gateway_refuses_a_malformed_project(project: str, emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        reply = await site.http.post("/v1/images/generations", json={"prompt": "a fox", "project_id": project})
    assert (reply.status_code, error_of(reply)["code"]) == (400, "invalid_project_id")
    assert reply.json()["error"]["code"] == "invalid_project_id"
    assert together.submits == []


async def test_the_gateways_errors_are_openais(emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    together.fault("500")
    async with site_on(together) as site:
        failed = await site.http.post("/v1/images/generations", json={"prompt": "a fox"})
        unserved = await site.http.post("/v1/images/generations", json={"prompt": "a fox", "model": "ideogram-v3"})
        retired = await site.http.post("/v1/images/generations", json={"prompt": "a fox", "model": "dall-e-3"})
        many = await site.http.post("/v1/images/generations", json={"prompt": "a fox", "n": 5})
    assert (failed.status_code, error_of(failed)["code"]) == (502, "provider_error")
    assert (unserved.status_code, error_of(unserved)["code"]) == (503, "no_image_provider")
    assert (retired.status_code, error_of(retired)["code"]) == (410, "model_retired")
    assert (many.status_code, error_of(many)["code"]) == (400, "invalid_request")
    for reply in (failed, unserved, retired, many):
        assert set(reply.json()["error"]) == {"message", "type", "code", "param"}
    assert many.json()["error"]["param"] == "n"


async def test_the_gateway_streams_one_final_event(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        reply = await site.http.post("/v1/images/generations", json={"prompt": "a fox", "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    event, data = reply.text.strip().split("\n")
    assert event == "event: image_generation.completed"
    assert json.loads(data.removeprefix("data: "))["b64_json"]


async def test_the_gateway_edits_an_uploaded_picture(emulate: Emulate, site_on: OpenSite) -> None:
    openai = emulate("openai")
    files = {"image": ("fox.png", draw("a fox", 256, 256).data, "image/png")}
    async with site_on(openai) as site:
        reply = await site.http.post("/v1/images/edits", data={"prompt": "make it night", "n": "1"}, files=files)
    assert reply.status_code == 200, reply.text
    assert reply.json()["x_gateway"]["provider"] == "openai"
    assert len(openai.submits) == 1


async def test_the_gateway_lists_the_live_models(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        listed = (await site.http.get("/v1/models")).json()
    assert listed["object"] == "list"
    assert "auto" in {model["id"] for model in listed["data"]}
    assert "flux-schnell" in {model["id"] for model in listed["data"]}


# ImageAPI -----------------------------------------------------------------------------------------------------------


async def test_imageapi_answers_as_documented(emulate: Emulate, site_on: OpenSite) -> None:
    asked = {
        "prompt": "a sunset over mountains",
        "negative_prompt": "blurry, low quality",
        "width": 512,
        "height": 512,
        "seed": 12345,
    }
    async with site_on(emulate("together")) as site:
        reply = await site.http.post("/api/v1/generate", json=asked)
        again = (await site.http.post("/api/v1/generate", json={"prompt": "a sunset"})).json()
    body = reply.json()
    assert body["success"] is True
    assert body["request_id"].startswith("req_")
    data = body["data"]
    assert data["image"].startswith(BASE)
    assert (data["seed"], data["model"]) == (12345, "flux-schnell")
    assert set(data["storage"]) == {"enabled", "stored", "plan"}
    assert again["data"]["model"] == "flux-schnell"


async def test_imageapi_makes_several_and_says_of_each_how_it_went(emulate: Emulate, site_on: OpenSite) -> None:
    items = [
        {"prompt": "a futuristic city at night", "width": 512, "height": 512},
        {"prompt": "a portrait photo, studio lighting", "model": "no-such-model"},
    ]
    async with site_on(emulate("together")) as site:
        reply = await site.http.post("/api/v1/generate", json={"items": items})
    first, second = reply.json()["data"]["results"]
    assert (first["success"], second["success"]) == (True, False)
    assert first["image"].startswith(BASE)
    assert isinstance(second["error"], str)


@pytest.mark.parametrize(("purpose", "word"), [("product", "product photography"), ("logo", "logo design")])
async def test_imageapi_has_a_purpose(purpose: str, word: str, emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        reply = await site.http.post(f"/api/v1/generate/{purpose}", json={"prompt": "a teapot"})
    assert reply.json()["success"] is True
    assert word in str(together.submits[0].json["prompt"])


async def test_imageapi_enhances_and_builds_prompts(site_on: OpenSite) -> None:
    idea = {"prompt": "robot reading a book", "tone": "anime, cozy"}
    parts = {"subject": "fox in a scarf", "setting": "snowy forest", "mood": "cozy", "art_style": "watercolor"}
    async with site_on() as site:
        first = (await site.http.post("/api/v1/prompt/enhance", json=idea)).json()
        second = (await site.http.post("/api/v1/prompt/enhance", json=idea)).json()
        built = (await site.http.post("/api/v1/prompt/build", json=parts)).json()
        empty = await site.http.post("/api/v1/prompt/build", json={})
    assert first["data"]["prompt"].startswith("robot reading a book, ")
    assert first["data"] == second["data"]
    assert built["data"]["prompt"] == "fox in a scarf, snowy forest, cozy, watercolor"
    assert empty.status_code == 400
    assert error_of(empty)["success"] is False


async def test_imageapi_tells_usage_and_plan(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        key = await site.key("Free", per_day=50, per_month=1500)
        await site.http.post("/api/v1/generate", json={"prompt": "a fox"}, headers=key)
        data = (await site.http.get("/api/v1/usage", headers=key)).json()["data"]
    assert data["usage"] == {
        "today": {"requestCount": 1, "imageCount": 1},
        "this_month": {"requestCount": 1, "imageCount": 1},
    }
    plan = data["plan"]
    assert (plan["name"], plan["slug"]) == ("Free", "free")
    assert (plan["requests_per_day"], plan["requests_per_month"]) == (50, 1500)
    assert (plan["remaining_today"], plan["remaining_month"]) == (49, 1499)


async def test_imageapi_is_open_where_its_document_says_so(site_on: OpenSite) -> None:
    async with site_on() as site:
        await site.key()
        models = await site.http.get("/api/v1/models")
        health = await site.http.get("/api/v1/health")
        shut = await site.http.get("/api/v1/usage")
    assert {"slug", "name", "description"} <= set(models.json()["data"][0])
    assert health.json()["status"] == "healthy"
    assert (shut.status_code, error_of(shut)["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({}, id="no prompt"),
        pytest.param({"prompt": "x" * 2001}, id="a prompt too long"),
        pytest.param({"prompt": "a fox", "width": 128}, id="too narrow"),
        pytest.param({"prompt": "a fox", "height": 2048}, id="too high"),
        pytest.param({"prompt": "a fox", "num_inference_steps": 51}, id="too many steps"),
        pytest.param({"items": []}, id="no items"),
    ],
)
async def test_imageapi_refuses_what_its_table_does_not_allow(
    asked: dict[str, Any], emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        reply = await site.http.post("/api/v1/generate", json=asked)
    assert (reply.status_code, error_of(reply)["success"]) == (400, False)
    assert together.submits == []


# Image API ----------------------------------------------------------------------------------------------------------


async def test_image_api_answers_with_addresses(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("bfl")) as site:
        body = (await site.http.post("/api/v1/image/generate", json={"prompt": "a fox", "num_images": 2})).json()
    assert body["model"] == "flux-2-pro"
    assert len(body["images"]) == 2
    for image in body["images"]:
        assert {"url", "mimeType", "width", "height"} <= set(image)


async def test_image_api_edits_an_image_by_its_address(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("fal")) as site:
        made = (await site.http.post("/api/v1/image/generate", json={"prompt": "a fox", "model": "qwen-image"})).json()
        source = made["images"][0]["url"].rpartition("/")[2]
        edited = await site.http.post("/api/v1/image/edit", json={"prompt": "make it blue", "image_url": source})
    assert edited.status_code == 200, edited.text
    assert edited.json()["model"] == "qwen-image-edit"


async def test_image_api_says_what_was_withdrawn_and_what_follows_it(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("gemini")) as site:
        reply = await site.http.post("/api/v1/image/generate", json={"prompt": "a fox", "model": "imagen-4"})
        models = (await site.http.get("/api/v1/image/models")).json()["models"]
    assert (reply.status_code, error_of(reply)["code"]) == (410, "model_retired")
    assert reply.json()["details"]["successor"]
    assert len(models) == 14


# All of them --------------------------------------------------------------------------------------------------------


async def test_unknown_fields_are_passed_over_and_said(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        reply = await site.http.post("/v1/images/generations", json={"prompt": "a fox", "partial_images": 2})
    assert reply.status_code == 200
    assert "partial_images" in reply.headers["warning"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("PUT", "/v2/generate", 405, "method_not_allowed"),
        ("GET", "/v1/images/generations", 405, "method_not_allowed"),
    ],
)
async def test_every_refusal_has_the_one_shape(
    method: str, path: str, status: int, code: str, site_on: OpenSite
) -> None:
    async with site_on() as site:
        reply = await site.http.request(method, path)
    assert (reply.status_code, error_of(reply)["code"]) == (status, code)


async def ask(site: Site, method: str, **params: Any) -> Any:
    """What MCP answers on a session of its own."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    headers = {"Accept": "application/json, text/event-stream"}
    for number, (name, said) in enumerate((("initialize", hello), (method, params))):
        message = {"jsonrpc": "2.0", "id": number, "method": name, "params": said}
        reply = await site.http.post("/mcp", json=message, headers=headers)
        headers.setdefault("Mcp-Session-Id", reply.headers.get("mcp-session-id", ""))
    return json.loads(reply.text.partition("data: ")[2] or reply.text)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("tools/call", {}, "invalid_request"),
        ("tools/call", {"name": "generate_image", "arguments": "a fox"}, "invalid_request"),
        ("tools/call", {"name": "nothing", "arguments": {}}, "not_found"),
        ("resources/read", {}, "invalid_request"),
        ("resources/read", {"uri": "imgforge://nothing"}, "not_found"),
        ("prompts/get", {"name": "nothing"}, "not_found"),
        ("resources/subscribe", {"uri": "imgforge://models"}, "not_found"),
        ("nothing/here", {}, "not_found"),
    ],
)
async def test_what_the_protocol_refuses_has_the_one_shape_as_its_data(
    method: str, params: dict[str, Any], code: str, site_on: OpenSite
) -> None:
    async with site_on() as site, site.running():
        error = (await ask(site, method, **params))["error"]
    assert error["message"] == error["data"]["error"]
    assert error["data"].keys() - {"uri"} == {"error", "code", "status", "request_id", "details"}
    assert error["data"]["code"] == code


@pytest.mark.parametrize(
    ("method", "accept", "kind", "status", "code"),
    [
        ("POST", "text/html", "application/json", 406, "not_acceptable"),
        ("POST", "application/json, text/event-stream", "application/json", 400, "invalid_request"),
        ("GET", "text/event-stream", "application/json", 400, "invalid_request"),
        ("PUT", "*/*", "application/json", 405, "method_not_allowed"),
    ],
)
async def test_what_the_protocols_door_refuses_has_the_one_shape_as_its_data(
    method: str, accept: str, kind: str, status: int, code: str, site_on: OpenSite
) -> None:
    async with site_on() as site, site.running():
        headers = {"Accept": accept, "Content-Type": kind}
        reply = await site.http.request(method, "/mcp", content=b"{", headers=headers)
    assert (reply.status_code, reply.json()["error"]["data"]["code"]) == (status, code)
    assert reply.json()["error"]["data"]["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("said", [[], "", None, "{}", {}], ids=repr)
async def test_arguments_that_are_no_object_are_read_as_the_one_they_spell(said: Any, site_on: OpenSite) -> None:
    asked = {"prompt": "a fox", "width": 64, "height": 64}
    async with site_on() as site, site.running():
        jobs = await ask(site, "tools/call", name="check_job", arguments=said)
        made = await ask(site, "tools/call", name="generate_image", arguments=json.dumps(asked))
    assert jobs["result"]["isError"] is False
    assert json.loads(made["result"]["content"][0]["text"])["state"] == "completed"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"prompt": NaN}', "application/json", 400),
        (b"prompt=a", "application/x-www-form-urlencoded", 415),
        (b"a" * 64, "text/plain", 415),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(
    content: bytes, kind: str, status: int, emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        for path in ("/v2/generate", "/api/generate", "/v1/images/generations", "/api/v1/generate"):
            reply = await site.http.post(path, content=content, headers={"Content-Type": kind})
            assert reply.status_code == status, path
            assert error_of(reply)
    assert together.submits == []
