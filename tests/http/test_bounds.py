"""Sessions and streams are bounded for each caller; figures are for who looks after the server."""

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from imgforge_mcp.http import sessions
from imgforge_mcp.http.access import Door
from tests.emulators import Emulator
from tests.http._session import ACCEPT, GREETING, LISTING
from tests.http.conftest import OpenSite, Site

pytestmark = pytest.mark.anyio


async def opened(site: Site, key: dict[str, str]) -> dict[str, str]:
    """A session that its client will never end."""
    reply = await site.http.post("/mcp", json=GREETING, headers={**ACCEPT, **key})
    assert reply.status_code == 200, reply.text
    return {**ACCEPT, **key, "Mcp-Session-Id": reply.headers["mcp-session-id"]}


async def test_clients_that_vanish_without_a_word_make_room_for_the_next(site_on: OpenSite) -> None:
    async with site_on() as site:
        one, other = await site.key("one"), await site.key("other")
        async with site.running():
            others = await opened(site, other)
            made = [await opened(site, one) for _ in range(sessions.OF_EACH_CALLER + 3)]
            first = await site.http.post("/mcp", json=LISTING, headers=made[0])
            last = await site.http.post("/mcp", json=LISTING, headers=made[-1])
            untouched = await site.http.post("/mcp", json=LISTING, headers=others)
    assert (first.status_code, last.status_code, untouched.status_code) == (404, 200, 200)


async def test_a_session_that_is_used_outlives_idle_ones(site_on: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "OF_EACH_CALLER", 3)
    async with site_on() as site:
        key = await site.key()
        async with site.running():
            used, idle = await opened(site, key), await opened(site, key)
            for _ in range(4):
                assert (await site.http.post("/mcp", json=LISTING, headers=used)).status_code == 200
                await opened(site, key)
            assert (await site.http.post("/mcp", json=LISTING, headers=idle)).status_code == 404


async def test_streams_of_one_caller_are_bounded(site_on: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "OF_EACH_CALLER", 0)
    async with site_on() as site:
        reply = await site.http.get("/sse", headers=await site.key())
    assert (reply.status_code, reply.json()["code"]) == (429, "rate_limited")
    assert int(reply.headers["retry-after"]) > 0


async def test_the_figures_say_what_was_asked_and_what_became_of_it(
    emulate: Callable[..., Emulator], site_on: OpenSite
) -> None:
    async with site_on(emulate("together")) as site:
        asked: dict[str, Any] = {"prompt": "a secret fox", "sync": True}
        job = (await site.http.post("/v2/generate", json=asked)).json()
        await site.http.get(f"/v2/jobs/{job['job_id']}")
        await site.http.get("/made/up/address")
        await site.http.get("/v2/assets/ssets")
        reply = await site.http.get("/metrics")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families(reply.text)
        for sample in family.samples
    }
    assert reply.headers["content-type"].startswith("text/plain")
    assert found["imgforge_http_requests_total", "/v2/generate", "201", "POST"] == 1
    assert found["imgforge_http_requests_total", "/v2/jobs/{job_id}", "200", "GET"] == 1
    assert found["imgforge_http_requests_total", "/v2/assets/{asset_id}", "404", "GET"] == 1
    assert found["imgforge_http_requests_total", "404", "GET", "other"] == 1
    assert found["imgforge_jobs", "completed"] == 1
    assert [n[1] for n in found if n[0] == "imgforge_attempts_total"] == ["ok_listed"]
    assert found["imgforge_attempt_seconds_count", "together"] == 1
    assert found["imgforge_cost_usd_total", "together"] > 0
    assert (found["imgforge_queue_depth",], found["imgforge_leases",]) == (0, 0)
    assert "secret" not in reply.text
    assert "made" not in reply.text


async def test_a_call_is_counted_once_however_often_one_asks(
    emulate: Callable[..., Emulator], site_on: OpenSite
) -> None:
    async with site_on(emulate("together")) as site:
        await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True})
        before = lines_of(await site.http.get("/metrics"))
        assert lines_of(await site.http.get("/metrics")) == before
    assert any("imgforge_attempt_seconds_count" in line and line.endswith(" 1.0") for line in before)
    assert any("imgforge_cost_usd_total" in line and not line.endswith(" 0.0") for line in before)


def lines_of(reply: Any) -> list[str]:
    """What is told of upstream calls."""
    return [line for line in reply.text.splitlines() if line.startswith(("imgforge_attempt", "imgforge_cost"))]


async def test_beyond_this_machine_the_figures_take_an_admin(site_on: OpenSite) -> None:
    async with site_on(door=Door(is_loopback=False)) as site:
        key = await site.key()
        assert (await site.http.get("/metrics")).status_code == 401
        assert (await site.http.get("/metrics", headers=key)).status_code == 403
    async with site_on() as site:
        assert (await site.http.get("/metrics")).status_code == 200
