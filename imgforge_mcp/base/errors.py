"""Every way a request can fail, as one tree.

ForgeError                 code, status, message, details
├─ RequestError            the caller's: never fails over, never hurts a provider's health
│  ├─ InvalidRequest  ├─ InvalidModel  ├─ ModelRetired  ├─ Unsupported  ├─ NotFound (└─ Deleted)  ├─ IdempotencyConflict
│  ├─ ContentRefused  ├─ BudgetExceeded  ├─ InvalidProject  ├─ ConfirmationRequired  ├─ Declined
│  ├─ NoChange
│  └─ Unauthorized  └─ Forbidden  └─ LimitReached  └─ AllowanceUsed
├─ ProviderError           theirs; its class says what follows from it
│  ├─ Unavailable  ├─ RateLimited  ├─ QuotaExceeded  ├─ ProviderAuth ─ AccountBlocked  ├─ ModelGone
│  ├─ WrongAddress  ├─ Rejected  ├─ Forgotten  └─ Ambiguous  └─ BadReply
├─ AllProvidersFailed  ├─ NoImageProvider  ├─ JobTimeout  ├─ Interrupted
└─ StorageError (└─ UnusableHome, UnusableDatabase, NoDecoder)  └─ ConfigError
"""

from collections.abc import Collection
from math import ceil
from typing import Any, ClassVar


class ForgeError(Exception):
    """A failure with a stable code. `message` is one sentence that names the fix and holds no key and no prompt."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    maybe_billed: bool = False
    """Whether the provider may charge for the call all the same; one error may differ from its class."""
    cost_usd: float | None = None
    """What the provider itself says that it cost all the same, in US dollars."""

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.details = details

    def body(self, request_id: str) -> dict[str, Any]:
        """The public shape of an error (SPEC section 4)."""
        body: dict[str, Any] = {
            "error": self.message,
            "code": self.code,
            "status": self.status,
            "request_id": request_id,
            "details": self.details,
        }
        if self.retry_after is not None:
            body["retry_after_seconds"] = max(1, ceil(self.retry_after))
        return body


class RequestError(ForgeError):
    """The caller can mend it."""

    code = "invalid_request"
    status = 400


class InvalidRequest(RequestError):
    """A bad argument; details name field, value and what is allowed."""


class InvalidModel(RequestError):
    """No such model; details list the nearest names."""

    code = "invalid_model"


class ModelRetired(RequestError):
    """The provider has withdrawn the model; details name the successor where one is known."""

    code = "model_retired"
    status = 410


class Unsupported(RequestError):
    """No configured model can do what was asked; details list what could."""

    code = "unsupported"
    status = 422


class ContentRefused(RequestError):
    """The provider's safety system refused. A refusal is not an outage: it is never tried elsewhere."""

    code = "content_refused"
    status = 422


class NotFound(RequestError):
    """No such job, asset, model or template."""

    code = "not_found"
    status = 404


def no_image(asset_id: str, **details: Any) -> NotFound:
    """No image of that id, or for this caller as good as none."""
    return NotFound(
        f"There is no image {asset_id[:64]} here; call check_job without job_id for the recent jobs and theirs.",
        asset_id=asset_id[:64],
        **details,
    )


def no_job(job_id: str, **details: Any) -> NotFound:
    """No job of that id, or for this caller as good as none."""
    return NotFound(
        f"There is no job {job_id[:64]}; call check_job without job_id to list the recent ones.",
        job_id=job_id[:64],
        **details,
    )


class Deleted(NotFound):
    """There was such an image; somebody deleted it."""


class IdempotencyConflict(RequestError):
    """The same idempotency key with another request."""

    code = "idempotency_conflict"
    status = 409


class BudgetExceeded(RequestError):
    """A spend cap stands in the way; nothing was sent."""

    code = "budget_exceeded"
    status = 402


class NoChange(RequestError):
    """An edit came back as it went; it may have been paid for."""

    code = "no_change"
    status = 422


class InvalidProject(RequestError):
    """The project tag is missing where one is required, or malformed."""

    code = "invalid_project_id"


class Unauthorized(RequestError):
    """Our own HTTP door: no key, or one that is not known, mistyped, revoked or expired."""

    code = "unauthorized"
    status = 401


class Forbidden(RequestError):
    """Our own HTTP door: this caller may not do that; `details.scope` is what it lacks."""

    code = "forbidden"
    status = 403


def require(scopes: Collection[str], scope: str) -> None:
    """Raises Forbidden: a caller with these scopes may not do what takes that one."""
    if scope not in scopes:
        name = f"imgforge:{scope}"
        raise Forbidden(f"This caller may not do that; it needs the scope {name}.", scope=name)


class LimitReached(RequestError):
    """The caller's own limit a minute, or of jobs at once; `retry_after` says when to come again."""

    code = "rate_limited"
    status = 429


class AllowanceUsed(LimitReached):
    """The caller's own limit a day or a month."""

    code = "quota_exceeded"


class ConfirmationRequired(RequestError):
    """The price is above what the user wants to be asked about, and the client cannot ask; nothing was sent."""

    code = "confirmation_required"
    status = 402


class Declined(RequestError):
    """The user did not agree to the price; nothing was sent."""

    code = "declined"
    status = 402


class ProviderError(ForgeError):
    """A provider's failure. Every one fails over to the next candidate; the class says what else follows."""

    code = "provider_error"
    status = 502
    outcome: ClassVar[str] = "failed"
    """The word stored with the attempt."""
    health_cost: ClassVar[float] = 1.0
    """How many failures it counts as in the provider's health; 0 leaves it alone."""
    rests: ClassVar[bool] = False
    """Whether the candidate rests for a while although its health is not in doubt."""


class Unavailable(ProviderError):
    """It did not take the request: connection refused, 5xx, job failed. Nothing was bought."""

    outcome = "unavailable"


class RateLimited(ProviderError):
    """Too many requests: cools down for `retry_after` seconds."""

    code = "rate_limited"
    status = 429
    outcome = "rate_limited"
    health_cost = 0.0
    rests = True


class QuotaExceeded(ProviderError):
    """The account's quota or credit is used up: rests until it is reset."""

    code = "quota_exceeded"
    status = 429
    outcome = "quota_exceeded"
    health_cost = 0.0
    rests = True


class ProviderAuth(ProviderError):
    """It rejected our key: the whole provider is out until the configuration changes or an hour has passed."""

    code = "provider_auth"
    outcome = "auth"
    health_cost = 0.0
    rests = True


class AccountBlocked(ProviderAuth):
    """It knows the key and does not serve its account: the whole provider is out, and another key would not help."""

    code = "provider_error"
    outcome = "account"


class WrongAddress(ProviderError):
    """Nothing answers image requests there: the base URL or an account's id is wrong. The whole provider is out until
    the configuration changes or an hour has passed."""

    outcome = "wrong_address"
    health_cost = 0.0
    rests = True


class ModelGone(ProviderError):
    """It no longer knows the model id: that model is out for an hour."""

    outcome = "model_gone"
    health_cost = 0.0
    rests = True


class Rejected(ProviderError):
    """A 400 or 422 that is no refusal: our own adapter may have sent it, so health is not hurt."""

    outcome = "rejected"
    health_cost = 0.0


class Forgotten(ProviderError):
    """It does not know what it once made of kept references; nothing was bought, and it can be made anew."""

    outcome = "forgotten"
    health_cost = 0.0


class Ambiguous(ProviderError):
    """Time ran out or the connection was cut after the request was sent: it may have been billed."""

    outcome = "ambiguous"
    health_cost = 1.5
    maybe_billed = True


class BadReply(ProviderError):
    """It said yes and sent no sound image: that may have been billed too."""

    outcome = "bad_reply"
    maybe_billed = True


class AllProvidersFailed(ForgeError):
    """Every candidate was tried; details hold every attempt."""

    code = "provider_error"
    status = 502


class AllKeysRejected(AllProvidersFailed):
    """Every candidate rejected its key; the message names the variables to set."""

    code = "provider_auth"


class AllRateLimited(AllProvidersFailed):
    """Every candidate is cooling down; `retry_after` is the earliest."""

    code = "rate_limited"
    status = 429


class AllQuotasUsed(AllRateLimited):
    """Every candidate's quota is used up."""

    code = "quota_exceeded"


class NoImageProvider(ForgeError):
    """Nothing configured can serve this."""

    code = "no_image_provider"
    status = 503


class JobTimeout(ForgeError):
    """The job's deadline passed."""

    code = "timeout"
    status = 504


class Interrupted(ForgeError):
    """The process died between sending and the answer; the call may have been billed and is not repeated."""

    code = "interrupted"


class StorageError(ForgeError):
    """The disk is full or a directory is not writable; the message names the path."""

    code = "storage_error"
    status = 507


class UnusableHome(StorageError):
    """The home directory cannot be used at all; known when a Forge opens, and no better until a setting changes."""


class UnusableDatabase(StorageError):
    """The shared registry could not be reached at the first try, or refused us."""


class NoDecoder(StorageError):
    """No process is to be had that a picture could be decoded in: the machine's fault, and the picture may be sound."""


class ConfigError(ForgeError):
    """A wrong setting; the message names the variable or the line."""

    code = "invalid_request"
    status = 400
