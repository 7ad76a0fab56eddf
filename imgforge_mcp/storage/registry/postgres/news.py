"""Word between processes by LISTEN and NOTIFY, and by looking where a pooler stands between us and the database."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import psycopg

from imgforge_mcp.storage.registry.postgres.connecting import Connection, connected, is_direct, reason_of
from imgforge_mcp.storage.registry.queue import Hear, News, Notice

CHANNEL = "imgforge"
LOOK_SECONDS = 0.25
"""How often it is looked for what others did where no word comes: a pooler that hands a connection on after each
transaction (PgBouncer's transaction mode) loses what was listened for."""
SURE_SECONDS = 15.0
"""The same where word comes: a network that drops a connection may say nothing of it."""
AGAIN_SECONDS = 1.0

logger = logging.getLogger(__name__)


async def listen(url: str, hear: Hear) -> None:
    """Tell of notices until cancelled; whenever the connection is lost, it is made anew."""
    while True:
        try:
            async with _connection(url) as connection:
                if is_direct(connection):
                    await _listen(connection, hear)
                else:
                    await _look(hear)
        except (psycopg.Error, OSError) as error:
            logger.info("nothing is heard from the database: %s", reason_of(error))
        hear(None)
        await anyio.sleep(AGAIN_SECONDS)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Connection]:
    with anyio.CancelScope(shield=True):
        connection = await anyio.to_thread.run_sync(connected, url)
    try:
        yield connection
    finally:
        connection.close()


async def _listen(connection: Connection, hear: Hear) -> None:
    """Raises psycopg.Error: the connection is lost."""
    connection.execute(f"LISTEN {CHANNEL}".encode())
    while True:
        hear(None)
        with anyio.move_on_after(SURE_SECONDS):
            while True:
                await anyio.wait_readable(connection.fileno())
                connection.pgconn.consume_input()
                while (heard := connection.pgconn.notifies()) is not None:
                    _tell(heard.extra, hear)


def _tell(text: bytes, hear: Hear) -> None:
    name, _, about = text.decode("utf-8", "replace").partition(" ")
    if name in set(News):
        hear(Notice(news=News(name), about=about))


async def _look(hear: Hear) -> None:
    while True:
        hear(None)
        await anyio.sleep(LOOK_SECONDS)
