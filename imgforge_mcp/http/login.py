"""Log-in without an identity provider (`serve --oauth`): the SDK's authorization server, over our own keys.

A person types a key into the consent page; the codes and tokens that follow stand for that key, with its tenant and its
limits, and end with it. Sources: RFC 6749, 7591 (registration), 7636 (PKCE), 8707 (resource), 9207 (iss), 9700.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from mcp.server.auth.handlers.metadata import MetadataHandler
from mcp.server.auth.middleware.client_auth import AuthenticationError, ClientAuthenticator
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.routes import build_metadata, cors_middleware, create_auth_routes, validate_issuer_url
from mcp.server.auth.settings import ClientRegistrationOptions, RevocationOptions
from mcp.shared.auth import InvalidRedirectUriError, InvalidScopeError, OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl, AnyUrl, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ConfigError, ForgeError, InvalidRequest, Unauthorized
from imgforge_mcp.base.keys import ACCESS, CODE, REFRESH, digest_of, new_token
from imgforge_mcp.base.types import Caller
from imgforge_mcp.forge import Forge
from imgforge_mcp.http.access import LOG_IN, MCP
from imgforge_mcp.http.answers import answer, headers_of
from imgforge_mcp.http.pages.site import HEADERS, POLICY, Page, check_origin
from imgforge_mcp.http.redirects import Client, check_redirects, destination, form_source
from imgforge_mcp.storage.registry.grants import Grant

CONSENT = "/page/consent"
METADATA = "/.well-known/oauth-authorization-server"
RIGHTS = {
    "imgforge:generate": "draw and edit pictures, which may cost money",
    "imgforge:read": "see the pictures and jobs of this key, and what they cost",
}
"""Scopes that a key can grant, and what they mean to a person."""
CODE_SECONDS, ACCESS_SECONDS, REFRESH_DAYS = 60, 3600, 30
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url (RFC 7636 section 4.2)."""
NAME_LENGTH = 60
KEPT = {
    "client_id",
    "client_name",
    "redirect_uris",
    "grant_types",
    "response_types",
    "scope",
    "token_endpoint_auth_method",
}
"""What is kept of a client's registration."""
GRANT_TYPES = frozenset({"authorization_code", "refresh_token"})
NEVER = float("inf")
"""Our own clock has said that a grant lives; the SDK's need not ask again."""
URL = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a client wants of a person, looked at: every part of it is as it may be."""

    client: OAuthClientInformationFull
    redirect_uri: str
    is_explicit: bool
    """Whether the client named the address: then it must do so again when it exchanges the code."""
    scopes: tuple[str, ...]
    resource: str
    code_challenge: str
    state: str | None

    def fields(self) -> dict[str, str]:
        """The same as a form carries it."""
        found = {
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri if self.is_explicit else None,
            "scope": " ".join(self.scopes),
            "resource": self.resource,
            "code_challenge": self.code_challenge,
            "state": self.state,
        }
        return {name: value for name, value in found.items() if value is not None}


class LogIn(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """One for each application; `base_url` is the issuer, and the resource that tokens are for.

    Raises:
        ConfigError: tokens would go over plain http, beyond this machine.
    """

    def __init__(self, lazy: LazyForge, base_url: str, clock: Clock, page: Page) -> None:
        self._lazy = lazy
        self._base_url = base_url
        self._clock = clock
        self._page = page
        self._issuer = URL.validate_python(base_url)
        self._resources = {base_url, *(f"{base_url}{path}" for path in ("/mcp", "/sse"))}
        try:
            validate_issuer_url(self._issuer)
        except ValueError:
            raise ConfigError(
                "--oauth needs https beyond this machine: give --tls-cert and --tls-key, or --public-url https://….",
                setting="--oauth",
            ) from None

    def routes(self) -> list[Route]:
        """The SDK's routes. Metadata says besides that there are no secrets and that answers name their issuer;
        revocation is our own, since the SDK's (2.3.0) takes none from a client without a secret."""
        scopes = list(RIGHTS)
        registration = ClientRegistrationOptions(enabled=True, valid_scopes=scopes, default_scopes=scopes)
        revocation = RevocationOptions(enabled=True)
        metadata = build_metadata(self._issuer, None, registration, revocation)
        metadata.token_endpoint_auth_methods_supported = ["none"]
        metadata.revocation_endpoint_auth_methods_supported = ["none"]
        metadata.authorization_response_iss_parameter_supported = True
        prefix = urlsplit(self._base_url).path
        places = [METADATA, *([f"{METADATA}{prefix}", "/.well-known/openid-configuration"] if prefix else [])]
        shown = cors_middleware(MetadataHandler(metadata).handle, ["GET", "OPTIONS"])
        known = create_auth_routes(self, self._issuer, None, registration, revocation)
        apps = {route.path: route.app for route in known if route.path in LOG_IN}
        apps["/revoke"] = cors_middleware(self._revoke, ["POST", "OPTIONS"])
        return [
            *(Route(place, shown, methods=["GET", "OPTIONS"]) for place in places),
            *(
                Route(path, _Framed(app, self._base_url), methods=["GET", "POST", "OPTIONS"])
                for path, app in apps.items()
            ),
            Route(CONSENT, self._consent, methods=["GET", "POST"]),
        ]

    async def caller(self, token: str, path: str) -> Caller:
        """Whose access token this is, for a request to `path`: the holder of the key that it stands for.

        Raises:
            Unauthorized: it is unknown, has expired, is for something else, or its key has ended.
        """
        forge = await self._lazy.forge()
        grant = await forge.grant(token)
        if grant is None or grant.kind != "access" or grant.resource not in self._resources:
            raise Unauthorized("That access token has expired or is not for this server; log in again.")
        if grant.resource != self._base_url and not path.startswith(MCP):
            raise Unauthorized(f"That access token is for {grant.resource} alone.")
        caller = await forge.caller_of_digest(grant.key_digest)
        scopes = {scope.removeprefix("imgforge:") for scope in grant.scopes}
        return replace(caller, scopes=caller.scopes & scopes)

    # Clients --------------------------------------------------------------------------------------------------------

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        found = await (await self._lazy.forge()).client(client_id)
        return None if found is None else Client.model_validate(found)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Any program may register, so a secret would prove nothing: it gets none (RFC 7591 section 3.2.1 lets us say
        so in the answer), and none is kept. PKCE proves who asked."""
        check_redirects(client_info)
        client_info.client_secret = client_info.client_secret_expires_at = None
        client_info.token_endpoint_auth_method = "none"
        client_info.client_name = _shown(client_info.client_name)
        client_info.grant_types = [name for name in client_info.grant_types if name in GRANT_TYPES]
        client_info.response_types = ["code"]
        body = client_info.model_dump(mode="json", exclude_none=True, include=KEPT)
        await (await self._lazy.forge()).add_client(client_info.client_id, body)

    # Asking a person ------------------------------------------------------------------------------------------------

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """The consent page's address, with all that was asked: nothing is kept until a person has said yes."""
        return f"{self._base_url}{CONSENT}?{urlencode(self._checked(client, params).fields())}"

    def _checked(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> _Asked:
        """Raises AuthorizeError."""
        if not CHALLENGE.fullmatch(params.code_challenge):
            raise AuthorizeError("invalid_request", "code_challenge is no SHA-256 in base64url.")
        resource = (params.resource or self._base_url).rstrip("/")
        if resource not in self._resources:
            raise AuthorizeError("invalid_target", f"This server gives access to {self._base_url} alone.")
        return _Asked(
            client=client,
            redirect_uri=str(params.redirect_uri),
            is_explicit=params.redirect_uri_provided_explicitly,
            scopes=tuple(dict.fromkeys(params.scopes or RIGHTS)),
            resource=resource,
            code_challenge=params.code_challenge,
            state=params.state,
        )

    async def _asked(self, fields: Mapping[str, Any]) -> _Asked:
        """What the consent page was opened with; anybody may have made it up, so it is looked at anew.

        Raises:
            InvalidRequest: no client may ask so. Nobody is sent anywhere.
        """
        values = {name: value for name, value in fields.items() if isinstance(value, str)}
        client = await self.get_client(values.get("client_id", ""))
        if client is None:
            raise InvalidRequest("That program is not known here; start the log-in from it anew.", field="client_id")
        named = values.get("redirect_uri")
        try:
            params = AuthorizationParams(
                state=values.get("state"),
                scopes=client.validate_scope(values.get("scope")),
                code_challenge=values.get("code_challenge", ""),
                redirect_uri=client.validate_redirect_uri(None if named is None else AnyUrl(named)),
                redirect_uri_provided_explicitly=named is not None,
                resource=values.get("resource"),
            )
            return self._checked(client, params)
        except (AuthorizeError, InvalidRedirectUriError, InvalidScopeError, ValidationError):
            raise InvalidRequest("That is no request which this program may make; start the log-in anew.") from None

    async def _consent(self, request: Request) -> Response:
        try:
            if request.method == "GET":
                return self._question(request, await self._asked(request.query_params))
            check_origin(request)
            async with request.form(max_files=0, max_fields=20) as form:
                asked = await self._asked(form)
                key, is_allowed = str(form.get("key", "")).strip(), form.get("decision") == "allow"
            if not is_allowed:
                return self._sent_back(asked, error="access_denied")
            try:
                return self._sent_back(asked, code=await self._code(asked, key))
            except Unauthorized as error:
                return self._question(request, asked, error)
        except ForgeError as error:
            return self._page.html("error.html", request, status=error.status, caller=None, message=error.message)

    def _question(self, request: Request, asked: _Asked, error: ForgeError | None = None) -> Response:
        response = self._page.html(
            "consent.html",
            request,
            status=200 if error is None else error.status,
            caller=None,
            error=error.message if error else None,
            name=_shown(asked.client.client_name),
            destination=destination(asked.redirect_uri),
            rights=[RIGHTS[scope] for scope in asked.scopes],
            fields=asked.fields(),
            days=REFRESH_DAYS,
        )
        source = form_source(asked.redirect_uri)
        response.headers["Content-Security-Policy"] = POLICY.replace(
            "form-action 'self'", f"form-action 'self' {source}"
        )
        return response

    def _sent_back(self, asked: _Asked, **said: str) -> Response:
        place = construct_redirect_uri(asked.redirect_uri, **said, state=asked.state, iss=self._base_url)
        return Response(status_code=303, headers={**HEADERS, "Location": place})

    async def _code(self, asked: _Asked, key: str) -> str:
        """Raises Unauthorized: that is no key."""
        forge = await self._lazy.forge()
        await forge.caller_of_key(key)
        code = new_token(CODE)
        grant = Grant(
            digest=digest_of(code),
            kind="code",
            family=self._clock.new_id(),
            client_id=asked.client.client_id,
            key_digest=digest_of(key),
            scopes=asked.scopes,
            resource=asked.resource,
            expires_at=self._clock.now() + timedelta(seconds=CODE_SECONDS),
            code_challenge=asked.code_challenge,
            redirect_uri=asked.redirect_uri if asked.is_explicit else "",
        )
        await forge.add_grant(grant)
        return code

    # Codes and tokens -----------------------------------------------------------------------------------------------

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        grant = await self._unspent(client, authorization_code, "code")
        if grant is None:
            return None
        return AuthorizationCode(
            code=authorization_code,
            scopes=list(grant.scopes),
            expires_at=NEVER,
            client_id=grant.client_id,
            code_challenge=grant.code_challenge,
            redirect_uri=AnyUrl(grant.redirect_uri) if grant.redirect_uri else client.validate_redirect_uri(None),
            redirect_uri_provided_explicitly=bool(grant.redirect_uri),
        )

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        grant = await self._unspent(client, refresh_token, "refresh")
        if grant is None:
            return None
        return RefreshToken(token=refresh_token, client_id=grant.client_id, scopes=list(grant.scopes))

    async def load_access_token(self, token: str) -> AccessToken | None:
        grant = await (await self._lazy.forge()).grant(token)
        if grant is None or grant.kind != "access":
            return None
        return AccessToken(token=token, client_id=grant.client_id, scopes=list(grant.scopes))

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        return await self._exchanged(authorization_code.code, authorization_code.scopes)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        return await self._exchanged(refresh_token.token, scopes)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """The whole log-in ends: whoever revokes one of its tokens wants to be out."""
        forge = await self._lazy.forge()
        grant = await forge.grant(token.token)
        if grant is not None:
            await forge.end_log_in(grant.family)

    async def _unspent(self, client: OAuthClientInformationFull, token: str, kind: str) -> Grant | None:
        """A client's own code or refresh token. One that comes a second time was stolen, or its successor was: its
        whole log-in ends (RFC 9700 section 4.14.2)."""
        forge = await self._lazy.forge()
        grant = await forge.grant(token)
        if grant is None or grant.kind != kind or grant.client_id != client.client_id:
            return None
        if grant.is_spent:
            await forge.end_log_in(grant.family)
            return None
        return grant

    async def _exchanged(self, token: str, scopes: list[str]) -> OAuthToken:
        """Raises TokenError: another was quicker, or the key has ended."""
        forge = await self._lazy.forge()
        grant = await forge.grant(token)
        if grant is None or not await self._has_its_key(forge, grant):
            raise TokenError("invalid_grant", "The key behind this log-in has ended.")
        access, refresh, now = new_token(ACCESS), new_token(REFRESH), self._clock.now()
        plain = replace(grant, code_challenge="", redirect_uri="")
        successors = [
            replace(
                plain,
                digest=digest_of(access),
                kind="access",
                scopes=tuple(scopes),
                expires_at=now + timedelta(seconds=ACCESS_SECONDS),
            ),
            replace(plain, digest=digest_of(refresh), kind="refresh", expires_at=now + timedelta(days=REFRESH_DAYS)),
        ]
        if not await forge.exchange_grant(token, successors):
            raise TokenError("invalid_grant", "That was exchanged already.")
        granted = " ".join(scopes)
        return OAuthToken(access_token=access, expires_in=ACCESS_SECONDS, scope=granted, refresh_token=refresh)

    async def _has_its_key(self, forge: Forge, grant: Grant) -> bool:
        try:
            await forge.caller_of_digest(grant.key_digest)
        except Unauthorized:
            await forge.end_log_in(grant.family)
            return False
        return True

    async def _revoke(self, request: Request) -> Response:
        """RFC 7009: what is not known is revoked already."""
        headers = {"Cache-Control": "no-store"}
        try:
            client = await ClientAuthenticator(self).authenticate_request(request)
        except AuthenticationError as error:
            return answer({"error": "invalid_client", "error_description": error.message}, 401, headers)
        async with request.form(max_files=0, max_fields=20) as form:
            token = form.get("token")
        if not isinstance(token, str) or not token:
            return answer({"error": "invalid_request", "error_description": "token is required."}, 400, headers)
        found = await self.load_access_token(token) or await self.load_refresh_token(client, token)
        if found is not None and found.client_id == client.client_id:
            await self.revoke_token(found)
        return Response(status_code=200, headers=headers)


def _shown(name: str | None) -> str:
    """What a client calls itself: untrusted, so one line and no more than fits."""
    clean = "".join(character for character in name or "" if character.isprintable())[:NAME_LENGTH].strip()
    return clean or "a program without a name"


class _Framed:
    """ASGI around a route of the SDK: who is sent back is told by whom (RFC 9207), errors of ours keep their shape."""

    def __init__(self, app: ASGIApp, issuer: str) -> None:
        self._app = app
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 302:
                message["headers"] = [self._signed(name, value) for name, value in message["headers"]]
            await send(message)

        try:
            await self._app(scope, receive, named)
        except ForgeError as error:
            await answer(error.body(scope["imgforge.request_id"]), error.status, headers_of(error))(
                scope, receive, send
            )

    def _signed(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        place = value.decode("latin-1")
        if name.lower() != b"location" or place.startswith(f"{self._issuer}{CONSENT}?"):
            return name, value
        return name, construct_redirect_uri(place, iss=self._issuer).encode("latin-1")
