"""img-forge: the requirements' first document, Stackbilt's docs/img-forge.md (2026-03 to 2026-07)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.emulators._emulator import route
from tests.emulators._faults import Fault
from tests.emulators._picture import Picture, ratio_size
from tests.emulators._queue import QueueEmulator, Work
from tests.emulators._wire import Answer, Call, Declined, Order

FIELDS = {
    *("prompt", "quality_tier", "openai_model", "cf_model", "model", "aspect_ratio", "image_size", "negative_prompt"),
    *("seed", "mode", "input_job_id", "input_asset_url", "input_image", "mask_image", "input_strength"),
    *("output_format", "output_quality", "output_preset", "background_removal", "sync", "idempotency_key"),
}
RATIOS = {"1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16", "21:9", "4:5", "5:4"}
LIGHT = "high quality, detailed"
STRONG = "masterpiece, best quality, highly detailed, sharp focus, 8k, photorealistic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A tier, its default model and size, and what it adds to a prompt."""

    model: str
    size: tuple[int, int] = (1024, 1024)
    boosters: str = STRONG
    is_gemini: bool = False
    is_sync: bool = False


TIERS = {
    "draft": Tier(model="sdxl-lightning", boosters=LIGHT, is_sync=True),
    "standard": Tier(model="flux-2-klein-4b", size=(1024, 768), boosters=LIGHT, is_sync=True),
    "premium": Tier(model="flux-2-dev", size=(1024, 768)),
    "ultra": Tier(model="gemini-3.1-flash-image-preview", is_gemini=True),
    "ultra_plus": Tier(model="gemini-3-pro-image-preview", is_gemini=True),
}
ALLOWED: dict[str, set[Any]] = {
    "quality_tier": set(TIERS),
    "aspect_ratio": RATIOS,
    "image_size": {"512", "1K", "2K", "4K"},
    "mode": {"txt2img", "img2img"},
    "output_format": {"png", "webp", "avif"},
    "output_preset": {"thumbnail", "standard", "hero", "portrait"},
    "sync": {True, False},
}
# Of these the documentation names QUOTA_EXCEEDED and RATE_LIMITED, and that every failure has code and status.
ERRORS = {
    "400": (400, "INVALID_REQUEST", "prompt is required (1 to 2000 characters)"),
    "401": (401, "UNAUTHORIZED", "Invalid API key"),
    "403": (403, "FORBIDDEN", "This tier needs a Pro plan"),
    "404": (404, "NOT_FOUND", "Not found"),
    "429": (429, "RATE_LIMITED", "Too many requests"),
    "quota": (429, "QUOTA_EXCEEDED", "Monthly quota exceeded"),
    "500": (500, "INTERNAL", "Internal error"),
    "503": (503, "UNAVAILABLE", "Service unavailable"),
}


class ImgForge(QueueEmulator):
    """A job, asked for by id, and an asset by digest that needs no key; what a refusal looks like is not documented."""

    name = "imgforge"
    key_variable = "IMGFORGE_API_KEY"
    accepts_with: ClassVar[int] = 202
    undocumented: ClassVar[frozenset[str]] = frozenset({"402"})
    # The newest documentation says "full URL", the older ones show a path.
    has_full_urls = True

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.claims: dict[str, str] = {}

    def reset(self) -> None:
        """Forget the idempotency keys too."""
        super().reset()
        self.claims.clear()

    def offered_key(self, call: Call) -> str | None:
        """As a bearer token or in a header of its own."""
        return super().offered_key(call) or call.headers.get("x-api-key")

    def failure(self, kind: str, message: str = "") -> Answer:
        """The same three fields on every failure."""
        status, code, text = ERRORS[kind]
        return Answer(status, {"error": message or text, "code": code, "status": status})

    @route("POST", "/v2/generate", phase="submit")
    def generate(self, call: Call) -> Order:
        """Check the fields; a key that was used before leads to its job."""
        body = self.expect(call, FIELDS)
        known = self.claims.get(str(body.get("idempotency_key")))
        if known:
            raise Declined(Answer(200, self._job(call, self.work[known])))
        tier = self._checked(body)
        width, height = ratio_size(body["aspect_ratio"]) if "aspect_ratio" in body else tier.size
        return Order(
            model=body.get("cf_model") or body.get("openai_model") or body.get("model") or tier.model,
            prompt=body["prompt"],
            width=width,
            height=height,
            seed=None if tier.is_gemini else body.get("seed"),
            media=f"image/{body.get('output_format', 'webp')}",
            body=body,
        )

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """With `sync` (the quick tiers' default) answered when it is done, else at once."""
        answer = super().finish(call, order, fault)
        work = self.work[order.identifier]
        if order.body.get("idempotency_key"):
            self.claims[order.body["idempotency_key"]] = order.identifier
        if order.body.get("sync", _tier(order).is_sync) and work.polls_left < 10:
            work.polls_left = -1
            return Answer(201, self._job(call, work))
        return answer

    def accepted(self, call: Call, order: Order) -> dict[str, Any]:
        """The job as it was queued."""
        return self._job(call, self.work[order.identifier], "queued")

    def pending(self, work: Work | None, call: Call) -> Answer:
        """Still at it."""
        if work is None:
            return Answer(200, {"job_id": call.path.rpartition("/")[2], "state": "processing", "error": None})
        return Answer(200, self._job(call, work))

    @route("GET", "/v2/jobs/{identifier}", phase="poll")
    def job(self, call: Call, identifier: str) -> Answer:
        """A job of one's own."""
        work = self.work.get(identifier)
        if work is None:
            raise self.decline("404", "Job not found")
        work.look()
        return Answer(200, self._job(call, work))

    @route("GET", "/v2/assets/{identifier}", phase="download", keyed=False)
    def asset(self, call: Call, identifier: str) -> Answer:
        """A picture by the digest of its bytes; no key is asked for."""
        if self.has_full_urls:
            self.admit(call)
        picture = self._files.get(identifier)
        if picture is None:
            raise self.decline("404", "Asset not found")
        return Answer(200, picture.data, {"Cache-Control": "public, max-age=3600"}, picture.media)

    @route("GET", "/v2/health", keyed=False)
    def health(self, call: Call) -> Answer:
        """That it is there."""
        return Answer(200, {"status": "ok", "version": "0.2.0"})

    @route("GET", "/v2/models", keyed=False)
    def models(self, call: Call) -> Answer:
        """The tiers' models."""
        return Answer(200, {"models": [_model(name, tier) for name, tier in TIERS.items()]})

    def publish(self, call: Call, picture: Picture) -> str:
        """By digest, which is the same for the same picture."""
        digest = hashlib.sha256(picture.data).hexdigest()
        self._files[digest] = picture
        return f"{call.base if self.has_full_urls else ''}/v2/assets/{digest}"

    def _job(self, call: Call, work: Work, state: str = "") -> dict[str, Any]:
        order, tier = work.order, _tier(work.order)
        state = state or ("completed" if work.polls_left < 0 else "processing")
        is_done = state == "completed"
        return {
            "job_id": order.identifier,
            "state": state,
            "original_prompt": order.prompt,
            "final_prompt": f"{order.prompt}, {tier.boosters}",
            "enhancement_logic": f"added: {tier.boosters}",
            "quality_tier": order.body.get("quality_tier", "standard"),
            "asset_url": self.publish(call, work.pictures[0]) if is_done and work.pictures else None,
            "preset_url": None,
            "bg_removed_url": None,
            "output_format": order.media.removeprefix("image/"),
            "seed_used": order.seed,
            "error": None,
            "created_at": "2026-11-21T12:00:00Z",
            "completed_at": "2026-11-21T12:00:02Z" if is_done else None,
        }

    def _checked(self, body: Mapping[str, Any]) -> Tier:
        if not isinstance(body.get("prompt"), str) or not 1 <= len(body["prompt"]) <= 2000:
            raise self.decline("400")
        for name, values in ALLOWED.items():
            if name in body and body[name] not in values:
                raise self.decline("400", f"{name} must be one of {sorted(values)}")
        for name, (least, most) in {"seed": (0, 2_147_483_647), "output_quality": (1, 100)}.items():
            if name in body and not least <= body[name] <= most:
                raise self.decline("400", f"{name} must be from {least} to {most}")
        tier = TIERS[body.get("quality_tier", "standard")]
        if "image_size" in body and not tier.is_gemini:
            self.log.surprise("image_size is not to be sent with a tier that Cloudflare serves")
        return tier


def _tier(order: Order) -> Tier:
    return TIERS[order.body.get("quality_tier", "standard")]


def _model(name: str, tier: Tier) -> dict[str, Any]:
    able = {"txt2img": True, "img2img": False, "inpaint": False}
    able |= {"negative_prompt": name == "draft", "seed_control": not tier.is_gemini}
    about = {"id": tier.model, "quality_tier": name, "is_default": True, "capabilities": able, "is_available": True}
    size = "x".join(str(side) for side in tier.size)
    return {**about, "provider": "gemini" if tier.is_gemini else "cloudflare", "default_size": size}
