"""Why a call brought nothing: the provider's code, type, status and sentence, from whatever it answered."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.reading.delays import in_field, in_words
from imgforge_mcp.providers.reading.wire import ERROR_BYTES, decoded_or_none, plain

if TYPE_CHECKING:
    from imgforge_mcp.providers.contract.exchange import Reply

HOLDERS = (
    *("error", "errors", "detail", "details", "innererror", "nodeerrors", "cause", "fault", "failure", "failed"),
    *("exception", "exceptions", "metadata", "responsemetadata", "body", "response", "errorresponse", "promptfeedback"),
    *("baseresp", "header", "data", "result", "output", "status", "err", "messages", "errorchain", "validationerrors"),
    *("invalidparams", "violations", "errormessages", "embedded", "task", "jobs"),
)
"""Where an error is described, or a second one inside it. Every name is read without its case and what parts its
words."""
SENTENCES = (
    *("message", "msg", "detail", "errormessage", "errormsg", "errordescription", "description", "reason"),
    *("blockreasonmessage", "finishmessage", "details", "statusmsg", "statusmessage", "title", "raw", "faultstring"),
    *("err", "errmsg", "failurereason", "exception", "fault", "developermessage", "usermessage", "statustext", "info"),
    *("text", "problem", "feedback"),
)
CODES = (
    *("code", "type", "status", "errorcode", "errortype", "name", "reason", "reasons", "finishreason", "finishreasons"),
    *("blockreason", "error", "statuscode", "title", "kind"),
)
PLACES = tuple(dict.fromkeys((*HOLDERS, *SENTENCES)))
"""Where more may be told than stands in a field itself."""
BY_FIELD = ("errors", "validationerrors", "data")
"""Where the sentences may stand below the names of the fields that they are about."""
DEEPEST = 6
MOST_ERRORS = 12
LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a provider said of a failure. `codes` are its codes, types and statuses, outermost first; `retry_after` the
    seconds it asks for, in a field or in words."""

    status: int
    sentence: str = ""
    codes: tuple[str, ...] = ()
    retry_after: float | None = None
    is_told: bool = False
    """Whether it came in a shape of errors: JSON, or a plain sentence."""
    is_page: bool = False
    """Whether it is a page for people: somebody else lives at that address."""

    def has(self, *codes: str) -> bool:
        """Whether one of the codes is among its own, in any letter case."""
        return bool({code.casefold() for code in codes} & {code.casefold() for code in self.codes})


def cause_of(reply: "Reply") -> Cause:
    """The cause that an answer tells, whichever its status; an answer that tells none has an empty sentence."""
    body = decoded_or_none(reply.body[:ERROR_BYTES]) if reply.status >= 400 else decoded_or_none(reply.body)
    if body is None:
        return _in_page(reply)
    sentence = _sentence(body) or (body if isinstance(body, str) else "")
    return Cause(
        status=reply.status,
        sentence=sentence[:LONGEST],
        codes=tuple(dict.fromkeys(_codes(body, 0))),
        retry_after=_delay(body, sentence, reply),
        is_told=True,
    )


def _in_page(reply: "Reply") -> Cause:
    """The cause in plain text, or in a page: its title, or its message."""
    text = reply.body[:ERROR_BYTES].decode("utf-8", "replace").strip()
    is_page = text[:1] == "<"
    if is_page:
        found = re.search(r"(?is)<(?:title|message|h1)[^>]*>\s*(.*?)\s*</", text)
        told = re.search(r"(?is)<(?:p|pre)(?:\s[^>]*)?>\s*([^<]*\s[^<]*?)\s*<", text)
        parts = [part[1] for part in (found, told) if part is not None] or [text]
        text = html.unescape(re.sub(r"<[^>]*>", " ", ": ".join(parts)))
    elif "\x00" in text or text.count("\ufffd") > 3:
        text = ""
    sentence = " ".join(text.split())[:LONGEST]
    return Cause(
        status=reply.status,
        sentence=sentence,
        retry_after=_header_delay(reply) or in_words(sentence),
        is_told=bool(sentence) and not is_page,
        is_page=is_page,
    )


# Sentences ------------------------------------------------------------------------------------------------------------


def _sentence(body: Any) -> str:
    """The sentences of an error, from the outside in, each once."""
    parts: list[str] = []
    for text in _sentences(body, 0):
        clean = " ".join(text.split())
        if clean and not any(clean in part for part in parts):
            parts = [*(part for part in parts if part not in clean), clean]
        if len(parts) >= MOST_ERRORS:
            break
    words = [part for part in parts if " " in part]
    kind = plain(body).get("error") if isinstance(body, dict) else None
    if words and isinstance(kind, str) and kind in parts and " " not in kind:
        return ": ".join([kind, *words])
    return ": ".join(words or parts[:1])


def _sentences(value: Any, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    match value:
        case str():
            inner = decoded_or_none(value.encode()) if value.lstrip()[:1] in ("{", "[") else None
            told = list(_sentences(inner, depth + 1)) if isinstance(inner, dict | list) else []
            yield from told or [value]
        case list():
            for item in value[:MOST_ERRORS]:
                yield from _sentences(item, depth + 1)
        case dict():
            yield from _told(plain(value), depth)


def _told(item: Json, depth: int) -> Iterator[str]:
    """What one object says: by its own words, then by the errors inside it."""
    if isinstance(item.get("error"), str):
        yield from _sentences(item["error"], depth + 1)
    own = [item[name] for name in SENTENCES if isinstance(item.get(name), str) and item[name].strip()]
    for text in own[:2] if any(" " in text for text in own[:2]) else own:
        yield from _sentences(text, depth + 1)
    if own and "code" in item and isinstance(item.get("data"), str):  # JSON-RPC's
        yield item["data"]
    if not own and item.keys().isdisjoint(PLACES):
        yield from _by_field(item)
    for name in PLACES:
        inner = item.get(name)
        if name == "nodeerrors" and isinstance(inner, dict):
            yield from _nodes(inner)
        elif isinstance(inner, list | dict):
            yield from _sentences(inner, depth + 1)
        elif name == "errors" and isinstance(inner, str):
            yield inner
        if name in BY_FIELD and isinstance(inner, dict) and (name != "data" or item.get("status") == "fail"):
            yield from _of_fields(plain(inner))


def _by_field(item: Json) -> Iterator[str]:
    """What is wrong with each field, as Django and Rails tell it: a list of sentences below the field's name."""
    for name, told in list(item.items())[:MOST_ERRORS]:
        if isinstance(told, list) and told and all(isinstance(text, str) for text in told):
            yield f"{name}: {' '.join(told[:MOST_ERRORS])}"


def _of_fields(fields: Json) -> Iterator[str]:
    """What is wrong with each, where errors are told by the fields' names: a sentence, or an object with one."""
    if not fields.keys().isdisjoint(PLACES):
        return
    for name, told in list(fields.items())[:MOST_ERRORS]:
        text = next(_sentences(told, DEEPEST - 1), "") if isinstance(told, dict) else told
        if isinstance(text, str) and text:
            yield f"{name}: {text}"


def _nodes(nodes: Json) -> Iterator[str]:
    """ComfyUI's errors by node: which kind of node, and what is wrong with it."""
    for node in list(nodes.values())[:MOST_ERRORS]:
        if not isinstance(node, dict):
            continue
        for error in node.get("errors", []) if isinstance(node.get("errors"), list) else []:
            if isinstance(error, dict):
                told = [node.get("class_type"), error.get("message"), error.get("details")]
                yield ": ".join(text for text in told if isinstance(text, str) and text)


# Codes ----------------------------------------------------------------------------------------------------------------


def _codes(value: Any, depth: int) -> Iterator[str]:
    """Every code, type, status and name in an error, and the words it gives as reasons."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value[:MOST_ERRORS]:
            yield from _codes(item, depth + 1)
        return
    if not isinstance(value, dict):
        return
    value = plain(value)
    for name in CODES:
        for code in value[name] if isinstance(value.get(name), list) else [value.get(name)]:
            if isinstance(code, bool):
                continue
            if isinstance(code, int) or (isinstance(code, str) and 0 < len(code) <= 100 and code.count(" ") < 4):
                yield str(code)
    for name in HOLDERS:
        if isinstance(value.get(name), list | dict):
            inner = value[name]
            nodes = inner.values() if name == "nodeerrors" and isinstance(inner, dict) else [inner]
            for each in list(nodes)[:MOST_ERRORS]:
                yield from _codes(each, depth + 1)


# Delays ---------------------------------------------------------------------------------------------------------------


def _delay(body: Any, sentence: str, reply: "Reply") -> float | None:
    told = next(_delays(body, 0), None)
    if told is None:
        told = _header_delay(reply)
    return told if told is not None else in_words(sentence)


def _delays(value: Any, depth: int) -> Iterator[float]:
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value[:MOST_ERRORS]:
            yield from _delays(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            seconds = in_field(name, item)
            if seconds is not None:
                yield seconds
        named = plain(value)
        for name in HOLDERS:
            yield from _delays(named.get(name), depth + 1)


def _header_delay(reply: "Reply") -> float | None:
    """What stands in a header beside Retry-After, which the driver reads."""
    return in_field("retry_after_ms", reply.headers.get("retry-after-ms"))
