"""Which candidates can do what was asked, best first, and why. Pure: it is told health, time and configuration.

Order: tier before the user's own order before the index, the classical cost over success for trials in sequence:
[p·price + (1−p)·waste + w·(p·L_ok + (1−p)·L_fail)] / p.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from imgforge_mcp.base.errors import InvalidModel, InvalidRequest, NoImageProvider
from imgforge_mcp.base.types import LOWER_TIER, ImageRequest, QualityTier
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.routing import refusals
from imgforge_mcp.routing.candidates import Candidate, Entry
from imgforge_mcp.routing.fitting import can_wait, dropped_settings, fit, makes, takes_whole
from imgforge_mcp.routing.health import Health, Vitals
from imgforge_mcp.routing.pricing import Quote, Size, dollars

ADDRESS = re.compile(r"^(?:https?://)?(?:api\.|www\.)?|\.(?:ai|com|co|run|xyz|ml|io)(?:/.*)?$")
ENDS = ("", "ai", "api", "inference", "aistudio")
"""What people put behind a provider's name."""
ADDED = re.compile(r":(?:latest|free)$")
BEHIND = re.compile(r"(.+?)\s*(?:@|\bvia\b|\bon\b|\()\s*([\w .-]+?)\)?")
"""A model with its provider behind it."""
WASTE = 0.2
UNVERIFIED = 5
"""More than any number of settings that a model may lack: last in its class."""
STAND_IN = 1
"""What alters pictures without a model comes after a model of this machine."""
LACKS_ALPHA = 50
"""A model whose picture has to be cut out afterwards comes after those of its tier that make it transparent."""
LACKS_SIZE = 50_000
"""A model that cannot make the resolution class that was asked for comes after every one that can."""
AT_ONCE = 100_000
"""What costs the whole price comes after all that waits for a lower one."""
OF_NO_TIER = 1_000
LAST_RESORT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A cap on one request's price in US dollars, by the name under which the caller or the user gave it. Infinite
    where only the spend of a day or month is limited: then a price must still be known."""

    usd: float
    name: str = "max_cost_usd"

    def allows(self, quote: Quote) -> bool:
        return quote.is_known and quote.usd <= self.usd + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Where a model stands as seen from a tier: the smaller the nearer."""

    rank: int
    note: str | None = None
    tiers_below: int = 0
    is_classed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fixed:
    """What a request's shape alone says of a candidate: neither health nor time, nor the words of its prompt."""

    standing: _Standing
    rank: int
    quote: Quote
    is_batch: bool = False


UNRELATED = frozenset(
    {
        *("prompt", "negative_prompt", "seed", "metadata", "idempotency_key", "project_id", "webhook_url", "save_to"),
        *("max_cost_usd", "confirm_cost_usd"),
    }
)
"""What makes no difference to `_Fixed`, but for being there."""
MOST_FIXED = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """The configured providers, the catalogue, and what the user said about order, money and waiting."""

    catalog: Catalog
    entries: tuple[Entry, ...]
    order: tuple[str, ...] = ()
    wait_value: float = 0.0005
    local_fallback: bool = False
    known_providers: Mapping[str, str] = field(default_factory=dict)
    """Every provider this program has, by name and alias: its own name. For messages about one that has no key."""
    vanished: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Model ids by provider that its own list no longer holds: no tier leads to them, their name still does."""
    key_hints: Mapping[str, str] = field(default_factory=dict)
    """How to configure each provider, by name."""
    _known: dict[tuple[str, str, str, str], _Fixed] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was found before, by provider, model and the request's shape."""
    _by_name: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Every provider that is known or configured, by each of its names: its own name."""
    _by_letters: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The same by the letters and figures of each name alone."""

    def __post_init__(self) -> None:
        self._by_name.update(self.known_providers, **{entry.name: entry.name for entry in self.entries})
        self._by_letters.update({_letters(name): own for name, own in self._by_name.items()})

    def rank(
        self,
        request: ImageRequest,
        health: Health,
        now: datetime,
        *,
        limit: Limit | None = None,
        input_sizes: Sequence[Size] = (),
    ) -> list[Candidate]:
        """Every candidate that can do what was asked within the limit, best first, those that rest last. `input_sizes`
        are those of the request's reference images, in pixels.

        Raises:
            InvalidModel, ModelRetired, Unsupported, BudgetExceeded, NoImageProvider, InvalidRequest: none can; why.
        """
        candidates = self._fitting(request, health, now, input_sizes)
        affordable = [c for c in candidates if limit is None or limit.allows(c.quote)]
        if limit is None:
            return affordable
        if not affordable:
            cheaper = self._cheaper(request, health, now, limit, input_sizes)
            raise refusals.too_dear(candidates, limit.usd, limit.name, cheaper)
        return _told_of_the_limit(affordable, candidates, limit)

    def _fitting(
        self, request: ImageRequest, health: Health, now: datetime, input_sizes: Sequence[Size]
    ) -> list[Candidate]:
        """Whatever they cost, best first."""
        pairs = self._named(request, now) if request.model else self._of_tier(request, now)
        pairs = self._able(request, pairs, now)
        pairs = _large_enough(request, pairs, input_sizes)
        shape = _shape(request)
        candidates = [
            self._candidate(e, m, self._fixed(e, m, request, shape, input_sizes, is_batch=is_batch), health, now)
            for e, m in pairs
            for is_batch in _lanes(m, request)
        ]
        is_exact = request.model is not None or request.transform is not None
        return self._sorted(candidates if is_exact else _near(candidates, request))

    def _sorted(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        return sorted(candidates, key=lambda c: (c.vitals.rest > 0, c.rank, self._place(c.provider), c.index))

    def _cheaper(
        self, request: ImageRequest, health: Health, now: datetime, limit: Limit, input_sizes: Sequence[Size]
    ) -> tuple[str, Quote] | None:
        """The highest tier that would serve the same within the limit, and its price."""
        most = request.quality_tier.rank if request.model else request.quality_tier.rank - 1
        for tier in reversed([tier for tier in QualityTier if tier.rank <= most]):
            other = request.model_copy(update={"quality_tier": tier, "model": None, "allow_lower_tier": False})
            try:
                found = self._fitting(other, health, now, input_sizes)
            except refusals.NOT_SERVED:
                continue
            if fits := [c for c in found if limit.allows(c.quote)]:
                return tier.value, fits[0].quote
        return None

    def entry(self, name: str) -> Entry | None:
        own = self.provider_named(name)
        return next((e for e in self.entries if e.name == own), None)

    def provider_named(self, name: str) -> str | None:
        """A provider's own name, by whichever of its names it is called and however that is written: `Together AI`,
        `together.ai`, `api.together.xyz`; None where there is none."""
        if (lowered := name.strip().lower()) in self._by_name:
            return self._by_name[lowered]
        wanted = _letters(ADDRESS.sub("", lowered))
        return next(
            (self._by_letters[word] for end in ENDS if (word := wanted.removesuffix(end)) in self._by_letters), None
        )

    def in_own_words(self, model: str) -> str:
        """A model's name as the catalogue has it, where nothing is called as it was given: with an alias of its
        provider, with its provider before or behind it, or with what APIs and people add."""
        if self.catalog.find(model):
            return model
        bare = ADDED.sub("", model.strip())
        pairs = [bare.partition(sign)[::2] for sign in ("/", ":")]
        if behind := BEHIND.fullmatch(bare):
            pairs.append((behind[2], behind[1]))
        named = [f"{own}/{rest}" for alias, rest in pairs if rest and (own := self.provider_named(alias)) is not None]
        tried = [*named, bare, bare.partition("models/")[2], f"@{bare}", re.sub(r"\s*\([^)]*\)$", "", bare)]
        return next((each for each in tried if each and self.catalog.find(each)), named[0] if named else model)

    def order_of_tier(
        self, request: ImageRequest, health: Health, now: datetime, is_wanted: Callable[[ModelSpec], bool]
    ) -> list[Candidate]:
        """The live routing order of a request's tier, for list_models: only who can do it, who is shut last; empty
        where nobody can."""
        try:
            return [c for c in self._fitting(request, health, now, ()) if is_wanted(c.model)]
        except refusals.NOT_SERVED:
            return []

    # Which models are meant ---------------------------------------------------------------------------------------

    def _named(self, request: ImageRequest, now: datetime) -> list[tuple[Entry, ModelSpec]]:
        assert request.model is not None
        specs = self.catalog.find(self.in_own_words(request.model))
        if not specs:
            nearest = self.catalog.nearest(request.model)
            hint = f"the nearest are {', '.join(nearest)}" if nearest else "list_models shows those that there are"
            raise InvalidModel(
                f"There is no model of that name; {hint}.",
                field="model",
                value=request.model[:100],
                nearest=nearest,
            )
        live = [spec for spec in specs if not spec.is_retired(now.date())]
        if not live:
            raise refusals.retired(specs[0])
        pinned = self._pinned(request)
        entries = {e.name: e for e in self.entries}
        pairs = [(entries[spec.provider], spec) for spec in live if spec.provider in entries]
        if pinned is not None and not any(e.name == pinned.name for e, _ in pairs):
            raise refusals.carried_elsewhere(live[0], pinned, [e.name for e, _ in pairs], self._of_use(pinned, now))
        if not pairs:
            raise refusals.not_configured(live, self.key_hints)
        return [(e, spec) for e, spec in pairs if pinned is None or e.name == pinned.name]

    def _of_tier(self, request: ImageRequest, now: datetime) -> list[tuple[Entry, ModelSpec]]:
        pinned = self._pinned(request)
        entries = [pinned] if pinned else [e for e in self.entries if not e.is_local]
        if not entries or ((self.local_fallback or request.transform) and not pinned):
            entries += [e for e in self.entries if e.is_local]
        pairs = [(e, m) for e in entries for m in self._of_use(e, now)]
        if not pairs and pinned:
            raise NoImageProvider(
                f"No model of {pinned.name} is served any more; leave provider out, or add one to the configuration.",
                provider=pinned.name,
            )
        if not pairs:
            raise NoImageProvider("No image provider is configured; set a provider's key, such as TOGETHER_API_KEY.")
        return pairs

    def _of_use(self, entry: Entry, now: datetime) -> list[ModelSpec]:
        """The models of a provider that are still served."""
        gone = self.vanished.get(entry.name, frozenset())
        return [m for m in entry.models if not m.is_retired(now.date()) and m.model_id not in gone]

    def _pinned(self, request: ImageRequest) -> Entry | None:
        if request.provider is None or request.provider.lower() == "auto":
            return None
        entry = self.entry(request.provider)
        if entry is not None:
            return entry
        known = self.provider_named(request.provider)
        if known is not None:
            raise NoImageProvider(
                f"The provider {known} is not configured; {self.key_hints.get(known, 'see the README')}.",
                provider=known,
            )
        names = sorted(set(self.known_providers.values()) | {e.name for e in self.entries})
        raise InvalidRequest(
            f"There is no provider of that name; there are {', '.join(names)}.",
            field="provider",
            value=request.provider,
            allowed=names,
        )

    # Which of them can ----------------------------------------------------------------------------------------------

    def _able(
        self, request: ImageRequest, pairs: list[tuple[Entry, ModelSpec]], now: datetime
    ) -> list[tuple[Entry, ModelSpec]]:
        is_named = request.model is not None or request.transform is not None
        able = [(e, m) for e, m in pairs if can(m, request) and (is_named or "vector" not in m.capabilities)]
        if able:
            return able if is_named else _without_stand_ins(able, request)
        pinned = self._pinned(request)
        others = {(e.name, m.slug) for e in self.entries for m in self._of_use(e, now) if can(m, request)}
        raise refusals.unable(request, others, pinned.name if pinned else None)

    def _fixed(
        self,
        entry: Entry,
        model: ModelSpec,
        request: ImageRequest,
        shape: str | None,
        input_sizes: Sequence[Size],
        *,
        is_batch: bool,
    ) -> _Fixed:
        """Made once for each shape, where the request has one: list_models and every call ask for the same few."""
        if shape is None:
            return self._made(entry, model, request, input_sizes, is_batch=is_batch)
        key = (entry.name, model.slug, model.model_id, f"{shape}{is_batch}")
        if key not in self._known:
            if len(self._known) >= MOST_FIXED:
                self._known.clear()
            self._known[key] = self._made(entry, model, request, input_sizes, is_batch=is_batch)
        return self._known[key]

    def _made(
        self, entry: Entry, model: ModelSpec, request: ImageRequest, input_sizes: Sequence[Size], *, is_batch: bool
    ) -> _Fixed:
        tier = request.quality_tier
        standing = self._standing(entry, model, tier) if _is_by_tier(request) else _of_no_tier(entry)
        call = fit(
            request, model, prompt=request.prompt, tier=tier, n=request.n, input_sizes=input_sizes, is_batch=is_batch
        )
        quote = replace(call, n=request.n).quote
        rank = standing.rank * 10 + dropped_settings(request, model) + (UNVERIFIED if model.unverified else 0)
        if request.transform is not None and model.is_composed:
            rank += STAND_IN
        if request.image_size is not None and not makes(model, request.image_size):
            rank += LACKS_SIZE
        if request.background == "transparent" and not {"transparent", "vector"} & model.capabilities:
            rank += LACKS_ALPHA
        if request.urgency != "now" and not is_batch:
            rank += AT_ONCE
        return _Fixed(standing=standing, rank=rank, quote=quote, is_batch=is_batch)

    def _candidate(self, entry: Entry, model: ModelSpec, fixed: _Fixed, health: Health, now: datetime) -> Candidate:
        vitals = health.vitals(entry.name, model.slug, entry.settings_hash, model.latency, now.timestamp())
        standing, quote = fixed.standing, fixed.quote
        return Candidate(
            model=model,
            provider=entry.name,
            settings_hash=entry.settings_hash,
            rank=fixed.rank,
            index=_index(vitals, quote.usd, self.wait_value),
            reason=_reason(vitals, quote, standing.note),
            vitals=vitals,
            quote=quote,
            warnings=(standing.note,) if standing.note else (),
            is_local=entry.is_local,
            is_batch=fixed.is_batch,
            tiers_below=standing.tiers_below,
            is_classed=standing.is_classed,
        )

    def _standing(self, entry: Entry, model: ModelSpec, tier: QualityTier) -> _Standing:
        """How far a model is from a tier: its place in the tier's groups, else a lower tier's, at last a higher
        one's."""
        own = self.catalog.tiers[tier].rank(model.slug)
        if own is not None:
            return _Standing(rank=own)
        below = [t for t in reversed(QualityTier) if t.rank < tier.rank]
        above = [t for t in QualityTier if t.rank > tier.rank]
        for distance, other in enumerate([*below, *above], 1):
            place = self.catalog.tiers[other].rank(model.slug)
            if place is None:
                continue
            if other in below:
                note = f"{LOWER_TIER} {other.value}, not {tier.value}: {model.name}."
                return _Standing(rank=100 * distance + place, note=note, tiers_below=tier.rank - other.rank)
            note = f"Served from the higher tier {other.value}: {model.name}."
            return _Standing(rank=100 * distance + place, note=note)
        if entry.is_local:
            return _Standing(rank=LAST_RESORT)
        note = f"{model.name} belongs to no tier; it was the only model that could."
        return _Standing(rank=OF_NO_TIER, note=note, is_classed=model.source == "configuration")

    def served(self, request: ImageRequest, provider: str, slug: str) -> str | None:
        """Which tier a picture came from in place of the one that was asked for, where that is a lower one or what
        draws on this machine in place of a provider; None where it is as asked."""
        entry = self.entry(provider)
        model = next((m for m in entry.models if m.slug == slug), None) if entry else None
        if entry is None or model is None or request.model or request.provider or request.transform:
            return None
        if entry.is_local:
            has_others = any(not other.is_local for other in self.entries)
            what = "a drawing by the embedded engine" if model.is_composed else f"{model.name} on this machine"
            return what if has_others else None
        below = self._standing(entry, model, request.quality_tier).tiers_below
        return f"tier {list(QualityTier)[request.quality_tier.rank - below].value}" if below else None

    def is_local(self, provider: str) -> bool:
        """Whether a provider works inside this program."""
        entry = self.entry(provider)
        return entry is not None and entry.is_local

    def cutting_out(self, now: datetime) -> list[ModelSpec]:
        """The models of providers that take a picture's background away."""
        remote = [entry for entry in self.entries if not entry.is_local]
        return [m for entry in remote for m in self._of_use(entry, now) if "remove_background" in m.capabilities]

    def _place(self, provider: str) -> int:
        return self.order.index(provider) if provider in self.order else len(self.order)


def can(model: ModelSpec, request: ImageRequest) -> bool:
    """Whether the model does what was asked: from words alone, or with these pictures."""
    inputs = request.least_inputs
    if request.transform is not None:
        return request.transform.operation in model.capabilities
    if request.urgency == "day" and not can_wait(model, request):
        return False
    if request.strength is not None and "strength" not in model.accepts:
        return False
    if request.mask is not None:
        return "inpaint" in model.capabilities and model.max_inputs >= inputs
    if request.is_edit:
        return "edit" in model.capabilities and model.max_inputs >= inputs
    if request.kept:
        return _goes_by(model, inputs - len(request.kept)) and model.max_inputs >= inputs
    draws = {"text_to_image", "edit"} if inputs else {"text_to_image"}
    return bool(draws & model.capabilities) and model.max_inputs >= inputs


def _goes_by(model: ModelSpec, others: int) -> bool:
    """Whether the model draws by pictures of what it is to look like, beside `others`. One with a strength does not,
    unless it takes references too: it changes the picture that it is given."""
    if "by_reference" in model.capabilities:
        return others == 0
    draws = {"text_to_image", "edit"} if others else {"text_to_image"}
    takes = "references" in model.capabilities or "strength" not in model.accepts
    return bool(draws & model.capabilities) and takes


def _shape(request: ImageRequest) -> str | None:
    """A text that is the same for requests of which `_Fixed` says the same; None for those that come with pictures."""
    if request.input_images or request.mask or request.kept or request.reference:
        return None
    there = [name for name in sorted(UNRELATED) if getattr(request, name) is not None]
    return f"{request.model_dump(exclude=set(UNRELATED))}{there}"


def _lanes(model: ModelSpec, request: ImageRequest) -> tuple[bool, ...]:
    """In which ways a model is asked: waiting its turn (True), at once (False)."""
    if request.urgency == "now":
        return (False,)
    waits = (True,) if can_wait(model, request) else ()
    return waits if request.urgency == "day" else (*waits, False)


def _is_by_tier(request: ImageRequest) -> bool:
    return request.model is None and request.transform is None


def _of_no_tier(entry: Entry) -> _Standing:
    """Of what is asked for by name or by what it does: this machine comes last."""
    return _Standing(rank=LAST_RESORT if entry.is_local else 0)


def _large_enough(
    request: ImageRequest, pairs: Sequence[tuple[Entry, ModelSpec]], sizes: Sequence[Size]
) -> list[tuple[Entry, ModelSpec]]:
    """Those that take the picture which is to be transformed as large as it is; whoever is sent a smaller one gives
    back another picture.

    Raises:
        Unsupported: none does.
    """
    if request.transform is None or not sizes:
        return list(pairs)
    large = [(entry, model) for entry, model in pairs if takes_whole(model, request.transform, sizes[0])]
    if not large:
        raise refusals.too_large(request, [model for _, model in pairs], sizes[0])
    return large


def _without_stand_ins(pairs: list[tuple[Entry, ModelSpec]], request: ImageRequest) -> list[tuple[Entry, ModelSpec]]:
    """Where a model of this machine can, the embedded engine draws only when it is named. But a plain instruction
    ("crop it to a square") it follows, while such a model would paint the words."""
    has_model = any(entry.is_local and not model.is_composed for entry, model in pairs)
    is_instruction = request.is_edit and request.mask is None and request.strength is None
    if not has_model or is_instruction:
        return pairs
    return [(entry, model) for entry, model in pairs if not model.is_composed]


def _near(candidates: Sequence[Candidate], request: ImageRequest) -> list[Candidate]:
    """Those that are at most one tier too low, or none where the caller forbids it.

    Raises:
        Unsupported: whoever could is too far below.
    """
    most = 1 if request.allow_lower_tier else 0
    near = [c for c in candidates if c.tiers_below <= most]
    classed = [c for c in candidates if c.is_classed]
    if classed and not any(c.is_classed for c in near):
        raise refusals.too_low(classed, request)
    return near


def _told_of_the_limit(affordable: Sequence[Candidate], every: Sequence[Candidate], limit: Limit) -> list[Candidate]:
    """Each candidate warns of the better ones that the limit left out."""
    dear = [c for c in every if c.quote.is_known and not limit.allows(c.quote)]
    told = []
    for candidate in affordable:
        better = [c for c in dear if c.rank < candidate.rank and not c.vitals.rest]
        if better:
            names = ", ".join(f"{c.name} ({dollars(c.quote.usd)})" for c in better[:3])
            more = f" and {len(better) - 3} more" if len(better) > 3 else ""
            note = f"{limit.name} {limit.usd:g} left out {names}{more}."
            candidate = replace(candidate, warnings=(*candidate.warnings, note))
        told.append(candidate)
    return told


def _index(vitals: Vitals, price: float, wait_value: float) -> float:
    p = vitals.success
    waiting = wait_value * (p * vitals.latency + (1 - p) * vitals.latency_fail)
    return (p * price + (1 - p) * WASTE * price + waiting) / p


def _reason(vitals: Vitals, quote: Quote, note: str | None) -> str:
    cost = "free" if quote.usd == 0 else f"{'at most ' if quote.is_bound else ''}{dollars(quote.usd)}"
    cost = cost if quote.is_known else "price not listed"
    measured = [f"{vitals.success:.0%} success"] if vitals.is_measured else []
    parts = [cost, *measured, f"{'' if vitals.is_timed else 'usually '}{vitals.latency:.0f} s"]
    if vitals.rest > 0:
        parts.append(vitals.why_shut)
    if note:
        parts.append(note.split(":")[0].lower())
    return ", ".join(parts)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
