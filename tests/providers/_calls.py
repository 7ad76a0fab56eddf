"""Calls and replies for the tables of single providers."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, InputImage, Operation, Reply

PICTURE = b"\x89PNG\r\n\x1a\n a picture"
ENCODED = base64.b64encode(PICTURE).decode()
INPUT = InputImage(data=b"input", mime_type="image/png", width=300, height=200)
SECOND = InputImage(data=b"second", mime_type="image/webp", width=100, height=100)
INPUT_URL = "data:image/png;base64,aW5wdXQ="
SECOND_URL = "data:image/webp;base64,c2Vjb25k"


def call_for(row: str, **fields: Any) -> Call:
    """A call of the catalogue's row `provider/slug`."""
    (model,) = load_catalog().find(row)
    return Call(model=model, **{"prompt": "a red fox", **fields})


def reply(
    body: object, status: int = 200, operation: Operation | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer: bytes as they are, anything else as JSON."""
    if isinstance(body, bytes):
        return Reply(status=status, headers=headers or {}, body=body, operation=operation)
    kind = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    return Reply(status=status, headers=kind, body=json.dumps(body).encode(), operation=operation)


ODD_BODIES: list[object] = [
    {},
    [],
    None,
    "text",
    7,
    {"data": None, "result": None, "images": None, "candidates": None, "artifacts": None, "output": None},
    {"data": "x", "result": "x", "images": "x", "candidates": "x", "artifacts": "x", "output": 3},
    {"data": [None, 3, {}], "result": [1], "images": [3, {}], "candidates": [7, {}], "artifacts": [{}], "output": []},
    {"data": [{"b64_json": 5, "url": 5}], "result": {"image": 5}, "images": [{"url": 5}], "artifacts": [{"base64": 5}]},
    {
        "data": [{"b64_json": "", "url": ""}],
        "images": [{"url": ""}],
        "candidates": [{"content": {"parts": [{"inlineData": 1}]}}],
    },
    {
        "candidates": [{"content": {"parts": [{"inlineData": {"data": 4}}]}}],
        "promptFeedback": 3,
        "images": [{"url": None}],
    },
    {"data": [{"b64_json": "%%%"}], "result": {"image": "%%%"}, "images": [{"url": "data:image/png,x"}]},
    {"id": "\ud800", "request_id": "a\nb", "prompt_id": "\x00", "job_id": "x" * 300, "data": [{"url": "a\nb"}]},
    {"data": {"url": "x"}, "error": {}, "errors": 5, "status": 9, "detail": {"x": [1]}, "images": {"url": "x"}},
]
"""What no provider documents and any of them may send one day."""
