"""What the tools take: arguments as types, and their JSON schemas."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from imgforge_mcp.base import kindly
from imgforge_mcp.base.schemas import schema_of
from imgforge_mcp.base.types import PROJECT_ID, ImageRequest, Json, QualityTier, Reference, Text
from imgforge_mcp.forge import Purpose

INTERNAL = frozenset({"is_edit", "mask", "strength"})
"""Fields of ImageRequest that generate_image does not take."""
UNSHOWN = INTERNAL | {"sync", "confirm_cost_usd", "webhook_url"}
"""What an item of a batch may say, and hardly ever has to."""
MAX_ITEMS = 50
AS_BEFORE = "As above."
SAID_BEFORE = frozenset({"description", "minimum", "maximum", "minItems", "maxItems"})
AN_ID = "01KAXB7GVJ8Q3W5N9T2D4E6F8H"


class Arguments(BaseModel):
    """Arguments of a tool."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class EditImage(ImageRequest):
    """generate_image's arguments, and what is to be changed."""

    prompt: Annotated[Text, Field(max_length=8000, examples=["make it winter"])]
    """What to change."""
    image: Reference
    """The image to change: asset id, job id, https URL, data URL or file path."""
    reference_images: Annotated[list[Reference], Field(max_length=13, examples=[[AN_ID]])] | None = None
    """Further images to go by."""

    def request(self) -> ImageRequest:
        """The same as the core takes it: the image first, then the references."""
        said = self.model_dump(exclude_unset=True, exclude={"image", "reference_images", "is_edit"})
        inputs = [self.image, *(self.reference_images or ())]
        return ImageRequest(**{**said, "input_images": inputs, "is_edit": True})


class GenerateBatch(Arguments):
    items: Annotated[list[Any], Field(min_length=1, max_length=MAX_ITEMS, examples=[[{"prompt": "a red fox"}]])]
    """Each one generate_image's arguments."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] | None = None
    """Wait up to this long for all of them; left out: as long as generate_image would."""
    confirm_cost_usd: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[2.5])] | None = None
    """The price of all that the user has agreed to, where one is asked for."""


class ListModels(Arguments):
    purpose: Annotated[Purpose, Field(examples=["text"])] | None = Field(default=None, alias="for")
    """The fittest first."""
    tier: Annotated[QualityTier, Field(strict=False, examples=["standard"])] | None = None
    """Only its models."""
    provider: Annotated[str, Field(max_length=64, examples=["together"])] | None = None
    """Only its models."""
    capability: Annotated[str, Field(max_length=64, examples=["edit"])] | None = None
    """edit, inpaint, seed, vector …"""
    model: Annotated[str, Field(max_length=200, examples=["flux-schnell"])] | None = None
    """This one in full."""
    detail: Literal["short", "full"] = "short"
    """How much."""
    available_only: bool = True
    """False adds unusable ones."""
    cursor: Annotated[str, Field(max_length=16, examples=["50"])] | None = None
    """next_cursor."""


class CheckJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64, examples=[AN_ID])] | None = None
    """A job or a batch; left out: the most recent jobs."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] = 0
    """Wait up to this long for the end."""
    include_preview: bool = True
    """Whether to show the image."""
    detail: bool = False
    """True: all that is on record."""
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    """How many recent jobs to list."""


class CancelJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64, examples=[AN_ID])]
    """The job or batch to end."""


class GetUsage(Arguments):
    period: Literal["day", "month", "all"] = "month"
    """Since when: today or this month by UTC, or all."""
    project_id: Annotated[str, PROJECT_ID] | None = None
    """Only this project."""


def parse(model: type[BaseModel], arguments: Mapping[str, Any], hidden: frozenset[str]) -> BaseModel:
    """Arguments as a tool's own type, read kindly. Raises InvalidRequest: names the field and what is right."""
    return kindly.read(model, arguments, hidden)


def schema(model: type[BaseModel], hidden: frozenset[str]) -> Json:
    """The JSON schema of a tool's arguments."""
    whole = schema_of(model)
    properties = {name: field for name, field in whole["properties"].items() if name not in hidden}
    if model is EditImage:
        shared = properties.keys() & ImageRequest.model_fields.keys() - {"prompt", "mask", "strength"}
        properties |= {name: {**properties[name], "description": AS_BEFORE} for name in properties if name in shared}
    if model is GenerateBatch:
        properties["items"] = {**properties["items"], "items": _undescribed(schema(ImageRequest, UNSHOWN))}
    return {**whole, "properties": properties}


def _undescribed(whole: Json) -> Json:
    """A schema without its descriptions and bounds: another tool has them."""
    properties = {
        name: {key: entry for key, entry in field.items() if key not in SAID_BEFORE}
        for name, field in whole["properties"].items()
    }
    return {**whole, "properties": properties}
