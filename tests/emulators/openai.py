"""OpenAI Images API: openai-openapi f85dbe2 (2026-08-21), openai 3.54.0 image types, which name what was shut down."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.emulators._emulator import Emulator, route
from tests.emulators._faults import Fault
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

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.lane: dict[str, int] = {}
        """How often each batch will still say that it waits."""
        self.ending = "completed"
        """How batches end: also failed, expired, cancelled, or refused by the safety system."""

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

    # The slow lane: guides/batch and api-reference/batch (2026-11), openai 3.57.

    @route("POST", "/v1/files", phase="upload")
    def upload(self, call: Call) -> Answer:
        """A file of requests, a line each."""
        files = call.uploads.get("file", [])
        if call.fields.get("purpose") != "batch" or len(files) != 1:
            raise self.decline("400", "purpose and file are required")
        number = f"file-{self.log.next_number():06d}"
        self.files[number] = files[0].data
        return Answer(200, {"id": number, "object": "file", "bytes": len(files[0].data), "purpose": "batch"})

    @route("DELETE", "/v1/files/{number}", phase="delete")
    def delete(self, call: Call, number: str) -> Answer:
        """Gone for good."""
        if self.files.pop(number, None) is None:
            raise self.decline("404", "No such File object")
        return Answer(200, {"id": number, "object": "file", "deleted": True})

    @route("GET", "/v1/files/{number}/content", phase="result")
    def content(self, call: Call, number: str) -> Answer:
        """A file as it is."""
        if number not in self.files:
            raise self.decline("404", "No such File object")
        return Answer(200, self.files[number], media="application/octet-stream")

    @route("POST", "/v1/batches", phase="submit")
    def make_batch(self, call: Call) -> Order:
        """A batch of an uploaded file, within a day."""
        body = self.expect(call, {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"})
        lines = self.files.get(body.get("input_file_id", ""), b"").splitlines()
        if body.get("endpoint") != "/v1/images/generations" or body.get("completion_window") != "24h" or not lines:
            raise self.decline("400", "input_file_id, endpoint and completion_window are required")
        entry = json.loads(lines[0])
        if entry.keys() != {"custom_id", "method", "url", "body"} or entry["url"] != body["endpoint"]:
            raise self.decline("400", "a line has custom_id, method, url and body")
        for name in sorted(entry["body"].keys() - FIELDS):
            raise self.decline("400", f"Unknown parameter: {name!r}.")
        return replace(self._order(entry["body"]), share=0.5)

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """A batch is only taken in."""
        if call.path != "/v1/batches":
            return super().finish(call, order, fault)
        number = f"batch_{order.identifier}"
        entry = json.loads(self.files[call.fields["input_file_id"]].splitlines()[0])
        if self.ending == "refused":
            refusal = self.refuse(self.refusals[0], call)
            response = {"status_code": refusal.status, "request_id": "", "body": refusal.content}
        else:
            made = super().finish(call, order, fault)
            response = {"status_code": 200, "request_id": "", "body": made.content}
        line = {"id": "batch_req_1", "custom_id": entry["custom_id"], "response": response, "error": None}
        self.files[f"file-of-{number}"] = json.dumps(line).encode() + b"\n"
        self.lane[number] = self.polls
        self.batches[number] = {
            **{"id": number, "object": "batch", "endpoint": entry["url"], "status": "validating", "errors": None},
            **{"input_file_id": call.fields["input_file_id"], "completion_window": "24h", "created_at": 1_795_000_000},
            **{"output_file_id": None, "error_file_id": None},
        }
        return Answer(200, self.batches[number])

    @route("GET", "/v1/batches", phase="list")
    def list_batches(self, call: Call) -> Answer:
        """All of them, the newest first."""
        found = list(reversed(self.batches.values()))
        return Answer(200, {"object": "list", "data": found, "has_more": False})

    @route("GET", "/v1/batches/{number}", phase="poll")
    def batch(self, call: Call, number: str) -> Answer:
        """As it stands; what was not done by the end of the day is not done at all."""
        batch = self.batches.get(number)
        if batch is None:
            raise self.decline("404", f"No batch found with id '{number}'.")
        self.lane[number] -= 1
        if self.lane[number] < 0:
            is_done = self.ending in ("completed", "refused")
            batch["status"] = "completed" if is_done else self.ending
            file = "error_file_id" if self.ending == "refused" else "output_file_id"
            batch |= {file: f"file-of-{number}"} if is_done else {}
            if self.ending == "failed":
                batch["errors"] = {"object": "list", "data": [{"code": "invalid", "message": "The file is wrong."}]}
        else:
            batch["status"] = "in_progress"
        return Answer(200, batch)

    @route("POST", "/v1/batches/{number}/cancel", phase="cancel")
    def cancel_batch(self, call: Call, number: str) -> Answer:
        """It takes up to ten minutes, and what is done by then is charged."""
        self.ending, self.lane[number] = "cancelled", 1
        self.batches[number]["status"] = "cancelling"
        return Answer(200, self.batches[number])

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
            # Taken from gpt-image-2 on 2026-09-30.
            if model.startswith("gpt-image-2-") or model == "gpt-image-2":
                raise self.decline("400", "Transparent background is not supported for this model.")
            if body.get("output_format") == "jpeg":
                raise self.decline("400", "Transparent background is not supported for JPEG.")


def _error(status: int, group: str, code: str | None, message: str) -> Answer:
    error = {"message": message, "type": group, "param": None, "code": code}
    return Answer(status, {"error": error}, headers={"x-request-id": "req_emulated"})
