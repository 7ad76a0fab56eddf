"""The tables: migrations by name, append-only, each applied once and recorded in the database itself."""

from importlib import resources
from typing import TYPE_CHECKING

from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.storage.registry.sql.queries import sql_files

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

LOCK = 0x696D67666F726765
"""The advisory lock under which one process migrates while the others wait."""

TABLE = "SELECT 1 FROM pg_class WHERE relname = 'migrations' AND pg_table_is_visible(oid)"


def migrate(connection: "Connection[DictRow]") -> list[str]:
    """Bring the database up to date; the names of what was applied.

    Raises:
        StorageError: a newer version wrote it; it is left as it is.
        psycopg.Error: it cannot be written, or is no registry.
    """
    known = sql_files(resources.files(__package__).joinpath("migrations"))
    names = {name for name, _ in known}
    if _applied(connection) == names:
        return []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        applied = _applied(connection)
        if newer := applied - names:
            raise StorageError(
                "The job registry was written by a newer imgforge-mcp; upgrade this one, or set IMGFORGE_DATABASE_URL "
                "to another database.",
                unknown=sorted(newer),
            )
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)")
        missing = [(name, script) for name, script in known if name not in applied]
        for name, script in missing:
            connection.execute(script.encode())
            connection.execute("INSERT INTO migrations (name) VALUES (%s)", (name,))
    return [name for name, _ in missing]


def _applied(connection: "Connection[DictRow]") -> set[str]:
    # Not by to_regclass: within a transaction it may remember that there was none before the lock was ours.
    if connection.execute(TABLE).fetchone() is None:
        return set()
    return {row["name"] for row in connection.execute("SELECT name FROM migrations")}
