"""How long a server asks to be left alone, in seconds, from its Retry-After header."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 24 * 3600.0


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header: ASCII digits or an HTTP date (RFC 9110 section 10.2.3), bounded; else None."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", text):
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (aware - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None
