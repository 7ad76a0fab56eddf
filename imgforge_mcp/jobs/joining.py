"""Which job a repeated call joins instead of buying another: one that is equal in every field, of the same caller with
the same keys, whose own call was cut off. Pure."""

import hashlib
import json
from collections.abc import Iterable

from imgforge_mcp.base.types import ImageRequest

JOIN_SECONDS = 600.0
"""How long after its end a job may still be joined."""


def equal_calls(request: ImageRequest, settings: Iterable[str]) -> str:
    """What two calls have in common that may join: every field but how the answer is awaited, references by their
    content; and the configuration of every provider, for another key is another customer."""
    said = request.model_dump(exclude={"sync", "confirm_cost_usd"})
    text = json.dumps([said, sorted(settings)], sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
