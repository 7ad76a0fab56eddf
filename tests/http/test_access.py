"""Who may in: every route without a key, with a wrong one, with another's; limits over all processes."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest

from imgforge_mcp.base.errors import NotFound
from imgforge_mcp.base.types import Allowance
from imgforge_mcp.http.access import Door
from imgforge_mcp.http.app import FACES
from tests.conftest import OpenForge
from tests.emulators import Emulator
from tests.http._session import ACCEPT, GREETING, LISTING
from tests.http.conftest import BASE, OpenSite
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
SHUT = [(e.method, e.path) for face in FACES for e in face.endpoints if not e.is_open] + [
    ("POST", "/mcp"),
    ("POST", "/mcp/"),
    ("GET", "/sse"),
    ("POST", "/messages/?session_id=0"),
]
OPEN = [(e.method, e.path) for face in FACES for e in face.endpoints if e.is_open] + [
    ("GET", "/health"),
    ("GET", "/health/ready"),
]
GOOD = "imgf_live_" + "0" * 32
ASKED = {"prompt": "a fox", "model": "flux-schnell", "size": "256x256"}
IMAGES = "/v1/images/generations"


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "01M00000000000000000000000", path)


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param({}, id="no key"),
        pytest.param({"Authorization": f"Bearer {GOOD}AAAAAA"}, id="a wrong checksum"),
        pytest.param({"Authorization": "Bearer sk-something-else"}, id="another's format"),
        pytest.param({"Authorization": "Bearer "}, id="an empty key"),
        pytest.param({"Authorization": "Basic dXNlcjpwYXNz"}, id="another scheme"),
        pytest.param({"X-API-Key": "nope"}, id="a wrong key in its own header"),
        pytest.param({"Authorization": "Bearer " + "x" * 10_000}, id="a key too long"),
        pytest.param({"Authorization": "Bearer kéy"}, id="letters that no key has"),
        pytest.param({"Cookie": "imgforge_key=nope"}, id="a wrong cookie"),
    ],
)
async def test_without_a_good_key_every_route_is_shut_and_nothing_is_sent(
    credential: dict[str, str], emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        await site.key()
        for method, path in SHUT:
            headers = [(name.encode(), value.encode("latin-1")) for name, value in credential.items()]
            reply = await site.http.request(method, filled(path), json={"prompt": "a fox"}, headers=headers)
            assert reply.status_code == 401, (method, path)
            assert reply.json()["code"] == "unauthorized"
            assert "resource_metadata=" in reply.headers["www-authenticate"]
    assert together.calls == []


async def test_the_key_is_never_taken_from_the_address(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        key = (await site.key())["Authorization"].removeprefix("Bearer ")
        for name in ("key", "api_key", "access_token", "token"):
            reply = await site.http.get("/v1/models", params={name: key})
            assert reply.status_code == 401


async def test_two_keys_at_once_are_one_too_many(site_on: OpenSite) -> None:
    async with site_on() as site:
        one, other = await site.key("one"), await site.key("other")
        both = [("Authorization", one["Authorization"]), ("Authorization", other["Authorization"])]
        assert (await site.http.get("/v1/models", headers=both)).status_code == 401


async def test_what_is_open_wants_no_key(site_on: OpenSite) -> None:
    async with site_on() as site:
        await site.key()
        for method, path in OPEN:
            assert (await site.http.request(method, filled(path))).status_code == 200, path


async def test_a_key_lets_in_by_either_header(site_on: OpenSite) -> None:
    async with site_on() as site:
        key = await site.key()
        bare = key["Authorization"].removeprefix("Bearer ")
        assert (await site.http.get("/v1/models", headers=key)).status_code == 200
        assert (await site.http.get("/v1/models", headers={"X-API-Key": bare})).status_code == 200


async def test_a_key_ends_when_it_is_revoked_rotated_or_expires(site_on: OpenSite, clock: VirtualClock) -> None:
    async with site_on() as site:
        revoked, rotated = await site.key("revoked"), await site.key("rotated")
        text, _ = await site.forge.create_key("brief", Allowance(), expires_at=clock.now() + timedelta(days=1))
        brief = {"Authorization": f"Bearer {text}"}
        for key in (revoked, rotated, brief):
            assert (await site.http.get("/v1/models", headers=key)).status_code == 200
        await site.forge.revoke_key("revoked")
        new = await site.forge.rotate_key("rotated")
        clock.advance(2 * 24 * 3600)
        for key in (revoked, rotated, brief):
            reply = await site.http.get("/v1/models", headers=key)
            assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")
        assert (await site.http.get("/v1/models", headers={"X-API-Key": new})).status_code == 200


async def test_a_key_that_has_expired_is_said_to_have_and_is_not_rotated(
    site_on: OpenSite, clock: VirtualClock
) -> None:
    async with site_on() as site:
        await site.forge.create_key("short", Allowance(), expires_at=clock.now() + timedelta(hours=1))
        [key] = await site.forge.keys()
        assert key.state(clock.now()) == "live"
        clock.advance(3600)
        assert key.state(clock.now()) == "expired"
        with pytest.raises(NotFound, match="no live key"):
            await site.forge.rotate_key("short")
        await site.forge.revoke_key("short")
        [key] = await site.forge.keys()
        assert key.state(clock.now()) == "revoked"


async def test_a_rotated_key_keeps_its_tenants_jobs(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        key = await site.key("team")
        job = (await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True}, headers=key)).json()
        new = {"X-API-Key": await site.forge.rotate_key("team")}
        assert (await site.http.get(f"/v2/jobs/{job['job_id']}", headers=new)).status_code == 200


async def test_two_tenants_see_nothing_of_each_other(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        mine, theirs = await site.key("mine"), await site.key("theirs")
        job = (await site.http.post("/v2/generate", json={"prompt": "secret fox", "sync": True}, headers=mine)).json()
        made = {"prompts": ["secret one"], "model": "flux-schnell"}
        batch = (await site.http.post("/api/batch/generate", json=made, headers=mine)).json()
        template = {"name": "secret", "model": "flux-schnell"}
        kept = (await site.http.post("/api/templates", json=template, headers=mine)).json()
        image = f"/api/images/img_{job['job_id'].lower()}"
        asset = job["asset_url"].rpartition("/")[2]
        looked: list[tuple[str, str, Any]] = [
            ("GET", f"/v2/jobs/{job['job_id']}", None),
            ("GET", image, None),
            ("DELETE", image, None),
            ("GET", f"/api/batch/{batch['batch_id']}", None),
            ("DELETE", f"/api/templates/{kept['id']}", None),
            ("POST", "/api/generate", {"prompt": "a fox", "template_id": kept["id"]}),
            ("POST", "/v2/generate", {"prompt": "a fox", "input_job_id": job["job_id"], "mode": "img2img"}),
            ("POST", "/v2/generate", {"prompt": "a fox", "input_asset_url": job["asset_url"], "mode": "img2img"}),
            ("POST", "/api/v1/image/edit", {"prompt": "a fox", "image_url": asset}),
        ]
        for method, path, body in looked:
            reply = await site.http.request(method, path, json=body, headers=theirs)
            assert reply.status_code == 404, (path, reply.text)
            assert "secret" not in reply.text
        assert (await site.http.get("/api/images", headers=theirs)).json()["images"] == []
        assert (await site.http.get("/api/templates", headers=theirs)).json() == []
        assert (await site.http.get("/api/analytics/costs", headers=theirs)).json()["total_images"] == 0
        usage = (await site.http.get("/api/v1/usage", headers=theirs)).json()["data"]["usage"]
        assert usage["today"]["imageCount"] == 0
        assert (await site.http.get(image, headers=mine)).status_code == 200


# Limits -----------------------------------------------------------------------------------------------------------


async def test_a_minutes_limit_holds_over_two_processes(
    emulate: Emulate, site_on: OpenSite, clock: VirtualClock
) -> None:
    together = emulate("together")
    async with site_on(together) as one, site_on(together) as other:
        key = await one.key(per_minute=6)
        replies: list[httpx.Response] = []

        async def ask(http: httpx.AsyncClient) -> None:
            replies.append(await http.post(IMAGES, json=ASKED, headers=key))

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(ask, (one, other)[number % 2].http)
        served = [reply for reply in replies if reply.status_code == 200]
        refused = [reply for reply in replies if reply.status_code == 429]
        assert (len(served), len(refused), len(together.submits)) == (6, 14, 6)
        for reply in refused:
            assert reply.json()["code"] == "rate_limited"
            assert 1 <= int(reply.headers["retry-after"]) <= 60
        clock.advance(61)
        assert (await one.http.post(IMAGES, json=ASKED, headers=key)).status_code == 200


@pytest.mark.parametrize(
    ("limits", "asked", "status", "code"),
    [
        pytest.param({"per_minute": 1}, ASKED, 429, "rate_limited", id="a minute"),
        pytest.param({"per_day": 1}, ASKED, 429, "quota_exceeded", id="a day"),
        pytest.param({"per_month": 1}, ASKED, 429, "quota_exceeded", id="a month"),
        pytest.param({"per_minute": 3}, {**ASKED, "n": 3}, 429, "rate_limited", id="images count, not requests"),
        pytest.param({"budget_usd_month": 0.003}, {**ASKED, "size": "1024x1024"}, 402, "budget_exceeded", id="money"),
    ],
)
async def test_each_limit_refuses_with_its_own_code_and_sends_nothing(
    limits: dict[str, Any], asked: dict[str, Any], status: int, code: str, emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        key = await site.key(**limits)
        first = await site.http.post(IMAGES, json=ASKED, headers=key)
        sent = len(together.submits)
        reply = await site.http.post(IMAGES, json=asked, headers=key)
    assert first.status_code == 200
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert len(together.submits) == sent


async def test_jobs_at_once_are_limited(emulate: Emulate, site_on: OpenSite) -> None:
    bfl = emulate("bfl")
    bfl.fault("never", "poll")
    async with site_on(bfl) as site:
        key = await site.key(concurrency=1)
        taken = await site.http.post("/v2/generate", json={"prompt": "a fox"}, headers=key)
        refused = await site.http.post("/v2/generate", json={"prompt": "a dog"}, headers=key)
    assert (taken.status_code, refused.status_code) == (202, 429)
    assert refused.json()["code"] == "rate_limited"


async def test_what_is_left_stands_in_the_headers(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        key = await site.key(per_minute=5, per_day=100)
        reply = await site.http.post(IMAGES, json=ASKED, headers=key)
    assert '"minute";r=4;' in reply.headers["ratelimit"]
    assert '"day";q=100;w=86400' in reply.headers["ratelimit-policy"]


async def test_a_known_idempotency_key_costs_no_place(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        key = await site.key(per_minute=1)
        asked = {"prompt": "a fox", "sync": True, "idempotency_key": "once"}
        assert (await site.http.post("/v2/generate", json=asked, headers=key)).status_code == 201
        assert (await site.http.post("/v2/generate", json=asked, headers=key)).status_code == 200


# Without a key ----------------------------------------------------------------------------------------------------


async def test_on_this_machine_without_keys_nobody_needs_one(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        assert (await site.http.post(IMAGES, json=ASKED)).status_code == 200
        anything = {"Authorization": "Bearer sk-whatever-an-openai-client-sends"}
        assert (await site.http.post(IMAGES, json=ASKED, headers=anything)).status_code == 200
        await site.key()
        assert (await site.http.post(IMAGES, json=ASKED)).status_code == 401


async def test_whom_a_proxy_on_this_machine_brings_is_nobody_on_this_machine(
    emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    door = Door(client_header="X-Forwarded-For", open_loopback=True, base_url=BASE)
    async with site_on(together, door=door) as site:
        for brought in ("203.0.113.7", "127.0.0.1, 203.0.113.7", "203.0.113.7, 127.0.0.1", "unknown"):
            headers = {"X-Forwarded-For": brought}
            for path in ("/v1/models", "/metrics", "/api/images"):
                assert (await site.http.get(path, headers=headers)).status_code == 401, (brought, path)
            assert (await site.http.post(IMAGES, json=ASKED, headers=headers)).status_code == 401
        assert together.submits == []
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}):
            for path in ("/v1/models", "/metrics"):
                assert (await site.http.get(path, headers=headers)).status_code == 200, path


async def test_who_comes_by_the_public_name_is_nobody_on_this_machine(emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    async with site_on(together, base_url="https://images.example") as site:
        for path in ("/v1/models", "/metrics", "/api/images", "/"):
            assert (await site.http.get(path)).status_code == 401, path
        assert (await site.http.post(IMAGES, json=ASKED)).status_code == 401
        assert together.submits == []
        assert (await site.http.get("/v1/models", headers={"Host": "127.0.0.1:8765"})).status_code == 200
        assert (await site.http.get("/v1/models", headers=await site.key())).status_code == 200


async def test_a_door_that_was_shut_stays_shut_when_its_last_key_ends(site_on: OpenSite) -> None:
    async with site_on() as site:
        await site.key("last")
        await site.forge.revoke_key("last")
        assert (await site.http.get("/v1/models")).status_code == 401


async def test_beyond_this_machine_a_key_is_always_needed(site_on: OpenSite) -> None:
    async with site_on(door=Door(is_loopback=False)) as site:
        assert (await site.http.get("/v1/models")).status_code == 401


async def test_anonymous_callers_have_a_month_for_each_address(
    emulate: Emulate, site_on: OpenSite, clock: VirtualClock
) -> None:
    door = Door(is_loopback=False, anonymous=True, anonymous_per_month=2)
    together = emulate("together")
    async with site_on(together, door=door, address="203.0.113.7") as one:
        job = (await one.http.post("/v2/generate", json={"prompt": "a fox", "sync": True})).json()
        assert (await one.http.get(f"/v2/jobs/{job['job_id']}")).status_code == 200
        assert (await one.http.get("/api/images")).json()["images"] == []
        assert (await one.http.post(IMAGES, json={"prompt": "a fox"})).status_code == 200
        third = await one.http.post(IMAGES, json={"prompt": "a fox"})
        assert (third.status_code, third.json()["code"]) == (429, "quota_exceeded")
    async with site_on(together, door=door, address="203.0.113.8") as other:
        assert (await other.http.get(f"/v2/jobs/{job['job_id']}")).status_code == 404
        assert (await other.http.post(IMAGES, json={"prompt": "a fox"})).status_code == 200
    assert {submit.json["model"] for submit in together.submits} == {together.submits[0].json["model"]}


async def test_an_anonymous_address_is_read_from_a_trusted_proxy_alone(emulate: Emulate, site_on: OpenSite) -> None:
    door = Door(is_loopback=False, anonymous=True, anonymous_per_month=1, client_header="X-Forwarded-For")
    async with site_on(emulate("together"), door=door, address="127.0.0.1") as proxy:
        for address in ("198.51.100.1", "198.51.100.2", "2001:db8::1"):
            head = {"X-Forwarded-For": f"10.0.0.1, {address}"}
            assert (await proxy.http.post(IMAGES, json={"prompt": "a fox"}, headers=head)).status_code == 200
        same = {"X-Forwarded-For": "2001:db8::ffff"}
        assert (await proxy.http.post(IMAGES, json={"prompt": "a fox"}, headers=same)).status_code == 429
    async with site_on(emulate("together"), door=door, address="203.0.113.9") as stranger:
        head = {"X-Forwarded-For": "198.51.100.77"}
        assert (await stranger.http.post(IMAGES, json={"prompt": "a fox"}, headers=head)).status_code == 200
        head = {"X-Forwarded-For": "198.51.100.78"}
        assert (await stranger.http.post(IMAGES, json={"prompt": "a fox"}, headers=head)).status_code == 429


async def test_anonymous_callers_choose_no_model(emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    async with site_on(together, door=Door(anonymous=True)) as site:
        named = await site.http.post(IMAGES, json={"prompt": "a fox", "model": "flux-2-max"})
    assert (named.status_code, named.json()["code"]) == (403, "forbidden")
    assert together.submits == []


# Browsers ---------------------------------------------------------------------------------------------------------


async def test_another_origins_page_may_use_imageapi_with_a_key_and_nothing_else(
    emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    page = {"Origin": "https://shop.example"}
    async with site_on(together) as site:
        unkeyed = await site.http.post("/api/v1/generate", json={"prompt": "a fox"}, headers=page)
        assert unkeyed.status_code == 401
        assert together.submits == []
        key = await site.key()
        asked = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        preflight = await site.http.options("/api/v1/generate", headers=asked)
        reply = await site.http.post("/api/v1/generate", json={"prompt": "a fox"}, headers={**page, **key})
        elsewhere = await site.http.post(IMAGES, json=ASKED, headers={**page, **key})
    assert preflight.status_code == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:1", "https://127.0.0.1:8765", "null"])
async def test_another_port_or_scheme_is_another_origin(origin: str, site_on: OpenSite) -> None:
    async with site_on() as site:
        reply = await site.http.get("/v1/models", headers={"Origin": origin})
        ours = await site.http.get("/v1/models", headers={"Origin": "http://127.0.0.1:8765"})
    assert (reply.status_code, ours.status_code) == (403, 200)


async def test_a_session_of_mcp_belongs_to_the_key_that_opened_it(site_on: OpenSite, forge_on: OpenForge) -> None:
    async with site_on() as site:
        mine, theirs = await site.key("mine"), await site.key("theirs")
        async with site.running():
            opened = await site.http.post("/mcp", json=GREETING, headers={**ACCEPT, **mine})
            session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
            stolen = await site.http.post("/mcp", json=LISTING, headers={**ACCEPT, **theirs, **session})
            own = await site.http.post("/mcp", json=LISTING, headers={**ACCEPT, **mine, **session})
    assert (opened.status_code, stolen.status_code, own.status_code) == (200, 404, 200)
