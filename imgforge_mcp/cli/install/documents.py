"""A client's file as text: our entry read, set and removed in JSON, TOML and YAML; all else is left as it stands."""

import difflib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Json
from imgforge_mcp.cli.install import jsonc
from imgforge_mcp.cli.install.clients import NAME, Client

MARK = "\ufeff"
HIDDEN = "********"
LOOKS_SECRET = re.compile(r"(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+=-]{20,}")
PLAIN = frozenset({"command", "cmd", "type", "name", "description", "id", "$schema"})
"""Fields whose texts a diff may show."""
SHORTEST = 6


class Unreadable(ForgeError):
    """A client's file is not what it should be; it was left untouched."""


def entry_in(client: Client, text: str) -> Json | None:
    """Our entry, if there is one. Raises Unreadable."""
    servers = value_of(client, text).get(client.servers)
    entry = servers.get(NAME) if isinstance(servers, dict) else None
    return dict(entry) if isinstance(entry, dict) else None


def with_entry(client: Client, text: str, entry: Json, inputs: Iterable[Json] = ()) -> str:
    """The text with our entry, and with the questions for secrets that a client asks itself. Raises Unreadable."""
    before = value_of(client, text)
    if not isinstance(before.get(client.servers, {}), dict | None):
        raise Unreadable(f"{client.servers} is no table there.")
    try:
        match client.format:
            case "json":
                text = jsonc.with_member(text, (client.servers, NAME), entry)
                known = {question.get("id") for question in _questions(client, before)}
                for question in inputs:
                    if client.inputs is not None and question["id"] not in known:
                        text = jsonc.with_element(text, (client.inputs,), question)
                return text
            case "toml":
                return _in_its_manner(text, lambda bare: _with_toml(client, bare, entry))
            case "yaml":
                return _in_its_manner(text, lambda bare: _with_yaml(client, bare, entry))
    except ValueError as error:
        raise Unreadable(str(error)) from None


def without_entry(client: Client, text: str) -> str:
    """The text without our entry and our questions. Raises Unreadable."""
    if entry_in(client, text) is None:
        return text
    match client.format:
        case "json":
            text = jsonc.without(text, (client.servers, NAME))
            questions = _questions(client, value_of(client, text))
            for position in reversed(range(len(questions))):
                if client.inputs is not None and str(questions[position].get("id", "")).startswith(f"{NAME}-"):
                    text = jsonc.without(text, (client.inputs,), position)
            return text
        case "toml":
            return _in_its_manner(text, lambda bare: _without_toml(client, bare))
        case "yaml":
            return _in_its_manner(text, lambda bare: _without_yaml(client, bare))


def questions_in(client: Client, text: str) -> list[Json]:
    """Our questions for secrets, where the client has such. Raises Unreadable."""
    asked = _questions(client, value_of(client, text))
    return [question for question in asked if str(question.get("id", "")).startswith(f"{NAME}-")]


def _in_its_manner(text: str, act: Callable[[str], str]) -> str:
    """With the byte order mark and the line ends that the file has: the libraries keep neither."""
    bare = text.removeprefix(MARK)
    changed = act(bare.replace("\r\n", "\n"))
    return text[: len(text) - len(bare)] + (changed.replace("\n", "\r\n") if "\r\n" in bare else changed)


def value_of(client: Client, text: str) -> Json:
    """The whole file as data; {} when it is empty. Raises Unreadable."""
    if not text.strip("\ufeff \t\r\n"):
        return {}
    try:
        match client.format:
            case "json":
                value = jsonc.parsed(text).value
            case "toml":
                import tomlkit

                value = tomlkit.parse(text.removeprefix(MARK)).unwrap()
            case "yaml":
                value = _yaml().load(text.removeprefix(MARK))
    except (ValueError, RecursionError) as error:  # tomlkit's errors are ValueErrors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable(f"it is no {client.format.upper()}: {reason.rstrip('.')}.") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable("it holds no table.")
    return value


def diff(client: Client, before: str, after: str, secrets: Iterable[str]) -> list[str]:
    """What changes, line by line, without a secret of anybody's: neither those that we write nor others' that stand
    there already."""
    found = {*secrets, *_texts(value_of(client, before))}
    masks = sorted((text for text in found if len(text) >= SHORTEST), key=len, reverse=True)

    def shown(text: str) -> list[str]:
        for mask in masks:
            for spelling in {mask, json.dumps(mask)[1:-1], json.dumps(mask, ensure_ascii=False)[1:-1]}:
                text = text.replace(spelling, HIDDEN)
        return LOOKS_SECRET.sub(HIDDEN, text).splitlines()

    return list(difflib.unified_diff(shown(before), shown(after), "before", "after", n=1, lineterm=""))


def _texts(value: Any, name: str = "") -> Iterator[str]:
    """Every text of a document that might be a secret."""
    match value:
        case dict():
            for key, item in value.items():
                if key != NAME:
                    yield from _texts(item, str(key))
        case list():
            for item in value:
                yield from _texts(item, name)
        case str() if name not in PLAIN:
            yield value


def _questions(client: Client, value: Json) -> list[Json]:
    questions = value.get(client.inputs or "")
    if questions is None:
        return []
    if not isinstance(questions, list):
        raise Unreadable(f"{client.inputs} is no list there.")
    return [question if isinstance(question, dict) else {} for question in questions]


# TOML --------------------------------------------------------------------------------------------------------------


def _with_toml(client: Client, text: str, entry: Json) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    if client.servers not in document:
        document[client.servers] = tomlkit.table(is_super_table=True)
    servers: Any = document[client.servers]
    table = tomlkit.table()
    for name, value in entry.items():
        table[name] = value
    servers[NAME] = table
    return tomlkit.dumps(document)


def _without_toml(client: Client, text: str) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    servers: Any = document[client.servers]
    del servers[NAME]
    if not servers:
        del document[client.servers]
    return tomlkit.dumps(document)


# YAML --------------------------------------------------------------------------------------------------------------


def _yaml() -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096

    class Guarded:
        def load(self, text: str) -> Any:
            try:
                return yaml.load(text)
            except YAMLError as error:
                raise ValueError(str(error)) from None

        def dumps(self, value: Any) -> str:
            stream = io.StringIO()
            yaml.dump(value, stream)
            return stream.getvalue()

    return Guarded()


def _with_yaml(client: Client, text: str, entry: Json) -> str:
    yaml = _yaml()
    document = yaml.load(text) or {}
    if document.get(client.servers) is None:
        document[client.servers] = {}
    document[client.servers][NAME] = entry
    return str(yaml.dumps(document))


def _without_yaml(client: Client, text: str) -> str:
    yaml = _yaml()
    document = yaml.load(text)
    del document[client.servers][NAME]
    return str(yaml.dumps(document))
