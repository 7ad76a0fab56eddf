"""Every route of the application by every kind of caller: the right code, header and body, and nothing upstream."""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from imgforge_mcp.base.types import Allowance
from imgforge_mcp.http.access import LOG_IN, Door
from tests.emulators import Emulator
from tests.emulators._picture import draw
from tests.emulators._serve import serve
from tests.http._issuer import OTHER, Issuer, unsigned
from tests.http._visitor import Visitor
from tests.http.conftest import BASE, OpenSite, Site
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
ALIVE = "/health"
OPEN = {
    "/v2/assets/{asset_id}": 404,
    "/health/ready": 200,
    "/.well-known/oauth-protected-resource": 200,
    "/.well-known/oauth-protected-resource/mcp": 200,
    "/.well-known/oauth-protected-resource/sse": 200,
    "/.well-known/oauth-authorization-server": 200,
    "/v2/guide": 200,
    "/v2/health": 200,
    "/api/v1/models": 200,
    "/api/v1/health": 200,
}
"""What SPEC section 9 says is open to all, and what is answered without a key. Nothing else may be."""
PERSON = {"/page/login": {200, 403}, "/page/static/{name}": {200}, "/page/logout": {403}, "/page/consent": {400, 403}}
"""Where a person comes before there is a key; forms without an origin are refused."""
NAMES = {"asset_id": "0" * 64, "name": "page.css", "act": "pin"}
PICTURE = f"data:image/png;base64,{base64.b64encode(draw('a fox', 256, 256).data).decode()}"
PROMPT = {"prompt": "a fox in snow", "model": "flux-schnell"}
KEY = "imgf_live_" + "0" * 32


def routes(site: Site) -> list[tuple[str, str]]:
    """Method and path of each, as the application itself has them: none can be forgotten here."""
    app = site.app
    while not hasattr(app, "routes"):
        app = app._app
    found = []
    for route in app.routes:
        path = route.path if route.path != "/messages" else "/messages/"
        methods = getattr(route, "methods", None) or ({"GET"} if path == "/sse" else {"POST"})
        found += [(method, path) for method in sorted(methods - {"HEAD", "OPTIONS"})]
    assert len(found) > 60
    return found


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: NAMES.get(match[1], "01M00000000000000000000000"), path)


def check_shape(path: str, reply: httpx.Response) -> None:
    """The body of a refusal, as the service to which the path belongs writes it."""
    body = reply.json()
    assert (body["code"], body["status"]) == ("unauthorized", 401), path
    assert body["request_id"] == reply.headers["x-request-id"]
    match path.split("/")[1:]:
        case ["v1", *_]:
            assert (body["error"]["code"], body["error"]["type"]) == ("unauthorized", "authentication_error")
        case ["api", "v1", "image", *_]:
            assert isinstance(body["error"], str)
        case ["api", "v1", *_]:
            assert body["success"] is False
        case ["api", *_]:
            assert body["details"]["message"]
        case _:
            assert isinstance(body["error"], str)


@pytest.fixture
def issuer(clock: VirtualClock) -> Iterator[Issuer]:
    each = Issuer(clock)
    with serve(each) as each.url:
        yield each


async def _revoked(site: Site, issuer: Issuer) -> str:
    key = (await site.key("revoked"))["Authorization"].removeprefix("Bearer ")
    await site.forge.revoke_key("revoked")
    return key


async def _expired(site: Site, issuer: Issuer) -> str:
    ends = issuer.clock.now() + timedelta(hours=1)
    key, _ = await site.forge.create_key("expired", Allowance(), expires_at=ends)
    issuer.clock.advance(3601)
    return key


async def _log_in_over(site: Site, issuer: Issuer) -> str:
    key = (await site.key("logged-in"))["Authorization"].removeprefix("Bearer ")
    tokens = await Visitor(http=site.http).log_in(key)
    await site.forge.revoke_key("logged-in")
    return str(tokens["access_token"])


def _token(**claims: Any) -> Callable[[Site, Issuer], Any]:
    async def made(site: Site, issuer: Issuer) -> str:
        said = {name: value(issuer) if callable(value) else value for name, value in claims.items()}
        return issuer.token(**said)

    return made


def _text(text: str) -> Callable[[Site, Issuer], Any]:
    async def made(site: Site, issuer: Issuer) -> str:
        return text

    return made


async def _unsigned(site: Site, issuer: Issuer) -> str:
    return unsigned(issuer)


CREDENTIALS = [
    pytest.param(None, id="no key"),
    pytest.param(_text(f"{KEY}2mKHbf"), id="a wrong key"),
    pytest.param(_text(f"{KEY}AAAAAA"), id="a mistyped key"),
    pytest.param(_revoked, id="a revoked key"),
    pytest.param(_expired, id="an expired key"),
    pytest.param(_token(exp=lambda issuer: int(issuer.clock.now().timestamp()) - 3600), id="a token that has expired"),
    pytest.param(_token(aud="https://elsewhere.example.org"), id="a token for another audience"),
    pytest.param(_unsigned, id="a token that nobody signed"),
    pytest.param(_token(kid="unknown", key=OTHER, alg="RS256"), id="a token of an unknown key"),
    pytest.param(_log_in_over, id="a log-in whose key has ended"),
    pytest.param(_text("imgf_at_never"), id="a log-in that never was"),
]


@pytest.mark.parametrize("make", CREDENTIALS)
async def test_who_is_nobody_gets_in_nowhere(
    make: Callable[[Site, Issuer], Any] | None, emulate: Emulate, site_on: OpenSite, issuer: Issuer
) -> None:
    together = emulate("together")
    door = Door(is_loopback=False, base_url=BASE)
    async with site_on(together, door=door, oauth=True, **issuer.settings) as site:
        await site.key()
        secret = None if make is None else await make(site, issuer)
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        unseen = set(OPEN)
        for method, path in routes(site):
            reply = await site.http.request(method, filled(path), json=PROMPT, headers=headers)
            assert secret is None or secret not in reply.text
            where = f"{method} {path}"
            unseen.discard(path)
            if path == ALIVE:
                assert reply.status_code == 200, where
            elif path in LOG_IN:
                assert reply.status_code in (400, 401, 405), where
                assert "access_token" not in reply.text
            elif path in PERSON:
                assert reply.status_code in PERSON[path] | {405}, where
            elif secret is None and path in OPEN:
                assert reply.status_code == OPEN[path], where
            elif path == "/" or path.startswith("/page/"):
                assert (reply.status_code, "location" in reply.headers) == (401, False), where
                assert 'name="key"' in reply.text or method == "POST", where
            else:
                assert reply.status_code == 401, where
                challenge = reply.headers["www-authenticate"]
                assert ('error="invalid_token"' in challenge) == (secret is not None), where
                assert f'resource_metadata="{BASE}/.well-known/oauth-protected-resource"' in challenge
                check_shape(path, reply)
        assert unseen == set()
        jobs = await site.forge.recent_jobs(5, site.forge.caller())
    assert (together.calls, jobs) == ([], [])


# Limits -----------------------------------------------------------------------------------------------------------

DRAWING: list[tuple[str, dict[str, Any]]] = [
    ("/v1/images/generations", PROMPT),
    ("/v2/generate", PROMPT),
    ("/api/generate", PROMPT),
    ("/api/v1/generate", PROMPT),
    ("/api/v1/generate/product", PROMPT),
    ("/api/v1/generate/logo", PROMPT),
    ("/api/v1/image/generate", PROMPT),
    ("/api/v1/image/edit", {"prompt": "make it night", "image_url": PICTURE}),
    ("/v2/transform", {"image": PICTURE, "operation": "upscale", "provider": "fal"}),
]
EACH_FOR_ITSELF: list[tuple[str, dict[str, Any]]] = [
    ("/api/batch/generate", {"prompts": ["a fox", "a dog"], "model": "flux-schnell"}),
    ("/api/v1/generate", {"items": [PROMPT, PROMPT]}),
]
"""Several pictures in one request: each says for itself why there is none."""


async def drawing(site: Site, headers: dict[str, str]) -> list[tuple[str, httpx.Response]]:
    """What each route that draws answers to this caller."""
    replies = [(path, await site.http.post(path, json=body, headers=headers)) for path, body in DRAWING]
    form = {"prompt": "make it night"}
    files = {"image": ("fox.png", draw("a fox", 256, 256).data, "image/png")}
    replies.append(
        ("/v1/images/edits", await site.http.post("/v1/images/edits", data=form, files=files, headers=headers))
    )
    page = {**headers, "Origin": BASE, "Accept": "application/json"}
    replies.append(("/page/make", await site.http.post("/page/make", data={"prompt": "a fox"}, headers=page)))
    return replies


async def refused_each(site: Site, headers: dict[str, str], code: str) -> None:
    """Several in one request: every item says so."""
    for path, body in EACH_FOR_ITSELF:
        reply = await site.http.post(path, json=body, headers=headers)
        assert reply.status_code < 300, reply.text
        assert reply.text.count(code) >= 2 or "batch_id" in reply.json(), (path, reply.text)
        if batch_id := reply.json().get("batch_id"):
            seen = await site.http.get(f"/api/batch/{batch_id}", headers=headers)
            assert "completed" not in {item.get("status") for item in seen.json().get("images", [])}, seen.text


@pytest.mark.parametrize(
    ("limits", "status", "code", "wait"),
    [
        pytest.param({"per_minute": 1}, 429, "rate_limited", (1, 60), id="a minute"),
        pytest.param({"per_day": 1}, 429, "quota_exceeded", (1, 86_400), id="a day"),
        pytest.param({"per_month": 1}, 429, "quota_exceeded", (1, 31 * 86_400), id="a month"),
        pytest.param({"budget_usd_month": 0.003}, 402, "budget_exceeded", None, id="money"),
        pytest.param({"concurrency": 0}, 429, "rate_limited", (1, 60), id="at once"),
    ],
)
async def test_over_its_limit_a_key_draws_nowhere_and_reads_on(
    limits: dict[str, Any],
    status: int,
    code: str,
    wait: tuple[int, int] | None,
    emulate: Emulate,
    site_on: OpenSite,
) -> None:
    providers = emulate("together"), emulate("fal")
    async with site_on(*providers, door=Door(is_loopback=False)) as site:
        key = await site.key(**limits)
        first = await site.http.post("/v1/images/generations", json=PROMPT, headers=key)
        assert first.status_code == (200 if "concurrency" not in limits else 429)
        sent = sum(len(provider.submits) for provider in providers)
        for path, reply in await drawing(site, key):
            assert (reply.status_code, reply.json()["code"]) == (status, code), (path, reply.text)
            assert ("retry-after" in reply.headers) == (wait is not None), path
            if wait is not None:
                assert wait[0] <= int(reply.headers["retry-after"]) <= wait[1], path
            if any(name.startswith("per_") for name in limits):
                assert ";r=0;" in reply.headers["ratelimit"], path
                assert "ratelimit-policy" in reply.headers, path
        await refused_each(site, key, code)
        for path in ("/v1/models", "/v2/models", "/api/images", "/api/v1/usage", "/api/analytics/costs", "/"):
            assert (await site.http.get(path, headers=key)).status_code == 200, path
    assert sum(len(provider.submits) for provider in providers) == sent


async def test_over_its_limit_an_address_without_a_key_draws_nowhere_and_reads_on(
    emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    door = Door(is_loopback=False, anonymous=True, anonymous_per_month=0)
    async with site_on(together, door=door, address="203.0.113.7") as site:
        for path, body in DRAWING:
            is_needed = path == "/api/generate"  # a model; and to name one is forbidden here
            asked = {name: value for name, value in body.items() if name != "model" or is_needed}
            reply = await site.http.post(path, json=asked)
            assert reply.json()["code"] in ("quota_exceeded", "forbidden"), (path, reply.text)
            assert reply.status_code in (429, 403), path
            if reply.status_code == 429:
                assert int(reply.headers["retry-after"]) >= 1
                assert '"month";r=0;' in reply.headers["ratelimit"]
        for path in ("/v1/models", "/v2/models", "/api/images", "/api/v1/usage"):
            assert (await site.http.get(path)).status_code == 200, path
        admin = [("GET", "/page/keys"), ("POST", "/page/keys/create"), ("GET", "/metrics")]
        for method, path in admin:
            assert (await site.http.request(method, path, headers={"Origin": BASE})).status_code == 403, path
    assert together.submits == []
