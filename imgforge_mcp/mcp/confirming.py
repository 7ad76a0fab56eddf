"""A price that the user has to agree to before anything is sent: asked by the client where it can, on both eras of the
protocol; else refused with the price and how to say yes."""

from collections.abc import Sequence
from typing import Any

import anyio
import mcp_types as types
from mcp.shared.exceptions import MCPError

from imgforge_mcp.base.errors import ConfirmationRequired, Declined, ForgeError
from imgforge_mcp.base.types import Caller, ImageRequest, Json
from imgforge_mcp.forge import Forge

ANSWER = "price"
CONFIRM = "confirm"
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {CONFIRM: {"type": "boolean", "title": "Yes, make it at this price"}},
    "required": [CONFIRM],
}
TOLERANCE = 1e-9


async def confirmed(
    forge: Forge,
    caller: Caller,
    context: Any,
    params: types.CallToolRequestParams,
    requests: Sequence[ImageRequest],
    agreed: float | None = None,
    *,
    is_batch: bool = False,
) -> types.InputRequiredResult | None:
    """None when the requests may be sent; else what the client has to ask its user first. `agreed` is a price that was
    agreed to for all of them together.

    Raises:
        Declined: the user said no, or nothing in time.
        ConfirmationRequired: the client cannot ask.
    """
    above = forge.config.confirm_above_usd
    if above is None:
        return None
    quotes = []
    for request in requests:
        try:
            quotes.append(await forge.quote(request, caller))
        except ForgeError:
            if not is_batch:
                raise  # an item of a batch is refused for itself, later
    total = round(sum(price for price, _ in quotes), 6)
    said = max(agreed or 0.0, sum(request.confirm_cost_usd or 0.0 for request in requests))
    if total <= above + TOLERANCE or total <= said + TOLERANCE:
        return None
    names = ", ".join(dict.fromkeys(name for _, name in quotes if name))
    message = (
        f"{names}: the listed price is ${total:.4g}, above the limit of ${above:.4g} (IMGFORGE_CONFIRM_ABOVE_USD)."
    )
    details: Json = {"price_usd": total, "limit_usd": above, "models": names}
    if not _can_ask(context):
        raise ConfirmationRequired(
            f"{message} Nothing was sent; if the user agrees, call again with confirm_cost_usd {total:g}.", **details
        )
    question = types.ElicitRequestFormParams(message=f"{message} Make it?", requested_schema=FORM)
    if context.session.can_send_request:
        answer = await _asked(context, question, forge.config.sync_wait)
    else:
        answer = _answered(params, total)
        if answer is None:
            return types.InputRequiredResult(
                input_requests={ANSWER: types.ElicitRequest(params=question)}, request_state=f"{total:g}"
            )
    if not isinstance(answer, types.ElicitResult) or answer.action != "accept" or not _is_yes(answer):
        raise Declined(f"{message} The user did not agree, so nothing was sent.", **details)
    return None


def _can_ask(context: Any) -> bool:
    capabilities = context.session.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


async def _asked(context: Any, question: types.ElicitRequestFormParams, seconds: float) -> types.ElicitResult | None:
    """The answer of a client that is asked at once; None when there was none in time."""
    with anyio.move_on_after(seconds):
        try:
            answer: types.ElicitResult = await context.session.elicit_form(
                question.message, question.requested_schema, context.request_id
            )
            return answer
        except MCPError:
            return None
    return None


def _answered(params: types.CallToolRequestParams, total: float) -> Any:
    """The answer that came with the call, if it is about this price."""
    responses, asked = params.input_responses or {}, params.request_state
    is_same = asked is not None and asked == f"{total:g}"
    return responses.get(ANSWER) if is_same else None


def _is_yes(answer: types.ElicitResult) -> bool:
    return (answer.content or {}).get(CONFIRM) is True
