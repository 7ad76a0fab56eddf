"""The plain values that pass between a provider and the runner: a call, requests, replies, pictures, remote handles."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imgforge_mcp.errors import BadReply
from imgforge_mcp.spec.model import ModelSpec
from imgforge_mcp.types import Json, QualityTier

REPLY_CAP = 96 * 1024 * 1024
"""Bytes of one answer: four 4K PNG images in base64 stay below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputImage:
    """A reference image, decoded and encoded again by us; sizes in pixels."""

    data: bytes
    mime_type: str
    width: int
    height: int

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode("ascii")

    @property
    def data_url(self) -> str:
        return f"data:{self.mime_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request fitted to one model: every value is one that the model takes, or None for the model's own default."""

    model: ModelSpec
    prompt: str
    tier: QualityTier = QualityTier.STANDARD
    n: int = 1
    width: int = 1024
    height: int = 1024
    aspect_ratio: str = "1:1"
    """The nearest that the model lists, or the reduced fraction of width and height."""
    image_size: str | None = None
    is_size_asked: bool = False
    """Whether the caller said anything about size or shape."""
    seed: int | None = None
    negative_prompt: str | None = None
    steps: int | None = None
    style: str | None = None
    output_format: str | None = None
    inputs: tuple[InputImage, ...] = ()
    mask: InputImage | None = None
    strength: float | None = None
    reference: str | None = None
    """Names this call and no other: for a provider that takes an idempotency key."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The provider's further settings by name, such as an account id."""
    warnings: tuple[str, ...] = ()

    def listed_cost(self) -> float | None:
        """The listed price of the whole call in US dollars, or None where it is not known."""
        steps = self.steps if self.steps is not None else self.model.steps[2]
        each = self.model.price.of(
            width=self.width,
            height=self.height,
            steps=steps,
            inputs=len(self.inputs),
            image_size=self.image_size,
            tier=self.tier,
        )
        return None if each is None else round(each * self.n, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart form; a file when it has a filename."""

    value: str | bytes
    filename: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request, described. `target` is a path below the provider's base URL, or an absolute URL that the
    provider handed out (then the key is sent only if the manifest trusts its host)."""

    target: str
    method: str = "POST"
    json: Json | None = None
    form: tuple[tuple[str, Part], ...] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request ready to leave: absolute URL, credentials in its headers, the seconds it may take in all."""

    method: str
    url: str
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: tuple[tuple[str, Part], ...] | None = None
    cap: int = REPLY_CAP
    is_paid: bool = False
    """Whether sending it twice could be paid twice; then a failure after sending is ambiguous."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work to be done on this machine in place of a request: `run(report)` is called in a worker thread."""

    run: Callable[[Callable[[float, str], None]], "Images"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The remote handle of accepted work: plain data, stored with the job, so that it survives this process.

    `url` is asked next (GET); `cancel_url` where the provider can cancel, with its method.
    """

    operation_id: str
    url: str
    cancel_url: str | None = None
    cancel_method: str = "POST"
    fraction: float | None = None
    message: str | None = None
    wait: float | None = None
    """Seconds until the next question; None: the manifest's."""
    data: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, stored: Json) -> "Operation":
        return cls(**stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer, within the byte cap. Header names are in lower case. `operation` is what was asked about, None
    after a submit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    operation: Operation | None = None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        return self.content_type.endswith("json")

    def json(self) -> Json:
        """The body as a JSON object.

        Raises:
            BadReply: it is something else.
        """
        try:
            decoded = json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadReply("The provider answered with something other than JSON.") from None
        if not isinstance(decoded, dict):
            raise BadReply("The provider answered with JSON of an unexpected shape.")
        return decoded

    def error_json(self) -> Json:
        """The body of an error as an object; empty when it is none."""
        try:
            decoded = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return decoded if isinstance(decoded, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image of a reply: the bytes, or the URL to fetch them from at once."""

    data: bytes | None = None
    url: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What a provider made. `cost_usd` only where the provider itself reports it."""

    pictures: tuple[Picture, ...]
    cost_usd: float | None = None
    warnings: tuple[str, ...] = ()
