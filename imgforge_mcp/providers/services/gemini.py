"""Google Gemini: pictures among the parts of a generateContent answer, and Imagen's older `:predict` shape."""

import json
import re
from dataclasses import replace
from typing import Any, ClassVar

from imgforge_mcp.base.errors import AccountBlocked, BadReply, ForgeError, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Auth, Billing, Call, Images, Manifest, Operation, Provider, Reply, Request
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.costs import cost_of
from imgforge_mcp.providers.reading.meaning import Meaning, Meanings, error_of
from imgforge_mcp.providers.reading.refusals import is_refusal_word
from imgforge_mcp.providers.reading.wire import decoded_or_none, line, listed, quoted, state_word, whole
from imgforge_mcp.providers.services._body import fixed, given, shared

BATCH_NAME = re.compile(r"batches/[\w.-]{1,180}")
BATCH_WAIT = 60.0
"""Seconds between the questions."""
STATUSES = {3: 400, 5: 404, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401}
"""The status of each of google.rpc's codes that a single request of a batch may end with; any other is 500."""
NO_FREE_QUOTA = re.compile(r"\blimit: 0\b")
NOTHING_SAID = ("", "STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED")


class Gemini(Provider):
    manifest = Manifest(
        name="gemini",
        title="Gemini",
        base_url="https://generativelanguage.googleapis.com",
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        auth=Auth(header="x-goog-api-key", prefix=""),
        aliases=("google", "imagen", "google_gemini"),
        listing="/v1beta/models?pageSize=1000",
        reports_cost=True,
        billing=Billing(
            withheld="told",
            empty="told",
            source="ai.google.dev on billing: 400 and 500 are free, the tokens of an answer are charged",
        ),
        source="ai.google.dev and google-genai 3.6.1",
        key_page="https://aistudio.google.com/apikey",
    )

    models = "/v1beta/models"
    """Below which path its models are."""

    def submit(self, call: Call) -> Request:
        if call.is_batch:
            asked = {"requests": [{"request": _content(call), "metadata": {"key": "1"}}]}
            batch = {"displayName": call.reference or "imgforge", "inputConfig": {"requests": asked}}
            target = f"{self.models}/{call.model.model_id}:batchGenerateContent"
            return Request(target=target, json={"batch": batch})
        predicts = call.model.options.get("method") == "predict"
        target = f"{self.models}/{call.model.model_id}:{'predict' if predicts else 'generateContent'}"
        return Request(target=target, json=_prediction(call) if predicts else _content(call))

    meanings: ClassVar[Meanings] = {
        "PUP_LIMITED_DISABLED": Meaning.ACCOUNT,
        "API_KEY_INVALID": Meaning.KEY,
        "FAILED_PRECONDITION": Meaning.NO_ACCESS,
    }

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        is_batch = call.is_batch or reply.operation is not None
        return self._of_batch(reply, call) if is_batch else self._made(reply, call)

    def _made(self, reply: Reply, call: Call) -> Images:
        body = decoded_or_none(reply.body)
        images = self.images(reply, call, body)
        return replace(images, cost_usd=shared(cost_of(body, call.model.options.get("tokens")), call))

    def _of_batch(self, reply: Reply, call: Call) -> Images | Operation:
        """A batch of one request as it stands: its name, its state, at last the answer that would have come at
        once."""
        body = reply.json()
        name = line(body.get("name"), 200)
        if reply.operation is None and (name is None or not BATCH_NAME.fullmatch(name)):
            raise BadReply("The provider answered with a batch that has no name.")
        operation = reply.operation or _waiting(str(name))
        if (answer := _answer_of(body)) is not None:
            error = answer.get("error")
            inner = replace(reply, operation=None, body=json.dumps(answer.get("response", answer)).encode())
            if isinstance(error, dict):
                raise self.failure(replace(inner, status=STATUSES.get(whole(error.get("code")) or 13, 500)), call)
            return self._made(inner, call)
        metadata = body.get("metadata")
        state = str(metadata.get("state") or "") if isinstance(metadata, dict) else ""
        ended = next((word for word in ("failed", "cancelled", "expired") if word in state.lower()), "")
        if ended or body.get("done") is True:
            raise Unavailable(
                f"The batch ended without a picture ({ended or 'done'}); what was not done is not charged."
            )
        shown = state_word(state.removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_").lower())
        return replace(operation, message=f"batch {shown or 'accepted'}")

    def has_stopped(self, reply: Reply) -> bool:
        """A batch whose end was asked for may still bring what it was at work on: it is asked about until it ends."""
        return False

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """A quota that is counted by the day, or is nothing on a free account, is used up; the delay beside it is that
        of the minute. Any other is only slow, though the words are the same."""
        cause = cause_of(reply)
        if reply.status == 429 and (NO_FREE_QUOTA.search(cause.sentence) or b"PerDay" in reply.body):
            return error_of(Meaning.QUOTA, replace(cause, retry_after=None))
        if reply.status == 429:
            return error_of(Meaning.RATE, cause)
        return self.failed(cause, reply, call)

    def without_picture(self, reply: Reply, call: Call, refused: int = 0) -> ForgeError:
        """Why an answer in a 200 holds no picture: the prompt was blocked, or the model ended for a reason. An answer
        in words, IMAGE_OTHER and NO_IMAGE are no refusals: another model may well draw it. Its tokens are charged, and
        it tells how many; where it does not, all of it may be billed."""
        body = decoded_or_none(reply.body)
        error = self._without_picture(reply, call, body, refused)
        cost = shared(cost_of(body, call.model.options.get("tokens")), call)
        if error.maybe_billed and cost is not None:
            error.maybe_billed, error.cost_usd = False, cost
        return error

    def _without_picture(self, reply: Reply, call: Call, body: Any, refused: int) -> ForgeError:
        said, reasons = _told(body) if isinstance(body, dict) else ("", [])
        if "PUP_LIMITED_DISABLED" in reasons:
            error = AccountBlocked("The provider has limited this account.", **quoted(said or "PUP_LIMITED_DISABLED"))
            error.maybe_billed = True
            return error
        if refused or any(is_refusal_word(reason) for reason in reasons):
            return self.refusal(said or next(iter(reasons), ""), maybe_billed=True)
        if not reasons and not said:
            return super().without_picture(reply, call)
        words = said or next((reason for reason in reasons if reason not in NOTHING_SAID), "")
        what = "drew nothing this time" if "NO_IMAGE" in reasons else "answered without an image"
        return BadReply(f"Gemini {what}.", **quoted(words))


class Vertex(Gemini):
    """The same on Google Cloud, below a project and a place, with a service account's token for a key."""

    models = "/publishers/google/models"


def server(name: str, base_url: str) -> Vertex:
    """Vertex AI at a project of the user's own: `base_url` ends in `/projects/PROJECT/locations/PLACE`."""
    provider = Vertex()
    provider.manifest = replace(
        Gemini.manifest,
        name=name,
        title=name,
        base_url=base_url,
        key_variables=(),
        needs_key=False,
        auth=Auth(),
        aliases=(),
        address_setting=f"base_url of the server {name} in the configuration file",
        source="configuration",
        key_page="",
        listing=None,
    )
    return provider


def _waiting(name: str) -> Operation:
    target = f"/v1beta/{name}"
    return Operation(operation_id=name, url=target, cancel_url=f"{target}:cancel", wait=BATCH_WAIT, is_batch=True)


def _answer_of(body: Json) -> Json | None:
    """What became of the one request of a batch; None while it waits."""
    metadata = body.get("metadata")
    places = [body.get("response"), metadata.get("output") if isinstance(metadata, dict) else None]
    for place in places:
        match place:
            case {"inlinedResponses": {"inlinedResponses": [dict() as first, *_]}}:
                return first
            case {"inlinedResponses": [dict() as first, *_]}:
                return first
    return {"error": body["error"]} if isinstance(body.get("error"), dict) else None


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


def _told(body: Json) -> tuple[str, list[str]]:
    """The words of an answer without a picture, and the reasons that it gives; a blocked prompt is a refusal whatever
    its reason is called."""
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
        parts = listed(content.get("parts")) if isinstance(content, dict) else []
        words += [part.get("text") for part in parts if part.get("thought") is not True]
    words += [item.get("raiFilteredReason") for item in listed(body.get("predictions"))]
    return " ".join(word for word in words if isinstance(word, str)), [r for r in reasons if isinstance(r, str)]


PROVIDER = Gemini()
