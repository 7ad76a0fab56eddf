"""What the front reads of a message. Plain is what has no more than the everyday fields, each in the shape that the
protocol gives it: only that may be answered from what was rendered, for the SDK takes it without a word."""

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Shape: TypeAlias = "Callable[[Any], bool] | dict[str, Shape]"

LARGEST = 64 * 1024
VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT = "io.modelcontextprotocol/clientInfo"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
ENVELOPE = {VERSION, CLIENT, CAPABILITIES}
ID = re.compile(r"[\w.:/-]{1,128}", re.ASCII)
DEPTH = 8


class Message:
    """A request or a notification. `introduction`: protocol version, the client's name and version, and its
    extensions, where the message is plain and tells them."""

    def __init__(self, body: "dict[str, Any]") -> None:
        self.body = body
        self.method: str = body["method"]
        self.is_request = "id" in body
        self.id: Any = body.get("id")
        params = body.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        self.is_modern = isinstance(meta, dict) and VERSION in meta
        self.introduction: tuple[str, str, str, dict[str, Any]] | None = None
        self.is_plain = self.is_request and body.keys() <= {"jsonrpc", "id", "method", "params"} and _is_id(self.id)
        if self.is_plain:
            self.is_plain = self._is_plain({} if "params" not in body else params)

    def _is_plain(self, params: "Any") -> bool:
        if not isinstance(params, dict):
            return False
        if self.method == "initialize":
            self.introduction = _introduction(params, "protocolVersion", "clientInfo", "capabilities")
            return self.introduction is not None and len(params) == 3
        meta = params.get("_meta", {})
        if not params.keys() <= {"_meta"} or not isinstance(meta, dict):
            return False
        if self.is_modern:
            self.introduction = _introduction(meta, VERSION, CLIENT, CAPABILITIES)
            return self.introduction is not None and _has_token(meta, ENVELOPE)
        return _has_token(meta, set())


def read(line: bytes) -> Message | None:
    """The message of a line; None where the front cannot tell that it is one."""
    if len(line) > LARGEST or b"\\ud" in line.lower():  # halves of characters, which only some readers take
        return None
    try:
        body = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0" or not isinstance(body.get("method"), str):
        return None
    return Message(body)


def _is_id(value: "Any") -> bool:
    """An id that is the same text in everybody's JSON."""
    if isinstance(value, str):
        return ID.fullmatch(value) is not None
    return type(value) is int and 0 <= value < 2**53


def _has_token(meta: "dict[str, Any]", others: set[str]) -> bool:
    """Whether there is nothing but those, and perhaps a progress token, which nobody uses for such a question."""
    return meta.keys() - others <= {"progressToken"} and _is_id(meta.get("progressToken", 0))


def _introduction(
    said: "dict[str, Any]", version: str, client: str, capabilities: str
) -> "tuple[str, str, str, dict[str, Any]] | None":
    info, able = said.get(client), said.get(capabilities)
    is_plain = isinstance(said.get(version), str) and _fits(info, _CLIENT) and _fits(able, _CAPABILITIES)
    if not is_plain or info is None or able is None or not {"name", "version"} <= info.keys():
        return None
    return said[version], info["name"], info["version"], able.get("extensions", {})


def _is_text(value: "Any") -> bool:
    return isinstance(value, str)


def _is_truth(value: "Any") -> bool:
    return isinstance(value, bool)


def _are_tables(value: "Any") -> bool:
    return isinstance(value, dict) and all(isinstance(each, dict) and _is_data(each, DEPTH) for each in value.values())


def _is_data(value: "Any", depth: int) -> bool:
    """JSON without fractions, whose spelling is a reader's own affair, and not deep."""
    if isinstance(value, dict):
        return depth > 0 and all(_is_data(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_data(each, depth - 1) for each in value)
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < 2**53)


def _fits(value: "Any", shape: "Shape") -> bool:
    """Whether a value is an object with no other fields than these, each as its shape says."""
    if callable(shape):
        return shape(value)
    return isinstance(value, dict) and all(name in shape and _fits(each, shape[name]) for name, each in value.items())


_CLIENT: "Shape" = {"name": _is_text, "version": _is_text, "title": _is_text, "description": _is_text}
_CAPABILITIES: "Shape" = {
    "roots": {"listChanged": _is_truth},
    "sampling": {"context": {}, "tools": {}},
    "elicitation": {"form": {}, "url": {}},
    "experimental": _are_tables,
    "extensions": _are_tables,
    "tasks": {
        "list": {},
        "cancel": {},
        "requests": {"elicitation": {"create": {}}, "sampling": {"createMessage": {}}},
    },
}
