"""A client that logs in, and the person before it: each step as raw HTTP, so that any of them can be bent."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

REDIRECT = "http://127.0.0.1:40000/callback"
VERIFIER = "v" * 64
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def query_of(reply: httpx.Response) -> dict[str, str]:
    """What a redirect says."""
    return dict(parse_qsl(urlsplit(reply.headers["location"]).query))


def fields_of(page: httpx.Response) -> dict[str, str]:
    """What the form of the consent page carries unseen."""
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}


@dataclass(slots=True, kw_only=True)
class Visitor:
    """One client at one server."""

    http: httpx.AsyncClient
    client_id: str = ""
    redirect_uri: str = REDIRECT
    said: dict[str, Any] = field(default_factory=dict)
    """What the server answered to the registration."""

    async def register(self, **more: Any) -> httpx.Response:
        body = {"redirect_uris": [self.redirect_uri], "client_name": "A chat", **more}
        reply = await self.http.post("/register", json=body)
        if reply.status_code == 201:
            self.said = reply.json()
            self.client_id = self.said["client_id"]
        return reply

    async def ask(self, **changed: str | None) -> httpx.Response:
        """To /authorize, as a browser goes there."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "state": "st&te=1",
            **changed,
        }
        values = {name: value for name, value in asked.items() if value is not None}
        return await self.http.get("/authorize", params=values)

    async def look(self, **changed: str | None) -> httpx.Response:
        """The consent page."""
        asked = await self.ask(**changed)
        assert asked.status_code == 302, asked.text
        return await self.http.get(asked.headers["location"])

    async def decide(self, page: httpx.Response, key: str, decision: str = "allow", **changed: str) -> httpx.Response:
        """What the person answers; `changed` are fields of the form that somebody bent."""
        origin = {"Origin": str(self.http.base_url).rstrip("/")}
        form = {**fields_of(page), "key": key, "decision": decision, **changed}
        return await self.http.post("/page/consent", data=form, headers=origin)

    async def code(self, key: str, **changed: str | None) -> str:
        reply = await self.decide(await self.look(**changed), key)
        assert reply.status_code == 303, reply.text
        return query_of(reply)["code"]

    async def exchange(self, code: str, **changed: str | None) -> httpx.Response:
        form = {"redirect_uri": self.redirect_uri, "code_verifier": VERIFIER, **changed}
        return await self._token(grant_type="authorization_code", code=code, **form)

    async def refresh(self, token: str, **changed: str | None) -> httpx.Response:
        return await self._token(grant_type="refresh_token", refresh_token=token, **changed)

    async def revoke(self, token: str) -> httpx.Response:
        return await self.http.post("/revoke", data={"client_id": self.client_id, "token": token})

    async def log_in(self, key: str, **changed: str | None) -> dict[str, Any]:
        """All the way; the tokens."""
        if not self.client_id:
            assert (await self.register()).status_code == 201
        reply = await self.exchange(await self.code(key, **changed))
        assert reply.status_code == 200, reply.text
        tokens: dict[str, Any] = reply.json()
        return tokens

    async def _token(self, **form: str | None) -> httpx.Response:
        values = {"client_id": self.client_id, **form}
        return await self.http.post("/token", data={name: value for name, value in values.items() if value is not None})


def bearing(tokens: dict[str, Any]) -> dict[str, str]:
    """The header of an access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}
