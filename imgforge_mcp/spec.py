"""The provider contract: what a provider declares, and the plain values that pass between it and the runner.

A provider is pure. It says which request to send (`submit`), reads what came back (`parse`), and never waits, fetches
or looks at a clock; the runner does that for all of them.
"""

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from imgforge_mcp.errors import (
    BadReply,
    ContentRefused,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
    Unavailable,
)
from imgforge_mcp.types import Json, QualityTier

MEGAPIXEL = 1_000_000
REPLY_CAP = 96 * 1024 * 1024
"""Bytes of one answer: four 4K PNG images in base64 stay below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A listed price in US dollars; the parts that are given add up.

    `image` per image; `first_megapixel` then `megapixel` for each further one (rounded up) or `megapixel` alone
    pro rata; `megapixel_step` per megapixel and inference step; `tile` per 512x512 tile; `step` per inference step,
    `tile_step` per tile and step; `input_image` per reference image; `by_size` per resolution class, in place of
    `image`. `by_tier` multiplies the whole, where the model's effort follows the quality tier (the prices themselves
    are
    then those of a factor of 1). All None: the price is not known.
    """

    image: float | None = None
    first_megapixel: float | None = None
    megapixel: float | None = None
    tile: float | None = None
    step: float | None = None
    tile_step: float | None = None
    input_image: float | None = None
    megapixel_step: float | None = None
    by_size: Mapping[str, float] = field(default_factory=dict)
    by_tier: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        parts = (
            *(self.image, self.first_megapixel, self.megapixel, self.megapixel_step),
            *(self.tile, self.step, self.tile_step),
        )
        return bool(self.by_size) or any(part is not None for part in parts)

    def of(
        self,
        *,
        width: int,
        height: int,
        steps: int,
        inputs: int = 0,
        image_size: str | None = None,
        tier: str | None = None,
    ) -> float | None:
        """The price of one image, or None where it is not known."""
        if not self.is_known:
            return None
        pixels = width * height
        tiles = math.ceil(width / 512) * math.ceil(height / 512)
        cost = (self.image or 0.0) + (self.tile or 0.0) * tiles + (self.step or 0.0) * steps
        cost += (self.tile_step or 0.0) * tiles * steps + (self.input_image or 0.0) * inputs
        if self.by_size:
            cost += self.by_size.get(image_size or "1K", max(self.by_size.values()))
        if self.first_megapixel is not None:
            further = max(0, math.ceil(pixels / MEGAPIXEL - 0.05) - 1)
            cost += self.first_megapixel + (self.megapixel or 0.0) * further
        elif self.megapixel is not None:
            cost += self.megapixel * pixels / MEGAPIXEL
        cost += (self.megapixel_step or 0.0) * steps * pixels / MEGAPIXEL
        return round(cost * self.by_tier.get(tier or "", 1.0), 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How a model takes its size, and within which limits. Pixels throughout.

    kind `pixels`: free width and height between `minimum` and `maximum`, multiples of `multiple`, at most
    `max_pixels` in all. kind `list`: one of `sizes` ("1024x1024"). kind `ratio`: one of `ratios` ("16:9"), with
    `image_sizes` where the model has resolution classes. kind `fixed`: the model decides (`default_width`,
    `default_height`).
    """

    kind: Literal["pixels", "list", "ratio", "fixed"]
    default_width: int = 1024
    default_height: int = 1024
    minimum: int = 64
    maximum: int = 8192
    multiple: int = 1
    max_pixels: int | None = None
    min_pixels: int | None = None
    max_ratio: float | None = None
    """The longer side over the shorter one, at most."""
    sizes: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    image_sizes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model at one provider, as the catalogue lists it. `latency` is the usual time of one image in seconds."""

    slug: str
    provider: str
    model_id: str
    name: str
    description: str
    sizing: Sizing
    accepts: frozenset[str] = frozenset()
    """Tuning settings it takes: seed, negative_prompt, steps, style, output_format."""
    capabilities: frozenset[str] = frozenset({"text_to_image"})
    """text_to_image, edit, inpaint, references, transparent, vector, text_rendering."""
    max_n: int = 1
    """Images one upstream call can make."""
    max_inputs: int = 0
    """Input images it takes."""
    steps: tuple[int, int, int] = (1, 50, 20)
    """Fewest, most and default inference steps."""
    formats: tuple[str, ...] = ()
    max_prompt: int = 8000
    """Characters."""
    price: Price = field(default_factory=Price)
    latency: float = 10.0
    retired: date | None = None
    successor: str | None = None
    checked: date | None = None
    source: str = ""
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """What only this provider's adapter understands: its endpoint, its encoding."""

    @property
    def name_in_full(self) -> str:
        return f"{self.provider}/{self.slug}"

    def is_retired(self, today: date) -> bool:
        return self.retired is not None and self.retired <= today


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How the key travels: always in a header, never in a URL."""

    header: str = "Authorization"
    prefix: str = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A provider, declared.

    `key_variables`: the environment variables its key is read from, first match wins. `settings`: further variables it
    needs, by the name its adapter uses. `key_hosts`: hosts, beside the base URL's own, that may see the key; a leading
    dot means any host below. `image_hosts`: likewise for hosts that may serve its images, where the documentation names
    them.
    """

    name: str
    title: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    auth: Auth = Auth()
    key_hosts: tuple[str, ...] = ()
    needs_key: bool = True
    aliases: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    poll_seconds: float = 1.0
    mask: Literal["white", "black", "alpha"] = "white"
    """What marks the place to change in a mask as this provider reads it; alpha: transparency."""
    concurrency: int = 32
    source: str = ""
    key_page: str = ""
    listing: str | None = None
    """The path that lists the models this key may use (GET, free); `{name}` stands for one of the settings."""
    key_check: str | None = None
    """Where there is no such list: a free path that only a good key may ask (GET)."""

    @property
    def base_url_variable(self) -> str:
        return f"IMGFORGE_{self.name.upper()}_BASE_URL"


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


class Provider:
    """One image service. A subclass in `providers/` gives `manifest`, `submit` and `parse`; the rest has defaults."""

    manifest: Manifest

    def submit(self, call: Call) -> Request | Work:
        """The request that buys the picture."""
        raise NotImplementedError

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        """Read a successful answer to a submit, or to the question `reply.operation` stands for.

        Raises:
            ForgeError: the answer is a refusal, or holds no image.
        """
        raise NotImplementedError

    def poll(self, operation: Operation, call: Call) -> Request:
        """The question that follows `operation`."""
        return Request(method="GET", target=operation.url)

    def cancel(self, operation: Operation, call: Call) -> Request | None:
        """How to call the work off upstream; None where the provider cannot."""
        if operation.cancel_url is None:
            return None
        return Request(method=operation.cancel_method, target=operation.cancel_url)

    def refusal(self, said: str = "") -> ContentRefused:
        """A recognised refusal; `said` are the provider's own words."""
        return ContentRefused(
            f"{self.manifest.title}'s safety system refused this prompt; change the prompt, another provider will not "
            "be tried.",
            provider=self.manifest.name,
            **quoted(said),
        )

    def listed_ids(self, reply: Reply) -> frozenset[str]:
        """The model ids in an answer to `manifest.listing`, in any of the usual shapes.

        Raises:
            BadReply: it holds none.
        """
        return ids_of(reply.body)

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """What a 4xx or 5xx answer means. Override to recognise a refusal, then fall back on this."""
        return failure_by_status(reply, error_text(reply.error_json()))


def failure_by_status(reply: Reply, text: str = "", *, retry_after: float | None = None) -> ForgeError:
    """The usual meaning of an HTTP status; `text` is the provider's own message, `retry_after` seconds it names in the
    body (the header is read by the runner). To a question about accepted work 404 and 410 are not a dead model, and a
    server's trouble says nothing about what became of the work."""
    status, said = reply.status, {"provider_status": reply.status, **quoted(text)}
    match status:
        case 401 | 403:
            return ProviderAuth("The provider rejected the key.", **said)
        case 402:
            return QuotaExceeded("The provider account is out of credit.", retry_after=retry_after, **said)
        case 404 | 410 if reply.operation is None:
            return ModelGone("The provider does not know this model any more.", **said)
        case 429:
            return RateLimited("The provider asked to slow down.", retry_after=retry_after, **said)
        case _ if status >= 500 and reply.operation is not None:
            return BadReply("The provider cannot tell what became of the accepted work; it may be billed.", **said)
        case _ if status >= 500 or status in (408, 425):
            return Unavailable("The provider is in trouble.", retry_after=retry_after, **said)
        case _:
            return Rejected("The provider did not accept the request.", **said)


def error_text(body: Json) -> str:
    """The message of an error body in any of the usual shapes: `error` or `detail` as object, string or list."""
    for key in ("error", "detail", "message", "errors"):
        match body.get(key):
            case str(text) if text:
                return text
            case {"message": str(text)}:
                return text
            case [{"message": str(text)} | {"msg": str(text)}, *_]:
                return text
            case [str(text), *_]:
                return text
    return ""


def quoted(text: str) -> Json:
    """A provider's words as an error detail: bounded, without control or format characters, marked by its name."""
    clean = "".join(character if character.isprintable() else " " for character in text[:2000])
    return {"provider_message": " ".join(clean.split())[:300]} if clean.strip() else {}


def ids_of(body: bytes) -> frozenset[str]:
    """The ids in a JSON list of models: bare, or under `data`, `models` or `result`; by `id` or by `name`.

    Raises:
        BadReply: there are none.
    """
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReply("The provider's list of models is not JSON.") from None
    if isinstance(decoded, dict):
        decoded = next((decoded[key] for key in ("data", "models", "result") if key in decoded), [])
    names = [item if isinstance(item, str) else item.get("name") or item.get("id") for item in _entries(decoded)]
    found = frozenset(name.removeprefix("models/") for name in names if isinstance(name, str) and name)
    if not found:
        raise BadReply("The provider's list of models is empty.")
    return found


def _entries(value: object) -> list[Any]:
    return [item for item in value if isinstance(item, str | dict)] if isinstance(value, list) else []


def decode_base64(text: object) -> bytes:
    """Bytes of a base64 string from a reply.

    Raises:
        BadReply: it is none.
    """
    if not isinstance(text, str) or not text:
        raise BadReply("The provider's answer holds no image.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # it may be broken into lines
        pass
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise BadReply("The provider's image is not valid base64.") from None


def listed(value: object) -> list[Json]:
    """The objects of a JSON list; anything else counts as an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
