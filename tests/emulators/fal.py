"""fal.ai, the queue and the host without one: fal-client 1.0.3, @fal-ai/client 1.10.1, fal.ai/docs errors (2026-08)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators._emulator import route
from tests.emulators._faults import Fault
from tests.emulators._picture import Picture, black, measured_url, ratio_size
from tests.emulators._queue import QueueEmulator, Work
from tests.emulators._wire import Answer, Call, Order

# A prefix that stands for fal.run, the host without a queue.
RUN = "/run"
SAFE = {"prompt", "image_size", "enable_safety_checker"}
SEEDED = SAFE | {"sync_mode", "seed"}
DIFFUSION = SEEDED | {"num_inference_steps", "guidance_scale", "num_images", "output_format", "acceleration"}
KLEIN = SEEDED | {"num_inference_steps", "num_images", "output_format"}
FLUX_2 = SEEDED | {"safety_tolerance", "output_format"}
FLEX = FLUX_2 | {"guidance_scale", "num_inference_steps"}
FLUX_PRO = {"prompt", "sync_mode", "seed", "safety_tolerance", "output_format", "num_images", "enhance_prompt"}
KONTEXT = FLUX_PRO | {"aspect_ratio", "guidance_scale"}
ULTRA = FLUX_PRO | {"aspect_ratio", "image_url", "image_prompt_strength", "raw"}
SEEDREAM = SAFE | {"num_images", "max_images", "sync_mode"}
IDEOGRAM = {
    *("prompt", "image_size", "rendering_speed", "expand_prompt", "negative_prompt", "num_images", "seed", "style"),
    *("style_preset", "style_codes", "color_palette", "image_urls", "sync_mode"),
}
RECRAFT_4 = SAFE | {"colors", "background_color"}
# Endpoint: documented input, default image_size ("" = by aspect_ratio), type of the bytes without output_format.
ENDPOINTS: dict[str, tuple[set[str], str, str]] = {
    "recraft/v3/text-to-image": (SAFE | {"style", "colors", "style_id"}, "square_hd", "webp"),
    "recraft/v4/text-to-image": (RECRAFT_4, "square_hd", "webp"),
    "recraft/v4/pro/text-to-image": (RECRAFT_4, "square_hd", "webp"),
    "recraft/v4/text-to-vector": (RECRAFT_4, "square_hd", "svg+xml"),
    "ideogram/v3": (IDEOGRAM, "square_hd", "png"),
    "ideogram/v3/edit": (
        IDEOGRAM - {"image_size", "negative_prompt", "style"} | {"image_url", "mask_url"},
        "square_hd",
        "png",
    ),
    "stable-diffusion-v35-large": (
        DIFFUSION - {"acceleration"} | {"negative_prompt", "loras", "controlnet", "ip_adapter"},
        "landscape_4_3",
        "jpeg",
    ),
    "qwen-image": (DIFFUSION | {"negative_prompt", "loras", "use_turbo"}, "landscape_4_3", "png"),
    "qwen-image-edit": (DIFFUSION | {"negative_prompt", "image_url"}, "landscape_4_3", "png"),
    "bytedance/seedream/v5/lite/text-to-image": (SEEDREAM, "auto_2K", "png"),
    "bytedance/seedream/v5/lite/edit": (SEEDREAM | {"image_urls"}, "auto_2K", "png"),
    "flux/dev": (DIFFUSION, "landscape_4_3", "jpeg"),
    "flux/dev/image-to-image": (DIFFUSION - {"image_size"} | {"image_url", "strength"}, "landscape_4_3", "jpeg"),
    "flux/schnell": (DIFFUSION, "landscape_4_3", "jpeg"),
    "flux-2/klein/4b/edit": (KLEIN | {"image_urls"}, "landscape_4_3", "png"),
    "flux-2/klein/9b": (KLEIN, "landscape_4_3", "png"),
    "flux-2/klein/9b/edit": (KLEIN | {"image_urls"}, "landscape_4_3", "png"),
    "flux-2-pro": (FLUX_2, "landscape_4_3", "jpeg"),
    "flux-2-pro/edit": (FLUX_2 | {"image_urls"}, "auto", "jpeg"),
    "flux-2-max": (FLUX_2, "landscape_4_3", "jpeg"),
    "flux-2-max/edit": (FLUX_2 | {"image_urls"}, "auto", "jpeg"),
    "flux-2-flex": (FLEX, "landscape_4_3", "jpeg"),
    "flux-2-flex/edit": (FLEX | {"image_urls"}, "auto", "jpeg"),
    "flux-pro/v1.1": (FLUX_PRO | {"image_size"}, "landscape_4_3", "jpeg"),
    "flux-pro/v1.1-ultra": (ULTRA, "", "jpeg"),
    "flux-pro/kontext": (KONTEXT | {"image_url"}, "", "jpeg"),
    "flux-pro/kontext/max": (KONTEXT | {"image_url"}, "", "jpeg"),
    "flux-pro/kontext/text-to-image": (KONTEXT, "", "jpeg"),
    "flux-pro/kontext/max/text-to-image": (KONTEXT, "", "jpeg"),
}
# US dollars for a unit, as GET /v1/models/pricing tells them: third parties that call it, 2026.
PRICES: dict[str, tuple[float, str]] = {
    "flux/schnell": (0.003, "megapixels"),
    "flux/dev": (0.025, "megapixels"),
    "flux-pro/v1.1": (0.04, "images"),
    "ideogram/v3": (0.06, "images"),
    "qwen-image": (0.02, "megapixels"),
    "recraft/vectorize": (0.01, "seconds"),
}
# What changes a picture without words: its input, and the type of what it makes.
TOOLS: dict[str, tuple[set[str], str]] = {
    "ideogram/remove-background": ({"image_url", "sync_mode"}, "image/png"),
    "recraft/vectorize": ({"image_url"}, "image/svg+xml"),
    "clarity-upscaler": (
        {
            *("image_url", "prompt", "upscale_factor", "negative_prompt", "creativity", "resemblance", "seed"),
            *("guidance_scale", "num_inference_steps", "enable_safety_checker"),
        },
        "image/png",
    ),
}
# Pictures that an endpoint takes and does not need: references of style, a start for variations.
OPTIONAL_IMAGES = {
    "ideogram/v3": {"image_urls"},
    "ideogram/v3/edit": {"image_urls"},
    "flux-pro/v1.1-ultra": {"image_url"},
}
# Endpoints whose output knows neither NSFW flags nor timings.
SHORT_OUTPUTS = ("ideogram", "seedream", "flux-2-", "recraft")
IMAGES = {"image_url", "image_urls", "mask_url"}
RATIOS = {"21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"}
PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
    "auto": (1024, 1024),
    "auto_2K": (2048, 2048),
    "auto_3K": (3072, 3072),
}
ERRORS = {
    "401": (401, "No user found for Key ID and Secret", ""),
    "403": (403, "Forbidden", ""),
    "404": (404, "Application not found", ""),
    "429": (429, "Too many requests", ""),
    "quota": (403, "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.", ""),
    "early": (400, "Request is still in progress", ""),
    "canceled": (499, "Request was cancelled by the client", "client_cancelled"),
    "500": (500, "Internal server error", "internal_error"),
    "503": (503, "Driver scheduling failure", "runner_scheduling_failure"),
}
CHECKER = "The content could not be processed because it contained material flagged by a content checker."


class Fal(QueueEmulator):
    """Submit to the full endpoint id; status, result and cancel under owner and app alone; a refusal at the result."""

    name = "fal"
    key_variable = "FAL_KEY"
    key_prefix = "Key "
    refusals: ClassVar[tuple[str, ...]] = ("content_policy_violation", "no_media_generated", "black_image")
    phases: ClassVar[tuple[str, ...]] = ("poll", "result")
    undocumented: ClassVar[frozenset[str]] = frozenset({"402"})

    @property
    def supported_faults(self) -> frozenset[tuple[str, str]]:
        """The queue's, and a result without pictures."""
        return super().supported_faults | {("empty", "result"), ("400", "result")}

    @route("GET", "/v1/models/pricing")
    def pricing(self, call: Call) -> Answer:
        """The platform's listing (of another host, api.fal.ai): a row for each endpoint that was named and is known."""
        named = call.query["endpoint_id"].split(",")
        if len(named) > 50:
            raise self.decline("400", "at most 50 endpoints")
        rows = [
            {"endpoint_id": f"fal-ai/{name}", "unit_price": price, "unit": unit, "currency": "USD"}
            for name, (price, unit) in PRICES.items()
            if f"fal-ai/{name}" in named
        ]
        return Answer(200, {"prices": rows, "next_cursor": None, "has_more": False})

    def failure(self, kind: str, message: str = "") -> Answer:
        """A flat detail, with the error's type in a header where there is one."""
        if kind == "400":
            return _invalid(message or "field required", "missing", 422)
        status, text, error_type = ERRORS[kind]
        if not error_type:
            return Answer(status, {"detail": message or text})
        return Answer(
            status, {"detail": message or text, "error_type": error_type}, headers={"X-Fal-Error-Type": error_type}
        )

    def refuse(self, name: str, call: Call) -> Answer:
        """422 with a type, or a black picture that is only marked as unsafe."""
        if name == "black_image":
            url = self.publish(call, black(512, 512))
            image = {"url": url, "width": 512, "height": 512, "content_type": "image/png"}
            return Answer(200, {"images": [image], "has_nsfw_concepts": [True], "seed": 1, "prompt": ""})
        return _invalid(CHECKER if name == self.refusals[0] else "unsafe content", name, 422)

    @route("POST", "/fal-ai/{endpoint:path}", phase="submit")
    @route("POST", f"{RUN}/fal-ai/{{endpoint:path}}", phase="submit")
    def submit(self, call: Call, endpoint: str) -> Order:
        """Check the input against the endpoint's type."""
        if endpoint in TOOLS:
            return self._tool(call, endpoint)
        if endpoint not in ENDPOINTS:
            raise self.decline("404", f"Application 'fal-ai/{endpoint}' not found")
        known, preset, default = ENDPOINTS[endpoint]
        body = self.expect(call, known)
        if call.form or not body.get("prompt"):
            raise self.decline("400")
        for name in sorted((known & IMAGES) - OPTIONAL_IMAGES.get(endpoint, set()) - body.keys()):
            raise self.decline("400", f"{name}: field required")
        self._check_values(endpoint, body)
        width, height = self._size(endpoint, body, preset)
        # Recraft's vector styles deliver no pixels.
        is_vector = str(body.get("style")).startswith("vector_illustration")
        return Order(
            model=f"fal-ai/{endpoint}",
            prompt=body["prompt"],
            width=width,
            height=height,
            number=body.get("num_images", 1),
            seed=body.get("seed"),
            media="image/svg+xml" if is_vector else f"image/{body.get('output_format') or default}",
            body=body,
        )

    def _tool(self, call: Call, endpoint: str) -> Order:
        known, media = TOOLS[endpoint]
        body = self.expect(call, known)
        if not str(body.get("image_url", "")).startswith(("data:image/", "http")):
            raise self.decline("400", "image_url: field required")
        factor = float(body.get("upscale_factor", 2)) if endpoint == "clarity-upscaler" else 1.0
        if not 1 <= factor <= 4:
            raise self.decline("400", "upscale_factor: must be from 1 to 4")
        width, height = (round(side * factor) for side in measured_url(body["image_url"]))
        return Order(
            model=f"fal-ai/{endpoint}",
            prompt="",
            width=width,
            height=height,
            media=media,
            alpha="remove-background" in endpoint,
            body=body,
        )

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """The other host answers with the result."""
        answer = super().finish(call, order, fault)
        if not call.path.startswith(f"{RUN}/"):
            return answer
        work = self.work[order.identifier]
        return (
            self.refuse(work.refusal, call) if work.refusal else Answer(200, self._output(call, order, work.pictures))
        )

    def accepted(self, call: Call, order: Order) -> dict[str, Any]:
        """The three URLs, which do not carry the endpoint's tail."""
        url = f"{call.base}/{'/'.join(order.model.split('/')[:2])}/requests/{order.identifier}"
        urls = {"response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}
        return {"status": "IN_QUEUE", "request_id": order.identifier, "queue_position": 0, **urls}

    def pending(self, work: Work | None, call: Call) -> Answer:
        """Waiting at first, then running."""
        if work is None or work.polls_left >= self.polls - 1:
            return Answer(202, {"status": "IN_QUEUE", "queue_position": 0, "request_id": _identifier(call)})
        return Answer(202, {"status": "IN_PROGRESS", "logs": [], "request_id": _identifier(call)})

    @route("GET", "/{owner}/{app}/requests/{identifier}/status", phase="poll")
    def status(self, call: Call, owner: str, app: str, identifier: str) -> Answer:
        """COMPLETED says nothing about success."""
        work = self._work(identifier)
        if not work.look():
            return self.pending(work, call)
        done = {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 1.5}, "request_id": identifier}
        return Answer(200, done)

    @route("GET", "/{owner}/{app}/requests/{identifier}", phase="result")
    def result(self, call: Call, owner: str, app: str, identifier: str) -> Answer:
        """The pictures, or the refusal."""
        work = self._work(identifier)
        if work.polls_left >= 0:
            raise self.decline("early")
        if work.is_canceled:
            raise self.decline("canceled")
        if work.refusal:
            return self.refuse(work.refusal, call)
        return Answer(200, self._output(call, work.order, work.pictures))

    @route("PUT", "/{owner}/{app}/requests/{identifier}/cancel", phase="cancel")
    def cancel(self, call: Call, owner: str, app: str, identifier: str) -> Answer:
        """Possible until the work is done."""
        work = self.work.get(identifier)
        if work is None:
            return Answer(404, {"status": "NOT_FOUND"})
        if work.polls_left < 0:
            return Answer(400, {"status": "ALREADY_COMPLETED"})
        work.is_canceled, work.polls_left = True, 0
        return Answer(202, {"status": "CANCELLATION_REQUESTED"})

    def _output(self, call: Call, order: Order, pictures: list[Picture]) -> dict[str, Any]:
        images = [
            {
                "url": self.publish(call, each),
                "content_type": each.media,
                "file_name": f"picture.{each.extension}",
                "file_size": len(each.data),
                # Recraft and Ideogram hand out plain files, which know no size.
                **({} if "recraft" in order.model or "ideogram" in order.model else _sides(each)),
            }
            for each in pictures
        ]
        if order.model.removeprefix("fal-ai/") in TOOLS:
            return {"image": images[0]} if images else {}
        if "recraft" in order.model:
            return {"images": images}
        output: dict[str, Any] = {"images": images, "seed": order.seed or 1}
        if not any(name in order.model for name in SHORT_OUTPUTS):
            flags = [False] * len(images)
            output |= {"has_nsfw_concepts": flags, "timings": {"inference": 1.5}, "prompt": order.prompt}
        return output

    def _size(self, endpoint: str, body: Mapping[str, Any], preset: str) -> tuple[int, int]:
        if not preset:
            return ratio_size(body.get("aspect_ratio") or "1:1")
        wanted = body.get("image_size") or preset
        if isinstance(wanted, dict):
            sides = (wanted.get("width", 512), wanted.get("height", 512))
            least, most = (2560 * 1440, 3072 * 3072) if "seedream" in endpoint else (1, 14142**2)
            if (
                all(isinstance(side, int) and 0 < side <= 14142 for side in sides)
                and least <= sides[0] * sides[1] <= most
            ):
                return sides
        elif wanted in PRESETS:
            return PRESETS[wanted]
        raise self.decline("400", "image_size: not a valid preset or size")

    def _check_values(self, endpoint: str, body: Mapping[str, Any]) -> None:
        takes_webp = "klein" in endpoint and endpoint.endswith("/edit")
        allowed: dict[str, set[Any]] = {
            "output_format": {"jpeg", "png", "webp"} if takes_webp else {"jpeg", "png"},
            "safety_tolerance": set("12345") if endpoint.startswith("flux-2-") else set("123456"),
            "rendering_speed": {"TURBO", "BALANCED", "QUALITY"},
            "num_images": set(range(1, 7 if "seedream" in endpoint else 9 if "ideogram" in endpoint else 5)),
        }
        if "kontext" in endpoint:
            allowed["aspect_ratio"] = RATIOS
        for name, values in allowed.items():
            if name in body and body[name] not in values:
                raise self.decline("400", f"{name}: unexpected value; permitted: {sorted(values)}")

    def _work(self, identifier: str) -> Work:
        if identifier not in self.work:
            raise self.decline("404", "Request not found")
        return self.work[identifier]

    def _injected(self, fault: Fault | None, call: Call, *, is_queued: bool) -> Answer | None:
        if fault is not None and fault.kind == "empty" and not is_queued and "_files" not in call.path:
            return Answer(200, {"images": [], "seed": 1, "has_nsfw_concepts": []})
        return super()._injected(fault, call, is_queued=is_queued)


def _invalid(message: str, error_type: str, status: int) -> Answer:
    error = {"loc": ["body", "prompt"], "msg": message, "type": error_type}
    return Answer(status, {"detail": [{**error, "url": f"https://docs.fal.ai/errors#{error_type}"}]})


def _identifier(call: Call) -> str:
    return call.path.partition("/requests/")[2].partition("/")[0]


def _sides(picture: Picture) -> dict[str, int]:
    return {"width": picture.width, "height": picture.height}
