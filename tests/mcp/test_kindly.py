"""Arguments are read kindly: a sensible call is never refused for its spelling, and a refusal is our own sentence."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from imgforge_mcp.base import kindly
from imgforge_mcp.base.schemas import fields_of
from imgforge_mcp.base.types import ImageRequest
from imgforge_mcp.mcp import arguments
from imgforge_mcp.mcp.tools import TOOLS, Tool
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}
SMALL = {"width": 128, "height": 64}

SIZES = [
    ({"size": "1024x768"}, (1024, 768)),
    ({"size": "1024×768"}, (1024, 768)),
    ({"size": " 1024 * 768 px "}, (1024, 768)),
    ({"image_size": "1024X768"}, (1024, 768)),
    ({"width": "1024x768"}, (1024, 768)),
    ({"aspect_ratio": "1024x768"}, (1024, 768)),
    ({"imageSize": {"width": 1024, "height": "768"}}, (1024, 768)),
    ({"width": "1024", "height": "768px"}, (1024, 768)),
    ({"width": 1024.0, "height": "768.0"}, (1024, 768)),
    ({"size": "1024x768", "width": 1024}, (1024, 768)),
    ({"size": "1024 by 768"}, (1024, 768)),
    ({"size": [1024, 768]}, (1024, 768)),
    ({"size": "[1024, 768]"}, (1024, 768)),
    ({"size": {"w": 1024, "h": 768}}, (1024, 768)),
    ({"size": "1024,768"}, (1024, 768)),
    ({"size": "1024 x 768 pixels"}, (1024, 768)),
    ({"width": "1,024", "height": "768 px"}, (1024, 768)),
]
SHAPES = [
    ({"aspect_ratio": "square"}, "1:1"),
    ({"aspect_ratio": "Portrait"}, "3:4"),
    ({"size": "landscape"}, "4:3"),
    ({"image_size": "landscape_16_9"}, "16:9"),
    ({"image_size": "portrait_16_9"}, "9:16"),
    ({"aspect_ratio": "16x9"}, "16:9"),
    ({"aspectRatio": " 16 / 9 "}, "16:9"),
    ({"aspect_ratio": "vertical"}, "3:4"),
    ({"aspect_ratio": "Horizontal"}, "4:3"),
    ({"aspect_ratio": "ASPECT_16_9"}, "16:9"),
    ({"aspect_ratio": "16_9"}, "16:9"),
    ({"aspect_ratio": "16-9"}, "16:9"),
    ({"aspect_ratio": "16 to 9"}, "16:9"),
    ({"aspect_ratio": "16:9 (widescreen)"}, "16:9"),
    ({"aspect_ratio": "landscape (16:9)"}, "16:9"),
    ({"image_size": "social_story_9_16"}, "9:16"),
]
SAME = [
    ("n", "2", 2),
    ("n", 2.0, 2),
    ("n", " 2 ", 2),
    ("seed", "7", 7),
    ("seed", 7.0, 7),
    ("steps", "4.0", 4),
    ("quality_tier", "Draft", "draft"),
    ("quality_tier", "ULTRA-PLUS", "ultra_plus"),
    ("output_format", "jpg", "jpeg"),
    ("output_format", "image/jpeg", "jpeg"),
    ("output_format", ".PNG", "png"),
    ("image_size", "1k", "1K"),
    ("image_size", 1024, "1K"),
    ("image_size", 512, "512"),
    ("enhance", "false", False),
    ("enhance", "No", False),
    ("sync", "true", True),
    ("sync", 1, True),
    ("enhance", "y", True),
    ("enhance", "F", False),
    ("max_cost_usd", "0.5", 0.5),
    ("max_cost_usd", "$0.50", 0.5),
    ("max_cost_usd", "0.5 USD", 0.5),
    ("metadata", '{"page": "3"}', {"page": "3"}),
    ("metadata", {"page": 3, "is_draft": True, "of": None}, {"page": "3", "is_draft": "true"}),
    ("input_images", '["https://example.org/a.png"]', ["https://example.org/a.png"]),
    ("input_images", "https://example.org/a.png", ["https://example.org/a.png"]),
    ("input_images", "['https://example.org/a.png']", ["https://example.org/a.png"]),
    ("metadata", "{'page': 3}", {"page": "3"}),
    ("input_images", [{"url": "https://example.org/a.png"}, ""], ["https://example.org/a.png"]),
    ("aspect_ratio", "16 : 9", "16:9"),
    ("quality_tier", "UltraPlus", "ultra_plus"),
    ("quality_tier", "ultra+", "ultra_plus"),
    ("quality_tier", ["draft"], "draft"),
    ("image_size", "512px", "512"),
    ("image_size", "1 K", "1K"),
    ("enhance", "disabled", False),
    ("max_cost_usd", "0,05", 0.05),
    ("max_cost_usd", "US$0.05", 0.05),
    ("max_cost_usd", "0.05$", 0.05),
    ("seed", "42,000", 42_000),
    ("project_id", 42, "42"),
    ("idempotency_key", 1234, "1234"),
    ("save_to", ["fox.png"], "fox.png"),
    ("save_to", " fox.png\n", "fox.png"),
    ("save_to", "file:///home/me/My%20Fox.png", "/home/me/My Fox.png"),
    ("save_to", "FILE://localhost/home/me/fox.png", "/home/me/fox.png"),
    ("model", ["flux-schnell"], "flux-schnell"),
    ("prompt", ["a red fox"], "a red fox"),
    ("prompt", {"type": "text", "text": "a red fox"}, "a red fox"),
    ("negative_prompt", ["blur", "text"], "blur, text"),
    ("metadata", [{"key": "page", "value": 3}], {"page": "3"}),
    ("input_images", [["https://example.org/a.png"]], ["https://example.org/a.png"]),
    ("input_images", {"0": "https://example.org/a.png"}, ["https://example.org/a.png"]),
    ("input_images", "3f9a02c1d4e5, 4b9a02c1d4e5", ["3f9a02c1d4e5", "4b9a02c1d4e5"]),
    (
        "input_images",
        "https://example.org/a\nhttps://example.org/b",
        ["https://example.org/a", "https://example.org/b"],
    ),
    ("input_images", "a fox, a hound.png", ["a fox, a hound.png"]),
    ("input_images", [{"type": "image_url", "image_url": {"url": "https://example.org/a"}}], ["https://example.org/a"]),
    ("input_images", [{"type": "image", "source": {"type": "url", "url": "https://x.org/a"}}], ["https://x.org/a"]),
    ("input_images", [{"type": "image", "data": "eA==", "mimeType": "image/png"}], ["data:image/png;base64,eA=="]),
    ("input_images", [{"asset_id": "3f9a02c1d4e5", "path": "/x/y.png", "width": 512}], ["3f9a02c1d4e5"]),
    (
        "input_images",
        [{"type": "resource_link", "uri": "imgforge://assets/3f9a", "name": "x"}],
        ["imgforge://assets/3f9a"],
    ),
]
SAY_NOTHING: list[tuple[str, Any]] = [
    *[(name, "") for name in ("negative_prompt", "seed", "n", "width", "output_format", "metadata", "sync", "save_to")],
    *[(name, None) for name in ("model", "input_images", "quality_tier")],
    *[(name, "auto") for name in ("model", "provider", "quality_tier", "aspect_ratio", "image_size", "width", "seed")],
    ("seed", -1),
    ("seed", "-1"),
    ("seed", "random"),
    ("steps", "null"),
    ("provider", "any"),
    ("style", "  "),
    ("input_images", "[]"),
    ("output_format", "default"),
    ("style", None),
]


def request_of(**said: Any) -> dict[str, Any]:
    """What generate_image understands."""
    return arguments.parse(ImageRequest, {**PROMPT, **said}, arguments.INTERNAL).model_dump(mode="json")


@pytest.mark.parametrize(("said", "size"), [pytest.param(*case, id=f"{case[0]}") for case in SIZES])
def test_a_size_is_understood_however_it_is_written(said: dict[str, Any], size: tuple[int, int]) -> None:
    assert request_of(**said) == request_of(width=size[0], height=size[1])


@pytest.mark.parametrize(("said", "shape"), [pytest.param(*case, id=f"{case[0]}") for case in SHAPES])
def test_a_shape_is_understood_by_its_name(said: dict[str, Any], shape: str) -> None:
    assert request_of(**said) == request_of(aspect_ratio=shape)


@pytest.mark.parametrize("envelope", ["kwargs", "args", "input", "parameters", "arguments", "tool_input"])
@pytest.mark.parametrize("write", [dict, json.dumps], ids=["object", "text"])
def test_arguments_that_came_in_one_envelope_are_taken_out(envelope: str, write: Callable[[Any], Any]) -> None:
    said = {envelope: write({**PROMPT, "n": 2}), "toolCallId": "call_1"}
    understood = arguments.parse(ImageRequest, said, arguments.INTERNAL)
    assert understood.model_dump(mode="json") == request_of(n=2)


@pytest.mark.parametrize("name", ["negative prompt", "negativePrompt", "NEGATIVE-PROMPT", '"negative_prompt"'])
def test_a_name_is_understood_however_it_is_written(name: str) -> None:
    assert request_of(**{name: "blur"}) == request_of(negative_prompt="blur")


@pytest.mark.parametrize(
    ("tool", "said", "meant"),
    [
        (arguments.ListModels, {"cursor": 50}, {"cursor": "50"}),
        (arguments.CheckJob, {"wait_seconds": "30s"}, {"wait_seconds": 30}),
        (arguments.CheckJob, {"wait_seconds": "30 seconds"}, {"wait_seconds": 30}),
        (arguments.CheckJob, {"state": "done"}, {"state": "completed"}),
        (arguments.CheckJob, {"job_id": ["01KAXB7GVJ8Q3W5N9T2D4E6F8H"]}, {"job_id": "01KAXB7GVJ8Q3W5N9T2D4E6F8H"}),
        (arguments.GetUsage, {"period": "today"}, {"period": "day"}),
        (arguments.EditImage, {**PROMPT, "image": ["a.png"]}, {**PROMPT, "image": "a.png"}),
        (
            arguments.EditImage,
            {**PROMPT, "image": "a.png", "strength": "80%"},
            {**PROMPT, "image": "a.png", "strength": 0.8},
        ),
        (arguments.GenerateBatch, {"items": PROMPT}, {"items": [PROMPT]}),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_other_tools_are_read_as_kindly(tool: type[BaseModel], said: dict[str, Any], meant: dict[str, Any]) -> None:
    assert arguments.parse(tool, said, frozenset()) == arguments.parse(tool, meant, frozenset())


async def test_what_people_write_is_drawn(client_on: OpenClient) -> None:
    asked = {"prompt": " a fox ", "size": "128x96", "n": "2", "seed": "-1", "provider": "auto", "style": "", "sync": 1}
    async with client_on() as client:
        job = told(await client.call_tool("generate_image", asked))
    assert [(asset["width"], asset["height"]) for asset in job["assets"]] == [(128, 96)] * 2


@pytest.mark.parametrize(
    ("name", "said", "meant"), [pytest.param(*case, id=f"{case[0]}={case[1]!r:.30}") for case in SAME]
)
def test_a_value_is_what_it_spells(name: str, said: Any, meant: Any) -> None:
    assert request_of(**{name: said}) == request_of(**{name: meant})
    assert request_of(**{name: said})[name] == meant


@pytest.mark.parametrize(("name", "said"), [pytest.param(*case, id=f"{case[0]}={case[1]!r}") for case in SAY_NOTHING])
def test_what_says_nothing_counts_as_left_out(name: str, said: Any) -> None:
    left_out = request_of()
    assert request_of(**{name: said}) == left_out


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_optional_argument_of_every_tool_may_be_empty(tool: Tool) -> None:
    required = {name for name, field in tool.arguments.model_fields.items() if field.is_required()}
    said = {"prompt": "a fox", "image": "x.png", "items": [PROMPT], "job_id": "01KAXB7GVJ8Q3W5N9T2D4E6F8H"}
    said |= {"path": "fox.png", "operation": "upscale"}
    given = {name: said[name] for name in required}
    fields = tool.arguments.model_fields.items()
    empty = {field.alias or name: "" for name, field in fields if name not in tool.hidden | required}
    assert arguments.parse(tool.arguments, {**empty, **given}, tool.hidden) == arguments.parse(
        tool.arguments, given, tool.hidden
    )


@pytest.mark.parametrize("name", ["generate_image", "list_models", "get_usage", "check_job"])
async def test_what_clients_add_is_dropped(name: str, client_on: OpenClient) -> None:
    added = dict.fromkeys(
        (*kindly.ADDED_BY_CLIENTS, "_meta", "__user__", "tool_call_id", "SessionID", "chat-input"), "x"
    )
    asked = {**PROMPT, **SMALL} if name == "generate_image" else {}
    async with client_on() as client:
        result = await client.call_tool(name, {**asked, **added})
    assert not result.is_error, result


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        *[("promt", "prompt"), ("tier", "quality_tier"), ("num_images", "n"), ("qualty_tier", "quality_tier")],
        *[("ratio", "aspect_ratio"), ("negative", "negative_prompt"), ("seeds", "seed"), ("hieght", "height")],
    ],
)
async def test_an_unknown_name_is_refused_with_the_nearest_right_one(
    wrong: str, right: str, client_on: OpenClient
) -> None:
    async with client_on() as client:
        result = await client.call_tool("generate_image", {**PROMPT, wrong: "1"})
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
    error = told(result)
    assert result.is_error
    assert error["details"]["field"] == wrong
    assert f"did you mean {right}?" in error["error"]
    assert jobs == []


async def test_a_name_like_none_is_refused_with_all_there_are(client_on: OpenClient) -> None:
    async with client_on() as client:
        error = told(await client.call_tool("generate_image", {**PROMPT, "xyz_id": "1"}))
    assert "did you mean" not in error["error"]
    assert error["details"]["allowed"][:1] == ["prompt"]


async def test_a_size_said_twice_and_differently_is_not_guessed(client_on: OpenClient) -> None:
    async with client_on() as client:
        error = told(await client.call_tool("generate_image", {**PROMPT, "size": "1024x768", "width": 512}))
    assert error["code"] == "invalid_request"
    assert "512" in error["error"]
    assert "1024" in error["error"]


@pytest.mark.parametrize("seed", [2**31, 2**32 + 5, 2**63 - 1, 2**64 - 1, str(2**33)])
async def test_a_large_seed_is_fitted_and_the_fitting_said(seed: Any, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("stability")
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "seed": seed}))
    assert job["state"] == "completed"
    most = 2**32 - 2
    assert any(str(int(seed)) in warning for warning in job.get("warnings", ())) == (int(seed) > most)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_argument_has_an_example_of_a_right_value(tool: Tool) -> None:
    for name, schema in fields_of(tool.arguments).items():
        if name not in tool.hidden:
            assert kindly.example_of(schema), f"{name}: give its Field examples=[…]"


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("transform_image", {"operation": "resize", "size": "huge"}),
        ("save_image", {"path": "fox.png", "size": "1:1"}),
    ],
)
async def test_a_size_that_is_none_is_refused_where_there_are_no_size_classes(
    tool: str, said: dict[str, Any], client_on: OpenClient
) -> None:
    async with client_on() as client:
        answer = await client.call_tool(tool, {"image": "fox.png", **said})
    assert told(answer)["code"] == "invalid_request"
    assert told(answer)["details"]["field"] == "size"
