"""What the HTTP door needs of a registry: keys with their tenants and limits, and what a tenant has used of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imgforge_mcp.base.types import Allowance, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept: never itself, but its SHA-256 (`digest`, hex) and its first 14 characters (`start`)."""

    name: str
    tenant: str
    digest: str
    start: str
    created_at: datetime
    project_id: str | None = None
    allowance: Allowance = Allowance()
    webhook_secret: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """live, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if self.expires_at is None or self.expires_at > now else "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is left of one limit: `window` is minute, day or month; `reset` is in seconds from now."""

    window: str
    limit: int
    used: int
    reset: float

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


class AccessRegistry(Protocol):
    """Keys and allowances."""

    async def add_key(self, key: ApiKey) -> None:
        """Raises InvalidRequest: a key of that name is there already, revoked or not."""

    async def key_of(self, digest: str) -> ApiKey | None:
        """The key of that SHA-256, revoked and expired ones included; a note that it was used, at most once a
        minute."""

    async def keys(self) -> list[ApiKey]:
        """Every key, the newest first."""

    async def has_keys(self) -> bool:
        """Whether there ever was a key: a door that was shut does not open by itself."""

    async def revoke_key(self, name: str) -> bool:
        """False when there is no such key, or it was revoked before."""

    async def replace_key(self, name: str, digest: str, start: str) -> bool:
        """End the key of that name at once and put another in its place; the tenant stays."""

    async def standings(self, tenant: str, allowance: Allowance) -> list[Standing]:
        """What is left of the limits on images, the nearest to its end first."""

    async def requests(self, tenant: str | None) -> dict[str, tuple[int, int]]:
        """Requests and images of today and of this month (UTC), by `day` and `month`; of everybody (None)."""

    async def owns(self, tenant: str, asset_id: str) -> bool:
        """Whether an image came of one of the tenant's jobs."""

    async def is_tenant(self, tenant: str) -> bool:
        """Whether anybody of that tenant ever asked for a job."""

    async def templates(self, tenant: str) -> list[Json]:
        """A tenant's templates, the newest first: id, name, what each holds, created_at."""

    async def add_template(self, tenant: str, template: Json) -> None: ...

    async def remove_template(self, tenant: str, template_id: str) -> bool:
        """False when the tenant has none of that id."""
