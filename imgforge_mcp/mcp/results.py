"""Jobs, data and errors as MCP content, in the form that the client is known to read."""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

import mcp_types as types

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Asset, Job, JobState, Json
from imgforge_mcp.forge import Forge
from imgforge_mcp.mcp.clients import Form
from imgforge_mcp.presentation import Presentation, asset_url, batch_json, brief_json, job_json, numbered_line

RESULT_BYTES = 700_000
"""Claude Desktop refuses a result of 1,048,576 characters; others are slower to say so."""
TEXT_BYTES = 2_000
"""Of the text block, an image."""
SHOWN = (100, 60, 25)
IN_DETAIL = (300, 200, 100, 50, 25)
"""Characters of a long text, tried in turn."""
ENVELOPE_BYTES = 20_000
BASE64_GROWTH = 4 / 3
ELSEWHERE = "The data is in structuredContent."


async def job_result(
    forge: Forge,
    presentation: Presentation,
    form: Form,
    job: Job,
    *,
    include_preview: bool = True,
    is_question: bool = False,
    in_detail: bool = False,
) -> types.CallToolResult:
    """A job as a tool result. A failed one is an error, unless the caller merely asked about it."""
    if job.state is JobState.FAILED and not is_question:
        return error_result(job.error or ForgeError("The job failed.").body(job.request_id))
    shown = await _shown(forge, presentation, job, in_detail=in_detail)
    text = compact(shown)
    content: list[types.ContentBlock] = [types.TextContent(text=text)]
    if form.preview and include_preview:
        content += await _previews(forge, job, len(text.encode()))
    if form.links:
        content += [_link(presentation, asset, number, len(job.assets)) for number, asset in enumerate(job.assets, 1)]
    return types.CallToolResult(content=content, structured_content=shown if form.structured else None)


async def batch_answer(forge: Forge, presentation: Presentation, batch_id: str, items: list[Job | Json]) -> Json:
    """What became of each item of a batch."""
    ids = await _short_ids(forge, items)
    return batch_json(forge, presentation.base_url, batch_id, items, ids)


async def job_list(
    forge: Forge, presentation: Presentation, form: Form, jobs: list[Job], *, include_preview: bool = True
) -> types.CallToolResult:
    """Several jobs: a line each, and their pictures on one numbered sheet."""
    ids = await _short_ids(forge, jobs)
    lines = [numbered_line(forge, presentation.base_url, number, job, ids) for number, job in enumerate(jobs, 1)]
    count = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}, newest first"
    shown = f"{count}. Call check_job with a job_id for one of them." if jobs else "There are no such jobs."
    result = text_result({"message": shown, "jobs": lines}, form)
    pictures = list(enumerate(jobs, 1)) if form.preview and include_preview else []
    return await with_sheet(forge, result, pictures)


async def with_sheet(
    forge: Forge, result: types.CallToolResult, jobs: Sequence[tuple[int, Job]]
) -> types.CallToolResult:
    """The result with the jobs' pictures on one numbered sheet, where there are any."""
    text_bytes = sum(len(block.text.encode()) for block in result.content if isinstance(block, types.TextContent))
    room = int((RESULT_BYTES - ENVELOPE_BYTES - 2 * text_bytes) / BASE64_GROWTH)
    sheet = await forge.contact_sheet(jobs, room) if jobs else None
    if sheet is None:
        return result
    image = types.ImageContent(data=base64.b64encode(sheet).decode("ascii"), mime_type="image/jpeg")
    return result.model_copy(update={"content": [*result.content, image]})


async def batch_result(
    forge: Forge,
    presentation: Presentation,
    form: Form,
    batch_id: str,
    items: list[Job | Json],
    *,
    is_question: bool = False,
    include_preview: bool = True,
) -> types.CallToolResult:
    """A batch, with its pictures on one sheet, numbered as its items are; to clients that read structured data without
    it, for they drop every picture beside that."""
    answer = await batch_answer(forge, presentation, batch_id, items)
    result = text_result(answer, form) if is_question else data_result(answer, form)
    if not (form.preview and include_preview) or result.structured_content is not None:
        return result
    return await with_sheet(forge, result, [(n, item) for n, item in enumerate(items) if isinstance(item, Job)])


async def _short_ids(forge: Forge, items: Iterable[Job | Json]) -> dict[str, str]:
    return await forge.short_ids(asset for item in items if isinstance(item, Job) for asset in item.assets)


async def _shown(forge: Forge, presentation: Presentation, job: Job, *, in_detail: bool) -> Json:
    """The job with its texts cut until it is worth a model's while; the caller's own metadata is returned whole."""
    ids = {} if in_detail else await _short_ids(forge, [job])
    for characters in IN_DETAIL if in_detail else SHOWN:
        if in_detail:
            shown = job_json(forge, presentation.base_url, job, shown=characters)
        else:
            shown = brief_json(forge, presentation.base_url, job, ids, shown=characters)
        if len(compact(shown).encode()) < TEXT_BYTES * max(1, len(job.assets)):
            break
    return shown


def error_result(body: Json) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=compact(body))], is_error=True)


def data_result(answer: Json, form: Form, *, summary: str | None = None) -> types.CallToolResult:
    """Data from a tool, once: structured with one line of text for clients that read that, else as text."""
    if not form.data:
        return types.CallToolResult(content=[types.TextContent(text=compact(answer))])
    line = f"{summary or answer['message']} {ELSEWHERE}"
    return types.CallToolResult(content=[types.TextContent(text=line)], structured_content=answer)


def text_result(answer: Json, form: Form) -> types.CallToolResult:
    """Data from a tool that shows images otherwise: as text in any case."""
    structured = answer if form.structured else None
    return types.CallToolResult(content=[types.TextContent(text=compact(answer))], structured_content=structured)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def _previews(forge: Forge, job: Job, text_bytes: int) -> list[types.ContentBlock]:
    """A preview of every image; together they leave room for the rest of the result."""
    if not job.assets:
        return []
    each = int((RESULT_BYTES - ENVELOPE_BYTES - 2 * text_bytes) / BASE64_GROWTH / len(job.assets))
    previews: list[types.ContentBlock] = []
    for asset in job.assets:
        data = await forge.preview(asset, each)
        if data is not None and len(data) <= each:
            text = base64.b64encode(data).decode("ascii")
            previews.append(types.ImageContent(data=text, mime_type="image/jpeg"))
    return previews


def _link(presentation: Presentation, asset: Asset, number: int, total: int) -> types.ResourceLink:
    uri = (
        f"imgforge://assets/{asset.asset_id}"
        if presentation.base_url is None
        else asset_url(presentation.base_url, asset)
    )
    return types.ResourceLink(
        uri=uri,
        name=f"image-{number}" if total > 1 else "image",
        title=f"Full image, {asset.width}x{asset.height}",
        mime_type=asset.mime_type,
        size=asset.bytes,
        annotations=types.Annotations(audience=["user"]),
    )
