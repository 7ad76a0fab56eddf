"""How replies are read: the usual meaning of a status, the message of an error body, lists, base64."""

import base64
import json
from typing import Any

from imgforge_mcp.base.errors import (
    BadReply,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
    Unavailable,
)
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract.exchange import Reply


def failure_by_status(reply: Reply, text: str = "", *, retry_after: float | None = None) -> ForgeError:
    """The usual meaning of an HTTP status; `text` is the provider's own message, `retry_after` seconds it names in the
    body (the header is read by the driver). To a question about accepted work 404 and 410 are not a dead model, and a
    server's trouble says nothing about what became of the work."""
    status, said = reply.status, {"provider_status": reply.status, **quoted(text)}
    match status:
        case 401 | 403:
            return ProviderAuth("The provider rejected the key.", **said)
        case 402:
            return QuotaExceeded("The provider account is out of credit.", retry_after=retry_after, **said)
        case 404 | 410 if reply.operation is None:
            return ModelGone("The provider does not know this model any more.", **said)
        case 429:
            return RateLimited("The provider asked to slow down.", retry_after=retry_after, **said)
        case _ if status >= 500 and reply.operation is not None:
            return BadReply("The provider cannot tell what became of the accepted work; it may be billed.", **said)
        case _ if status >= 500 or status in (408, 425):
            return Unavailable("The provider is in trouble.", retry_after=retry_after, **said)
        case _:
            return Rejected("The provider did not accept the request.", **said)


def error_text(body: Json) -> str:
    """The message of an error body in any of the usual shapes: `error` or `detail` as object, string or list."""
    for key in ("error", "detail", "message", "errors"):
        match body.get(key):
            case str(text) if text:
                return text
            case {"message": str(text)}:
                return text
            case [{"message": str(text)} | {"msg": str(text)}, *_]:
                return text
            case [str(text), *_]:
                return text
    return ""


def quoted(text: str) -> Json:
    """A provider's words as an error detail: bounded, without control or format characters, marked by its name."""
    clean = "".join(character if character.isprintable() else " " for character in text[:2000])
    return {"provider_message": " ".join(clean.split())[:300]} if clean.strip() else {}


def ids_of(body: bytes) -> frozenset[str]:
    """The ids in a JSON list of models: bare, or under `data`, `models` or `result`; by `id` or by `name`.

    Raises:
        BadReply: there are none.
    """
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReply("The provider's list of models is not JSON.") from None
    if isinstance(decoded, dict):
        decoded = next((decoded[key] for key in ("data", "models", "result") if key in decoded), [])
    names = [item if isinstance(item, str) else item.get("name") or item.get("id") for item in _entries(decoded)]
    found = frozenset(name.removeprefix("models/") for name in names if isinstance(name, str) and name)
    if not found:
        raise BadReply("The provider's list of models is empty.")
    return found


def _entries(value: object) -> list[Any]:
    return [item for item in value if isinstance(item, str | dict)] if isinstance(value, list) else []


def decode_base64(text: object) -> bytes:
    """Bytes of a base64 string from a reply.

    Raises:
        BadReply: it is none.
    """
    if not isinstance(text, str) or not text:
        raise BadReply("The provider's answer holds no image.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # it may be broken into lines
        pass
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise BadReply("The provider's image is not valid base64.") from None


def listed(value: object) -> list[Json]:
    """The objects of a JSON list; anything else counts as an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
