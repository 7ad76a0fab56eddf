"""Gemini image models over generateContent: ai.google.dev/gemini-api/docs, google-genai 3.6.1 types (2026-11)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._faults import Fault
from tests.emulators._picture import Picture, ratio_size
from tests.emulators._wire import Answer, Call, Order, is_base64

# Model: most reference images, image sizes.
MODELS: dict[str, tuple[int, set[str]]] = {
    "gemini-2.5-flash-image": (3, {"1K"}),
    "gemini-3.1-flash-image": (14, {"512", "1K", "2K", "4K"}),
    "gemini-3.1-flash-lite-image": (14, {"1K"}),
    "gemini-3-pro-image": (14, {"1K", "2K", "4K"}),
    "gemini-nano-banana-2.1": (14, {"512", "1K", "2K", "4K"}),
}
RATIOS = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
WIDE_RATIOS = {"1:4", "4:1", "1:8", "8:1"}
PIXELS = {"512": 512**2, "1K": 1024**2, "2K": 2048**2, "4K": 4096**2}
FIELDS = {"contents", "generationConfig", "safetySettings", "systemInstruction", "tools", "toolConfig", "labels"}
SETTINGS = {
    *("responseModalities", "candidateCount", "seed", "imageConfig", "temperature", "topP", "topK"),
    *("maxOutputTokens", "thinkingConfig"),
}
IMAGEN_SETTINGS = {
    *("sampleCount", "aspectRatio", "sampleImageSize", "personGeneration", "safetySetting", "includeRaiReason"),
    "outputOptions",
}
ERRORS = {
    "400": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    # A wrong key is told as an invalid argument; only ErrorInfo's reason gives it away.
    "401": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "403": (403, "PERMISSION_DENIED", "The caller does not have permission"),
    "404": (404, "NOT_FOUND", "models/unknown is not found for API version v1beta"),
    "429": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota. Quota exceeded for requests per minute"),
    "quota": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota. * Quota exceeded for metric: free_tier_requests, limit: 0",
    ),
    "500": (500, "INTERNAL", "An internal error has occurred."),
    "503": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
}
RPC = "type.googleapis.com/google.rpc."
BLOCKED_PROMPTS = {
    "prompt_safety": "SAFETY",
    "prompt_prohibited": "PROHIBITED_CONTENT",
    "prompt_blocklist": "BLOCKLIST",
}
BLOCKED_OUTPUTS = {
    "image_safety": "IMAGE_SAFETY",
    "image_prohibited": "IMAGE_PROHIBITED_CONTENT",
    "recitation": "IMAGE_RECITATION",
    "image_other": "IMAGE_OTHER",
}


class Gemini(Emulator):
    """Synchronous JSON, one picture per call, every refusal with status 200, the retry delay inside the body."""

    name = "gemini"
    key_variable = "GEMINI_API_KEY"
    key_header = "x-goog-api-key"
    key_prefix = ""
    refusals = (*BLOCKED_PROMPTS, *BLOCKED_OUTPUTS, "text_only")
    soft_refusals = ("text_only", "image_other")
    undocumented: ClassVar[frozenset[str]] = frozenset({"402"})
    serves_imagen = False

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.batches: dict[str, dict[str, Any]] = {}
        self.lane: dict[str, int] = {}
        """How often each batch will still say that it waits."""
        self.ending = "completed"
        """How batches end: also failed, expired, cancelled, or refused by the safety system."""

    def offered_key(self, call: Call) -> str | None:
        """The header, or `?key=`."""
        return super().offered_key(call) or call.query.get("key")

    def failure(self, kind: str, message: str = "") -> Answer:
        """google.rpc.Status with its details."""
        status, name, text = ERRORS[kind]
        details: list[dict[str, Any]] = []
        if kind == "401":
            details = [{"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
        if status == 429:
            period = "Day" if kind == "quota" else "Minute"
            quota = f"GenerateRequestsPer{period}PerProjectPerModel-FreeTier"
            details = [{"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": quota}]}]
        error = {"code": status, "message": message or text, "status": name}
        return Answer(status, {"error": {**error, "details": details} if details else error})

    def with_delay(self, answer: Answer, seconds: float) -> Answer:
        """Add RetryInfo, and no header."""
        error = answer.content["error"]
        delay = {"@type": f"{RPC}RetryInfo", "retryDelay": f"{seconds:g}s"}
        return Answer(answer.status, {"error": {**error, "details": [*error.get("details", []), delay]}})

    def refuse(self, name: str, call: Call) -> Answer:
        """Blocked prompts have no candidates; blocked pictures have one without content; words are content."""
        if call.path.endswith(":predict"):
            return Answer(200, {"predictions": [{"raiFilteredReason": "Unable to show generated images."}]})
        if name in BLOCKED_PROMPTS:
            return Answer(200, {"promptFeedback": {"blockReason": BLOCKED_PROMPTS[name]}, **_trailer("refused", 0)})
        if name == "text_only":
            content = {"role": "model", "parts": [{"text": "I can't draw that for you."}]}
            return Answer(200, _candidate({"content": content, "finishReason": "STOP"}, "refused", 9))
        message = "Unable to show the generated image."
        blocked = {"content": {}, "finishReason": BLOCKED_OUTPUTS[name], "finishMessage": message}
        return Answer(200, _candidate(blocked, "refused", 0))

    @route("POST", "/{version}/models/{model}:generateContent", phase="submit")
    def generate(self, call: Call, version: str, model: str) -> Order:
        """Check fields in either spelling, snake or camel case, as protojson reads them."""
        self._check_model(version, model)
        if not isinstance(call.json, dict):
            raise self.decline("400")
        return self._order_of(model, _camel(call.json))

    def _order_of(self, model: str, body: dict[str, Any]) -> Order:
        settings = body.get("generationConfig", {})
        for name in sorted((body.keys() - FIELDS) | (settings.keys() - SETTINGS)):
            raise self.decline("400", f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
        if settings.get("candidateCount", 1) != 1:
            raise self.decline("400", "Multiple candidates is not enabled for this model")
        if "IMAGE" not in settings.get("responseModalities", ["TEXT", "IMAGE"]):
            raise self.decline("400", "The requested combination of response modalities is not supported by the model")
        width, height = self._size(model, settings.get("imageConfig", {}))
        prompt = self._prompt(model, body.get("contents"))
        return Order(
            model=model,
            prompt=prompt,
            width=width,
            height=height,
            seed=settings.get("seed"),
            media="image/png",
            body=body,
        )

    # The slow lane: ai.google.dev/api/batch-api (2026-11), google-genai 3.6.1.

    @route("POST", "/{version}/models/{model}:batchGenerateContent", phase="submit")
    def make_batch(self, call: Call, version: str, model: str) -> Order:
        """A batch of inlined requests, each with its metadata."""
        self._check_model(version, model)
        batch = _camel(call.json).get("batch", {}) if isinstance(call.json, dict) else {}
        asked = batch.get("inputConfig", {}).get("requests", {}).get("requests", [])
        if not asked or not batch.get("displayName") or batch.keys() - {"displayName", "inputConfig", "priority"}:
            raise self.decline("400")
        return replace(self._order_of(model, asked[0]["request"]), share=0.5)

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """A batch is only taken in."""
        if not call.path.endswith(":batchGenerateContent"):
            return super().finish(call, order, fault)
        name = f"batches/{order.identifier}"
        if self.ending == "refused":
            answer = self.refuse("image_safety", call).content
        else:
            answer = super().finish(call, order, fault).content
        self.batches[name], self.lane[name] = {"response": answer, "metadata": {"key": "1"}}, self.polls
        return Answer(200, self._batch(name, "BATCH_STATE_PENDING"))

    @route("GET", "/{version}/batches/{number}", phase="poll")
    def batch(self, call: Call, version: str, number: str) -> Answer:
        """An operation: its state, and at the end what became of each request."""
        name = f"batches/{number}"
        if name not in self.batches:
            raise self.decline("404", "Requested entity was not found.")
        self.lane[name] -= 1
        if self.lane[name] >= 0:
            return Answer(200, self._batch(name, "BATCH_STATE_RUNNING"))
        if self.ending not in ("completed", "refused"):
            return Answer(200, {**self._batch(name, f"BATCH_STATE_{self.ending.upper()}"), "done": True})
        output = {"inlinedResponses": {"inlinedResponses": [self.batches[name]]}}
        done = self._batch(name, "BATCH_STATE_SUCCEEDED")
        # The payload stands twice, and google-genai reads the one in the metadata.
        done["metadata"]["output"] = output
        return Answer(200, {**done, "done": True, "response": output})

    @route("POST", "/{version}/batches/{number}:cancel", phase="cancel")
    def cancel_batch(self, call: Call, version: str, number: str) -> Answer:
        """An empty answer; it ends when it ends."""
        self.ending, self.lane[f"batches/{number}"] = "cancelled", 1
        return Answer(200, {})

    def _batch(self, name: str, state: str) -> dict[str, Any]:
        return {"name": name, "metadata": {"name": name, "state": state, "displayName": "emulated"}}

    @route("POST", "/{version}/models/{model}:predict", phase="submit")
    def predict(self, call: Call, version: str, model: str) -> Order:
        """Imagen left the Gemini API on 2026-08-17; gateways of one's own may still speak its shape."""
        if not (self.serves_imagen and model.startswith("imagen-")):
            raise self.decline("404", _not_found(version, model, "predict"))
        body = self.expect(call, {"instances", "parameters"})
        settings, prompt = body.get("parameters", {}), (body.get("instances") or [{}])[0].get("prompt")
        for name in sorted(settings.keys() - IMAGEN_SETTINGS):
            self.log.surprise(f"{call.path}: parameter {name!r} is not documented")
        if not prompt or settings.get("sampleCount", 4) not in range(1, 5):
            raise self.decline("400")
        width, height = ratio_size(settings.get("aspectRatio", "1:1"), PIXELS[settings.get("sampleImageSize", "1K")])
        return Order(
            model=model, prompt=prompt, width=width, height=height, number=settings.get("sampleCount", 4), body=body
        )

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """Words and picture as parts of one candidate; NO_IMAGE where the model did not draw."""
        if call.path.endswith(":predict"):
            encoded = [(each.media, base64.b64encode(each.data).decode()) for each in pictures]
            return Answer(
                200, {"predictions": [{"mimeType": type_, "bytesBase64Encoded": data} for type_, data in encoded]}
            )
        if not pictures:
            return Answer(200, _candidate({"content": {}, "finishReason": "NO_IMAGE"}, order.identifier, 0))
        data = base64.b64encode(pictures[0].data).decode()
        picture: dict[str, Any] = {"inlineData": {"mimeType": pictures[0].media, "data": data}}
        if order.model.startswith("gemini-3"):
            picture["thoughtSignature"] = "c2lnbmF0dXJl"
        content = {"role": "model", "parts": [{"text": "Here is your picture."}, picture]}
        return Answer(200, _candidate({"content": content, "finishReason": "STOP"}, order.identifier, 1290))

    @route("GET", "/{version}/models")
    def models(self, call: Call, version: str) -> Answer:
        """The list of models."""
        methods = ["generateContent", "countTokens"]
        return Answer(
            200, {"models": [{"name": f"models/{each}", "supportedGenerationMethods": methods} for each in MODELS]}
        )

    def _check_model(self, version: str, model: str) -> None:
        if version not in ("v1", "v1beta") or model not in MODELS:
            raise self.decline("404", _not_found(version, model, "generateContent"))

    def _size(self, model: str, config: Mapping[str, Any]) -> tuple[int, int]:
        for name in sorted(config.keys() - {"aspectRatio", "imageSize"}):
            raise self.decline("400", f"{name} is not supported in the Gemini API")
        ratio, size = config.get("aspectRatio", "1:1"), config.get("imageSize", "1K")
        ratios = RATIOS | WIDE_RATIOS if "3.1" in model or "2.1" in model else RATIOS
        if ratio not in ratios or size not in MODELS[model][1]:
            raise self.decline("400", f"imageConfig {ratio}, {size} is not supported by {model}")
        return ratio_size(ratio, PIXELS[size])

    def _prompt(self, model: str, contents: Any) -> str:
        parts = [part for content in contents or [] for part in content.get("parts", [])]
        inputs = [part["inlineData"] for part in parts if "inlineData" in part]
        if len(inputs) > MODELS[model][0]:
            raise self.decline("400", f"at most {MODELS[model][0]} images")
        for each in inputs:
            if not each.get("mimeType", "").startswith("image/") or not is_base64(each.get("data")):
                raise self.decline("400", "Unable to process input image.")
        prompt = " ".join(part["text"] for part in parts if "text" in part)
        if not prompt:
            raise self.decline("400", "contents is not specified")
        return prompt


def _not_found(version: str, model: str, method: str) -> str:
    return f"models/{model} is not found for API version {version}, or is not supported for {method}."


def _candidate(candidate: dict[str, Any], identifier: str, tokens: int) -> dict[str, Any]:
    return {"candidates": [{**candidate, "index": 0}], **_trailer(identifier, tokens)}


def _trailer(identifier: str, tokens: int) -> dict[str, Any]:
    usage = {"promptTokenCount": 8, "candidatesTokenCount": tokens, "totalTokenCount": 8 + tokens}
    return {"usageMetadata": usage, "modelVersion": "emulated", "responseId": identifier}


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"_(\w)", lambda found: found[1].upper(), name): _camel(each) for name, each in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value
