"""Pollinations: the gateway's registry (0047731e, mid-2026), schemas and error page; the keyless legacy host."""

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call, Order

MODELS = {
    *("dreamshaper", "sana", "kontext", "flux", "zimage", "z-image", "z-image-turbo", "klein", "flux-klein"),
    *("nanobanana", "nanobanana-2", "nanobanana2", "nanobanana-2-lite", "nanobanana-lite", "nanobanana-pro"),
    *("seedream", "seedream-pro", "seedream5", "seedream5-pro", "seedream-5-pro", "nova-canvas", "amazon-nova-canvas"),
    *("ideogram-v4-turbo", "ideogram-v4-balanced", "ideogram-v4-quality", "recraft-v4.1-vector", "recraft-svg"),
    *("gptimage", "gpt-image-1-mini", "gptimage-large", "gpt-image-1.5", "gpt-image-2", "p-image", "p-image-edit"),
    *("wan-image", "wan-image-pro", "qwen-image", "qwen-image-edit", "qwen-image-edit-plus"),
    *("grok-imagine", "grok-imagine-image", "grok-imagine-pro", "grok-imagine-image-pro"),
    # The names of the renaming that was prepared in August 2026; both are accepted.
    *("black-forest-labs/FLUX.1-schnell", "Tongyi-MAI/Z-Image-Turbo", "black-forest-labs/flux.2-klein-4b"),
}
TRANSPARENT = {"gptimage", "gpt-image-1-mini", "gptimage-large", "gpt-image-1.5"}
VECTOR = {"recraft-v4.1-vector", "recraft-svg"}
LEGACY = {"sana", "flux", "zimage", "z-image", "turbo"}
QUERY = {
    *("model", "width", "height", "seed", "enhance", "safe", "quality", "image", "transparent", "no-cache", "key"),
    *("negative_prompt", "guidance_scale", "nologo", "private", "nofeed", "referrer"),
}
FIELDS = {
    *("prompt", "model", "size", "n", "response_format", "seed", "quality", "safe", "transparent", "guidance_scale"),
    *("image", "negative_prompt", "enhance", "nologo", "private"),
}
ERRORS = {
    "400": (400, "BAD_REQUEST", "Invalid request"),
    "401": (401, "UNAUTHORIZED", "Authentication required"),
    "402": (402, "PAYMENT_REQUIRED", "Insufficient pollen balance"),
    "403": (403, "FORBIDDEN", "This key may not use this model"),
    "404": (404, "NOT_FOUND", "Model not found"),
    "429": (429, "RATE_LIMITED", "Rate limit exceeded"),
    "500": (500, "INTERNAL_ERROR", "Internal server error"),
    "503": (503, "SERVICE_UNAVAILABLE", "Service unavailable"),
}
QUEUE_FULL = (
    "Queue full for IP: 127.0.0.1: 1 requests already queued (max: 1). "
    "Get unlimited access at https://enter.pollinations.ai"
)


class Pollinations(Emulator):
    """Raw bytes by GET, OpenAI's shape by POST, and the old host's keyless GET."""

    name = "pollinations"
    key_variable = "POLLINATIONS_API_KEY"
    refusals = ("safety_error",)
    undocumented: ClassVar[frozenset[str]] = frozenset()
    hands_out_urls = True

    def offered_key(self, call: Call) -> str | None:
        """The header, or `?key=`."""
        return super().offered_key(call) or call.query.get("key")

    def failure(self, kind: str, message: str = "") -> Answer:
        """The gateway's envelope; `quota` is the x402 answer, which in truth means a full queue."""
        if kind == "quota":
            return Answer(402, {"x402Version": 1, "error": QUEUE_FULL, "accepts": []})
        status, code, text = ERRORS[kind]
        error = {"code": code, "message": message or text, "timestamp": "2026-11-21T00:00:00.000Z", "details": {}}
        return Answer(status, {"status": status, "success": False, "error": error})

    def with_delay(self, answer: Answer, seconds: float) -> Answer:
        """The limiter of browser keys has a body of its own."""
        if answer.status != 429:
            return super().with_delay(answer, seconds)
        body = {"error": "Rate limit exceeded", "message": "Too many requests", "retryAfterSeconds": seconds}
        return Answer(429, body, headers={"Retry-After": f"{seconds:g}"})

    def refuse(self, name: str, call: Call) -> Answer:
        """The opt-in safety check blocked the prompt."""
        error = {"code": "BAD_REQUEST", "message": "Prompt blocked by safety check", "type": "safety_error"}
        return Answer(400, {"status": 400, "success": False, "error": error})

    @route("GET", "/image/{prompt:path}", phase="submit")
    def image(self, call: Call, prompt: str) -> Order:
        """The picture itself."""
        return self._from_query(call, prompt, MODELS, "zimage")

    @route("GET", "/prompt/{prompt:path}", phase="submit", keyed=False)
    def legacy(self, call: Call, prompt: str) -> Order:
        """The old host, which serves one model under several names."""
        return self._from_query(call, prompt, LEGACY, "sana")

    @route("POST", "/v1/images/generations", phase="submit")
    def generate(self, call: Call) -> Order:
        """OpenAI's shape; base64 unless a URL is asked for."""
        return self._from_body(call)

    @route("POST", "/v1/images/edits", phase="submit")
    def edit(self, call: Call) -> Order:
        """As generations, with a picture by URL or as a part."""
        order = self._from_body(call)
        if not order.body.get("image") and not call.uploads:
            raise self.decline("400", "image is required")
        return order

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Bytes to GET, JSON to POST."""
        headers = {"x-model-used": order.model}
        if call.method == "GET":
            return Answer(200, pictures[0].data if pictures else b"", headers=headers, media=order.media)
        data = [{**self._item(call, order, each), "revised_prompt": order.prompt} for each in pictures]
        return Answer(200, {"created": 1_795_000_000, "data": data, "usage": {"total_tokens": 1}}, headers=headers)

    @route("GET", "/v1/models", keyed=False)
    def models(self, call: Call) -> Answer:
        """Lists need no key."""
        return Answer(200, {"object": "list", "data": [{"id": each, "object": "model"} for each in sorted(MODELS)]})

    @route("GET", "/image/models", keyed=False)
    def image_models(self, call: Call) -> Answer:
        """The same in the gateway's own shape."""
        return Answer(200, [{"name": each, "output_modalities": ["image"]} for each in sorted(MODELS)])

    def _item(self, call: Call, order: Order, picture: Picture) -> dict[str, str]:
        if order.body.get("response_format") == "url":
            return {"url": self.publish(call, picture)}
        return {"b64_json": base64.b64encode(picture.data).decode()}

    def _from_query(self, call: Call, prompt: str, models: set[str], default: str) -> Order:
        for name in sorted(call.query.keys() - QUERY):
            self.log.surprise(f"{call.path}: parameter {name!r} is not documented")
        return self._order({"size": None, **call.query, "prompt": prompt}, models, default)

    def _from_body(self, call: Call) -> Order:
        body = self.expect(call, FIELDS | {"image[]"})
        if body.get("n", 1) != 1:
            raise self.decline("400", "n must be 1")
        return self._order(body, MODELS, "zimage")

    def _order(self, body: Mapping[str, Any], models: set[str], default: str) -> Order:
        model = body.get("model", default)
        if model not in models:
            raise self.decline("404", f"Model {model!r} not found")
        if not body.get("prompt"):
            raise self.decline("400", "prompt is required")
        try:
            width, height = self._size(body)
            seed = int(body.get("seed", 0))
            is_clear = str(body.get("transparent", False)).lower() == "true"
        except ValueError:
            raise self.decline("400", "size and seed must be numbers") from None
        if not -1 <= seed <= 2_147_483_647:
            raise self.decline("400", "seed is out of range")
        if is_clear and model not in TRANSPARENT:
            self.log.surprise(f"{model} is not documented to take transparent")
        return Order(
            model=model,
            prompt=body["prompt"],
            width=width,
            height=height,
            seed=None if seed == -1 else seed,
            media="image/svg+xml" if model in VECTOR else "image/png" if is_clear else "image/jpeg",
            alpha=is_clear,
            body=body,
        )

    def _size(self, body: Mapping[str, Any]) -> tuple[int, int]:
        if body.get("size"):
            width, height = str(body["size"]).split("x")
            return int(width), int(height)
        return int(body.get("width", 1024)), int(body.get("height", 1024))
