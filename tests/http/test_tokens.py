"""Access tokens of an identity provider: who gets in by one, and who does not."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import serialization

from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.http.tokens import is_configured
from tests.emulators import Emulator
from tests.emulators._serve import serve
from tests.http._issuer import HOUR, ISSUER, KEYS, OTHER, RSA, Issuer, bearer, unsigned
from tests.http.conftest import BASE, OpenSite
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]


@pytest.fixture
def issuer(clock: VirtualClock) -> Iterator[Issuer]:
    each = Issuer(clock)
    with serve(each) as each.url:
        yield each


def confused(issuer: Issuer) -> str:
    """Signed by HMAC with the public key as if it were a secret."""
    public = RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=").decode()
    content = f"{head}.{issuer.token().split('.')[1]}"
    signature = hmac.new(public, content.encode(), hashlib.sha256).digest()
    return f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def tampered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return ".".join([head, issuer.token(sub="eve").split(".")[1], signature])


@pytest.mark.parametrize("kid", list(KEYS))
async def test_a_good_token_draws_looks_and_is_a_tenant_of_its_own(
    kid: str, emulate: Emulate, site_on: OpenSite, issuer: Issuer
) -> None:
    async with site_on(emulate("together"), **issuer.settings) as site:
        ada, bob = bearer(issuer.token(kid)), bearer(issuer.token(kid, sub="bob"))
        job = (await site.http.post("/v2/generate", json={"prompt": "a fox", "sync": True}, headers=ada)).json()
        again = bearer(issuer.token(kid, jti="another"))
        assert (await site.http.get(f"/v2/jobs/{job['job_id']}", headers=again)).status_code == 200
        assert (await site.http.get(f"/v2/jobs/{job['job_id']}", headers=bob)).status_code == 404
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda issuer: issuer.token(exp=int(issuer.clock.now().timestamp()) - HOUR), id="expired"),
        pytest.param(lambda issuer: issuer.token(exp=None), id="without an end"),
        pytest.param(lambda issuer: issuer.token(exp=float("inf")), id="without an end that is a time"),
        pytest.param(lambda issuer: issuer.token(nbf=int(issuer.clock.now().timestamp()) + HOUR), id="not valid yet"),
        pytest.param(lambda issuer: issuer.token(aud="https://elsewhere.example.org"), id="another audience"),
        pytest.param(lambda issuer: issuer.token(aud=None), id="no audience"),
        pytest.param(lambda issuer: issuer.token(iss="https://evil.example.org"), id="another issuer"),
        pytest.param(lambda issuer: issuer.token(sub=None), id="nobody"),
        pytest.param(lambda issuer: issuer.token(key=OTHER), id="signed by another"),
        pytest.param(lambda issuer: issuer.token(kid="unknown", key=OTHER, alg="RS256"), id="unknown kid"),
        pytest.param(lambda issuer: issuer.token(alg="PS256"), id="another algorithm of the same key"),
        pytest.param(unsigned, id="alg none"),
        pytest.param(confused, id="the public key as a secret"),
        pytest.param(tampered, id="tampered with"),
        pytest.param(lambda issuer: issuer.token()[:-6], id="cut"),
        pytest.param(lambda issuer: "a.b.c", id="no token"),
        pytest.param(lambda issuer: "imgf_live_" + issuer.token(), id="neither key nor token"),
    ],
)
async def test_a_bad_token_gets_in_nowhere(
    bad: Callable[[Issuer], str], emulate: Emulate, site_on: OpenSite, issuer: Issuer
) -> None:
    together = emulate("together")
    async with site_on(together, **issuer.settings) as site:
        for method, path in [("POST", "/v2/generate"), ("GET", "/v1/models"), ("POST", "/mcp"), ("GET", "/sse")]:
            reply = await site.http.request(method, path, json={"prompt": "a fox"}, headers=bearer(bad(issuer)))
            assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized"), reply.text
            assert 'error="invalid_token"' in reply.headers["www-authenticate"]
            assert bad(issuer) not in reply.text
    assert together.calls == []


async def test_without_the_scope_nothing_is_drawn_and_the_answer_says_what_is_missing(
    emulate: Emulate, site_on: OpenSite, issuer: Issuer
) -> None:
    together = emulate("together")
    async with site_on(together, **issuer.settings) as site:
        reader, nobody = bearer(issuer.token(scope="imgforge:read")), bearer(issuer.token(scope="openid"))
        assert (await site.http.get("/v1/models", headers=reader)).status_code == 200
        drawn = await site.http.post("/v2/generate", json={"prompt": "a fox"}, headers=reader)
        looked = await site.http.get("/v1/models", headers=nobody)
        spoken = await site.http.post("/mcp", json={}, headers=nobody)
    for reply, scope in ((drawn, "generate"), (looked, "read"), (spoken, "read")):
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
        assert f'error="insufficient_scope", scope="imgforge:{scope}"' in reply.headers["www-authenticate"]
    assert together.submits == []


async def test_keys_are_looked_at_again_for_a_new_one_and_once_a_minute_at_most(
    emulate: Emulate, site_on: OpenSite, issuer: Issuer, clock: VirtualClock
) -> None:
    issuer.published = ["one"]
    async with site_on(emulate("together"), **issuer.settings) as site:
        assert (await site.http.get("/v1/models", headers=bearer(issuer.token()))).status_code == 200
        issuer.published = ["one", "curve"]
        for _ in range(5):
            assert (await site.http.get("/v1/models", headers=bearer(issuer.token("curve")))).status_code == 401
        assert issuer.asked == 1
        clock.advance(61)
        assert (await site.http.get("/v1/models", headers=bearer(issuer.token("curve")))).status_code == 200
        assert issuer.asked == 2
        issuer.published = ["curve"]
        clock.advance(2 * HOUR)
        assert (await site.http.get("/v1/models", headers=bearer(issuer.token()))).status_code == 401


async def test_what_a_client_needs_to_log_in_is_published(site_on: OpenSite, issuer: Issuer) -> None:
    async with site_on(**issuer.settings) as site:
        refused = await site.http.post("/mcp", json={})
        whole = (await site.http.get("/.well-known/oauth-protected-resource")).json()
        part = (await site.http.get("/.well-known/oauth-protected-resource/mcp")).json()
    assert f'resource_metadata="{BASE}/.well-known/oauth-protected-resource"' in refused.headers["www-authenticate"]
    assert "error=" not in refused.headers["www-authenticate"]
    assert (whole["resource"], part["resource"]) == (BASE, f"{BASE}/mcp")
    assert whole["authorization_servers"] == [ISSUER]
    assert "imgforge:generate" in whole["scopes_supported"]


def test_half_a_setting_is_a_wrong_one(environment: dict[str, str]) -> None:
    config = load_config({**environment, "IMGFORGE_JWT_ISSUER": ISSUER})
    with pytest.raises(ConfigError, match="IMGFORGE_JWT_AUDIENCE"):
        is_configured(config)
