"""Recraft: its OpenAPI (2026-08-22), recraft.ai/docs/api-reference pages endpoints, appendix and agents (2026)."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, measured, measured_url
from tests.emulators._wire import Answer, Call, Order, is_base64

COMMON = {
    *("prompt", "model", "n", "style", "style_id", "style_match", "substyle", "negative_prompt", "random_seed"),
    *("controls", "image_format", "response_format", "block_nsfw", "calculate_features", "creativity", "expire"),
    "text_layout",
}
GENERATE = COMMON | {"size", "upscale", "style_references", "style_reference_urls"}
TRANSFORM = COMMON | {"image", "image_url"}
# Units (a thousandth of a dollar) for one image.
MODELS = {
    "recraftv2": 22,
    "recraftv2_vector": 44,
    "recraftv3": 40,
    "recraftv3_vector": 80,
    "recraftv4": 40,
    "recraftv4_vector": 80,
    "recraftv4_pro": 250,
    "recraftv4_pro_vector": 300,
    "recraftv4_styles": 35,
    "recraftv4_styles_pro": 100,
    "recraftv4_styles_vector": 50,
    "recraftv4_1": 35,
    "recraftv4_1_vector": 80,
    "recraftv4_1_pro": 210,
    "recraftv4_1_pro_vector": 300,
    "recraftv4_1_utility": 35,
}
STYLE = 5
"""Units for a style that is made of pictures of reference (wavespeed.ai on Recraft's create-style, 2026-08-27)."""
MOST_REFERENCES = 10
TOOLS = {"removeBackground": 10, "vectorize": 10, "crispUpscale": 4}
# What each tool takes, as recraft.ai/docs/api-reference/tools has it: fewest and most pixels on a side.
SIDES = {"removeBackground": (256, 4096), "vectorize": (256, 4096), "crispUpscale": (32, 4096), "outpaint": (256, 4096)}
EDGES = ("expand_left", "expand_top", "expand_right", "expand_bottom")
TOOL = {"image", "image_url", "image_format", "response_format", "expire"}
OLD_SIZES = {
    "1:1": (1024, 1024),
    "2:1": (2048, 1024),
    "1:2": (1024, 2048),
    "3:2": (1536, 1024),
    "2:3": (1024, 1536),
    "4:3": (1365, 1024),
    "3:4": (1024, 1365),
    "5:4": (1280, 1024),
    "4:5": (1024, 1280),
    "6:10": (1024, 1707),
    "14:10": (1434, 1024),
    "10:14": (1024, 1434),
    "16:9": (1820, 1024),
    "9:16": (1024, 1820),
}
SIZES = {
    "1:1": (1024, 1024),
    "2:1": (1536, 768),
    "1:2": (768, 1536),
    "3:2": (1280, 832),
    "2:3": (832, 1280),
    "4:3": (1216, 896),
    "3:4": (896, 1216),
    "5:4": (1152, 896),
    "4:5": (896, 1152),
    "6:10": (832, 1344),
    "14:10": (1280, 896),
    "10:14": (896, 1280),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
}
LARGEST = 10 * 1024 * 1024
# The documentation promises a JSON body that explains; code and message are what it has been seen to hold.
ERRORS = {
    "400": (400, "invalid_request", "invalid request"),
    "401": (401, "unauthorized", "invalid or missing API token"),
    "402": (402, "not_enough_credits", "not enough API units"),
    "403": (403, "forbidden", "access denied"),
    "404": (404, "not_found", "not found"),
    "429": (429, "rate_limit_exceeded", "rate limit exceeded"),
    "500": (500, "internal", "internal error"),
    "503": (503, "unavailable", "service unavailable"),
}


def units(order: Order) -> int:
    """What an order costs, with the style that is made for it."""
    if order.model in TOOLS:
        return TOOLS[order.model]
    return MODELS[order.model] * order.number + (STYLE if order.body.get("style_reference_urls") else 0)


class Recraft(Emulator):
    """OpenAI's shape with fields of its own and the cost in units; what a refusal looks like is not documented."""

    name = "recraft"
    key_variable = "RECRAFT_API_KEY"

    def _settle(self) -> None:
        super()._settle()
        self.styles: set[str] = set()
        """Those that it made."""
        self.unknown_style = "400"
        """What it says to any other is not documented."""

    def failure(self, kind: str, message: str = "") -> Answer:
        """A code and a message."""
        status, code, text = ERRORS[kind]
        return Answer(status, {"code": code, "message": message or text})

    @route("POST", "/v1/images/generations", phase="submit")
    def generate(self, call: Call) -> Order:
        """A picture from words, raster or vector by the model; the models of styles want one, made or to be made."""
        body = self.expect(call, GENERATE)
        order = self._order(call, body)
        urls = body.get("style_reference_urls", [])
        if "_styles" in order.model and not (urls or body.get("style_id")):
            raise self.decline("400", f"{order.model} requires a style_id or style references")
        if body.get("style_id") not in (None, *self.styles):
            raise self.decline(self.unknown_style, f"style {body['style_id']} not found")
        if len(urls) > MOST_REFERENCES or not all(measured_url(url) for url in urls):
            raise self.decline("400", f"style_reference_urls holds 1 to {MOST_REFERENCES} pictures")
        return order

    @route("POST", "/v1/images/imageToImage", phase="submit")
    def transform(self, call: Call) -> Order:
        """A picture made anew, as far from the old one as `strength` says."""
        body = self.expect(call, TRANSFORM | {"strength"})
        if not 0 <= float(body.get("strength", -1)) <= 1:
            raise self.decline("400", "strength is required, from 0 to 1")
        self._check_picture(call, "image")
        return self._order(call, body)

    @route("POST", "/v1/images/inpaint", phase="submit")
    def inpaint(self, call: Call) -> Order:
        """The white part of the mask made anew."""
        body = self.expect(call, TRANSFORM | {"mask", "mask_url"})
        self._check_picture(call, "image")
        self._check_picture(call, "mask")
        return self._order(call, body)

    @route("POST", "/v1/images/removeBackground", phase="submit")
    def remove_background(self, call: Call) -> Order:
        """The subject alone."""
        width, height = self._taken(call, "removeBackground", TOOL)
        return Order(model="removeBackground", prompt="", width=width, height=height, alpha=True)

    @route("POST", "/v1/images/vectorize", phase="submit")
    def vectorize(self, call: Call) -> Order:
        """An SVG; nothing about colours or shapes is asked here."""
        width, height = self._taken(call, "vectorize", TOOL | {"svg_compression", "limit_num_shapes"})
        return Order(model="vectorize", prompt="", width=width, height=height, media="image/svg+xml")

    @route("POST", "/v1/images/crispUpscale", phase="submit")
    def crisp_upscale(self, call: Call) -> Order:
        """Larger and sharper; by how much is not documented, here four times, at most 8192 pixels on a side."""
        width, height = self._taken(call, "crispUpscale", TOOL)
        factor = min(4.0, 8192 / max(width, height))
        media = f"image/{call.fields.get('image_format', 'png')}"
        width, height = round(width * factor), round(height * factor)
        return Order(model="crispUpscale", prompt="", width=width, height=height, media=media)

    @route("POST", "/v1/images/outpaint", phase="submit")
    def outpaint(self, call: Call) -> Order:
        """A larger picture: by pixels at an edge, or by a size."""
        width, height = self._taken(call, "outpaint", TRANSFORM | {*EDGES, "size", "zoom_out_percentage"})
        body = call.fields
        edges = [int(body.get(edge, 0)) for edge in EDGES]
        if not any(edges) or min(edges) < 0 or "size" in body:
            raise self.decline("400", "one of size, expand_* or zoom_out_percentage is required, and not two")
        width, height = width + edges[0] + edges[2], height + edges[1] + edges[3]
        if max(width, height) > 4096:
            raise self.decline("400", "the result must not exceed 4096 px on either side")
        made = self._order(call, body)
        return replace(made, width=width, height=height)

    def _taken(self, call: Call, tool: str, known: set[str]) -> tuple[int, int]:
        """The size of the picture that came, if the tool takes it."""
        self._check_values(self.expect(call, known))
        self._check_picture(call, "image")
        width, height = measured(call.uploads["image"][0].data)
        least, most = SIDES[tool]
        if not (least <= min(width, height) and max(width, height) <= most and width * height <= 16_000_000):
            raise self.decline("400", f"the image must have sides from {least} to {most} px and at most 16 MP")
        return width, height

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """URLs unless base64 was asked for; the units that the call cost. A tool brings one picture under `image`."""
        if order.model in TOOLS:
            image = {"image": self._item(call, order, pictures[0])} if pictures else {}
            return Answer(200, {"created": 1_795_000_000, "credits": TOOLS[order.model], **image})
        data = [{"image_id": str(uuid.uuid4()), **self._item(call, order, each)} for each in pictures]
        style = {"style_id": str(uuid.uuid4())} if order.body.get("style_reference_urls") else {}
        self.styles |= set(style.values())
        return Answer(200, {"created": 1_795_000_000, "credits": units(order), "data": data, **style})

    @route("GET", "/v1/users/me")
    def user(self, call: Call) -> Answer:
        """The account and its units."""
        me = {"id": str(uuid.UUID(int=1)), "email": "someone@example.com", "name": "Someone"}
        return Answer(200, {**me, "credits": 1000})

    @route("GET", "/v1/models")
    def models(self, call: Call) -> Answer:
        """The models, priced in dollars."""
        data = [
            {
                **{"id": name, "name": name, "created": 0, "description": ""},
                **{"input_modalities": ["text"], "output_modalities": ["image"]},
                "pricing": {"image": f"{units / 1000:g}"},
            }
            for name, units in MODELS.items()
        ]
        return Answer(200, {"data": data})

    def _item(self, call: Call, order: Order, picture: Picture) -> dict[str, str]:
        if call.fields.get("response_format") == "b64_json":
            return {"b64_json": base64.b64encode(picture.data).decode()}
        return {"url": self.publish(call, picture)}

    def _order(self, call: Call, body: Mapping[str, Any]) -> Order:
        model, style = body.get("model", "recraftv4_1"), str(body.get("style", ""))
        if model not in MODELS:
            raise self.decline("400", f"unknown model {model!r}")
        is_old = model.startswith(("recraftv2", "recraftv3"))
        prompt, longest = body.get("prompt"), 1000 if is_old else 10_000
        if not isinstance(prompt, str) or not 1 <= len(prompt) <= longest:
            raise self.decline("400", f"prompt must have 1 to {longest} characters")
        for name in ("style", "substyle", "negative_prompt"):
            if name in body and not is_old:
                self.log.surprise(f"{call.path}: {model} is not documented to take {name}")
        self._check_values(body)
        files = call.uploads.get("image", [])
        width, height = measured(files[0].data) if files else self._size(model, str(body.get("size", "1:1")))
        is_vector = model.endswith("_vector") or style.startswith(("vector_illustration", "icon"))
        return Order(
            model=model,
            prompt=prompt,
            width=width,
            height=height,
            number=int(body.get("n", 1)),
            seed=int(body["random_seed"]) if "random_seed" in body else None,
            media="image/svg+xml" if is_vector else f"image/{body.get('image_format', 'webp')}",
            body=body,
        )

    def _size(self, model: str, size: str) -> tuple[int, int]:
        table = OLD_SIZES if model.startswith(("recraftv2", "recraftv3")) else SIZES
        factor = 2 if "_pro" in model else 1
        known = {ratio: (width * factor, height * factor) for ratio, (width, height) in table.items()}
        known |= {f"{width}x{height}": (width, height) for width, height in known.values()}
        if size not in known:
            raise self.decline("400", f"size {size!r} is not supported by {model}")
        return known[size]

    def _check_values(self, body: Mapping[str, Any]) -> None:
        allowed = {"image_format": {"webp", "png"}, "response_format": {"url", "b64_json"}}
        for name, values in allowed.items():
            if name in body and body[name] not in values:
                raise self.decline("400", f"{name} must be one of {sorted(values)}")
        if int(body.get("n", 1)) not in range(1, 7):
            raise self.decline("400", "n must be between 1 and 6")
        if not 0 <= int(body.get("random_seed", 0)) < 2**32:
            raise self.decline("400", "random_seed must be a uint32")

    def _check_picture(self, call: Call, name: str) -> None:
        uploads, url = call.uploads.get(name, []), str(call.fields.get(f"{name}_url", ""))
        is_url = url.startswith(("http://", "https://")) or (url.startswith("data:") and is_base64(url))
        if len(uploads) + is_url != 1 or any(len(each.data) > LARGEST for each in uploads):
            raise self.decline("400", f"{name} is required, below 10 MB")
