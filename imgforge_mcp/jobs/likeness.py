"""A request that is exactly like an earlier job's but for what is said anew. Pure."""

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import AS_BEFORE, ImageRequest, Job, Json

OWN = frozenset(
    {"idempotency_key", "sync", "save_to", "confirm_cost_usd", "metadata", "template", "like", "webhook_url", "urgency"}
)
"""What belongs to one call alone. (A template's words are in the prompt already.)"""
SIZES = frozenset({"width", "height", "aspect_ratio", "image_size"})
REFERENCES = frozenset({"reference", "kept"})
ROUTES = frozenset({"quality_tier", "model", "provider"})
"""What says who makes it: said anew, all of it is."""


def alike(request: ImageRequest, job: Job, number: int | None) -> ImageRequest:
    """The request with the job's settings, seed and inputs wherever it says nothing itself. `number` is that of the
    picture that is meant, where one is.

    Raises:
        InvalidRequest: the job has no picture of that number, or none to change.
    """
    said = {name: getattr(request, name) for name in request.model_fields_set}
    if said.get("prompt") == AS_BEFORE:
        del said["prompt"]
    if said.get("input_images") == [AS_BEFORE] and job.request.is_edit:
        del said["input_images"]
    before = {
        name: value
        for name, field in ImageRequest.model_fields.items()
        if (value := getattr(job.request, name)) != field.default and not {name} & (OWN | said.keys())
    }
    if {"reference", "input_images"} & said.keys():
        before = _without_kept(before, job, is_named_anew="reference" in said)
    if SIZES & said.keys():
        before = {name: value for name, value in before.items() if name not in SIZES}
    if ROUTES & said.keys():
        before = {name: value for name, value in before.items() if name not in ROUTES}
    else:
        before |= _made_by(job) | _seeded(request, job, number)
    if number is not None and "n" not in said:
        before["n"] = 1
    if "prompt" in said:
        before.pop("transform", None)
    if "input_images" in said:
        before.pop("mask", None)
        said["input_images"] = [_first(job, number) if text == AS_BEFORE else text for text in said["input_images"]]
    return ImageRequest.model_validate({**before, **said})


def _without_kept(before: Json, job: Job, *, is_named_anew: bool) -> Json:
    """Before, without the pictures of its kept references: they are looked up again, or others are."""
    gone = REFERENCES if is_named_anew else {"kept"}
    rest = {name: value for name, value in before.items() if name not in gone}
    own = (job.request.input_images or [])[: len(job.request.input_images or []) - job.request.kept_pictures]
    if "input_images" in rest:
        rest["input_images"] = own or None
    return rest


def _made_by(job: Job) -> dict[str, object]:
    """The very model that made it."""
    if job.provider is None or job.model is None or job.request.transform is not None:
        return {}
    return {"model": f"{job.provider}/{job.model}", "provider": None}


def _seeded(request: ImageRequest, job: Job, number: int | None) -> dict[str, object]:
    if request.seed is not None or (number is None and job.request.seed is not None):
        return {}
    if number is not None and number > len(job.assets):
        count = f"{len(job.assets)} image{'' if len(job.assets) == 1 else 's'}"
        raise InvalidRequest(f"Job {job.job_id} has {count}; there is no #{number}.", field="like")
    seed = job.assets[(number or 1) - 1].seed if job.assets else None
    return {} if seed is None else {"seed": seed}


def _first(job: Job, number: int | None) -> str:
    """What an edit changes where it says nothing: what the job changed, else what it made."""
    if job.request.is_edit and job.request.input_images:
        return job.request.input_images[0]
    if not job.assets:
        raise InvalidRequest(f"Job {job.job_id} has no image to change; give one as image.", field="image")
    return job.assets[min(number or 1, len(job.assets)) - 1].asset_id
