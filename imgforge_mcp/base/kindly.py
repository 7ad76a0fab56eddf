"""Reads what a caller sent as one of our types, kindly: a sensible call is never refused for its spelling, and what is
refused is refused in our own sentence with an example of a right value. Every door reads by it."""

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from imgforge_mcp.base import spelling
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.schemas import fields_of
from imgforge_mcp.base.types import Json

T = TypeVar("T", bound=BaseModel)

ADDED_BY_CLIENTS = {
    "toolCallId": "n8n, every call",
    "sessionId": "n8n, with a chat trigger",
    "action": "n8n, with a chat trigger",
    "chatInput": "n8n, with a chat trigger",
    "tool": "n8n, agents' tools",
    "wait_for_previous": "Gemini CLI",
    "waitForPreviousTools": "Gemini, Antigravity",
    "toolAction": "Antigravity",
    "toolSummary": "Antigravity, Windsurf",
    "task_progress": "Cline",
    "security_context": "crewAI",
    "request_heartbeat": "Letta",
    "random_string": "Cursor, for tools that need no argument",
    "reason": "Claude Code and others, for tools that need no argument",
    "explanation": "Cursor",
    "dummy": "several, for tools that need no argument",
    "kwargs": "LangChain and LlamaIndex, for tools that need no argument",
}
"""What clients and frameworks put beside a tool's own arguments (public reports, seen 2025-11 to 2026-09): dropped
without a word, however they spell them. Names that begin with an underscore are theirs too."""
ENVELOPES = frozenset(
    {"kwargs", "args", "arguments", "parameters", "params", "input", "inputs", "toolinput", "request", "data", "body"}
)
"""What frameworks put all of a tool's arguments into, as one object or its JSON text."""
MEANT = {
    "tier": "quality_tier",
    "quality": "quality_tier",
    "num_images": "n",
    "num_outputs": "n",
    "count": "n",
    "number_of_images": "n",
    "text": "prompt",
    "description": "prompt",
    "query": "prompt",
    "ratio": "aspect_ratio",
    "format": "output_format",
    "num_inference_steps": "steps",
    "filename": "save_to",
    "output_path": "save_to",
    "path": "save_to",
    "image_url": "image",
    "images": "input_images",
    "id": "job_id",
    "project": "project_id",
}
"""Other services' names for our arguments: named in the refusal, never guessed."""
QUIET = frozenset({"model", "provider", "template", "aspect_ratio", "tier", "capability", "background", "mask"})
"""Texts that name something, where "auto" or "none" says: none in particular."""
PRIVATE = frozenset({"prompt", "negative_prompt", "metadata", "image", "mask", "input_images", "reference_images"})
"""Whose values are not repeated in a message."""
NUMBERED = frozenset({"project_id", "idempotency_key", "cursor"})
"""Texts that may well be a number."""
PLACES = frozenset({"save_to", "path"})
NAMES_AN_IMAGE = frozenset({"image", "mask"})
SHAPED = frozenset({"width", "height"})
MOST_SHOWN = 80
KINDS = {list: "a list", dict: "an object"}


def read(model: type[T], said: Mapping[str, Any], hidden: frozenset[str] = frozenset()) -> T:
    """What was said as `model`; `hidden` fields are not the caller's to say.

    Raises:
        InvalidRequest: names the field, its value and what is right.
    """
    fields = fields_of(model)
    values = _named(_unwrapped(said, fields), [name for name in fields if name not in hidden])
    if fields.keys() >= SHAPED:
        _place_sizes(values, fields.keys())
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    understood = {name: _understood(name, value, fields[name]) for name, value in values.items()}
    kept = {
        name: value for name, value in understood.items() if not _is_unsaid(name, value, fields[name], name in required)
    }
    try:
        return model.model_validate(kept)
    except ValidationError as error:
        raise refusal(error, fields) from None


# Names ---------------------------------------------------------------------------------------------------------------


def _named(said: Mapping[str, Any], known: list[str]) -> Json:
    """The values under our own names: aspectRatio is aspect_ratio, what clients add is dropped.

    Raises:
        InvalidRequest: there is no such argument.
    """
    by_letters = {_letters(name): name for name in known}
    values: Json = {}
    for given, value in said.items():
        name = given if given in known else by_letters.get(_letters(given))
        if name is None and given == "size" and "width" in known:
            name = "size"
        if name is not None:
            values.setdefault(name, value)
        elif _letters(given) not in ADDED and not given.startswith("_") and value is not None:
            raise _unknown(given, known)
    return values


def _unwrapped(said: Mapping[str, Any], known: Collection[str]) -> Mapping[str, Any]:
    """The arguments that came in one object, where there are none beside it."""
    by_letters = {_letters(name) for name in known}
    if any(_letters(name) in by_letters for name in said):
        return said
    for name, value in said.items():
        inner = spelling.decoded(value, dict) if _letters(name) in ENVELOPES else None
        if isinstance(inner, dict) and any(_letters(str(each)) in by_letters for each in inner):
            return {**{other: said[other] for other in said if other != name}, **inner}
    return said


def _letters(name: str) -> str:
    return re.sub(r"[\s_\"'-]+", "", name).lower()


ADDED = frozenset(map(_letters, ADDED_BY_CLIENTS))


def _holds(one: str, other: str) -> bool:
    return one in other or other in one


def _unknown(given: str, known: list[str]) -> InvalidRequest:
    shown = given[:64]
    meant = MEANT.get(shown.lower())
    near = [meant] if meant in known else difflib.get_close_matches(shown.lower(), known, 1, 0.5)
    if not near:
        near = [name for name in known if min(len(shown), len(name)) > 2 and _holds(shown.lower(), name)][:1]
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}."
    return InvalidRequest(f"There is no argument {shown!r}; {hint}", field=shown, allowed=known, nearest=near)


# Values --------------------------------------------------------------------------------------------------------------


def _place_sizes(values: Json, known: Collection[str]) -> None:
    """Sizes and shapes, under whichever name they were said, become width and height, or aspect_ratio.

    Raises:
        InvalidRequest: one is no size, or was said twice, and differently.
    """
    for name in ("size", "image_size", "aspect_ratio", "width", "height"):
        value = values.get(name)
        if (found := spelling.size(value)) is not None:
            del values[name]
            _say(values, "width", found[0])
            _say(values, "height", found[1])
        elif name not in SHAPED and "aspect_ratio" in known and (shape := spelling.shape(value)) is not None:
            del values[name]
            _say(values, "aspect_ratio", shape)
    if values.get("size") in (None, ""):
        values.pop("size", None)
    elif "size" in values and "image_size" in known:
        _say(values, "image_size", values.pop("size"))
    elif "size" in values:
        said = str(values["size"])[:MOST_SHOWN]
        raise InvalidRequest(
            f"size must be width and height, such as 800x600; it was {said}.", field="size", value=said
        )


def _say(values: Json, name: str, value: Any) -> None:
    """Raises InvalidRequest: the same thing was said twice, and differently."""
    other = values.get(name)
    if other is not None and other != "" and spelling.whole(other) != value:
        raise InvalidRequest(
            f"The size is given twice: {name} as {str(other)[:MOST_SHOWN]} and as {value}; give it once, such as "
            "width 1024 and height 768.",
            field=name,
            value=str(other)[:MOST_SHOWN],
        )
    values[name] = value


def _understood(name: str, value: Any, schema: Json) -> Any:
    if schema.get("type") not in ("array", "object"):
        value = spelling.single(value)
    if "enum" in schema:
        return spelling.one_of(value, schema["enum"])
    return READERS.get(schema.get("type", ""), _as_it_is)(name, value, schema)


def _as_it_is(name: str, value: Any, schema: Json) -> Any:
    return value


def _text(name: str, value: Any, schema: Json) -> Any:
    if name == "negative_prompt" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    value = spelling.words(spelling.reference(value) if name in NAMES_AN_IMAGE else value)
    if name in NUMBERED and isinstance(value, int | float) and not isinstance(value, bool):
        return str(spelling.whole(value))
    if name in PLACES and isinstance(value, str):
        value = value.strip()
        return (spelling.path_of_uri(value) or value) if value[:5].lower() == "file:" else value
    return value.strip() if isinstance(value, str) and name in QUIET else value


def _list(name: str, value: Any, schema: Json) -> Any:
    is_of_references = schema.get("items", {}).get("type") == "string"
    return spelling.references(value) if is_of_references else spelling.listed(value)


def _number(name: str, value: Any, schema: Json) -> Any:
    return spelling.number(spelling.seconds(value) if name.endswith("_seconds") else value)


READERS: Mapping[str, Callable[[str, Any, Json], Any]] = {
    "integer": lambda name, value, schema: spelling.whole(value),
    "number": _number,
    "boolean": lambda name, value, schema: spelling.truth(value),
    "array": _list,
    "object": lambda name, value, schema: spelling.text_map(value),
    "string": _text,
}
"""By the kind that a field's schema names."""


def _is_unsaid(name: str, value: Any, schema: Json, is_required: bool) -> bool:
    """Whether a value says nothing: then the field counts as left out."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if is_required:
        return False
    if (value == [] and schema.get("type") == "array") or (name == "seed" and value in (-1, "random")):
        return True
    is_a_name = schema.get("type") == "string" and "enum" not in schema
    if is_a_name and name not in QUIET:
        return False
    return value not in schema.get("enum", ()) and spelling.says_nothing(value)


# Refusals ------------------------------------------------------------------------------------------------------------


def refusal(error: ValidationError, fields: Mapping[str, Json]) -> InvalidRequest:
    """The first complaint as our own sentence: what is right, an example, and what it was."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else next(iter(fields))
    schema, value = fields[name], first.get("input")
    right, example = wanted(schema), example_of(schema)
    such = f", such as {example}" if example is not None else ""
    details: Json = {"field": ".".join(str(part) for part in first["loc"])[:MOST_SHOWN], "allowed": right}
    if "enum" in schema:
        details["allowed"] = schema["enum"]
    if example is not None:
        details["example"] = example
    if first["type"] == "missing":
        return InvalidRequest(f"{name} is missing: {right}{such}.", **details)
    if isinstance(value, str | int | float | bool) and name not in PRIVATE and len(str(value)) <= MOST_SHOWN:
        details["value"] = value
    ours = str(first.get("ctx", {}).get("error", "")) if first["type"] == "value_error" else ""
    said = f"{name} {ours}" if ours else f"{name} must be {right}"
    return InvalidRequest(f"{said}{such}{_came(name, value, schema)}.", **details)


def _came(name: str, value: Any, schema: Json) -> str:
    """What came instead, where it may be repeated."""
    if isinstance(value, str) and (len(value) > MOST_SHOWN or name in PRIVATE):
        return f"; it has {len(value)} characters"
    if isinstance(value, list | dict):
        is_right = schema.get("type") == ("array" if isinstance(value, list) else "object")
        return f"; it has {len(value)} entries" if is_right else f"; it was {KINDS[type(value)]}"
    if name in PRIVATE or not isinstance(value, str | int | float):
        return ""
    return f"; it was {json.dumps(value, ensure_ascii=False)}"


def wanted(schema: Json) -> str:
    """What a field's schema allows, in words that follow "must be"."""
    if "wanted" in schema:
        return str(schema["wanted"])
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    match schema.get("type"):
        case "integer":
            return f"a whole number{_range(schema, 'minimum', 'maximum')}"
        case "number":
            return f"a number{_range(schema, 'minimum', 'maximum')}"
        case "boolean":
            return "true or false"
        case "array":
            return f"a list{_range(schema, 'minItems', 'maxItems', ' entries')}"
        case "object":
            return f"an object of texts{_range(schema, 'minProperties', 'maxProperties', ' entries')}"
        case _ if "maxLength" not in schema and schema.get("minLength", 1) <= 1:
            return "text that is not empty"
        case _:
            return f"text{_range({'minLength': 1, **schema}, 'minLength', 'maxLength', ' characters')}"


def _range(schema: Json, low: str, high: str, unit: str = "") -> str:
    least, most = schema.get(low), schema.get(high)
    if least is None and most is None:
        return ""
    if least is None:
        return f" of at most {most:g}{unit}" if unit else f" of at most {most}"
    if most is None:
        return f" of at least {least}{unit}"
    return f" of {least} to {most}{unit}" if unit else f" from {least} to {most}"


def example_of(schema: Json) -> str | None:
    """A right value, as JSON spells it."""
    given = schema.get("examples", schema.get("enum", ()))
    if given:
        is_plain = isinstance(given[0], str) and " " not in given[0]
        return str(given[0]) if is_plain else json.dumps(given[0], ensure_ascii=False)
    if schema.get("type") == "boolean":
        return "true"
    least = schema.get("minimum")
    return None if least is None else str(least)
