"""A tool's answer as a client reads it: JSON of the text block, images, jobs waited for; and calls that hang."""

import asyncio
import base64
import importlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp_types import CallToolResult, ImageContent, TextContent
from PIL import Image

from imgforge_mcp import Forge
from tests.emulators import Emulator

ROUNDS = 400


def told(result: CallToolResult) -> dict[str, Any]:
    """The one text block of a result, decoded."""
    (text,) = (block.text for block in result.content if isinstance(block, TextContent))
    answer = json.loads(text)
    assert isinstance(answer, dict)
    return answer


def previews(result: CallToolResult) -> list[Image.Image]:
    """The images of a result, decoded."""
    shown = [block for block in result.content if isinstance(block, ImageContent)]
    return [Image.open(io.BytesIO(base64.b64decode(block.data, validate=True))) for block in shown]


def pictures(job: dict[str, Any]) -> list[tuple[int, int]]:
    """Every asset of a job, decoded from its file to the last pixel: its size."""
    sizes = []
    for asset in job["assets"]:
        with Image.open(Path(asset["path"])) as image:
            image.load()
            sizes.append(image.size)
    return sizes


def uri(asset: dict[str, Any]) -> str:
    """The resource of an asset."""
    return f"imgforge://assets/{asset['asset_id']}"


def is_named(asset: dict[str, Any], digest: str) -> bool:
    """Whether an asset's id is the hash, or its first twelve digits."""
    return asset["asset_id"] in (digest, digest[:12])


async def ended(client: Client, job_id: str | None = None) -> dict[str, Any]:
    """A job, by default the newest, when it has ended."""
    if job_id is None:
        listed = told(await client.call_tool("check_job", {"limit": 1}))
        job_id = listed["jobs"][0]["job_id"]
    for _ in range(ROUNDS):
        asked = {"job_id": job_id, "wait_seconds": 50, "include_preview": False, "detail": True}
        job = told(await client.call_tool("check_job", asked))
        if job["state"] not in ("queued", "processing"):
            return job
    raise AssertionError(f"job {job_id} does not end: {job}")


async def committed(forge: Forge) -> float:
    """US dollars spent today or still reserved."""
    usage = await forge.usage("day", None, forge.caller())
    return float(usage["budgets"]["daily"]["committed_usd"])


def check_schema(value: Any, schema: dict[str, Any] | None) -> None:
    """Fail unless a structured answer is what its output schema declares."""
    assert schema is not None
    # The SDK brings the library; it has no types.
    importlib.import_module("jsonschema").validate(value, schema)


def on_hang(emulator: Emulator, act: Callable[[], None]) -> None:
    """Do something in the test's own loop whenever a call hangs; the emulator runs in a thread of its own."""
    loop = asyncio.get_running_loop()

    def hang() -> None:
        loop.call_soon_threadsafe(act)

    emulator.on_hang = hang
