"""Taking an image out of the books and off the shelf, in one transaction."""

from collections.abc import Sequence

from imgforge_mcp.storage.registry.sql.rows import to_asset
from imgforge_mcp.storage.registry.sql.statements import Row, Statements


def total_bytes(sql: Statements) -> int:
    """Bytes of all images and their renditions."""
    [row] = sql.all("asset_bytes")
    return int(row["value"])


def remove(sql: Statements, row: Row) -> bool:
    """Remove an image: the bytes first, so that a process which ends here leaves a record without bytes and never bytes
    that nobody counts. False when the system does not let them go: then the record stays as well. Lock: the image."""
    try:
        if sql.shelf is not None:
            sql.shelf.delete(to_asset(row))
    except OSError:
        return False
    sql.change("delete_asset", asset_id=row["asset_id"])
    return True


def count_added(sql: Statements, added: int) -> None:
    """Add bytes of images to the total: at the transaction's end, for until then nobody else can count."""
    if added:
        sql.change("add_asset_bytes", amount=added)


def count_removed(sql: Statements, rows: Sequence[Row]) -> None:
    """Take removed images out of the total, as `count_added` adds."""
    count_added(sql, -sum(row["bytes"] + row["rendition_bytes"] for row in rows))
