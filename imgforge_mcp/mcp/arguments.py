"""What the tools take: arguments as types, and their JSON schemas."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from imgforge_mcp.base import kindly
from imgforge_mcp.base.documented import Documented
from imgforge_mcp.base.schemas import schema_of
from imgforge_mcp.base.types import (
    PROJECT_ID,
    Copy,
    ImageRequest,
    JobState,
    Json,
    QualityTier,
    Reference,
    Text,
    Transform,
)
from imgforge_mcp.forge import Purpose

INTERNAL = frozenset({"is_edit", "mask", "strength", "transform", "kept", "urgency"})
"""Fields of ImageRequest that generate_image does not take."""
MAX_ITEMS = 50
SELDOM = frozenset(
    {
        *("image_size", "steps", "style", "enhance", "template", "metadata", "project_id"),
        *("idempotency_key", "allow_lower_tier", "confirm_cost_usd", "webhook_url"),
    }
)
"""Arguments of generate_image that other tools take too, and do not list: every word of a schema is paid for."""
SELDOM_IN_BATCHES = SELDOM - {"style", "metadata", "idempotency_key"} | {
    "sync",
    "fit",
    "max_cost_usd",
    "output_format",
    "reference",
}
EXPLAINED = frozenset({"height", "top", "right", "bottom"})
"""Arguments that go without saying beside width and left."""
BOUNDED = frozenset({"width", "height", "n"})
"""Whose bounds generate_image shows."""
BOUNDS = frozenset({"minimum", "maximum", "minItems", "maxItems"})
SAID_BEFORE = BOUNDS | {"description", "enum"}
AN_ID = "01KAXB7GVJ8Q3W5N9T2D4E6F8H"


class Arguments(Documented):
    """Arguments of a tool."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EditImage(ImageRequest):
    """generate_image's arguments, and what is to be changed."""

    prompt: Annotated[Text, Field(max_length=8000, examples=["make it winter"])]
    """What to change."""
    image: Reference
    """Named as input_images are."""
    reference_images: Annotated[list[Reference], Field(max_length=13, examples=[[AN_ID]])] | None = None
    """Further images to go by."""

    def request(self) -> ImageRequest:
        """The same as the core takes it: the image first, then the references."""
        said = self.model_dump(exclude_unset=True, exclude={"image", "reference_images", "is_edit"})
        inputs = [self.image, *(self.reference_images or ())]
        return ImageRequest(**{**said, "input_images": inputs, "is_edit": True})


class SaveImage(Copy):
    """Which picture, and how it is written."""

    image: Reference
    """asset id, job id (id#2 for its second) or other reference."""


class TransformImage(Transform):
    """What is done, to which picture, by whom."""

    image: Reference
    """asset id, job id or other reference."""
    provider: Annotated[str, Field(min_length=1, max_length=64, examples=["local"])] | None = None
    """local: on this machine, free."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[0.05])] | None = None
    confirm_cost_usd: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[0.25])] | None = None
    save_to: Annotated[str, Field(min_length=1, max_length=1024, examples=["fox.png"])] | None = None
    sync: bool = True
    project_id: Annotated[str, PROJECT_ID] | None = None
    idempotency_key: Annotated[str, Field(min_length=1, max_length=255, examples=["order-4711"])] | None = None

    def request(self) -> ImageRequest:
        """The same as the core takes it."""
        transform = Transform(**self.model_dump(exclude_unset=True, include=set(Transform.model_fields)))
        said = self.model_dump(exclude_unset=True, exclude={*Transform.model_fields, "image"})
        return transform.job_request(self.image, **said)


class GenerateBatch(Arguments):
    items: Annotated[list[Any], Field(min_length=1, max_length=MAX_ITEMS, examples=[[{"prompt": "a red fox"}]])]
    """Each with generate_image's arguments."""
    urgency: Literal["now", "day", "day_else_now"] = "now"
    """day: half price, within 24 h."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] | None = None
    """At most 50."""
    confirm_cost_usd: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[2.5])] | None = None
    """The agreed price of all."""


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
    """A job or batch."""
    wait_seconds: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] = 0
    """Wait for the end; at most 50."""
    include_preview: bool = True
    """Show the image."""
    detail: bool = False
    """All that is on record."""
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    """How many recent jobs."""
    state: Annotated[JobState, Field(strict=False, examples=["failed"])] | None = None
    """Only those."""


class CancelJob(Arguments):
    job_id: Annotated[str, Field(min_length=1, max_length=64, examples=[AN_ID])]
    """Of a job or batch, or 'all'."""


class GetUsage(Arguments):
    period: Literal["day", "month", "all"] = "month"
    """By UTC."""
    project_id: Annotated[str, PROJECT_ID] | None = None
    """Only this project."""


UNLISTED: Mapping[type[BaseModel], frozenset[str]] = {
    EditImage: SELDOM | {"fit", "output_format", "negative_prompt"},
    TransformImage: SELDOM,
}
EXPLAINED_BEFORE: Mapping[type[BaseModel], frozenset[str]] = {
    EditImage: frozenset(ImageRequest.model_fields) - {"prompt", "mask", "strength"},
    TransformImage: frozenset({"max_cost_usd", "save_to", "sync"}),
}
"""What generate_image says of an argument already."""


def parse(model: type[BaseModel], arguments: Mapping[str, Any], hidden: frozenset[str]) -> BaseModel:
    """Arguments as a tool's own type, read kindly. Raises InvalidRequest: names the field and what is right."""
    return kindly.read(model, arguments, hidden)


def schema(model: type[BaseModel], hidden: frozenset[str]) -> Json:
    """The JSON schema of a tool's arguments, in as few words as say it: what generate_image explains is listed by the
    others without a word, and what is seldom wanted is taken by them without being listed."""
    whole = schema_of(model)
    properties = {name: field for name, field in whole["properties"].items() if name not in hidden}
    is_first = model is ImageRequest
    if model in (EditImage, TransformImage):
        properties = {name: field for name, field in properties.items() if name not in UNLISTED[model]}
    properties = {
        name: field if is_first and name in BOUNDED else _without(field, BOUNDS) for name, field in properties.items()
    }
    if model in (EditImage, TransformImage):
        shared = properties.keys() & EXPLAINED_BEFORE[model]
        properties |= {name: _without(properties[name], SAID_BEFORE) for name in shared}
    if model is GenerateBatch:
        item = schema_of(ImageRequest)
        shown = item["properties"].keys() - INTERNAL - SELDOM_IN_BATCHES
        fields = {name: _without(field, SAID_BEFORE) for name, field in item["properties"].items() if name in shown}
        properties["items"] = {**properties["items"], "items": {**item, "properties": fields}}
    return {**whole, "properties": {name: _unsaid(name, field) for name, field in properties.items()}}


def _without(field: Json, words: frozenset[str]) -> Json:
    return {key: entry for key, entry in field.items() if key not in words}


def _unsaid(name: str, field: Json) -> Json:
    return _without(field, frozenset({"description"})) if name in EXPLAINED else field
