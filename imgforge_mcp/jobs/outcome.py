"""What the attempts of a job add up to: one error for several causes, one cost, one account in words. Pure."""

from collections.abc import Callable, Sequence

from imgforge_mcp.base.errors import (
    AccountBlocked,
    AllKeysRejected,
    AllProvidersFailed,
    AllQuotasUsed,
    AllRateLimited,
    ForgeError,
    Interrupted,
    JobTimeout,
    NoChange,
    ProviderAuth,
    ProviderError,
    QuotaExceeded,
    RateLimited,
)
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.types import Job, Json, cost_of
from imgforge_mcp.routing.candidates import Candidate

MAYBE_BILLED = " It may have been billed: look before you ask again."
Cause = tuple[Candidate, ForgeError]
"""A candidate that was tried, and why it brought nothing."""


def all_failed(
    causes: Sequence[Cause], key_variables: Callable[[str], tuple[str, ...]], *, is_billed: bool
) -> ForgeError:
    """One error for several causes: its code is theirs when they all agree. `is_billed`: a call may be charged for."""
    billed = MAYBE_BILLED if is_billed else ""
    if not causes:
        return AllProvidersFailed(f"No candidate is left for this request; look at the attempts.{billed}", attempts=[])
    attempts = [_cause(candidate, error) for candidate, error in causes]
    errors = [error for _, error in causes]
    retry = min((e.retry_after for e in errors if e.retry_after is not None), default=None)
    names = ", ".join(f"{candidate.name} ({account(error)})" for candidate, error in causes)
    if all(isinstance(error, ProviderAuth) and not isinstance(error, AccountBlocked) for error in errors):
        variables = sorted({v for c, _ in causes for v in key_variables(c.provider)})
        return AllKeysRejected(f"The provider rejected the key; check {' and '.join(variables)}.", attempts=attempts)
    if all(isinstance(error, QuotaExceeded) for error in errors):
        return AllQuotasUsed(f"The quota is used up: {names}.", retry_after=retry, attempts=attempts)
    if all(isinstance(error, RateLimited | QuotaExceeded) for error in errors):
        return AllRateLimited(f"Every provider asked to slow down: {names}.", retry_after=retry, attempts=attempts)
    return AllProvidersFailed(f"No provider made the image: {names}.{billed}", retry_after=retry, attempts=attempts)


def without_secrets(error: ForgeError, redactor: Redactor) -> ForgeError:
    """The error without any secret that a provider may have echoed."""
    error.message = redactor.text(error.message)
    error.details = redactor.value(error.details)
    return error


def _cause(candidate: Candidate, error: ForgeError) -> Json:
    cause: Json = {
        "provider": candidate.provider,
        "model": candidate.model.slug,
        "code": error.code,
        "error": error.message,
    }
    if isinstance(error, ProviderError):
        cause["outcome"] = error.outcome
    if error.maybe_billed:
        cause["maybe_billed"] = True
    return {**cause, **{k: v for k, v in error.details.items() if k in ("provider_status", "provider_message")}}


def account(error: ForgeError) -> str:
    """The error in a few words, with what the provider said as a quotation that it cannot end itself."""
    said, ours = str(error.details.get("provider_message") or ""), error.message.rstrip(".")
    quotation = said.replace('"', "'")
    return f'{ours}: "{quotation}"' if said else ours


def no_change(job: Job) -> NoChange:
    """An edit whose pictures are all what was to be changed."""
    cost, _ = cost_of(job)
    paid = "" if not cost else f" (${cost:.4g})"
    return NoChange(
        f"{job.provider}/{job.model} gave the picture back as it was{paid}. Say in other words what should look "
        "different, or name another model: list_models with capability edit shows them.",
        cost_usd=cost,
        model=job.model,
        provider=job.provider,
    )


def out_of_time(job: Job, *, is_billed: bool) -> JobTimeout:
    seconds = (job.deadline - job.created_at).total_seconds()
    billed = " A call that was sent may have been billed: look at the attempts." if is_billed else ""
    return JobTimeout(f"No image within {seconds:.0f} s (IMGFORGE_JOB_DEADLINE).{billed}")


def interrupted(provider: str, *, is_billed: bool) -> Interrupted:
    billed, again = ("may have been billed and", "to buy it anew") if is_billed else ("cost nothing and", "to have it")
    return Interrupted(
        f"The process ended after the request was sent to {provider} and before its answer came; it {billed} is not "
        f"repeated. Send the request again, with a new idempotency_key, {again}.",
        provider=provider,
    )
