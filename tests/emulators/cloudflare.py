"""Cloudflare Workers AI: cloudflare-docs model schemas, its errors page (2026-07), workers-types 5.20261117.1."""

import base64
import io
from collections.abc import Mapping
from typing import Any, ClassVar

from PIL import Image

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call, Order, is_base64

SDXL = {
    *("prompt", "negative_prompt", "width", "height", "num_steps", "guidance", "strength", "seed"),
    *("image", "image_b64", "mask"),
}
FLUX_2 = {"prompt", "steps", "guidance", "width", "height", "seed", *(f"input_image_{index}" for index in range(4))}
LUCID = {"prompt", "guidance", "seed", "width", "height", "num_steps", "steps"}
PHOENIX = {"prompt", "guidance", "seed", "width", "height", "num_steps", "negative_prompt"}
# Model: documented fields, default size, size limits, the bytes' type, the declared type ("" = JSON envelope).
MODELS: dict[str, tuple[set[str], tuple[int, int], tuple[int, int], str, str]] = {
    "@cf/black-forest-labs/flux-1-schnell": ({"prompt", "steps"}, (1024, 1024), (1024, 1024), "image/jpeg", ""),
    "@cf/black-forest-labs/flux-2-dev": (FLUX_2, (1024, 768), (256, 1920), "image/jpeg", ""),
    "@cf/black-forest-labs/flux-2-klein-4b": (FLUX_2, (1024, 768), (256, 1920), "image/jpeg", ""),
    "@cf/black-forest-labs/flux-2-klein-9b": (FLUX_2, (1024, 768), (256, 1920), "image/jpeg", ""),
    "@cf/stabilityai/stable-diffusion-xl-base-1.0": (SDXL, (1024, 1024), (256, 2048), "image/png", "image/png"),
    "@cf/bytedance/stable-diffusion-xl-lightning": (SDXL, (1024, 1024), (256, 2048), "image/jpeg", "image/png"),
    "@cf/lykon/dreamshaper-8-lcm": (SDXL, (1024, 1024), (256, 2048), "image/png", "image/png"),
    "@cf/runwayml/stable-diffusion-v1-5-inpainting": (SDXL, (1024, 1024), (256, 2048), "image/png", "image/png"),
    "@cf/leonardo/lucid-origin": (LUCID, (1120, 1120), (1, 2500), "image/jpeg", ""),
    "@cf/leonardo/phoenix-1.0": (PHOENIX, (1024, 1024), (1, 2048), "image/jpeg", "image/jpeg"),
}
MOST_STEPS = {"flux-1-schnell": 8, "lucid-origin": 40, "phoenix-1.0": 50, "flux-2-dev": 50}
ERRORS = {
    "400": (400, 3030, "AiError: AiError: Model input is not valid"),
    "multipart": (400, 5006, "AiError: Bad input: Error: required properties at '/' are 'multipart'"),
    "base64": (400, 5004, "Invalid data type for base64 input"),
    "401": (401, 10000, "Authentication error"),
    "403": (403, 5018, "This account is not allowed to access this model"),
    "404": (400, 5007, "No such model or task"),
    "429": (429, 3040, "No more data centers to forward the request to"),
    "quota": (429, 3036, "You have used up your daily free allocation of 10,000 neurons."),
    "500": (500, 10013, "An unknown error has occurred"),
    "503": (503, 10013, "Service temporarily unavailable"),
}
REFUSALS = {
    "input_prompt": (400, "AiError: AiError: Input prompt contains NSFW content"),
    "input_image": (400, "AiError: AiError: Input image contains NSFW content."),
    "output_image": (400, "AiError: AiError: Output image contains NSFW content (5a1b)"),
    "flagged": (400, "Your output has been flagged. Please choose another prompt / input image combination"),
    "ok_status": (200, "AiError: AiError: Input prompt contains NSFW content"),
}


class Cloudflare(Emulator):
    """Synchronous; an envelope around base64 or raw bytes, by model; FLUX.2 takes nothing but multipart."""

    name = "cloudflare"
    key_variable = "CLOUDFLARE_API_TOKEN"
    refusals = tuple(REFUSALS)
    undocumented: ClassVar[frozenset[str]] = frozenset({"402"})
    account = "canary-account-5e0c1f"

    def environment(self, base_url: str = "") -> dict[str, str]:
        """The account id belongs to the key."""
        return {**super().environment(base_url), "CLOUDFLARE_ACCOUNT_ID": self.account}

    def failure(self, kind: str, message: str = "") -> Answer:
        """The envelope with one numbered error."""
        status, code, text = ERRORS[kind]
        return Answer(status, _envelope(None, code, f"{text}: {message}" if message else text))

    def refuse(self, name: str, call: Call) -> Answer:
        """Code 3030, which also stands for invalid input."""
        status, text = REFUSALS[name]
        return Answer(status, _envelope({}, 3030, text))

    # The server hands the path over decoded, so this is the way in for `%2F` as well as for plain slashes.
    @route("POST", "/client/v4/accounts/{account}/ai/run/{model:path}", phase="submit")
    def run(self, call: Call, account: str, model: str) -> Order:
        """Check the fields against the model's schema."""
        if account != self.account:
            raise self.decline("401")
        if model not in MODELS:
            raise self.decline("404", model)
        known, (width, height), limits, media, _ = MODELS[model]
        if ("flux-2-" in model) != bool(call.form):
            raise self.decline("400" if call.form else "multipart")
        body = self.expect(call, {*known, "options"})
        if "flux-1-" in model and set(body) - known - {"options"}:
            raise self.decline("400", "must NOT have additional properties")
        if not isinstance(body.get("prompt"), str) or not body["prompt"]:
            raise self.decline("400", "prompt is required")
        width, height = self._number(body, "width", width, limits), self._number(body, "height", height, limits)
        self._check_steps(model, body)
        self._check_inputs(call)
        seed = self._number(body, "seed", -1, (0, 2**63))
        return Order(
            model=model,
            prompt=body["prompt"],
            width=width,
            height=height,
            seed=None if seed < 0 else seed,
            media=media,
            body=body,
        )

    @route("GET", "/client/v4/accounts/{account}/ai/models/search")
    def models(self, call: Call, account: str) -> Answer:
        """The models of a task, by name; their ids are of no use elsewhere."""
        if account != self.account:
            raise self.decline("401")
        found = [{"id": f"{place:08d}", "name": name} for place, name in enumerate(sorted(MODELS))]
        return Answer(200, {"result": found, "success": True, "errors": [], "messages": []})

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Raw bytes under the declared type, which lightning gets wrong; else the envelope."""
        declared = MODELS[order.model][4]
        if declared:
            return Answer(200, pictures[0].data if pictures else b"", media=declared)
        result = {"image": base64.b64encode(pictures[0].data).decode()} if pictures else {}
        return Answer(200, {"result": result, "success": True, "errors": [], "messages": []})

    def _number(self, body: Mapping[str, Any], name: str, default: int, limits: tuple[int, int]) -> int:
        if name not in body:
            return default
        try:
            value = int(body[name])
        except (TypeError, ValueError):
            raise self.decline("400", f"{name} must be a number") from None
        if not limits[0] <= value <= limits[1]:
            raise self.decline("400", f"{name} must be between {limits[0]} and {limits[1]}")
        return value

    def _check_steps(self, model: str, body: Mapping[str, Any]) -> None:
        most = MOST_STEPS.get(model.rpartition("/")[2], 20)
        for name in ("steps", "num_steps"):
            self._number(body, name, 1, (1, most))
        if "klein" in model and int(body.get("steps", 4)) != 4:
            raise self.decline("400", "steps is fixed at 4")

    def _check_inputs(self, call: Call) -> None:
        if not is_base64(call.fields.get("image_b64", "AA==")):
            raise self.decline("base64")
        for name, files in call.uploads.items():
            try:
                width, height = Image.open(io.BytesIO(files[0].data)).size
            except OSError:
                raise self.decline("400", f"{name} is not an image") from None
            if max(width, height) >= 512:
                raise self.decline("400", f"{name} must be smaller than 512x512")


def _envelope(result: Any, code: int, message: str) -> dict[str, Any]:
    return {"result": result, "success": False, "errors": [{"code": code, "message": message}], "messages": []}
