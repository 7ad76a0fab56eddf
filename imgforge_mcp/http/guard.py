"""What is looked at before anything else: Host, Origin and CORS; and one shape for every refusal."""

import json
import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.http.answers import CODES, ErrorShape, Refused, default_error, refusal
from imgforge_mcp.http.strictness import malformed

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?")
PORTS = {"http": 80, "https": 443}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, "
        "Traceparent, X-API-Key, X-Gateway-Force-Provider, X-Gateway-Project-Id"
    ),
    "Access-Control-Max-Age": "600",
}
EXPOSED = {
    "Access-Control-Expose-Headers": (
        "Mcp-Session-Id, RateLimit, RateLimit-Policy, Retry-After, Warning, WWW-Authenticate, X-Request-Id"
    )
}
"""What a page of another origin may read beside the body."""


class Guard:
    """Refuses requests whose Host or Origin is not ours (DNS rebinding); lets browsers of other origins in only where a
    face is open to them, or the configuration names them. Every request gets an id here."""

    def __init__(
        self,
        app: ASGIApp,
        base_urls: Collection[str],
        *,
        origins: Collection[str] = (),
        open_paths: Collection[str] = (),
        shape: Callable[[str], ErrorShape] = lambda path: default_error,
    ) -> None:
        self._app = app
        self._clock = Clock()
        own = [parsed for url in base_urls if (parsed := _origin(url)) is not None]
        ports = {port for _, _, port in own}
        self._near = {bracketed(host) for host in LOOPBACK}
        self._hosts = {host for _, host, _ in own} | self._near
        self._origins = {*own, *(("http", bracketed(host), port) for host in LOOPBACK for port in ports)}
        self._foreign = {parsed for origin in origins if (parsed := _origin(origin)) is not None}
        self._open_paths = tuple(open_paths)
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["imgforge.request_id"] = f"req_{self._clock.new_id()}"
        hosts = _values(scope, b"host")
        origins = _values(scope, b"origin")
        headers, shape = {"X-Request-Id": request_id}, self._shape(scope["path"])
        refused: Response | None = None
        if (wrong := malformed(scope)) is not None:
            refused = refusal(*wrong, request_id, shape=shape, headers={**headers, "Connection": "close"})
        elif len(hosts) != 1 or _host(hosts[0]) not in self._hosts:
            said = "This server does not answer to that Host."
            refused = refusal(421, said, request_id, shape=shape, headers=headers)
        elif origins and (cors := self._cors(scope, origins)) is None:
            said = "This server does not answer to that Origin."
            refused = refusal(403, said, request_id, shape=shape, headers=headers)
        else:
            scope["imgforge.is_public"] = _host(hosts[0]) not in self._near
            headers |= cors if origins and cors else {}
            is_preflight = scope["method"] == "OPTIONS" and bool(_values(scope, b"access-control-request-method"))
            is_answered = is_preflight and "Access-Control-Allow-Origin" in headers
            if is_answered:
                refused = Response(status_code=204, headers={**headers, **PREFLIGHT})
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, _Uniform(send, request_id, headers, shape))

    def _cors(self, scope: Scope, origins: list[str]) -> dict[str, str] | None:
        """The headers that let a browser read the answer; None when the origin is refused."""
        parsed = _origin(origins[0]) if len(origins) == 1 else None
        if parsed is not None and parsed in self._origins:
            return {}
        if parsed is not None and parsed in self._foreign:
            return {"Access-Control-Allow-Origin": origins[0], "Vary": "Origin", **EXPOSED}
        if len(origins) == 1 and scope["path"].startswith(self._open_paths) and self._open_paths:
            scope["imgforge.is_foreign"] = True
            return {"Access-Control-Allow-Origin": "*", **EXPOSED}
        return None


class _Uniform:
    """Passes an answer on with our headers; what the SDK or the framework refuses in plain text gets the one shape."""

    def __init__(self, send: Send, request_id: str, headers: dict[str, str], shape: ErrorShape) -> None:
        self._send = send
        self._request_id = request_id
        self._shape = shape
        self._headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        self._replaced: Message | None = None
        self._held: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower(): value for name, value in message["headers"]}
            is_plain = not names.get(b"content-type", b"text/plain").startswith(
                (b"application/json", b"text/html", b"text/event")
            )
            message["headers"] = [*message["headers"], *((n, v) for n, v in self._headers if n not in names)]
            if message["status"] in CODES and is_plain:
                self._replaced = message
                return
            if message["status"] >= 400 and names.get(b"content-type", b"").startswith(b"application/json"):
                self._held = message
                return
        if self._held is not None:
            await self._pass_on(self._held, message)
        elif self._replaced is None:
            await self._send(message)
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            start, self._replaced = self._replaced, None
            shown = refusal(start["status"], None, self._request_id, shape=self._shape)
            kept = [(n, v) for n, v in start["headers"] if n.lower() not in (b"content-type", b"content-length")]
            await self._send({**start, "headers": [*kept, *shown.raw_headers]})
            await self._send({"type": "http.response.body", "body": shown.body})

    async def _pass_on(self, start: Message, message: Message) -> None:
        """A refusal in JSON: one of the protocol that says no more than a sentence gets our shape as its data."""
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = _with_data(self._body, start["status"], self._request_id)
        kept = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
        await self._send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
        await self._send({**message, "body": body})


def _with_data(body: bytes, status: int, request_id: str) -> bytes:
    try:
        said = json.loads(body)
    except ValueError:
        return body
    match said:
        case {"jsonrpc": _, "error": {"message": str(message), **rest}} if not isinstance(rest.get("data"), dict):
            data = default_error(Refused(status, message), request_id)[1]
            return json.dumps({**said, "error": {**said["error"], "data": data}}, ensure_ascii=False).encode()
    return body


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin or a URL, exactly; None when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    host = _host(parts.netloc)
    return (parts.scheme, host, port) if parts.scheme in PORTS and host is not None else None


def _host(text: str) -> str | None:
    """The host of a Host header or an authority, without a numeric port; None when it is malformed."""
    match = HOST.fullmatch(text.strip().lower())
    if match is None or (match[2] is not None and int(match[2]) > 65535):
        return None
    return match[1].removesuffix(".")


def authority(url: str) -> str | None:
    """The host of a URL, as Host headers have it; None when it is malformed."""
    try:
        return _host(urlsplit(url).netloc)
    except ValueError:
        return None


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
