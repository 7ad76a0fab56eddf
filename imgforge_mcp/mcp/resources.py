"""Resources: images in full, jobs, models, usage, and the prompt guide."""

import base64
import re
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

import mcp_types as types
from mcp.shared.exceptions import MCPError

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError, NotFound
from imgforge_mcp.base.formats import SVG
from imgforge_mcp.forge import Filter, Forge
from imgforge_mcp.mcp import apps, results
from imgforge_mcp.presentation import Presentation, job_json

ASSET = re.compile(r"imgforge://assets/([0-9a-f]{8,64})(?:\?.*)?")
JOB = re.compile(r"imgforge://jobs/([0-9A-HJKMNP-TV-Z]{26})")
MODELS = "imgforge://models"
USAGE = "imgforge://usage"
GUIDE = "imgforge://guide"
MAX_RENDITION = 4096
WHOLE = 10_000
"""Characters: more than any text of a job has."""


def resource_list(*, has_app: bool = False) -> list[types.Resource]:
    """Those that have a fixed address; the App's page for hosts that show it."""
    data, text = "application/json", "text/markdown"
    return [
        types.Resource(
            uri=MODELS, name="models", title="Image models", description="What can be used.", mime_type=data
        ),
        types.Resource(
            uri=USAGE, name="usage", title="Usage", description="Images and cost this month.", mime_type=data
        ),
        types.Resource(uri=GUIDE, name="guide", title="Prompt guide", description="By tier.", mime_type=text),
        *([apps.resource()] if has_app else []),
    ]


def template_list() -> list[types.ResourceTemplate]:
    return [
        types.ResourceTemplate(
            uri_template="imgforge://assets/{sha256}{?width}",
            name="asset",
            title="Image",
            description="An image in full, or a rendition `width` pixels wide.",
        ),
        types.ResourceTemplate(
            uri_template="imgforge://jobs/{job_id}",
            name="job",
            title="Job",
            description="A job's record.",
            mime_type="application/json",
        ),
    ]


async def read(lazy: LazyForge, presentation: Presentation, context: Any, uri: str) -> types.ReadResourceResult:
    """Raises MCPError: no such resource."""
    if uri == apps.URI:
        return apps.contents()
    forge = await lazy.forge()
    caller = presentation.caller(forge, context)
    try:
        if match := ASSET.fullmatch(uri):
            asset, data = await forge.asset(match[1])
            return await _image(forge, uri, data, asset.mime_type)
        if match := JOB.fullmatch(uri):
            job = await forge.job(match[1], caller)
            return _text(uri, results.compact(job_json(forge, presentation.base_url, job, shown=WHOLE)))
        if uri == MODELS:
            return _text(uri, results.compact(await forge.models(Filter(is_full=False))))
        if uri == USAGE:
            return _text(uri, results.compact(await forge.usage("month", None, caller)))
        if uri == GUIDE:
            guide = resources.files("imgforge_mcp").joinpath("guide.md").read_text("utf-8")
            return _text(uri, guide, "text/markdown")
    except ForgeError as error:
        raise refused(error, uri=uri[:200]) from None
    unknown = NotFound(
        f"There is no such resource; there are {MODELS}, {USAGE}, {GUIDE}, imgforge://assets/ID and imgforge://jobs/ID."
    )
    raise refused(unknown, uri=uri[:200])


def refused(error: ForgeError, **more: str) -> MCPError:
    """An error where the protocol has no result to put it in: its `data` is the shape that errors have everywhere, with
    `more` beside it."""
    return MCPError(types.INVALID_PARAMS, error.message, {**error.body(f"req_{Clock().new_id()}"), **more})


async def _image(forge: Forge, uri: str, data: bytes, mime_type: str) -> types.ReadResourceResult:
    width = parse_qs(urlsplit(uri).query).get("width", [""])[0]
    if mime_type != SVG and width.isascii() and width.isdigit() and 0 < int(width) <= MAX_RENDITION:
        data, mime_type = await forge.rendition(data, int(width))
    blob = base64.b64encode(data).decode("ascii")
    return types.ReadResourceResult(contents=[types.BlobResourceContents(uri=uri, blob=blob, mime_type=mime_type)])


def _text(uri: str, text: str, mime_type: str = "application/json") -> types.ReadResourceResult:
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, text=text, mime_type=mime_type)])
