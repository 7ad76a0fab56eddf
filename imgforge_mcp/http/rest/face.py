"""What the faces share: a table of routes, a request read by its own model, errors in the service's own shape."""

import base64
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import anyio
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base import kindly
from imgforge_mcp.base.errors import ForgeError, InvalidRequest, require
from imgforge_mcp.base.schemas import fields_of
from imgforge_mcp.base.types import Asset, Caller, ImageRequest, Job, JobState, Json
from imgforge_mcp.forge import Forge
from imgforge_mcp.http.access import CALLER, caller_in
from imgforge_mcp.http.answers import ErrorShape, Refused, answer, challenge, default_error, headers_of
from imgforge_mcp.presentation import asset_url

MAX_BODY = 24 * 1024 * 1024
"""Bytes of a request: a data URL of the largest picture that is taken."""
CLIENT_GONE = 499
"""What the access log says of a request whose client did not wait for the answer (nginx' word for it)."""
CONVERTER = re.compile(r":\w+\}")
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """A request in a service's own words. What the service does not know is passed over, and said in a header."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    @property
    def passed_over(self) -> list[str]:
        """What was said and does nothing."""
        return sorted(self.model_extra or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a face: who asks for what, and where our own addresses begin."""

    forge: Forge
    caller: Caller
    request: Request
    request_id: str
    base_url: str

    def url(self, asset: Asset) -> str:
        return asset_url(self.base_url, asset)

    def default_model(self, name: str) -> str | None:
        """The model that a service draws with if none is named; None, and the router picks, where no configured
        provider has it, or this caller chooses none."""
        return name if not self.caller.is_anonymous and self.forge.usable_names([name]) else None

    async def drawn(self, request: ImageRequest) -> Job:
        """The job when it has ended, however long that takes.

        Raises:
            ForgeError: what `submit` raises, or the error that the job ended with.
        """
        patience = self.forge.config.job_deadline
        job = await self.forge.generate(request, self.caller, self.request_id, wait_seconds=patience)
        if job.state is not JobState.COMPLETED:
            raise JobFailed(job)
        return job


class JobFailed(ForgeError):
    """A job ended without a picture; carries the job's own error."""

    def __init__(self, job: Job) -> None:
        error = job.error or {}
        retry = error.get("retry_after_seconds")
        message = error.get("error") or (
            "The job was canceled." if job.state is JobState.CANCELED else "The job is not done yet."
        )
        super().__init__(message, retry_after=retry, **{**error.get("details", {}), "job_id": job.job_id})
        self.job = job
        self.code = error.get("code", "internal")  # type: ignore[misc]
        self.status = error.get("status", 500)  # type: ignore[misc]


Handler = Callable[[Call, Any], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route: what it takes, what it answers, whether it wants a caller and which scope."""

    method: str
    path: str
    handle: Handler
    summary: str
    takes: type[Body] | None = None
    gives: Json = field(default_factory=dict)
    """The answer's JSON schema, for /openapi.json."""
    status: int = 200
    is_open: bool = False
    scope: str = "read"
    is_form: bool = False
    """Whether the body is a multipart form."""
    media_type: str = "application/json"

    @property
    def address(self) -> str:
        """The path as a reader has it: what kind of value a parameter takes is the router's own."""
        return CONVERTER.sub("}", self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One service: its name, its routes, and how it says what went wrong."""

    name: str
    title: str
    root: str
    """How the addresses begin that are its own: what is refused there is refused in its words."""
    endpoints: Sequence[Endpoint]
    error: ErrorShape


def error_shape(faces: Iterable[Face]) -> Callable[[str], ErrorShape]:
    """How the service to which a path belongs says what went wrong, for whoever refuses before it is asked."""
    known = sorted(((face.root, face.error) for face in faces), key=lambda each: -len(each[0]))
    return lambda path: next((error for root, error in known if path.startswith(root)), default_error)


def routes_of(face: Face, lazy: LazyForge, base_url: str) -> list[Route]:
    """Starlette's routes, one for each path with all its methods."""
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in face.endpoints:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    return [
        Route(
            path,
            endpoint=_served(face, {e.method: e for e in endpoints}, lazy, base_url),
            methods=[e.method for e in endpoints],
        )
        for path, endpoints in by_path.items()
    ]


def _served(
    face: Face, endpoints: dict[str, Endpoint], lazy: LazyForge, base_url: str
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        endpoint = endpoints["GET" if request.method == "HEAD" else request.method]
        request_id: str = request.scope["imgforge.request_id"]
        try:
            forge = await lazy.forge()
            caller = request.scope.get(CALLER) if endpoint.is_open else caller_in(request.scope)
            caller = caller or Caller()
            require(caller.scopes, endpoint.scope)
            call = Call(forge=forge, caller=caller, request=request, request_id=request_id, base_url=base_url)
            body = None if endpoint.takes is None else await _body(request, endpoint)
            response = await _unless_gone(request, endpoint.handle(call, body))
        except ForgeError as error:
            status, shown = face.error(error, request_id)
            return answer(shown, status, {**headers_of(error), **challenge(error, base_url)})
        if body is not None and (unread := body.passed_over):
            names = ", ".join([name for name in unread if name.isascii() and name.isprintable()][:20])
            response.headers["Warning"] = f'299 imgforge "ignored: {names[:500]}"'.replace("\\", "")
        return response

    return serve


async def _unless_gone(request: Request, handled: Awaitable[Response]) -> Response:
    """What the handler answers. It is called off when the client goes, for one that lost patience will ask again, as
    OpenAI's does by itself: its job then waits for it. Raises what the handler raises."""
    failure: ForgeError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_when_gone, request, tasks.cancel_scope)
        try:
            return await handled
        except ForgeError as error:
            failure = error
        finally:
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return Response(status_code=CLIENT_GONE)


async def _cancel_when_gone(request: Request, handling: anyio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    handling.cancel()


async def _body(request: Request, endpoint: Endpoint) -> Body:
    """The request's body as the endpoint's own model.

    Raises:
        InvalidRequest: it is none; names the field.
    """
    takes = cast("type[Body]", endpoint.takes)
    if endpoint.is_form:
        return validated(takes, await _form(request))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/json") and not kind.endswith("+json"):
        raise Refused(415, "The body must be JSON (Content-Type: application/json).")
    data = await _read(request)
    try:
        values = json.loads(data or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not valid JSON.", field="body") from None
    return body_of(takes, values)


def body_of(takes: type[Model], values: object) -> Model:
    """What was said, null counting as unsaid. Raises InvalidRequest."""
    if not isinstance(values, dict):
        raise InvalidRequest("The body must be a JSON object.", field="body")
    return validated(takes, {name: value for name, value in values.items() if value is not None})


def _no_constant(name: str) -> Any:
    raise ValueError(name)


async def _read(request: Request) -> bytes:
    """Raises Refused: more than a request may have."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise Refused(413, f"The body is larger than {MAX_BODY // 2**20} MiB.")
        chunks.append(chunk)
    return b"".join(chunks)


async def _form(request: Request) -> Json:
    """The fields of a multipart form; files as data URLs, several of one name as a list."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refused(415, "The body must be a form (Content-Type: multipart/form-data).")
    try:
        form = await request.form(max_files=20, max_fields=100, max_part_size=MAX_BODY)
    except HTTPException:
        raise InvalidRequest("The body is not a valid form.", field="body") from None
    try:
        return await _fields(form)
    finally:
        await form.close()


async def _fields(form: FormData) -> Json:
    values: Json = {}
    size = 0
    for name, value in form.multi_items():
        text = value
        if isinstance(value, UploadFile):
            data = await value.read()
            size += len(data)
            if size > MAX_BODY:
                raise Refused(413, f"The files are larger than {MAX_BODY // 2**20} MiB.")
            kind = (value.content_type or "image/png").split(";")[0]
            text = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
        key = name.removesuffix("[]")
        known = values.get(key)
        values[key] = text if known is None else [*(known if isinstance(known, list) else [known]), text]
    return values


def validated(model: type[Model], values: Json) -> Model:
    """Raises InvalidRequest: the first field that is wrong, with what it may be."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise kindly.refusal(error, fields_of(model)) from None


def image_request(**values: Any) -> ImageRequest:
    """The core's own request; None means: not said. Raises InvalidRequest."""
    return kindly.read(ImageRequest, {name: value for name, value in values.items() if value is not None})
