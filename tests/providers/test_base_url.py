"""An address as official clients, gateways and portals write it reaches the route that the adapter documents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.providers.base_url import address, kept_query
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

IMAGES = "/v1/images/generations"
GEMINI = "/v1beta/models/nano:generateContent"
CLOUDFLARE = "/client/v4/accounts/me/ai/run/@cf/flux"
PREFIXES = [
    ("together", "/v1"),
    ("together", "/v1/"),
    ("openai", "/v1"),
    ("openai", "/v1/images/generations"),
    ("gemini", "/v1beta"),
    ("gemini", "/v1beta/models"),
    ("cloudflare", "/client/v4"),
    ("cloudflare", "/client/v4/"),
    ("bfl", "/v1"),
    ("replicate", "/v1"),
    ("stability", "/v2beta"),
    ("stability", "/v2beta/stable-image"),
    ("recraft", "/v1"),
    ("openrouter", "/api/v1"),
    ("openrouter", "/api"),
    ("pollinations", "/v1"),
    ("a1111", "/sdapi/v1"),
    ("a1111", "/sdapi/v1/txt2img"),
    ("imgforge", "/v2"),
    ("nvidia", "/v1"),
    ("fal", "/"),
    ("gemini", "/v1beta/openai/"),
    ("openai", "/v1/chat/completions"),
    ("openai", "/v1/responses"),
    ("together", "/v1/models"),
    ("bfl", "/v1/flux-pro-1.1"),
    ("bfl", "/v1/get_result"),
    ("replicate", "/v1/predictions"),
    ("ideogram", "/v1/ideogram-v3/generate"),
    ("huggingface", "/v1"),
    ("openrouter", "/v1"),
    ("imgforge", "/v2/generate"),
    ("nvidia", "/v1/infer"),
    ("a1111", "/docs"),
    ("a1111", "/?__theme=dark"),
    ("comfyui", "/prompt"),
    ("pollinations", "/prompt"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "prefix"), PREFIXES)
async def test_a_documented_path_in_the_base_url_is_not_repeated_and_its_query_goes_with_every_request(
    emulate: Callable[[str], Emulator], client_on: OpenClient, name: str, prefix: str
) -> None:
    emulator = emulate(name)
    query = f"{'&' if '?' in prefix else '?'}api-version=2026-11"
    place = {f"IMGFORGE_{name.upper()}_BASE_URL": f"{emulator.base_url}{prefix}{query}"}
    async with client_on(emulator, **place) as client:
        answer = told(await client.call_tool("generate_image", {"prompt": "a red fox", "provider": name}))
    assert answer["state"] == "completed", answer
    asked = [call for call in emulator.calls if not call.path.startswith(("/_files/", "/v2/assets/"))]
    assert asked
    assert {call.query.get("api-version") for call in asked} == {"2026-11"}


@pytest.mark.parametrize(
    ("base", "path", "used"),
    [
        pytest.param("https://h", IMAGES, "https://h/v1/images/generations", id="host"),
        pytest.param("https://h/", IMAGES, "https://h/v1/images/generations", id="slash"),
        pytest.param("https://h/gate", IMAGES, "https://h/gate/v1/images/generations", id="prefix"),
        pytest.param("https://h/gate/v1", IMAGES, "https://h/gate/v1/images/generations", id="prefix with version"),
        pytest.param("https://h/api/paas/v4", IMAGES, "https://h/api/paas/v4/images/generations", id="another version"),
        pytest.param("https://h/api/v3/", IMAGES, "https://h/api/v3/images/generations", id="a third"),
        pytest.param(
            "https://h/v1beta/openai/", IMAGES, "https://h/v1beta/openai/images/generations", id="in the middle"
        ),
        pytest.param(
            "https://h/v1/me/gate/openai", IMAGES, "https://h/v1/me/gate/openai/images/generations", id="gate"
        ),
        pytest.param(
            "https://h/v1/me/gate/google", GEMINI, f"https://h/v1/me/gate/google{GEMINI}", id="gate of Gemini"
        ),
        pytest.param("https://h/v1/images/edits", IMAGES, "https://h/v1/images/generations", id="another call's path"),
        pytest.param(
            "https://h/gate/images/generations", IMAGES, "https://h/gate/images/generations", id="whole, bare"
        ),
        pytest.param(
            "https://h/gate/images/generations", "/v1/images/edits", "https://h/gate/images/edits", id="edits"
        ),
        pytest.param(f"https://h{GEMINI}", "/v1beta/models/x:predict", "https://h/v1beta/models/x:predict", id="model"),
        pytest.param("https://h/v1", GEMINI, f"https://h{GEMINI}", id="an older version"),
        pytest.param(
            "https://h/v2beta", "/v1/user/account", "https://h/v1/user/account", id="the other of two versions"
        ),
        pytest.param("https://h/client/v4/accounts/me/ai/run", CLOUDFLARE, f"https://h{CLOUDFLARE}", id="deep"),
        pytest.param("https://h/v1/openai", GEMINI, f"https://h{GEMINI}", id="another client's version"),
        pytest.param("https://h/v1/acme", "/v1/x", "https://h/v1/acme/v1/x", id="a gateway of one name"),
        pytest.param("https://h/openai", IMAGES, f"https://h/openai{IMAGES}", id="a gateway called openai"),
        pytest.param("https://h/V1", IMAGES, "https://h/V1/v1/images/generations", id="a name that is no version"),
        pytest.param("https://h/x?a=1&b=%2F", "/v1/models?b=2", "https://h/x/v1/models?a=1&b=2", id="two queries"),
        pytest.param("https://h?sig=a%2Fb", IMAGES, f"https://h{IMAGES}?sig=a%2Fb", id="a query as it was written"),
    ],
)
def test_one_rule_puts_address_and_path_together(base: str, path: str, used: str) -> None:
    assert address(base, path, {}) == used


@pytest.mark.parametrize(
    ("url", "used"),
    [
        pytest.param("https://h/op/1", "https://h/op/1?v=1", id="the same host"),
        pytest.param("https://h/op/1?v=2", "https://h/op/1?v=2", id="with its own"),
        pytest.param("https://other/op/1", "https://other/op/1", id="another host"),
        pytest.param("http://h/op/1", "http://h/op/1", id="another scheme"),
    ],
)
def test_the_query_of_the_base_url_stays_on_its_host(url: str, used: str) -> None:
    assert kept_query("https://h/x?v=1", url, {}) == used


def configure(environment: dict[str, Any], lines: list[str]) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(lines), "utf-8")


@pytest.mark.anyio
@pytest.mark.parametrize("ending", ["", "/v1", "/v1/", "/v1/images/generations", "/v1?key=x"])
async def test_the_same_holds_for_a_named_server(
    emulate: Callable[[str], Emulator], client_on: OpenClient, environment: dict[str, Any], ending: str
) -> None:
    openai = emulate("openai")
    lines = ["[[servers]]", 'name = "box"', f'base_url = "{openai.base_url}{ending}"', f'api_key = "{openai.key}"']
    lines += ['models = [{ id = "gpt-image-2" }]']
    configure(environment, lines)
    async with client_on() as client:
        await client.call_tool("generate_image", {"prompt": "a red fox", "provider": "box"})
    assert [call.path for call in openai.calls][:1] == ["/v1/images/generations"]
