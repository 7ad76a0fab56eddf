"""Servers that speak OpenAI's Images API with an accent of their own; a user names them in the configuration."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, measured, ratio_size
from tests.emulators._wire import Answer, Call, Declined, Order, is_base64

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
KEYLESS = frozenset({"401", "402", "403", "429", "quota", "503", "echo_key"})


class Dialect(Emulator):
    """What all of them share: the list of models, base64 in `data`."""

    model: ClassVar[str]
    needs_key: ClassVar[bool] = False
    undocumented: ClassVar[frozenset[str]] = KEYLESS

    @route("GET", "/v1/models")
    def models(self, call: Call) -> Answer:
        """The one model."""
        return Answer(200, {"object": "list", "data": [{"id": self.model, "object": "model"}]})

    def encoded(self, pictures: list[Picture]) -> list[dict[str, Any]]:
        """Items with base64."""
        return [{"b64_json": base64.b64encode(each.data).decode()} for each in pictures]

    def sized(self, body: Mapping[str, Any], default: int) -> tuple[int, int]:
        """Width and height of a `WxH`; the default for anything else."""
        found = re.fullmatch(r"(\d+)x(\d+)", str(body.get("size", "")))
        return (int(found[1]), int(found[2])) if found else (default, default)

    def prompted(self, body: Mapping[str, Any]) -> str:
        """The prompt, which all of them require."""
        if not isinstance(body.get("prompt"), str) or not body["prompt"]:
            raise self.decline("400", "prompt required")
        return str(body["prompt"])


class XAI(Dialect):
    """docs.x.ai image pages (2026): shapes in place of sizes, edits in JSON, moderation inside a 200."""

    name = "xai"
    model = "grok-imagine-image-2.0"
    needs_key: ClassVar[bool] = True
    refusals: ClassVar[tuple[str, ...]] = ("moderation",)
    undocumented: ClassVar[frozenset[str]] = frozenset({"402", "quota"})
    fields: ClassVar[set[str]] = {
        *("model", "prompt", "n", "aspect_ratio", "resolution", "quality", "response_format", "user"),
    }
    ratios: ClassVar[set[str]] = {
        *("1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "1:2", "2:1", "9:19.5", "19.5:9", "9:20", "20:9"),
    }
    errors: ClassVar[dict[str, tuple[int, str]]] = {
        "400": (400, "Client specified an invalid argument"),
        "401": (401, "Unauthenticated: incorrect API key provided"),
        "403": (403, "The caller does not have permission to execute the specified operation"),
        "404": (404, "The model does not exist or your team does not have access to it"),
        "429": (429, "Too many requests"),
        "500": (500, "Internal server error"),
        "503": (503, "Service temporarily unavailable"),
    }

    def failure(self, kind: str, message: str = "") -> Answer:
        """Code and error as two strings."""
        status, text = self.errors[kind]
        return Answer(status, {"code": text, "error": message or text})

    def refuse(self, name: str, call: Call) -> Answer:
        """An item without a picture, with 200."""
        return Answer(200, {"data": [{"respect_moderation": False, "url": None}], "usage": {}})

    @route("POST", GENERATIONS, phase="submit")
    def generate(self, call: Call) -> Order:
        """From words."""
        return self._order(self.expect(call, self.fields))

    @route("POST", EDITS, phase="submit")
    def edit(self, call: Call) -> Order:
        """From up to five pictures, each an object with a URL."""
        body = self.expect(call, self.fields | {"image", "images"})
        images = body.get("images") or [body.get("image")]
        if call.form or not 1 <= len(images) <= 5 or not all(_is_image_url(each) for each in images):
            raise self.decline("400", "image: {url, type} or up to five in images")
        return self._order(body)

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """With the word of the moderation on each, and the cost."""
        items = [{**each, "respect_moderation": True} for each in self.encoded(pictures)]
        if order.body.get("response_format", "url") == "url":
            items = [{"url": self.publish(call, each), "respect_moderation": True} for each in pictures]
        return Answer(200, {"data": items, "usage": {"cost_in_usd_ticks": 600_000_000}})

    def _order(self, body: Mapping[str, Any]) -> Order:
        prompt = self.prompted(body)
        if body.get("model") != self.model:
            raise self.decline("404")
        ratio = body.get("aspect_ratio", "1:1")
        if ratio not in self.ratios or body.get("resolution", "1k") not in ("1k", "2k"):
            raise self.decline("400", "aspect_ratio or resolution is not supported")
        side = 2048 if body.get("resolution") == "2k" else 1024
        width, height = ratio_size(ratio, side * side)
        return Order(
            model=self.model,
            prompt=prompt,
            width=width,
            height=height,
            number=body.get("n", 1),
            media="image/jpeg",
            body=body,
        )


class LocalAI(Dialect):
    """mudler/LocalAI 82c191afa (2026-08-22): a bar in the prompt, `step`, URLs unless base64 is asked for."""

    name = "localai"
    model = "stablediffusion"
    fields: ClassVar[set[str]] = {
        *("model", "prompt", "n", "size", "step", "seed", "mode", "quality", "response_format"),
        *("file", "files", "ref_images", "user"),
    }

    def failure(self, kind: str, message: str = "") -> Answer:
        """OpenAI's object, with a number for its code."""
        status = int(kind)
        return Answer(status, {"error": {"code": status, "message": message or "failed", "type": "", "param": None}})

    @route("POST", GENERATIONS, phase="submit")
    def generate(self, call: Call) -> Order:
        """From words, or from a picture as URL or bare base64."""
        body = self.expect(call, self.fields)
        pictures = [*body.get("files", []), *body.get("ref_images", []), *([body["file"]] if "file" in body else [])]
        if not all(each.startswith("http") or (not each.startswith("data:") and is_base64(each)) for each in pictures):
            raise self.decline("400", "file must be a URL or base64")
        return self._order(body)

    @route("POST", "/v1/images/inpainting", phase="submit")
    def inpaint(self, call: Call) -> Order:
        """A form with a picture and a mask."""
        body = self.expect(call, {"model", "prompt", "steps", "image", "mask"})
        if not call.uploads.keys() >= {"image", "mask"}:
            raise self.decline("400", "image and mask are required")
        return self._order(body)

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Usage is there and empty."""
        data = self.encoded(pictures)
        if order.body.get("response_format") != "b64_json":
            data = [{"url": self.publish(call, each)} for each in pictures]
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return Answer(200, {"created": 1_795_000_000, "id": order.identifier, "data": data, "usage": usage})

    def _order(self, body: Mapping[str, Any]) -> Order:
        prompt, _, negative = self.prompted(body).partition("|")
        if body.get("model", self.model) != self.model:
            raise self.decline("404", f"model {body['model']} not found")
        width, height = self.sized(body, 512)
        return Order(
            model=self.model,
            prompt=prompt,
            width=width,
            height=height,
            number=body.get("n") or 1,
            seed=body.get("seed"),
            body={**body, "negative_prompt": negative},
        )


class SDServer(Dialect):
    """stable-diffusion.cpp's sd-server 97d29908 (2026-08-19), as measured: five fields, the rest inside the prompt."""

    name = "sd-server"
    model = "sd-cpp-local"
    wrapped: ClassVar[re.Pattern[str]] = re.compile(r"<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", re.DOTALL)
    extras: ClassVar[set[str]] = {
        *("seed", "negative_prompt", "strength", "sample_params", "clip_skip", "width", "height", "batch_count"),
        *("lora", "vae_tiling_params", "cache_mode"),
    }

    def failure(self, kind: str, message: str = "") -> Answer:
        """A bare string; a defect has two."""
        if kind == "500":
            return Answer(500, {"error": "server_error", "message": message or "generate_image returned no results"})
        return Answer(int(kind), {"error": message or "prompt required"} if kind == "400" else b"")

    @route("POST", GENERATIONS, phase="submit")
    def generate(self, call: Call) -> Order:
        """What it does not know it overlooks."""
        if not call.body:
            raise self.decline("400", "empty body")
        if not isinstance(call.json, dict):
            raise self.decline("500", "[json.exception.parse_error.101] parse error")
        return self._order(call.json)

    @route("POST", EDITS, phase="submit")
    def edit(self, call: Call) -> Order:
        """A form with `image[]` or `image`, and perhaps a mask."""
        if not {"image", "image[]"} & call.uploads.keys():
            raise self.decline("400", "at least one image[] required")
        return self._order(call.fields)

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Always base64."""
        kind = order.media.removeprefix("image/")
        return Answer(200, {"created": 1_795_000_000, "output_format": kind, "data": self.encoded(pictures)})

    def _order(self, body: Mapping[str, Any]) -> Order:
        text = self.prompted(body)
        extra = json.loads(found[1]) if (found := self.wrapped.search(text)) else {}
        for name in sorted(extra.keys() - self.extras):
            self.log.surprise(f"extra argument {name!r} is not documented")
        kind = body.get("output_format", "png")
        if kind not in ("png", "jpeg", "webp"):
            raise self.decline("400", "invalid output_format, must be one of [png, jpeg, webp]")
        width, height = (-(-side // 64) * 64 for side in self.sized(body, 512))
        return Order(
            model=self.model,
            prompt=self.wrapped.sub("", text).strip(),
            width=width,
            height=height,
            number=min(8, max(1, int(body.get("n", 1)))),
            seed=extra.get("seed", 42),
            media=f"image/{kind}",
            body={**body, **extra},
        )


class VLLMOmni(Dialect):
    """vLLM-Omni 0.30: diffusion settings by their own names, base64 PNG only, FastAPI's errors."""

    name = "vllm-omni"
    model = "Qwen/Qwen-Image"
    undocumented: ClassVar[frozenset[str]] = KEYLESS - {"503"}
    fields: ClassVar[set[str]] = {
        *("model", "prompt", "n", "size", "response_format", "negative_prompt", "num_inference_steps", "user"),
        *("guidance_scale", "true_cfg_scale", "seed", "lora", "output_format", "output_compression"),
    }
    ranges: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 10), "num_inference_steps": (1, 200)}

    def failure(self, kind: str, message: str = "") -> Answer:
        """A detail."""
        return Answer(int(kind), {"detail": message or "The diffusion engine is not ready"})

    @route("POST", GENERATIONS, phase="submit")
    def generate(self, call: Call) -> Order:
        """From words."""
        return self._order(self.expect(call, self.fields), (1024, 1024))

    @route("POST", EDITS, phase="submit")
    def edit(self, call: Call) -> Order:
        """From one picture, as large as that unless a size is given."""
        body = self.expect(call, self.fields | {"image", "image[]"})
        files = call.uploads.get("image", []) + call.uploads.get("image[]", [])
        if len(files) != 1:
            raise self.decline("400", "one image is required")
        return self._order(body, measured(files[0].data))

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Nothing beside the pictures."""
        return Answer(200, {"created": 1_795_000_000, "data": self.encoded(pictures)})

    def _order(self, body: Mapping[str, Any], default: tuple[int, int]) -> Order:
        prompt = self.prompted(body)
        if body.get("model", self.model) != self.model:
            raise self.decline("400", f"Model mismatch: the server runs {self.model}")
        if body.get("response_format", "b64_json") != "b64_json":
            raise self.decline("400", "Only response_format 'b64_json' is supported")
        for name, (least, most) in self.ranges.items():
            if name in body and not least <= int(body[name]) <= most:
                error = {"loc": ["body", name], "msg": f"Input should be from {least} to {most}", "type": "range"}
                raise Declined(Answer(422, {"detail": [error]}))
        width, height = self.sized(body, 0)
        return Order(
            model=self.model,
            prompt=prompt,
            width=width or default[0],
            height=height or default[1],
            number=int(body.get("n", 1)),
            seed=int(body["seed"]) if "seed" in body else None,
            body=body,
        )


DIALECTS: dict[str, type[Dialect]] = {each.name: each for each in (XAI, LocalAI, SDServer, VLLMOmni)}


def _is_image_url(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("type") != "image_url":
        return False
    url = str(value.get("url", ""))
    return url.startswith("https://") or (url.startswith("data:image/") and is_base64(url))
