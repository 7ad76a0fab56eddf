"""What kept references need of a registry: per tenant, pictures and words under a name."""

from collections.abc import Sequence
from typing import Protocol

from imgforge_mcp.base.types import Asset, KeptReference


class ReferenceRegistry(Protocol):
    """Kept references. Their pictures are neither evicted nor forgotten, nor deleted by their tenant."""

    async def of_tenant(self, tenant: str) -> list[KeptReference]:
        """All of a tenant's, by name."""

    async def add(self, tenant: str, name: str, words: str | None, pictures: Sequence[Asset]) -> KeptReference:
        """Add pictures, in their order, to what is kept under a name; one that it has stays where it is. `words`
        replace those that were there; None leaves them. Locks: the tenant, then the pictures' ids."""

    async def remove(self, tenant: str, name: str) -> bool:
        """False when the tenant has nothing under that name. The pictures themselves stay in the store."""
