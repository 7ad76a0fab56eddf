"""What kept references need of a registry: per tenant, pictures and words under a name."""

from collections.abc import Sequence
from typing import Protocol

from imgforge_mcp.base.types import Asset, KeptHandle, KeptReference


class ReferenceRegistry(Protocol):
    """Kept references. Their pictures are neither evicted nor forgotten, nor deleted by their tenant."""

    async def of_tenant(self, tenant: str) -> list[KeptReference]:
        """All of a tenant's, by name."""

    async def add(self, tenant: str, name: str, words: str | None, pictures: Sequence[Asset]) -> KeptReference:
        """Add pictures, in their order, to what is kept under a name; one that it has stays where it is. `words`
        replace those that were there; None leaves them. Locks: the tenant, then the pictures' ids."""

    async def remove(self, tenant: str, name: str) -> bool:
        """False when the tenant has nothing under that name. The pictures themselves stay in the store; what providers
        have made of them is forgotten."""

    async def handle(self, kept: KeptHandle) -> str | None:
        """The provider's id for what it made of exactly these pictures; None where it made nothing, or of others."""

    async def keep_handle(self, kept: KeptHandle) -> None:
        """In place of an earlier one for these names; not where one of them is no longer kept. Locks: the tenant."""

    async def forget_handle(self, kept: KeptHandle) -> None:
        """If it is still that one."""
