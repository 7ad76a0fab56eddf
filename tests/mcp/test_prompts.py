"""MCP prompts, templates of the configuration as prompts and as an argument, completion, and the data resources."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference, TextContent, TextResourceContents

from imgforge_mcp.base.types import QualityTier
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PARTS = {
    "subject": "a red fox",
    "setting": "in deep snow",
    "mood": "calm",
    "art_style": "watercolour",
    "lighting": "low sun",
    "camera": "close-up",
    "extras": "falling flakes",
}
TEMPLATES = """
[templates.poster]
prompt = "flat colours, bold shapes"
description = "A poster for the wall"
model = "together/flux-2-dev"
width = 512
height = 768
seed = 7

[templates.plain]
prompt = "on white"
"""


@pytest.fixture(autouse=True)
def _configured(environment: dict[str, str]) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(TEMPLATES, "utf-8")


async def prompt(client: Client, name: str, **arguments: str) -> str:
    """The one message of a prompt."""
    (message,) = (await client.get_prompt(name, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


async def resource(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


# Prompts --------------------------------------------------------------------------------------------------------------


async def test_the_prompts_are_two_of_our_own_and_one_for_every_template(client_on: OpenClient) -> None:
    async with client_on() as client:
        listed = {each.name: each for each in (await client.list_prompts()).prompts}
    assert list(listed) == ["build_prompt", "enhance_prompt", "poster", "plain"]
    assert [argument.name for argument in listed["build_prompt"].arguments or ()] == list(PARTS)
    assert not any(argument.required for argument in listed["build_prompt"].arguments or ())
    enriching = {argument.name: bool(argument.required) for argument in listed["enhance_prompt"].arguments or ()}
    assert enriching == {"prompt": True, "tone": False}
    assert listed["poster"].description == "A poster for the wall"
    assert "on white" in (listed["plain"].description or "")


async def test_a_prompt_is_built_from_all_parts_or_from_any_one(client_on: OpenClient) -> None:
    async with client_on() as client:
        whole = await prompt(client, "build_prompt", **PARTS)
        alone = {name: await prompt(client, "build_prompt", **{name: text}) for name, text in PARTS.items()}
    assert whole.endswith(": a red fox, in deep snow, calm, watercolour, low sun, close-up, falling flakes")
    assert all(text.endswith(f": {PARTS[name]}") for name, text in alone.items())
    assert "generate_image" in whole


@pytest.mark.parametrize(
    ("name", "arguments", "names"),
    [
        pytest.param("build_prompt", {}, "subject", id="nothing to build from"),
        pytest.param("build_prompt", {"subject": "  "}, "subject", id="only space"),
        pytest.param("enhance_prompt", {"tone": "cozy"}, "prompt", id="no idea to enrich"),
        pytest.param("poster", {}, "prompt", id="no idea for a template"),
        pytest.param("banner", {"prompt": "a fox"}, "banner", id="no such prompt"),
    ],
)
async def test_a_prompt_that_cannot_be_given_is_a_protocol_error(
    name: str, arguments: dict[str, str], names: str, client_on: OpenClient
) -> None:
    async with client_on() as client:
        with pytest.raises(MCPError) as refused:
            await client.get_prompt(name, arguments)
    assert refused.value.error.code == -32602
    assert names in refused.value.error.message


async def test_an_idea_is_enriched_in_the_tone_that_is_asked_for(client_on: OpenClient) -> None:
    async with client_on() as client:
        toned = await prompt(client, "enhance_prompt", prompt="a {fox}", tone="cozy")
        plain = await prompt(client, "enhance_prompt", prompt="a {fox}")
    assert toned.endswith("\na {fox}")
    assert plain.endswith("\na {fox}")
    assert "The tone: cozy." in toned
    assert "tone:" not in plain


async def test_a_templates_prompt_leads_to_its_template(client_on: OpenClient) -> None:
    async with client_on() as client:
        text = await prompt(client, "poster", prompt="a red fox")
    assert "generate_image" in text
    assert "'poster'" in text
    assert text.endswith(": a red fox")


# Templates as an argument ---------------------------------------------------------------------------------------------


async def test_a_template_says_what_the_caller_does_not(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    asked = {"prompt": "a fox", "template": "poster", "enhance": False}
    async with client_on(emulator) as client:
        by_template = told(await client.call_tool("generate_image", asked))
        by_caller = told(await client.call_tool("generate_image", {**asked, "seed": 9, "width": 640, "height": 640}))
    first, second = emulator.orders
    assert by_template["model"] == by_caller["model"] == "flux-2-dev"
    assert first.prompt == second.prompt == "a fox, flat colours, bold shapes"
    assert (first.width, first.height, first.seed) == (512, 768, 7)
    assert (second.width, second.height, second.seed) == (640, 640, 9)


async def test_a_template_also_serves_an_item_of_a_batch(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    items = [{"prompt": "a fox", "template": "poster"}, {"prompt": "a fox", "template": "banner"}]
    async with client_on(emulator) as client:
        first, second = told(await client.call_tool("generate_batch", {"items": items}))["items"]
    assert (first["model"], first["state"]) == ("flux-2-dev", "completed")
    assert second["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("template", "code", "says"),
    [
        pytest.param("banner", "not_found", "plain, poster", id="unknown"),
    ],
)
async def test_a_template_that_cannot_be_used_is_refused_before_anything_is_bought(
    template: str, code: str, says: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {"prompt": "a fox", "template": template})
    refused = told(result)
    assert result.is_error
    assert refused["code"] == code
    assert says in refused["error"]
    assert emulator.calls == []


# Completion -----------------------------------------------------------------------------------------------------------


async def completed(client: Client, uri: str, name: str, start: str) -> Any:
    reference = ResourceTemplateReference(uri=uri)
    return (await client.complete(reference, {"name": name, "value": start})).completion


async def test_jobs_and_assets_are_completed_as_typed_the_newest_first(
    emulate: Emulate, client_on: OpenClient, clock: Any
) -> None:
    async with client_on(emulate("together")) as client:
        jobs = []
        for number in range(3):
            clock.advance(1)
            jobs.append(told(await client.call_tool("generate_image", {"prompt": f"picture {number}"})))
        job_ids = [job["job_id"] for job in reversed(jobs)]
        asset_id = jobs[1]["assets"][0]["asset_id"]
        everything = await completed(client, "imgforge://jobs/{job_id}", "job_id", "")
        lower = await completed(client, "imgforge://jobs/{job_id}", "job_id", job_ids[1].lower())
        nothing = await completed(client, "imgforge://jobs/{job_id}", "job_id", "x")
        asset = await completed(client, "imgforge://assets/{sha256}{?width}", "sha256", asset_id[:12])
    assert everything.values == job_ids
    assert (everything.total, everything.has_more) == (3, False)
    assert lower.values == [job_ids[1]]
    assert nothing.values == []
    assert [value[:12] for value in asset.values] == [asset_id]


async def test_models_are_completed_by_their_slugs_and_what_is_not_ours_is_not(
    emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("together")) as client:
        reference = PromptReference(name="poster")
        models = (await client.complete(reference, {"name": "model", "value": "flux-2"})).completion.values
        others = (await client.complete(reference, {"name": "prompt", "value": ""})).completion.values
    assert "flux-2-dev" in models
    assert models == sorted(name for name in models if name.startswith("flux-2"))
    assert others == []


# Resources ------------------------------------------------------------------------------------------------------------


async def test_models_and_usage_say_what_their_tools_say(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        await client.call_tool("generate_image", {"prompt": "a fox"})
        models, usage = [json.loads(await resource(client, f"imgforge://{name}")) for name in ("models", "usage")]
        assert models == told(await client.call_tool("list_models", {}))
        assert usage == told(await client.call_tool("get_usage", {}))
    assert usage["images"] == 1


async def test_the_guide_has_a_word_on_every_tier(client_on: OpenClient) -> None:
    async with client_on() as client:
        guide = await resource(client, "imgforge://guide")
    assert [tier.value for tier in QualityTier if tier.value not in guide] == []
