"""What each key alone, and all of them together, make of the five tiers: prices that rise, and a budget that changes
nothing without saying so."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from imgforge_mcp.base.types import ImageRequest, QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.services import names
from imgforge_mcp.routing.candidates import Candidate, Entry
from imgforge_mcp.routing.health import Health
from imgforge_mcp.routing.refusals import NOT_SERVED
from imgforge_mcp.routing.router import Router
from tests import emulators
from tests.answers import ended, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.providers._subject import TODAY
from tests.routing.test_router import NOW

Emulate = Callable[..., Emulator]
CATALOG = load_catalog()
KEYS = [(name,) for name in names() if name != "local"]
SETS = [pytest.param(keys, id="+".join(keys)) for keys in KEYS] + [
    pytest.param(tuple(name for (name,) in KEYS), id="all")
]
LAST = max(model.retired for model in CATALOG.models if model.retired)
DAYS = [NOW, datetime.combine(LAST, time(), tzinfo=UTC) + timedelta(days=1)]
"""And when every row is gone whose end is known, such as those of 2026-12-01."""
PROMPT = "a lighthouse in a storm"


def leaders(keys: tuple[str, ...], day: datetime = NOW) -> dict[QualityTier, Candidate]:
    """Who would be asked first for each tier that is served, on a day."""
    router = Router(catalog=CATALOG, entries=tuple(Entry(name=key, models=CATALOG.of_provider(key)) for key in keys))
    found = {}
    for tier in QualityTier:
        try:
            found[tier] = router.rank(ImageRequest(prompt=PROMPT, quality_tier=tier), Health(), day)[0]
        except NOT_SERVED:
            continue
    return found


@pytest.mark.parametrize("day", [pytest.param(day, id=str(day.date())) for day in DAYS])
@pytest.mark.parametrize("keys", SETS)
def test_the_first_of_a_tier_is_never_dearer_than_that_of_the_tier_above(keys: tuple[str, ...], day: datetime) -> None:
    prices = [candidate.quote.usd for candidate in leaders(keys, day).values()]
    assert prices
    assert prices == sorted(prices)


@pytest.mark.parametrize("keys", SETS)
def test_a_route_that_nobody_has_shown_leads_only_where_its_class_has_no_other(keys: tuple[str, ...]) -> None:
    for tier, candidate in leaders(keys).items():
        if not candidate.model.unverified:
            continue
        groups = CATALOG.tiers[tier].groups
        group = next((group for group in groups if candidate.model.slug in group), ())
        others = [model for key in keys for model in CATALOG.of_provider(key) if model.slug in group]
        assert all(model.unverified or model.is_retired(TODAY) for model in others)


@pytest.mark.anyio
@pytest.mark.parametrize("name", emulators.names())
async def test_a_daily_budget_changes_no_tier_without_saying_so(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    served: list[dict[QualityTier, tuple[str, str]]] = []
    for variables in ({}, {"IMGFORGE_DAILY_BUDGET_USD": "100"}):
        jobs: dict[QualityTier, tuple[str, str]] = {}
        async with client_on(emulator, **variables) as client:
            for tier in QualityTier:
                asked = {"prompt": PROMPT, "quality_tier": tier.value}
                answer = told(await client.call_tool("generate_image", asked))
                job = await ended(client, answer["job_id"]) if "job_id" in answer else answer
                jobs[tier] = (job.get("model", ""), str(job.get("code", job.get("state"))))
        served.append(jobs)
    free, capped = served
    assert capped == free


@pytest.mark.anyio
@pytest.mark.parametrize("name", emulators.names())
async def test_what_a_tight_cap_leaves_out_is_named(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        for tier, leader in leaders((name,)).items():
            limit = leader.quote.usd * 0.9
            asked = {"prompt": PROMPT, "quality_tier": tier.value, "max_cost_usd": limit or 0.0001}
            answer = told(await client.call_tool("generate_image", asked))
            if answer.get("code") is not None:
                assert answer["code"] in ("budget_exceeded", "unsupported")
                assert leader.quote.usd == 0 or answer["code"] == "unsupported" or "max_cost_usd" in answer["error"]
                continue
            is_same = answer["model"] == leader.model.slug
            assert is_same or leader.name in str(answer.get("warnings")) + answer["message"]
