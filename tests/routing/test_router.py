"""Which candidates a request has and in which order: tiers, the user's word, the index, rests, and reasons."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    BudgetExceeded,
    ForgeError,
    InvalidModel,
    InvalidRequest,
    ModelRetired,
    NoImageProvider,
    Unsupported,
)
from imgforge_mcp.base.types import ImageRequest, Outcome, QualityTier
from imgforge_mcp.catalog import Catalog, load_catalog
from imgforge_mcp.providers.configured import all_providers
from imgforge_mcp.providers.contract import ModelSpec, Price, Sizing
from imgforge_mcp.routing.candidates import Candidate, Entry
from imgforge_mcp.routing.health import Health
from imgforge_mcp.routing.router import Limit, Router

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CATALOG = load_catalog()
MANIFESTS = [provider.manifest for provider in all_providers()]
KEYED = sorted(
    manifest.name
    for manifest in MANIFESTS
    if manifest.needs_key and any("text_to_image" in model.capabilities for model in CATALOG.of_provider(manifest.name))
)
FIRST = {
    QualityTier.DRAFT: "sdxl-lightning",
    QualityTier.STANDARD: "flux-2-klein-4b",
    QualityTier.PREMIUM: "flux-2-dev",
    QualityTier.ULTRA: "gemini",
    QualityTier.ULTRA_PLUS: "gemini",
}


def entry(name: str) -> Entry:
    (manifest,) = (manifest for manifest in MANIFESTS if manifest.name == name)
    return Entry(
        name=name,
        aliases=manifest.aliases,
        settings_hash="s",
        models=CATALOG.of_provider(name),
        is_local=manifest.is_local,
    )


def router(*names: str, **fields: Any) -> Router:
    known = {name: each.name for each in MANIFESTS for name in (each.name, each.title, *each.aliases)}
    return Router(catalog=CATALOG, entries=tuple(map(entry, names)), known_providers=known, **fields)


def ranked(on: Router, health: Health | None = None, limit: float | None = None, **asked: Any) -> list[Candidate]:
    request = ImageRequest(prompt="a fox", **asked)
    return on.rank(request, health or Health(), NOW, limit=None if limit is None else Limit(usd=limit))


def failed(provider: str, slug: str, outcome: str = "ambiguous", health_cost: float = 1.5) -> Health:
    health = Health()
    health.learn(
        [
            Outcome(
                outcome_id=1,
                attempt_id=1,
                provider=provider,
                model=slug,
                succeeded=False,
                outcome=outcome,
                latency=10.0,
                health_cost=health_cost,
                rest_until=None,
                settings="s",
                ended_at=NOW.timestamp(),
            )
        ]
    )
    return health


# Tiers ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", QualityTier)
def test_with_every_key_a_tiers_first_choice_is_the_documented_one(tier: QualityTier) -> None:
    first = ranked(router("local", *KEYED), quality_tier=tier)[0]
    assert FIRST[tier] in first.model.slug
    assert first.warnings == ()


def first(names: Sequence[str], tier: QualityTier, **asked: Any) -> Candidate | ForgeError:
    """Who serves a tier where these keys are set, or why nobody does."""
    try:
        return ranked(router("local", *names), quality_tier=tier, **asked)[0]
    except ForgeError as error:
        return error


@pytest.mark.parametrize("tier", QualityTier)
@pytest.mark.parametrize("name", KEYED)
def test_one_key_serves_a_tier_or_the_next_lower_and_says_so_or_says_why_not(name: str, tier: QualityTier) -> None:
    best = first([name], tier)
    if isinstance(best, ForgeError):
        assert isinstance(best, Unsupported)
        assert "tiers below" in best.message
        assert isinstance(first([name], QualityTier(best.details["quality_tier"])), Candidate)
        return
    assert best.provider == name
    assert best.tiers_below <= 1
    is_of_tier = CATALOG.tiers[tier].rank(best.model.slug) is not None
    assert bool(best.warnings) is not is_of_tier
    if not is_of_tier:
        assert best.model.name in best.warnings[0]
    if best.tiers_below:
        strict = first([name], tier, allow_lower_tier=False)
        if isinstance(strict, ForgeError):
            assert "allow_lower_tier" in strict.message
        else:
            assert "higher tier" in strict.warnings[0]


@pytest.mark.parametrize("keys", [*([name] for name in KEYED), KEYED], ids=lambda keys: ",".join(keys)[:20])
def test_no_tier_is_dearer_than_the_one_above_it(keys: list[str]) -> None:
    served = [best for tier in QualityTier if isinstance(best := first(keys, tier), Candidate)]
    prices = [best.quote.usd for best in served]
    assert prices == sorted(prices), [f"{best.name} {best.price_usd}" for best in served]


@pytest.mark.parametrize("tier", QualityTier)
@pytest.mark.parametrize("keys", [*([name] for name in KEYED), KEYED], ids=lambda keys: ",".join(keys)[:20])
def test_a_cap_that_is_wide_enough_changes_nothing(keys: list[str], tier: QualityTier) -> None:
    free, capped = first(keys, tier), first(keys, tier, limit=1.0)
    if isinstance(free, Candidate):
        assert isinstance(capped, Candidate)
        assert (capped.name, capped.warnings) == (free.name, free.warnings)


def test_an_unverified_route_comes_last_in_its_class_however_cheap() -> None:
    candidates = ranked(router("nvidia", "stability", "bfl"), quality_tier="premium")
    of_class = [each.name for each in candidates if not each.tiers_below and each.rank < 20]
    assert of_class[-1] == "nvidia/sd-3.5"
    assert len(of_class) > 2


@pytest.mark.parametrize("tier", QualityTier)
def test_the_embedded_engine_draws_only_where_nobody_else_is_there(tier: QualityTier) -> None:
    assert [each.provider for each in ranked(router("local"), quality_tier=tier)] == ["local"]
    others = router("local", "together")
    assert "local" not in {each.provider for each in ranked(others, quality_tier=tier)}
    last = ranked(replace(others, local_fallback=True), quality_tier=tier)[-1]
    assert last.provider == "local"
    assert ranked(others, quality_tier=tier, provider="local")[0].provider == "local"


def test_a_lower_tier_comes_before_a_higher_one() -> None:
    grades = [each.rank for each in ranked(router("cloudflare", "gemini"), quality_tier="premium")]
    assert grades == sorted(grades)
    served = [each.warnings[0] for each in ranked(router("cloudflare"), quality_tier="ultra") if each.warnings]
    assert "lower tier" in served[0]


# The user's word ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        (
            "together",
            ["together", "Together", "togetherai", "Together AI", "together.ai", "https://api.together.xyz/v1"],
        ),
        ("cloudflare", ["cloudflare", "workers_ai", "Cloudflare Workers AI", "Workers AI", "workers-ai"]),
        ("gemini", ["google", "Google Gemini", "google-gemini", "Gemini API", "Google AI", "google ai studio"]),
        ("bfl", ["Black Forest Labs", "blackforestlabs", "bfl.ai"]),
        ("stability", ["Stability AI", "stability.ai"]),
        ("huggingface", ["Hugging Face", "huggingface.co", "HF Inference"]),
    ],
)
def test_a_provider_is_pinned_by_each_of_its_names(provider: str, names: list[str]) -> None:
    on = router("together", "cloudflare", "gemini", "bfl", "stability", "huggingface")
    for name in names:
        assert {each.provider for each in ranked(on, provider=name)} == {provider}, name


@pytest.mark.parametrize(
    "name",
    [
        *("together:flux-schnell", "flux-schnell@together", "flux-schnell (together)", "flux-schnell via Together AI"),
        *("together/flux-schnell:latest", "together_ai/black-forest-labs/FLUX.1-schnell"),
    ],
)
def test_a_model_may_be_named_with_its_provider_on_either_side(name: str) -> None:
    assert {each.name for each in ranked(router("together", "fal"), model=name)} == {"together/flux-schnell"}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("models/gemini-2.5-flash-image", "gemini-2.5-flash-image"),
        ("google:gemini-2.5-flash-image", "gemini-2.5-flash-image"),
        ("Gemini 2.5 Flash Image (Nano Banana)", "gemini-2.5-flash-image"),
    ],
)
def test_a_model_is_found_by_what_apis_and_people_add_to_its_name(name: str, slug: str) -> None:
    assert {each.model.slug for each in ranked(router("gemini"), model=name)} == {slug}


def test_auto_means_that_the_router_picks() -> None:
    assert {each.name for each in ranked(router("together"), model="auto")} == {
        each.name for each in ranked(router("together"))
    }


def test_auto_pins_nothing() -> None:
    assert {each.provider for each in ranked(router("together", "fal"), provider="auto")} == {"together", "fal"}


@pytest.mark.parametrize("order", [("together", "fal"), ("fal", "together")])
def test_within_a_class_the_users_order_beats_the_index(order: tuple[str, str]) -> None:
    candidates = ranked(router("together", "fal", order=order), model="flux-2-max")
    assert [each.provider for each in candidates] == list(order)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        pytest.param("flux-schnell", None, id="slug"),
        pytest.param("FLUX-Schnell", None, id="letter case"),
        pytest.param("flux-1-schnell", None, id="alias"),
        pytest.param("@cf/black-forest-labs/flux-1-schnell", "cloudflare", id="a provider's own id"),
        pytest.param("cloudflare/flux-schnell", "cloudflare", id="provider and slug"),
        pytest.param("workers_ai/flux-schnell", "cloudflare", id="another name of the provider"),
        pytest.param("Workers-AI/FLUX.1 [schnell]", "cloudflare", id="that and the name that is shown"),
    ],
)
def test_a_model_is_found_by_each_of_its_names(name: str, provider: str | None) -> None:
    candidates = ranked(router("together", "cloudflare"), model=name)
    assert {each.model.slug for each in candidates} == {"flux-schnell"}
    assert provider is None or {each.provider for each in candidates} == {provider}


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        pytest.param({"model": "flux-schnel"}, InvalidModel, "flux-schnell", id="misspelt"),
        pytest.param({"model": "zzzzzz"}, InvalidModel, "list_models", id="nothing like it"),
        pytest.param({"model": "dall-e-3"}, ModelRetired, "gpt-image", id="withdrawn"),
        pytest.param({"model": "dall-e-3", "provider": "openai"}, ModelRetired, "gpt-image", id="withdrawn and pinned"),
        pytest.param({"model": "gpt-image-2"}, NoImageProvider, "openai", id="carried elsewhere"),
        pytest.param(
            {"model": "gpt-image-2", "provider": "together"},
            NoImageProvider,
            "together does not carry gpt-image-2; leave model out, or name one of its own: flux-1.1-pro",
            id="pinned to who has it not",
        ),
        pytest.param({"provider": "fal"}, NoImageProvider, "fal", id="without a key"),
        pytest.param({"provider": "midjourney"}, InvalidRequest, "together", id="unknown provider"),
        pytest.param({"model": "flux-schnell", "input_images": ["x"]}, Unsupported, "flux", id="takes no inputs"),
    ],
)
def test_what_cannot_be_routed_says_why(asked: dict[str, Any], kind: type[ForgeError], said: str) -> None:
    with pytest.raises(kind) as refused:
        ranked(router("together"), **asked)
    assert said in str((refused.value.message, refused.value.details))


@pytest.mark.parametrize("tier", QualityTier)
def test_a_withdrawn_model_is_never_routed_to(tier: QualityTier) -> None:
    candidates = ranked(router("local", *KEYED), quality_tier=tier)
    assert not any(each.model.is_retired(NOW.date()) for each in candidates)


def test_a_model_is_withdrawn_from_its_day_on() -> None:
    on = router("openai")
    (spec,) = (each for each in CATALOG.of_provider("openai") if each.slug == "gpt-image-1.5")
    assert spec.retired is not None
    request = ImageRequest(prompt="a fox", model="openai/gpt-image-1.5")
    day = datetime(spec.retired.year, spec.retired.month, spec.retired.day, tzinfo=UTC)
    eve = day.replace(day=day.day - 1) if day.day > 1 else NOW
    assert on.rank(request, Health(), eve)
    with pytest.raises(ModelRetired):
        on.rank(request, Health(), day)


# Money, health and the index ------------------------------------------------------------------------------------------


def spec(slug: str, price: float | None, latency: float = 10.0) -> ModelSpec:
    return ModelSpec(
        slug=slug,
        provider=slug,
        model_id=slug,
        name=slug,
        description="",
        sizing=Sizing(kind="fixed"),
        price=Price(image=price),
        latency=latency,
    )


def small(*specs: ModelSpec, **fields: Any) -> Router:
    """A router over these models alone, all of one class."""
    groups = (tuple(each.slug for each in specs),)
    tiers = {tier: replace(CATALOG.tiers[tier], groups=groups) for tier in QualityTier}
    catalog = Catalog(models=specs, tiers=tiers)
    entries = tuple(Entry(name=each.provider, settings_hash="s", models=(each,)) for each in specs)
    return Router(catalog=catalog, entries=entries, **fields)


def order(on: Router, health: Health | None = None, **fields: Any) -> list[str]:
    return [each.provider for each in ranked(on, health, **fields)]


def test_a_resolution_class_leads_to_a_model_that_makes_it_or_is_said_to_be_missing() -> None:
    on = router("nvidia", "bfl")
    assert ranked(on)[0].provider == "nvidia"
    assert ranked(on, image_size="2K")[0].provider == "bfl"
    assert ranked(router("nvidia"), image_size="2K")[0].provider == "nvidia"


def test_who_can_is_told_of_the_living_and_configured_alone() -> None:
    with pytest.raises(Unsupported) as refused:
        ranked(router("together", "cloudflare"), model="flux-schnell", input_images=["x"])
    able = refused.value.details["able"]
    assert "flux-2-dev" in able
    assert "sd-1.5-img2img" not in able
    with pytest.raises(Unsupported) as pinned:
        ranked(router("nvidia", "cloudflare"), provider="nvidia", input_images=["x"])
    assert "leave provider out" in pinned.value.message


def test_the_cheaper_and_the_faster_come_first() -> None:
    assert order(small(spec("dear", 0.08), spec("cheap", 0.01))) == ["cheap", "dear"]
    assert order(small(spec("slow", 0.01, 60), spec("fast", 0.01, 5))) == ["fast", "slow"]


def test_a_second_of_waiting_has_its_price() -> None:
    models = (spec("slow", 0.01, 40), spec("fast", 0.02, 5))
    assert order(small(*models, wait_value=0.0)) == ["slow", "fast"]
    assert order(small(*models, wait_value=0.001)) == ["fast", "slow"]


def test_the_index_is_the_cost_of_a_success() -> None:
    (only,) = ranked(small(spec("m", 0.04, 10)))
    p = 4 / 4.2
    waiting = 0.0005 * (p * 10 + (1 - p) * 5)
    assert only.index == pytest.approx((p * 0.04 + (1 - p) * 0.2 * 0.04 + waiting) / p)


def test_who_fails_falls_behind_and_who_rests_comes_last() -> None:
    models = small(spec("a", 0.010), spec("b", 0.011))
    assert order(models) == ["a", "b"]
    assert order(models, failed("a", "a", "unavailable", 1.0)) == ["b", "a"]
    resting = ranked(small(spec("a", 0.001), spec("b", 0.5)), failed("a", "a"))
    assert [each.provider for each in resting] == ["b", "a"]
    assert resting[1].vitals.rest > 0
    assert "may be tried in" in resting[1].reason


def test_a_limit_leaves_out_what_costs_more_and_what_may_cost_more() -> None:
    bounded = replace(spec("bounded", None), price_bound=Price(image=0.03), bound_reason="the maker's price")
    models = small(spec("cheap", 0.01), spec("dear", 0.08), bounded)
    assert order(models) == ["cheap", "bounded", "dear"]
    assert order(models, limit=0.02) == ["cheap"]
    assert order(models, limit=0.08) == ["cheap", "bounded", "dear"]
    with pytest.raises(BudgetExceeded) as refused:
        ranked(models, limit=0.005)
    assert refused.value.details["cheapest_usd"] == 0.01


def test_a_row_without_any_price_counts_as_the_dearest_and_is_not_used_under_a_cap() -> None:
    models = small(spec("unknown", None), spec("dear", 0.3))
    assert order(models) == ["dear", "unknown"]
    assert order(models, limit=float("inf")) == ["dear"]
    assert ranked(models)[1].price_usd is None


def test_a_limit_that_leaves_out_better_ones_says_which() -> None:
    best = ranked(router("cloudflare", "bfl"), quality_tier="premium", limit=0.035)[0]
    assert best.name == "cloudflare/phoenix-1"
    assert best.warnings == ("max_cost_usd 0.035 left out cloudflare/flux-2-dev ($0.041).",)


@pytest.mark.parametrize(
    ("asked", "limit", "said"),
    [
        pytest.param(
            {"n": 2, "model": "bfl/flux-2-pro"},
            0.05,
            "2 images × $0.03 = $0.06, above max_cost_usd 0.05; nothing was sent; quality_tier ",
            id="several",
        ),
        pytest.param(
            {"model": "bfl/flux-2-flex", "input_images": ["x"] * 8},
            0.05,
            "$0.05 + 8 input images × $0.05 = $0.45, above max_cost_usd 0.05; nothing was sent",
            id="references",
        ),
        pytest.param({"quality_tier": "ultra"}, 0.001, "raise max_cost_usd to ", id="nothing is cheaper"),
    ],
)
def test_what_is_too_dear_shows_its_arithmetic(asked: dict[str, Any], limit: float, said: str) -> None:
    inputs = [(512, 512)] * len(asked.get("input_images", ()))
    with pytest.raises(BudgetExceeded) as refused:
        router("bfl").rank(
            ImageRequest(prompt="a fox", **asked), Health(), NOW, limit=Limit(usd=limit), input_sizes=inputs
        )
    assert said in refused.value.message


def test_several_images_cost_several_times() -> None:
    (only,) = ranked(small(spec("m", 0.04)), n=3)
    assert only.price_usd == pytest.approx(0.12)


def test_a_model_that_has_the_setting_comes_before_one_that_has_not() -> None:
    with_seed = replace(spec("seeded", 0.05), accepts=frozenset({"seed"}))
    models = small(spec("plain", 0.01), with_seed)
    assert order(models) == ["plain", "seeded"]
    assert order(models, seed=7) == ["seeded", "plain"]


def test_the_reason_is_in_words() -> None:
    (only,) = ranked(small(spec("m", 0.04)))
    assert only.reason == "$0.04, usually 10 s"
    failing = ranked(small(spec("m", 0.04)), failed("m", "m", "unavailable", 1.0))[0]
    assert failing.reason == "$0.04, 77% success, usually 10 s"


SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 7},
    {"seed": 8},
    {"negative_prompt": "blur"},
    {"n": 3},
    {"width": 512, "height": 768},
    {"aspect_ratio": "16:9"},
    {"image_size": "2K"},
    {"steps": 4},
    {"style": "vivid"},
    {"background": "transparent"},
    {"output_format": "webp"},
    {"model": "flux-2-dev", "n": 2},
    {"quality_tier": QualityTier.ULTRA, "allow_lower_tier": False},
    {"is_edit": True, "input_images": ["a" * 64]},
    {"is_edit": True, "input_images": ["a" * 64, "b" * 64], "mask": "c" * 64},
)


def test_what_a_router_remembers_of_other_requests_changes_nothing() -> None:
    asked_before = router(*KEYED)
    for health in (Health(), failed(KEYED[0], "flux-2-dev")):
        for shape in (*SHAPES, *reversed(SHAPES)):
            assert ranked(asked_before, health, **shape) == ranked(router(*KEYED), health, **shape), shape
