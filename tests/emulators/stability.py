"""Stability AI v2beta: the types made from its OpenAPI (2025-06-24), ComfyUI's node models, litellm's requests."""

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, black, measured, ratio_size
from tests.emulators._wire import Answer, Call, Order, Upload

RATIOS = {"21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"}
COMMON = {"prompt", "negative_prompt", "aspect_ratio", "seed", "output_format"}
MODELS = {f"sd3.5-{name}" for name in ("large", "large-turbo", "medium")}
STYLES = {
    *("enhance", "anime", "photographic", "digital-art", "comic-book", "fantasy-art", "line-art", "analog-film"),
    *("neon-punk", "isometric", "low-poly", "origami", "modeling-compound", "cinematic", "3d-model", "pixel-art"),
    "tile-texture",
}
ALL_FORMATS = {"png", "jpeg", "webp"}
# Endpoint: documented fields, required ones, output formats, pixels of its output.
ENDPOINTS: dict[str, tuple[set[str], set[str], set[str], int]] = {
    "generate/core": (COMMON | {"style_preset"}, {"prompt"}, ALL_FORMATS, 1_572_864),
    "generate/ultra": (COMMON | {"image", "strength"}, {"prompt"}, ALL_FORMATS, 1_048_576),
    "generate/sd3": (
        COMMON | {"image", "strength", "mode", "model", "cfg_scale"},
        {"prompt"},
        {"png", "jpeg"},
        1_048_576,
    ),
    "edit/remove-background": ({"image", "output_format"}, {"image"}, {"png", "webp"}, 0),
    "upscale/fast": ({"image", "output_format"}, {"image"}, ALL_FORMATS, 0),
    "edit/outpaint": (
        {"image", "left", "right", "up", "down", "creativity", "prompt", "seed", "output_format", "style_preset"},
        {"image"},
        ALL_FORMATS,
        0,
    ),
    "edit/inpaint": (
        {"prompt", "negative_prompt", "image", "mask", "grow_mask", "seed", "output_format", "style_preset"},
        {"prompt", "image"},
        ALL_FORMATS,
        1_048_576,
    ),
}
LARGEST = 10 * 1024 * 1024
# 401 and 402 occur; their bodies are not documented.
ERRORS = {
    "400": (400, "bad_request", "some-field: is required"),
    "401": (401, "unauthorized", "authorization: is invalid or missing"),
    "402": (402, "payment_required", "You lack sufficient credits to make this request."),
    "403": (403, "forbidden", "You may not use this endpoint."),
    "404": (404, "not_found", "The requested resource was not found."),
    "413": (413, "payload_too_large", "body: payload cannot be larger than 10MiB in size"),
    "429": (429, "rate_limit_exceeded", "You have exceeded the rate limit of 150 requests within a 10 second period."),
    "500": (500, "internal_error", "An unexpected error occurred."),
    "503": (503, "internal_error", "The service is temporarily unavailable."),
}


class Stability(Emulator):
    """A form even without a file; bytes or base64 by the Accept header; a filtered picture comes blurred, with 200."""

    name = "stability"
    key_variable = "STABILITY_API_KEY"
    refusals: ClassVar[tuple[str, ...]] = ("content_moderation", "content_filtered")

    def failure(self, kind: str, message: str = "") -> Answer:
        """An id, a name and a list of sentences."""
        status, name, text = ERRORS[kind]
        return _error(status, name, message or text)

    def refuse(self, name: str, call: Call) -> Answer:
        """The request is flagged with 403, or the output is blurred and marked."""
        if name == "content_moderation":
            return _error(403, name, "Your request was flagged by our content moderation system. You were not charged.")
        return self._told(call, black(512, 512), "CONTENT_FILTERED", 7)

    @route("GET", "/v1/user/account")
    def account(self, call: Call) -> Answer:
        """Whose key it is."""
        return Answer(200, {"id": "user-1", "email": "someone@example.com", "organizations": []})

    @route("POST", "/v2beta/stable-image/{family}/{endpoint}", phase="submit")
    def make(self, call: Call, family: str, endpoint: str) -> Order:
        """Check the form against the endpoint's table."""
        known = ENDPOINTS.get(f"{family}/{endpoint}")
        if known is None:
            raise self.decline("404")
        if not call.form:
            raise self.decline("400", "content-type: must be multipart/form-data")
        if len(call.body) > LARGEST:
            raise self.decline("413")
        fields, required, formats, pixels = known
        body = self.expect(call, fields)
        for name in sorted(required - body.keys() - call.uploads.keys()):
            raise self.decline("400", f"{name}: is required")
        self._check_values(body, formats)
        self._check_pictures(endpoint, body, call)
        files = call.uploads.get("image", [])
        width, height = measured(files[0].data) if files else ratio_size(body.get("aspect_ratio", "1:1"), pixels, 64)
        width, height = self._afterwards(endpoint, body, width, height)
        return Order(
            model=body.get("model", "sd3.5-large") if endpoint == "sd3" else f"stable-image-{endpoint}",
            prompt=body.get("prompt", ""),
            width=width,
            height=height,
            # 0 asks for a random one.
            seed=int(body.get("seed", 0)) or None,
            media=f"image/{body.get('output_format', 'png')}",
            alpha=endpoint == "remove-background",
            body=body,
        )

    def _afterwards(self, endpoint: str, body: Mapping[str, Any], width: int, height: int) -> tuple[int, int]:
        """How large the result is of what changes a size."""
        match endpoint:
            case "fast":
                if width * height > 1_048_576 or min(width, height) < 32 or max(width, height) > 1536:
                    raise self.decline("400", "image: must have 1024 to 1048576 pixels and sides of 32 to 1536")
                return width * 4, height * 4
            case "outpaint":
                edges = {name: int(body.get(name, 0)) for name in ("left", "right", "up", "down")}
                if not any(edges.values()) or not all(0 <= edge <= 2000 for edge in edges.values()):
                    raise self.decline("400", "left, right, up, down: at least one, each at most 2000")
                return width + edges["left"] + edges["right"], height + edges["up"] + edges["down"]
        return width, height

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """One picture per call."""
        empty = Picture(b"", order.media, 0, 0)
        return self._told(call, pictures[0] if pictures else empty, "SUCCESS", order.seed or 343_940_597)

    def _told(self, call: Call, picture: Picture, reason: str, seed: int) -> Answer:
        wanted = call.headers.get("accept", "*/*").partition(";")[0].strip()
        if wanted == "application/json":
            encoded = {"image": base64.b64encode(picture.data).decode(), "finish_reason": reason, "seed": seed}
            return Answer(200, encoded, media=f"application/json; type={picture.media}")
        if wanted not in ("image/*", "*/*"):
            raise self.decline("400", "accept: must be one of image/*, application/json")
        headers = {"finish-reason": reason, "seed": str(seed), "x-request-id": "emulated"}
        return Answer(200, picture.data, headers, picture.media)

    def _check_values(self, body: Mapping[str, Any], formats: set[str]) -> None:
        allowed = {"output_format": formats, "aspect_ratio": RATIOS, "style_preset": STYLES, "model": MODELS}
        for name, values in allowed.items():
            if name in body and body[name] not in values:
                raise self.decline("400", f"{name}: must be one of {', '.join(sorted(values))}")
        if not str(body.get("seed", 0)).isdecimal() or int(body.get("seed", 0)) > 4_294_967_294:
            raise self.decline("400", "seed: must be between 0 and 4294967294")
        for name in ("prompt", "negative_prompt"):
            if name in body and not 1 <= len(body[name]) <= 10_000:
                raise self.decline("400", f"{name}: must be 1 to 10000 characters")
        if "negative_prompt" in body and body.get("model") == "sd3.5-large-turbo":
            raise self.decline("400", "negative_prompt: is not supported by sd3.5-large-turbo")

    def _check_pictures(self, endpoint: str, body: Mapping[str, Any], call: Call) -> None:
        has_image = "image" in call.uploads
        for upload in (call.uploads.get("image", []) + call.uploads.get("mask", []))[:2]:
            if not _is_picture(upload):
                raise self.decline("400", "image: must be a PNG, JPEG or WebP")
        if endpoint not in ("core", "ultra", "sd3"):
            return
        mode = body.get("mode", "text-to-image")
        if endpoint == "sd3" and (mode == "image-to-image") is not has_image:
            raise self.decline("400", "mode: image-to-image goes with an image and with nothing else")
        if has_image and not 0 <= float(body.get("strength", -1)) <= 1:
            raise self.decline("400", "strength: is required with an image, from 0 to 1")
        if endpoint == "sd3" and has_image and "aspect_ratio" in body:
            raise self.decline("400", "aspect_ratio: is only valid for text-to-image requests")


def _is_picture(upload: Upload) -> bool:
    return upload.data.startswith((b"\x89PNG", b"\xff\xd8")) or upload.data[8:12] == b"WEBP"


def _error(status: int, name: str, text: str) -> Answer:
    return Answer(status, {"id": "a1b2c3d4e5f6", "name": name, "errors": [text]})
