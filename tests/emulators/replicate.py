"""Replicate: replicate.com/docs/topics/predictions (2026), the models' input schemas, replicate 1.0.7 and 2.0.0b4."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tests.emulators._emulator import route
from tests.emulators._faults import Fault
from tests.emulators._picture import measured_url, ratio_size
from tests.emulators._queue import QueueEmulator, Work
from tests.emulators._wire import Answer, Call, Order, is_base64

RATIOS = {"1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"}
WIDE = RATIOS | {"21:9", "9:21"}
TO_MATCH = {"match_input_image"}
FORMATS = {"webp", "jpg", "png"}
COMMON = {"prompt", "aspect_ratio", "seed", "output_format", "safety_tolerance"}
SIZED = COMMON | {"width", "height", "output_quality"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A model's input as its page lists it; `inputs` names the field of reference images and how many it takes."""

    fields: set[str]
    ratios: set[str]
    formats: set[str]
    inputs: tuple[str, int] = ("", 0)
    is_list: bool = False


KONTEXT = Schema(
    fields=COMMON | {"input_image", "prompt_upsampling"},
    ratios=WIDE | TO_MATCH | {"2:1", "1:2"},
    formats={"jpg", "png"},
    inputs=("input_image", 1),
)
FLUX_2 = Schema(
    fields=SIZED | {"input_images", "resolution"},
    ratios=RATIOS | TO_MATCH | {"custom"},
    formats=FORMATS,
    inputs=("input_images", 8),
)
TOOL = Schema(fields={"image"}, ratios=set(), formats={"png"}, inputs=("image", 1))
"""What changes a picture without words."""
MODELS = {
    "recraft-ai/recraft-remove-background": TOOL,
    "recraft-ai/recraft-vectorize": TOOL,
    "recraft-ai/recraft-crisp-upscale": TOOL,
    "black-forest-labs/flux-schnell": Schema(
        fields={
            *("prompt", "aspect_ratio", "num_outputs", "num_inference_steps", "seed", "output_format"),
            *("output_quality", "disable_safety_checker", "go_fast", "megapixels"),
        },
        ratios=WIDE,
        formats=FORMATS,
        is_list=True,
    ),
    "black-forest-labs/flux-1.1-pro": Schema(
        fields=SIZED | {"image_prompt", "prompt_upsampling"},
        ratios=RATIOS | {"custom"},
        formats=FORMATS,
    ),
    "black-forest-labs/flux-1.1-pro-ultra": Schema(
        fields=COMMON | {"image_prompt", "image_prompt_strength", "raw"}, ratios=WIDE, formats={"jpg", "png"}
    ),
    "black-forest-labs/flux-dev": Schema(
        fields={
            *("prompt", "aspect_ratio", "num_outputs", "num_inference_steps", "seed", "output_format", "guidance"),
            *("output_quality", "disable_safety_checker", "go_fast", "megapixels", "image", "prompt_strength"),
        },
        ratios=WIDE,
        formats=FORMATS,
        is_list=True,
    ),
    "black-forest-labs/flux-2-max": FLUX_2,
    "black-forest-labs/flux-3-image": Schema(
        fields={"prompt", "images", "aspect_ratio", "resolution", "grounding", "safety_tolerance"},
        ratios=WIDE | {"auto", "2:1", "1:2", "7:5", "5:7"},
        formats={"png"},
        inputs=("images", 10),
    ),
    "black-forest-labs/flux-kontext-pro": KONTEXT,
    "black-forest-labs/flux-kontext-max": KONTEXT,
    "black-forest-labs/flux-2-pro": FLUX_2,
    "black-forest-labs/flux-2-flex": replace(
        FLUX_2, fields=FLUX_2.fields | {"steps", "guidance", "prompt_upsampling"}, inputs=("input_images", 10)
    ),
}
LIMITS = {"num_outputs": (1, 4), "num_inference_steps": (1, 50), "safety_tolerance": (0, 6), "output_quality": (0, 100)}
ENVELOPE = {"input", "webhook", "webhook_events_filter", "stream"}
ERRORS = {
    "400": (422, "Input validation failed", "- input: prompt is required"),
    "401": (401, "Unauthenticated", "You did not pass a valid authentication token"),
    "402": (402, "Insufficient credit", "You have insufficient credit to run this model."),
    "403": (403, "Forbidden", "You do not have permission to run this model."),
    "404": (404, "Not found", "The requested resource could not be found."),
    "429": (429, "Too many requests", "Request was throttled. Your rate limit resets in ~30s."),
    "500": (500, "Internal server error", "An internal error occurred."),
    "503": (503, "Service unavailable", "The service is temporarily unavailable."),
}
# What failed predictions have been seen to say; the documentation gives no wording.
REFUSALS = {
    "nsfw": "NSFW content detected. Try running it again, or try a different prompt.",
    "flagged": "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
}


class Replicate(QueueEmulator):
    """A prediction is created, asked for by its URL and can be canceled; a refusal is a prediction that failed."""

    name = "replicate"
    key_variable = "REPLICATE_API_TOKEN"
    refusals: ClassVar[tuple[str, ...]] = tuple(REFUSALS)
    accepts_with: ClassVar[int] = 201

    def failure(self, kind: str, message: str = "") -> Answer:
        """RFC 7807, without a type."""
        status, title, detail = ERRORS[kind]
        return Answer(
            status,
            {"title": title, "detail": message or detail, "status": status},
            media="application/problem+json; charset=utf-8",
        )

    def with_delay(self, answer: Answer, seconds: float) -> Answer:
        """In the header, and in words."""
        told = super().with_delay(answer, seconds)
        if answer.status != 429:
            return told
        detail = f"Request was throttled. Your rate limit resets in ~{seconds:g}s."
        return replace(told, content={**told.content, "detail": detail})

    def refuse(self, name: str, call: Call) -> Answer:
        """A prediction that failed, told with HTTP 200."""
        refused = {"id": "refused", "model": "", "version": "hidden", "status": "failed", "error": REFUSALS[name]}
        return Answer(200, {**refused, "input": {}, "output": None, "logs": "", "urls": {}})

    @route("POST", "/v1/models/{owner}/{name}/predictions", phase="submit")
    def run_official(self, call: Call, owner: str, name: str) -> Order:
        """An official model, by its name."""
        return self._order(f"{owner}/{name}", self.expect(call, ENVELOPE))

    @route("POST", "/v1/predictions", phase="submit")
    def run_version(self, call: Call) -> Order:
        """A version: its hash, `owner/name:hash` or, for official models, `owner/name`."""
        body = self.expect(call, ENVELOPE | {"version"})
        name, _, digest = str(body.get("version", "")).rpartition(":")
        return self._order(name or (digest if "/" in digest else "black-forest-labs/flux-schnell"), body)

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """With `Prefer: wait` work of one poll is done at once; longer work is answered as it starts."""
        super().finish(call, order, fault)
        work = self.work[order.identifier]
        if call.headers.get("prefer", "").startswith("wait") and work.polls_left <= 1:
            work.polls_left = -1
        prediction = self._prediction(call, work)
        return Answer(201, prediction, headers={"Location": prediction["urls"]["get"]})

    def accepted(self, call: Call, order: Order) -> dict[str, Any]:
        """The prediction itself, as it starts."""
        return self._prediction(call, self.work[order.identifier])

    def pending(self, work: Work | None, call: Call) -> Answer:
        """Starting at first, then processing."""
        if work is None:
            return Answer(200, {"id": _identifier(call), "status": "processing", "output": None, "error": None})
        return Answer(200, self._prediction(call, work))

    @route("GET", "/v1/predictions/{identifier}", phase="poll")
    def poll(self, call: Call, identifier: str) -> Answer:
        """The prediction as it stands."""
        work = self._work(identifier)
        work.look()
        return Answer(200, self._prediction(call, work))

    @route("POST", "/v1/predictions/{identifier}/cancel", phase="cancel")
    def cancel(self, call: Call, identifier: str) -> Answer:
        """The prediction, canceled unless it was over."""
        work = self._work(identifier)
        if work.polls_left >= 0:
            work.is_canceled, work.polls_left = True, -1
        return Answer(200, self._prediction(call, work))

    @route("GET", "/v1/models/{owner}/{name}")
    def model(self, call: Call, owner: str, name: str) -> Answer:
        """One model."""
        if f"{owner}/{name}" not in MODELS:
            raise self.decline("404")
        return Answer(200, _model(f"{owner}/{name}"))

    @route("GET", "/v1/models")
    def models(self, call: Call) -> Answer:
        """A page of public models."""
        return Answer(200, {"next": None, "previous": None, "results": [_model(each) for each in MODELS]})

    @route("GET", "/v1/account")
    def account(self, call: Call) -> Answer:
        """Whose token it is."""
        return Answer(200, {"type": "user", "username": "emulated", "name": "Emulated", "github_url": ""})

    def _order(self, model: str, body: Mapping[str, Any]) -> Order:
        schema, given = MODELS.get(model), body.get("input")
        if schema is None:
            raise self.decline("404")
        if not isinstance(given, dict):
            raise self.decline("400", "- input is required")
        self._check(schema, given)
        if schema is TOOL:
            return self._tool(model, given)
        ratio = given.get("aspect_ratio", "1:1")
        width, height = ratio_size(ratio if ":" in ratio else "1:1")
        default = "jpg" if "webp" not in schema.formats else "webp"
        kind = str(given.get("output_format", default))
        return Order(
            model=model,
            prompt=given["prompt"],
            width=given.get("width", 1024) if ratio == "custom" else width,
            height=given.get("height", 1024) if ratio == "custom" else height,
            number=given.get("num_outputs", 1),
            seed=given.get("seed"),
            media=f"image/{'jpeg' if kind == 'jpg' else kind}",
            body=given,
        )

    def _tool(self, model: str, given: Mapping[str, Any]) -> Order:
        width, height = measured_url(given["image"])
        factor = 4 if model.endswith("upscale") else 1
        return Order(
            model=model,
            prompt="",
            width=width * factor,
            height=height * factor,
            media="image/svg+xml" if model.endswith("vectorize") else "image/png",
            alpha=model.endswith("background"),
            body=given,
        )

    def _check(self, schema: Schema, given: Mapping[str, Any]) -> None:
        for name in sorted(given.keys() - schema.fields):
            self.log.surprise(f"input.{name} is not in the model's schema")
        if schema is TOOL and "image" not in given:
            raise self.decline("400", "- input: image is required")
        if schema is not TOOL and (not isinstance(given.get("prompt"), str) or not given["prompt"]):
            raise self.decline("400")
        for name, values in (("aspect_ratio", schema.ratios), ("output_format", schema.formats)):
            if name in given and given[name] not in values:
                raise self.decline("400", f'- input.{name}: {name} must be one of the following: "{sorted(values)}"')
        for name, (least, most) in LIMITS.items():
            if name in given and given[name] not in range(least, most + 1):
                raise self.decline("400", f"- input.{name}: Must be between {least} and {most}")
        name, most = schema.inputs
        images = given.get(name, [])
        images = images if isinstance(images, list) else [images]
        if len(images) > max(most, 1) or not all(_is_uri(each) for each in images):
            raise self.decline("400", f"- input.{name}: Does not match format 'uri'")

    def _work(self, identifier: str) -> Work:
        if identifier not in self.work:
            raise self.decline("404", "Prediction not found")
        return self.work[identifier]

    def _prediction(self, call: Call, work: Work) -> dict[str, Any]:
        order, url = work.order, f"{call.base}/v1/predictions/{work.order.identifier}"
        is_over, is_refused = work.polls_left < 0, bool(work.refusal)
        status = "processing" if work.polls_left < self.polls else "starting"
        if is_over:
            status = "canceled" if work.is_canceled else "failed" if is_refused else "succeeded"
        urls = [self.publish(call, each) for each in work.pictures] if status == "succeeded" else []
        return {
            "id": order.identifier,
            "model": order.model,
            "version": "hidden",
            "input": dict(order.body),
            "output": (urls if MODELS[order.model].is_list else next(iter(urls), None)) if urls else None,
            "status": status,
            "error": REFUSALS[work.refusal] if status == "failed" else None,
            "logs": "",
            "metrics": {"predict_time": 1.5, "total_time": 1.6} if is_over else {},
            "data_removed": False,
            "created_at": "2026-11-21T12:00:00.000Z",
            "started_at": "2026-11-21T12:00:00.100Z",
            "completed_at": "2026-11-21T12:00:01.600Z" if is_over else None,
            "urls": {"get": url, "cancel": f"{url}/cancel", "web": f"https://replicate.com/p/{order.identifier}"},
        }


def _is_uri(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return value.startswith(("http://", "https://")) or (value.startswith("data:") and is_base64(value))


def _identifier(call: Call) -> str:
    return call.path.rpartition("/")[2]


def _model(name: str) -> dict[str, Any]:
    owner, _, short = name.partition("/")
    about = {"url": f"https://replicate.com/{name}", "owner": owner, "name": short, "description": "", "run_count": 1}
    version = {"id": "hidden", "created_at": "2026-01-01T00:00:00Z", "cog_version": "0.16", "openapi_schema": {}}
    return {**about, "visibility": "public", "default_example": None, "latest_version": version}
