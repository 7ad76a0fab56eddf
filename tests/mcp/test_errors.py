"""Every failure is an error result of one shape; a bad argument is named, whatever is wrong with it."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from imgforge_mcp.mcp.tools import TOOLS
from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}
UNKNOWN = "0" * 64
NO_JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

BAD_VALUES = [
    ("prompt", ""),
    ("prompt", "   "),
    ("prompt", 7),
    ("prompt", "x" * 8001),
    ("prompt", "a\x00b"),
    ("quality_tier", "best"),
    ("quality_tier", 3),
    ("model", 5),
    ("negative_prompt", "x" * 1001),
    ("aspect_ratio", "wide"),
    ("aspect_ratio", "0:1"),
    ("aspect_ratio", "１６:９"),
    ("width", 63),
    ("width", 8193),
    ("width", "1024.5"),
    ("width", "1_024"),
    ("width", "١٠٢٤"),
    ("width", 1024.5),
    ("height", True),
    ("image_size", "8K"),
    ("n", 0),
    ("n", 5),
    ("n", True),
    ("seed", -2),
    ("seed", 2**64),
    ("seed", 1.5),
    ("seed", "seven"),
    ("steps", 0),
    ("steps", 51),
    ("output_format", "gif"),
    ("input_images", [7]),
    ("input_images", ["x.png"] * 15),
    ("metadata", []),
    ("metadata", {"a": {"b": "c"}}),
    ("metadata", {"a": "x" * 513}),
    ("project_id", "a b"),
    ("project_id", "x" * 65),
    ("idempotency_key", "x" * 256),
    ("sync", "maybe"),
    ("enhance", 2),
    ("max_cost_usd", -0.01),
    ("max_cost_usd", "cheap"),
]
PYDANTIC = ("Input should", "String should", "List should", "pattern", "^", "validation", "Field required", "[a-z")


def check_shape(error: dict[str, Any]) -> None:
    """SPEC section 4."""
    assert list(error)[:5] == ["error", "code", "status", "request_id", "details"]
    assert error.keys() - {"retry_after_seconds"} == {"error", "code", "status", "request_id", "details"}
    assert error["error"].rstrip(".!?") != error["error"]
    assert 400 <= error["status"] < 600
    assert error["request_id"].startswith("req_")
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("field", "value"), [pytest.param(field, value, id=f"{field}={value!r:.20}") for field, value in BAD_VALUES]
)
async def test_a_bad_value_is_refused_and_its_field_named(
    field: str, value: Any, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {**PROMPT, field: value})
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
    assert result.is_error
    error = told(result)
    check_shape(error)
    assert (error["code"], error["status"]) == ("invalid_request", 400)
    assert error["details"]["field"].partition(".")[0] == field
    assert field in error["error"]
    assert error["details"]["example"] in error["error"]
    assert not any(word in error["error"] for word in PYDANTIC)
    assert jobs == []
    assert emulator.calls == []


@pytest.mark.parametrize("name", [tool.name for tool in TOOLS])
async def test_an_unknown_argument_is_refused_by_name(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        result = await client.call_tool(name, {**PROMPT, "job_id": NO_JOB, "promt": 1} if name != "x" else {})
    error = told(result)
    assert result.is_error
    check_shape(error)
    assert error["code"] == "invalid_request"
    assert emulator.calls == []


async def test_a_misspelt_argument_is_quoted_and_the_known_ones_listed(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        error = told(await client.call_tool("generate_image", {**PROMPT, "aspect": "1:1"}))
    assert "'aspect'" in error["error"]
    assert "aspect_ratio" in error["error"]
    assert error["details"]["field"] == "aspect"


async def test_null_counts_as_left_out(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        (tool,) = (tool for tool in (await client.list_tools()).tools if tool.name == "generate_image")
        everything = dict.fromkeys(tool.input_schema["properties"])
        result = await client.call_tool("generate_image", {**everything, **PROMPT})
        no_prompt = await client.call_tool("generate_image", {"prompt": None})
    assert told(result)["state"] == "completed"
    assert told(no_prompt)["details"]["field"] == "prompt"


@pytest.mark.parametrize("name", ["generate_images", "", "GENERATE_IMAGE", "x" * 500])
async def test_an_unknown_tool_is_a_protocol_error(name: str, client_on: OpenClient) -> None:
    async with client_on() as client:
        with pytest.raises(MCPError, match="Unknown tool") as refused:
            await client.call_tool(name, {})
    assert refused.value.error.code == -32602
    check_shape(refused.value.error.data)
    assert (refused.value.error.data["code"], refused.value.error.data["status"]) == ("not_found", 404)
    assert "generate_image" in refused.value.error.message


async def test_a_tool_that_is_not_offered_cannot_be_called(client_on: OpenClient) -> None:
    async with client_on(IMGFORGE_TOOLS="core") as client:
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("cancel_job", {"job_id": NO_JOB})


@pytest.mark.parametrize(
    ("name", "arguments", "code", "status", "said"),
    [
        pytest.param("generate_image", {"model": "flux-2-deff"}, "invalid_model", 400, "flux-2-dev", id="no model"),
        pytest.param("generate_image", {"model": "dall-e-3"}, "model_retired", 410, "gpt-image", id="retired"),
        pytest.param(
            "generate_image", {"provider": "fal"}, "no_image_provider", 503, "FAL_KEY", id="provider without key"
        ),
        pytest.param(
            "generate_image", {"model": "gpt-image-2"}, "no_image_provider", 503, "OPENAI_API_KEY", id="model elsewhere"
        ),
        pytest.param(
            "generate_image", {"max_cost_usd": 0.0001}, "budget_exceeded", 402, "raise max_cost_usd to", id="too dear"
        ),
        pytest.param("generate_image", {"template": "poster"}, "not_found", 404, "template", id="no template"),
        pytest.param("generate_image", {"input_images": [UNKNOWN]}, "not_found", 404, "asset", id="no asset"),
        pytest.param("generate_image", {"input_images": [NO_JOB]}, "not_found", 404, "job", id="no job as input"),
        pytest.param(
            "generate_image",
            {"model": "flux-schnell", "input_images": ["data:image/png;base64,{PNG}"]},
            "unsupported",
            422,
            "flux-2-dev",
            id="takes no inputs",
        ),
        pytest.param("check_job", {"job_id": NO_JOB}, "not_found", 404, "check_job without job_id", id="no job"),
        pytest.param("check_job", {"job_id": "x'; --"}, "not_found", 404, "check_job", id="no job id at all"),
        pytest.param("check_job", {"wait_seconds": 51}, "invalid_request", 400, "wait_seconds", id="waits too long"),
        pytest.param("check_job", {"limit": 0}, "invalid_request", 400, "limit", id="no jobs at all"),
        pytest.param("cancel_job", {"job_id": NO_JOB}, "not_found", 404, "job", id="nothing to cancel"),
        pytest.param("cancel_job", {}, "invalid_request", 400, "job_id", id="cancel what"),
        pytest.param("list_models", {"capability": "fly"}, "invalid_request", 400, "text_to_image", id="capability"),
        pytest.param("list_models", {"provider": "midjourney"}, "invalid_request", 400, "together", id="provider"),
        pytest.param("list_models", {"tier": "best"}, "invalid_request", 400, "standard", id="tier"),
    ],
)
async def test_what_cannot_be_done_has_its_code_and_says_what_would_help(
    name: str,
    arguments: dict[str, Any],
    code: str,
    status: int,
    said: str,
    emulate: Emulate,
    client_on: OpenClient,
    picture: bytes,
    encoded: Callable[[bytes], str],
) -> None:
    emulator = emulate("together")
    asked = {**PROMPT, **arguments} if name == "generate_image" else arguments
    if "input_images" in asked:
        asked["input_images"] = [each.replace("{PNG}", encoded(picture)) for each in asked["input_images"]]
    async with client_on(emulator) as client:
        result = await client.call_tool(name, asked)
    error = told(result)
    assert result.is_error
    assert result.structured_content is None
    check_shape(error)
    assert (error["code"], error["status"]) == (code, status)
    assert said in str((error["error"], error["details"]))
    assert emulator.calls == []


async def test_a_failed_job_is_an_error_once_and_an_answer_when_asked_about(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    emulator.fault("500")
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", PROMPT)
        again = await client.call_tool("check_job", {})
        job = await client.call_tool("check_job", {"job_id": told(again)["jobs"][0]["job_id"]})
    assert result.is_error
    error = told(result)
    check_shape(error)
    assert error["code"] == "provider_error"
    assert len(error["details"]["attempts"]) == 3
    assert {"provider", "model", "code", "error"} <= error["details"]["attempts"][0].keys()
    assert not job.is_error
    assert told(job)["error"] == error
    assert error["error"] in told(job)["message"]
