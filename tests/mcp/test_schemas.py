"""What `tools/list` shows: every schema is a committed snapshot, the whole stays small, the annotations are true."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.base import config
from imgforge_mcp.mcp.tools import TOOLS
from tests.answers import told
from tests.conftest import OpenClient

pytestmark = pytest.mark.anyio

SNAPSHOTS = Path(__file__).parent / "snapshots"
RENEW = "IMGFORGE_RENEW_SNAPSHOTS"
NAMES = [tool.name for tool in TOOLS]
MOST_BYTES = 12_000
SPENDS = {"generate_image", "edit_image", "transform_image", "generate_batch"}
CHANGES = SPENDS | {"cancel_job", "save_image"}
SHORT = {"edit_image", "transform_image"}
"""What generate_image explains they only list."""
GO_WITHOUT_SAYING = {"height", "top", "right", "bottom"}
"""Beside width and left, which are explained."""
FREE_MAP = {"type": "string"}
"""The values of `metadata`."""


@pytest.mark.parametrize("name", NAMES)
async def test_a_tools_schema_is_the_committed_one(name: str, client_on: OpenClient, tmp_path: Path) -> None:
    async with client_on() as client:
        (tool,) = (tool for tool in (await client.list_tools()).tools if tool.name == name)
    shown = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
    shown["description"] = shown["description"].replace(str(tmp_path), "…")
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get(RENEW):
        path.write_text(json.dumps(shown, indent=2, ensure_ascii=False) + "\n", "utf-8")
    committed = json.loads(path.read_text("utf-8")) if path.exists() else None
    assert shown == committed, (
        f"tools/list shows {name} differently from {path.name}. If that is meant, run "
        f"`{RENEW}=1 python -m pytest tests/mcp/test_schemas.py` and commit the difference."
    )


def test_every_snapshot_is_of_a_tool() -> None:
    assert sorted(path.stem for path in SNAPSHOTS.glob("*.json")) == sorted(NAMES)


def test_the_configuration_knows_every_tool_by_name() -> None:
    assert sorted(config.TOOLS) == sorted(NAMES)


@pytest.mark.parametrize("structured", ["off", "on"])
async def test_the_whole_list_stays_small(structured: str, client_on: OpenClient) -> None:
    async with client_on(IMGFORGE_STRUCTURED=structured) as client:
        listed = await client.list_tools()
    tools = [tool.model_dump_json(by_alias=True, exclude_none=True) for tool in listed.tools]
    assert len(f"[{','.join(tools)}]".encode()) < MOST_BYTES


async def test_every_tool_says_what_it_does_and_whether_it_changes_anything(client_on: OpenClient) -> None:
    async with client_on() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    for name, tool in tools.items():
        hints = tool.annotations
        assert hints is not None
        assert tool.title
        assert tool.description
        assert hints.read_only_hint is (name not in CHANGES)
        assert hints.idempotent_hint is (name not in SPENDS | {"save_image"})
        assert hints.open_world_hint is (name in SPENDS)
        # Nothing here deletes or overwrites: pictures are kept, files are never written over.
        assert hints.destructive_hint is False


async def test_every_argument_is_explained_and_no_other_is_let_in(client_on: OpenClient) -> None:
    async with client_on() as client:
        tools = (await client.list_tools()).tools
    explained = tools[0].input_schema["properties"]
    for tool in tools:
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        for name, argument in tool.input_schema["properties"].items():
            is_said_before = (tool.name in SHORT and name in explained) or name in GO_WITHOUT_SAYING
            assert argument.get("description") or is_said_before, f"{tool.name}: {name}"
            assert {"$ref", "anyOf"}.isdisjoint(argument), f"{tool.name}: {name}"


@pytest.mark.parametrize(
    ("structured", "with_schema"),
    [
        pytest.param("off", set(), id="off"),
        pytest.param("auto", set(), id="a client nobody knows"),
        pytest.param("on", set(NAMES), id="on"),
    ],
)
async def test_an_output_schema_is_declared_only_where_it_will_be_read(
    structured: str, with_schema: set[str], client_on: OpenClient
) -> None:
    async with client_on(IMGFORGE_STRUCTURED=structured) as client:
        tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools if tool.output_schema is not None} == with_schema


RULES = tomllib.loads((Path(__file__).parent / "schema_rules.toml").read_text("utf-8"))


def nodes(schema: dict[str, Any], level: int = 1) -> Iterator[tuple[dict[str, Any], int]]:
    """Every schema within a schema, and how deep it lies."""
    yield schema, level
    children = list(schema.get("properties", {}).values())
    children += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    for child in children:
        yield from nodes(child, level + 1)


@pytest.mark.parametrize("whose", RULES)
@pytest.mark.parametrize("name", NAMES)
async def test_no_model_refuses_a_schema(name: str, whose: str, client_on: OpenClient) -> None:
    rules = RULES[whose]
    async with client_on() as client:
        (tool,) = (tool for tool in (await client.list_tools()).tools if tool.name == name)
    assert re.fullmatch(rules.get("name_pattern", ".+"), tool.name)
    assert tool.input_schema["type"] == "object"
    for schema, level in nodes(tool.input_schema):
        assert not schema.keys() & set(rules["refused"]), schema
        assert isinstance(schema["type"], str), schema
        assert schema["type"] in rules.get("types", [schema["type"]])
        assert level <= rules.get("most_levels", level)
        if rules.get("arrays_need_items") and schema["type"] == "array":
            assert schema["items"], schema
        if "enum_types" in rules:
            assert {type(value) for value in schema.get("enum", ())} <= {str}
        if rules.get("closed_objects") and schema["type"] == "object" and schema["additionalProperties"] != FREE_MAP:
            assert schema["additionalProperties"] is False
        if "largest_number" in rules:
            bounds = [schema[key] for key in ("minimum", "maximum") if key in schema]
            assert all(abs(bound) <= rules["largest_number"] for bound in bounds)


async def test_a_batch_item_is_described_as_generate_image_is(client_on: OpenClient) -> None:
    async with client_on() as client:
        tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
    item = tools["generate_batch"]["properties"]["items"]["items"]
    assert item["properties"].keys() < tools["generate_image"]["properties"].keys()
    assert {"prompt", "model", "width", "seed", "input_images", "save_to", "metadata"} < item["properties"].keys()
    assert item["required"] == ["prompt"]
    for name, argument in item["properties"].items():
        assert argument.items() <= tools["generate_image"]["properties"][name].items()


@pytest.mark.parametrize("name", ["edit_image", "generate_batch"])
async def test_what_is_not_listed_is_taken_all_the_same(name: str, client_on: OpenClient) -> None:
    """Every word of a schema is paid for with each conversation; what is seldom wanted is explained once."""
    unlisted = {"steps": 4, "enhance": False, "project_id": "shop"}
    async with client_on() as client:
        drawn = told(await client.call_tool("generate_image", {"prompt": "a lake", "width": 64, "height": 64}))
        asked = {"prompt": "black and white", "image": drawn["job_id"], **unlisted}
        items = {"items": [{"prompt": "a lake", "width": 64, "height": 64, **unlisted}]}
        answer = told(await client.call_tool(name, asked if name == "edit_image" else items))
    assert (answer.get("state") or answer["items"][0]["state"]) == "completed"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param("all", NAMES, id="all"),
        pytest.param("core", ["generate_image", "list_models", "check_job"], id="core"),
        pytest.param("check_job, generate_image", ["generate_image", "check_job"], id="named"),
    ],
)
async def test_the_list_can_be_narrowed(wanted: str, expected: list[str], client_on: OpenClient) -> None:
    async with client_on(IMGFORGE_TOOLS=wanted) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == expected
