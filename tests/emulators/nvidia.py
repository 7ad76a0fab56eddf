"""NVIDIA NIM: docs.api.nvidia.com pages of the visual models (2026), docs.nvidia.com/nim, NVIDIA's ComfyUI nodes."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, black, ratio_size
from tests.emulators._wire import Answer, Call, Order

FLUX = {"prompt", "width", "height", "cfg_scale", "steps", "seed", "samples", "mode"}
SD3 = {"prompt", "aspect_ratio", "cfg_scale", "mode", "model", "negative_prompt", "output_format", "seed", "steps"}
RATIOS = {"1:1", "16:9", "9:16", "5:4", "4:5", "3:2", "2:3"}
NIM_SIDES = set(range(672, 1569, 32))
EXAMPLES = {f"data:image/png;example_id,{number}" for number in range(4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a model's page allows."""

    fields: set[str]
    steps: tuple[int, int]
    most_scale: float
    modes: set[str]


MODELS = {
    "black-forest-labs/flux.1-schnell": Page(fields=FLUX, steps=(1, 4), most_scale=0, modes={"base"}),
    "black-forest-labs/flux.1-dev": Page(
        fields=FLUX | {"image"}, steps=(5, 100), most_scale=9, modes={"base", "canny", "depth"}
    ),
    "black-forest-labs/flux.1-kontext-dev": Page(
        fields=FLUX - {"width", "height", "mode"} | {"image", "aspect_ratio"},
        steps=(5, 100),
        most_scale=9,
        modes=set(),
    ),
    "black-forest-labs/flux.2-klein-4b": Page(
        fields=FLUX | {"image"}, steps=(1, 4), most_scale=0, modes={"Image Generation", "Image Editing"}
    ),
    # The larger model's page is not known; it is taken to be like the other.
    "stabilityai/stable-diffusion-3_5-large": Page(fields=SD3, steps=(5, 100), most_scale=9, modes={"text-to-image"}),
    "stabilityai/stable-diffusion-3-medium": Page(fields=SD3, steps=(5, 100), most_scale=9, modes={"text-to-image"}),
}
RETIRED = {"stabilityai/sdxl-turbo", "stabilityai/stable-diffusion-xl"}
PROBLEMS = {
    "401": (401, "Unauthorized", "Authentication failed"),
    "402": (402, "Payment Required", "Cloud credits expired - Please contact NVIDIA representatives"),
    "403": (403, "Forbidden", "Authorization failed"),
    "404": (404, "Not Found", "Function 'emulated': Not found for account 'emulated'"),
    "410": (410, "Gone", "The model reached its end of life on 2026-06-30."),
    "429": (429, "Too Many Requests", "Too many requests"),
    "500": (500, "Internal Server Error", "Inference error"),
    "503": (503, "Service Unavailable", "Worker degraded"),
}


class Nvidia(Emulator):
    """Hosted: one route per model, JPEG in artifacts. Self-hosted: /v1/infer without a key."""

    name = "nvidia"
    key_variable = "NVIDIA_API_KEY"
    refusals: ClassVar[tuple[str, ...]] = ("content_filtered", "black_image")

    def failure(self, kind: str, message: str = "") -> Answer:
        """FastAPI's list for a bad request, else problem+json."""
        if kind == "400":
            error = {"loc": ["body", "prompt"], "msg": message or "Field required", "type": "value_error"}
            return Answer(422, {"detail": [error]})
        status, title, detail = PROBLEMS[kind]
        problem = {"type": "about:blank", "title": title, "status": status, "detail": message or detail}
        return Answer(status, problem, media="application/problem+json")

    def refuse(self, name: str, call: Call) -> Answer:
        """A 200 whose artifact is empty or black, and says why."""
        data = black(512, 512).data if name == "black_image" else b""
        artifact = {"base64": base64.b64encode(data).decode(), "finishReason": "CONTENT_FILTERED", "seed": 1}
        return Answer(200, {"artifacts": [artifact]})

    @route("POST", "/v1/genai/{vendor}/{model}", phase="submit")
    def generate(self, call: Call, vendor: str, model: str) -> Order:
        """A model of the hosted catalogue."""
        identifier = f"{vendor}/{model}"
        if identifier in RETIRED:
            raise self.decline("410")
        page = MODELS.get(identifier)
        if page is None:
            raise self.decline("404")
        body = self.expect(call, page.fields)
        self._check(page, body, hosted=True)
        for name in ("width", "height"):
            if body.get(name, 1024) != 1024:
                raise self.decline("400", f"{name}: only 1024 is supported")
        if "image" in body and body["image"] not in EXAMPLES:
            raise self.decline("400", "image: the preview takes only its own examples")
        return self._order(identifier, body)

    @route("POST", "/v1/infer", phase="submit", keyed=False)
    def infer(self, call: Call) -> Order:
        """A container of one's own: sizes, pictures of one's own and the older `text_prompts`."""
        body = dict(self.expect(call, FLUX | SD3 | {"image", "text_prompts"}))
        prompts = body.pop("text_prompts", [])
        if prompts:
            body["prompt"] = prompts[0].get("text")
        self._check(MODELS["black-forest-labs/flux.1-dev"], body, hosted=False)
        if not {body.get("width", 1024), body.get("height", 1024)} <= NIM_SIDES:
            raise self.decline("400", "width and height: from 672 to 1568, in steps of 32")
        return self._order("nim", body)

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Artifacts; the SD3 pages answer with a single bare one."""
        encoded = [base64.b64encode(each.data).decode() for each in pictures]
        seed = order.seed or 1_234_567
        if order.model.endswith("stable-diffusion-3-medium"):
            image = next(iter(encoded), "")
            return Answer(200, {"image": image, "finish_reason": "SUCCESS", "seed": seed})
        artifacts = [{"base64": each, "finishReason": "SUCCESS", "seed": seed} for each in encoded]
        return Answer(200, {"artifacts": artifacts})

    @route("GET", "/v1/health/ready", keyed=False)
    def ready(self, call: Call) -> Answer:
        """A container's readiness."""
        return Answer(200, {"object": "health.response", "message": "ready", "status": "ready"})

    @route("GET", "/v1/health/live", keyed=False)
    def live(self, call: Call) -> Answer:
        """A container's liveness."""
        return Answer(200, {"object": "health.response", "message": "live", "status": "live"})

    def _order(self, model: str, body: Mapping[str, Any]) -> Order:
        width, height = ratio_size(body["aspect_ratio"]) if "aspect_ratio" in body else (1024, 1024)
        return Order(
            model=model,
            prompt=body["prompt"],
            width=body.get("width", width),
            height=body.get("height", height),
            # 0 asks for a random one.
            seed=body.get("seed") or None,
            media="image/jpeg",
            body=body,
        )

    def _check(self, page: Page, body: Mapping[str, Any], *, hosted: bool) -> None:
        if not isinstance(body.get("prompt"), str) or not 1 <= len(body["prompt"]) <= 10_000:
            raise self.decline("400", "prompt: String should have 1 to 10000 characters")
        fewest, most = page.steps
        if hosted and not fewest <= body.get("steps", most) <= most:
            raise self.decline("400", f"steps: Input should be from {fewest} to {most}")
        if hosted and not 0 <= body.get("cfg_scale", 0) <= page.most_scale:
            raise self.decline("400", f"cfg_scale: Input should be less than or equal to {page.most_scale}")
        if "mode" in body and hosted and body["mode"] not in page.modes:
            raise self.decline("400", f"mode: Input should be one of {sorted(page.modes)}")
        if body.get("aspect_ratio", "1:1") not in RATIOS:
            raise self.decline("400", f"aspect_ratio: Input should be one of {sorted(RATIOS)}")
        if body.get("samples", 1) != 1 or body.get("seed", 0) < 0:
            raise self.decline("400", "samples must be 1, seed not negative")
