"""What a call really cost, in US dollars, where its answer says so: by an amount, or by tokens that the catalogue
prices."""

from collections.abc import Mapping
from typing import Any

from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.reading.wire import amount, listed

TICKS = 10_000_000_000
"""xAI's unit: so many make a dollar (docs.x.ai, cost tracking)."""


def cost_of(body: Any, tokens: Any) -> float | None:
    """The cost that an answer tells: `usage.cost` in dollars (OpenRouter), `usage.cost_in_usd_ticks` (xAI), or its
    tokens; `tokens` are the catalogue's prices per million of them: `text` and `image` in, `out` drawn, `words` told.
    None where the answer does not tell, or the prices are not known."""
    if not isinstance(body, dict):
        return None
    usage = body.get("usage")
    if isinstance(usage, dict):
        ticks, cost = usage.get("cost_in_usd_ticks"), _in_dollars(usage)
        if isinstance(ticks, int) and not isinstance(ticks, bool) and 0 <= ticks < 10**18:
            return round(ticks / TICKS, 6)
        return round(cost, 6) if cost is not None else _by_openai(usage, tokens)
    counted = body.get("usageMetadata")
    return _by_google(counted, tokens) if isinstance(counted, dict) else None


def cost_in_header(headers: Mapping[str, str]) -> float | None:
    """What a LiteLLM proxy says that a call cost, in US dollars; None where it does not, or knows no price."""
    try:
        cost = amount(float(headers.get("x-litellm-response-cost", "")))
    except ValueError:
        return None
    return round(cost, 6) if cost else None


def _in_dollars(usage: Json) -> float | None:
    """What a gateway charged; with a key of the user's own at the maker (`is_byok`) that is only its fee, and the
    maker's price is told beside it."""
    cost, details = amount(usage.get("cost")), usage.get("cost_details")
    if cost is None or usage.get("is_byok") is not True or not isinstance(details, dict):
        return cost
    return cost + (amount(details.get("upstream_inference_cost")) or 0.0)


def _by_openai(usage: Json, tokens: Any) -> float | None:
    match usage, tokens:
        case {"input_tokens": into, "output_tokens": made, **rest}, {"text": text, "image": image, "out": out}:
            details = rest.get("input_tokens_details")
            seen = amount(details.get("image_tokens")) if isinstance(details, dict) else None
            counted, drawn = amount(into), amount(made)
            if counted is not None and drawn is not None:
                seen = min(seen or 0.0, counted)
                return float(round(((counted - seen) * text + seen * image + drawn * out) / 1e6, 6))
    return None


def _by_google(counted: Json, tokens: Any) -> float | None:
    """Tokens of the answer that are not said to be of a picture, and those of thinking, are words; without a word
    about it all of the answer is taken for the picture."""
    into, made = amount(counted.get("promptTokenCount")), amount(counted.get("candidatesTokenCount"))
    match tokens:
        case {"text": text, "out": out, "words": words} if into is not None and made is not None:
            details = listed(counted.get("candidatesTokensDetails"))
            drawn = sum(amount(each.get("tokenCount")) or 0.0 for each in details if each.get("modality") == "IMAGE")
            drawn = min(drawn, made) if details else made
            told = made - drawn + (amount(counted.get("thoughtsTokenCount")) or 0.0)
            return float(round((into * text + drawn * out + told * words) / 1e6, 6))
    return None
