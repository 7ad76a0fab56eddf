"""OpenAI Images API: openai-openapi f85dbe2 (2026-08-21), openai 3.54.0 image types, which name what was shut down."""

import base64
from collections.abc import Mapping
from typing import Any

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call, Order

FREELY_SIZED = {
    *("gpt-image-2", "gpt-image-2-2026-04-21"),
    *("gpt-image-2.5-flare-2026-09-08", "gpt-image-2.5-sunburst-2026-09-08"),
    *(f"gpt-image-{version}-{name}" for version in ("2.5", "2.6") for name in ("flare", "sunburst")),
}
MODELS = FREELY_SIZED | {"gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"}
RETIRED = {"dall-e-2": "2026-05-12", "dall-e-3": "2026-05-12", "gpt-image-1": "2026-10-23"}
SIZES = {"1024x1024", "1536x1024", "1024x1536"}
FIELDS = {
    *("prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression", "moderation"),
    *("stream", "partial_images", "user", "safety_identifier", "complexity"),
}
EDIT_FIELDS = FIELDS | {"image", "image[]", "images", "mask", "markup", "input_fidelity"}
ERRORS = {
    "400": (400, "invalid_request_error", "invalid_value", "Invalid value"),
    "401": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided"),
    "403": (403, "invalid_request_error", None, "Your organization must be verified to use the model"),
    "404": (
        404,
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you do not have access to it.",
    ),
    "429": (429, "requests", "rate_limit_exceeded", "Rate limit reached for images per minute"),
    "quota": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan",
    ),
    "500": (500, "server_error", None, "The server had an error while processing your request"),
    "503": (503, "server_error", None, "The engine is currently overloaded, please try again later"),
}
BLOCKED = "Your request was rejected by the safety system. safety_violations=[violence]."


class OpenAI(Emulator):
    """Synchronous JSON, always base64, unknown parameters refused by name."""

    name = "openai"
    key_variable = "OPENAI_API_KEY"
    refusals = ("moderation_blocked", "content_policy_violation")
    undocumented = frozenset({"402"})

    def failure(self, kind: str, message: str = "") -> Answer:
        """The error object, with a request id beside it."""
        status, group, code, text = ERRORS[kind]
        return _error(status, group, code, message or text)

    def refuse(self, name: str, call: Call) -> Answer:
        """The GPT image models' code, or the one of the DALL·E era."""
        group = "image_generation_user_error" if name == "moderation_blocked" else "invalid_request_error"
        return _error(400, group, name, BLOCKED)

    @route("POST", "/v1/images/generations", phase="submit")
    def generate(self, call: Call) -> Order:
        """A picture from words."""
        if call.json is None:
            raise self.decline("400", "The body must be JSON")
        return self._order(self._checked(call, FIELDS))

    @route("POST", "/v1/images/edits", phase="submit")
    def edit(self, call: Call) -> Order:
        """Pictures as `image` or `image[]` parts, or as `images` in JSON."""
        body = self._checked(call, EDIT_FIELDS)
        files = call.uploads.get("image", []) + call.uploads.get("image[]", [])
        if not 1 <= len(files or body.get("images", [])) <= 16:
            raise self.decline("400", "between 1 and 16 images are required")
        for each in files:
            if each.content_type not in ("image/png", "image/jpeg", "image/webp"):
                raise self.decline("400", f"unsupported mimetype {each.content_type!r}")
        return self._order({**body, "model": body.get("model", "gpt-image-1.5")})

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """base64 only; the format is told once for all items."""
        data = [{"b64_json": base64.b64encode(each.data).decode()} for each in pictures]
        details = {"text_tokens": 12, "image_tokens": 0}
        usage = {"input_tokens": 12, "output_tokens": 196, "total_tokens": 208, "input_tokens_details": details}
        told = {"output_format": order.media.removeprefix("image/"), "size": f"{order.width}x{order.height}"}
        body = {
            "created": 1_795_000_000,
            "data": data,
            "background": "opaque",
            "quality": "low",
            **told,
            "usage": usage,
        }
        return Answer(200, body, headers={"x-request-id": order.identifier})

    @route("GET", "/v1/models")
    def models(self, call: Call) -> Answer:
        """The list of models."""
        data = [{"id": each, "object": "model", "created": 0, "owned_by": "openai"} for each in sorted(MODELS)]
        return Answer(200, {"object": "list", "data": data})

    def _checked(self, call: Call, known: set[str]) -> Mapping[str, Any]:
        body = self.expect(call, known)
        for name in sorted({*body, *call.uploads} - known):
            raise self.decline("400", f"Unknown parameter: {name!r}.")
        return body

    def _order(self, body: Mapping[str, Any]) -> Order:
        # The documentation's default model is one that no longer exists.
        model = body.get("model", "dall-e-2")
        if model in RETIRED:
            raise self.decline("404", f"The model `{model}` has been deprecated and was shut down on {RETIRED[model]}.")
        if model not in MODELS:
            raise self.decline("404", f"The model `{model}` does not exist or you do not have access to it.")
        if not body.get("prompt"):
            raise self.decline("400", "Missing required parameter: 'prompt'.")
        width, height = self._size(model, body.get("size", "auto"))
        self._check_values(model, body)
        return Order(
            model=model,
            prompt=body["prompt"],
            width=width,
            height=height,
            number=int(body.get("n", 1)),
            media=f"image/{body.get('output_format', 'png')}",
            alpha=body.get("background") == "transparent",
            body=body,
        )

    def _size(self, model: str, size: str) -> tuple[int, int]:
        if size == "auto":
            return 1024, 1024
        if size in SIZES or (model in FREELY_SIZED and size.replace("x", "", 1).isdigit()):
            width, height = (int(side) for side in size.split("x"))
            fits = width % 16 == height % 16 == 0 and 1 / 3 <= width / height <= 3 and max(width, height) <= 3840
            if fits and 655_360 <= width * height <= 8_294_400:
                return width, height
        raise self.decline("400", f"Invalid value: {size!r}. Supported sizes depend on the model.")

    def _check_values(self, model: str, body: Mapping[str, Any]) -> None:
        newest = {"xhigh", "max"} if "2.5" in model or "2.6" in model else set()
        allowed: dict[str, set[Any]] = {
            "n": {*range(1, 11), *map(str, range(1, 11))},
            "quality": {"auto", "low", "medium", "high"} | newest,
            "background": {"transparent", "opaque", "auto"},
            "output_format": {"png", "jpeg", "webp"},
            "moderation": {"auto", "low"},
        }
        for name, values in allowed.items():
            if name in body and body[name] not in values:
                raise self.decline("400", f"Invalid value: {body[name]!r} for {name}.")
        if body.get("background") == "transparent":
            # Taken from gpt-image-2 on 2026-09-30; of 2.6 nothing is said.
            if model.startswith(("gpt-image-2-", "gpt-image-2.6")) or model == "gpt-image-2":
                raise self.decline("400", "Transparent background is not supported for this model.")
            if body.get("output_format") == "jpeg":
                raise self.decline("400", "Transparent background is not supported for JPEG.")


def _error(status: int, group: str, code: str | None, message: str) -> Answer:
    error = {"message": message, "type": group, "param": None, "code": code}
    return Answer(status, {"error": error}, headers={"x-request-id": "req_emulated"})
