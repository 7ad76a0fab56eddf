"""What the conformance suite asks of every provider: its usual model, and how each kind of fault must end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import ModelSpec
from tests.emulators import Emulator
from tests.emulators.replicate import REFUSALS as REPLICATE_REFUSALS

TODAY = date(2026, 11, 21)
CAN_CANCEL = frozenset({"comfyui", "fal", "replicate"})
"""Providers that can call accepted work off."""
HANG_SECONDS = {"submit": 301.0, "poll": 21.0, "result": 21.0, "download": 61.0}
"""Longer than a call of that phase may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a fault ends. `code` is the error when no other provider is there; `outcome` the attempt's own word."""

    outcome: str
    code: str = "provider_error"
    fails_over: bool = True
    is_billed: bool = False
    """Whether it may have been billed: then the provider is not asked again."""
    hurts: bool = False
    rests: Literal["", "cooling_down", "quota_exhausted"] = ""
    """The candidate's state afterwards, where it is not available."""


REJECTED = Ending(outcome="rejected")
UNAVAILABLE = Ending(outcome="unavailable", hurts=True)
GONE = Ending(outcome="model_gone", rests="cooling_down")
LIMITED = Ending(outcome="rate_limited", code="rate_limited", rests="cooling_down")
USED_UP = Ending(outcome="quota_exceeded", code="quota_exceeded", rests="quota_exhausted")
AUTH = Ending(outcome="auth", code="provider_auth", rests="cooling_down")
AMBIGUOUS = Ending(outcome="ambiguous", is_billed=True, hurts=True, rests="cooling_down")
BAD_REPLY = Ending(outcome="bad_reply", is_billed=True, hurts=True)
REFUSED = Ending(outcome="content_refused", code="content_refused", fails_over=False)
TOO_LATE = Ending(
    outcome="ambiguous", code="timeout", fails_over=False, is_billed=True, hurts=True, rests="cooling_down"
)

# Of the submit, or of work that was accepted.
SUBMIT: Mapping[str, Ending] = {
    "400": REJECTED,
    "401": AUTH,
    "402": USED_UP,
    "403": AUTH,
    "404": GONE,
    "429": LIMITED,
    "quota": USED_UP,
    **dict.fromkeys(("500", "503", "echo_key"), UNAVAILABLE),
    **dict.fromkeys(("hang", "cut", "never"), AMBIGUOUS),
    **dict.fromkeys(("not_json", "wrong_shape", "empty", "not_an_image", "truncated_image", "redirect"), BAD_REPLY),
}
# Of a question about accepted work: what may pass is put up with until the job's own deadline.
POLL: Mapping[str, Ending] = {
    **dict.fromkeys(("429", "503", "hang", "cut", "never", "wrong_shape"), TOO_LATE),
    **dict.fromkeys(("400", "401", "404", "500", "echo_key", "not_json", "redirect", "empty"), BAD_REPLY),
}
PECULIAR: Mapping[tuple[str, str, str], Ending] = {
    # They answer 403 for a model that the account may not use.
    **{
        (name, "403", "submit"): GONE
        for name in ("bfl", "cloudflare", "imgforge", "openai", "pollinations", "replicate", "stability", "together")
    },
    # Its 402 in the shape of x402 is a full queue.
    ("pollinations", "quota", "submit"): LIMITED,
    # A result of another shape is a finished job without an image; fal does not bill what failed with 5xx.
    ("fal", "wrong_shape", "result"): BAD_REPLY,
    ("fal", "500", "result"): UNAVAILABLE,
    ("fal", "echo_key", "result"): UNAVAILABLE,
    # The result is the picture itself.
    ("comfyui", "wrong_shape", "result"): BAD_REPLY,
    # A model that is loading says how long that takes.
    ("huggingface", "503", "submit"): replace(UNAVAILABLE, rests="cooling_down"),
}


BILLED = {
    *((name, "black_image") for name in ("fal", "huggingface", "nvidia")),
    *(("fal", name) for name in ("content_policy_violation", "no_media_generated")),
    *(("replicate", name) for name in REPLICATE_REFUSALS),
    *(("nvidia", "content_filtered"), ("stability", "content_filtered"), ("ideogram", "output")),
    ("openrouter", "inside a 200"),
}
"""Refusals after the work was done, or in a 200: nobody documents that they are free."""


TOLD = {("gemini", "empty"), *(("gemini", f"refusal:{name}") for name in ("text_only", "image_other"))}
"""Answers without a picture that tell what they cost: that is what is booked."""


def ending(emulator: Emulator, kind: str, phase: str) -> Ending:
    """How a fault of that kind and phase must end; what costs nothing is never billed."""
    found = _ending(emulator, kind, phase)
    is_known = usual_model(emulator.name).price.image == 0 or (emulator.name, kind) in TOLD
    return replace(found, is_billed=False) if is_known else found


def _ending(emulator: Emulator, kind: str, phase: str) -> Ending:
    peculiar = PECULIAR.get((emulator.name, kind, phase))
    if peculiar is not None:
        return peculiar
    family, _, name = kind.partition(":")
    if family == "refusal":
        found = BAD_REPLY if name in emulator.soft_refusals else REFUSED
        return replace(found, is_billed=found.is_billed or (emulator.name, name or emulator.refusals[0]) in BILLED)
    if phase == "submit":
        return TOO_LATE if kind == "never" and emulator.is_queue else SUBMIT[kind]
    return BAD_REPLY if phase == "download" else POLL[kind]


def usual_model(provider: str, *, accepts: str | None = None, sizing: str | None = None) -> ModelSpec:
    """The live model that a tier would pick first, standard before the others; with a setting or a way of sizing, if
    that is asked for."""
    models = _live(provider)
    slugs = [slug for tier in _tiers() for group in tier.groups for slug in group]
    models.sort(key=lambda model: slugs.index(model.slug) if model.slug in slugs else len(slugs))
    return next(
        model
        for model in models
        if "text_to_image" in model.capabilities
        and (accepts is None or accepts in model.accepts)
        and (sizing is None or model.sizing.kind == sizing)
    )


def has_model(provider: str, **wanted: Any) -> bool:
    """Whether `usual_model` finds one."""
    try:
        usual_model(provider, **wanted)
    except StopIteration:
        return False
    return True


def one_group(*providers: str) -> str:
    """A configuration in which these providers' usual models are equals, tried in this order."""
    slugs = [usual_model(provider).slug for provider in providers]
    return f"provider_order = {list(providers)}\n[tiers.standard]\ngroups = [{slugs}]\n"


def _live(provider: str) -> list[ModelSpec]:
    return [model for model in load_catalog().of_provider(provider) if not model.is_retired(TODAY)]


def _tiers() -> list[Any]:
    tiers = load_catalog().tiers
    return [tiers[QualityTier.STANDARD], *(tiers[tier] for tier in QualityTier if tier is not QualityTier.STANDARD)]
