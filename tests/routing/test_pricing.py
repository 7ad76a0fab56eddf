"""One price: references, images, megapixels as a provider counts them, bounds, and the sum in words."""

import pytest

from imgforge_mcp.base.types import ImageRequest, QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.routing.fitting import fit
from imgforge_mcp.routing.pricing import quoted


def spec(name: str) -> ModelSpec:
    (model,) = load_catalog().find(name)
    return model


@pytest.mark.parametrize(
    ("name", "inputs", "cost"),
    [
        pytest.param("bfl/flux-2-flex", [(512, 512)] * 8, 0.45, id="small references count as a megapixel each"),
        pytest.param("bfl/flux-2-flex", [(2048, 2048)], 0.30, id="large ones by their megapixels"),
        pytest.param("bfl/flux-2-flex", [(4096, 4096)], 0.30, id="as they are sent, not as they are kept"),
        pytest.param("fal/flux-2-pro", [(1024, 1024), (2048, 1024)], 0.075, id="each by itself, of 1024x1024"),
        pytest.param("cloudflare/flux-2-klein-4b", [(4000, 3000)] * 2, 0.001266, id="by the picture"),
        pytest.param("openai/gpt-image-2", [(1024, 1024)], 0.0579, id="not multiplied by the effort"),
        pytest.param("stability/sd-3.5", [(1024, 1024)], 0.065, id="without a price of their own"),
    ],
)
def test_references_are_part_of_the_price(name: str, inputs: list[tuple[int, int]], cost: float) -> None:
    request = ImageRequest(prompt="a fox", quality_tier=QualityTier.DRAFT, width=1024, height=1024)
    call = fit(request, spec(name), prompt="a fox", tier=QualityTier.DRAFT, n=1, input_sizes=inputs)
    assert call.quote.usd == call.listed_cost() == pytest.approx(cost, abs=1e-4 if "gpt" in name else 1e-6)


def test_the_parts_of_a_request_add_up_to_its_price() -> None:
    model = spec("ideogram/ideogram-v3")
    whole = quoted(model, width=1024, height=1024, images=4, tier=QualityTier.PREMIUM)
    parts = [quoted(model, width=1024, height=1024, images=n, tier=QualityTier.PREMIUM) for n in (3, 1)]
    assert whole.usd == sum(part.usd for part in parts) == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("images", "inputs", "said"),
    [
        pytest.param(1, [], "1 image costs $0.05", id="one"),
        pytest.param(2, [], "2 images × $0.05 = $0.1", id="several"),
        pytest.param(1, [(64, 64)], "$0.05 + 1 input image × $0.05 = $0.1", id="a reference"),
        pytest.param(2, [(64, 64)] * 2, "2 images × ($0.05 + 2 input images × $0.05) = $0.3", id="both"),
    ],
)
def test_the_sum_is_told_in_words(images: int, inputs: list[tuple[int, int]], said: str) -> None:
    quote = quoted(spec("bfl/flux-2-flex"), width=1024, height=1024, images=images, inputs=inputs)
    assert quote.arithmetic == said


def test_a_bound_says_that_it_is_one_and_why() -> None:
    quote = quoted(spec("together/flux-2-pro"), width=1024, height=1024)
    assert quote.is_bound
    assert quote.arithmetic == "1 image costs $0.03 at most"
    assert "maker" in quote.bound_reason
    assert not quoted(spec("bfl/flux-2-pro"), width=1024, height=1024).is_bound
