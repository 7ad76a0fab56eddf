"""The tools: what they take, one Forge call each, and the answer rendered."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imgforge_mcp.config import Config
from imgforge_mcp.errors import ForgeError, InvalidRequest
from imgforge_mcp.forge import Caller, Forge
from imgforge_mcp.listing import Filter
from imgforge_mcp.server import render
from imgforge_mcp.server.roots import declared_roots
from imgforge_mcp.server.seat import Door, ForgeSeat
from imgforge_mcp.types import ImageRequest, Json, Progress, QualityTier
from imgforge_mcp.views import job_line

logger = logging.getLogger(__name__)


class Arguments(BaseModel):
    """Arguments of a tool: unknown ones are refused by name, values are not bent into shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class ListModels(Arguments):
    tier: Annotated[QualityTier, Field(strict=False)] | None = None
    """Only models of this tier."""
    provider: Annotated[str, Field(max_length=64)] | None = None
    """Only models of this provider."""
    capability: Annotated[str, Field(max_length=64)] | None = None
    """Only models that can do this: text_to_image, edit, inpaint, references, negative_prompt, seed, transparent,
    vector …"""
    available_only: bool = True
    """False also shows models without a key and withdrawn ones."""
    cursor: Annotated[str, Field(max_length=16)] | None = None
    """next_cursor of the page before."""


class CheckJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Left out: the most recent jobs."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, strict=False, allow_inf_nan=False)] = 0
    """Wait up to this long for the job to end."""
    include_preview: bool = True
    """Whether to show the image."""
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    """How many recent jobs to list."""


class CancelJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64)]
    """The job to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One tool call: the forge, how to show results, who asks, and how to tell the client about progress."""

    forge: Forge
    door: Door
    caller: Caller
    context: Any
    request_id: str

    async def on_progress(self, progress: Progress) -> None:
        """Tell a client that gave a progress token; figures never go back."""
        value = round((progress.fraction or 0.0) * 100, 1)
        await self.context.session.report_progress(value, 100.0, progress.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool's public face and its handler. `output` is its output schema, where it answers with data."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    handler: Callable[[Visit, Any], Awaitable[types.CallToolResult]]
    is_read_only: bool = False
    is_idempotent: bool = False
    is_open_world: bool = False
    output: Json | None = None


async def generate_image(visit: Visit, request: ImageRequest) -> types.CallToolResult:
    job = await visit.forge.generate(request, visit.caller, visit.request_id, _rising(visit.on_progress))
    return await render.job_result(visit.forge, visit.door, job)


async def check_job(visit: Visit, arguments: CheckJob) -> types.CallToolResult:
    if arguments.job_id is None:
        jobs = await visit.forge.recent_jobs(arguments.limit, visit.caller)
        text = f"{len(jobs)} most recent jobs, newest first. Call check_job with a job_id for one of them."
        answer = {"message": text if jobs else "There are no jobs yet.", "jobs": [job_line(job) for job in jobs]}
        return types.CallToolResult(
            content=[types.TextContent(text=render.compact(answer))],
            structured_content=answer if visit.forge.config.structured else None,
        )
    job_id = arguments.job_id.removeprefix("imgforge://jobs/")
    job = await visit.forge.job(job_id, visit.caller, arguments.wait_seconds, _rising(visit.on_progress))
    return await render.job_result(
        visit.forge, visit.door, job, include_preview=arguments.include_preview, is_question=True
    )


async def list_models(visit: Visit, arguments: ListModels) -> types.CallToolResult:
    wanted = Filter(
        tier=arguments.tier,
        provider=arguments.provider,
        capability=arguments.capability,
        available_only=arguments.available_only,
    )
    return render.structured_result(await visit.forge.models(wanted, arguments.cursor))


async def cancel_job(visit: Visit, arguments: CancelJob) -> types.CallToolResult:
    job, was_over = await visit.forge.cancel(arguments.job_id, visit.caller)
    if was_over:
        text = f"The job had ended before: {job.state.value}. Nothing was changed."
    elif job.state.is_final:
        text = f"The job is {job.state.value}."
    else:
        text = "The provider cannot call this work off; it goes on, and check_job will have its image."
    return render.structured_result({"message": text, "job_id": job.job_id, "state": job.state.value})


def _rising(report: Callable[[Progress], Awaitable[None]]) -> Callable[[Progress], Awaitable[None]]:
    """Progress must increase with every notification (MCP, utilities/progress)."""
    highest = -0.01

    async def rising(progress: Progress) -> None:
        nonlocal highest
        fraction = max(progress.fraction or 0.0, highest + 0.001)
        highest = min(fraction, 1.0)
        await report(Progress(message=progress.message, fraction=highest))

    return rising


STATE = {"type": "string", "enum": ["queued", "processing", "completed", "failed", "canceled"]}
ITEMS = {"type": "array", "items": {"type": "object"}}

TOOLS = (
    Tool(
        name="generate_image",
        title="Generate an image",
        description=(
            "Draws a picture from a prompt and returns a preview, its location and the cost. A prompt is enough; "
            "quality_tier trades cost against quality. If the state is processing, call check_job with the job_id "
            "instead "
            "of asking again: a second request is paid again."
        ),
        arguments=ImageRequest,
        handler=generate_image,
        is_open_world=True,
    ),
    Tool(
        name="list_models",
        title="List image models",
        description=(
            "Shows which models can be used now, what they cost and can do, and which one each quality tier would "
            "pick. "
            "Not needed before generate_image."
        ),
        arguments=ListModels,
        handler=list_models,
        is_read_only=True,
        is_idempotent=True,
        output={
            "type": "object",
            "properties": {
                "tiers": ITEMS,
                "models": ITEMS,
                "total": {"type": "integer"},
                "next_cursor": {"type": "string"},
            },
            "required": ["tiers", "models", "total"],
        },
    ),
    Tool(
        name="check_job",
        title="Check an image job",
        description=(
            "Returns a job's state and, once it is completed, its image; wait_seconds waits for it. Works for every "
            "job, "
            "also after a restart. Without job_id: the most recent jobs."
        ),
        arguments=CheckJob,
        handler=check_job,
        is_read_only=True,
        is_idempotent=True,
    ),
    Tool(
        name="cancel_job",
        title="Cancel an image job",
        description="Ends a job that is not finished, at the provider too where that is possible.",
        arguments=CancelJob,
        handler=cancel_job,
        is_idempotent=True,
        output={
            "type": "object",
            "properties": {"message": {"type": "string"}, "job_id": {"type": "string"}, "state": STATE},
            "required": ["message", "job_id", "state"],
        },
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_list(config: Config) -> list[types.Tool]:
    """The tools that the configuration offers."""
    return [declared(tool.name) for tool in TOOLS if not config.tools or tool.name in config.tools]


@cache
def declared(name: str) -> types.Tool:
    """A tool as `tools/list` shows it."""
    tool = BY_NAME[name]
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(input_schema(tool.name) or {}),
        output_schema=tool.output,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.is_read_only,
            destructive_hint=False,
            idempotent_hint=tool.is_idempotent,
            open_world_hint=tool.is_open_world,
        ),
    )


@cache
def input_schema(name: str) -> Mapping[str, Any] | None:
    """The JSON schema of a tool's arguments, without what only our own classes need."""
    tool = BY_NAME.get(name)
    return None if tool is None else _slim(tool.arguments.model_json_schema())


def _slim(schema: Json) -> Json:
    """pydantic's schema with references put in place, null alternatives and titles left out: fewer words for a model to
    read."""
    definitions = schema.pop("$defs", {})

    def slim(value: Any) -> Any:
        if isinstance(value, list):
            return [slim(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            value = {**definitions[value["$ref"].rsplit("/", 1)[-1]], **{k: v for k, v in value.items() if k != "$ref"}}
        if "anyOf" in value:
            [first, *_] = [option for option in value["anyOf"] if option != {"type": "null"}]
            value = {**slim(first), **{k: v for k, v in value.items() if k != "anyOf"}}
        dropped = {"title"} | ({"default"} if value.get("default", ...) is None else set())
        return {
            key: {name: slim(item) for name, item in entry.items()} if key == "properties" else slim(entry)
            for key, entry in value.items()
            if not (key in dropped and isinstance(entry, str | None))
        }

    slimmed: Json = slim(schema)
    slimmed.pop("description", None)
    return slimmed


async def call(
    seat: ForgeSeat, door: Door, context: Any, name: str, arguments: Mapping[str, Any]
) -> types.CallToolResult:
    """One tool call, with every failure as an error result.

    Raises:
        MCPError: there is no such tool.
    """
    tool = BY_NAME.get(name)
    if tool is None or (seat.config.tools and name not in seat.config.tools):
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name[:64]}")
    forge: Forge | None = None
    request_id = _request_id()
    try:
        parsed = parse_arguments(tool, arguments)
        forge = await seat.forge()
        caller = await declared_roots(context, parsed, door.caller(forge, context))
        visit = Visit(forge=forge, door=door, caller=caller, context=context, request_id=request_id)
        return await tool.handler(visit, parsed)
    except ForgeError as error:
        return render.error_result(error.body(request_id), seat.config)
    except Exception:
        logger.exception("request %s failed by a defect", request_id)
        defect = ForgeError("A defect of imgforge-mcp; look up the request id in its log.")
        return render.error_result(defect.body(request_id), seat.config)


def parse_arguments(tool: Tool, arguments: Mapping[str, Any]) -> BaseModel:
    """Arguments as the tool's own type; null counts as left out.

    Raises:
        InvalidRequest: names the field, its value and what is allowed.
    """
    try:
        return tool.arguments.model_validate({k: v for k, v in arguments.items() if v is not None})
    except ValidationError as error:
        raise invalid(error, tool.arguments) from None


def invalid(error: ValidationError, model: type[BaseModel]) -> InvalidRequest:
    """The first complaint of pydantic as one sentence that names the fix."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "arguments"
    if first["type"] == "extra_forbidden":
        allowed = ", ".join(model.model_fields)
        return InvalidRequest(
            f"There is no argument {field[:64]!r}; there are: {allowed}.", field=field[:64], allowed=allowed
        )
    value = first.get("input")
    shown = repr(value)[:80] if isinstance(value, str | int | float | bool) and field != "prompt" else None
    reason = first["msg"].removeprefix("Value error, ")
    details: Json = {} if shown is None else {"value": shown}
    return InvalidRequest(f"{field}: {reason}.", field=field, allowed=reason, **details)


def _request_id() -> str:
    from imgforge_mcp.clock import Clock

    return f"req_{Clock().new_id()}"
