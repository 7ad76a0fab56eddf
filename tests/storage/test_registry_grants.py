"""What every registry promises about log-ins: a code or a token is spent once, and its family ends together."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from imgforge_mcp.storage.registry.grants import Grant
from tests.storage.registries import HOUR, Process

pytestmark = pytest.mark.anyio

Start = Callable[[str], Process]


def code(process: Process, **values: object) -> Grant:
    grant = Grant(
        digest="code",
        kind="code",
        family="family",
        client_id="client",
        key_digest="key",
        scopes=("imgforge:read", "imgforge:generate"),
        resource="https://images.example",
        expires_at=process.clock.now() + timedelta(seconds=HOUR),
        code_challenge="challenge",
        redirect_uri="https://chat.example/callback",
    )
    return replace(grant, **values)  # type: ignore[arg-type]


def token(process: Process, digest: str, days: int = 30) -> Grant:
    expires_at = process.clock.now() + timedelta(days=days)
    return code(process, digest=digest, kind="refresh", expires_at=expires_at, code_challenge="", redirect_uri="")


async def test_what_was_granted_is_found_whole_by_another_process(start_process: Start) -> None:
    mine, other = start_process("one"), start_process("two")
    await mine.registry.grants.add(code(mine))
    assert await other.registry.grants.grant("code") == code(mine)
    assert await other.registry.grants.grant("never") is None


async def test_of_two_processes_with_one_code_the_second_gets_nothing_and_ends_the_first_ones_tokens(
    start_process: Start,
) -> None:
    mine, other = start_process("one"), start_process("two")
    await mine.registry.grants.add(code(mine))
    taken: list[bool] = []

    async def take(process: Process, digest: str) -> None:
        taken.append(await process.registry.grants.exchange("code", [token(process, digest)]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, mine, "first")
        tasks.start_soon(take, other, "second")
    assert sorted(taken) == [False, True]
    for digest in ("code", "first", "second"):
        assert await mine.registry.grants.grant(digest) is None


async def test_a_spent_code_is_known_as_long_as_what_came_of_it(process: Process) -> None:
    await process.registry.grants.add(code(process))
    assert await process.registry.grants.exchange("code", [token(process, "next")])
    process.clock.advance(29 * 24 * HOUR)
    await process.registry.grants.add(code(process, digest="another", family="other"))
    spent = await process.registry.grants.grant("code")
    assert spent is not None
    assert spent.is_spent
    assert not await process.registry.grants.exchange("code", [token(process, "more")])
    assert await process.registry.grants.grant("next") is None
    assert await process.registry.grants.grant("another") is not None


async def test_what_has_expired_is_exchanged_for_nothing_and_forgotten(process: Process) -> None:
    await process.registry.grants.add(code(process))
    process.clock.advance(HOUR)
    assert not await process.registry.grants.exchange("code", [token(process, "next")])
    await process.registry.grants.add(code(process, digest="another", family="other"))
    assert await process.registry.grants.grant("code") is None


async def test_a_family_ends_and_no_other(process: Process) -> None:
    for digest, family in (("a", "one"), ("b", "one"), ("c", "two")):
        await process.registry.grants.add(code(process, digest=digest, family=family))
    await process.registry.grants.end_family("one")
    assert [await process.registry.grants.grant(digest) is None for digest in "abc"] == [True, True, False]


async def test_a_client_is_found_as_it_registered(start_process: Start) -> None:
    said = {"client_id": "client", "client_name": "Ärger 🦊"}
    await start_process("one").registry.grants.add_client("client", said)
    assert await start_process("two").registry.grants.client("client") == said
