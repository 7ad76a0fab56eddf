"""Black Forest Labs: api.bfl.ai/openapi.json (2026-04-23), docs.bfl.ml errors page, blackforest 0.1.3;
FLUX 3 Image as docs.comfy.org has it (2026-11)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators._emulator import route
from tests.emulators._picture import measured_url, ratio_size
from tests.emulators._queue import QueueEmulator, Work
from tests.emulators._wire import Answer, Call, Order, is_base64

COMMON = {"prompt", "seed", "safety_tolerance", "output_format", "webhook_url", "webhook_secret"}
SIZED = COMMON | {"width", "height"}
TUNED = {"steps", "guidance", "prompt_upsampling"}
REDUX = SIZED | {"image_prompt", "prompt_upsampling"}
FILL = COMMON | TUNED | {"image"}


def _inputs(number: int) -> set[str]:
    return {"input_image", *(f"input_image_{index}" for index in range(2, number + 1))}


FLUX_2 = SIZED | _inputs(8)
KONTEXT = COMMON | _inputs(4) | {"aspect_ratio", "prompt_upsampling"}
FLUX_3 = {"prompt", "images", "aspect_ratio", "resolution", "grounding", "safety_tolerance", "version"}
RESOLUTIONS = {"768": 0.75, "1k": 1.0, "1.5k": 1.5, "2k": 2.0, "4k": 4.0}
# Model: documented fields and the price of a picture in credits.
MODELS: dict[str, tuple[set[str], float]] = {
    "flux-2-pro": (FLUX_2, 3.0),
    "flux-2-pro-preview": (FLUX_2, 3.0),
    "flux-2-max": (FLUX_2, 7.0),
    "flux-2-flex": (FLUX_2 | TUNED | {"input_image_blob_path"}, 5.0),
    "flux-2-klein-4b": (SIZED | _inputs(4), 1.4),
    "flux-2-klein-9b": (SIZED | _inputs(4), 1.5),
    "flux-2-klein-9b-preview": (SIZED | _inputs(4), 1.5),
    "flux-3-image": (FLUX_3, 4.8),
    "flux-pro-1.1": (REDUX, 4.0),
    "flux-dev": (REDUX | TUNED, 2.5),
    "flux-pro-1.1-ultra": (COMMON | {"aspect_ratio", "raw", "image_prompt", "image_prompt_strength"}, 6.0),
    "flux-kontext-pro": (KONTEXT, 4.0),
    "flux-kontext-max": (KONTEXT, 8.0),
    "flux-pro-1.0-fill": (FILL | {"mask"}, 5.0),
    "flux-pro-1.0-expand": (FILL | {"top", "bottom", "left", "right"}, 5.0),
}
# A wrong key is told with 403; the documentation lists no 401.
ERRORS = {
    "401": (403, "Not authenticated - Invalid Authentication"),
    "402": (402, "Insufficient credits"),
    "403": (403, "Your key may not use this resource"),
    "404": (404, "Not Found"),
    "429": (429, "Too many active tasks"),
    "500": (500, "Internal Server Error"),
    "503": (503, "Service Unavailable"),
}
REFUSALS = {"request_moderated": "Request Moderated", "content_moderated": "Content Moderated"}


class BlackForestLabs(QueueEmulator):
    """Submit, poll the URL that was handed out, download from a signed URL that needs no key."""

    name = "bfl"
    key_variable = "BFL_API_KEY"
    key_header = "x-key"
    key_prefix = ""
    refusals: ClassVar[tuple[str, ...]] = tuple(REFUSALS)

    def failure(self, kind: str, message: str = "") -> Answer:
        """FastAPI's validation list for a bad request, else a plain detail."""
        if kind == "400":
            text = message or "Input should be a valid string"
            return Answer(422, {"detail": [{"loc": ["body", "prompt"], "msg": text, "type": "value_error"}]})
        status, text = ERRORS[kind]
        return Answer(status, {"detail": message or text})

    def refuse(self, name: str, call: Call) -> Answer:
        """A status among others, with HTTP 200."""
        reasons = {"Moderation Reasons": ["Safety Filter"]}
        return Answer(200, {**_status(call.query.get("id", ""), REFUSALS[name]), "details": reasons})

    @route("POST", "/v1/{model}", phase="submit")
    def submit(self, call: Call, model: str) -> Order:
        """Check the fields against the model's schema."""
        if model not in MODELS:
            raise self.decline("404")
        body = self.expect(call, MODELS[model][0])
        needs_none = ("flux-pro-1.1", "flux-dev", "flux-pro-1.0-expand")
        if call.form or (not body.get("prompt") and model not in needs_none):
            raise self.decline("400", "Field required")
        width, height = self._size(model, body)
        self._check_ranges(model, body)
        default = "png" if "kontext" in model else "jpeg"
        return Order(
            model=model,
            prompt=body.get("prompt") or "",
            width=width,
            height=height,
            seed=body.get("seed"),
            media=f"image/{body.get('output_format') or default}",
            body=body,
        )

    def accepted(self, call: Call, order: Order) -> dict[str, Any]:
        """The task, its price and where to ask."""
        url = f"{call.base}/v1/get_result?id={order.identifier}"
        cost, size = MODELS[order.model][1], round(order.width * order.height / 1e6, 2)
        return {"id": order.identifier, "polling_url": url, "cost": cost, "input_mp": 0.0, "output_mp": size}

    def pending(self, work: Work | None, call: Call) -> Answer:
        """Still at it."""
        return Answer(200, {**_status(call.query.get("id", ""), "Pending"), "progress": 0.5})

    @route("GET", "/v1/get_result", phase="poll")
    def poll(self, call: Call) -> Answer:
        """One of six statuses, always with HTTP 200."""
        identifier = call.query.get("id", "")
        work = self.work.get(identifier)
        if work is None:
            return Answer(200, _status(identifier, "Task not found"))
        if not work.look():
            return self.pending(work, call)
        if work.refusal:
            return self.refuse(work.refusal, call)
        result: dict[str, Any] = {"prompt": work.order.prompt, "seed": work.order.seed or 1, "duration": 2.5}
        if work.pictures:
            result["sample"] = self.publish(call, work.pictures[0])
        return Answer(200, {**_status(identifier, "Ready"), "result": result})

    @route("GET", "/v1/credits")
    def credits(self, call: Call) -> Answer:
        """What is left on the account."""
        return Answer(200, {"credits": 1000.0})

    def _size(self, model: str, body: Mapping[str, Any]) -> tuple[int, int]:
        if model == "flux-pro-1.0-expand":
            edges = {name: body.get(name, 0) for name in ("left", "right", "top", "bottom")}
            if not body.get("image") or not all(0 <= edge <= 2048 for edge in edges.values()):
                raise self.decline("400", "image is required, and edges from 0 to 2048")
            width, height = measured_url(body["image"])
            return width + edges["left"] + edges["right"], height + edges["top"] + edges["bottom"]
        if model == "flux-3-image":
            factor = RESOLUTIONS.get(body.get("resolution", "1k"))
            ratio = body.get("aspect_ratio", "auto")
            if factor is None:
                raise self.decline("400", f"resolution must be one of {', '.join(RESOLUTIONS)}")
            width, height = ratio_size("1:1" if ratio == "auto" else ratio)
            return round(width * factor), round(height * factor)
        if "kontext" in model or "ultra" in model:
            return ratio_size(body.get("aspect_ratio") or ("16:9" if "ultra" in model else "1:1"))
        step, low, high = (16, 64, 4096) if "flux-2" in model else (32, 256, 1440)
        default = (1024, 1024) if "flux-2" in model else (1024, 768)
        width, height = (body.get(name, size) for name, size in zip(("width", "height"), default, strict=True))
        if any(not isinstance(side, int) or side % step or not low <= side <= high for side in (width, height)):
            raise self.decline("400", f"width and height must be multiples of {step} from {low} to {high}")
        if width * height > 4_194_304:
            raise self.decline("400", "at most 4 megapixels")
        return width, height

    def _check_ranges(self, model: str, body: Mapping[str, Any]) -> None:
        if body.get("output_format") not in (None, "jpeg", "png", "webp"):
            raise self.decline("400", "Input should be 'jpeg', 'png' or 'webp'")
        if body.get("safety_tolerance", 2) not in range(6 if "flux-2" in model else 7):
            raise self.decline("400", "safety_tolerance is out of range")
        for image in body.get("images") or []:
            if not str(image).startswith(("http://", "https://")) and not is_base64(image):
                raise self.decline("400", "images holds what is neither a URL nor base64")
        for name in {*_inputs(8), "image", "mask", "image_prompt"} & {name for name, value in body.items() if value}:
            if not str(body[name]).startswith(("http://", "https://")) and not is_base64(body[name]):
                raise self.decline("400", f"{name} is neither a URL nor base64")


def _status(identifier: str, status: str) -> dict[str, Any]:
    return {"id": identifier, "status": status, "result": None, "progress": None, "details": None, "preview": None}
