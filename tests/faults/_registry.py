"""A look into the registry of a home past all of our own code, whichever database it is in."""

import sqlite3
from pathlib import Path
from typing import Any

ELSEWHERE: dict[Path, str] = {}
"""Homes whose registry is in a PostgreSQL, with its address."""


def execute(home: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as somebody else, in one transaction; the rows of the last one."""
    if home in ELSEWHERE:
        return _in_postgres(ELSEWHERE[home], statements)
    connection = sqlite3.connect(home / "registry.db")
    try:
        with connection:
            found = [connection.execute(statement).fetchall() for statement in statements]
        return found[-1]
    finally:
        connection.close()


def _in_postgres(address: str, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(address) as connection:
        cursors = [connection.execute(statement.encode()) for statement in statements]
        return cursors[-1].fetchall() if cursors[-1].description is not None else []
