"""How long a provider asks to be left alone, where it says so in words or in a field of its own. Seconds."""

import re
from collections.abc import Mapping
from typing import Any

LONGEST = 24 * 3600.0
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = r"(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
_SPAN = (
    r"\d{1,7}(?:\.\d{1,9})?\s*(?:more\s+)?"
    r"(?:milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)"
)
IN_WORDS = re.compile(
    r"(?:retry|try(?:ing)?\s+again|try|wait(?:ing)?|resets?|reset|available|back\s*off|come\s+back|slow\s+down|cool\s*down"
    r"|ready|again|refill\w*|another|allowed|next)"
    rf"[^.\d]{{0,40}}?(?:\d+\s*(?:-|to)\s*)?((?:{_SPAN}[\s,]*(?:and\s+)?)+)(?![a-z])",
    re.IGNORECASE,
)
BEFORE = re.compile(
    rf"\b((?:{_SPAN}[\s,]*(?:and\s+)?)+)(?:remaining|left|to\s+go|until|before|you\s+(?:can|may))", re.IGNORECASE
)
BARE = re.compile(
    r"retry[-_ ]?after(?:[\"']?\s*[:=]\s*[\"']?(\d{1,7}(?:\.\d{1,9})?)(?![\w.])|\s+(\d{1,7})\s*(?:[,;!)]|\.?$))",
    re.IGNORECASE,
)
BY_CLOCK = re.compile(
    r"(?:retry|try\s+again|wait|resets?|available)[^.\d]{0,40}?(\d{1,2}):([0-5]\d):([0-5]\d)(?![\d:])", re.IGNORECASE
)
ABROAD = re.compile(
    r"(\d{1,6})\s*(?:(秒|초|s(?:ekunden?|econdes?|egund[oa]s?)\b|секунд\w*)|(分钟?|分|분|minut[eo]?[ns]?\b|минут\w*))\s*"
    r"(?:钟)?(?:[后後]|뒤|erneut|[^.]{0,20}?重试)|(?:in|dans|en|em|через)\s+(\d{1,6})\s+(?:(Sekunden?|secondes?|segundos|секунд\w*)"
    r"|(Minuten|minutes|minutos|минут\w*))",
    re.IGNORECASE,
)
"""Seconds, or minutes, in Chinese, Japanese, Korean, German, French, Spanish, Portuguese, Russian."""
FIELDS: Mapping[str, float] = {
    **dict.fromkeys(("retry_after", "retryafter", "retry_after_seconds", "retryafterseconds", "retry_in"), 1.0),
    **dict.fromkeys(("retrydelay", "retry_delay", "estimated_time", "wait_seconds", "retry_after_secs"), 1.0),
    **dict.fromkeys(("reset_in", "resets_in", "reset_after", "wait_time", "seconds_to_wait", "reset_seconds"), 1.0),
    **dict.fromkeys(("retry_after_ms", "retryafterms", "retry_in_ms"), 0.001),
}
"""Fields that hold a delay, in lower case, and the seconds of their unit."""


def in_words(text: str) -> float | None:
    """Seconds from "retry in 36.7s", "try again in 2 minutes", "please wait 1m30s"; None where no delay is told."""
    text = re.sub(r"(?i)\b(?:a|an|one)(?= (?:second|minute|hour|day)\b)", "1", text[:4000])
    found = IN_WORDS.search(text)
    found = found or BEFORE.search(text)
    if found is not None:
        return span(found[1])
    if (bare := BARE.search(text)) is not None:
        return _bounded(float(bare[1] or bare[2]))
    if (clock := BY_CLOCK.search(text)) is not None:
        return _bounded(int(clock[1]) * 3600.0 + int(clock[2]) * 60 + int(clock[3]))
    if (abroad := ABROAD.search(text)) is not None:
        return _bounded(float(abroad[1] or abroad[4]) * (60.0 if abroad[3] or abroad[6] else 1.0))
    return None


def span(text: str) -> float | None:
    """Seconds from "37s", "1m30s", "1h 2m" or "2 minutes and 5 seconds"; None for anything else."""
    parts = re.findall(rf"(\d{{1,7}}(?:\.\d{{1,9}})?)\s*(?:more\s+)?{_UNIT}", text, re.IGNORECASE)
    if not parts:
        return None
    return _bounded(sum(float(number) * UNITS[_short(unit.lower())] for number, unit in parts))


def in_field(name: str, value: Any) -> float | None:
    """Seconds from a field that holds a delay, as a number or as text; None for any other field."""
    factor = FIELDS.get(name.lower())
    if factor is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _bounded(value * factor) if 0 <= value < 1e12 else None
    if isinstance(value, str):
        text = value.strip()[:40]
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
            return _bounded(float(text) * factor)
        return span(text)
    return None


def _short(unit: str) -> str:
    if unit.startswith(("ms", "milli")):
        return "ms"
    return unit[0]


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST)
