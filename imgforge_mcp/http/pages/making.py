"""From what a person fills in to a request: new pictures, edits, variations, the same again with another model, and
what is done to a picture without a prompt."""

import base64
from collections.abc import Sequence

from starlette.datastructures import FormData, UploadFile

from imgforge_mcp.base import kindly
from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import ImageRequest, Job, Json, Transform

FIELDS = ("prompt", "quality_tier", "model", "provider", "size", "n", "seed", "negative_prompt", "project_id", "style")
CHANGES = ("operation", "scale", "size", "format")
MAX_FILES = 14
MAX_BYTES = 20 * 1024 * 1024


async def request_of(form: FormData, base: Job | None = None) -> ImageRequest:
    """What a form asks for; with `action` again or vary, the request of the job that it starts from, with edit or
    transform one of its pictures.

    Raises:
        InvalidRequest: a field is wrong, or the files are too large.
    """
    given = _said(form, FIELDS)
    match form.get("action"):
        case "vary" if base is not None:
            return _again(base, {"seed": None})
        case "again" if base is not None:
            return _again(
                base, {"model": given.get("model"), "provider": None, "quality_tier": given.get("quality_tier")}
            )
        case "edit" if base is not None:
            return kindly.read(ImageRequest, given | _of_picture(form, base))
        case "transform" if base is not None:
            wanted = kindly.read(Transform, _said(form, CHANGES))
            return kindly.read(ImageRequest, {"prompt": wanted.words, "transform": wanted, **_of_picture(form, base)})
    files = await _files(form)
    return kindly.read(ImageRequest, given | ({"input_images": files} if files else {}))


def _said(form: FormData, names: Sequence[str]) -> Json:
    return {name: text for name in names if isinstance(text := form.get(name), str) and text.strip()}


def _of_picture(form: FormData, base: Job) -> Json:
    """That one picture of a job is to be changed, within the job's project."""
    number = str(form.get("picture", "1"))
    picture = f"{base.job_id}#{number}" if number.isdigit() else base.job_id
    kept = base.request.project_id
    return {"input_images": [picture], "is_edit": True, **({"project_id": kept} if kept else {})}


def _again(base: Job, changed: Json) -> ImageRequest:
    left_out = {"idempotency_key", "save_to", "sync", "confirm_cost_usd", *changed}
    kept = base.request.model_dump(mode="json", exclude_none=True, exclude=left_out)
    return kindly.read(ImageRequest, kept | {name: value for name, value in changed.items() if value is not None})


async def _files(form: FormData) -> list[str]:
    """Uploaded pictures as data URLs; what they are is decided by their bytes, never by what the form claims."""
    found: list[str] = []
    size = 0
    for value in form.getlist("references"):
        if not isinstance(value, UploadFile) or not value.size:
            continue
        data = await value.read()
        size += len(data)
        if size > MAX_BYTES or len(found) == MAX_FILES:
            raise InvalidRequest(
                f"Reference pictures: at most {MAX_FILES}, of {MAX_BYTES // 2**20} MiB together.", field="references"
            )
        found.append(f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}")
    return found
