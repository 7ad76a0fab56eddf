"""Jobs and errors as MCP content: one text block, previews, links; structured content only where it is wanted."""

import base64
import json
from typing import Any

import mcp_types as types

from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Asset, Job, JobState, Json
from imgforge_mcp.forge import Forge
from imgforge_mcp.presentation import Presentation, asset_url, job_json

RESULT_BYTES = 700_000
"""Claude Desktop refuses a result of 1,048,576 characters; others are slower to say so."""
TEXT_BYTES = 2_000
"""Of the text block, an image."""
SHOWN = (300, 200, 100, 50, 25)
"""Characters of a long text, tried in turn."""
ENVELOPE_BYTES = 20_000
BASE64_GROWTH = 4 / 3


async def job_result(
    forge: Forge, presentation: Presentation, job: Job, *, include_preview: bool = True, is_question: bool = False
) -> types.CallToolResult:
    """A job as a tool result. A failed one is an error, unless the caller merely asked about it."""
    if job.state is JobState.FAILED and not is_question:
        return error_result(job.error or ForgeError("The job failed.").body(job.request_id), forge.config)
    shown = _short(forge, presentation, job)
    text = compact(shown)
    content: list[types.ContentBlock] = [types.TextContent(text=text)]
    if forge.config.preview != "off" and include_preview:
        content += await _previews(forge, job, len(text.encode()))
    if forge.config.resource_links != "off":
        content += [_link(presentation, asset, number, len(job.assets)) for number, asset in enumerate(job.assets, 1)]
    return types.CallToolResult(content=content, structured_content=shown if forge.config.structured == "on" else None)


def _short(forge: Forge, presentation: Presentation, job: Job) -> Json:
    """The job with its texts cut until it is worth a model's while; the caller's own metadata is returned whole."""
    for characters in SHOWN:
        shown = job_json(forge, presentation.base_url, job, shown=characters)
        if len(compact(shown).encode()) < TEXT_BYTES * max(1, len(job.assets)):
            break
    return shown


def error_result(body: Json, config: Config) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=compact(body))], is_error=True)


def structured_result(answer: Json) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=compact(answer))], structured_content=answer)


def data_result(answer: Json, config: Config) -> types.CallToolResult:
    """Data from a tool that declares no output schema: structured only where that is wanted."""
    structured = answer if config.structured == "on" else None
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
