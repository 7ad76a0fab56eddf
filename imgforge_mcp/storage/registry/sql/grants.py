"""Log-ins: clients and grants. A code or a refresh token is spent in the transaction that makes what follows it, so
that of two who bring the same one only the first gets anything."""

from collections.abc import Callable, Sequence
from datetime import datetime

from imgforge_mcp.base.types import Json
from imgforge_mcp.storage.registry.grants import MOST_CLIENTS, Grant
from imgforge_mcp.storage.registry.sql.rows import from_text, to_text, to_time
from imgforge_mcp.storage.registry.sql.statements import Database, Row, Statements

FORGOTTEN_AT_ONCE = 1000


class SqlGrants:
    """The registry's part for log-ins."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add_client(self, client_id: str, client: Json) -> None:
        now = self._now().timestamp()

        def act(sql: Statements) -> None:
            sql.change("forget_grants", now=now)
            sql.change("forget_clients", kept=MOST_CLIENTS - 1, more=FORGOTTEN_AT_ONCE)
            sql.change("insert_client", client_id=client_id, body=to_text(client), now=now)

        await self._database.write(act)

    async def client(self, client_id: str) -> Json | None:
        row = await self._database.read(lambda sql: sql.one("login_client", client_id=client_id))
        return None if row is None else from_text(row["body"])

    async def add(self, grant: Grant) -> None:
        def act(sql: Statements) -> None:
            sql.change("forget_grants", now=self._now().timestamp())
            _insert(sql, grant)

        await self._database.write(act)

    async def grant(self, digest: str) -> Grant | None:
        row = await self._database.read(lambda sql: sql.one("grant_of", digest=digest))
        return None if row is None else _grant(row)

    async def exchange(self, digest: str, successors: Sequence[Grant]) -> bool:
        now = self._now().timestamp()

        def act(sql: Statements) -> bool:
            sql.lock("grant", digest)
            row = sql.one("grant_of", digest=digest)
            if row is None or row["expires_at"] <= now:
                return False
            if row["is_spent"]:
                sql.change("end_family", family=row["family"])
                return False
            ends = [row["expires_at"], *(grant.expires_at.timestamp() for grant in successors)]
            sql.change("spend_grant", digest=digest, kept_until=max(ends))
            for grant in successors:
                _insert(sql, grant)
            return True

        return await self._database.write(act)

    async def end_family(self, family: str) -> None:
        await self._database.write(lambda sql: sql.change("end_family", family=family))


def _insert(sql: Statements, grant: Grant) -> None:
    sql.change(
        "insert_grant",
        digest=grant.digest,
        kind=grant.kind,
        family=grant.family,
        client_id=grant.client_id,
        key_digest=grant.key_digest,
        scopes=" ".join(grant.scopes),
        resource=grant.resource,
        code_challenge=grant.code_challenge,
        redirect_uri=grant.redirect_uri,
        expires_at=grant.expires_at.timestamp(),
    )


def _grant(row: Row) -> Grant:
    expires = to_time(row["expires_at"])
    assert expires is not None
    return Grant(
        digest=row["digest"],
        kind=row["kind"],
        family=row["family"],
        client_id=row["client_id"],
        key_digest=row["key_digest"],
        scopes=tuple(row["scopes"].split()),
        resource=row["resource"],
        expires_at=expires,
        is_spent=bool(row["is_spent"]),
        code_challenge=row["code_challenge"],
        redirect_uri=row["redirect_uri"],
    )
