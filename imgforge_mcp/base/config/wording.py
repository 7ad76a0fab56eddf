"""What is wrong with a setting, in one sentence: where it stands, what it says, what it must be, what was meant."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from imgforge_mcp.base.config.values import nearest
from imgforge_mcp.base.errors import ConfigError

SHOWN = 60
"""Characters of a value that an error repeats."""
KINDS = {
    "missing": "must be given",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "finite_number": "must be a number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "list_type": "must be a list",
    "tuple_type": "must be a list of tables",
}


def first_complaint(error: ValidationError) -> Mapping[str, Any]:
    """The first thing that pydantic found, a misspelt name before a missing one."""
    found = error.errors(include_url=False)
    return next((each for each in found if each["type"] == "extra_forbidden"), found[0])


def reason(complaint: Mapping[str, Any]) -> str:
    """What the value must be."""
    context = complaint.get("ctx", {})
    match complaint["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error" | "enum":
            allowed = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            close = nearest(str(complaint["input"]), allowed)
            return f"must be one of {', '.join(allowed)}" + (f"; did you mean {close}?" if close else "")
        case "greater_than_equal" | "less_than_equal":
            return f"must be {'at least' if 'ge' in context else 'at most'} {context.get('ge', context.get('le'))}"
        case kind if kind in KINDS:
            return KINDS[kind]
        case _:
            message = str(complaint["msg"])
            return message[0].lower() + message[1:].replace("Input should", "must")


def wrong_value(where: str, setting: str, value: object, must: str, *, is_secret: bool = False) -> ConfigError:
    """`where` says what is wrong, up to the setting's name: a variable, or file, table and setting."""
    said = "" if is_secret else f" is {shown(value)};" if must.startswith("must") else f" ({shown(value)})"
    it = " it" if said.endswith(";") else ""
    details: dict[str, Any] = {} if is_secret else {"value": shown(value)}
    if "did you mean " in must:
        details["nearest"] = must.rpartition("did you mean ")[2].rstrip("?")
    return ConfigError(f"{where}{said}{it} {must}{'' if must.endswith('?') else '.'}", setting=setting, **details)


def unknown(where: str, setting: str, known: Sequence[str]) -> ConfigError:
    """A name that is none, with the nearest right one."""
    close = nearest(setting, known)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(sorted(known))}."
    details: dict[str, Any] = {"nearest": close} if close else {"allowed": sorted(known)}
    return ConfigError(f"{where}: there is no setting {setting[:SHOWN]}; {hint}", setting=setting[:SHOWN], **details)


def place(file: Path | None, location: Sequence[str | int], raw: Any) -> str:
    """File and table of what the location points into: `/etc/x.toml, [providers.together]`."""
    names = []
    for step in location[:-1]:
        raw = value_at(raw, (step,))
        is_named = isinstance(step, int) and isinstance(raw, dict) and isinstance(raw.get("name"), str)
        names.append(str(raw["name"]) if is_named and raw is not None else str(step))
    return f"{file}, [{'.'.join(names)}]" if names else f"{file}"


def value_at(raw: Any, location: Sequence[str | int]) -> Any:
    for step in location:
        if not _has(raw, step):
            return None
        raw = raw[step]
    return raw


def is_hidden(model: type[BaseModel], name: str | int) -> bool:
    """Whether a field's value is never shown; of a field that is none, nothing is known."""
    known = model.model_fields.get(str(name))
    return known is None or not known.repr


def shown(value: object) -> str:
    """A value as the user wrote it, cut; what may hold a password is left out."""
    text = f'"{value}"' if isinstance(value, str) else f"{value}".lower() if isinstance(value, bool) else repr(value)
    if "@" in text and "://" in text:
        return "an address"
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}…"


def _has(raw: Any, step: str | int) -> bool:
    if isinstance(raw, dict):
        return step in raw
    return isinstance(raw, list | tuple) and isinstance(step, int) and step < len(raw)
