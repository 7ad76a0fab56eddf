"""Google Gemini: pictures among the parts of a generateContent answer, and Imagen's older `:predict` shape."""

import re
from typing import Any

from imgforge_mcp.base.errors import BadReply, ForgeError, ProviderAuth, QuotaExceeded
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Auth, Call, Images, Manifest, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import decode_base64, error_text, failure_by_status, listed, quoted
from imgforge_mcp.providers.services._body import fixed, given

REFUSED = {
    *("SAFETY", "PROHIBITED_CONTENT", "RECITATION", "BLOCKLIST", "SPII", "ESCALATION", "PUP_LIMITED_DISABLED"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER"),
}
NO_FREE_QUOTA = re.compile(r"\blimit: 0\b")
DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")


class Gemini(Provider):
    manifest = Manifest(
        name="gemini",
        title="Gemini",
        base_url="https://generativelanguage.googleapis.com",
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        auth=Auth(header="x-goog-api-key", prefix=""),
        aliases=("google", "imagen", "google_gemini"),
        listing="/v1beta/models?pageSize=1000",
        source="ai.google.dev and google-genai 3.4.0",
        key_page="https://aistudio.google.com/apikey",
    )

    def submit(self, call: Call) -> Request:
        predicts = call.model.options.get("method") == "predict"
        target = f"/v1beta/models/{call.model.model_id}:{'predict' if predicts else 'generateContent'}"
        return Request(target=target, json=_prediction(call) if predicts else _content(call))

    def parse(self, reply: Reply, call: Call) -> Images:
        body = reply.json()
        pictures, said, reasons = _predicted(body) if "predictions" in body else _drawn(body)
        refused = [reason for reason in reasons if reason in REFUSED]
        if pictures:
            warnings = (f"{len(refused)} more images were refused by the safety system.",) if refused else ()
            return Images(pictures=tuple(pictures), warnings=warnings)
        if refused:
            raise self.refusal(said or refused[0])
        if "NO_IMAGE" in reasons:
            raise BadReply("Gemini drew nothing this time.", **quoted(said))
        raise BadReply("Gemini answered without an image.", **quoted(said))

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        body = reply.error_json()
        said = error_text(body)
        error = body.get("error")
        details = listed(error.get("details")) if isinstance(error, dict) else []
        if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
            return ProviderAuth("The provider rejected the key.", provider_status=reply.status, **quoted(said))
        if reply.status == 429 and (NO_FREE_QUOTA.search(said) or _is_daily(details)):
            return QuotaExceeded(
                "The provider account's quota for this model is used up.", provider_status=reply.status, **quoted(said)
            )
        return failure_by_status(reply, said, retry_after=_delay(details))


def _content(call: Call) -> Json:
    sizes = call.model.sizing.image_sizes
    image = given(
        {
            "aspectRatio": call.aspect_ratio if call.is_size_asked else None,
            "imageSize": call.image_size if call.image_size in sizes else None,
        }
    )
    inputs = [{"inlineData": {"mimeType": each.mime_type, "data": each.base64}} for each in call.inputs]
    settings = {"responseModalities": ["TEXT", "IMAGE"], "seed": call.seed, "imageConfig": image or None, **fixed(call)}
    return {
        "contents": [{"role": "user", "parts": [{"text": call.prompt}, *inputs]}],
        "generationConfig": given(settings),
    }


def _prediction(call: Call) -> Json:
    sizes = call.model.sizing.image_sizes
    parameters = {
        "sampleCount": call.n,
        "aspectRatio": call.aspect_ratio,
        "sampleImageSize": call.image_size if call.image_size in sizes else None,
        "includeRaiReason": True,
        **fixed(call),
    }
    return {"instances": [{"prompt": call.prompt}], "parameters": given(parameters)}


def _drawn(body: Json) -> tuple[list[Picture], str, list[str]]:
    """The pictures of a generateContent answer, the words beside them, and the reasons it gives for its end."""
    pictures: list[Picture] = []
    words: list[Any] = []
    reasons: list[Any] = []
    match body.get("promptFeedback"):
        case {"blockReason": str(reason), **rest}:
            reasons.append("SAFETY")
            words.append(rest.get("blockReasonMessage") or reason)
    for candidate in listed(body.get("candidates")):
        reasons.append(candidate.get("finishReason"))
        words.append(candidate.get("finishMessage"))
        content = candidate.get("content")
        for part in listed(content.get("parts")) if isinstance(content, dict) else []:
            inline: Any = part.get("inlineData", part.get("inline_data"))
            if part.get("thought") is True:
                continue
            if isinstance(inline, dict):
                pictures.append(Picture(data=decode_base64(inline.get("data"))))
            words.append(part.get("text"))
    return pictures, _joined(words), [reason for reason in reasons if isinstance(reason, str)]


def _predicted(body: Json) -> tuple[list[Picture], str, list[str]]:
    """The same of a predict answer, where a filtered picture is only a reason."""
    items = listed(body.get("predictions"))
    pictures = [
        Picture(data=decode_base64(item["bytesBase64Encoded"])) for item in items if item.get("bytesBase64Encoded")
    ]
    filtered = [item["raiFilteredReason"] for item in items if item.get("raiFilteredReason")]
    return pictures, _joined(filtered), ["IMAGE_SAFETY"] * len(filtered)


def _joined(words: list[Any]) -> str:
    return " ".join(word for word in words if isinstance(word, str))


def _delay(details: list[Json]) -> float | None:
    """RetryInfo's delay in seconds, as in "37s"."""
    for detail in details:
        if isinstance(text := detail.get("retryDelay"), str) and (found := DELAY.fullmatch(text)):
            return float(found[1])
    return None


def _is_daily(details: list[Json]) -> bool:
    violations = [violation for detail in details for violation in listed(detail.get("violations"))]
    return any("PerDay" in str(violation.get("quotaId", "")) for violation in violations)


PROVIDER = Gemini()
