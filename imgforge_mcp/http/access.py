"""Who asks: a key, a token, an anonymous address or the user of this machine, made into a Caller before any work."""

import hashlib
import ipaddress
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.errors import ForgeError, Unauthorized, require
from imgforge_mcp.base.keys import ACCESS, PREFIX
from imgforge_mcp.base.looks import Look
from imgforge_mcp.base.types import Allowance, Caller
from imgforge_mcp.forge import Forge
from imgforge_mcp.http.answers import ErrorShape, answer, challenge, default_error, headers_of
from imgforge_mcp.http.guard import LOOPBACK

COOKIE = "imgforge_key"
CALLER = "imgforge.caller"
MCP = ("/mcp", "/sse", "/messages")
TO_CLIENTS = ("/register", "/token", "/revoke")
"""What clients that log in (http.login) call themselves, those in browsers too."""
LOG_IN = frozenset({"/authorize", *TO_CLIENTS})
"""Where a client shows credentials of its own, which are no keys of ours."""
METRICS = "/metrics"
"""Open to this machine, as long as no proxy brings others to it; else for who looks after the server."""
REFUSED = "imgforge.refused"
OPEN = ("/health", "/.well-known/", "/v2/assets/", "/v2/guide", "/v2/health", "/api/v1/models", "/api/v1/health")
"""Paths (or their beginnings) that want no caller."""
PAGE = "/page/"
"""Below it, and at `/`, a person is asked for the key by the page itself: it gets the refusal, and no caller."""
ANONYMOUS_A_MONTH = 100
LONGEST = 8192
"""Characters of a credential; a longer one is none."""
VerifyToken = Callable[[str], Awaitable[Caller]]
VerifyAccess = Callable[[str, str], Awaitable[Caller]]
"""Whose access token of a log-in of ours that is, and whether it may be used at this path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How the door is set: `is_loopback`, whether callers without a key are let in as `anonymous`, whether loopback
    stays open although there are keys, and behind which proxies' `client_header` a caller's address stands."""

    is_loopback: bool = True
    anonymous: bool = False
    open_loopback: bool = False
    anonymous_per_month: int = ANONYMOUS_A_MONTH
    client_header: str | None = None
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    assets_require_key: bool = False
    base_url: str = ""


class Access:
    """ASGI middleware: finds the caller, refuses who may not in, says what is left of the caller's limits."""

    def __init__(
        self,
        app: ASGIApp,
        lazy: LazyForge,
        door: Door,
        verify_token: VerifyToken | None = None,
        verify_access: VerifyAccess | None = None,
        log: Callable[..., None] | None = None,
        note: Callable[[Scope, int, float], None] | None = None,
        shape: Callable[[str], ErrorShape] = lambda path: default_error,
    ) -> None:
        self._app = app
        self._lazy = lazy
        self._door = door
        self._verify_token = verify_token
        self._verify_access = verify_access
        self._networks = [ipaddress.ip_network(proxy, strict=False) for proxy in door.trusted_proxies]
        self._has_keys = False
        self._look_for_keys = Look(self._keys_there)
        self._log = log
        self._note = note
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 0
        request_id: str = scope.get("imgforge.request_id", "-")
        caller: Caller | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if caller is not None:
                    message["headers"] = [*message["headers"], *await self._limits(caller)]
            await send(message)

        try:
            is_unasked = scope["path"] == "/health"  # answered while the forge still opens
            is_unasked = is_unasked or (self._verify_access is not None and scope["path"] in LOG_IN)
            forge = None if is_unasked else await self._lazy.forge()
            caller = await self._caller_of_page(forge, scope) if forge is not None else None
            if caller is not None:
                caller = replace(caller, base_url=self._door.base_url)
                if scope["path"].startswith(MCP):
                    require(caller.scopes, "read")
                if scope["path"] == METRICS and not self._is_near(scope):
                    require(caller.scopes, "admin")
        except ForgeError as error:
            is_named = any(name in (b"authorization", b"x-api-key") for name, _ in scope["headers"])
            headers = {**headers_of(error), **challenge(error, self._door.base_url, is_named=is_named)}
            code, shown = self._shape(scope["path"])(error, request_id)
            await answer(shown, code, headers)(scope, receive, noted)
        else:
            if caller is not None:
                scope[CALLER] = caller
                scope["user"] = _principal(caller)
            await self._app(scope, receive, noted)
        finally:
            if self._note is not None:
                self._note(scope, status, perf_counter() - started)
            if self._log is not None:
                self._log(
                    request_id=request_id,
                    caller=caller.name if caller else None,
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round((perf_counter() - started) * 1000, 1),
                )

    async def _caller_of_page(self, forge: Forge, scope: Scope) -> Caller | None:
        """Raises Unauthorized, but not to a person at the page."""
        try:
            return await self._caller(forge, scope)
        except Unauthorized as error:
            if scope["path"] != "/" and not scope["path"].startswith(PAGE):
                raise
            scope[REFUSED] = error
            return None

    async def _caller(self, forge: Forge, scope: Scope) -> Caller | None:
        """Raises Unauthorized."""
        if scope["path"] == METRICS and self._is_near(scope) and not scope.get("imgforge.is_foreign"):
            return None
        is_open = _is_open(scope["path"]) and not (
            self._door.assets_require_key and scope["path"].startswith("/v2/assets/")
        )
        credential = _credential(scope)
        if credential is not None and self._verify_access is not None and credential.startswith(ACCESS):
            return await self._verify_access(credential, scope["path"])
        if credential is not None and (credential.startswith(PREFIX) or self._verify_token is None):
            if credential.startswith(PREFIX) or await self._is_shut(scope) or scope.get("imgforge.is_foreign"):
                return await forge.caller_of_key(credential)
            return _user_of_this_machine(forge)
        if credential is not None and self._verify_token is not None:
            return await self._verify_token(credential)
        if self._door.anonymous:
            return self._anonymous(scope)
        if not await self._is_shut(scope) and not scope.get("imgforge.is_foreign"):
            return _user_of_this_machine(forge)
        if is_open:
            return None
        raise Unauthorized(
            "A key is needed: send it as 'Authorization: Bearer KEY'; 'imgforge-mcp keys create' makes one."
        )

    async def _keys_there(self) -> bool:
        return await (await self._lazy.forge()).has_keys()

    async def _is_shut(self, scope: Scope) -> bool:
        """Whether a caller without a key is turned away: beyond this machine always, on it once there are keys."""
        if not self._is_here(scope) or self._verify_token is not None or self._verify_access is not None:
            return True
        if self._door.open_loopback:
            return False
        self._has_keys = self._has_keys or await self._look_for_keys()
        return self._has_keys

    def _is_near(self, scope: Scope) -> bool:
        """Whether it is asked on this machine, under its own name."""
        return self._is_here(scope) and urlsplit(self._door.base_url).hostname in LOOPBACK

    def _is_here(self, scope: Scope) -> bool:
        """Whether somebody on this machine asks; nobody whom a proxy brings, under the public name or saying whom."""
        if not self._door.is_loopback or scope.get("imgforge.is_public"):
            return False
        if self._door.client_header is None:
            return True
        try:
            return ipaddress.ip_address(self._address(scope)).is_loopback
        except ValueError:
            return False

    def _anonymous(self, scope: Scope) -> Caller:
        """A tenant of its own for each address (IPv6: for each /64), of which only a hash is kept."""
        address = _network(self._address(scope))
        digest = hashlib.sha256(f"imgforge-mcp anonymous {address}".encode()).hexdigest()[:24]
        return Caller(
            tenant=f"anon_{digest}",
            name="anonymous",
            allowance=Allowance(per_month=self._door.anonymous_per_month),
            scopes=frozenset({"generate", "read"}),
            is_anonymous=True,
        )

    def _address(self, scope: Scope) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        if self._door.client_header is None or not self._is_proxy(peer):
            return str(peer)
        values = [v.decode("latin-1") for k, v in scope["headers"] if k == self._door.client_header.lower().encode()]
        hops = [part.strip() for value in values for part in value.split(",")]
        outside = [hop for hop in hops if hop and not self._is_proxy(hop)]
        return outside[-1] if outside else str(peer)

    def _is_proxy(self, address: str) -> bool:
        """Whether an address is one of the configured proxies, each an address or a network."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    async def _limits(self, caller: Caller) -> list[tuple[bytes, bytes]]:
        """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10), for callers with limits."""
        if caller.allowance == Allowance():
            return []
        standings = await (await self._lazy.forge()).standings(caller)
        windows = {"minute": 60, "day": 86_400, "month": 2_592_000}
        left = ", ".join(f'"{s.window}";r={s.left};t={max(0, round(s.reset))}' for s in standings)
        policy = ", ".join(f'"{s.window}";q={s.limit};w={windows[s.window]}' for s in standings)
        return [(b"ratelimit", left.encode()), (b"ratelimit-policy", policy.encode())] if standings else []


def caller_in(scope: Any) -> Caller:
    """The caller that the door has found for this request. Raises Unauthorized: there is none."""
    caller = scope.get(CALLER)
    if not isinstance(caller, Caller):
        raise Unauthorized("A key is needed: send it as 'Authorization: Bearer KEY'.")
    return caller


def caller_of_context(forge: Forge, context: Any) -> Caller:
    """The caller of an MCP request, by the HTTP request that carried it."""
    return caller_in(context.request.scope)


def _user_of_this_machine(forge: Forge) -> Caller:
    """Paths of this machine may be named over HTTP only where the configuration allows it."""
    if forge.config.allow_local_paths:
        return forge.caller()
    return replace(forge.caller(), directories=(), outputs=())


def _principal(caller: Caller) -> AuthenticatedUser:
    """The caller as the SDK compares it: a session belongs to the one who opened it."""
    return AuthenticatedUser(AccessToken(token="", client_id=caller.tenant, scopes=sorted(caller.scopes)))


def _is_open(path: str) -> bool:
    return any(
        path == known or (known.endswith("/") and path.startswith(known)) or path.startswith(f"{known}/")
        for known in OPEN
    )


def _credential(scope: Scope) -> str | None:
    """The one credential of a request: bearer token, X-API-Key or the page's cookie; never in the URL.

    Raises:
        Unauthorized: there are several, or one that can be none.
    """
    bearers = _header(scope, b"authorization")
    keys = _header(scope, b"x-api-key")
    found = [*(_bearer(value) for value in bearers), *keys]
    if not found:
        found = [c for c in (_cookie(value) for value in _header(scope, b"cookie")) if c is not None]
    if not found:
        return None
    if (
        len(set(found)) > 1
        or not found[0]
        or len(found[0]) > LONGEST
        or not found[0].isascii()
        or not found[0].isprintable()
    ):
        raise Unauthorized("Send one key, as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.")
    return found[0]


def _header(scope: Scope, name: bytes) -> Collection[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _bearer(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie(value: str) -> str | None:
    for part in value.split(";"):
        name, separator, text = part.strip().partition("=")
        if separator and name == COOKIE:
            return text
    return None


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else parsed)
