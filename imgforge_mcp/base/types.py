"""The shared nouns: what a caller asks for, and the durable record of what became of it."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from imgforge_mcp.base.documented import Documented
from imgforge_mcp.base.formats import OPAQUE, FileFormat, kind_named

Json = dict[str, Any]
"""A decoded JSON object."""

ASPECT_RATIO = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9])?):([1-9][0-9]{0,2}(?:\.[0-9])?)")


FITTED = "Fitted to"
"""How the warning begins that an image was brought to an exact size on this machine; the message repeats it."""
CUT_OUT = "Cut out on this machine"
"""How the warning begins that a background was taken away afterwards; the message repeats it."""
LOWER_TIER = "Served from the lower tier"
"""How the warning begins that must come first in a message."""


class QualityTier(StrEnum):
    """What a caller pays for, from a quick sketch to the best there is; ordered from low to high."""

    DRAFT = "draft"
    STANDARD = "standard"
    PREMIUM = "premium"
    ULTRA = "ultra"
    ULTRA_PLUS = "ultra_plus"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {tier: rank for rank, tier in enumerate(QualityTier)}


class JobState(StrEnum):
    """Where a job stands, in the words of the public contract."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELED)


class CostBasis(StrEnum):
    """How far a cost can be trusted."""

    REPORTED = "reported"
    LISTED = "listed"
    FREE = "free"
    UNKNOWN = "unknown"


def _well_formed(text: str) -> str:
    """Refuse text that cannot be stored or sent as it stands: lone surrogates and NUL."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds a NUL or a lone surrogate; send plain Unicode text")
    return text


def _without_outer_space(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


Text = Annotated[
    str, BeforeValidator(_without_outer_space), StringConstraints(min_length=1), AfterValidator(_well_formed)
]
Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=24 * 1024 * 1024,
        examples=["https://example.org/fox.png"],
        json_schema_extra={"wanted": "an asset id, a job id, an https URL, a data URL or a file path"},
    ),
]
AspectRatio = Annotated[
    str,
    Field(
        pattern=rf"^{ASPECT_RATIO.pattern}$",
        examples=["16:9"],
        json_schema_extra={"wanted": "width and height with a colon between them"},
    ),
]
PROJECT = re.compile(r"[a-zA-Z0-9._:-]{1,64}")
PROJECT_ID: Any = Field(
    pattern=f"^{PROJECT.pattern}$",
    examples=["shop:spring"],
    json_schema_extra={"wanted": "1 to 64 letters, digits and . _ : -"},
)
AS_BEFORE = "(as before)"
"""Stands for a prompt or an image that a call leaves out because `like` names a job that has it."""
Name = Annotated[str, Field(min_length=1, max_length=64, examples=["mia"])]
"""Of a kept reference."""
MOST_KEPT = 4
"""Kept references that one request may name."""
MOST_INPUTS = 14
MAX_SEED = 2**64 - 1
"""The largest that any service takes; a model with smaller ones gets one made from it (routing.fitting)."""


Side = Annotated[int, Field(ge=1, le=16_384, examples=[800])]
Edge = Annotated[int, Field(ge=0, le=16_384, examples=[100])]


class Transform(Documented):
    """What is done to a picture other than by a prompt; sizes in pixels. None means: not said."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    operation: Literal["remove_background", "upscale", "vectorize", "extend", "crop", "resize", "convert"]
    """extend adds a margin, vectorize traces an SVG."""
    scale: Annotated[int, Field(ge=2, le=4, examples=[2])] | None = None
    """upscale: 2 or 4."""
    width: Side | None = None
    """Wanted by crop, resize, extend."""
    height: Side | None = None
    left: Edge | None = None
    """crop: where it begins; extend: pixels to add."""
    top: Edge | None = None
    right: Edge | None = None
    bottom: Edge | None = None
    aspect_ratio: AspectRatio | None = None
    """crop, extend: the shape instead."""
    fit: Literal["cover", "contain", "stretch"] | None = None
    """resize to both sides: cut (default), fill or distort."""
    format: FileFormat | None = None
    """Left out: as it is."""

    def job_request(self, image: str, **further: Any) -> "ImageRequest":
        """The request for a job that does this to an image; `further` fields, such as save_to, whose extension says the
        format where nothing else does."""
        kind = kind_named(further.get("save_to") or "")
        is_fixed = self.operation == "vectorize" or (self.operation == "remove_background" and kind in OPAQUE)
        said = self if self.format or not kind or is_fixed else self.model_copy(update={"format": kind})
        return ImageRequest(prompt=said.words, input_images=[image], is_edit=True, transform=said, **further)

    @property
    def words(self) -> str:
        """What it does, as a person would ask for it."""
        size = f"{self.width or '?'}×{self.height or '?'}" if self.width or self.height else self.aspect_ratio
        match self.operation:
            case "remove_background":
                return "remove the background"
            case "upscale":
                return f"enlarge {self.scale or 2}×"
            case "vectorize":
                return "trace as a vector drawing"
            case "convert":
                return f"convert to {self.format}"
            case operation:
                return f"{operation} to {size}" if size else operation


class Kept(BaseModel):
    """A kept reference as a request has it: what is said of it, and how many of the request's last input images are
    its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    name: str
    words: str = ""
    pictures: int


class Copy(Documented):
    """How an image is written to a file; sizes in pixels. A relative path is below the first allowed directory."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    path: Annotated[str, Field(min_length=1, max_length=1024, examples=["lake.png"])]
    """File to write; never over one that exists."""
    format: FileFormat | None = None
    """Left out: by the path's extension, else as it is."""
    width: Side | None = None
    """Pixels; one side alone keeps the shape."""
    height: Side | None = None
    fit: Literal["cover", "contain"] = "cover"
    """With both sides: cut or fill."""


class ImageRequest(Documented):
    """What a caller wants drawn, validated; the arguments of generate_image. None means: not said."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    prompt: Annotated[Text, Field(max_length=8000, examples=["a red fox in fresh snow"])]
    """What to draw."""
    quality_tier: Annotated[QualityTier, Field(strict=False, examples=["standard"])] = QualityTier.STANDARD
    """Cost against quality."""
    model: Annotated[str, Field(min_length=1, max_length=200, examples=["flux-schnell"])] | None = None
    """A slug, a provider's own id, or provider/model; overrides the tier."""
    provider: Annotated[str, Field(min_length=1, max_length=64, examples=["together"])] | None = None
    """Pin one provider, without fail-over."""
    negative_prompt: Annotated[Text, Field(max_length=1000, examples=["blurry, text"])] | None = None
    """What to avoid."""
    aspect_ratio: AspectRatio | None = None
    """W:H, such as 16:9."""
    width: Annotated[int, Field(ge=64, le=8192, examples=[1024])] | None = None
    """Pixels; fitted to what the model can do."""
    height: Annotated[int, Field(ge=64, le=8192, examples=[768])] | None = None
    """Pixels."""
    image_size: Annotated[Literal["512", "1K", "2K", "4K"], Field(examples=["2K"])] | None = None
    """Resolution class."""
    fit: Literal["model", "cover", "contain"] = "model"
    """cover cuts, contain fills to exactly width x height."""
    n: Annotated[int, Field(ge=1, le=4)] = 1
    """Number of images."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, examples=[42])] | None = None
    """The same seed gives the same picture."""
    steps: Annotated[int, Field(ge=1, le=50, examples=[20])] | None = None
    """Inference steps."""
    style: Annotated[Text, Field(max_length=100, examples=["watercolour"])] | None = None
    """Where the model has styles."""
    output_format: Literal["png", "jpeg", "webp"] | None = None
    """Left out: the provider's own."""
    background: Literal["auto", "transparent", "opaque"] = "auto"
    """transparent: true alpha, by the model or cut out."""
    enhance: bool | None = None
    """Add quality boosters; left out: by tier."""
    template: Annotated[str, Field(min_length=1, max_length=64, examples=["poster"])] | None = None
    """A configured template."""
    input_images: (
        Annotated[list[Reference], Field(max_length=MOST_INPUTS, examples=[["https://example.org/fox.png"]])] | None
    ) = None
    """Reference images: asset id, job id, https URL, data URL or file path."""
    reference: Annotated[list[Name], Field(max_length=MOST_KEPT, examples=[["mia"]])] | None = None
    """Kept characters or styles, by name."""
    metadata: (
        Annotated[
            dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]],
            Field(
                max_length=32,
                examples=[{"page": "3"}],
                json_schema_extra={"wanted": "at most 32 names of up to 64 characters with texts of up to 512"},
            ),
        ]
        | None
    ) = None
    """Returned with the job."""
    project_id: Annotated[str, PROJECT_ID] | None = None
    """Tag for usage accounting."""
    idempotency_key: Annotated[str, Field(min_length=1, max_length=255, examples=["order-4711"])] | None = None
    """The same key within 24 hours returns the same job."""
    sync: bool = True
    """False returns at once with a job id."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[0.05])] | None = None
    """The highest listed price."""
    allow_lower_tier: bool = True
    """False: never one tier lower."""
    confirm_cost_usd: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[0.25])] | None = None
    """The price that the user agreed to."""
    save_to: Annotated[str, Field(min_length=1, max_length=1024, examples=["fox.png"])] | None = None
    """Also write the image to this path."""
    webhook_url: Annotated[str, Field(min_length=1, max_length=999, examples=["https://example.org/hook"])] | None = (
        None
    )
    """Told when it has ended."""
    like: Annotated[str, Field(min_length=1, max_length=64, examples=["01KAXB7GVJ8Q3W5N9T2D4E6F8H"])] | None = None
    """A job: its settings, seed and inputs but for what is given here."""
    is_edit: bool = False
    """Whether the first input image is to be changed, rather than looked at."""
    mask: Reference | None = None
    """Where it may change: white or transparent."""
    strength: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, examples=[0.6])] | None = None
    """0 keeps the image, 1 forgets it."""
    transform: Transform | None = None
    """What is done to the first input image in place of drawing; the prompt is its words."""
    urgency: Literal["now", "day", "day_else_now"] = "now"
    """day: within a day at a lower price, or not at all; day_else_now: at once where that cannot be had."""
    kept: list[Kept] | None = None
    """What `reference` stands for; the pictures are the last of `input_images`, the first one of each before all
    others."""

    @property
    def kept_pictures(self) -> int:
        """How many of the input images are those of kept references."""
        return sum(kept.pictures for kept in self.kept or ())

    @property
    def least_inputs(self) -> int:
        """How many input images a model has to take: each that was named, and one of each kept reference."""
        return len(self.input_images or ()) - self.kept_pictures + len(self.kept or ())

    @model_validator(mode="before")
    @classmethod
    def _as_before(cls, values: Any) -> Any:
        """What may be left out where `like` has it."""
        if not isinstance(values, dict) or values.get("like") is None:
            return values
        return {name: AS_BEFORE for name in ("prompt", "image") if name in cls.model_fields} | values

    @field_validator("model", "provider", mode="before")
    @classmethod
    def _without_auto(cls, value: object) -> object:
        """`auto` says that the router picks, as leaving it out does."""
        return None if isinstance(value, str) and value.strip().casefold() == "auto" else value

    def fingerprint(self) -> str:
        """What makes two requests the same one, under one idempotency key: everything but how the answer is awaited and
        where a copy goes. A digest, so that it carries no text of the caller's."""
        aside = {"idempotency_key", "sync", "save_to", "confirm_cost_usd", "webhook_url"}
        values = self.model_dump(exclude_defaults=True, exclude=aside)  # a field of a later version changes no digest
        text = json.dumps(values, sort_keys=True, ensure_ascii=False)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An image by the sha256 of its exact bytes (`asset_id`, 64 hex digits); sizes in pixels and bytes."""

    asset_id: str
    mime_type: str
    width: int
    height: int
    bytes: int
    seed: int | None = None
    is_pinned: bool = False
    """Whether it is spared when room is made; known of an image's own record only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A file that was written; sizes in pixels and bytes."""

    path: Path
    mime_type: str
    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReference:
    """Pictures and words that a tenant keeps under a name (in lower case), to be drawn by: a character, a style."""

    name: str
    words: str = ""
    pictures: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHandle:
    """What a provider has made of kept references, such as a style: its own id for it, so that it is made and paid
    once."""

    tenant: str
    names: tuple[str, ...]
    provider: str
    made_of: str
    """A digest of the pictures in their order, of the model, and of the account that they were sent to."""
    handle: str | None = None
    """None: nothing has been made of them yet."""


class AttemptState(StrEnum):
    """How far one upstream call came."""

    SENT = "sent"
    """Recorded before the first byte leaves; after a crash nobody knows whether it was billed."""
    ACCEPTED = "accepted"
    """The upstream's own id is stored; a restart resumes polling."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One upstream call made for a job: a candidate tried, or one part of a request split over several calls."""

    attempt_id: int
    job_id: str
    part: int
    provider: str
    model: str
    state: AttemptState
    reason: str
    settings: str = ""
    """Marks the provider's configuration that it was sent with."""
    outcome: str | None = None
    message: str | None = None
    latency_ms: int | None = None
    price_usd: float | None = None
    """Its listed price, held back while it is under way."""
    cost_usd: float | None = None
    maybe_billed: bool = False
    operation: Json | None = None
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one ended attempt says about its candidate's health; times in seconds since 1970. `outcome_id` counts up in
    the order in which outcomes became known."""

    outcome_id: int
    attempt_id: int
    provider: str
    model: str
    succeeded: bool
    outcome: str
    latency: float | None
    health_cost: float
    rest_until: float | None
    settings: str
    ended_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is: `fraction` 0 to 1 when the upstream says so, else None; `message` says which."""

    message: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Where what came is not what was asked for, both in words: `1170×2532`, `512×384`."""

    asked: str
    got: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The durable record of a request. Times are UTC; money is US dollars."""

    job_id: str
    state: JobState
    request: ImageRequest
    request_id: str
    final_prompt: str
    enhancement_logic: str
    quality_tier: QualityTier
    created_at: datetime
    deadline: datetime
    owner: str | None = None
    provider: str | None = None
    model: str | None = None
    assets: tuple[Asset, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost_usd: float | None = None
    cost_basis: CostBasis | None = None
    warnings: tuple[str, ...] = ()
    is_joined: bool = False
    """Whether the call that asks has joined it, after an equal one had been cut off; of one answer, not on record."""
    drawn: tuple[str, ...] = ()
    """Words of the prompt that can be seen, where the engine knows; 'toad: drawn as a frog' where one stood in."""
    not_drawn: tuple[str, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    """Measured on what came, in the order in which a message tells them."""
    error: Json | None = None
    progress: Progress | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    save_root: str | None = None
    """The allowed directory that `save_to` was found to be in."""
    saved_to: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    """Whom whoever recorded it would have asked, best first: providers, each with the mark of its configuration."""
    not_understood: tuple[str, ...] = ()
    """What of the stored record this version cannot read: a newer one wrote it, or it is damaged."""

    @property
    def accepted_work(self) -> tuple[Attempt, ...]:
        """The calls that a provider has taken and that have not ended."""
        return tuple(attempt for attempt in self.attempts if attempt.state is AttemptState.ACCEPTED)


def cost_of(job: Job) -> tuple[float | None, CostBasis | None]:
    """What the job cost, and how far that can be trusted: its weakest part decides."""
    paid = [a for a in job.attempts if a.state is AttemptState.SUCCEEDED or a.maybe_billed or a.cost_usd]
    if not paid:
        return 0.0, CostBasis.FREE
    if any(attempt.cost_usd is None for attempt in paid):
        return None, CostBasis.UNKNOWN
    total = round(sum(attempt.cost_usd or 0.0 for attempt in paid), 6)
    if total == 0:
        return 0.0, CostBasis.FREE
    is_reported = all(a.outcome == "ok_reported" or _is_told(a) for a in paid)
    return total, CostBasis.REPORTED if is_reported else CostBasis.LISTED


def _is_told(attempt: Attempt) -> bool:
    """Whether it failed, and its provider said what that cost."""
    return attempt.state is AttemptState.FAILED and not attempt.maybe_billed


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a tenant may have, over all processes: images a minute (any 60 s), day and month (UTC), jobs under way at
    once, US dollars a month. None means no limit."""

    per_minute: int | None = None
    per_day: int | None = None
    per_month: int | None = None
    concurrency: int | None = None
    budget_usd_month: float | None = None


SCOPES = frozenset({"generate", "read", "admin"})
"""What a caller may: make and change things; look at its own; look after the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the tenant whose jobs these are ("" on stdio and the command line), the directories whose files may be
    named and those where files may be written, and, with `sees_all`, whether other tenants' jobs are visible."""

    tenant: str = ""
    sees_all: bool = False
    directories: tuple[Path, ...] = ()
    outputs: tuple[Path, ...] = ()
    name: str | None = None
    """What the access log calls the caller: its key's name, never the key."""
    project_id: str | None = None
    """Where its jobs are booked when a request names no project."""
    allowance: Allowance = Allowance()
    scopes: frozenset[str] = SCOPES
    is_anonymous: bool = False
    base_url: str | None = None
    """Where our own addresses begin for it, over HTTP."""
    is_alone: bool = False
    """Whether nobody but one client speaks to this process, as on stdio: then its equal calls are repetitions."""
