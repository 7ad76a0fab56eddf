"""The tools: what they take, one Forge call each, and the answer rendered."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base import kindly, spelling
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError, InvalidRequest, NotFound
from imgforge_mcp.base.types import Caller, ImageRequest, Job, JobState, Json, Progress
from imgforge_mcp.forge import BATCH, Filter, Forge, Wanted
from imgforge_mcp.mcp import apps, arguments, results
from imgforge_mcp.mcp.arguments import (
    INTERNAL,
    CancelJob,
    CheckJob,
    EditImage,
    GenerateBatch,
    GetUsage,
    ListModels,
    SaveImage,
    TransformImage,
)
from imgforge_mcp.mcp.clients import Form, form_for
from imgforge_mcp.mcp.confirming import confirmed
from imgforge_mcp.mcp.installation import IN_SHORT, Installation
from imgforge_mcp.mcp.roots import declared_roots
from imgforge_mcp.presentation import Presentation, saved_json

ALL = "all"
"""In place of a job's id: every job that has not ended."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """One tool call: the forge, how to show results, who asks, and how to tell the client about progress."""

    forge: Forge
    presentation: Presentation
    form: Form
    caller: Caller
    context: Any
    params: types.CallToolRequestParams
    request_id: str

    async def on_progress(self, progress: Progress) -> None:
        """Tell a client that gave a progress token; figures never go back."""
        value = round((progress.fraction or 0.0) * 100, 1)
        await self.context.session.report_progress(value, 100.0, progress.message)


Answer = types.CallToolResult | types.InputRequiredResult
"""A result, or what the client has to ask its user first (2026-07-28)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool's public face and its handler. `output` is its output schema, where it answers with data."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    handler: Callable[[ToolContext, Any], Awaitable[Answer]]
    is_read_only: bool = False
    is_idempotent: bool = False
    is_open_world: bool = False
    output: Json | None = None
    hidden: frozenset[str] = frozenset()
    """Fields of the arguments' type that callers do not see."""


async def generate_image(context: ToolContext, request: ImageRequest) -> Answer:
    question = await confirmed(context.forge, context.caller, context.context, context.params, [request])
    if question is not None:
        return question
    job = await context.forge.generate(request, context.caller, context.request_id, _rising(context.on_progress))
    return await results.job_result(context.forge, context.presentation, context.form, job)


async def edit_image(context: ToolContext, wanted: EditImage) -> Answer:
    return await generate_image(context, wanted.request())


async def save_image(context: ToolContext, wanted: SaveImage) -> Answer:
    saved = await context.forge.save_image(wanted.image, wanted, context.caller)
    return results.data_result(saved_json(saved), context.form)


async def transform_image(context: ToolContext, wanted: TransformImage) -> Answer:
    return await generate_image(context, wanted.request())


async def generate_batch(context: ToolContext, wanted: GenerateBatch) -> Answer:
    requests = [_item(number, item, wanted.urgency) for number, item in enumerate(wanted.items)]
    able = [request for request in requests if isinstance(request, ImageRequest)]
    question = await confirmed(
        context.forge, context.caller, context.context, context.params, able, wanted.confirm_cost_usd, is_batch=True
    )
    if question is not None:
        return question
    usual = context.forge.config.sync_wait if wanted.urgency == "now" else 0.0  # what takes hours is not waited for
    seconds = usual if wanted.wait_seconds is None else wanted.wait_seconds
    batch_id, items = await context.forge.generate_batch(requests, context.caller, context.request_id, seconds)
    return await results.batch_result(context.forge, context.presentation, context.form, batch_id, items)


async def check_job(context: ToolContext, wanted: CheckJob) -> types.CallToolResult:
    forge = context.forge
    shown = {"include_preview": wanted.include_preview}
    if wanted.job_id is None:
        jobs = await forge.recent_jobs(wanted.limit, context.caller, wanted=Wanted(state=wanted.state))
        return await results.job_list(forge, context.presentation, context.form, jobs, **shown)
    job_id = wanted.job_id.removeprefix("imgforge://jobs/")
    if job_id.startswith(BATCH):
        batch = await forge.batch(job_id, context.caller, wanted.wait_seconds)
        return await results.batch_result(
            forge, context.presentation, context.form, job_id, batch, is_question=True, **shown
        )
    job = await forge.job(job_id, context.caller, wanted.wait_seconds, _rising(context.on_progress))
    return await results.job_result(
        forge,
        context.presentation,
        context.form,
        job,
        **shown,
        is_question=True,
        in_detail=wanted.detail,
    )


async def list_models(context: ToolContext, wanted: ListModels) -> types.CallToolResult:
    chosen = Filter(
        tier=wanted.tier,
        provider=wanted.provider,
        capability=wanted.capability,
        available_only=wanted.available_only,
        purpose=wanted.purpose,
        model=wanted.model,
        is_full=wanted.detail == "full",
    )
    answer = await context.forge.models(chosen, wanted.cursor)
    return results.data_result(answer, context.form, summary=f"{answer['total']} models.")


async def cancel_job(context: ToolContext, wanted: CancelJob) -> types.CallToolResult:
    if wanted.job_id.strip().lower() == ALL:
        return results.data_result(_all_canceled(*await context.forge.cancel_all(context.caller)), context.form)
    job_id = wanted.job_id.removeprefix("imgforge://jobs/")
    if job_id.startswith(BATCH):
        for item in await context.forge.batch(job_id, context.caller):
            if isinstance(item, Job):
                await context.forge.cancel(item.job_id, context.caller)
        items = await context.forge.batch(job_id, context.caller)
        still = sum(isinstance(item, Job) and not item.state.is_final for item in items)
        text = "Every job of the batch has ended." if not still else f"{still} jobs cannot be called off and go on."
        state = JobState.PROCESSING if still else JobState.CANCELED
        return results.data_result({"message": text, "job_id": job_id, "state": state.value}, context.form)
    job, was_over = await context.forge.cancel(job_id, context.caller)
    if was_over:
        text = f"The job had ended before: {job.state.value}. Nothing was changed."
    elif job.state.is_final:
        text = f"The job is {job.state.value}."
    else:
        text = "The provider cannot call this work off; it goes on, and check_job will have its image."
    return results.data_result({"message": text, "job_id": job.job_id, "state": job.state.value}, context.form)


def _all_canceled(ended: list[Job], going_on: list[Job]) -> Json:
    spent = sum(job.cost_usd or 0.0 for job in ended)
    text = f"{len(ended)} job{'' if len(ended) == 1 else 's'} called off" if ended else "Nothing was under way"
    text += f"; ${spent:.4g} had been spent on them." if spent else "; nothing was spent on them." if ended else "."
    if going_on:
        text += f" {len(going_on)} cannot be called off and go on: check_job will have the images."
    state = JobState.PROCESSING if going_on else JobState.CANCELED
    return {"message": text, "job_id": ALL, "state": state.value, "canceled": [job.job_id for job in ended]}


async def get_usage(context: ToolContext, wanted: GetUsage) -> types.CallToolResult:
    answer = await context.forge.usage(wanted.period, wanted.project_id, context.caller)
    return results.data_result(
        answer, context.form, summary=f"{answer['images']} images, ${answer['cost_usd']:.4g} ({wanted.period})."
    )


def _item(number: int, item: Any, urgency: str) -> ImageRequest | InvalidRequest:
    """One item of a batch, or what is wrong with it; a text by itself is a prompt."""
    said = spelling.decoded(item, dict)
    try:
        if isinstance(said, str):
            said = {"prompt": said}
        if not isinstance(said, dict):
            raise InvalidRequest('an item is an object, such as {"prompt": "a red fox"}.', field="items")
        return kindly.read(ImageRequest, said, INTERNAL).model_copy(update={"urgency": urgency})
    except InvalidRequest as error:
        return InvalidRequest(f"items[{number}]: {error.message}", **{**error.details, "item": number})


def _rising(report: Callable[[Progress], Awaitable[None]]) -> Callable[[Progress], Awaitable[None]]:
    """Progress must increase with every notification (MCP, utilities/progress)."""
    highest = -0.01

    async def rising(progress: Progress) -> None:
        nonlocal highest
        fraction = max(progress.fraction or 0.0, highest + 0.001)
        highest = min(fraction, 1.0)
        await report(Progress(message=progress.message, fraction=highest))

    return rising


def _object(*required: str) -> Json:
    """The schema of an object that has at least these; every word of tools/list is paid for."""
    return {"type": "object", "required": list(required)}


JOB = _object("message")
"""A job, or check_job's list of jobs."""

TOOLS = (
    Tool(
        name="generate_image",
        title="Generate an image",
        description=(
            "Draws a picture from a prompt; returns a preview, its place and the cost. A prompt is enough. If the "
            "state is processing, call check_job with the job_id instead of asking again: that is paid again."
        ),
        arguments=ImageRequest,
        handler=generate_image,
        is_open_world=True,
        hidden=INTERNAL,
    ),
    Tool(
        name="edit_image",
        title="Edit an image",
        description=(
            "Changes an image (a job_id or asset_id from before, a path, a URL) as the prompt says, inside the mask "
            "where one is given. Takes all other arguments of generate_image too, which explains them."
        ),
        arguments=EditImage,
        handler=edit_image,
        is_open_world=True,
        hidden=frozenset({"is_edit", "input_images", "transform", "kept", "urgency"}),
    ),
    Tool(
        name="save_image",
        title="Save an image",
        description="Writes a finished picture to a file, also in another format or size; nothing is drawn or paid.",
        arguments=SaveImage,
        handler=save_image,
        output=_object("message", "path"),
    ),
    Tool(
        name="transform_image",
        title="Transform an image",
        description="Cuts out, enlarges, traces, extends, crops, resizes or converts a picture, without a prompt.",
        arguments=TransformImage,
        handler=transform_image,
        is_open_world=True,
    ),
    Tool(
        name="generate_batch",
        title="Generate several images",
        description="Draws up to 50 pictures, each a job under one batch id, which check_job takes.",
        arguments=GenerateBatch,
        handler=generate_batch,
        is_open_world=True,
        output=_object("message", "batch_id", "items"),
    ),
    Tool(
        name="list_models",
        title="List image models",
        description=("Usable models: price, strengths, whom each tier would ask. Not needed before generate_image."),
        arguments=ListModels,
        handler=list_models,
        is_read_only=True,
        is_idempotent=True,
        output=_object("tiers", "models", "total"),
    ),
    Tool(
        name="check_job",
        title="Check an image job",
        description=(
            "Returns a job's state and, once it is completed, its image. Works for every job, also after a restart. "
            "Without job_id: the recent jobs, a line each, and their pictures on one numbered sheet."
        ),
        arguments=CheckJob,
        handler=check_job,
        is_read_only=True,
        is_idempotent=True,
    ),
    Tool(
        name="cancel_job",
        title="Cancel an image job",
        description="Ends a job, a batch or everything that is unfinished; at the provider too where possible.",
        arguments=CancelJob,
        handler=cancel_job,
        is_idempotent=True,
        output=_object("message", "job_id", "state"),
    ),
    Tool(
        name="get_usage",
        title="Show usage and cost",
        description="Images and cost of a period by provider, model, project and day, and what the budgets leave.",
        arguments=GetUsage,
        handler=get_usage,
        is_read_only=True,
        is_idempotent=True,
        output=_object("images", "cost_usd", "budgets"),
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_list(config: Config, form: Form, here: Installation) -> list[types.Tool]:
    """The tools that the configuration offers, as the client is known to read them."""
    return [declared(name, form, here) for name in _offered(config)]


def _offered(config: Config) -> list[str]:
    return [tool.name for tool in TOOLS if not config.tools or tool.name in config.tools]


@cache
def declared(name: str, form: Form, here: Installation) -> types.Tool:
    """A tool as `tools/list` shows it, with an output schema where its answers will be structured."""
    tool = BY_NAME[name]
    particular = {"generate_image": IN_SHORT if here.is_alone else "", "save_image": here.files}
    description = f"{tool.description} {particular.get(name, '')}".rstrip(" .") + "."
    output = (tool.output if form.data else None) if tool.output is not None else JOB if form.structured else None
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=description,
        input_schema=dict(input_schema(tool.name) or {}),
        output_schema=output,
        _meta=apps.tool_meta(name) if form.app else None,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.is_read_only,
            destructive_hint=False,
            idempotent_hint=tool.is_idempotent,
            open_world_hint=tool.is_open_world,
        ),
    )


@cache
def input_schema(name: str) -> Mapping[str, Any] | None:
    """The JSON schema of a tool's arguments; None when there is no such tool."""
    tool = BY_NAME.get(name)
    return None if tool is None else arguments.schema(tool.arguments, tool.hidden)


async def call(
    lazy: LazyForge, presentation: Presentation, context: Any, params: types.CallToolRequestParams
) -> Answer:
    """One tool call, with every failure as an error result.

    Raises:
        MCPError: there is no such tool.
    """
    request_id, name = _request_id(), params.name
    offered = _offered(lazy.config)
    if name not in offered:
        unknown = NotFound(f"Unknown tool: {name[:64]}; there are {', '.join(offered)}.", tool=name[:64])
        raise MCPError(types.INVALID_PARAMS, unknown.message, unknown.body(request_id))
    tool = BY_NAME[name]
    try:
        parsed = arguments.parse(tool.arguments, params.arguments or {}, tool.hidden)
        forge = await lazy.forge()
        caller = await declared_roots(context, parsed, presentation.caller(forge, context))
        context = ToolContext(
            forge=forge,
            presentation=presentation,
            form=form_for(context, lazy.config),
            caller=caller,
            context=context,
            params=params,
            request_id=request_id,
        )
        return await tool.handler(context, parsed)
    except ForgeError as error:
        return results.error_result(error.body(request_id))
    except Exception:
        logger.exception("request %s failed by a defect", request_id)
        defect = ForgeError("A defect of imgforge-mcp; look up the request id in its log.")
        return results.error_result(defect.body(request_id))


def _request_id() -> str:
    from imgforge_mcp.base.clock import Clock

    return f"req_{Clock().new_id()}"
