"""What was drawn and what it cost: by provider, model, project and day; budgets and daily limits that are left."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client

from tests.answers import ended, told
from tests.conftest import OpenClient
from tests.e2e._program import fresh_account, run
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
REPORTS = "recraft"
"""Tells what a call cost."""
LISTS = "together"
"""Does not; the catalogue knows its prices."""


async def draw(client: Client, provider: str, **more: Any) -> dict[str, Any]:
    job = told(await client.call_tool("generate_image", {"prompt": "a lake", "provider": provider, **more}))
    assert job["state"] == "completed", job
    return job


async def usage(client: Client, **asked: Any) -> dict[str, Any]:
    """An answer of get_usage."""
    result = await client.call_tool("get_usage", asked)
    assert not result.is_error, result
    return told(result)


def configure(environment: dict[str, str], text: str) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(text, "utf-8")


async def test_images_and_cost_are_added_up_in_four_ways(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate(LISTS), emulate(REPORTS)) as client:
        first = await draw(client, LISTS, project_id="book", n=2)
        second = await draw(client, LISTS)
        third = await draw(client, REPORTS, project_id="book")
        answer = await usage(client)
    mine, theirs = first["cost_usd"] + second["cost_usd"], third["cost_usd"]
    assert answer["images"] == 4
    assert answer["cost_usd"] == pytest.approx(mine + theirs)
    assert answer["by_provider"][LISTS]["images"] == 3
    assert answer["by_provider"][LISTS]["cost_usd"] == pytest.approx(mine)
    assert answer["by_provider"][REPORTS] == {
        "images": 1,
        "calls": 1,
        "cost_usd": pytest.approx(theirs),
        "maybe_billed_usd": 0.0,
    }
    assert {name: entry["images"] for name, entry in answer["by_project"].items()} == {"book": 3, "(none)": 1}
    assert answer["by_model"][f"{LISTS}/{first['model']}"]["images"] == 3
    assert {name: entry["images"] for name, entry in answer["by_day"].items()} == {"2026-11-21": 4}


async def test_reported_listed_and_perhaps_billed_cost_are_told_apart(emulate: Emulate, client_on: OpenClient) -> None:
    listing = emulate(LISTS)
    async with client_on(listing, emulate(REPORTS)) as client:
        reported = await draw(client, REPORTS)
        listed = await draw(client, LISTS)
        listing.fault("cut")
        await client.call_tool("generate_image", {"prompt": "a lake", "provider": LISTS})
        lost = await ended(client)
        answer = await usage(client)
    assert (reported["cost_basis"], listed["cost_basis"]) == ("reported", "listed")
    assert lost["attempts"][0]["maybe_billed"] is True
    assert answer["cost_by_basis_usd"] == {
        "listed": pytest.approx(listed["cost_usd"]),
        "maybe_billed": pytest.approx(lost["attempts"][0]["cost_usd"]),
        "reported": pytest.approx(reported["cost_usd"]),
    }
    assert answer["images"] == 2
    assert answer["cost_usd"] == pytest.approx(reported["cost_usd"] + listed["cost_usd"])
    assert answer["maybe_billed_usd"] == pytest.approx(lost["attempts"][0]["cost_usd"])
    assert answer["by_provider"][LISTS]["maybe_billed_usd"] == pytest.approx(lost["attempts"][0]["cost_usd"])


async def test_a_period_is_a_day_or_a_month_by_utc(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    async with client_on(emulate(LISTS)) as client:
        await draw(client, LISTS)
        # Noon of 21 November: to the last minute of the day, over midnight, and over the end of the month.
        clock.advance(timedelta(hours=11, minutes=59).total_seconds())
        same_day = await figures(client)
        clock.advance(timedelta(minutes=2).total_seconds())
        next_day = await figures(client)
        await draw(client, LISTS)
        after_one_more = await figures(client)
        days = (await usage(client, period="all"))["by_day"]
        clock.advance(timedelta(days=9).total_seconds())
        next_month = await figures(client)
    assert same_day == {"day": 1, "month": 1, "all": 1}
    assert next_day == {"day": 0, "month": 1, "all": 1}
    assert after_one_more == {"day": 1, "month": 2, "all": 2}
    assert next_month == {"day": 0, "month": 0, "all": 2}
    assert list(days) == ["2026-11-21", "2026-11-22"]


async def test_of_a_long_time_each_month_is_told_and_each_of_the_latest_days(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    async with client_on(emulate(LISTS)) as client:
        await draw(client, LISTS, n=2)
        clock.advance(timedelta(days=30).total_seconds())
        last_told = await usage(client, period="all")
        clock.advance(timedelta(days=1).total_seconds())
        await draw(client, LISTS)
        answer = await usage(client, period="all")
    assert {day: entry["images"] for day, entry in last_told["by_day"].items()} == {"2026-11-21": 2}
    assert {day: entry["images"] for day, entry in answer["by_day"].items()} == {"2026-12-22": 1}
    assert {month: entry["images"] for month, entry in answer["by_month"].items()} == {"2026-11": 2, "2026-12": 1}
    assert (answer["images"], answer["by_provider"][LISTS]["images"]) == (3, 3)


async def figures(client: Client) -> dict[str, int]:
    return {period: (await usage(client, period=period))["images"] for period in ("day", "month", "all")}


async def test_a_project_sees_its_own_figures(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate(LISTS)) as client:
        job = await draw(client, LISTS, project_id="book")
        await draw(client, LISTS, project_id="film")
        book = await usage(client, project_id="book")
        none = await usage(client, project_id="nobody")
        bad = await client.call_tool("get_usage", {"project_id": "no spaces"})
    assert (book["images"], book["cost_usd"]) == (1, pytest.approx(job["cost_usd"]))
    assert list(book["by_project"]) == ["book"]
    assert (none["images"], none["by_provider"]) == (0, {})
    assert told(bad)["details"]["field"] == "project_id"


async def test_what_is_left_of_the_budgets_shrinks_and_is_reset(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    caps = {"IMGFORGE_DAILY_BUDGET_USD": "1", "IMGFORGE_MONTHLY_BUDGET_USD": "5"}
    async with client_on(emulate(LISTS), **caps) as client:
        before = (await usage(client))["budgets"]
        cost = (await draw(client, LISTS))["cost_usd"]
        after = (await usage(client))["budgets"]
        clock.advance(timedelta(days=1).total_seconds())
        tomorrow = (await usage(client))["budgets"]
        clock.advance(timedelta(days=10).total_seconds())
        next_month = (await usage(client))["budgets"]
    assert before == {
        "daily": {"cap_usd": 1.0, "committed_usd": 0, "left_usd": 1.0},
        "monthly": {"cap_usd": 5.0, "committed_usd": 0, "left_usd": 5.0},
    }
    assert after["daily"]["left_usd"] == pytest.approx(1 - cost)
    assert after["monthly"] == {"cap_usd": 5.0, "committed_usd": cost, "left_usd": pytest.approx(5 - cost)}
    assert tomorrow == {"daily": before["daily"], "monthly": after["monthly"]}
    assert next_month == before


async def test_without_caps_nothing_is_said_to_be_left(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate(LISTS)) as client:
        cost = (await draw(client, LISTS))["cost_usd"]
        answer = await usage(client)
    assert answer["budgets"] == {"daily": {"committed_usd": cost}, "monthly": {"committed_usd": cost}}
    assert answer["quotas"] == {}


async def test_a_daily_limit_of_the_users_own_counts_calls_and_is_reset(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock, environment: dict[str, str]
) -> None:
    # Noon by UTC is four in the morning there.
    configure(environment, f'[providers.{LISTS}]\nper_day = 2\nreset_timezone = "America/Los_Angeles"\n')
    async with client_on(emulate(LISTS)) as client:
        full = (await usage(client))["quotas"]
        await draw(client, LISTS)
        one = (await usage(client))["quotas"]
        await draw(client, LISTS)
        none = (await usage(client))["quotas"]
        over = await client.call_tool("generate_image", {"prompt": "a lake", "provider": LISTS})
        clock.advance(timedelta(hours=13).total_seconds())
        past_utc = (await usage(client))["quotas"]
        clock.advance(timedelta(hours=7).total_seconds())
        past_local = (await usage(client))["quotas"]
    assert [each[LISTS]["left"] for each in (full, one, none, past_utc, past_local)] == [2, 1, 0, 0, 2]
    assert one[LISTS] == {"calls_a_day": 2, "used": 1, "left": 1}
    assert told(over)["code"] == "quota_exceeded"


def test_the_command_line_tells_the_same(emulate: Emulate, environment: dict[str, str], tmp_path: Path) -> None:
    account = fresh_account(tmp_path / "account", **environment, **emulate(LISTS).environment())
    job = json.loads(run(account, "generate", "a lake", "--json").stdout)
    answer = json.loads(run(account, "usage", "--json", "--period", "day").stdout)
    lines = run(account, "usage").stdout.splitlines()
    assert answer["period"] == "day"
    assert (answer["images"], answer["cost_usd"]) == (1, job["cost_usd"])
    assert list(answer["by_provider"]) == [LISTS]
    assert lines[0].startswith(f"1 image, ${job['cost_usd']:.4f} since ")
    assert ["provider", LISTS, "1"] in [line.split()[:3] for line in lines]
    assert "no cap" in lines[-1]
