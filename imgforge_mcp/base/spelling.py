"""How people, models and clients spell a number, a truth, a list, a size, a shape; each is read where its meaning is
certain, and left as it is where it is not. Pure."""

import ast
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
AROUND_A_NUMBER = re.compile(r"(?:us)?\$?\s*(.*?)\s*(px|pixels?|\$|usd|%)?(?:\s*usd)?", re.DOTALL)
IN_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?", re.ASCII)
BY_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+", re.ASCII)
LONGEST_PYTHON = 4000
"""Characters of what is read as Python writes it: a parser of long nested text takes its own stack."""
SECONDS = re.compile(r"(?i)(?<=[0-9])\s*(?:s|secs?|seconds?)\.?\s*$")
MOST_DIGITS = 40
"""Of a number as text: more is nonsense, and reading it takes long."""
TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1", "t", "y", "enabled", "enable"), True),
    **dict.fromkeys(("false", "no", "off", "0", "f", "n", "disabled", "disable"), False),
}
UNSAID = frozenset({"", "null", "none", "undefined", "nil", "auto", "default", "any", "all"})
"""Words that say nothing, where only numbers or a few names are possible."""
TIMES = re.compile(
    r"\s*[\[(]?\s*([0-9]{1,5})\s*(?:px)?\s*(?:[x×X*✕,]|by)\s*([0-9]{1,5})\s*(?:px|pixels?)?\s*[\])]?\s*", re.ASCII
)
RATIO = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9])?)\s*[:/x×X∶：]\s*([0-9]{1,3}(?:\.[0-9])?)\s*", re.ASCII)
PRESET = re.compile(
    r"(?:([a-z][a-z _]{1,24}?)[ _(-]+)?([0-9]{1,2})(?: (?:to|by) |by|[ _:x/-])([0-9]{1,2})\)?"
    r"(?:[ _(-]+([a-z ]{1,24})\)?)?",
    re.ASCII,
)
"""As services and people name their shapes: landscape_16_9, ASPECT_16_9, "16:9 (widescreen)", "16 to 9"; portrait_16_9
stands upright."""
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
    **dict.fromkeys(("today", "daily", "this_day"), "day"),
    **dict.fromkeys(("this_month", "monthly"), "month"),
    **dict.fromkeys(("total", "all_time", "overall"), "all"),
    **dict.fromkeys(("done", "finished", "succeeded", "success", "ready"), "completed"),
    **dict.fromkeys(("error", "errored", "failure"), "failed"),
    **dict.fromkeys(("running", "in_progress", "active"), "processing"),
    **dict.fromkeys(("pending", "waiting"), "queued"),
    **dict.fromkeys(("cancelled", "aborted"), "canceled"),
}
"""Other words for our own."""
NAMING = ("asset_id", "uri", "url", "image_url", "path", "file", "job_id", "id", "source")
"""What an object calls the image that it is about, the surest first."""
NAME = re.compile(r"(?i)[0-9a-f]{8,64}|[0-9A-HJKMNP-TV-Z]{26}(?:#[0-9]{1,2})?|(?:https?|imgforge)://[^\s,]+", re.ASCII)
"""An image or a job by its id, or by its address: of which several may stand in one text."""
SMALLEST_SIDE = 32
"""Pixels: 16x9 is a shape, 512x512 a size."""


def number(value: Any) -> Any:
    """The number that a text spells: "2", "2.0", "1024px", "$0.05", "0.05 USD", "1,024", "0,05", "80%"."""
    if not isinstance(value, str) or len(value) > MOST_DIGITS:
        return value
    found = AROUND_A_NUMBER.fullmatch(value.strip().lower())
    text, unit = (found[1], found[2]) if found else ("", None)
    if IN_THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif BY_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not NUMBER.fullmatch(text):
        return value
    if unit == "%":
        return float(text) / 100
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def seconds(value: Any) -> Any:
    """The number of seconds that a text spells: "30", "30s", "30 seconds"."""
    return number(SECONDS.sub("", value)) if isinstance(value, str) else value


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
    if isinstance(found, dict) and found:
        found = [found[name] for name in sorted(found)] if all(name.isdecimal() for name in found) else [found]
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list):
        return found
    while len(found) == 1 and isinstance(found[0], list):
        [found] = found
    return [item for item in found if item is not None and not (isinstance(item, str) and not item.strip())]


def single(value: Any) -> Any:
    """The one text or object that a list holds."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | dict) else value


def words(value: Any) -> Any:
    """A text: as it is, in a list of one, or as a part of a message ({"type": "text", "text": …})."""
    value = single(value)
    is_part = isinstance(value, dict) and value.keys() <= {"type", "text"} and isinstance(value.get("text"), str)
    return value["text"] if is_part else value


def reference(value: Any) -> Any:
    """What names an image: by itself, or as an object that says it among other things, as our own answers, links and
    the parts of messages do."""
    found = decoded(value, dict) if isinstance(value, str) and value.strip()[:1] == "{" else value
    if not isinstance(found, dict):
        return value
    kind = next((found[name] for name in ("mimeType", "mime_type", "media_type") if name in found), None)
    if isinstance(kind, str) and isinstance(data := found.get("data"), str):
        return f"data:{kind};base64,{data}"
    inner = next((found[name] for name in NAMING if found.get(name)), None)
    return value if inner is None else reference(inner)


def references(value: Any) -> Any:
    """Several: as a list, or as ids and URLs in one text."""
    if (
        isinstance(value, str)
        and len(parts := re.split(r"[,\s]+", value.strip())) > 1
        and all(map(NAME.fullmatch, parts))
    ):
        return parts
    found = listed(value)
    return [reference(single(item)) for item in found] if isinstance(found, list) else found


def path_of_uri(uri: str) -> str | None:
    """The path of a file URI (RFC 8089), which names this machine by nothing or by `localhost`; None of another's."""
    rest = uri[len("file:") :]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost", "127.0.0.1"):
            return None
        rest = slash + path
    path = unquote(rest)
    return path[1:] if re.match(r"/[A-Za-z]:[\\/]", path) else path


def text_map(value: Any) -> Any:
    """An object of texts: numbers and truths in it are written out, nulls are left out. A list of keys and values, as
    models write it that know no free objects, is that object."""
    found = decoded(decoded(value, dict), list)
    if (
        isinstance(found, list)
        and found
        and all(isinstance(item, dict) and item.keys() == {"key", "value"} for item in found)
    ):
        found = {str(item["key"]): item["value"] for item in found}
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
    plain = plain.replace("_", "")
    return next(
        (name for name in allowed if _plain(name).replace("_", "") == plain or CLASSES.get(plain) == name), value
    )


def _plain(text: str) -> str:
    shortened = text.strip().lower().removeprefix("image/").removeprefix(".").removesuffix("px").replace("+", " plus")
    return re.sub(r"[\s_-]+", "_", shortened).strip("_")


def says_nothing(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in UNSAID


def size(value: Any) -> tuple[int, int] | None:
    """Width and height of "1024x768", however it is written, of [1024, 768], or of {"width": 1024, "height": 768}; None
    where it is none."""
    if (sides := _pair(value)) is not None:
        return sides if min(sides) >= SMALLEST_SIDE else None
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
        first, second = int(match[2]), int(match[3])
        said = {match[1], match[4]}
        if said & {"portrait", "landscape"}:
            first, second = sorted((first, second), reverse="landscape" in said)
        return f"{first}:{second}" if min(first, second) else None
    if match := RATIO.fullmatch(text):
        return f"{match[1]}:{match[2]}"
    return SHAPES.get(re.sub(r"[\s-]+", "_", text))


def _pair(value: Any) -> tuple[int, int] | None:
    """Two whole numbers, as a list, or by name."""
    found = decoded(decoded(value, dict), list)
    if isinstance(found, dict) and found.keys() in ({"width", "height"}, {"w", "h"}):
        found = [next(found[name] for name in names if name in found) for names in (("width", "w"), ("height", "h"))]
    sides = [whole(side) for side in found] if isinstance(found, list) and len(found) == 2 else []
    if len(sides) != 2 or not all(isinstance(side, int) and side > 0 for side in sides):
        return None
    return sides[0], sides[1]
