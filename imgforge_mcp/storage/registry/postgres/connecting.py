"""How a connection to the database is made, and what is said of one that cannot be."""

from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import DictRow, dict_row
from psycopg_pool import PoolTimeout

from imgforge_mcp.base.errors import ConfigError

Connection = psycopg.Connection[DictRow]

CONNECT_SECONDS = 10
PAUSE_SECONDS = 0.1
OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "row_factory": dict_row,
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "imgforge-mcp",
}


class _WholeNumber(Loader):
    """Sums of bigint come as numeric; all of ours are whole."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


def connected(url: str) -> Connection:
    """A connection of one's own. Raises psycopg.Error."""
    connection = Connection.connect(url, **OPTIONS)
    configure(connection)
    return connection


def first_connected(url: str, seconds: float) -> Connection:
    """The same of a database that may be about to start: it is tried for so long. Raises psycopg.Error."""
    until = monotonic() + seconds
    while True:
        try:
            return connected(url)
        except psycopg.OperationalError as error:
            if _is_there(error) or monotonic() > until:
                raise
        sleep(PAUSE_SECONDS)


def _is_there(error: psycopg.OperationalError) -> bool:
    """Whether a database answered that runs and will not have us; libpq gives no code of why a connection failed."""
    said = str(error)
    return "FATAL" in said and "the database system is" not in said


def configure(connection: Connection) -> None:
    connection.adapters.register_loader("numeric", _WholeNumber)
    if not is_direct(connection):
        connection.prepare_threshold = None


def is_direct(connection: Connection) -> bool:
    """Whether the database itself is at the other end: a pooler (PgBouncer) names a process that is none of the
    database's. Behind one, the next transaction may meet another session, which knows no prepared statement of ours and
    hears nothing for us."""
    [row] = connection.execute("SELECT pg_backend_pid() AS pid", prepare=False)
    return bool(row["pid"] == connection.info.backend_pid)


def check_address(url: str) -> None:
    """Raises ConfigError: it is none; the driver's own words would repeat parts of it."""
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigError(
            "IMGFORGE_DATABASE_URL must be a PostgreSQL address, such as postgresql://user:password@host/name; signs "
            "other than letters and digits in the password are written as %-escapes.",
            setting="IMGFORGE_DATABASE_URL",
        ) from None


def reason_of(error: psycopg.Error | OSError) -> str:
    """What is wrong, in the database's own words, which repeat no password."""
    if isinstance(error, PoolTimeout):
        return "it does not answer"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def shown(url: str) -> str:
    """An address without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
