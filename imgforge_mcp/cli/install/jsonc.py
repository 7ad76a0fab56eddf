"""JSON with comments as people keep it: one member is set or removed, every other character stays as it is."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

BLANK = re.compile(r"(?:[\s\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
SCALAR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
DEEPEST = 100
TEXTS = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value and where it stands: `end` is just behind it; `items` of an object or array in their order."""

    start: int
    end: int
    value: Any
    items: "list[Item]" = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A member of an object (with its name) or of an array; `start` is where its name or value begins, `comma` just
    behind the comma that follows, if one does."""

    name: str | None
    start: int
    node: Node
    comma: int | None


def parsed(text: str) -> Node:
    """Raises ValueError: it is no JSON, with comments and trailing commas allowed."""
    node, end = _value(text, _skip(text, 0), 0)
    if _skip(text, end) != len(text):
        raise ValueError(f"something follows its end, in line {text.count(chr(10), 0, end) + 1}")
    return node


def with_member(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with a value at a path of names, and with the objects on the way there; null counts as nothing.

    Raises:
        ValueError: it is no JSON, or something on the way is no object.
    """
    if not text.strip("\ufeff \t\r\n"):
        text = "{}\n"
    node, step = _reached(parsed(text), path)
    rest = path[step:]
    if not rest:
        return text[: node.start] + _dumped(text, node.start, value) + text[node.end :]
    for name in reversed(rest[1:]):
        value = {name: value}
    if node.value is None:
        return text[: node.start] + _dumped(text, node.start, {rest[0]: value}) + text[node.end :]
    return _inserted(text, node, rest[0], value)


def with_element(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with one more element in the array at a path, which is made if need be. Raises ValueError."""
    node, step = _reached(parsed(text), path)
    if step < len(path) or node.value is None:
        return with_member(text, path, [value])
    if not isinstance(node.value, list):
        raise ValueError(f"{path[-1]} is no list")
    return _inserted(text, node, None, value)


def without(text: str, path: tuple[str, ...], position: int | None = None) -> str:
    """The text without the member at a path; with `position`, without that element of the array there."""
    node, step = _reached(parsed(text), path if position is not None else path[:-1])
    if step < len(path) - (position is None):
        return text
    at = position if position is not None else _position(node, path[-1])
    return text if at is None else _cut(text, node, at)


def _reached(node: Node, path: tuple[str, ...]) -> tuple[Node, int]:
    """The deepest value on a path that is there, and how many steps lead to it. Raises ValueError."""
    for step, name in enumerate(path):
        if node.value is None:
            return node, step
        if not isinstance(node.value, dict):
            raise ValueError(f"{path[step - 1] if step else 'the whole file'} is no object")
        at = _position(node, name)
        if at is None:
            return node, step
        node = node.items[at].node
    return node, len(path)


def _position(node: Node, name: str) -> int | None:
    """Of a name that stands twice the last one counts, as every parser has it."""
    return max((at for at, item in enumerate(node.items) if item.name == name), default=None)


def _inserted(text: str, node: Node, name: str | None, value: Any) -> str:
    """As the last item, on a line of its own."""
    close, newline = node.end - 1, _newline(text)
    inner = _line_indent(text, node.items[-1].start) if node.items else None
    outer = _line_indent(text, node.start)
    if inner is None or len(inner) <= len(outer):
        inner = outer + _indent(text)
    label = "" if name is None else f"{json.dumps(name, ensure_ascii=False)}: "
    added = newline + inner + label + _lines(value, inner, _indent(text), newline) + newline + outer
    if not node.items:
        return text[:close].rstrip() + added + text[close:]
    last = node.items[-1]
    behind = last.comma or last.node.end
    comma = "" if last.comma else ","
    return text[:behind] + comma + text[behind:close].rstrip() + added + text[close:]


def _cut(text: str, node: Node, at: int) -> str:
    item = node.items[at]
    start, end = item.start, item.comma or item.node.end
    before = text[:start].rstrip(" \t")
    if before.endswith("\n"):
        start = len(before) - (2 if before.endswith("\r\n") else 1)
        if not node.items[:at] and not node.items[at + 1 :] and not BLANK.sub("", text[node.start + 1 : start]):
            end = node.end - 1 if not text[end : node.end - 1].strip() else end
    if item.comma is None and at > 0 and (comma := node.items[at - 1].comma) is not None and comma <= start:
        return text[: comma - 1] + text[comma:start] + text[end:]
    return text[:start] + text[end:]


def _dumped(text: str, start: int, value: Any) -> str:
    return _lines(value, _line_indent(text, start), _indent(text), _newline(text))


def _lines(value: Any, margin: str, indent: str, newline: str) -> str:
    lines = json.dumps(value, ensure_ascii=False, indent=indent).split("\n")
    return (newline + margin).join(lines)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent(text: str) -> str:
    """What the file itself uses for one step."""
    first = re.search(r"\n([ \t]+)[\"}\]]", text)
    return first[1] if first else "  "


def _line_indent(text: str, position: int) -> str:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


# Reading -----------------------------------------------------------------------------------------------------------


def _skip(text: str, position: int) -> int:
    match = BLANK.match(text, position)
    return match.end() if match else position


def _value(text: str, position: int, depth: int) -> tuple[Node, int]:
    if depth > DEEPEST:
        raise ValueError("it is nested too deeply")
    opening = text[position : position + 1]
    if opening in ("{", "["):
        node = _container(text, position, depth)
        return node, node.end
    if opening == '"':
        value, end = TEXTS.raw_decode(text, position)
        return Node(start=position, end=end, value=value), end
    match = SCALAR.match(text, position)
    if match is None:
        raise ValueError(f"a value is missing in line {text.count(chr(10), 0, position) + 1}")
    return Node(start=position, end=match.end(), value=json.loads(match[0])), match.end()


def _container(text: str, start: int, depth: int) -> Node:
    is_object = text[start] == "{"
    closing = "}" if is_object else "]"
    items: list[Item] = []
    position = _skip(text, start + 1)
    while text[position : position + 1] != closing:
        if items and items[-1].comma is None:
            raise ValueError(f"a comma is missing in line {text.count(chr(10), 0, position) + 1}")
        item = _item(text, position, depth, is_object=is_object)
        items.append(item)
        position = _skip(text, item.comma or item.node.end)
    value: Any = {item.name: item.node.value for item in items} if is_object else [item.node.value for item in items]
    return Node(start=start, end=position + 1, value=value, items=items)


def _item(text: str, start: int, depth: int, *, is_object: bool) -> Item:
    name, position = None, start
    if is_object:
        if text[start : start + 1] != '"':
            raise ValueError(f"a name is missing in line {text.count(chr(10), 0, start) + 1}")
        name, position = TEXTS.raw_decode(text, start)
        position = _skip(text, position)
        if text[position : position + 1] != ":":
            raise ValueError(f"a colon is missing in line {text.count(chr(10), 0, position) + 1}")
        position = _skip(text, position + 1)
    node, end = _value(text, position, depth + 1)
    behind = _skip(text, end)
    comma = behind + 1 if text[behind : behind + 1] == "," else None
    return Item(name=name, start=start, node=node, comma=comma)
