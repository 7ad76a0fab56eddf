"""How people, models and clients spell a number, a truth, a list, a size, a shape; each is read where its meaning is
certain, and left as it is where it is not. Pure."""

import ast
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
LONGEST_PYTHON = 4000
"""Characters of what is read as Python writes it: a parser of long nested text takes its own stack."""
MOST_DIGITS = 40
"""Of a number as text: more is nonsense, and reading it takes long."""
TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1", "t", "y"), True),
    **dict.fromkeys(("false", "no", "off", "0", "f", "n"), False),
}
UNSAID = frozenset({"", "null", "none", "undefined", "nil", "auto", "default", "any", "all"})
"""Words that say nothing, where only numbers or a few names are possible."""
TIMES = re.compile(r"\s*([0-9]{1,5})\s*(?:px)?\s*(?:[x×X*✕]|by)\s*([0-9]{1,5})\s*(?:px)?\s*", re.ASCII)
RATIO = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9])?)\s*[:/x×X∶：]\s*([0-9]{1,3}(?:\.[0-9])?)\s*", re.ASCII)
PRESET = re.compile(r"(portrait|landscape|square)[ _-]([0-9]{1,2})[ _:x-]([0-9]{1,2})", re.ASCII)
"""As some services name their shapes: landscape_16_9; portrait_16_9 stands upright."""
SHAPES = {
    **dict.fromkeys(("square", "square_hd"), "1:1"),
    **dict.fromkeys(("portrait", "vertical"), "3:4"),
    **dict.fromkeys(("landscape", "horizontal"), "4:3"),
    "widescreen": "16:9",
}
CLASSES = {"1024": "1K", "2048": "2K", "4096": "4K", "0.5k": "512"}
SYNONYMS = {
    "jpg": "jpeg",
    **dict.fromkeys(("outpaint", "expand", "uncrop", "pad"), "extend"),
    **dict.fromkeys(("enlarge", "upsize", "super_resolution"), "upscale"),
    **dict.fromkeys(("cut_out", "cutout", "rembg", "background_removal", "remove_bg"), "remove_background"),
    **dict.fromkeys(("vectorise", "trace", "svg"), "vectorize"),
    **dict.fromkeys(("scale", "shrink"), "resize"),
}
"""Other words for our own."""
SMALLEST_SIDE = 32
"""Pixels: 16x9 is a shape, 512x512 a size."""


def number(value: Any) -> Any:
    """The number that a text spells: "2", "2.0", "1024px", "$0.05", "0.05 USD"."""
    if not isinstance(value, str) or len(value) > MOST_DIGITS:
        return value
    text = value.strip().lower().removeprefix("$").removesuffix("px").removesuffix("usd").strip()
    if not NUMBER.fullmatch(text):
        return value
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def whole(value: Any) -> Any:
    """The whole number that a number or a text spells: 7.0, "2", "2.0"."""
    read = number(value)
    return int(read) if isinstance(read, float) and read.is_integer() else read


def truth(value: Any) -> Any:
    """True and false as text, or as 1 and 0."""
    if isinstance(value, str):
        return TRUTHS.get(value.strip().lower(), value)
    is_digit = isinstance(value, int | float) and not isinstance(value, bool) and value in (0, 1)
    return bool(value) if is_digit else value


def decoded(value: Any, kind: type) -> Any:
    """The list or object that a text is the JSON of, or that Python would write so."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    for read in (json.loads, ast.literal_eval) if len(value) <= LONGEST_PYTHON else (json.loads,):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            found = read(value.strip())
            return found if isinstance(found, kind) else value
    return value


def listed(value: Any) -> Any:
    """A list: as it is, as its JSON text, or one text that stands for itself; empty entries are none."""
    found = decoded(value, list)
    if isinstance(found, str) or (isinstance(found, dict) and found):
        found = [found]
    if not isinstance(found, list):
        return found
    return [item for item in found if item is not None and not (isinstance(item, str) and not item.strip())]


def reference(value: Any) -> Any:
    """What names an image, by itself or as an object with that one entry: {"url": "https://…"}."""
    if isinstance(value, dict) and len(value) == 1:
        [(name, inner)] = value.items()
        if name in ("url", "uri", "path", "file", "asset_id", "job_id", "image_url", "id"):
            return reference(inner)
    return value


def text_map(value: Any) -> Any:
    """An object of texts: numbers and truths in it are written out, nulls are left out."""
    found = decoded(value, dict)
    if not isinstance(found, dict):
        return found
    return {str(name): _written(item) for name, item in found.items() if item is not None}


def _written(item: Any) -> Any:
    return json.dumps(item) if isinstance(item, bool | int | float) else item


def one_of(value: Any, allowed: Iterable[str]) -> Any:
    """The one of a few names that is meant: "PNG", "image/png", "jpg", "Ultra Plus", "1k", 512."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    plain = _plain(text)
    plain = SYNONYMS.get(plain, plain)
    return next((name for name in allowed if _plain(name) == plain or CLASSES.get(plain) == name), value)


def _plain(text: str) -> str:
    shortened = text.strip().lower().removeprefix("image/").removeprefix(".")
    return re.sub(r"[\s_-]+", "_", shortened)


def says_nothing(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in UNSAID


def size(value: Any) -> tuple[int, int] | None:
    """Width and height of "1024x768", however it is written, or of {"width": 1024, "height": 768}; None where it is
    none."""
    found = decoded(value, dict)
    if isinstance(found, dict) and found.keys() == {"width", "height"}:
        sides = (whole(found["width"]), whole(found["height"]))
        return sides if all(isinstance(side, int) and side >= SMALLEST_SIDE for side in sides) else None
    match = TIMES.fullmatch(value) if isinstance(value, str) else None
    if match is None or min(int(match[1]), int(match[2])) < SMALLEST_SIDE:
        return None
    return int(match[1]), int(match[2])


def shape(value: Any) -> str | None:
    """The aspect ratio of "16:9", "16x9", "16 / 9", "square", "landscape_16_9"; None where it is none."""
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    if match := PRESET.fullmatch(text):
        long, short = sorted((int(match[2]), int(match[3])), reverse=True)
        return f"{short}:{long}" if match[1] == "portrait" else f"{long}:{short}"
    if match := RATIO.fullmatch(text):
        return f"{match[1]}:{match[2]}"
    return SHAPES.get(re.sub(r"[\s-]+", "_", text))
