"""What the tools take: arguments as types, their JSON schemas, and one clear error for whatever does not fit."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Json, QualityTier, Reference

INTERNAL = frozenset({"is_edit", "mask", "strength"})
"""Fields of ImageRequest that generate_image does not take."""
MAX_ITEMS = 50


class Arguments(BaseModel):
    """Arguments of a tool: unknown ones are refused by name, values are not bent into shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class EditImage(ImageRequest):
    """generate_image's arguments, and what is to be changed."""

    prompt: Annotated[str, Field(min_length=1, max_length=8000)]
    """What to change."""
    image: Reference
    """The image to change: asset id, job id, https URL, data URL or file path."""
    reference_images: Annotated[list[Reference], Field(max_length=13)] | None = None
    """Further images to go by."""

    def request(self) -> ImageRequest:
        """The same as the core takes it: the image first, then the references."""
        said = self.model_dump(exclude_unset=True, exclude={"image", "reference_images", "is_edit"})
        inputs = [self.image, *(self.reference_images or ())]
        return ImageRequest(**{**said, "input_images": inputs, "is_edit": True})


class GenerateBatch(Arguments):
    items: Annotated[list[Json], Field(min_length=1, max_length=MAX_ITEMS)]
    """Each one generate_image's arguments."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] | None = None
    """Wait up to this long for all of them; left out: as long as generate_image would."""


class ListModels(Arguments):
    tier: Annotated[QualityTier, Field(strict=False)] | None = None
    """Only models of this tier."""
    provider: Annotated[str, Field(max_length=64)] | None = None
    """Only models of this provider."""
    capability: Annotated[str, Field(max_length=64)] | None = None
    """Only models that can do this: edit, inpaint, references, negative_prompt, seed, transparent, vector …"""
    available_only: bool = True
    """False also shows models without a key and withdrawn ones."""
    cursor: Annotated[str, Field(max_length=16)] | None = None
    """next_cursor of the page before."""


class CheckJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """A job or a batch; left out: the most recent jobs."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] = 0
    """Wait up to this long for the end."""
    include_preview: bool = True
    """Whether to show the image."""
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    """How many recent jobs to list."""


class CancelJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64)]
    """The job or batch to end."""


class GetUsage(Arguments):
    period: Literal["day", "month", "all"] = "month"
    """Since when: today or this month by UTC, or all."""
    project_id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._:-]{1,64}$")] | None = None
    """Only this project."""


def parse(model: type[BaseModel], arguments: Mapping[str, Any], hidden: frozenset[str]) -> BaseModel:
    """Arguments as a tool's own type; null counts as left out.

    Raises:
        InvalidRequest: names the field, its value and what is allowed.
    """
    said = {name: value for name, value in arguments.items() if value is not None}
    if unknown := sorted((set(said) & hidden) | (set(said) - set(model.model_fields))):
        allowed = ", ".join(name for name in model.model_fields if name not in hidden)
        field = unknown[0][:64]
        raise InvalidRequest(f"There is no argument {field!r}; there are: {allowed}.", field=field, allowed=allowed)
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> InvalidRequest:
    """The first complaint of pydantic as one sentence that names the fix."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])[:64] or "arguments"
    value = first.get("input")
    shown = repr(value)[:80] if isinstance(value, str | int | float | bool) and field != "prompt" else None
    reason = first["msg"].removeprefix("Value error, ")
    details: Json = {} if shown is None else {"value": shown}
    return InvalidRequest(f"{field}: {reason}.", field=field, allowed=reason, **details)


def schema(model: type[BaseModel], hidden: frozenset[str]) -> Json:
    """The JSON schema of a tool's arguments: references put in place, null alternatives and titles left out, so that a
    model has fewer words to read."""
    whole = model.model_json_schema()
    definitions = whole.pop("$defs", {})

    def slim(value: Any) -> Any:
        if isinstance(value, list):
            return [slim(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            value = {**definitions[value["$ref"].rsplit("/", 1)[-1]], **{k: v for k, v in value.items() if k != "$ref"}}
        if "anyOf" in value:
            [first, *_] = [option for option in value["anyOf"] if option != {"type": "null"}]
            value = {**slim(first), **{k: v for k, v in value.items() if k != "anyOf"}}
        dropped = {"title"} | ({"default"} if value.get("default", ...) is None else set())
        return {
            key: {name: slim(item) for name, item in entry.items() if name not in hidden}
            if key == "properties"
            else slim(entry)
            for key, entry in value.items()
            if not (key in dropped and isinstance(entry, str | None)) and (key, entry) != ("minLength", 1)
        }

    slimmed: Json = slim(whole)
    slimmed.pop("description", None)
    return slimmed
