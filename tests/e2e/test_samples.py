"""The code samples of the five documents against `serve`: only the base URL and the key are changed.

A sample of PHP stands as the curl command that sends the same; what 004 shows as tables is asked as they have it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import emulators
from tests.e2e._node import Node, parsed
from tests.e2e._program import Server, fresh_account, run, serve

pytestmark = pytest.mark.long

PROVIDERS = ("cloudflare", "together", "gemini", "bfl", "fal")
SCRIPT = Path(__file__).with_name("samples.mjs")
SCHNELL = "@cf/black-forest-labs/flux-1-schnell"
HOSTS = re.compile(
    r"https://(imgforge\.stackbilt\.dev|your-worker\.workers\.dev|free-ai-gateway\.\S+?\.workers\.dev|imageapi\.org)"
)
KEYS = re.compile(r"YOUR_API_KEY|<GATEWAY_API_KEY>")

QUICK_START = """
curl -X POST https://imgforge.stackbilt.dev/v2/generate \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "A serene mountain lake at sunset with reflections",
"quality_tier": "standard",
"sync": true
}'
"""
ORDER = """
curl -X POST https://imgforge.stackbilt.dev/v2/generate \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "Product hero image for order 12345",
"quality_tier": "premium",
"idempotency_key": "order-12345-hero"
}'
"""
WORKER = """
curl -X POST https://your-worker.workers.dev/api/generate \
-H "Content-Type: application/json" \
-d '{
"prompt": "A serene mountain landscape at sunset, photorealistic",
"model": "@cf/black-forest-labs/flux-1-schnell"
}'
"""
WORKER_PYTHON = """
import requests
response = requests.post(
'https://your-worker.workers.dev/api/generate',
json={
'prompt': 'A serene mountain landscape at sunset, photorealistic',
'model': '@cf/black-forest-labs/flux-1-schnell'
}
)
image = response.json()
print('Generated image:', image)
"""
GATEWAY = """
curl https://free-ai-gateway.sarthakagrawal927.workers.dev/v1/images/generations \
-H "Authorization: Bearer <GATEWAY_API_KEY>" \
-H "x-gateway-project-id: my_project" \
-H "Content-Type: application/json" \
-d '{
"model": "auto",
"prompt": "A cinematic close-up of a red fox in an autumn forest",
"size": "1024x1024"
}'
"""
GATEWAY_INLINE = """
curl https://free-ai-gateway.sarthakagrawal927.workers.dev/v1/images/generations \
-H "Authorization: Bearer <GATEWAY_API_KEY>" \
-H "x-gateway-project-id: my_project" \
-H "Content-Type: application/json" \
-d '{
"model": "black-forest-labs/FLUX.1-schnell",
"prompt": "A watercolor painting of Mount Fuji at sunrise",
"response_format": "b64_json"
}'
"""
GATEWAY_FORCED = """
curl https://free-ai-gateway.sarthakagrawal927.workers.dev/v1/images/generations \
-H "Authorization: Bearer <GATEWAY_API_KEY>" \
-H "x-gateway-project-id: my_project" \
-H "x-gateway-force-provider: workers_ai" \
-H "Content-Type: application/json" \
-d '{
"model": "@cf/black-forest-labs/flux-1-schnell",
"prompt": "A neon cyberpunk alley at night"
}'
"""
IMAGEAPI = """
curl -X POST https://imageapi.org/api/v1/generate \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{"prompt": "a sunset over mountains", "width": 512, "height": 512 }'
"""
IMAGEAPI_NEGATIVE = """
curl -X POST https://imageapi.org/api/v1/generate \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "a sunset over mountains",
"negative_prompt": "blurry, low quality",
"width": 512,
"height": 512
}'
"""
WORDPRESS = """
curl --max-time 120 -X POST https://imageapi.org/api/v1/generate \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{"prompt":"cinematic mountain landscape at sunrise","width":512,"height":512}'
"""
IMAGEAPI_ITEMS = """
curl -X POST https://imageapi.org/api/v1/generate \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"items": [
{ "prompt": "a futuristic city at night", "width": 512, "height": 512 },
{ "prompt": "a portrait photo, studio lighting", "width": 512, "height": 512 }
]
}'
"""
ENHANCE = """
curl -X POST https://imageapi.org/api/v1/prompt/enhance \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{"prompt":"robot reading a book","tone":"anime, cozy"}'
"""
BUILD = """
curl -X POST https://imageapi.org/api/v1/prompt/build \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{"subject":"fox in a scarf","setting":"snowy forest","mood":"cozy","art_style":"watercolor"}'
"""
MODELS = "curl -X GET https://imageapi.org/api/v1/models"
HEALTH = "curl -X GET https://imageapi.org/api/v1/health"
USAGE = """
curl -X GET https://imageapi.org/api/v1/usage \
-H "Authorization: Bearer YOUR_API_KEY"
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server behind a key, over the providers that the documents name."""
    with ExitStack() as stack:
        variables = {"IMGFORGE_WORKER": "inline"}
        for name in PROVIDERS:
            emulator = emulators.load(name)
            stack.enter_context(emulator.serve())
            variables |= emulator.environment()
        account = fresh_account(tmp_path_factory.mktemp("samples"), **variables)
        made = run(account, "keys", "create", "Free", "--per-day", "50", "--per-month", "1500", "--json")
        yield stack.enter_context(serve(account)), json.loads(made.stdout)["key"]


def said(command: str, door: tuple[Server, str]) -> Any:
    """What a shell prints of a curl command; a service without keys has ours in a header."""
    server, key = door
    changed = KEYS.sub(key, HOSTS.sub(server.base_url, command)).strip()
    if "workers.dev/api" in command:
        changed += f' -H "X-API-Key: {key}"'
    answer = subprocess.run(
        ["bash", "-c", changed.replace("curl ", "curl -sS ", 1)], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(answer.stdout)


def test_the_quick_start_of_img_forge(door: tuple[Server, str]) -> None:
    job = said(QUICK_START, door)
    assert job["state"] == "completed"
    assert job["original_prompt"] == "A serene mountain lake at sunset with reflections"
    assert job["final_prompt"] == "A serene mountain lake at sunset with reflections, high quality, detailed"
    assert job["asset_url"].startswith("/v2/assets/")


def test_an_order_of_img_forge_is_drawn_once(door: tuple[Server, str]) -> None:
    assert said(ORDER, door)["job_id"] == said(ORDER, door)["job_id"]


def test_the_workers_curl_and_python(door: tuple[Server, str]) -> None:
    image = said(WORKER, door)
    assert (image["model"], image["is_deleted"]) == (SCHNELL, False)
    assert image["id"].startswith("img_")
    server, key = door
    changed = HOSTS.sub(server.base_url, WORKER_PYTHON).replace(
        "\njson={", f"\nheaders={{'X-API-Key': '{key}'}},\njson={{"
    )
    printed = subprocess.run([sys.executable, "-c", changed], capture_output=True, text=True, check=True, timeout=60)
    assert printed.stdout.startswith("Generated image: {'id': 'img_")


def test_the_gateways_three(door: tuple[Server, str]) -> None:
    first, inline, forced = (said(command, door) for command in (GATEWAY, GATEWAY_INLINE, GATEWAY_FORCED))
    assert set(first["data"][0]) == {"url", "revised_prompt"}
    assert set(first["x_gateway"]) >= {"provider", "model", "attempts", "request_id", "project_id"}
    assert first["x_gateway"]["project_id"] == "my_project"
    assert set(inline["data"][0]) == {"b64_json", "revised_prompt"}
    assert inline["x_gateway"]["model"] == "black-forest-labs/FLUX.1-schnell"
    assert (forced["x_gateway"]["provider"], forced["x_gateway"]["model"]) == ("cloudflare", SCHNELL)


@pytest.mark.parametrize("command", [IMAGEAPI, IMAGEAPI_NEGATIVE, WORDPRESS], ids=["one", "negative", "wordpress"])
def test_imageapi_draws(command: str, door: tuple[Server, str]) -> None:
    body = said(command, door)
    assert body["success"] is True
    assert body["request_id"].startswith("req_")
    assert set(body["data"]) >= {"image", "seed", "model", "storage"}
    assert body["data"]["model"] == "flux-schnell"
    assert body["data"]["storage"] == {"enabled": True, "stored": True, "plan": "Free"}


def test_imageapis_other_samples(door: tuple[Server, str]) -> None:
    results = said(IMAGEAPI_ITEMS, door)["data"]["results"]
    assert [result["success"] for result in results] == [True, True]
    assert said(ENHANCE, door)["data"]["prompt"].startswith("robot reading a book, ")
    assert said(BUILD, door)["data"]["prompt"] == "fox in a scarf, snowy forest, cozy, watercolor"
    assert {"slug", "name", "description"} <= set(said(MODELS, door)["data"][0])
    assert said(HEALTH, door)["status"] == "healthy"
    data = said(USAGE, door)["data"]
    assert data["usage"]["today"]["imageCount"] >= 2
    assert (data["plan"]["requests_per_day"], data["plan"]["requests_per_month"]) == (50, 1500)


def test_the_javascript_of_all_of_them(door: tuple[Server, str], node: Node, tmp_path: Path) -> None:
    server, key = door
    script = SCRIPT.read_text("utf-8")
    environment = fresh_account(tmp_path)
    seen = parsed(node.run("--input-type=module", "-", server.base_url, key, environment=environment, script=script))
    for name in ("sync", "async"):
        assert re.fullmatch(rf"{server.base_url}/v2/assets/[0-9a-f]{{64}}", seen[name])
    assert seen["picture"].startswith("image/")
    assert seen["refused"].startswith("invalid_request: quality_tier")
    assert seen["image"]["model"] == SCHNELL
    assert seen["templated"]["prompt"] == (
        "Wireless headphones on marble surface, Professional product photography, studio lighting, 8k"
    )
    assert [each["data"]["prompt"] for each in seen["several"]] == [each["prompt"] for each in seen["several"]]
    assert any(re.fullmatch(r"FLUX\.1 Schnell: \$[0-9.e-]+ per image", line) for line in seen["costs"])
    assert re.fullmatch(r"Images generated: [1-9][0-9]*", seen["costs"][-2])
    assert seen["batch"]["ok"]
    assert len(seen["batch"]["images"]) == 3
    assert seen["imageapi"]["data"]["image"].startswith(server.base_url)
