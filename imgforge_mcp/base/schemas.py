"""The JSON schemas of our own types, in as few words as say everything: for models to read, and for messages."""

from functools import cache
from typing import Any

from pydantic import BaseModel

from imgforge_mcp.base.types import Json

SPOKEN = frozenset({"examples", "wanted"})
"""What a field declares for our messages: right values, and what is right in words."""
UNREAD = frozenset({"title"}) | SPOKEN
REFUSED = frozenset({"default", "minLength", "maxLength", "minProperties", "maxProperties", "propertyNames", "pattern"})
"""Words that some client's model refuses a whole request for (tests/mcp/schema_rules.toml has which and where it says
so), or reads for nothing; what they mean for a caller stands in the description."""
LONG = range(2000, 10_000)
"""Characters: limits of a text that a caller may well reach."""

LARGEST_EXACT = 2**53


@cache
def schema_of(model: type[BaseModel], *, is_spoken: bool = False) -> Json:
    """A type's schema, references put in place, null alternatives left out; if `is_spoken`, with what our messages
    say."""
    whole = model.model_json_schema()
    definitions = whole.pop("$defs", {})
    unread = UNREAD - SPOKEN if is_spoken else UNREAD

    def slim(value: Any) -> Any:
        if isinstance(value, list):
            return [slim(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            value = {**definitions[value["$ref"].rsplit("/", 1)[-1]], **{k: v for k, v in value.items() if k != "$ref"}}
        if "anyOf" in value:
            [first, *_] = [option for option in value["anyOf"] if option != {"type": "null"}]
            value = {**slim(first), **{k: v for k, v in value.items() if k != "anyOf"}}
        if not is_spoken:
            value = _told(value)
        return {
            key: {name: slim(item) for name, item in entry.items()} if key == "properties" else slim(entry)
            for key, entry in value.items()
            if not (key in unread or (not is_spoken and _is_unsafe(key, entry)))
        }

    slimmed: Json = slim(whole)
    slimmed.pop("description", None)
    return slimmed


def _told(field: Json) -> Json:
    """A field whose description says its default and its length, for those words are left out."""
    description, default, most = field.get("description"), field.get("default"), field.get("maxLength")
    if not isinstance(description, str):
        return field
    if most in LONG:
        description += f" At most {most} characters."
    if default is not None and default is not False:
        description += f" Default {str(default).lower()}."
    return {**field, "description": description}


def _is_unsafe(key: str, entry: Any) -> bool:
    """Words that are refused, and bounds that a reader with 64-bit floating numbers gets wrong."""
    is_beyond = key == "maximum" and isinstance(entry, int | float) and entry > LARGEST_EXACT
    return is_beyond or key in REFUSED


def fields_of(model: type[BaseModel]) -> dict[str, Json]:
    """The schema of each field, with what our messages say about it."""
    fields: dict[str, Json] = schema_of(model, is_spoken=True)["properties"]
    return fields
