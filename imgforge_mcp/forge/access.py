"""Who may come in by the HTTP door: keys, log-ins, what is left of a caller's limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from imgforge_mcp.base.errors import InvalidRequest, NotFound, Unauthorized
from imgforge_mcp.base.keys import SHOWN, digest_of, is_well_formed, new_key, new_webhook_secret
from imgforge_mcp.base.types import PROJECT, Allowance, Caller, Json
from imgforge_mcp.forge.parts import Parts
from imgforge_mcp.storage.registry.access import ApiKey, Standing
from imgforge_mcp.storage.registry.grants import Grant

MOST = 1_000_000_000
"""What every limit is below: the integers of RateLimit's headers have fifteen digits (RFC 9651 section 3.3.1)."""
KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class AccessCases(Parts):
    """What can be done with keys and log-ins."""

    # Keys -----------------------------------------------------------------------------------------------------------

    async def create_key(
        self, name: str, allowance: Allowance, *, project_id: str | None = None, expires_at: datetime | None = None
    ) -> tuple[str, ApiKey]:
        """A key, which nobody can read again, and its record.

        Raises:
            InvalidRequest: there is a key of that name, it is no name, or the key could never be used.
        """
        if not KEY_NAME.fullmatch(name):
            raise InvalidRequest("A key's name is 1 to 64 letters, digits and . _ - characters.", field="name")
        if project_id is not None and not PROJECT.fullmatch(project_id):
            raise InvalidRequest("A project is 1 to 64 letters, digits and . _ : - characters.", field="project_id")
        if expires_at is not None and expires_at <= self._clock.now():
            said = "A key that ends in the past is none; give a later day, or leave it out."
            raise InvalidRequest(said, field="expires")
        for field, limit in asdict(allowance).items():
            if limit is not None and not 0 <= limit < MOST:
                raise InvalidRequest(f"{field} is 0 or more, and less than {MOST:,}; it was {limit}.", field=field)
        key = new_key()
        record = ApiKey(
            name=name,
            tenant=f"key_{self._clock.new_id()}",
            digest=digest_of(key),
            start=key[:SHOWN],
            created_at=self._clock.now(),
            project_id=project_id,
            allowance=allowance,
            webhook_secret=new_webhook_secret(),
            expires_at=expires_at,
        )
        await self._registry.access.add_key(record)
        return key, record

    async def keys(self) -> list[ApiKey]:
        """Every key there was, the newest first."""
        return await self._registry.access.keys()

    async def has_keys(self) -> bool:
        """Whether there ever was a key: then the HTTP door is shut to those without one."""
        return await self._registry.access.has_keys()

    async def revoke_key(self, name: str) -> None:
        """End a key at once. Raises NotFound."""
        if not await self._registry.access.revoke_key(name):
            raise NotFound("There is no live key of that name; 'imgforge-mcp keys list' shows them.", field="name")

    async def rotate_key(self, name: str) -> str:
        """End a key at once and make another for the same tenant, with the same limits. Raises NotFound."""
        key = new_key()
        if not await self._registry.access.replace_key(name, digest_of(key), key[:SHOWN]):
            raise NotFound("There is no live key of that name; 'imgforge-mcp keys list' shows them.", field="name")
        return key

    async def caller_of_key(self, key: str) -> Caller:
        """Who holds this key.

        Raises:
            Unauthorized: mistyped, unknown, revoked or expired.
        """
        if not is_well_formed(key):
            raise Unauthorized("That is no key of this server: it was mistyped or cut; check its last characters.")
        return await self.caller_of_digest(digest_of(key))

    async def caller_of_digest(self, digest: str) -> Caller:
        """Who holds the key of that SHA-256. Raises Unauthorized: it is unknown, revoked or expired."""
        found = await self._registry.access.key_of(digest)
        if found is None or found.revoked_at is not None:
            raise Unauthorized("That key is not known here, or it has been revoked; ask for a new one.")
        if found.expires_at is not None and found.expires_at <= self._clock.now():
            raise Unauthorized(f"That key expired on {found.expires_at.date()}; ask for a new one.")
        return Caller(
            tenant=found.tenant,
            name=found.name,
            project_id=found.project_id,
            allowance=found.allowance,
            scopes=frozenset({"generate", "read"}),
        )

    async def tenant_of(self, name: str) -> str:
        """Whom a key stands for, by the key's name or the tenant's own. Raises NotFound."""
        found = [key.tenant for key in await self.keys() if key.name == name]
        if not found and not await self._registry.access.is_tenant(name):
            raise NotFound("There is no key of that name; 'imgforge-mcp keys list' shows them.", field="name")
        return (found or [name])[0]

    async def webhook_secret(self, name: str | None) -> str:
        """What signs the webhooks of a key (by its name) or of a tenant; of None, of the user of this machine. Raises
        NotFound."""
        return await self._webhooks.secret("" if name is None else await self.tenant_of(name))

    async def standings(self, caller: Caller) -> list[Standing]:
        """What is left of a caller's limits, the nearest to its end first."""
        return await self._registry.access.standings(caller.tenant, caller.allowance)

    async def requests(self, caller: Caller) -> Mapping[str, tuple[int, int]]:
        """A caller's requests and images of today and of this month (UTC), by `day` and `month`."""
        return await self._registry.access.requests(None if caller.sees_all else caller.tenant)

    # Log-ins: codes and tokens that stand for a key -----------------------------------------------------------------

    async def add_client(self, client_id: str, client: Json) -> None:
        """Note a client that registered itself."""
        await self._registry.grants.add_client(client_id, client)

    async def client(self, client_id: str) -> Json | None:
        """What a client said of itself when it registered."""
        return await self._registry.grants.client(client_id)

    async def add_grant(self, grant: Grant) -> None:
        await self._registry.grants.add(grant)

    async def grant(self, token: str) -> Grant | None:
        """What a code or a token stands for; None once it has expired, or was never given out."""
        found = await self._registry.grants.grant(digest_of(token))
        return found if found is not None and found.expires_at > self._clock.now() else None

    async def exchange_grant(self, token: str, successors: Sequence[Grant]) -> bool:
        """Spend a code or a refresh token for what follows it. False: it is spent or ended; if it was spent before, its
        whole log-in ends."""
        return await self._registry.grants.exchange(digest_of(token), successors)

    async def end_log_in(self, family: str) -> None:
        await self._registry.grants.end_family(family)

    async def fetch(self, url: str) -> bytes:
        """What lies at an address of the configuration's own, such as a token issuer's keys; through the one guarded
        transport. Raises ProviderError, InvalidRequest."""
        return await self._fetch(url)
