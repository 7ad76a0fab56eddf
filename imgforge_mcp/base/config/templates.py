"""Named sets of defaults for generate_image, from the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgforge_mcp.base.types import ImageRequest, Json

OWN = ("prompt", "description")
NEVER = ("template", "idempotency_key", "metadata", "save_to", "sync", "is_edit", "mask", "strength")
"""What belongs to one call and cannot stand in a template."""
ALLOWED = (*OWN, *(name for name in ImageRequest.model_fields if name not in (*OWN, *NEVER)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A named set of defaults for generate_image; what the caller says wins, its prompt is put before the default
    one."""

    name: str
    prompt: str = ""
    description: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def checked_template(name: str, table: Json) -> Template:
    """A table `[templates.NAME]`, its values checked as generate_image checks them.

    Raises:
        pydantic.ValidationError: a value is wrong.
        ValueError: `prompt` or `description` is no text.
    """
    for own in OWN:
        if not isinstance(table.get(own, ""), str):
            raise ValueError(f"{own} must be text")
    values = {key: value for key, value in table.items() if key not in OWN}
    ImageRequest.model_validate({"prompt": table.get("prompt") or "a picture", **values})
    return Template(name=name, prompt=table.get("prompt", ""), description=table.get("description", ""), values=values)
