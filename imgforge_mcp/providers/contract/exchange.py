"""The plain values that pass between a provider and the driver: requests, replies, pictures, remote handles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.base.types import Json
from imgforge_mcp.net.exchange import Part
from imgforge_mcp.providers.reading.wire import decoded


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
    buys: bool | None = None
    """Whether sending it twice could be paid twice; left out: what is submitted does, a question does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """Work on the call's first input picture that the guarded decoder does, in place of a request: one of its
    operations (`media.writing`) with that operation's options, the result written as `kind` (left out: as it was)."""

    operation: str
    kind: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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
    is_batch: bool = False
    """Whether it waits its turn at a lower price."""
    is_begun: bool = False
    """Whether a later step that buys has been sent: it is not sent again, its answer is looked for."""
    needs_inputs: bool = False
    """Whether what follows still sends the call's input pictures."""
    data: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        """Without what is not so: a version that does not know a later field can read it all the same."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value is not False}

    @classmethod
    def from_json(cls, stored: Json) -> "Operation":
        return cls(**stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image of a reply: the bytes, or the URL to fetch them from at once."""

    data: bytes | None = None
    url: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What a provider made. `cost_usd` only where the provider itself reports it; `handle` where it made something of
    the call's kept references that can be used again; `drawn` and `not_drawn` only where it knows which words of the
    prompt its pictures show."""

    pictures: tuple[Picture, ...]
    cost_usd: float | None = None
    handle: str | None = None
    warnings: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A provider's whole answer. Header names are in lower case. `operation` is what was asked about, None after a
    submit."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    operation: Operation | None = None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self) -> Json:
        """The body as a JSON object.

        Raises:
            BadReply: it is something else, too deep or of too many values.
        """
        body = decoded(self.body)
        if not isinstance(body, dict):
            raise BadReply("The provider answered with JSON of an unexpected shape.")
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A price as a provider lists it today, in US dollars for a unit."""

    usd: float
    unit: Literal["image", "megapixel", "million tokens"]
