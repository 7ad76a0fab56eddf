"""What a model's provider would say of the requests that a framework sent it, and what of the picture is in them."""

import base64
import binascii
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from PIL import Image

Json = dict[str, Any]
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""OpenAI's and Anthropic's rule for the name of a function."""
SEEN = {"image/jpeg", "image/png", "image/gif", "image/webp"}
"""What OpenAI, Anthropic and Gemini all take."""
FILE = re.compile(r"/[^\s\"'\\]*assets/[0-9a-f]{2}/[0-9a-f]{40,}[^\s\"'\\]*\.png")
BASE64 = re.compile(r"[A-Za-z0-9+/]{2000}")
NOT_FOR_GEMINI = {"propertyNames", "patternProperties", "$ref", "$defs", "const", "not", "if", "then"}


def judged(path: str, body: Json) -> tuple[set[str], list[str]]:
    """What of the picture is in a request (`picture`, `path`), and what its receiver would refuse or be hurt by."""
    arrived: set[str] = set()
    faults = list(_schemas(path, body))
    for kind, data in _pictures(body):
        fault = _fault(kind, data)
        faults += [fault] if fault else []
        arrived |= set() if fault else {"picture"}
    for text in _texts(body):
        if FILE.search(text):
            arrived.add("path")
        if BASE64.search(text) and not text.startswith("data:image/"):
            faults.append(f"{len(text)} characters of base64 as text")
    if path.endswith("/chat/completions"):
        faults += _in_chat(body)
    return arrived, list(dict.fromkeys(faults))


def _in_chat(body: Json) -> Iterator[str]:
    for message in body["messages"]:
        parts = message.get("content")
        for part in parts if isinstance(parts, list) else []:
            if message["role"] == "tool" and part.get("type") != "text":
                yield f"a part of type {part.get('type')} in a tool's message"
            if part.get("type") == "image_url" and not part["image_url"]["url"].startswith(("https:", "data:image/")):
                yield "an image_url that nobody can open"


def _schemas(path: str, body: Json) -> Iterator[str]:
    """Names and schemas of the tools that were offered."""
    text = json.dumps(body.get("tools") or [])
    for found in re.findall(r'"name": "([^"]*generate_image)"', text):
        if not NAME.fullmatch(found):
            yield f"the name {found}"
    if ":generateContent" in path or ":streamGenerateContent" in path:
        yield from (f"{word} in a schema" for word in sorted(NOT_FOR_GEMINI) if f'"{word}":' in text)


def _pictures(value: Any) -> Iterator[tuple[str, str]]:
    """Type and base64 of every picture, in the form of any of the four."""
    match value:
        case {"type": "image_url", "image_url": {"url": str(url)}} | {"type": "input_image", "image_url": str(url)}:
            kind, _, data = url.removeprefix("data:").partition(";base64,")
            yield kind, data
        case {"type": "image", "source": {"type": "base64", "media_type": str(kind), "data": str(data)}}:
            yield kind, data
        case {"inlineData": {"mimeType": str(kind), "data": str(data)}} | {
            "inline_data": {"mime_type": str(kind), "data": str(data)}
        }:
            yield kind, data
        case dict():
            for each in value.values():
                yield from _pictures(each)
        case list():
            for each in value:
                yield from _pictures(each)


def _fault(kind: str, data: str) -> str | None:
    if kind not in SEEN:
        return f"a picture of type {kind[:60]}"
    try:
        with Image.open(io.BytesIO(base64.b64decode(data.replace("-", "+").replace("_", "/"), validate=True))) as image:
            image.load()
            declared = f"image/{(image.format or '').lower()}"
    except (OSError, binascii.Error):
        return "a picture that cannot be decoded"
    return None if declared == kind else f"{declared} declared as {kind}"


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case {"type": "image_url" | "input_image" | "image"} | {"inlineData": _} | {"inline_data": _}:
            return
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
