"""What a refusal looks like over HTTP: the one shape of every error, with the headers that go with its status."""

import json
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from starlette.responses import Response

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Json

ErrorShape = Callable[[ForgeError, str], tuple[int, Json]]
"""How a service says what went wrong, to a request of that id: status and body."""
CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    421: "misdirected",
    429: "rate_limited",
    431: "too_large",
    503: "unavailable",
}
"""Codes of answers that are no ForgeError's."""
SENTENCES = {
    404: "There is nothing at this address; /docs shows what there is.",
    405: "This address does not take that method.",
    413: "The request is too large.",
    415: "The body must be JSON (application/json).",
}


class Refused(ForgeError):
    """A refusal with a status of HTTP's own; without a message in the words that go with it."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(message or SENTENCES.get(status, "The request was refused."))
        self.status = status  # type: ignore[misc]
        self.code = CODES.get(status, "internal" if status >= 500 else "invalid_request")  # type: ignore[misc]


def default_error(error: ForgeError, request_id: str) -> tuple[int, Json]:
    """The public shape of an error (SPEC section 4)."""
    return error.status, error.body(request_id)


def refusal(
    status: int,
    message: str | None,
    request_id: str,
    *,
    shape: ErrorShape = default_error,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer that says no, as the service it was asked of says it."""
    code, shown = shape(Refused(status, message), request_id)
    return answer(shown, code, headers)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as it is, UTF-8."""
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(data, status_code=status, media_type="application/json", headers=dict(headers or {}))


def headers_of(error: ForgeError) -> dict[str, str]:
    """Retry-After, where the error says when to come again (RFC 9110 section 10.2.3: whole seconds)."""
    return {} if error.retry_after is None else {"Retry-After": str(max(1, ceil(error.retry_after)))}


def challenge(error: ForgeError, base_url: str, *, is_named: bool = True) -> dict[str, str]:
    """WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1) of a refusal for want of a caller or of a scope, with
    where to learn how to get in; `is_named`: whether a credential came."""
    if error.status == 401:
        reason = ', error="invalid_token"' if is_named else ""
    elif (scope := error.details.get("scope")) is not None and error.status == 403:
        reason = f', error="insufficient_scope", scope="{scope}"'
    else:
        return {}
    metadata = f"{base_url}/.well-known/oauth-protected-resource"
    return {"WWW-Authenticate": f'Bearer realm="imgforge"{reason}, resource_metadata="{metadata}"'}
