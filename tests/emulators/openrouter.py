"""OpenRouter's Image API: openrouter 1.3.84 (images), openrouter.ai guides on images and errors, model pages (2026)."""

import base64
from typing import Any

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, ratio_size
from tests.emulators._wire import Answer, Call, Order, is_base64

FIELDS = {
    *("model", "prompt", "aspect_ratio", "background", "input_references", "n", "output_compression", "output_format"),
    *("provider", "quality", "resolution", "seed", "session_id", "size", "stream", "trace", "user"),
}
ALWAYS = {"model", "prompt", "n", "provider", "session_id", "stream", "trace", "user"}
RATIOS = {
    *(
        "1:1",
        "1:2",
        "1:4",
        "1:8",
        "2:1",
        "2:3",
        "2.35:1",
        "3:2",
        "3:4",
        "4:1",
        "4:3",
        "4:5",
        "5:2",
        "5:4",
        "5:7",
        "7:5",
    ),
    *("8:1", "9:16", "16:9", "9:19.5", "19.5:9", "9:20", "20:9", "9:21", "21:9", "auto"),
}
SIDES = {"512": 512, "768": 768, "1K": 1024, "1.5K": 1536, "2K": 2048, "4K": 4096}
GPT = {"aspect_ratio": True, "quality": True, "output_format": True, "background": True, "input_references": 16}
FLUX = {"aspect_ratio": True, "input_references": 8}
GEMINI = {"aspect_ratio": True, "resolution": ("1K", "2K", "4K"), "input_references": 14}
# What each model supports besides the common fields: every number is the most that it takes.
MODELS: dict[str, dict[str, Any]] = {
    "black-forest-labs/flux.2-klein-4b": FLUX,
    "black-forest-labs/flux.2-pro": FLUX,
    "black-forest-labs/flux.2-flex": FLUX,
    "black-forest-labs/flux.2-max": FLUX,
    "bytedance-seed/seedream-4.5": {
        **{"aspect_ratio": True, "resolution": ("1K", "2K", "4K"), "seed": True, "n": 10, "input_references": 14},
    },
    "google/gemini-2.5-flash-image": {"aspect_ratio": True, "input_references": 3},
    "google/gemini-3-pro-image": GEMINI,
    "google/gemini-nano-banana-2.1": GEMINI,
    "openai/gpt-image-2": GPT,
    "openai/gpt-image-2.5-flare": GPT,
    "openai/gpt-image-2.5-sunburst": GPT,
    "recraft/recraft-v4.1": {"aspect_ratio": True, "input_references": 1},
    "recraft/recraft-v4-vector": {"aspect_ratio": True},
}
# US dollars a megapixel of 10^6: the first, each further one, each of a reference; started ones count whole.
BY_MEGAPIXEL = {
    "black-forest-labs/flux.2-klein-4b": (0.014, 0.001, 0.001),
    "black-forest-labs/flux.2-pro": (0.03, 0.015, 0.015),
    "black-forest-labs/flux.2-flex": (0.06, 0.06, 0.06),
    "black-forest-labs/flux.2-max": (0.07, 0.03, 0.03),
}
BY_IMAGE = {"bytedance-seed/seedream-4.5": 0.04, "recraft/recraft-v4.1": 0.035, "recraft/recraft-v4-vector": 0.08}
TOKENS = 0.0123
"""What a picture of a model costs that is sold by the token."""
ERRORS = {
    "400": (400, "invalid_request", "Invalid request parameters"),
    "401": (401, "authentication", "User not found."),
    "402": (402, "payment_required", "Insufficient credits. Add more using https://openrouter.ai/credits"),
    "403": (403, "permission_denied", "Only management keys can perform this operation"),
    "404": (404, "not_found", "No endpoints found for this model."),
    "429": (429, "rate_limit_exceeded", "Rate limit exceeded"),
    "500": (500, "server", "Internal Server Error"),
    "503": (503, "provider_unavailable", "There is no available model provider that meets your routing requirements"),
}
MODERATED = {
    "reasons": ["violence"],
    "flagged_input": "a red fox",
    "provider_name": "OpenAI",
    "model_slug": "openai/gpt-image-2",
}


class OpenRouter(Emulator):
    """One path for words and references alike; base64 with its type, and the dollars that it cost."""

    name = "openrouter"
    key_variable = "OPENROUTER_API_KEY"
    refusals = ("moderation", "content_policy", "inside a 200")

    def failure(self, kind: str, message: str = "") -> Answer:
        """A number, a message, and the canonical type in the metadata."""
        status, group, text = ERRORS[kind]
        return _error(status, message or text, {"error_type": group})

    def refuse(self, name: str, call: Call) -> Answer:
        """Its own moderation says 403; a provider's refusal keeps its type; what fails on the way comes in a 200."""
        if name == "moderation":
            said = "openai/gpt-image-2 requires moderation and your input was flagged for 'violence'"
            return _error(403, said, MODERATED)
        said = "The request was rejected by the provider's safety system"
        answer = _error(400, said, {"error_type": "content_policy_violation", "provider_name": "OpenAI"})
        return answer if name == "content_policy" else Answer(200, answer.content)

    @route("POST", "/api/v1/images", phase="submit")
    def generate(self, call: Call) -> Order:
        """A picture from words and up to so many references."""
        body = self.expect(call, FIELDS)
        model = str(body.get("model"))
        if model not in MODELS:
            raise self.decline("404", f"No endpoints found for {model}.")
        if not body.get("prompt"):
            raise self.decline("400", "prompt is required")
        self._check(model, body)
        side = SIDES[body.get("resolution", "1K")]
        width, height = ratio_size(body.get("aspect_ratio", "1:1"), side * side, 16)
        vector = model.endswith("vector")
        media = "image/svg+xml" if vector else f"image/{body.get('output_format', 'png')}"
        return Order(
            model=model,
            prompt=body["prompt"],
            width=width,
            height=height,
            number=body.get("n", 1),
            seed=body.get("seed"),
            media=media,
            alpha=body.get("background") == "transparent",
            body=body,
        )

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Each item says what it is; the cost is that of the whole call."""
        data = [{"b64_json": base64.b64encode(each.data).decode(), "media_type": each.media} for each in pictures]
        usage = {"prompt_tokens": 12, "completion_tokens": 1290, "total_tokens": 1302, "cost": price(order)}
        return Answer(200, {"created": 1_795_000_000, "data": data, "usage": usage})

    @route("GET", "/api/v1/images/models", keyed=False)
    def models(self, call: Call) -> Answer:
        """Every image model with what it takes; open to all."""
        return Answer(200, {"data": [_listed(model) for model in sorted(MODELS)]})

    @route("GET", "/api/v1/images/models/{author}/{slug}/endpoints", keyed=False)
    def endpoints(self, call: Call, author: str, slug: str) -> Answer:
        """Who serves a model, and for how much."""
        model = f"{author}/{slug}"
        if model not in MODELS:
            raise self.decline("404", f"No endpoints found for {model}.")
        endpoint = {
            **{"provider_name": author, "provider_slug": author, "provider_tag": author, "supports_streaming": False},
            **{"allowed_passthrough_parameters": [], "supported_parameters": _listed(model)["supported_parameters"]},
            "pricing": _pricing(model),
        }
        return Answer(200, {"id": model, "endpoints": [endpoint]})

    @route("GET", "/api/v1/key")
    def current_key(self, call: Call) -> Answer:
        """What the key may spend."""
        data = {"label": "sk-or-v1-emu...lat", "usage": 1.25, "limit": None, "limit_remaining": None}
        return Answer(200, {"data": {**data, "is_free_tier": False}})

    def _check(self, model: str, body: Any) -> None:
        """A field that the model does not support is an error, and so is a value beyond its limits."""
        takes = MODELS[model]
        for name in sorted(body.keys() & FIELDS - ALWAYS - takes.keys()):
            raise self.decline("400", f"{name} is not supported by {model}")
        references = body.get("input_references", [])
        if len(references) > takes.get("input_references", 0) or not all(map(_is_reference, references)):
            raise self.decline("400", "input_references: too many, or not {type: image_url, image_url: {url}}")
        if body.get("n", 1) not in range(1, takes.get("n", 1) + 1):
            raise self.decline("400", f"{model} makes at most {takes.get('n', 1)} images a request")
        if body.get("aspect_ratio", "1:1") not in RATIOS:
            raise self.decline("400", "aspect_ratio is not one of the enum")
        if body.get("resolution", "1K") not in takes.get("resolution", ("1K",)):
            raise self.decline("400", f"resolution is one of {takes['resolution']}")
        if body.get("quality", "auto") not in ("auto", "low", "medium", "high", "xhigh", "max"):
            raise self.decline("400", "quality is not one of the enum")
        if body.get("output_format", "png") not in ("png", "jpeg", "webp"):
            raise self.decline("400", "output_format is not supported by the model")
        has_alpha = body.get("output_format", "png") != "jpeg" and model != "openai/gpt-image-2"
        if body.get("background") == "transparent" and not has_alpha:
            raise self.decline("400", "transparent needs png or webp, and a model that has it")


def price(order: Order) -> float:
    """US dollars for an order."""
    if order.model in BY_IMAGE:
        return round(BY_IMAGE[order.model] * order.number, 6)
    if order.model not in BY_MEGAPIXEL:
        return round(TOKENS * order.number, 6)
    first, further, given = BY_MEGAPIXEL[order.model]
    megapixels = max(1, -(-(order.width * order.height - 50_000) // 1_000_000))
    references = len(order.body.get("input_references", []))
    return round((first + further * (megapixels - 1) + given * references) * order.number, 6)


def _is_reference(value: Any) -> bool:
    match value:
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return url.startswith("https://") or (url.startswith("data:image/") and is_base64(url))
    return False


def _listed(model: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in MODELS[model].items():
        if isinstance(value, tuple):
            named[name] = {"type": "enum", "values": list(value)}
        else:
            named[name] = {"type": "boolean"} if value is True else {"type": "range", "min": 0, "max": value}
    inputs = ["text", "image"] if "input_references" in MODELS[model] else ["text"]
    return {
        **{"id": model, "name": model, "description": "", "created": 1_790_000_000, "supports_streaming": False},
        "architecture": {"input_modalities": inputs, "output_modalities": ["image"]},
        "supported_parameters": named,
        "endpoints": f"/api/v1/images/models/{model}/endpoints",
    }


def _pricing(model: str) -> list[dict[str, Any]]:
    if model in BY_IMAGE:
        return [{"billable": "output_image", "unit": "image", "cost_usd": BY_IMAGE[model]}]
    if model in BY_MEGAPIXEL:
        first, _, given = BY_MEGAPIXEL[model]
        lines = (("output_image", first), ("input_image", given))
        return [{"billable": name, "unit": "megapixel", "cost_usd": cost} for name, cost in lines]
    return [{"billable": "output_image", "unit": "token", "cost_usd": 0.00003}]


def _error(status: int, message: str, metadata: dict[str, Any]) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message, "metadata": metadata}})
