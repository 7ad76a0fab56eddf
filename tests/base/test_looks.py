"""One look serves all who asked before it began, and nobody is told what was seen before they asked."""

import anyio
import pytest

from imgforge_mcp.base.looks import Look

pytestmark = pytest.mark.anyio


class World:
    """Changes when it is told to, and is slow to be seen."""

    def __init__(self) -> None:
        self.state = 0
        self.looks = 0
        self.is_broken = False
        self.shown = anyio.Event()

    async def see(self) -> int:
        self.looks += 1
        state = self.state
        await self.shown.wait()
        if self.is_broken:
            self.is_broken = False
            raise OSError
        return state


async def test_a_thousand_at_once_take_two_looks_and_see_what_was_there_when_they_asked() -> None:
    world, told = World(), list[int]()
    look = Look(world.see)

    async def ask() -> None:
        told.append(await look())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        world.state = 1
        for _ in range(1000):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        world.shown.set()
    assert (told, world.looks) == ([0, *[1] * 1000], 2)


async def test_a_look_that_fails_fails_for_one_alone() -> None:
    world, told = World(), list[object]()
    world.is_broken = True
    look = Look(world.see)

    async def ask() -> None:
        try:
            told.append(await look())
        except OSError as error:
            told.append(type(error))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        world.shown.set()
    assert told == [OSError, 0, 0]


async def test_whoever_asks_later_sees_what_is_new() -> None:
    world = World()
    world.shown.set()
    look = Look(world.see)
    assert await look() == 0
    world.state = 1
    assert await look() == 1
