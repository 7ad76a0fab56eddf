"""Why nothing can be sent, in one sentence that names the arithmetic and the fix."""

from collections.abc import Collection, Mapping, Sequence

from imgforge_mcp.base.errors import BudgetExceeded, InvalidModel, ModelRetired, NoImageProvider, Unsupported
from imgforge_mcp.base.types import ImageRequest, Json, QualityTier
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.routing.candidates import Candidate, Entry
from imgforge_mcp.routing.pricing import Quote, dollars

NOT_SERVED = (Unsupported, NoImageProvider, InvalidModel)
"""What it is called when no model serves a request."""
NAMED = 12
"""How many models a message names."""


def too_dear(
    candidates: Sequence[Candidate], limit: float, limit_name: str, cheaper: tuple[str, Quote] | None
) -> BudgetExceeded:
    """The cheapest of them is above the limit; `cheaper` is a tier that is not, with its price."""
    priced = [c for c in candidates if c.quote.is_known]
    if not priced:
        return BudgetExceeded(
            "A spend cap is set and no model that can do this has a listed price; name one that has, or give it a "
            "price or a price_bound in the configuration file."
        )
    cheapest = min(priced, key=lambda c: c.quote.usd)
    if cheaper is not None:
        fix = f"quality_tier {cheaper[0]} costs {dollars(cheaper[1].usd)}"
    else:
        fix = f"no lower tier is within it; raise {limit_name} to {cheapest.quote.usd:.4g} or make it smaller"
    named = "" if len(candidates) == 1 else ", the cheapest that can"
    details: Json = {"cheapest_usd": cheapest.quote.usd, "cheapest": cheapest.name, "max_cost_usd": limit}
    if cheaper is not None:
        details |= {"quality_tier": cheaper[0], "costs_usd": cheaper[1].usd}
    return BudgetExceeded(
        f"{cheapest.name}{named}: {cheapest.quote.arithmetic}, above {limit_name} {limit:g}; nothing was sent; {fix}.",
        **details,
    )


def too_low(classed: Sequence[Candidate], request: ImageRequest) -> Unsupported:
    """Whoever could do it is of a lower tier than may serve this one."""
    least = min(c.tiers_below for c in classed)
    best = min((c for c in classed if c.tiers_below == least), key=lambda c: (c.rank, c.index))
    tier = list(QualityTier)[request.quality_tier.rank - least]
    highest = list(QualityTier)[min(tier.rank + 1, request.quality_tier.rank - 1)] if least > 1 else tier
    fix = f"ask for quality_tier {highest.value}"
    if least == 1:
        fix += " or set allow_lower_tier to true"
    below = "one tier" if least == 1 else f"{least} tiers"
    return Unsupported(
        f"The best that is configured for this is {best.name} of tier {tier.value}, {below} below "
        f"{request.quality_tier.value}; nothing was sent; {fix}, name a model, or set the key of a provider that "
        f"has tier {request.quality_tier.value}.",
        field="quality_tier",
        best=best.name,
        best_tier=tier.value,
        quality_tier=highest.value,
    )


def unable(request: ImageRequest, others: Collection[tuple[str, str]], pinned: str | None) -> Unsupported:
    """Nobody that was meant can do the task; `others` are configured providers' models that can."""
    here = sorted({slug for provider, slug in others if provider == pinned})
    slugs = sorted({slug for _, slug in others})
    if request.model:
        asked = f"{request.model} cannot"
    elif pinned:
        asked = f"No model of {pinned} can"
    else:
        asked = "What this would be routed to cannot"
    shown = ", ".join((here or slugs)[:NAMED])
    if not slugs:
        hint = "no configured model can"
    elif pinned and here:
        hint = f"these of {pinned} can: {shown}"
    elif pinned:
        hint = f"these can with another provider, leave provider out: {shown}"
    else:
        hint = f"these can: {shown}"
    return Unsupported(f"{asked} {task(request)}; {hint}.", field="model", able=here or slugs)


def too_large(request: ImageRequest, models: Sequence[ModelSpec], size: tuple[int, int]) -> Unsupported:
    """Whoever could takes none of that size."""
    names = " or ".join(sorted({model.name for model in models})[:NAMED])
    return Unsupported(
        f"To {task(request)} is more, or less, than {names} can with a picture of {size[0]}×{size[1]}; resize it first "
        "(transform_image), or leave provider out.",
        field="image",
        width=size[0],
        height=size[1],
    )


def carried_elsewhere(
    spec: ModelSpec, pinned: Entry, configured: Sequence[str], own: Sequence[ModelSpec]
) -> NoImageProvider:
    """The model is not among those of the provider that was pinned."""
    has = ", ".join(sorted({m.slug for m in own})[:NAMED])
    others = sorted(set(configured))
    fix = f"leave provider out to have it made by {' or '.join(others)}, or" if others else "leave model out, or"
    return NoImageProvider(
        f"{pinned.name} does not carry {spec.slug}; {fix} name one of its own: {has}.",
        field="provider",
        model=spec.slug,
        carried_by=others,
        able=sorted({m.slug for m in own}),
    )


def not_configured(live: Sequence[ModelSpec], key_hints: Mapping[str, str]) -> NoImageProvider:
    """Nobody that is configured carries the model."""
    names = sorted({spec.provider for spec in live})
    hints = " or ".join(key_hints.get(name, f"configure {name}") for name in names[:3])
    return NoImageProvider(
        f"No configured provider carries {live[0].slug}; {hints}.", model=live[0].slug, carried_by=names
    )


def retired(spec: ModelSpec) -> ModelRetired:
    """The provider has withdrawn the model."""
    successor = f" Use {spec.successor} instead." if spec.successor else " Choose another from list_models."
    return ModelRetired(
        f"{spec.name} was withdrawn by {spec.provider} on {spec.retired}.{successor}",
        model=spec.slug,
        successor=spec.successor,
        retired=str(spec.retired),
    )


def task(request: ImageRequest) -> str:
    """What was asked for, as part of a sentence."""
    if request.urgency == "day":
        return f"{task(request.model_copy(update={'urgency': 'now'}))} within a day at a lower price"
    inputs = request.least_inputs
    if request.transform is not None:
        return request.transform.words
    if request.kept and not request.is_edit:
        names = " and ".join(kept.name for kept in request.kept)
        return f"go by reference pictures, as {names} needs" if inputs == 1 else f"go by {inputs} pictures ({names})"
    strength = "" if request.strength is None else " with a strength"
    if request.mask is not None:
        return f"change an image inside a mask{strength}"
    if request.is_edit:
        return f"edit an image{strength}" if inputs == 1 else f"edit an image by {inputs - 1} further ones{strength}"
    return f"take {inputs} input image{'s' if inputs > 1 else ''}" if inputs else "make an image from text alone"
