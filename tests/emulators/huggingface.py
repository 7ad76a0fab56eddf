"""Hugging Face's router, by the requests that huggingface_hub 2.4.0 makes for the services that it knows there."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture, black
from tests.emulators._wire import Answer, Call, Order

PARAMETERS = {"width", "height", "num_inference_steps", "guidance_scale", "negative_prompt", "scheduler", "seed"}
FAL = {
    *("prompt", "image_size", "num_inference_steps", "guidance_scale", "negative_prompt", "scheduler", "seed"),
    *("num_images", "output_format", "enable_safety_checker", "sync_mode", "acceleration"),
}
TOGETHER = {
    *("prompt", "model", "response_format", "width", "height", "steps", "guidance_scale", "negative_prompt", "seed"),
    *("scheduler", "n", "output_format"),
}
REPLICATE = {"prompt", "width", "height", "num_inference_steps", "guidance_scale", "negative_prompt", "seed"}
REPLICATE_ALSO = {"aspect_ratio", "output_format", "num_outputs", "scheduler"}
# Who serves a model at the router, and under which name there.
MAPPINGS: dict[str, dict[str, str]] = {
    "black-forest-labs/FLUX.1-schnell": {
        "hf-inference": "black-forest-labs/FLUX.1-schnell",
        "fal-ai": "fal-ai/flux/schnell",
        "together": "black-forest-labs/FLUX.1-schnell",
        "replicate": "black-forest-labs/flux-schnell",
    },
    "black-forest-labs/FLUX.1-dev": {"fal-ai": "fal-ai/flux/dev", "replicate": "black-forest-labs/flux-dev"},
    "stabilityai/stable-diffusion-xl-base-1.0": {"hf-inference": "stabilityai/stable-diffusion-xl-base-1.0"},
    "Qwen/Qwen-Image": {"fal-ai": "fal-ai/qwen-image", "replicate": "qwen/qwen-image"},
}
ERRORS = {
    "400": (400, "Bad request: inputs: field required"),
    "401": (401, "Invalid username or password."),
    "402": (402, "You have exceeded your monthly included credits for Inference Providers."),
    "403": (403, "This authentication method does not have sufficient permissions to call Inference Providers."),
    "404": (404, "Not Found"),
    "429": (429, "Too Many Requests"),
    "500": (500, "Internal Server Error"),
    "503": (503, "Model is currently loading"),
}


class HuggingFace(Emulator):
    """One host, a path per service behind it, each in that service's own shape; the token is Hugging Face's for all."""

    name = "huggingface"
    key_variable = "HF_TOKEN"
    refusals: ClassVar[tuple[str, ...]] = ("content_policy_violation", "black_image")

    def failure(self, kind: str, message: str = "") -> Answer:
        """One sentence; a model that is loading says how long."""
        status, text = ERRORS[kind]
        loading = {"estimated_time": 20.0} if kind == "503" else {}
        return Answer(status, {"error": message or text, **loading})

    def with_delay(self, answer: Answer, seconds: float) -> Answer:
        """In the header, and where a model loads in the body."""
        told = super().with_delay(answer, seconds)
        return replace(told, content={**told.content, "estimated_time": seconds}) if answer.status == 503 else told

    def refuse(self, name: str, call: Call) -> Answer:
        """The two ways of fal; the other services have none that is documented."""
        if name == "black_image":
            image = {"url": self.publish(call, black(512, 512)), "content_type": "image/png"}
            return Answer(200, {"images": [image], "has_nsfw_concepts": [True], "seed": 1, "prompt": ""})
        error = {"loc": ["body", "prompt"], "msg": "flagged by a content checker", "type": name}
        return Answer(422, {"detail": [error]})

    @route("POST", "/hf-inference/models/{model:path}", phase="submit")
    def infer(self, call: Call, model: str) -> Order:
        """Hugging Face's own: parameters beside the prompt, the picture's bytes as the answer."""
        if model not in {own for names in MAPPINGS.values() for service, own in names.items() if "hf-" in service}:
            raise self.decline("404", f"Model {model} is not supported by provider hf-inference")
        return self._endpoint(call, model)

    @route("POST", "/models/{model:path}", phase="submit")
    def endpoint(self, call: Call, model: str) -> Order:
        """An inference endpoint of one's own speaks the same."""
        return self._endpoint(call, model)

    @route("POST", "/fal-ai/{application:path}", phase="submit")
    def fal(self, call: Call, application: str) -> Order:
        """fal.ai, synchronously."""
        body = self.expect(call, FAL)
        self._know("fal-ai", application)
        size = body.get("image_size") or {}
        # fal's default, where no size comes along.
        return self._order(application, body, "jpeg", **({"width": 1024, "height": 768} | dict(size)))

    @route("POST", "/together/v1/images/generations", phase="submit")
    def together(self, call: Call) -> Order:
        """Together, in base64."""
        body = self.expect(call, TOGETHER)
        self._know("together", str(body.get("model")))
        return self._order(body["model"], body, "jpeg", **_sides(body))

    @route("POST", "/replicate/v1/models/{owner}/{name}/predictions", phase="submit")
    def replicate(self, call: Call, owner: str, name: str) -> Order:
        """Replicate, waiting."""
        given = self.expect(call, {"input"}).get("input") or {}
        self._know("replicate", f"{owner}/{name}")
        for field in sorted(given.keys() - REPLICATE - REPLICATE_ALSO):
            self.log.surprise(f"{call.path}: input.{field} is not documented")
        return self._order(f"{owner}/{name}", given, "webp", **_sides(given))

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """In the shape of whoever serves the model."""
        match call.path.split("/")[1]:
            case "fal-ai":
                images = [{"url": self.publish(call, each), "content_type": each.media} for each in pictures]
                flags = [False] * len(images)
                told = {"seed": order.seed or 1, "has_nsfw_concepts": flags, "prompt": order.prompt, "timings": {}}
                return Answer(200, {"images": images, **told})
            case "together":
                data = [{"index": 0, "b64_json": base64.b64encode(each.data).decode()} for each in pictures]
                return Answer(200, {"id": order.identifier, "model": order.model, "object": "list", "data": data})
            case "replicate":
                urls = [self.publish(call, each) for each in pictures]
                return Answer(201, {"id": order.identifier, "status": "succeeded", "output": urls, "error": None})
        return Answer(200, pictures[0].data if pictures else b"", media=order.media)

    @route("GET", "/api/models/{model:path}", keyed=False)
    def mapping(self, call: Call, model: str) -> Answer:
        """The hub's word on who serves a model."""
        if model not in MAPPINGS:
            raise self.decline("404", "Repository not found")
        services = {
            service: {"status": "live", "providerId": own, "task": "text-to-image"}
            for service, own in MAPPINGS[model].items()
        }
        about = {"id": model, "pipeline_tag": "text-to-image", "library_name": "diffusers", "tags": ["diffusers"]}
        return Answer(200, {**about, "inferenceProviderMapping": services})

    def _endpoint(self, call: Call, model: str) -> Order:
        body = self.expect(call, {"inputs", "parameters"})
        parameters = body.get("parameters") or {}
        for name in sorted(parameters.keys() - PARAMETERS):
            self.log.surprise(f"{call.path}: parameter {name!r} is not documented")
        wanted = call.headers.get("accept", "").removeprefix("image/")
        kind = wanted if wanted in ("png", "jpeg", "webp") else "jpeg"
        return self._order(model, {"prompt": body.get("inputs"), **parameters}, kind, **_sides(parameters))

    def _order(self, model: str, body: Mapping[str, Any], kind: str, *, width: int, height: int) -> Order:
        if not isinstance(body.get("prompt"), str) or not body["prompt"]:
            raise self.decline("400")
        if not all(isinstance(side, int) and 64 <= side <= 4096 for side in (width, height)):
            raise self.decline("400", "width and height must be from 64 to 4096")
        return Order(
            model=model,
            prompt=body["prompt"],
            width=width,
            height=height,
            seed=body.get("seed"),
            media=f"image/{body.get('output_format') or kind}",
            body=body,
        )

    def _know(self, service: str, identifier: str) -> None:
        if identifier not in {names.get(service) for names in MAPPINGS.values()}:
            raise self.decline("404", f"Model {identifier} is not supported by provider {service}")


def _sides(body: Mapping[str, Any]) -> dict[str, int]:
    return {name: body.get(name, 1024) for name in ("width", "height")}
