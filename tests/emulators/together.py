"""Together AI images: docs.together.ai on images and serverless models, OpenAPI 090263a (2026-04-28), together 3.1.1,
togethercomputer/skills 2026-10; prices in its list of models as three public clients read them, 2026."""

import base64
from typing import Any

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, ratio_size
from tests.emulators._wire import Answer, Call, Order

MODELS = {
    "black-forest-labs/FLUX.1-schnell",
    "black-forest-labs/FLUX.1.1-pro",
    "black-forest-labs/FLUX.1-kontext-pro",
    "black-forest-labs/FLUX.1-kontext-max",
    "black-forest-labs/FLUX.2-dev",
    "black-forest-labs/FLUX.2-flex",
    "black-forest-labs/FLUX.2-pro",
    "black-forest-labs/FLUX.2-max",
}
FIELDS = {
    *("model", "prompt", "width", "height", "aspect_ratio", "steps", "n", "seed", "negative_prompt", "guidance_scale"),
    *("guidance", "prompt_upsampling", "output_format", "response_format", "image_url", "reference_images"),
    *("image_loras", "disable_safety_checker"),
}
TAKE_IMAGE_URL = {f"black-forest-labs/FLUX.{name}" for name in ("1-kontext-pro", "1-kontext-max", "2-pro", "2-flex")}
TAKE_REFERENCES = {f"black-forest-labs/FLUX.2-{name}" for name in ("pro", "dev", "flex")}
UPSAMPLES = {"black-forest-labs/FLUX.2-pro"}
NEGATES = {f"black-forest-labs/FLUX.{name}" for name in ("1-schnell", "1.1-pro")}
BY_MEGAPIXEL = {
    "black-forest-labs/FLUX.1-schnell": (0.0027, 4),
    "black-forest-labs/FLUX.1.1-pro": (0.04, 0),
    "black-forest-labs/FLUX.1-kontext-pro": (0.04, 28),
    "black-forest-labs/FLUX.1-kontext-max": (0.08, 28),
    "black-forest-labs/FLUX.2-max": (0.07, 50),
}
"""US dollars for 10^6 pixels, and the steps beyond which it is more."""
BEGINS_AT = {
    f"black-forest-labs/FLUX.2-{name}": price for name, price in (("pro", 0.03), ("dev", 0.0154), ("flex", 0.03))
}
"""US dollars for the smallest picture of a model that is somebody else's."""
ERRORS = {
    "400": (400, "invalid_request_error", "invalid_request", "Invalid request"),
    "401": (401, "invalid_request_error", "invalid_api_key", "Invalid API key provided"),
    "402": (402, "credit_limit", "credit_limit_exceeded", "Credit limit exceeded"),
    "403": (403, "permission_error", "forbidden", "Your account may not use this model"),
    "404": (404, "invalid_request_error", "model_not_available", "Unable to access model. Please visit the model list"),
    "429": (429, "rate_limit", "rate_limit_exceeded", "You have been rate limited"),
    "500": (500, "server_error", "internal_error", "Internal server error"),
    "503": (503, "service_unavailable", "engine_overloaded", "The engine is currently overloaded"),
}


class Together(Emulator):
    """Synchronous JSON; the picture comes as base64 or as a URL that refuses clients without a name."""

    name = "together"
    key_variable = "TOGETHER_API_KEY"
    refusals = ("nsfw",)
    hands_out_urls = True

    def failure(self, kind: str, message: str = "") -> Answer:
        """The error object of the OpenAPI's `ErrorData`."""
        status, group, code, text = ERRORS[kind]
        return Answer(status, {"error": {"message": message or text, "type": group, "param": None, "code": code}})

    def refuse(self, name: str, call: Call) -> Answer:
        """The safety checker's 422; its exact text is not documented."""
        error = {"message": "NSFW content detected in prompt or image", "type": "invalid_request_error"}
        return Answer(422, {"error": {**error, "param": "prompt", "code": "nsfw_content"}})

    @route("POST", "/v1/images/generations", phase="submit")
    def generate(self, call: Call) -> Order:
        """Check the fields against the parameter table."""
        body = self.expect(call, FIELDS)
        if call.form:
            raise self.decline("400", "Request body must be JSON")
        if not body.get("prompt") or not body.get("model"):
            raise self.decline("400", "model and prompt are required")
        if body["model"] not in MODELS:
            raise self.decline("404", f"Unable to access model {body['model']}. Please visit the model list")
        self._check_ranges(body)
        takers = {
            **{"image_url": TAKE_IMAGE_URL, "reference_images": TAKE_REFERENCES},
            **{"prompt_upsampling": UPSAMPLES, "negative_prompt": NEGATES},
        }
        for name, models in takers.items():
            if name in body and body["model"] not in models:
                self.log.surprise(f"{call.path}: {body['model']} is not documented to take {name}")
        width, height = ratio_size(body["aspect_ratio"]) if body.get("aspect_ratio") else (1024, 1024)
        return Order(
            model=body["model"],
            prompt=body["prompt"],
            width=body.get("width", width),
            height=body.get("height", height),
            number=body.get("n", 1),
            seed=body.get("seed"),
            media=f"image/{body.get('output_format', 'jpeg')}",
            body=body,
        )

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Every item carries `type`, by which the SDK tells base64 from URL."""
        inline = order.body.get("response_format") == "base64"
        data = [{"index": index, **self._item(call, each, inline)} for index, each in enumerate(pictures)]
        return Answer(200, {"id": order.identifier, "model": order.model, "object": "list", "data": data})

    def admit(self, call: Call) -> None:
        """The CDN turns away a download without a User-Agent."""
        super().admit(call)
        if not call.headers.get("user-agent"):
            raise self.decline("403", "Forbidden")

    @route("GET", "/v1/models")
    def models(self, call: Call) -> Answer:
        """The list of models, a bare array, each with its price or where that begins."""
        return Answer(200, [{**_listed(each), "pricing": _pricing(each)} for each in sorted(MODELS)])

    def _item(self, call: Call, picture: Picture, inline: bool) -> dict[str, Any]:
        if inline:
            return {"type": "b64_json", "b64_json": base64.b64encode(picture.data).decode()}
        return {"type": "url", "url": self.publish(call, picture)}

    def _check_ranges(self, body: Any) -> None:
        for name in ("width", "height"):
            value = body.get(name, 1024)
            if not isinstance(value, int) or not 256 <= value <= 1920 or value % 8:
                raise self.decline("400", f"{name} must be a multiple of 8 between 256 and 1920")
        if body.get("n", 1) not in range(1, 5) or body.get("steps", 4) not in range(1, 51):
            raise self.decline("400", "n must be 1 to 4, steps 1 to 50")
        if body.get("response_format", "url") not in ("base64", "url"):
            raise self.decline("400", "response_format must be base64 or url")
        if body.get("output_format", "jpeg") not in ("jpeg", "png"):
            raise self.decline("400", "output_format must be jpeg or png")


def _listed(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 0, "type": "image", "organization": "Black Forest Labs"}


def _pricing(model: str) -> dict[str, Any]:
    none = {"hourly": 0, "input": 0, "output": 0, "base": 0, "finetune": 0}
    if model in BEGINS_AT:
        return {**none, "image": {"example_price": BEGINS_AT[model], "example_description": "starting price"}}
    price, steps = BY_MEGAPIXEL[model]
    return {**none, "image_pixel": {"price_per_megapixel": price, "min_steps": steps}}
