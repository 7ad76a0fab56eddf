"""What crosses the wire: the call that arrived, the answer that goes back, and what a paid call ordered."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file part of a multipart body."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived; `json` is None and `form` empty where the body was something else."""

    number: int
    method: str
    path: str
    raw_path: str
    base: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    json: Any = None
    form: Mapping[str, list[str | Upload]] = field(default_factory=dict)

    @property
    def media(self) -> str:
        """The declared content type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def fields(self) -> dict[str, Any]:
        """The body's fields: a JSON object, or the text parts of a form."""
        if isinstance(self.json, dict):
            return self.json
        return {name: values[0] for name, values in self.form.items() if isinstance(values[0], str)}

    @property
    def uploads(self) -> dict[str, list[Upload]]:
        """The file parts of a form, by part name."""
        found = {name: [each for each in values if isinstance(each, Upload)] for name, values in self.form.items()}
        return {name: files for name, files in found.items() if files}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a paid call asked for, as the provider understands it; `body` holds every field that came with it."""

    model: str
    prompt: str
    width: int = 1024
    height: int = 1024
    number: int = 1
    seed: int | None = None
    media: str = "image/png"
    alpha: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)
    identifier: str = ""
    share: float = 1.0
    """What of the usual price is charged."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content and headers; content other than bytes goes out as JSON."""

    status: int
    content: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = ""

    @property
    def body(self) -> bytes:
        """The bytes that go on the wire."""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()

    def raw_headers(self, length: int) -> list[tuple[bytes, bytes]]:
        """Headers as ASGI wants them, always with a Content-Length."""
        media = self.media or ("application/octet-stream" if isinstance(self.content, bytes) else JSON_TYPE)
        named = {"content-type": media, "content-length": str(length), **self.headers}
        return [(name.lower().encode(), value.encode()) for name, value in named.items()]


class Declined(Exception):
    """Raised by a provider's checks: the call is answered with this and no work is done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def is_base64(text: Any) -> bool:
    """Whether it is base64, in either alphabet, bare or as a data URL."""
    try:
        bare = str(text).partition(";base64,")[2] or str(text)
        return bool(base64.b64decode(bare.translate(str.maketrans("-_", "+/")), validate=True))
    except ValueError:
        return False


async def read(request: Request, number: int) -> Call:
    """Read a request to its end and decode the body where its type says how."""
    body = await request.body()
    return Call(
        number=number,
        method=request.method,
        path=request.scope["path"],
        raw_path=(request.scope.get("raw_path") or b"").decode("latin-1"),
        base=f"http://{request.headers.get('host', 'localhost')}",
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        json=_decoded(body, request.headers.get("content-type", "")),
        form=await _form(request),
    )


def _decoded(body: bytes, content_type: str) -> Any:
    if not body or "multipart" in content_type:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


async def _form(request: Request) -> dict[str, list[str | Upload]]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return {}
    parts: dict[str, list[str | Upload]] = {}
    async with request.form() as form:
        for name, value in form.multi_items():
            parts.setdefault(name, []).append(await _part(value))
    return parts


async def _part(value: UploadFile | str) -> str | Upload:
    if isinstance(value, str):
        return value
    return Upload(filename=value.filename or "", content_type=value.content_type or "", data=await value.read())
