"""Requests as clients write them, and what the protocol refuses in the one shape of errors: before the SDK looks at
either."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

TAKE_ARGUMENTS = ("tools/call", "prompts/get")


async def read_kindly(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: arguments that are no object are read as the one that they spell, and every protocol error gets data
    that says what it is, as all of ours have."""
    if ctx.method in TAKE_ARGUMENTS and isinstance(ctx.params, Mapping):
        ctx = replace(ctx, params=_with_an_object(ctx.params))
    try:
        return await call_next(ctx)
    except ValidationError as error:
        raise _refused(ctx.method, error) from None
    except MCPError as error:
        if ctx.request_id is None or not isinstance(error.error.data, str):
            raise
        raise _told(error.error.code, error.error.message, ctx.method) from None


def _with_an_object(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """PHP writes an empty object as a list; some clients write the object's JSON text."""
    from imgforge_mcp.base import spelling

    said = params.get("arguments")
    if said is None or isinstance(said, dict):
        return params
    found = {} if said in ([], "") else spelling.decoded(said, dict)
    return {**params, "arguments": found} if isinstance(found, dict) else params


def _refused(method: str, error: ValidationError) -> MCPError:
    places = [".".join(str(part) for part in each["loc"]) for each in error.errors(include_url=False)]
    place = next((place for place in places if place), "params")
    return _told(types.INVALID_PARAMS, f"{method}: {place[:64]} is missing, or is not what the protocol says.", method)


def _told(code: int, message: str, method: str) -> MCPError:
    from imgforge_mcp.base.clock import Clock
    from imgforge_mcp.base.errors import InvalidRequest, NotFound, RequestError

    if code == types.METHOD_NOT_FOUND:
        said: RequestError = NotFound(f"This server has no method {method[:64]}.", method=method[:64])
    elif code == types.INVALID_PARAMS:
        said = InvalidRequest(
            message if message != "Invalid request parameters" else f"{method[:64]} comes after initialize."
        )
    else:
        said = InvalidRequest(message)
    return MCPError(code, said.message, said.body(f"req_{Clock().new_id()}"))
