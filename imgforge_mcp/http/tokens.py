"""Access tokens of an identity provider (JWT): whose they are, by the provider's published keys; PyJWT verifies.

Sources: RFC 7519 (claims), RFC 8725 (algorithms are ours to choose), RFC 9068 (scope, aud), RFC 9728 (metadata).
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import anyio
import jwt
from starlette.requests import Request
from starlette.responses import Response

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ConfigError, ForgeError, Unauthorized, Unavailable
from imgforge_mcp.base.types import SCOPES, Caller
from imgforge_mcp.http.answers import answer

ALGORITHMS = ("RS256", "ES256", "EdDSA")
LEEWAY = 30.0
"""Seconds by which the issuer's clock and ours may differ."""
FETCH_EVERY = 60.0
"""Seconds between two looks at the issuer's keys for one that is not known."""
KEPT_SECONDS = 3600.0
"""After which the keys are looked at again: one that was withdrawn is not believed for ever."""
LATEST = 253_402_300_800
"""The end of the year 9999, in seconds since 1970."""
SCOPE = "imgforge:"
NO_TOKEN = "That is no valid access token here"

Fetch = Callable[[str], Awaitable[bytes]]


class Tokens:
    """Verifies tokens of one issuer, for one audience."""

    def __init__(self, config: Config, fetch: Fetch, clock: Clock) -> None:
        self._issuer = (config.jwt_issuer or "").rstrip("/")
        self._audience = config.jwt_audience or ""
        self._jwks_url = config.jwt_jwks_url or ""
        self._tenant_claim = config.jwt_tenant_claim
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._fetching = anyio.Lock()

    async def caller(self, token: str) -> Caller:
        """Who holds this token.

        Raises:
            Unauthorized: it is none, another's, for another audience, too old or too young.
            Unavailable: the issuer's keys cannot be had.
        """
        key = await self._key_of(token)
        if key is None:
            raise Unauthorized(f"{NO_TOKEN}: it is signed by no key of its issuer.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audience,
                issuer=[self._issuer, f"{self._issuer}/"],
                options={
                    "require": ["exp", "aud", "iss"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise Unauthorized(f"{NO_TOKEN} ({type(error).__name__}).") from None
        self._check_times(claims)
        return self._caller(claims)

    async def _key_of(self, token: str) -> jwt.PyJWK | None:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise Unauthorized(f"{NO_TOKEN}, nor a key: check that it is whole.") from None
        if header.get("alg") not in ALGORITHMS:
            raise Unauthorized(f"{NO_TOKEN}: it must be signed with {', '.join(ALGORITHMS)}.")
        name = str(header.get("kid", ""))
        async with self._fetching:
            if self._is_stale(name):
                await self._look()
        found = self._keys.get(name)
        if found is None and not name and len(self._keys) == 1:
            [found] = self._keys.values()
        return found if found is not None and found.algorithm_name == header["alg"] else None

    def _is_stale(self, name: str) -> bool:
        if self._fetched_at is None:
            return True
        age = self._clock.monotonic() - self._fetched_at
        return age > KEPT_SECONDS or (age >= FETCH_EVERY and bool(name) and name not in self._keys)

    async def _look(self) -> None:
        """Raises Unavailable: the keys cannot be had, and none are known."""
        self._fetched_at = self._clock.monotonic()
        try:
            found = jwt.PyJWKSet.from_dict(json.loads(await self._fetch(self._jwks_url)))
        except (ForgeError, jwt.PyJWTError, ValueError, TypeError, AttributeError):
            if not self._keys:
                self._fetched_at = None
                raise Unavailable("The keys of the token issuer cannot be had now; try again.") from None
            return
        self._keys = {str(key.key_id or ""): key for key in found.keys if key.algorithm_name in ALGORITHMS}

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        expires, begins = claims["exp"], claims.get("nbf", 0)
        if not _is_time(expires) or not _is_time(begins):
            raise Unauthorized(f"{NO_TOKEN}: its times are no numbers.")
        if expires <= now - LEEWAY:
            raise Unauthorized("That access token has expired; get a new one.")
        if begins > now + LEEWAY:
            raise Unauthorized("That access token is not valid yet.")

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        tenant = claims.get(self._tenant_claim)
        if not isinstance(tenant, str | int) or isinstance(tenant, bool) or not str(tenant):
            raise Unauthorized(f"{NO_TOKEN}: it says nothing under {self._tenant_claim}.")
        digest = hashlib.sha256(f"{self._issuer}\0{tenant}".encode("utf-8", "replace")).hexdigest()[:24]
        said = claims.get("scope", claims.get("scp", ()))
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        scopes = frozenset(str(word).removeprefix(SCOPE) for word in words if str(word).startswith(SCOPE))
        return Caller(tenant=f"jwt_{digest}", name=f"jwt_{digest}", scopes=scopes & SCOPES)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST


def is_configured(config: Config) -> bool:
    """Whether tokens are taken.

    Raises:
        ConfigError: some of what it takes is missing.
    """
    needed = {
        "IMGFORGE_JWT_ISSUER": config.jwt_issuer,
        "IMGFORGE_JWT_AUDIENCE": config.jwt_audience,
        "IMGFORGE_JWT_JWKS_URL": config.jwt_jwks_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing and len(missing) < len(needed):
        raise ConfigError(f"{missing[0]} is missing: JWT needs {', '.join(needed)}.", setting=missing[0])
    return not missing


def metadata_route(
    base_url: str, issuers: Sequence[str], scopes: Collection[str], path: str = ""
) -> Callable[[Request], Awaitable[Response]]:
    """What a client needs to know to get a token for the resource at `path`: from whom, and what it may ask for."""
    shown: dict[str, Any] = {
        "resource": f"{base_url}{path}",
        "scopes_supported": sorted(scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": "imgforge-mcp",
        **({"authorization_servers": list(issuers)} if issuers else {}),
    }

    async def metadata(request: Request) -> Response:
        return answer(shown, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=3600"})

    return metadata
