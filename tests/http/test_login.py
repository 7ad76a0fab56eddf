"""Log-in by a key alone: what a client and a person go through, and everything that somebody might try on the way."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest

from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.types import Allowance
from imgforge_mcp.storage.registry.grants import MOST_CLIENTS
from tests.emulators import Emulator
from tests.http._visitor import REDIRECT, Visitor, bearing, challenge_of, fields_of, query_of
from tests.http.conftest import BASE, OpenSite, Site
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
HOUR, DAY = 3600, 86_400
ASKED = {"prompt": "a fox", "model": "flux-schnell", "size": "256x256"}
IMAGES = "/v1/images/generations"


@asynccontextmanager
async def visited(site_on: OpenSite, *providers: Emulator, **options: Any) -> AsyncIterator[tuple[Site, Visitor, str]]:
    """A site where clients log in, a client that has registered, and a key."""
    async with site_on(*providers, oauth=True, **options) as site:
        key = (await site.key())["Authorization"].removeprefix("Bearer ")
        visitor = Visitor(http=site.http)
        assert (await visitor.register()).status_code == 201
        yield site, visitor, key


async def works(site: Site, tokens: dict[str, Any], path: str = "/v1/models") -> bool:
    reply = await site.http.get(path, headers=bearing(tokens))
    if reply.status_code == 401:
        assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    return reply.status_code == 200


# The way in -------------------------------------------------------------------------------------------------------


async def test_a_client_learns_where_to_log_in_and_that_it_needs_no_secret(site_on: OpenSite) -> None:
    async with site_on(oauth=True) as site:
        refused = await site.http.post("/mcp", json={})
        assert refused.status_code == 401
        place = refused.headers["www-authenticate"].partition('resource_metadata="')[2].rstrip('"')
        resource = (await site.http.get(place)).json()
        assert (resource["resource"], resource["authorization_servers"]) == (BASE, [BASE])
        assert resource["scopes_supported"] == ["imgforge:generate", "imgforge:read"]
        server = (await site.http.get("/.well-known/oauth-authorization-server")).json()
    assert server["issuer"] == BASE
    assert server["authorization_endpoint"] == f"{BASE}/authorize"
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["token_endpoint_auth_methods_supported"] == ["none"]
    assert server["authorization_response_iss_parameter_supported"] is True


async def test_a_key_lets_a_client_in_as_its_holder(emulate: Emulate, site_on: OpenSite) -> None:
    async with visited(site_on, emulate("together")) as (site, visitor, key):
        tokens = await visitor.log_in(key)
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", HOUR)
        assert tokens["scope"].split() == ["imgforge:generate", "imgforge:read"]
        made = await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True}, headers=bearing(tokens))
        seen = await site.http.get(f"/v2/jobs/{made.json()['job_id']}", headers={"X-API-Key": key})
        hidden = await site.http.get(f"/v2/jobs/{made.json()['job_id']}", headers=await site.key("other"))
    assert (made.status_code, seen.status_code, hidden.status_code) == (201, 200, 404)


async def test_the_keys_limits_are_the_tokens_limits(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together"), oauth=True) as site:
        key = (await site.key(per_day=1))["Authorization"].removeprefix("Bearer ")
        tokens = await Visitor(http=site.http).log_in(key)
        assert (await site.http.post(IMAGES, json=ASKED, headers={"X-API-Key": key})).status_code == 200
        refused = await site.http.post(IMAGES, json=ASKED, headers=bearing(tokens))
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")


async def test_the_page_says_who_asks_for_what_and_where_one_is_sent(site_on: OpenSite) -> None:
    async with site_on(oauth=True) as site:
        visitor = Visitor(http=site.http, redirect_uri="https://chat.example/callback")
        await visitor.register(client_name="<b>Bank</b>\u202e")
        page = await visitor.look(scope="imgforge:read")
    assert page.status_code == 200
    assert "&lt;b&gt;Bank&lt;/b&gt;" in page.text
    assert "\u202e" not in page.text
    assert "<strong>chat.example</strong>" in page.text
    assert "see the pictures" in page.text
    assert "may cost money" not in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://chat.example;" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


async def test_a_client_may_do_no_more_than_the_person_agreed_to(emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    async with visited(site_on, together) as (site, visitor, key):
        tokens = await visitor.log_in(key, scope="imgforge:read")
        drawn = await site.http.post(IMAGES, json=ASKED, headers=bearing(tokens))
        wider = await visitor.refresh(tokens["refresh_token"], scope="imgforge:read imgforge:generate")
        assert await works(site, tokens)
        admin = await visitor.ask(scope="imgforge:admin")
    assert (drawn.status_code, drawn.json()["code"]) == (403, "forbidden")
    assert 'scope="imgforge:generate"' in drawn.headers["www-authenticate"]
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    assert query_of(admin)["error"] == "invalid_scope"
    assert together.submits == []


async def test_a_person_who_says_no_sends_the_client_away(site_on: OpenSite) -> None:
    async with visited(site_on) as (_, visitor, _key):
        reply = await visitor.decide(await visitor.look(), "", decision="deny")
    assert reply.headers["location"].startswith(REDIRECT)
    assert query_of(reply) == {"error": "access_denied", "state": "st&te=1", "iss": BASE}


@pytest.mark.parametrize("key", ["", "nope", "imgf_live_" + "0" * 32 + "AAAAAA", "kéy"])
async def test_a_wrong_key_is_asked_for_again_and_gives_no_code(key: str, site_on: OpenSite) -> None:
    async with visited(site_on) as (_, visitor, _key):
        reply = await visitor.decide(await visitor.look(), key)
    assert reply.status_code == 401
    assert "location" not in reply.headers
    assert 'role="alert"' in reply.text
    assert key not in reply.text or not key


async def test_a_token_lives_an_hour_and_a_refresh_token_thirty_days(site_on: OpenSite, clock: VirtualClock) -> None:
    async with visited(site_on) as (site, visitor, key):
        tokens = await visitor.log_in(key)
        clock.advance(HOUR - 1)
        assert await works(site, tokens)
        clock.advance(2)
        assert not await works(site, tokens)
        clock.advance(29 * DAY)
        renewed = (await visitor.refresh(tokens["refresh_token"])).json()
        assert await works(site, renewed)
        clock.advance(30 * DAY + 1)
        late = await visitor.refresh(renewed["refresh_token"])
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("end", ["revoke", "rotate", "expire"])
async def test_tokens_end_with_their_key(end: str, site_on: OpenSite, clock: VirtualClock) -> None:
    async with site_on(oauth=True) as site:
        key, _ = await site.forge.create_key("brief", Allowance(), expires_at=clock.now() + timedelta(minutes=30))
        visitor = Visitor(http=site.http)
        tokens = await visitor.log_in(key)
        waiting = await visitor.code(key)
        assert await works(site, tokens)
        match end:
            case "revoke":
                await site.forge.revoke_key("brief")
            case "rotate":
                await site.forge.rotate_key("brief")
            case _:
                clock.advance(1801)
        assert not await works(site, tokens)
        refreshed, exchanged = await visitor.refresh(tokens["refresh_token"]), await visitor.exchange(waiting)
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert (exchanged.status_code, exchanged.json()["error"]) == (400, "invalid_grant")


async def test_a_revoked_log_in_is_over(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        for which in ("access_token", "refresh_token"):
            tokens, other = await visitor.log_in(key), await visitor.log_in(key)
            assert (await visitor.revoke(tokens[which])).status_code == 200
            assert not await works(site, tokens)
            refused = await visitor.refresh(tokens["refresh_token"])
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
            assert await works(site, other)
        assert (await visitor.revoke("imgf_at_never")).status_code == 200


# Attacks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "https://chat.example.evil.example/callback",
        "https://chat.example/callback/../evil",
        "https://chat.example/callback?next=https://evil.example",
        "https://chat.example/callbackx",
        "https://chat.example:444/callback",
        "http://chat.example/callback",
        "https://user@chat.example/callback",
        "//evil.example/callback",
        "javascript:alert(1)",
        "http://127.0.0.1:1/callback",
        "",
    ],
)
async def test_nobody_is_sent_where_the_client_did_not_register(uri: str, site_on: OpenSite) -> None:
    async with site_on(oauth=True) as site:
        key = (await site.key())["Authorization"].removeprefix("Bearer ")
        visitor = Visitor(http=site.http, redirect_uri="https://chat.example/callback")
        await visitor.register()
        asked = await visitor.ask(redirect_uri=uri)
        good = await visitor.look()
        opened = await site.http.get("/page/consent", params={**fields_of(good), "redirect_uri": uri})
        bent = await visitor.decide(good, key, redirect_uri=uri)
    for reply in (asked, opened, bent):
        assert reply.status_code == 400
        assert "location" not in reply.headers
    assert "evil" not in opened.text + bent.text


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,<script>1</script>",
        "file:///etc/passwd",
        "http://chat.example/callback",
        "http://localhost.evil.example/callback",
        "http://localhost@evil.example/callback",
        "https://user:word@chat.example/callback",
        "https://chat.example/callback#part",
        "https://chat.example/callback?code=mine",
        "unheard:/callback",
        "https://chat.example/" + "x" * 2000,
    ],
)
async def test_no_client_registers_an_address_that_is_unsafe_to_go_to(uri: str, site_on: OpenSite) -> None:
    async with site_on(oauth=True) as site:
        reply = await Visitor(http=site.http, redirect_uri=uri).register()
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "uri",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "http://localhost:6274/oauth/callback",
        "http://[::1]:33418/",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "com.example.app:/callback",
    ],
)
async def test_what_clients_use_is_taken(uri: str, site_on: OpenSite) -> None:
    async with site_on(oauth=True) as site:
        key = (await site.key())["Authorization"].removeprefix("Bearer ")
        visitor = Visitor(http=site.http, redirect_uri=uri)
        assert (await visitor.register()).status_code == 201
        reply = await visitor.decide(await visitor.look(), key)
    assert reply.headers["location"].startswith(f"{uri}?code=imgf_code_")
    assert (query_of(reply)["state"], query_of(reply)["iss"]) == ("st&te=1", BASE)


async def test_an_app_on_this_machine_may_come_by_any_port_and_no_other_way(site_on: OpenSite) -> None:
    async with visited(site_on) as (_, visitor, key):
        moved = "http://127.0.0.1:51234/callback"
        code = await visitor.code(key, redirect_uri=moved)
        assert (await visitor.exchange(code, redirect_uri=moved)).status_code == 200
        for uri in ("http://localhost:40000/callback", "http://127.0.0.1:40000/other", "https://127.0.0.1/callback"):
            assert (await visitor.ask(redirect_uri=uri)).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"code_challenge": None}, id="without PKCE"),
        pytest.param({"code_challenge_method": "plain"}, id="PKCE that hides nothing"),
        pytest.param({"code_challenge": "short"}, id="a challenge that is none"),
        pytest.param({"response_type": "token"}, id="the implicit way"),
        pytest.param({"resource": "https://other.example"}, id="another server"),
        pytest.param({"resource": f"{BASE}/v2"}, id="a part that is no resource"),
        pytest.param({"resource": f"{BASE}.evil.example"}, id="a name that begins alike"),
    ],
)
async def test_what_is_asked_wrongly_is_answered_to_the_client_with_who_answers(
    changed: dict[str, str | None], site_on: OpenSite
) -> None:
    async with visited(site_on) as (_, visitor, _key):
        reply = await visitor.ask(**changed)
    assert reply.status_code == 302
    assert reply.headers["location"].startswith(f"{REDIRECT}?error=")
    assert (query_of(reply)["state"], query_of(reply)["iss"]) == ("st&te=1", BASE)


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": None},
        {"code_verifier": challenge_of("v" * 64)},
        {"redirect_uri": "http://127.0.0.1:40001/callback"},
        {"redirect_uri": None},
    ],
)
async def test_a_code_is_worth_nothing_without_what_it_was_asked_with(
    changed: dict[str, str | None], site_on: OpenSite
) -> None:
    async with visited(site_on) as (_, visitor, key):
        reply = await visitor.exchange(await visitor.code(key), **changed)
    assert reply.status_code == 400
    assert "access_token" not in reply.text


async def test_a_code_that_comes_twice_ends_the_log_in(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        code = await visitor.code(key)
        tokens = (await visitor.exchange(code)).json()
        assert await works(site, tokens)
        again = await visitor.exchange(code)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert not await works(site, tokens)
        assert (await visitor.refresh(tokens["refresh_token"])).status_code == 400


async def test_of_ten_who_bring_one_code_at_once_at_most_one_gets_in(site_on: OpenSite) -> None:
    async with visited(site_on) as (_, visitor, key):
        code = await visitor.code(key)
        replies: list[httpx.Response] = []

        async def bring() -> None:
            replies.append(await visitor.exchange(code))

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(bring)
    assert sum(reply.status_code == 200 for reply in replies) <= 1
    assert {reply.status_code for reply in replies} <= {200, 400}


async def test_a_code_waits_a_minute(site_on: OpenSite, clock: VirtualClock) -> None:
    async with visited(site_on) as (_, visitor, key):
        code = await visitor.code(key)
        clock.advance(61)
        reply = await visitor.exchange(code)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")


async def test_another_client_gets_nothing_for_a_code_or_a_token_that_is_not_its_own(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        thief = Visitor(http=site.http)
        await thief.register()
        code = await visitor.code(key)
        assert (await thief.exchange(code)).status_code == 400
        tokens = (await visitor.exchange(code)).json()
        assert (await thief.refresh(tokens["refresh_token"])).status_code == 400
        assert (await thief.revoke(tokens["refresh_token"])).status_code == 200
        assert (await thief.revoke(tokens["access_token"])).status_code == 200
        assert await works(site, tokens)
        assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200


async def test_the_form_of_one_client_cannot_be_bent_to_another(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        thief = Visitor(http=site.http, redirect_uri="https://evil.example/callback")
        await thief.register()
        reply = await visitor.decide(await visitor.look(), key, client_id=thief.client_id)
    assert reply.status_code == 400
    assert "location" not in reply.headers


async def test_a_refresh_token_that_comes_twice_ends_the_log_in(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        tokens = await visitor.log_in(key)
        renewed = (await visitor.refresh(tokens["refresh_token"])).json()
        assert renewed["refresh_token"] != tokens["refresh_token"]
        assert await works(site, renewed)
        again = await visitor.refresh(tokens["refresh_token"])
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert not await works(site, renewed)
        assert (await visitor.refresh(renewed["refresh_token"])).status_code == 400


async def test_a_token_for_mcp_opens_mcp_alone(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        tokens = await visitor.log_in(key, resource=f"{BASE}/mcp")
        assert not await works(site, tokens)
        assert not await works(site, tokens, "/api/v1/usage")
        async with site.running():
            listed = await site.http.post("/mcp", json={}, headers=bearing(tokens))
    assert listed.status_code != 401


async def test_a_token_of_another_server_on_the_same_books_opens_nothing(site_on: OpenSite) -> None:
    async with (
        visited(site_on) as (site, visitor, key),
        site_on(oauth=True, base_url="https://127.0.0.1:9443") as other,
    ):
        tokens = await visitor.log_in(key)
        assert await works(site, tokens)
        assert not await works(other, tokens)


@pytest.mark.parametrize("kind", ["refresh_token", "code"])
async def test_only_an_access_token_gives_access(kind: str, site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        token = await visitor.code(key) if kind == "code" else (await visitor.log_in(key))["refresh_token"]
        reply = await site.http.get("/v1/models", headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 401


async def test_an_access_token_refreshes_nothing(site_on: OpenSite) -> None:
    async with visited(site_on) as (_, visitor, key):
        tokens = await visitor.log_in(key)
        assert (await visitor.refresh(tokens["access_token"])).status_code == 400


async def test_a_page_of_another_origin_cannot_answer_for_the_person(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        form = {**fields_of(await visitor.look()), "key": key, "decision": "allow"}
        foreign = await site.http.post("/page/consent", data=form, headers={"Origin": "https://evil.example"})
        silent = await site.http.post("/page/consent", data=form)
    assert (foreign.status_code, silent.status_code) == (403, 403)


async def test_a_client_in_a_browser_may_register_and_get_tokens(site_on: OpenSite) -> None:
    page = {"Origin": "http://localhost:6274"}
    async with visited(site_on) as (site, visitor, key):
        code = await visitor.code(key)
        wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "mcp-protocol-version"}
        preflight = await site.http.options("/token", headers={**page, **wanted})
        registered = await site.http.post("/register", json={"redirect_uris": [REDIRECT]}, headers=page)
        form = {"grant_type": "authorization_code", "client_id": visitor.client_id, "code": code}
        form |= {"redirect_uri": REDIRECT, "code_verifier": "v" * 64}
        exchanged = await site.http.post("/token", data=form, headers=page)
        asked = await site.http.get("/authorize", headers=page)
    assert "mcp-protocol-version" in preflight.headers["access-control-allow-headers"].lower()
    for reply, status in ((preflight, 204), (registered, 201), (exchanged, 200)):
        assert reply.status_code == status
        assert reply.headers["access-control-allow-origin"] == "*"
    assert asked.status_code == 403


async def test_registering_without_end_fills_nothing_and_takes_nobodys_place(
    site_on: OpenSite, clock: VirtualClock
) -> None:
    async with visited(site_on) as (site, visitor, key):
        tokens = await visitor.log_in(key)
        for number in range(MOST_CLIENTS + 5):
            clock.advance(1)
            await site.forge.add_client(f"made-up-{number}", {"client_id": f"made-up-{number}"})
        assert await site.forge.client("made-up-0") is None
        assert await site.forge.client(f"made-up-{MOST_CLIENTS + 4}") is not None
        assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200
        large = await visitor.register(client_name="x" * 100_000, contacts=["y" * 100_000])
        kept = await site.forge.client(visitor.client_id)
    assert large.status_code == 201
    assert len(json.dumps(kept)) < 1000


async def test_no_token_and_no_code_stands_in_the_books(site_on: OpenSite) -> None:
    async with visited(site_on) as (site, visitor, key):
        code = await visitor.code(key)
        tokens = (await visitor.exchange(code)).json()
        home = site.forge.config.home
        kept = b"".join(path.read_bytes() for path in home.rglob("registry.db*"))
    for secret in (code, key, tokens["access_token"], tokens["refresh_token"]):
        assert secret.encode() not in kept


async def test_without_oauth_there_is_no_log_in(site_on: OpenSite) -> None:
    async with site_on() as site:
        for path in ("/register", "/token", "/revoke", "/authorize", "/page/consent"):
            assert (await site.http.post(path)).status_code in (403, 404), path
        assert (await site.http.get("/.well-known/oauth-authorization-server")).status_code == 404
        assert "authorization_servers" not in (await site.http.get("/.well-known/oauth-protected-resource")).json()


async def test_tokens_never_go_over_plain_http_beyond_this_machine(site_on: OpenSite) -> None:
    with pytest.raises(ConfigError, match="https"):
        async with site_on(oauth=True, base_url="http://images.example.org"):
            pass
