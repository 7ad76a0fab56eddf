"""What a result looks like: one short text block, a preview, a link for the user; and the switches that change it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from mcp_types import BlobResourceContents, CallToolResult, ImageContent, ResourceLink, TextContent

from tests.answers import check_schema, previews, told, uri
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}
LONG = {
    "prompt": "a lighthouse " + "in a storm " * 600,
    "negative_prompt": "fog " * 200,
    "metadata": {"for": "x" * 100},
    "project_id": "harbour",
    "idempotency_key": "once",
    "aspect_ratio": "3:2",
}
MOST_TEXT = 2048
MOST_BYTES = 700_000


def whole(result: CallToolResult) -> int:
    """The bytes of the result as it goes over the wire."""
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


def kinds(result: CallToolResult) -> list[str]:
    return [block.type for block in result.content]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(PROMPT, id="short"),
        pytest.param(LONG, id="everything long"),
        pytest.param({**LONG, "prompt": "灯塔" * 4000}, id="three bytes a letter"),
    ],
)
async def test_one_short_text_comes_first_and_begins_with_the_message(
    asked: dict[str, Any], emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("openai")) as client:
        result = await client.call_tool("generate_image", asked)
    assert kinds(result) == ["text", "image"]
    assert isinstance(result.content[0], TextContent)
    assert len(result.content[0].text.encode()) < MOST_TEXT
    job = told(result)
    assert next(iter(job)) == "message"
    assert job["assets"][0]["path"] in job["message"]
    assert "openai/" in job["message"]
    assert result.structured_content is None
    assert not any(value in (None, [], {}, "") for value in job.values())


async def test_one_picture_takes_about_500_bytes(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "seed": 7, "quality_tier": "draft"}))
    places = 2 * len(job["assets"][0]["path"].encode())  # in the message and beside the id
    assert len(json.dumps(job, separators=(",", ":")).encode()) - places < 500
    assert {"job_id", "state", "original_prompt", "model", "provider", "assets", "cost_usd"} <= job.keys()
    assert not job.keys() & {"attempts", "request_id", "final_prompt", "created_at"}
    assert "uri" not in job["assets"][0]
    assert len(job["assets"][0]["asset_id"]) == 12


async def test_every_field_that_the_contract_names_is_there_in_detail(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai")) as client:
        brief = told(await client.call_tool("generate_image", LONG))
        job = told(await client.call_tool("check_job", {"job_id": brief["job_id"], "detail": True}))
    assert {
        *("job_id", "state", "original_prompt", "final_prompt", "enhancement_logic", "quality_tier", "model"),
        *("provider", "assets", "attempts", "cost_usd", "cost_basis", "warnings", "created_at", "started_at"),
        *("completed_at", "request_id", "project_id", "metadata", "idempotency_key"),
    } <= job.keys()
    assert {"asset_id", "uri", "path", "mime_type", "width", "height", "bytes"} <= job["assets"][0].keys()
    assert {"provider", "model", "outcome", "latency_ms", "cost_usd"} <= job["attempts"][0].keys()
    assert brief["metadata"] == job["metadata"] == LONG["metadata"]


async def test_what_failed_on_the_way_is_told_with_the_picture(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.fault("500", times=1)
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", PROMPT))
    assert job["state"] == "completed"
    assert [attempt["outcome"] for attempt in job["attempts"]] == ["failed", "succeeded"]
    assert job["request_id"].startswith("req_")


async def test_a_short_id_is_taken_wherever_a_picture_is_named(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai")) as client:
        (asset,) = told(await client.call_tool("generate_image", PROMPT))["assets"]
        short = asset["asset_id"]
        edited = await client.call_tool("edit_image", {"prompt": "in winter", "image": short})
        inspired = await client.call_tool("generate_image", {**PROMPT, "input_images": [short[:8].upper()]})
        (content,) = (await client.read_resource(f"imgforge://assets/{short}")).contents
        unknown = await client.call_tool("edit_image", {"prompt": "in winter", "image": "0" * 12})
    assert not edited.is_error
    assert not inspired.is_error
    assert isinstance(content, BlobResourceContents)
    assert told(unknown)["code"] == "not_found"


async def test_the_preview_is_a_small_image_of_the_type_that_it_claims(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai")) as client:
        asked = {**PROMPT, "model": "openai/gpt-image-2", "width": 1536, "height": 1024}
        result = await client.call_tool("generate_image", asked)
    (shown,) = previews(result)
    (block,) = (block for block in result.content if isinstance(block, ImageContent))
    assert shown.size == (768, 512)
    assert shown.get_format_mimetype() == block.mime_type  # type: ignore[attr-defined]
    assert block.mime_type in ("image/webp", "image/jpeg")


async def test_the_link_is_for_the_user_and_names_the_full_image(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai"), introduced=("Visual Studio Code", "1.110.0")) as client:
        result = await client.call_tool("generate_image", PROMPT)
    (link,) = (block for block in result.content if isinstance(block, ResourceLink))
    (asset,) = told(result)["assets"]
    assert str(link.uri).startswith(uri(asset))
    assert link.annotations is not None
    assert link.annotations.audience == ["user"]
    assert (link.mime_type, link.size) == (asset["mime_type"], asset["bytes"])


async def test_four_noisy_4k_images_still_fit_into_one_message(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("openai")
    emulator.image_bytes = 50_000_000
    asked = {**PROMPT, "model": "openai/gpt-image-2", "n": 4, "width": 3840, "height": 2160, "output_format": "jpeg"}
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", asked)
    assert kinds(result) == ["text", *["image"] * 4]
    assert sum(asset["bytes"] for asset in told(result)["assets"]) > 20_000_000
    assert whole(result) < MOST_BYTES


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"IMGFORGE_PREVIEW": "off"}, ["text", "resource_link"], id="no preview"),
        pytest.param({"IMGFORGE_RESOURCE_LINKS": "off"}, ["text", "image"], id="no link"),
        pytest.param({"IMGFORGE_PREVIEW": "off", "IMGFORGE_RESOURCE_LINKS": "off"}, ["text"], id="text alone"),
    ],
)
async def test_the_users_own_word_overrules_the_table(
    variables: dict[str, str], expected: list[str], emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("openai"), introduced=("Visual Studio Code", "1.110.0"), **variables) as client:
        result = await client.call_tool("generate_image", PROMPT)
        again = await client.call_tool("check_job", {"job_id": told(result)["job_id"]})
    assert kinds(result) == kinds(again) == expected


async def test_the_preview_can_be_larger_or_smaller(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai"), IMGFORGE_PREVIEW_MAX_PX="256") as client:
        (shown,) = previews(await client.call_tool("generate_image", PROMPT))
    assert max(shown.size) == 256


async def test_check_job_answers_a_finished_job_as_generate_image_did(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("openai")) as client:
        result = await client.call_tool("generate_image", PROMPT)
        again = await client.call_tool("check_job", {"job_id": told(result)["job_id"]})
        bare = await client.call_tool("check_job", {"job_id": told(result)["job_id"], "include_preview": False})
    assert again.content == result.content
    assert kinds(bare) == ["text"]


async def test_structured_content_comes_where_it_is_asked_for_and_holds_no_image(
    emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("openai"), IMGFORGE_STRUCTURED="on") as client:
        schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
        made = await client.call_tool("generate_image", PROMPT)
        results = {
            "generate_image": made,
            "check_job": await client.call_tool("check_job", {"job_id": told(made)["job_id"]}),
            "check_job without a job": await client.call_tool("check_job", {}),
        }
    for name, result in results.items():
        schema = schemas[name.partition(" ")[0]]
        assert result.structured_content == told(result)
        check_schema(result.structured_content, schema)
        assert len(json.dumps(result.structured_content)) < 4096


@pytest.mark.parametrize(
    ("client_name", "version", "expected"),
    [
        pytest.param("mcp", "0.1.0", ["text", "image"], id="nobody in particular"),
        pytest.param("some-new-client", "9", ["text", "image"], id="unknown"),
        pytest.param("Visual Studio Code", "1.110.0", ["text", "image", "resource_link"], id="VS Code"),
        pytest.param(
            "Visual Studio Code - Insiders", "1.111.0-insider", ["text", "image", "resource_link"], id="insider"
        ),
        pytest.param("Visual Studio Code", "1.99.3", ["text", "image"], id="an old VS Code"),
        pytest.param("claude-code", "2.1.280", ["text", "image"], id="Claude Code"),
        pytest.param("codex-mcp-client", "0.60.0", ["text", "image"], id="Codex"),
        pytest.param("google-adk", "1.20.0", ["text"], id="ADK takes base64 for text"),
        pytest.param("inspector-client", "0.17.0", ["text", "image", "resource_link"], id="Inspector"),
    ],
)
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_each_client_gets_what_it_is_known_to_show(
    client_name: str, version: str, expected: list[str], mode: str, emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("openai"), mode=mode, introduced=(client_name, version)) as client:
        result = await client.call_tool("generate_image", PROMPT)
    assert kinds(result) == expected
    assert result.structured_content is None


DATA = [
    pytest.param("list_models", {"available_only": False}, id="list_models"),
    pytest.param("list_models", {"tier": "ultra", "available_only": False}, id="one tier"),
    pytest.param("cancel_job", {"job_id": "?"}, id="cancel_job"),
    pytest.param("get_usage", {}, id="get_usage"),
    pytest.param("generate_batch", {"items": [PROMPT, {**PROMPT, "model": "none"}]}, id="generate_batch"),
]


@pytest.mark.parametrize(("name", "arguments"), DATA)
@pytest.mark.parametrize("reads", [True, False], ids=["reads structured", "reads text"])
async def test_other_tools_send_their_data_once(
    name: str, arguments: dict[str, Any], reads: bool, emulate: Emulate, client_on: OpenClient
) -> None:
    introduced = ("claude-code", "2.1.280") if reads else ("mcp", "0.1.0")
    async with client_on(emulate("openai"), introduced=introduced) as client:
        made = await client.call_tool("generate_image", PROMPT)
        (schema,) = (tool.output_schema for tool in (await client.list_tools()).tools if tool.name == name)
        asked = {key: told(made)["job_id"] if value == "?" else value for key, value in arguments.items()}
        result = await client.call_tool(name, asked)
    assert not result.is_error
    assert kinds(result) == ["text", *["image"] * (name == "generate_batch" and not reads)]  # the pictures on one sheet
    text = result.content[0]
    assert isinstance(text, TextContent)
    if reads:
        check_schema(result.structured_content, schema)
        assert len(text.text) < 300
        assert "\n" not in text.text
    else:
        assert schema is None
        assert result.structured_content is None
        assert told(result)


async def test_without_any_provider_the_message_says_who_drew_and_how_to_add_a_key(client_on: OpenClient) -> None:
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "width": 256, "height": 256}))
    assert job["provider"] == "local"
    assert job["cost_basis"] == "free"
    assert "TOGETHER_API_KEY" in job["message"]
    assert any("not by a diffusion model" in warning for warning in job["warnings"])
