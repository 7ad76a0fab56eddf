"""What every registry promises about what providers have made of kept references."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from imgforge_mcp.base.types import KeptHandle
from tests.storage.registries import Process

pytestmark = pytest.mark.anyio

STYLE = KeptHandle(tenant="ada", names=("ink", "mia"), provider="recraft", made_of="these", handle="style-1")


async def test_a_handle_is_found_by_exactly_what_it_was_made_of_and_goes_with_any_of_its_names(
    start_process: Callable[[str], Process],
) -> None:
    mine, other = (start_process(name).registry.references for name in ("one", "two"))
    await mine.keep_handle(STYLE)
    assert await other.handle(STYLE) is None, "its names are not kept"
    for name in STYLE.names:
        await mine.add("ada", name, None, [])
    await mine.keep_handle(STYLE)
    assert await other.handle(STYLE) == "style-1"
    for wrong in ({"made_of": "others"}, {"tenant": "bob"}, {"names": ("mia",)}, {"provider": "else"}):
        assert await other.handle(replace(STYLE, **wrong)) is None
    later = replace(STYLE, made_of="others", handle="style-2")
    await other.keep_handle(later)
    await mine.forget_handle(STYLE)
    assert (await mine.handle(STYLE), await mine.handle(later)) == (None, "style-2")
    await mine.remove("ada", "mia")
    assert await other.handle(later) is None
