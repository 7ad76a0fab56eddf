"""The tables: migrations by name, append-only, each applied once and recorded in the file itself."""

import sqlite3
from importlib import resources

from imgforge_mcp.base.errors import StorageError
from imgforge_mcp.storage.registry.sql.queries import sql_files

BY_NUMBER = "0001_start"
"""What a file holds that counted its migrations (`user_version` 1) before they were recorded by name."""


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Bring the file up to date; processes that start together wait for the one that migrates. The names of what was
    applied.

    Raises:
        StorageError: a newer version wrote the file; it is left as it is.
        sqlite3.Error: it cannot be written, or is no registry.
    """
    known = sql_files(resources.files(__package__).joinpath("migrations"))
    if _is_recorded(connection) and _applied(connection) == {name for name, _ in known}:
        return []
    connection.execute("BEGIN IMMEDIATE")
    try:
        applied = _applied(connection)
        if newer := applied - {name for name, _ in known}:
            raise StorageError(
                "The job registry was written by a newer imgforge-mcp; upgrade this one, or set IMGFORGE_HOME to "
                "another directory.",
                unknown=sorted(newer),
            )
        missing = [(name, script) for name, script in known if name not in applied]
        _apply(connection, missing, applied)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return [name for name, _ in missing]


def _is_recorded(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").fetchone() is not None


def _applied(connection: sqlite3.Connection) -> set[str]:
    if _is_recorded(connection):
        return {row[0] for row in connection.execute("SELECT name FROM migrations")}
    counted: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return {BY_NUMBER, *(f"number {number}" for number in range(2, counted + 1))} if counted else set()


def _apply(connection: sqlite3.Connection, scripts: list[tuple[str, str]], applied: set[str]) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
    for _, script in scripts:
        for statement in _split(script):
            connection.execute(statement)
    names = [(name,) for name in (*applied, *(name for name, _ in scripts))]
    connection.executemany("INSERT OR IGNORE INTO migrations (name) VALUES (?)", names)
    connection.execute("PRAGMA user_version = 1")


def _split(script: str) -> list[str]:
    """The statements of a migration, triggers whole; `executescript` would commit the transaction it runs in."""
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += "" if line.startswith("--") else line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return [statement for statement in statements if statement.strip()]
