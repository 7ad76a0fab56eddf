"""The registry in a PostgreSQL database, shared by any number of processes on any number of machines."""

from imgforge_mcp.storage.registry.postgres.connecting import check_address
from imgforge_mcp.storage.registry.postgres.registry import PostgresRegistry

__all__ = ["PostgresRegistry", "check_address"]
