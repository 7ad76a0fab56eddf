"""Ideogram 3.0: its OpenAPI (2026-06), developer.ideogram.ai; 4.0 as docs.comfy.org has it (2026-11)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, measured
from tests.emulators._wire import Answer, Call, Order

SHARED = {
    *("prompt", "seed", "rendering_speed", "magic_prompt", "num_images", "color_palette", "style_codes", "style_type"),
    *("style_preset", "custom_model_uri", "style_reference_images", "character_reference_images"),
    "character_reference_images_mask",
}
GENERATE = SHARED | {"resolution", "aspect_ratio", "negative_prompt"}
REMIX = GENERATE | {"image", "image_weight"}
EDIT = SHARED | {"image", "mask"}
# Ratios and the resolutions that they stand for; the other documented ones lie between.
RATIOS = {
    "1x3": "512x1536",
    "3x1": "1536x512",
    "1x2": "704x1408",
    "2x1": "1408x704",
    "9x16": "736x1312",
    "16x9": "1312x736",
    "10x16": "800x1280",
    "16x10": "1280x800",
    "2x3": "832x1248",
    "3x2": "1248x832",
    "3x4": "864x1152",
    "4x3": "1152x864",
    "4x5": "896x1120",
    "5x4": "1120x896",
    "1x1": "1024x1024",
}
SIDES = {
    512: {1536},
    576: {1408, 1472, 1536},
    640: {1344, 1408, 1472, 1536},
    704: {1152, 1216, 1280, 1344, 1408, 1472},
    736: {1312},
    768: {1088, 1216, 1280, 1344},
    800: {1280},
    832: {960, 1024, 1088, 1152, 1216, 1248},
    864: {1152},
    896: {960, 1024, 1088, 1120, 1152},
    960: {1024, 1088},
}
PAIRS = [(short, long) for short, longer in SIDES.items() for long in longer]
RESOLUTIONS = {f"{a}x{b}" for short, long in PAIRS for a, b in ((short, long), (long, short))} | {"1024x1024"}
ALLOWED: dict[str, set[str]] = {
    "rendering_speed": {"FLASH", "TURBO", "BALANCED", "DEFAULT", "QUALITY"},
    "magic_prompt": {"AUTO", "ON", "OFF"},
    "style_type": {"AUTO", "GENERAL", "REALISTIC", "DESIGN", "CUSTOM", "FICTION", "STYLIZED"},
    "aspect_ratio": set(RATIOS),
    "resolution": RESOLUTIONS,
}
RANGES = {"num_images": (1, 8), "seed": (0, 2_147_483_647), "image_weight": (1, 100)}
TRANSPARENT = {
    *("prompt", "seed", "upscale_factor", "aspect_ratio", "rendering_speed", "magic_prompt", "negative_prompt"),
    "num_images",
}
ERRORS = {
    "400": (400, "Invalid input provided."),
    "401": (401, "Not authorized to generate an image."),
    "402": (402, "Payment required."),
    "403": (403, "Forbidden."),
    "404": (404, "Not found."),
    "429": (429, "Too many requests."),
    "500": (500, "Internal server error."),
    "503": (503, "Service unavailable."),
}
UNSAFE = "provided failed safety check due to the inclusion of prohibited content."


class Ideogram(Emulator):
    """JSON or a form, URLs that expire; an unsafe picture is an item without a URL, with 200."""

    name = "ideogram"
    key_variable = "IDEOGRAM_API_KEY"
    key_header = "api-key"
    key_prefix = ""
    refusals: ClassVar[tuple[str, ...]] = ("prompt", "image", "output")
    hands_out_urls = True

    def failure(self, kind: str, message: str = "") -> Answer:
        """One sentence; only that of 422 is documented."""
        status, text = ERRORS[kind]
        return Answer(status, {"error": message or text})

    def refuse(self, name: str, call: Call) -> Answer:
        """The prompt or a picture that came with it is refused, or the picture that was made."""
        if name != "output":
            return Answer(422, {"error": f"{name.capitalize()} {UNSAFE}"})
        item = {"prompt": "", "resolution": "1024x1024", "seed": 1, "is_image_safe": False, "url": None}
        return Answer(200, {"created": "2026-11-21T12:00:00+00:00", "data": [item]})

    @route("POST", "/v1/ideogram-v3/generate", phase="submit")
    def generate(self, call: Call) -> Order:
        """From words; files of reference need a form. A character (one picture for now) is another price."""
        order = self._order(self.expect(call, GENERATE))
        if "character_reference_images" not in call.fields | call.uploads:
            return order
        self._check_files(call, ("character_reference_images",))
        if order.body.get("style_type", "AUTO") not in ("AUTO", "FICTION", "REALISTIC"):
            raise self.decline("400", "style_type with a character is AUTO, FICTION or REALISTIC")
        return replace(order, model="ideogram-v3-character")

    @route("POST", "/v1/ideogram-v3/generate-transparent", phase="submit")
    def generate_transparent(self, call: Call) -> Order:
        """Without a background: a form, no style and no fast lane."""
        body = self.expect(call, TRANSPARENT)
        if not call.form or body.get("rendering_speed") == "FLASH":
            raise self.decline("400", "a multipart form; FLASH is not supported")
        return replace(self._order(body), alpha=True)

    @route("POST", "/v1/ideogram-v4/generate", phase="submit")
    def generate_4(self, call: Call) -> Order:
        """Version 4: words under another name, a size of about 2K, no number and no seed."""
        body = self.expect(call, {"text_prompt", "json_prompt", "rendering_speed", "resolution"})
        if bool(body.get("text_prompt")) == bool(body.get("json_prompt")):
            raise self.decline("400", "exactly one of text_prompt and json_prompt")
        if body.get("rendering_speed", "DEFAULT") not in ("DEFAULT", "TURBO", "QUALITY"):
            raise self.decline("400", "rendering_speed")
        width, height = (int(side) for side in body.get("resolution", "2048x2048").split("x"))
        if not 3_000_000 < width * height < 4_500_000:
            raise self.decline("400", "resolution")
        text = str(body.get("text_prompt") or "")
        return Order(model="ideogram-v4", prompt=text, width=width, height=height, body=body)

    @route("POST", "/v1/ideogram-v3/remix", phase="submit")
    def remix(self, call: Call) -> Order:
        """From a picture and words."""
        body = self.expect(call, REMIX)
        self._check_files(call, ("image",))
        return self._order(body)

    @route("POST", "/v1/ideogram-v3/edit", phase="submit")
    def edit(self, call: Call) -> Order:
        """The black part of the mask made anew."""
        body = self.expect(call, EDIT)
        self._check_files(call, ("image", "mask"))
        width, height = measured(call.uploads["image"][0].data)
        if measured(call.uploads["mask"][0].data) != (width, height):
            raise self.decline("400", "mask must be as large as image")
        return replace(self._order(body), width=width, height=height)

    @route("POST", "/v1/remove-background", phase="submit")
    def remove_background(self, call: Call) -> Order:
        """The subject alone, on nothing."""
        body = self.expect(call, {"image"})
        self._check_files(call, ("image",))
        width, height = measured(call.uploads["image"][0].data)
        return Order(model="remove-background", prompt="", width=width, height=height, alpha=True, body=body)

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """An item per picture, with the seed of each."""
        seed = order.seed if order.seed is not None else 12_345
        data = [
            {
                "url": self.publish(call, each),
                "prompt": order.prompt,
                "resolution": f"{order.width}x{order.height}",
                "seed": seed + place,
                "is_image_safe": True,
                "style_type": order.body.get("style_type", "GENERAL"),
            }
            for place, each in enumerate(pictures)
        ]
        return Answer(200, {"created": "2026-11-21T12:00:00+00:00", "data": data})

    def _order(self, body: Mapping[str, Any]) -> Order:
        if not body.get("prompt"):
            raise self.decline("400", "prompt is required")
        if "aspect_ratio" in body and "resolution" in body:
            raise self.decline("400", "aspect_ratio and resolution exclude each other")
        for name, values in ALLOWED.items():
            if name in body and body[name] not in values:
                raise self.decline("400", f"{name}: {body[name]!r} is not one of {sorted(values)}")
        for name, (least, most) in RANGES.items():
            if name in body and not least <= int(body[name]) <= most:
                raise self.decline("400", f"{name} must be from {least} to {most}")
        resolution = body.get("resolution") or RATIOS[body.get("aspect_ratio", "1x1")]
        width, height = (int(side) for side in resolution.split("x"))
        return Order(
            model="ideogram-v3",
            prompt=body["prompt"],
            width=width,
            height=height,
            number=int(body.get("num_images", 1)),
            seed=int(body["seed"]) if "seed" in body else None,
            body=body,
        )

    def _check_files(self, call: Call, names: tuple[str, ...]) -> None:
        for name in names:
            files = call.uploads.get(name, [])
            if len(files) != 1 or files[0].content_type not in ("image/png", "image/jpeg", "image/webp"):
                raise self.decline("400", f"{name} must be one JPEG, PNG or WebP file")
