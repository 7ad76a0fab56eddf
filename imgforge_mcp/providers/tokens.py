"""Tokens in place of a key: signed on this machine with a service account's file (google-auth, the extra `vertex`)."""

import json
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ConfigError, ProviderAuth

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
KEPT_SECONDS = 3000.0
"""Google takes a token for an hour."""
HOST = "aiplatform.googleapis.com"


class Tokens:
    """The tokens in use, by the file that signs them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Path, tuple[str, float]] = {}

    async def token(self, credentials: Path) -> str:
        """A token that is good for some minutes at least.

        Raises:
            ProviderAuth: the file cannot be read or is none, or google-auth is not installed.
        """
        token, until = self._kept.get(credentials, ("", 0.0))
        now = self._clock.monotonic()
        if not token or until <= now:
            token = await anyio.to_thread.run_sync(partial(_signed, credentials))
            self._kept[credentials] = token, now + KEPT_SECONDS
        return token


def place_of(base_url: str, credentials: Path) -> str:
    """Where a service account's models are: below the project and place that the base URL names, else below the file's
    own project, at the place that the host names, else `global`.

    Raises:
        ConfigError: the file is no service account's.
    """
    base = urlsplit(base_url)
    try:
        account = json.loads(credentials.read_text("utf-8"))
        project, _, _ = (account[name] for name in ("project_id", "client_email", "private_key"))
    except (OSError, ValueError, KeyError, TypeError):
        message = (
            f"{credentials} is no service account's file: a JSON object with project_id, client_email, private_key."
        )
        raise ConfigError(message, setting="servers.credentials") from None
    if "/projects/" in base.path:
        return base_url
    host = base.hostname or ""
    place = host.removesuffix(f"-{HOST}") if host.endswith(f"-{HOST}") else "global"
    path = f"{base.path.rstrip('/').removesuffix('/v1')}/v1/projects/{project}/locations/{place}"
    return urlunsplit((base.scheme, base.netloc, path, base.query, ""))


def _signed(credentials: Path) -> str:
    """A token that the account itself signs (Google's AIP-4111): nobody is asked for it."""
    try:
        from google.auth import jwt
        from google.auth.exceptions import GoogleAuthError
    except ModuleNotFoundError:
        raise ProviderAuth("Vertex AI needs google-auth; install imgforge-mcp[vertex].") from None
    try:
        account = jwt.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
            str(credentials), audience=None, additional_claims={"scope": SCOPE}
        )
        account.refresh(None)
    except (OSError, ValueError, KeyError, GoogleAuthError) as error:
        raise ProviderAuth(f"No token can be signed with {credentials} ({type(error).__name__}).") from None
    token = account.token
    return token.decode() if isinstance(token, bytes) else str(token)
