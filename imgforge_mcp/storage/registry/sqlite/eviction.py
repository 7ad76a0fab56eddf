"""Taking an image out of the books and off the shelf, in one transaction."""

import sqlite3

from imgforge_mcp.storage.registry.sqlite.database import Statements
from imgforge_mcp.storage.registry.sqlite.rows import to_asset


def total_bytes(sql: Statements) -> int:
    """Bytes of all images and their renditions."""
    [row] = sql.all("asset_bytes")
    return int(row["value"])


def remove(sql: Statements, row: sqlite3.Row) -> bool:
    """Remove an image: the bytes first, so that a process which ends here leaves a record without bytes and never bytes
    that nobody counts. False when the system does not let them go: then the record stays as well."""
    try:
        if sql.shelf is not None:
            sql.shelf.delete(to_asset(row))
    except OSError:
        return False
    sql.change("delete_asset", asset_id=row["asset_id"])
    sql.change("add_asset_bytes", amount=-(row["bytes"] + row["rendition_bytes"]))
    return True
