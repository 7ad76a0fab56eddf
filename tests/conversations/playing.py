"""A task set up, its calls made, its results read."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcp_types import CallToolResult, ImageContent, TextContent
from PIL import Image, ImageDraw

SEEN = re.compile(r"\{([0-9]+)\.(\w+)\}")


def files_in(folder: Path) -> dict[str, str]:
    """The pictures that a person has at hand: a photograph, and a logo on white."""
    folder.mkdir(parents=True, exist_ok=True)
    photo = Image.radial_gradient("L").resize((240, 160)).convert("RGB")
    ImageDraw.Draw(photo).rectangle((20, 100, 220, 150), "steelblue")
    logo = Image.new("RGB", (120, 120), "white")
    ImageDraw.Draw(logo).ellipse((30, 30, 90, 90), "darkorange")
    paths = {"photo": folder / "photo.png", "logo": folder / "logo.png"}
    photo.save(paths["photo"])
    logo.save(paths["logo"])
    return {name: str(path) for name, path in paths.items()}


def filled(value: Any, results: Sequence[Mapping[str, Any]], files: Mapping[str, str]) -> Any:
    """Arguments or expectations with what they name put in."""
    if isinstance(value, str):
        text = SEEN.sub(lambda match: str(named(results[int(match[1])], match[2])), value)
        return text.format(**files) if re.fullmatch(r"\{(?:photo|logo)\}", text) else text
    if isinstance(value, Mapping):
        return {name: filled(item, results, files) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, results, files) for item in value]
    return value


def named(result: Mapping[str, Any], name: str) -> Any:
    return result["assets"][0]["seed"] if name == "seed" else result[name]


def text_of(result: CallToolResult) -> str:
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


def images_of(result: CallToolResult) -> int:
    return sum(isinstance(block, ImageContent) for block in result.content)


def bytes_of(text: str) -> int:
    """Of a result's text, without the paths of this machine in it."""
    return len(re.sub(r"/[^\s\",;]*", "", text).encode())


def answer_of(text: str) -> dict[str, Any]:
    answer = json.loads(text)
    assert isinstance(answer, dict)
    return answer
