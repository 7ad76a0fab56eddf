"""What log-ins need of a registry: the clients that made themselves known, and what a key's holder has granted them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from imgforge_mcp.base.types import Json

MOST_CLIENTS = 1000
"""Clients that hold nothing; anybody may register one, so the oldest make room for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A code, an access token or a refresh token as it is kept: never itself, but its SHA-256 (`digest`, hex). It
    stands for the key of `key_digest` and ends with it; those of one log-in are a `family`, and end together."""

    digest: str
    kind: Literal["code", "access", "refresh"]
    family: str
    client_id: str
    key_digest: str
    scopes: tuple[str, ...]
    resource: str
    expires_at: datetime
    is_spent: bool = False
    """Whether a code or a refresh token has been exchanged: if it comes again, somebody else has it too."""
    code_challenge: str = ""
    redirect_uri: str = ""


class GrantRegistry(Protocol):
    """Clients and grants."""

    async def add_client(self, client_id: str, client: Json) -> None:
        """Note a client; the oldest of those that hold nothing make room for it."""

    async def client(self, client_id: str) -> Json | None:
        """What a client said of itself."""

    async def add(self, grant: Grant) -> None:
        """Note a grant; those that have expired are forgotten."""

    async def grant(self, digest: str) -> Grant | None:
        """The grant of that SHA-256, spent and expired ones included."""

    async def exchange(self, digest: str, successors: Sequence[Grant]) -> bool:
        """Spend a grant and put others in its place, in one transaction. False: it was spent, has expired or is none;
        nothing is put in its place, and if it was spent its whole family ends."""

    async def end_family(self, family: str) -> None:
        """End every grant of one log-in."""
