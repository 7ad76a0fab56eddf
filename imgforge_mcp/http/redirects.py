"""Where a client may be sent after a log-in: where it registered, and never to anything that could run here.

Sources: RFC 6749 section 3.1.2, RFC 8252 sections 7.1 and 7.3 (apps), RFC 9700 section 4.1 (exact comparison).
"""

import re
from urllib.parse import parse_qs, urlsplit

from mcp.server.auth.provider import RegistrationError
from mcp.shared.auth import OAuthClientInformationFull
from pydantic import AnyUrl

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
APPS = frozenset(
    {
        "claude",
        "cursor",
        "goose",
        "jetbrains",
        "lmstudio",
        "raycast",
        "vscode",
        "vscode-insiders",
        "warp",
        "windsurf",
        "zed",
    }
)
"""Schemes of apps that are no reversed domain name, as RFC 8252 would have them; any other needs its dot."""
OURS = frozenset({"code", "state", "iss", "error", "error_description"})
"""What we add to a redirect: an address that holds one already would have it twice."""
MOST, LONGEST = 10, 2000
"""Addresses of a client, and characters of one."""
HOST_SOURCE = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")


class Client(OAuthClientInformationFull):
    """A client as it is on record. On loopback any port will do: an app gets a free one anew with each log-in."""

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        if redirect_uri is not None and _is_loopback(redirect_uri):
            wanted = _without_port(redirect_uri)
            if any(_is_loopback(known) and _without_port(known) == wanted for known in self.redirect_uris or ()):
                return redirect_uri
        return super().validate_redirect_uri(redirect_uri)


def check_redirects(client: OAuthClientInformationFull) -> None:
    """Raises RegistrationError: nobody is sent to such an address from here."""
    uris = client.redirect_uris or []
    if not 1 <= len(uris) <= MOST:
        raise RegistrationError("invalid_redirect_uri", f"Register 1 to {MOST} redirect URIs.")
    for uri in uris:
        if (reason := _objection(uri)) is not None:
            raise RegistrationError("invalid_redirect_uri", reason)


def _objection(uri: AnyUrl) -> str | None:
    if len(str(uri)) > LONGEST or uri.fragment is not None or uri.username or uri.password:
        return f"A redirect URI has at most {LONGEST} characters, no fragment and no user name."
    if OURS & parse_qs(uri.query or "", keep_blank_values=True).keys():
        return f"A redirect URI must not hold any of {', '.join(sorted(OURS))}."
    match uri.scheme:
        case "https" if uri.host:
            return None
        case "http" if _is_loopback(uri):
            return None
        case scheme if scheme in APPS or "." in scheme:
            return None
    return "A redirect URI is https, http on this machine (127.0.0.1, [::1], localhost), or an app's own scheme."


def destination(uri: str) -> str:
    """What a person is told of where they will be sent: the host, or the app's scheme."""
    parts = urlsplit(uri)
    return f"{parts.hostname} (this machine)" if _is_loopback(AnyUrl(uri)) else parts.hostname or f"{parts.scheme}:"


def form_source(uri: str) -> str:
    """The same for a Content-Security-Policy, which has no words for an IPv6 address: what `form-action` must allow,
    since browsers hold it against the redirect that answers a form, too."""
    parts = urlsplit(uri)
    source = f"{parts.scheme}://{parts.netloc}".lower()
    return source if HOST_SOURCE.fullmatch(source) else f"{parts.scheme}:"


def _is_loopback(uri: AnyUrl) -> bool:
    return uri.scheme == "http" and uri.host in LOOPBACK and not uri.username and not uri.password and not uri.fragment


def _without_port(uri: AnyUrl) -> tuple[str | None, str | None, str | None]:
    return uri.host, uri.path, uri.query
