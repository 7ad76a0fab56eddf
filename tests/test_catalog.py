"""The catalogue: every figure has its date and source, every promised name resolves, no tier names a dead model."""

import re
from datetime import date
from importlib import resources
from typing import Any

import pytest

from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog import Catalog, Tier, bundled_table, load_catalog
from imgforge_mcp.catalog.pullable import ABOUT
from imgforge_mcp.providers.contract import ModelSpec
from imgforge_mcp.providers.services import load, names
from imgforge_mcp.routing.pricing import quoted

TODAY = date(2026, 11, 26)
MAX = {f"{provider}/flux-2-max" for provider in ("bfl", "fal", "openrouter", "replicate", "together")}
SETTINGS = {"seed", "negative_prompt", "steps", "style", "output_format", "strength"}
TRANSFORMS = {"remove_background", "upscale", "vectorize", "extend", "crop", "resize", "convert"}
CAPABILITIES = {
    "text_to_image",
    "edit",
    "inpaint",
    "references",
    "by_reference",
    "transparent",
    "vector",
    "text_rendering",
} | TRANSFORMS
ROWS = [pytest.param(model, id=model.name_in_full) for model in load_catalog().models]
LIVING = [pytest.param(model, id=model.name_in_full) for model in load_catalog().models if not model.is_retired(TODAY)]
RETIRED = [pytest.param(model, id=model.name_in_full) for model in load_catalog().models if model.retired]
TIERS = [pytest.param(name, tier, id=name) for name, tier in load_catalog().tiers.items()]


@pytest.mark.parametrize("model", ROWS)
def test_every_row_says_where_its_figures_come_from_and_when(model: ModelSpec) -> None:
    assert model.source
    assert model.checked is not None
    assert date(2026, 1, 1) < model.checked <= TODAY
    assert all((model.name, model.description))


@pytest.mark.parametrize("model", ROWS)
def test_every_row_is_consistent_with_itself(model: ModelSpec) -> None:
    sizing, (fewest, most, usual) = model.sizing, model.steps
    assert model.accepts <= SETTINGS
    assert set() < model.capabilities <= CAPABILITIES
    assert bool(model.formats) == ("output_format" in model.accepts)
    assert fewest <= usual <= most
    assert bool(model.max_inputs) == bool(
        model.capabilities & {"edit", "inpaint", "references", "by_reference", *TRANSFORMS}
    )
    assert (sizing.kind == "list") == bool(sizing.sizes)
    assert (sizing.kind == "ratio") == bool(sizing.ratios)
    assert set(model.price.by_size) <= {*sizing.image_sizes, "1K"}
    assert sizing.default_width % sizing.multiple == sizing.default_height % sizing.multiple == 0
    assert sizing.minimum <= min(sizing.default_width, sizing.default_height)
    assert max(sizing.default_width, sizing.default_height) <= sizing.maximum
    if sizing.max_pixels is not None and sizing.min_pixels is not None:
        assert sizing.min_pixels <= sizing.default_width * sizing.default_height <= sizing.max_pixels


@pytest.mark.parametrize("model", ROWS)
def test_every_row_belongs_to_a_provider_that_exists(model: ModelSpec) -> None:
    assert model.provider in {*names(), "local"}


def test_every_purpose_names_models_that_there_are_and_its_source() -> None:
    catalog = load_catalog()
    slugs = {model.slug for model in catalog.models}
    assert catalog.fitness.keys() == catalog.fitness_sources.keys() == {"text", "photo", "logo", "edit"}
    assert not [slug for order in catalog.fitness.values() for slug in order if slug not in slugs]
    assert all(re.search(r"20\d\d", source) for source in catalog.fitness_sources.values())


@pytest.mark.parametrize("model", RETIRED)
def test_a_retired_model_names_a_successor_that_is_served(model: ModelSpec) -> None:
    assert model.successor is not None
    assert [found for found in load_catalog().find(model.successor) if not found.is_retired(TODAY)]


def test_every_source_is_in_the_list_at_the_end_of_the_file() -> None:
    text = resources.files("imgforge_mcp.catalog").joinpath("models.toml").read_text("utf-8")
    legend = text.partition(" sources\n")[2]
    keys = {key for model in load_catalog().models for key in model.source.split()}
    assert not [key for key in keys if not re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", legend)]


def test_the_file_has_only_fields_that_are_read() -> None:
    table = bundled_table()
    row = {"sizing", "id", "price"} | set(ModelSpec.__dataclass_fields__)
    about = ("checked", "tiers", "fitness", "sizings", "dialects", "slugs", "providers", "models")
    assert table.keys() == {*about, "pipelines", "pullable"}
    drawing = {*row, "pictures", "guidance", "forms"}
    assert all(entry.keys() <= drawing for entry in table["pipelines"].values())
    assert all(entry.keys() <= {*drawing, *ABOUT} for entry in table["pullable"].values())
    assert table["models"].keys() == table["providers"].keys()
    assert all(entry.keys() <= row for rows in table["models"].values() for entry in rows.values())
    assert {slug for rows in table["models"].values() for slug in rows} == table["slugs"].keys()


@pytest.mark.parametrize(
    "slug",
    [
        *("flux-schnell", "flux-2-klein-9b", "flux-2-klein-4b", "flux-2-dev", "lucid-origin", "phoenix-1"),
        *("stable-diffusion", "sdxl-lightning", "dreamshaper-8-lcm", "imagen-4", "imagen-4-fast", "imagen-4-ultra"),
        *("flux-2-pro", "flux-2-klein", "flux-1.1-pro", "recraft-v4", "recraft-v3", "ideogram-v3", "sd-3.5"),
        *("qwen-image", "flux-kontext", "qwen-image-edit", "seedream-5"),
        *(
            "FLUX.1-schnell",
            "FLUX.1.1-pro",
            "FLUX.1-kontext-pro",
            "FLUX.2-dev",
            "FLUX.2-flex",
            "FLUX.2-pro",
            "FLUX.2-max",
        ),
        *("imagen-4.0-generate-001", "gemini-2.5-flash-image", "flux-realism", "turbo"),
        *("@cf/stabilityai/stable-diffusion-xl-base-1.0", "@cf/lykon/dreamshaper-8-lcm"),
    ],
)
def test_the_names_of_the_requirements_resolve(slug: str) -> None:
    assert load_catalog().find(slug)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        pytest.param(
            "flux-2-klein",
            {"bfl/flux-2-klein-4b", "cloudflare/flux-2-klein-4b", "pollinations/flux-2-klein-4b"},
            id="alias",
        ),
        pytest.param("bfl/flux-2-klein", {"bfl/flux-2-klein-4b"}, id="alias at one provider"),
        pytest.param("@cf/black-forest-labs/flux-1-schnell", {"cloudflare/flux-schnell"}, id="a provider's own id"),
        pytest.param("cloudflare/@cf/leonardo/phoenix-1.0", {"cloudflare/phoenix-1"}, id="own id at its provider"),
        pytest.param("Black-Forest-Labs/flux.2-DEV", {"together/flux-2-dev"}, id="letter case"),
        pytest.param("imagen-4.0-generate-001", {"gemini/imagen-4"}, id="a retired id"),
        pytest.param(
            "gpt-image-2",
            {"openai/gpt-image-2", "openrouter/gpt-image-2", "pollinations/gpt-image-2"},
            id="slug before own id",
        ),
        pytest.param("no-such-model", set(), id="unknown"),
        pytest.param(
            "black-forest-labs/FLUX.1-schnell",
            {"together/flux-schnell", "huggingface/flux-schnell"},
            id="an id in its own letter case",
        ),
        pytest.param("black-forest-labs/flux.1-schnell", {"nvidia/flux-schnell"}, id="another's in its own"),
        pytest.param(
            "Black-Forest-Labs/Flux.1-Schnell",
            {"together/flux-schnell", "huggingface/flux-schnell"},
            id="an id with capitals is not that of who writes none",
        ),
        pytest.param("FLUX.2 Max", MAX, id="display name"),
        pytest.param("flux.2 [max]", MAX, id="as its maker"),
    ],
)
def test_a_name_stands_for_these_rows(name: str, rows: set[str]) -> None:
    found = {model.name_in_full for model in load_catalog().find(name)}
    assert found >= rows if name == "flux-2-klein" else found == rows


def test_every_name_that_is_shown_stands_for_its_slug() -> None:
    catalog = load_catalog()
    for model in catalog.models:
        assert {found.slug for found in catalog.find(model.name)} == {model.slug}, model.name


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        pytest.param("flux-schnel", "flux-schnell", id="slug"),
        pytest.param("FLUX-KONTEXT-PR", "flux-kontext", id="alias"),
        pytest.param("together/flux-schnel", "together/flux-schnell", id="at a provider"),
        pytest.param("@cf/leonardo/phoenix", "phoenix-1", id="a provider's own id"),
    ],
)
def test_an_unknown_name_lists_the_nearest(name: str, nearest: str) -> None:
    catalog = load_catalog()
    assert not catalog.find(name)
    assert catalog.nearest(name)[0] == nearest
    assert len(catalog.nearest(name, 2)) == 2
    assert catalog.nearest("zzzzzzzz") == []


@pytest.mark.parametrize(("name", "tier"), TIERS)
def test_a_tier_names_only_slugs_that_are_served(name: QualityTier, tier: Tier) -> None:
    catalog = load_catalog()
    for slug in (slug for group in tier.groups for slug in group):
        assert [model for model in catalog.models if model.slug == slug and not model.is_retired(TODAY)], slug


@pytest.mark.parametrize(("name", "tier"), TIERS)
def test_a_tier_names_a_slug_once_and_draws(name: QualityTier, tier: Tier) -> None:
    slugs = [slug for group in tier.groups for slug in group]
    assert len(slugs) == len(set(slugs))
    rows = [model for model in load_catalog().models if model.slug in slugs]
    assert all({"text_to_image", "by_reference"} & model.capabilities for model in rows)


def test_the_tiers_put_the_promised_models_first() -> None:
    tiers = load_catalog().tiers
    firsts = [tiers[tier].groups[0] for tier in QualityTier]
    wanted = ["sdxl-lightning", "flux-2-klein-4b", "flux-2-dev", "gemini-3.1-flash-image", "gemini-3-pro-image"]
    assert all(slug in group for slug, group in zip(wanted, firsts, strict=True))
    assert tiers[QualityTier.DRAFT].rank("flux-schnell") == 1
    assert tiers[QualityTier.DRAFT].rank("illustrator") is None


def test_the_boosters_are_light_below_premium_and_strong_from_there() -> None:
    tiers = load_catalog().tiers
    strong = {"masterpiece", "best quality", "highly detailed", "sharp focus", "8k", "photorealistic"}
    assert [set(tiers[tier].boosters) >= strong for tier in QualityTier] == [False, False, True, True, True]
    assert all(tiers[tier].boosters for tier in QualityTier)


@pytest.mark.parametrize(
    ("row", "size", "cost"),
    [
        pytest.param("cloudflare/flux-schnell", {"steps": 4}, 0.000634, id="per tile and per step"),
        pytest.param("cloudflare/flux-2-dev", {"steps": 25}, 0.041, id="per tile and step together"),
        pytest.param("together/flux-schnell", {"steps": 4}, 0.002831, id="per megapixel, at four steps"),
        pytest.param("together/flux-schnell", {"steps": 8}, 0.005662, id="per megapixel, at eight steps"),
        pytest.param("bfl/flux-2-pro", {"steps": 1, "width": 2048}, 0.06, id="first megapixel and further"),
        pytest.param("openai/gpt-image-2", {"steps": 1, "tier": "draft"}, 0.006, id="low effort"),
        pytest.param("openai/gpt-image-2", {"steps": 1, "tier": "standard"}, 0.053, id="medium effort"),
        pytest.param("openai/gpt-image-2", {"steps": 1, "tier": "ultra"}, 0.211, id="high effort"),
        pytest.param("openai/gpt-image-2.5-flare", {"steps": 1, "tier": "ultra"}, 0.094, id="extra high effort"),
        pytest.param("ideogram/ideogram-v3", {"steps": 1, "is_transparent": True}, 0.07, id="without a background"),
        pytest.param("gemini/gemini-3-pro-image", {"steps": 1, "image_size": "4K"}, 0.24, id="by resolution class"),
        pytest.param("gemini/gemini-3-pro-image", {"steps": 1}, 0.134, id="the usual class"),
        pytest.param("local/illustrator", {"steps": 1}, 0.0, id="free"),
        pytest.param("fal/flux-2-pro", {"steps": 1, "width": 2048}, 0.045, id="started megapixels of 1024x1024"),
        pytest.param("fal/flux-dev", {"steps": 1, "width": 1032}, 0.05, id="a started megapixel counts whole"),
        pytest.param("together/flux-2-pro", {"steps": 1}, None, id="not known"),
    ],
)
def test_listed_prices_come_out_as_documented(row: str, size: dict[str, Any], cost: float | None) -> None:
    (model,) = load_catalog().find(row)
    listed = model.price.of(**{"width": 1024, "height": 1024, **size})
    assert listed == (cost if cost is None else pytest.approx(cost, abs=6e-4 if model.provider == "openai" else 5e-6))


@pytest.mark.parametrize("model", LIVING)
def test_every_living_row_has_a_price_or_a_bound_with_its_reason(model: ModelSpec) -> None:
    assert model.price.is_known or model.price_bound.is_known
    assert model.price.is_known or len(model.bound_reason) > 20


def only(catalog: Catalog, name: str) -> ModelSpec:
    (model,) = catalog.find(name)
    return model


def test_a_configuration_changes_single_fields_of_a_row() -> None:
    changes = {
        "price": {"image": 0.5},
        "latency": 3,
        "sizing": {"maximum": 1024},
        "accepts": ["seed"],
        "options": {"x": 1},
    }
    before = only(load_catalog(), "together/flux-2-pro")
    after = only(load_catalog({"models": {"together/flux-2-pro": changes}}), "together/flux-2-pro")
    assert (after.price.image, after.latency, after.sizing.maximum) == (0.5, 3.0, 1024)
    assert after.accepts == frozenset({"seed"})
    assert after.sizing.minimum == before.sizing.minimum
    assert after.options == {**before.options, "x": 1}
    assert (after.model_id, after.max_inputs) == (before.model_id, before.max_inputs)


def test_a_new_price_replaces_the_old_one_as_a_whole() -> None:
    catalog = load_catalog({"models": {"cloudflare/flux-schnell": {"price": {"megapixel": 0.001}}}})
    price = only(catalog, "cloudflare/flux-schnell").price
    assert (price.megapixel, price.tile, price.step) == (0.001, None, None)


def test_a_configuration_adds_a_model_and_puts_it_into_a_tier() -> None:
    catalog = load_catalog(
        {
            "models": {"together/new-one": {"id": "maker/New-One", "sizing": "together"}},
            "tiers": {"draft": {"groups": [["new-one"], ["flux-schnell"]]}},
        }
    )
    assert only(catalog, "maker/new-one").sizing.maximum == 1920
    assert catalog.tiers[QualityTier.DRAFT].rank("new-one") == 0
    assert catalog.tiers[QualityTier.DRAFT].boosters == load_catalog().tiers[QualityTier.DRAFT].boosters


def test_a_server_of_the_users_own_serves_its_models_by_its_dialect() -> None:
    server = {
        "name": "mybox",
        "dialect": "localai",
        "models": [{"id": "sd-1.5", "slug": "mine", "max_n": 2}, {"id": "other"}],
    }
    catalog = load_catalog({"servers": [server]})
    mine = only(catalog, "mybox/mine")
    assert (mine.model_id, mine.max_n, mine.options["dialect"], mine.price.image) == ("sd-1.5", 2, "localai", 0.0)
    assert "negative_prompt" in mine.accepts
    assert [model.slug for model in catalog.of_provider("mybox")] == ["mine", "other"]


SIZES_AND_TIERS = [
    *(("1K", QualityTier.DRAFT), ("1K", QualityTier.PREMIUM)),
    *(("2K", QualityTier.DRAFT), ("2K", QualityTier.PREMIUM)),
]


def test_a_server_of_xai_knows_its_prices() -> None:
    server = {
        "name": "xai",
        "dialect": "xai",
        "models": [{"id": "grok-imagine-image-pro"}, {"id": "grok-imagine-image-quality"}],
    }
    catalog = load_catalog({"servers": [server]})
    pro, quality = catalog.of_provider("xai")
    assert pro.is_retired(TODAY)
    assert quality.is_retired(TODAY)
    assert pro.successor == "grok-imagine-image-2.0"
    newest = load_catalog(
        {"servers": [{"name": "xai", "dialect": "xai", "models": [{"id": "grok-imagine-image-2.0"}]}]}
    )
    (model,) = newest.of_provider("xai")
    assert (model.max_n, model.max_inputs) == (10, 5)
    prices = [quoted(model, width=1024, height=1024, image_size=size, tier=tier).usd for size, tier in SIZES_AND_TIERS]
    assert prices == [0.04, 0.06, 0.06, 0.08]


@pytest.mark.parametrize(
    ("overrides", "entry"),
    [
        pytest.param(
            {"models": {"together/flux-schnel": {"latency": 1}}}, "models.together/flux-schnel", id="unknown row"
        ),
        pytest.param(
            {"models": {"together/flux-schnell": {"speed": 1}}},
            "models.together/flux-schnell.speed",
            id="unknown field",
        ),
        pytest.param(
            {"models": {"together/flux-schnell": {"latency": "x"}}},
            "models.together/flux-schnell.latency",
            id="wrong type",
        ),
        pytest.param(
            {"models": {"together/flux-schnell": {"price": {"imgae": 1}}}},
            "models.together/flux-schnell.price.imgae",
            id="unknown part of a price",
        ),
        pytest.param(
            {"models": {"together/flux-schnell": {"price": {"image": "x"}}}},
            "models.together/flux-schnell.price.image",
            id="wrong price",
        ),
        pytest.param({"models": {"together/flux-schnell": 3}}, "models.together/flux-schnell", id="no table"),
        pytest.param({"models": {"a/b": {"id": "b", "sizing": "nowhere"}}}, "models.a/b.sizing", id="unknown sizing"),
        pytest.param({"models": []}, "models", id="models no table"),
        pytest.param({"tiers": {"best": {}}}, "tiers.best", id="unknown tier"),
        pytest.param({"tiers": {"draft": {"boost": []}}}, "tiers.draft.boost", id="unknown field of a tier"),
        pytest.param({"tiers": {"draft": {"groups": [["nope"]]}}}, "tiers.draft", id="unknown slug in a tier"),
        pytest.param({"tiers": {"draft": {"groups": "flux"}}}, "tiers.draft.groups", id="groups of the wrong shape"),
        pytest.param({"servers": {}}, "servers", id="servers no list"),
        pytest.param({"servers": [{}]}, "servers[0]", id="a server without a name"),
        pytest.param({"servers": [{"name": "m", "dialect": "z"}]}, "servers.m.dialect", id="unknown dialect"),
        pytest.param({"servers": [{"name": "m", "models": [{}]}]}, "servers.m.models", id="a model without an id"),
        pytest.param({"servers": [{"name": "m", "models": 3}]}, "servers.m.models", id="models of a server no list"),
    ],
)
def test_a_wrong_override_names_the_entry(overrides: dict[str, Any], entry: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_catalog(overrides)
    assert caught.value.details["entry"] == entry
    assert caught.value.message.startswith(entry)


def test_overrides_leave_the_bundled_catalogue_alone() -> None:
    load_catalog({"models": {"together/flux-schnell": {"latency": 99}}})
    assert only(load_catalog(), "together/flux-schnell").latency < 99


@pytest.mark.parametrize("name", names())
def test_every_provider_module_gives_a_provider_of_its_own_name(name: str) -> None:
    manifest = load(name).manifest
    assert manifest.name == name
    assert manifest.title
    assert manifest.source or not manifest.base_url
    assert load_catalog().of_provider(name)


@pytest.mark.parametrize(
    ("alias", "name"), [("workers_ai", "cloudflare"), ("google", "gemini"), ("Together", "together")]
)
def test_the_requirements_names_of_providers_are_known(alias: str, name: str) -> None:
    assert load(alias).manifest.name == name
